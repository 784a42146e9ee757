"""Normalisation: each spectrum in units of its own scale, with weights; a run keeps the one it was trained with.

Quasars, stars and galaxies of one survey differ by a factor of a thousand in flux and of fifty in signal to noise. A
normalised spectrum is x = flux / scale, with the weight

    w = 1 / (sigma_x^2 + error_floor^2),      sigma_x = 1 / (scale sqrt(ivar)),

which is ivar scale^2 / (1 + ivar scale^2 error_floor^2): faint spectra count by their noise, and bright ones are held to a
fraction `error_floor` of their scale, so that they do not drown the rest (the form of Weiss & Hui's ivar / (1 + ivar / c)).
Masked pixels have x = 0 and w = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, did_you_mean

_BLOCKS = 64  # stretches of a spectrum whose means are taken before a scale is


@dataclass(frozen=True)
class Normalisation:
    """How spectra are scaled and weighted.

    Parameters
    ----------
    scale : str
        ``rms`` (of the spectrum's 64 block means, the default: bounded for every shape, from M stars to emission-line
        galaxies, and unmoved by noise), ``median`` (of the good pixels' flux), ``max`` (of the good pixels, as Weiss & Hui),
        ``none``.
    error_floor : float
        Error that every normalised pixel has at least; 0 gives the plain inverse variance.
    """

    scale: str = "rms"
    error_floor: float = 0.1

    def __post_init__(self):
        if self.scale not in SCALES:
            raise ConfigError(f"no scale of spectra is called {self.scale!r}", remedy=did_you_mean(self.scale, SCALES))
        if not 0 <= self.error_floor < 10:
            raise ConfigError(f"error_floor {self.error_floor} is not in 0 to 10", "Normalisation")

    def apply(self, flux: NDArray, ivar: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Normalise a batch.

        Parameters
        ----------
        flux, ivar : ndarray, shape (n, n_pix)
            Flux density and its inverse variance, 0 where masked.

        Returns
        -------
        x, w : ndarray of float32, shape (n, n_pix)
            Normalised flux and weight, both 0 where masked.
        scale : ndarray of float32, shape (n,)
            Positive; x * scale is the flux again. 1 for a spectrum without a good pixel.
        """
        flux, ivar = np.asarray(flux, np.float32), np.asarray(ivar, np.float32)
        good = ivar > 0
        flux = np.where(good, flux, np.float32(0))
        scale = SCALES[self.scale](flux, ivar)
        unfit = ~(np.isfinite(scale) & (scale > 0))
        if unfit.any():
            scale = np.where(unfit, _rms(flux, ivar), scale)
        scale = np.where(np.isfinite(scale) & (scale > 0), scale, 1.0).astype(np.float32)
        w = ivar * (scale * scale)[:, None]
        if self.error_floor:
            w /= 1.0 + np.float32(self.error_floor**2) * w
        flux /= scale[:, None]
        return flux, w, scale


def _rms(flux: NDArray, ivar: NDArray) -> NDArray:
    """Root mean square of the block means, each weighted by ivar inside its block and with its noise variance taken off."""
    edges = np.linspace(0, flux.shape[1], min(_BLOCKS, flux.shape[1]) + 1).astype(int)[:-1]
    weight = np.add.reduceat(ivar, edges, axis=1, dtype=np.float64)  # (n, n_blocks)
    total = np.add.reduceat(flux * ivar, edges, axis=1, dtype=np.float64)
    seen = weight > 0
    n_seen = np.maximum(seen.sum(axis=1), 1)
    weight = np.where(seen, weight, 1.0)
    mean, variance = total / weight, np.where(seen, 1.0 / weight, 0.0)
    noise = variance.sum(axis=1) / n_seen
    power = np.where(seen, mean * mean, 0.0).sum(axis=1) / n_seen
    return np.sqrt(np.maximum(power - noise, noise))  # a spectrum lost in its noise is scaled by the noise


def _median(flux: NDArray, ivar: NDArray) -> NDArray:
    values = np.where(ivar > 0, flux, np.nan)
    values[~(ivar > 0).any(axis=1)] = 1.0
    return np.nanmedian(values, axis=1)


def _max(flux: NDArray, ivar: NDArray) -> NDArray:
    return np.where(ivar > 0, flux, -np.inf).max(axis=1)


def _none(flux: NDArray, ivar: NDArray) -> NDArray:
    return np.ones(len(flux), np.float32)


SCALES: dict[str, Callable[[NDArray, NDArray], NDArray]] = {"rms": _rms, "median": _median, "max": _max, "none": _none}
"""Scale (n,) of spectra by flux and ivar, (n, n_pix) each with flux 0 where ivar is; what is not positive falls back to rms."""
