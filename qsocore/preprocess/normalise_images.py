"""Normalisation of cutouts: one scale for all bands, so that colours stay; a run keeps the one it was trained with.

x = flux / scale, with the weight w = 1 / (sigma_x^2 + error_floor^2), as for spectra (`qsocore.preprocess.normalise`). The
scale is one number an object: a scale for every band would take away what tells a quasar from a dwarf. Magnitudes and the
asinh of a picture are another matter: networks stretch what they are given (their ``stretch``), and x stays linear, so that
what a model gives back times the scale is flux again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class ImageNormalisation:
    """How cutouts are scaled and weighted.

    Parameters
    ----------
    scale : str
        ``brightest`` (the brightest good pixel of all bands, as glq_mpia), ``total`` (flux in the central quarter of the
        brightest band, over its pixels), ``sky`` (the median error of the bands: what remains is the signal to noise),
        ``none``.
    error_floor : float
        Error that every normalised pixel has at least; 0 gives the plain inverse variance.
    """

    scale: str = "brightest"
    error_floor: float = 0.01

    def __post_init__(self):
        if self.scale not in IMAGE_SCALES:
            raise ConfigError(f"no scale of images is called {self.scale!r}", remedy=did_you_mean(self.scale, IMAGE_SCALES))
        if not 0 <= self.error_floor < 10:
            raise ConfigError(f"error_floor {self.error_floor} is not in 0 to 10", "ImageNormalisation")

    def apply(self, flux: NDArray, ivar: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Normalise a batch.

        Parameters
        ----------
        flux, ivar : ndarray, shape (n, n_bands, height, width)
            Flux and its inverse variance, 0 where masked.

        Returns
        -------
        x, w : ndarray of float32, shape (n, n_bands, height, width)
            Normalised flux and weight, both 0 where masked.
        scale : ndarray of float32, shape (n,)
            Positive; x * scale is the flux again. 1 for a cutout without a good pixel.
        """
        ivar = np.asarray(ivar, np.float32)
        good = ivar > 0
        flux = np.where(good, np.asarray(flux, np.float32), np.float32(0))
        scale = IMAGE_SCALES[self.scale](flux, ivar)
        unfit = ~(np.isfinite(scale) & (scale > 0))
        if unfit.any():  # nothing rises above zero: the noise is the scale
            scale[unfit] = _sky(flux[unfit], ivar[unfit])
        scale = np.where(np.isfinite(scale) & (scale > 0), scale, 1.0).astype(np.float32)
        each = scale[:, None, None, None]
        flux /= each
        w = ivar * (each * each)
        if self.error_floor:
            w /= 1.0 + np.float32(self.error_floor**2) * w
        return flux, w, scale


def _brightest(flux: NDArray, ivar: NDArray) -> NDArray:
    return np.where(ivar > 0, flux, -np.inf).reshape(len(flux), -1).max(axis=1)


def _total(flux: NDArray, ivar: NDArray) -> NDArray:
    """Mean over the central quarter of the area, in the band where that is largest."""
    height, width = flux.shape[2:]
    middle = (..., slice(height // 4, height - height // 4), slice(width // 4, width - width // 4))
    good = ivar[middle] > 0
    mean = flux[middle].sum(axis=(2, 3)) / np.maximum(good.sum(axis=(2, 3)), 1)  # (n, n_bands)
    return np.where(good.any(axis=(2, 3)), mean, -np.inf).max(axis=1)


def _sky(flux: NDArray, ivar: NDArray) -> NDArray:
    flat = ivar.reshape(len(ivar), -1)
    values = np.where(flat > 0, flat, np.nan)
    values[~(flat > 0).any(axis=1)] = 1.0
    return 1.0 / np.sqrt(np.nanmedian(values, axis=1))


def _none(flux: NDArray, ivar: NDArray) -> NDArray:
    return np.ones(len(flux), np.float32)


IMAGE_SCALES: dict[str, Callable[[NDArray, NDArray], NDArray]] = {"brightest": _brightest, "total": _total, "sky": _sky,
                                                                 "none": _none}
"""Scale (n,) of cutouts by flux and ivar with flux 0 where ivar is; what is not positive falls back to ``sky``."""
