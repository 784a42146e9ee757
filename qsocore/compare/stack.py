"""Spectra of many objects laid over one another: read in batches, placed in one frame, ready to be scaled and combined.

An object counts once, however bright: its inverse variance decides which of its pixels are used and how well its scale is
known, not what it weighs in a composite. At most `MOST` objects are read; of more, so many are drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.compiled import compiled
from qsocore.errors import AtlasError
from qsocore.grid import WaveGrid

if TYPE_CHECKING:
    from qsocore.embed.decoder import Decoder
    from qsocore.store import Store

Frame = Literal["rest", "observed"]
MOST = 5_000
"""Spectra of a composite at most."""

COVERED = 0.5
"""Part of a pixel that good pixels must cover, as in `qsocore.preprocess.resample`."""

_BATCH = 512
_MOST_PIXELS = 8192
_BIN = 0.01  # dex, of the bins in which spectra are scaled to one another


@dataclass(frozen=True)
class Stack:
    """Spectra of n objects as they were sampled, and where they lie on the grid of their composite.

    Parameters
    ----------
    rows : ndarray, shape (n,)
        Rows of the store.
    source, target : WaveGrid
        How `flux` is sampled, and the grid of the composite.
    stretch : ndarray, shape (n,)
        Wavelength on `source` over that on `target`: 1 + z when the composite is in the rest frame and the spectra are not.
    flux : ndarray of float32, shape (n, source.n_pix)
        1e-17 erg/s/cm2/Angstrom, on `source`; NaN where masked.
    edges : ndarray, shape (n_bins + 1,)
        Borders of broad bins on the composite's axis, Angstrom.
    bins, noise : ndarray of float32, shape (n, n_bins)
        Mean flux density in them and its error, in the composite's frame; NaN where less than half is known.
    """

    rows: NDArray[np.int64]
    source: WaveGrid
    target: WaveGrid
    stretch: NDArray[np.float64]
    flux: NDArray[np.float32]
    edges: NDArray[np.float64]
    bins: NDArray[np.float32]
    noise: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    def keep(self, which: NDArray[np.bool_]) -> Stack:
        """Only some of the objects."""
        return replace(self, **{name: getattr(self, name)[which] for name in ("rows", "stretch", "flux", "bins", "noise")})


def draw(rows: ArrayLike, most: int = MOST, seed: int = 0) -> NDArray[np.int64]:
    """At most `most` of some rows, drawn at random without repeats, rising."""
    rows = np.asarray(rows, np.int64)
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def read(store: Store, rows: ArrayLike, z: ArrayLike | None = None, frame: Frame = "rest",
         target: WaveGrid | None = None) -> Stack:
    """Read spectra for a composite.

    Parameters
    ----------
    store : Store
        With spectra.
    rows : array_like, shape (n,)
        Which; see `draw`.
    z : array_like, shape (n,), optional
        Their redshifts, by default the catalogue's. Objects without one are left out where the frame changes.
    frame : {"rest", "observed"}
        Of the composite.
    target : WaveGrid, optional
        Its grid; by default the store's, or for another frame one of the same resolution that covers all spectra.

    Raises
    ------
    AtlasError
        When the store has no spectra, or none of the objects has a redshift that the frame needs.
    """
    if store.grid is None:
        raise AtlasError("the store has a catalogue but no spectra", store.path)

    def block(chosen: NDArray) -> tuple[NDArray, NDArray]:
        spectra = store.spectra(chosen)
        return spectra.flux, np.where(spectra.mask == 0, spectra.ivar, 0)

    return _stack(store, store.grid, block, rows, z, frame, target)


def reconstruct(store: Store, decoder: Decoder, rows: ArrayLike, z: ArrayLike | None = None, frame: Frame = "rest",
                target: WaveGrid | None = None) -> Stack:
    """As `read`, the model's reconstruction of each spectrum at its good pixels, in units of its flux."""
    from qsocore.preprocess.prepare import Prepared

    prepared = Prepared(store, decoder.grid, decoder.normalisation)
    seen = np.asarray(decoder.model.seen.cpu()) > 0

    def block(chosen: NDArray) -> tuple[NDArray, NDArray]:
        data = next(prepared.stream(chosen, len(chosen)))
        model = decoder.decode(decoder.encode(data.x, data.w)) * data.scale[:, None]
        return model, np.where(seen, data.ivar, 0)

    return _stack(store, decoder.grid, block, rows, z, frame, target)


def _stack(store: Store, source: WaveGrid, block: Callable[[NDArray], tuple[NDArray, NDArray]], rows: ArrayLike,
           z: ArrayLike | None, frame: Frame, target: WaveGrid | None) -> Stack:
    rows, stretch = _stretches(store, source, rows, z, frame)
    target = target or grid_for(source, stretch, frame)
    edges = _bins_of(target)
    flux = np.empty((len(rows), source.n_pix), np.float32)
    bins, noise = (np.empty((len(rows), len(edges) - 1), np.float32) for _ in range(2))
    for first in range(0, len(rows), _BATCH):
        here = slice(first, first + _BATCH)
        value, ivar = block(rows[here])
        flux[here] = np.where(ivar > 0, value, np.nan)
        variance = np.divide(1, ivar, out=np.zeros(ivar.shape, np.float32), where=ivar > 0)
        rebin(flux[here], variance, *places(source, edges, stretch[here]), stretch[here], bins[here], noise[here])
    return Stack(rows, source, target, stretch, flux, edges, bins, noise)


def _stretches(store: Store, source: WaveGrid, rows: ArrayLike, z: ArrayLike | None, frame: Frame) -> tuple[NDArray, NDArray]:
    """Rows that can be placed in a frame, and wavelength on `source` over that in it."""
    rows = np.asarray(rows, np.int64)
    if source.frame == frame:
        return rows, np.ones(len(rows))
    if z is None:
        known = "z" in store.columns
        z = store.frame(["z"], rows)["z"].to_numpy(float) if known else np.full(len(rows), np.nan)
    z = np.asarray(z, np.float64)
    placed = z > -1
    if not placed.any():
        raise AtlasError("none of these objects has a redshift", store.path, "choose the observed frame")
    grown = 1 + z[placed]
    return rows[placed], grown if frame == "rest" else 1 / grown


def grid_for(source: WaveGrid, stretch: NDArray, frame: Frame) -> WaveGrid:
    """The grid of a composite: `source` itself, or pixels as wide that cover all spectra, `_MOST_PIXELS` at most."""
    if source.frame == frame:
        return source
    first, last = np.log10(source.wave[0] / stretch.max()), np.log10(source.wave[-1] / stretch.min())
    step = source.step if source.scale == "log10" else np.log10(1 + source.step / np.sqrt(source.wave[0] * source.wave[-1]))
    n_pix = min(int(np.ceil((last - first) / step)) + 1, _MOST_PIXELS)
    return WaveGrid(f"{source.name}-{frame}", "log10", first, max(last, first + step * (n_pix - 1)), max(n_pix, 2), frame)


def _bins_of(grid: WaveGrid) -> NDArray[np.float64]:
    first, last = np.log10(grid.edges[0]), np.log10(grid.edges[-1])
    return np.logspace(first, last, max(int((last - first) / _BIN), 1) + 1)


def places(source: WaveGrid, edges: NDArray, stretch: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Where borders (Angstrom, composite's frame) lie on each spectrum, in pixels of `source`: ``u = edge * slope + offset``.

    Returns
    -------
    edge : ndarray, shape (len(edges),)
    slope, offset : ndarray, shape (len(stretch),)
    """
    if source.scale == "log10":
        return (np.log10(edges) - source.start) / source.step + 0.5, np.ones(len(stretch)), np.log10(stretch) / source.step
    return edges / source.step, stretch, np.full(len(stretch), 0.5 - source.start / source.step)


@compiled(inline="always")
def mean_between(flux, u0, u1):
    """Mean of one spectrum (n_pix,) between two places in pixels, NaN where less than `COVERED` of it is known."""
    total, weight = 0.0, 0.0
    for j in range(max(int(np.floor(u0)), 0), min(int(np.ceil(u1)), len(flux))):
        if not np.isnan(flux[j]):
            part = min(u1, j + 1.0) - max(u0, float(j))
            total += part * flux[j]
            weight += part
    return total / weight if weight >= COVERED * (u1 - u0) and weight > 0 else np.nan


@compiled
def rebin(flux, variance, edge, slope, offset, stretch, mean, error):
    """Means of spectra (n, n_pix) between borders, and their errors, into (n, n_bins) each; see `places`."""
    for i in range(len(flux)):
        for k in range(len(edge) - 1):
            u0, u1 = edge[k] * slope[i] + offset[i], edge[k + 1] * slope[i] + offset[i]
            mean[i, k] = mean_between(flux[i], u0, u1) * stretch[i]
            total, weight = 0.0, 0.0
            for j in range(max(int(np.floor(u0)), 0), min(int(np.ceil(u1)), flux.shape[1])):
                if not np.isnan(flux[i, j]):
                    part = min(u1, j + 1.0) - max(u0, float(j))
                    total += part * part * variance[i, j]
                    weight += part
            error[i, k] = np.nan if np.isnan(mean[i, k]) else np.sqrt(total) / weight * stretch[i]
