"""Resampling that conserves flux, propagates variance and never invents a pixel.

An output pixel gets the mean flux density of the good input pixels that it overlaps, weighted by the overlap, so that the
integral over wavelength is kept; its variance is that of this mean for independent input pixels (Carnall 2017,
arXiv:1705.05165). Neighbours that share an input pixel are correlated, which an inverse variance cannot say.

A pixel is good when good input pixels cover at least half of its width (`COVERED`). Else it is masked, flux and ivar 0,
with the reasons of the masked input pixels that it overlaps, and as NO_COVERAGE where the input leaves off or has a gap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.errors import AtlasError
from qsocore.grid import WaveGrid
from qsocore.records import Mask, Spectrum

COVERED = 0.5
"""Fraction of an output pixel's width that good input pixels must cover."""

_LEAST = np.finfo(np.float32).tiny  # an ivar under it is 0 in a store, and its variance overflows
_GAP = 3.0  # steps; a wider step between two input pixels is a gap, not a wide pixel


def resample(spectrum: Spectrum, grid: WaveGrid, z: float | None = None) -> tuple[NDArray, NDArray, NDArray]:
    """A spectrum on a grid.

    Parameters
    ----------
    spectrum : Spectrum
        Observed frame.
    grid : WaveGrid
        In the rest frame, wavelengths are divided by 1 + z and flux densities multiplied by it.
    z : float, optional
        Redshift for a rest-frame grid; the spectrum's own (``row["z"]``) where it is not given.

    Returns
    -------
    flux, ivar : ndarray of float32, shape (grid.n_pix,)
    mask : ndarray of uint8, shape (grid.n_pix,)
        `Mask` reasons; flux and ivar are 0 where it is not 0.

    Raises
    ------
    AtlasError
        When a rest-frame grid is asked for and there is no redshift above -1.
    """
    if grid.frame == "observed":
        if _same(spectrum.wave, grid):
            return _untouched(spectrum)
        return rebin(spectrum.wave, spectrum.flux, spectrum.ivar, spectrum.mask, grid.edges)
    z = float(spectrum.row.get("z", np.nan) if z is None else z)
    if not (np.isfinite(z) and z > -1):
        raise AtlasError(f"it has no redshift, which the rest-frame grid {grid.name} needs", spectrum.object_id,
                         "choose a grid in the observed frame, or objects with a redshift")
    stretch = 1.0 + z
    return rebin(spectrum.wave / stretch, spectrum.flux * stretch, spectrum.ivar / stretch**2, spectrum.mask, grid.edges)


def _same(wave: NDArray, grid: WaveGrid) -> bool:
    """Whether a spectrum lies on the grid already, to a thousandth of a km/s."""
    return wave.shape == grid.wave.shape and np.allclose(wave, grid.wave, rtol=1e-9, atol=0)


def _untouched(spectrum: Spectrum) -> tuple[NDArray, NDArray, NDArray]:
    """Flux, ivar and mask as they are, but for the rules of a store: what is masked is 0, what has no ivar is masked."""
    flux, ivar, mask = spectrum.flux, spectrum.ivar, spectrum.mask
    good = (mask == 0) & (ivar >= _LEAST) & np.isfinite(ivar) & np.isfinite(flux)
    return (np.where(good, flux, 0).astype(np.float32), np.where(good, ivar, 0).astype(np.float32),
            _reasons(flux, ivar, mask, good).astype(np.uint8))


def rebin(wave: ArrayLike, flux: ArrayLike, ivar: ArrayLike, mask: ArrayLike | None,
          edges: ArrayLike) -> tuple[NDArray, NDArray, NDArray]:
    """Spectra that share their pixels, brought to other pixels.

    Parameters
    ----------
    wave : array_like, shape (n,)
        Centres of the input pixels; falling or unsorted ones are sorted. Pixels meet half-way; a step of more than three times
        its neighbours' is a gap.
    flux, ivar : array_like, shape (..., n)
        Flux density and its inverse variance.
    mask : array_like of uint8, shape (..., n), or None
        `Mask` reasons.
    edges : array_like, shape (n_pix + 1,)
        Borders of the output pixels, rising.

    Returns
    -------
    flux, ivar : ndarray of float32, shape (..., n_pix)
    mask : ndarray of uint8, shape (..., n_pix)

    Raises
    ------
    AtlasError
        When wavelengths are fewer than two, repeated or not finite, or shapes do not fit.
    """
    wave, edges = np.asarray(wave, np.float64), np.asarray(edges, np.float64)
    flux, ivar = np.asarray(flux, np.float64), np.asarray(ivar, np.float64)
    mask = np.zeros(flux.shape, np.uint8) if mask is None else np.asarray(mask, np.uint8)
    if wave.ndim != 1 or wave.size < 2 or not flux.shape == ivar.shape == mask.shape or flux.shape[-1:] != wave.shape:
        raise AtlasError(f"wave {wave.shape}, flux {flux.shape}, ivar {ivar.shape}, mask {mask.shape} do not fit")
    if not (np.diff(wave) > 0).all():
        order = np.argsort(wave, kind="stable")
        wave, flux, ivar, mask = wave[order], flux[..., order], ivar[..., order], mask[..., order]
        if not (np.diff(wave) > 0).all():
            raise AtlasError("wavelengths are repeated or not finite")

    good = (mask == 0) & (ivar >= _LEAST) & np.isfinite(ivar) & np.isfinite(flux)
    weight = good.astype(np.float64)
    bright = np.where(good, flux, 0.0)
    variance = np.divide(1.0, ivar, out=np.zeros(ivar.shape), where=good)
    reasons = _reasons(flux, ivar, mask, good)
    borders, gaps = _borders(wave)
    if gaps.size:
        weight, bright, variance = (np.insert(values, gaps, 0.0, axis=-1) for values in (weight, bright, variance))
        reasons = np.insert(reasons, gaps, Mask.NO_COVERAGE, axis=-1)

    overlap = _Overlap(borders, edges)
    covered = overlap.sum(weight)  # (..., n_pix), Angstrom
    enough = covered >= COVERED * np.diff(edges) * (1 - 1e-9)  # half is enough, whatever rounding says
    covered = np.where(enough, covered, 1.0)
    out = np.where(enough, overlap.sum(bright) / covered, 0.0)
    out_ivar = covered**2 / np.where(enough, overlap.sum_squared(variance), np.inf)
    why = np.zeros(enough.shape, np.uint8) if enough.all() else np.where(enough, 0, overlap.union(reasons)).astype(np.uint8)
    return out.astype(np.float32), out_ivar.astype(np.float32), why


def _reasons(flux: NDArray, ivar: NDArray, mask: NDArray, good: NDArray) -> NDArray[np.uint8]:
    """The mask's reasons, and one for bad pixels to which it gives none."""
    unsaid = ~good & (mask == 0)
    if not unsaid.any():
        return mask
    own = np.where(np.isfinite(ivar) & np.isfinite(flux), np.uint8(Mask.NO_IVAR), np.uint8(Mask.NOT_FINITE))
    return np.where(unsaid, own, mask)


def _borders(wave: NDArray) -> tuple[NDArray, NDArray]:
    """Borders of the input pixels, and before which pixels a gap is to be inserted as a pixel of its own."""
    step = np.diff(wave)
    first, last = wave[0] - step[0] / 2, wave[-1] + step[-1] / 2
    middle = wave[:-1] + step / 2
    if step.size < 2 or step.max() <= _GAP * step.min():  # the usual case, told cheaply
        return np.concatenate([[first], middle, [last]]), np.empty(0, np.int64)
    usual = np.minimum(np.append(step[1:], step[-2]), np.insert(step[:-1], 0, step[1]))  # the lesser of both neighbours'
    gaps = np.flatnonzero(step > _GAP * usual)
    before, after = np.insert(step, 0, step[0])[gaps], np.append(step, step[-1])[gaps + 1]
    middle[gaps] = wave[gaps] + np.minimum(before, usual[gaps] * _GAP) / 2
    starts = wave[gaps + 1] - np.minimum(after, usual[gaps] * _GAP) / 2
    return np.concatenate([[first], np.insert(middle, gaps + 1, starts), [last]]), gaps + 1


class _Overlap:
    """Which input pixels each output pixel overlaps, and by how much: whole ones between two that are cut.

    Parameters
    ----------
    borders : ndarray, shape (n + 1,)
        Of the input pixels.
    edges : ndarray, shape (n_pix + 1,)
        Of the output pixels.
    """

    def __init__(self, borders: NDArray, edges: NDArray):
        n = borders.size - 1
        inside = np.clip(edges, borders[0], borders[-1])
        cut = np.clip(np.searchsorted(borders, inside, side="right") - 1, 0, n - 1)  # input pixel of every edge
        self._low, self._high = cut[:-1], cut[1:]
        same = self._low == self._high
        self._head = np.where(same, inside[1:], borders[self._low + 1]) - inside[:-1]  # overlap with the first, Angstrom
        self._tail = np.where(same, 0.0, inside[1:] - borders[self._high])  # and with the last
        self._width = np.diff(borders)
        self._whole = self._high - self._low > 1
        self._ends = np.empty(2 * self._low.size, np.int64)  # of every output pixel: first whole one, one after the last
        np.minimum(self._low + 1, n - 1, out=self._ends[::2])
        np.maximum(self._high, self._ends[::2], out=self._ends[1::2])
        self._covered, self._span = np.diff(inside), np.diff(edges)

    def _between(self, values: NDArray, combine: np.ufunc) -> NDArray:
        """Reduce over the whole pixels between the two cut ones; shape (..., n_pix)."""
        return np.where(self._whole, combine.reduceat(values, self._ends, axis=-1)[..., ::2], 0)

    def sum(self, density: NDArray) -> NDArray:
        """Integral of a density (..., n) over each output pixel."""
        return (self._head * density[..., self._low] + self._tail * density[..., self._high]
                + self._between(density * self._width, np.add))

    def sum_squared(self, variance: NDArray) -> NDArray:
        """Variance of that integral, for independent pixels."""
        return (self._head**2 * variance[..., self._low] + self._tail**2 * variance[..., self._high]
                + self._between(variance * self._width**2, np.add))

    def union(self, reasons: NDArray) -> NDArray:
        """All reasons (..., n) that an output pixel overlaps, and NO_COVERAGE where over half of it lies outside."""
        found = (np.where(self._head > 0, reasons[..., self._low], 0) | np.where(self._tail > 0, reasons[..., self._high], 0)
                 | self._between(reasons, np.bitwise_or))
        found = found | np.where(self._covered < COVERED * self._span, Mask.NO_COVERAGE, 0)
        return np.where(found == 0, Mask.NO_COVERAGE, found)
