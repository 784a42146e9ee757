"""Spectra as thumbnails: normalised, averaged into few pixels, the model's reconstruction over them, as paths to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.preprocess.normalise import Normalisation
from qsocore.preprocess.regrid import Regridder

if TYPE_CHECKING:
    from dashboard.table import AtlasTable
    from qsocore.embed.decoder import Decoder

HEIGHT = 100
"""Of a thumbnail in the units of its paths; its width is the number of its pixels."""

_ROBUST = (1.0, 99.5)
_ROOM = 0.12


@dataclass(frozen=True)
class Strips:
    """Thumbnails of n objects.

    Parameters
    ----------
    wave : ndarray, shape (n_bins,)
        Vacuum Angstrom, in the frame of the grid on which they are compared.
    flux, model : ndarray of float32, shape (n, n_bins)
        In units of each spectrum's scale; NaN where nothing is known. All of `model` is NaN without a decoder.
    limits : ndarray, shape (n, 2)
        Flux at the lower and the upper border of each thumbnail.
    """

    wave: NDArray[np.float64]
    flux: NDArray[np.float32]
    model: NDArray[np.float32]
    limits: NDArray[np.float32]

    def paths(self, number: int) -> tuple[str, str]:
        """SVG paths of an object's flux and model in a box of n_bins by `HEIGHT`; the model's is "" where there is none."""
        return tuple(path(values[number], *self.limits[number]) for values in (self.flux, self.model))


def strips(table: AtlasTable, rows: NDArray[np.int64], decoder: Decoder | None = None, n_bins: int = 110) -> Strips:
    """Read, normalise and reconstruct some spectra.

    Parameters
    ----------
    table : AtlasTable
        With a store of spectra.
    rows : ndarray of int64, shape (n,)
        In any order.
    decoder : Decoder, optional
        Reconstructs; the spectra are then shown on its run's grid, on which it compares them.
    n_bins : int
        Pixels of a thumbnail, each the mean of its spectrum's pixels weighted by their inverse variance.
    """
    spectra = table.store.spectra(rows)
    grid, flux, ivar = spectra.grid, spectra.flux, np.where(spectra.mask == 0, spectra.ivar, np.float32(0))
    if decoder is not None and decoder.grid.hash != grid.hash:
        z = table.numbers("z")[rows].astype(float) if "z" in table.columns else None
        to_rest = decoder.grid.frame != grid.frame
        flux, ivar = Regridder(grid, decoder.grid, z if to_rest else None)(flux, ivar, np.arange(len(rows)))
        grid = decoder.grid
    normalisation = decoder.normalisation if decoder else Normalisation()
    x, w, _ = normalisation.apply(flux, ivar)
    wave, shown = binned(grid.wave, x, w, n_bins)
    model = np.full_like(shown, np.nan)
    if decoder is not None:
        seen = np.broadcast_to(decoder.model.seen.cpu().numpy(), x.shape)
        model = binned(grid.wave, decoder.decode(decoder.encode(x, w)), seen, n_bins)[1]
        model[~(w > 0).any(axis=1)] = np.nan
    return Strips(wave, shown, model, limits(shown, model))


def binned(wave: NDArray, values: NDArray, weights: NDArray, n_bins: int) -> tuple[NDArray, NDArray[np.float32]]:
    """Means of neighbouring pixels.

    Parameters
    ----------
    wave : ndarray, shape (n_pix,)
        Wavelengths; those of the bins are plain means.
    values, weights : ndarray, shape (n, n_pix)
        A bin without weight is NaN.
    n_bins : int
        At most n_pix are made.

    Returns
    -------
    wave : ndarray, shape (n_bins,)
    means : ndarray of float32, shape (n, n_bins)
    """
    edges = np.linspace(0, len(wave), min(n_bins, len(wave)) + 1).astype(int)
    weight = np.add.reduceat(weights, edges[:-1], axis=1, dtype=np.float64)
    total = np.add.reduceat(values * weights, edges[:-1], axis=1, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(weight > 0, total / weight, np.nan).astype(np.float32)
    return np.add.reduceat(wave, edges[:-1]) / np.diff(edges), means


def limits(flux: NDArray, model: NDArray) -> NDArray[np.float32]:
    """Borders (n, 2) between which flux and model (n, n_bins) are seen, but for single wild pixels; zero is always inside."""
    out = np.tile(np.array([0, 1], np.float32), (len(flux), 1))
    for number, both in enumerate(np.concatenate([flux, model], axis=1)):
        known = both[np.isfinite(both)]
        if known.size:
            low, high = np.percentile(known, _ROBUST)
            low, high = min(low, 0.0), max(high, 0.0)
            room = _ROOM * (high - low) or 1.0
            out[number] = low - room, high + room
    return out


def path(values: NDArray, low: float, high: float) -> str:
    """An SVG path through values, interrupted where they are NaN, cut off at the borders.

    Examples
    --------
    >>> path(np.array([0.0, 1.0, np.nan, 0.5]), 0.0, 1.0)
    'M0.5 100L1.5 0M3.5 50'
    """
    places = np.clip(HEIGHT * (high - values) / (high - low), 0, HEIGHT)
    words, pen = [], "M"
    for number, place in enumerate(places.round(1).tolist()):
        if place != place:
            pen = "M"
            continue
        words.append(f"{pen}{number + 0.5:g} {place:g}")
        pen = "L"
    return "".join(words)
