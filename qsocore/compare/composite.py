"""The composite spectrum of many objects: median or geometric mean, with the band of a bootstrap and the number per pixel.

The median is the spectrum of the typical object, pixel by pixel; the geometric mean keeps the slope of power laws (Vanden
Berk et al. 2001, AJ 122, 549). A pixel that is not positive has no logarithm: the geometric mean leaves it out, which biases
it upwards where the noise reaches the flux; `Composite.left_out` says how many pixels that are.

The bootstrap resamples objects: in each of `N_BOOT` resamplings an object counts Poisson(1) times (Hanley & MacGibbon 2006,
Comput. Methods Programs Biomed. 83, 57), by its row and the seed, so that an object that is in two composites counts alike in
both and the band of their difference is right also when they overlap. Scales are held fixed.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from qsocore.compare.stack import Frame, Stack, mean_between, places
from qsocore.compiled import compiled

Kind = Literal["median", "geometric"]
N_BOOT = 64
FEWEST = 3
"""Spectra that a pixel of a composite needs; of fewer objects, all of them."""

_BAND = (15.865, 84.135)
_FEWEST_BAND = 5
_AT_ONCE = 16  # pixels of a spectrum that lie in one line of the processor's cache
_MOST_COUNT = 12  # of one object in one resampling; more is likelier never than once in a billion
_SEED_STEP = 0x632BE59BD9B4E019


@dataclass(frozen=True)
class Composite:
    """A composite; arrays have shape (n_pix,), NaN where too few spectra are.

    Parameters
    ----------
    wave : ndarray
        Vacuum Angstrom, in `frame`.
    flux : ndarray
        Relative flux density, near 1.
    low, high : ndarray
        16 and 84 % of the resamplings; NaN under five spectra.
    number : ndarray of int32
        Spectra with a good pixel there.
    resampled : ndarray, shape (n_boot, n_pix)
        The composite of each resampling.
    n_spectra : int
        Spectra in it.
    frame, kind : str
        "rest" or "observed"; "median" or "geometric".
    left_out : float
        Part of good pixels that are not positive, which a geometric mean leaves out; 0 for a median.
    """

    wave: NDArray[np.float64]
    flux: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    number: NDArray[np.int32]
    resampled: NDArray[np.float32]
    n_spectra: int
    frame: Frame
    kind: Kind
    left_out: float = 0.0


def combine(stack: Stack, scale: NDArray, kind: Kind = "median", n_boot: int = N_BOOT, seed: int = 0) -> Composite:
    """Combine scaled spectra.

    Parameters
    ----------
    stack : Stack
        Spectra of n objects.
    scale : ndarray, shape (n,)
        Each is divided by it; one with NaN is left out. See `qsocore.compare.scaling`.
    kind : {"median", "geometric"}
        What is taken of a pixel's values.
    n_boot : int
        Resamplings; 0 gives no band.
    seed : int
        Of the resamplings.
    """
    scaled = np.isfinite(scale)
    if not scaled.all():
        stack, scale = stack.keep(scaled), scale[scaled]
    times = multiplicities(stack.rows, n_boot, seed)
    n_pix = stack.target.n_pix
    flux, number, positive = np.full(n_pix, np.nan, np.float32), np.zeros(n_pix, np.int32), np.zeros(n_pix, np.int32)
    resampled = np.full((n_boot, n_pix), np.nan, np.float32)
    edge, slope, offset = places(stack.source, stack.target.edges, stack.stretch)
    factor = stack.stretch / scale

    def part(first: int, last: int) -> None:
        _sweep(stack.flux, edge, slope, offset, factor, times, kind == "geometric", first, last,
               flux, number, positive, resampled)

    _share(part, n_pix)
    few = number < min(FEWEST, max(len(stack), 1))
    flux[few], resampled[:, few] = np.nan, np.nan
    used = positive if kind == "geometric" else number
    low, high = _band(resampled, used)
    left_out = 1 - used.sum(dtype=float) / max(number.sum(dtype=float), 1)
    return Composite(stack.target.wave, flux, low, high, number, resampled, len(stack), stack.target.frame, kind, left_out)


def multiplicities(rows: NDArray[np.int64], n_boot: int, seed: int = 0) -> NDArray[np.uint8]:
    """How often each object counts in each resampling: Poisson(1) by a hash of row, resampling and seed.

    Returns
    -------
    ndarray of uint8, shape (n, n_boot)
    """
    x = np.asarray(rows).astype(np.uint64)[:, None] * np.uint64(max(n_boot, 1)) + np.arange(n_boot, dtype=np.uint64)
    x += np.uint64((seed + 1) * _SEED_STEP % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    x ^= x >> np.uint64(31)
    uniform = (x >> np.uint64(11)) * 2.0**-53
    return np.searchsorted(poisson.cdf(np.arange(_MOST_COUNT), 1), uniform, side="right").astype(np.uint8)


def _share(part, n_pix: int) -> None:
    """Work on stretches of pixels in as many threads as there are processors."""
    borders = np.linspace(0, n_pix, 17).round().astype(int)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) as pool:
        list(pool.map(part, borders[:-1], borders[1:]))


def _band(resampled: NDArray, number: NDArray) -> tuple[NDArray, NDArray]:
    """16 and 84 % of resamplings (n_boot, n_pix), NaN where fewer than five objects are resampled."""
    out = np.full((2, resampled.shape[1]), np.nan, np.float32)
    known = (number >= _FEWEST_BAND) & np.isfinite(resampled).any(axis=0)
    if known.any():
        out[:, known] = np.nanpercentile(resampled[:, known], _BAND, axis=0)
    return out[0], out[1]


@dataclass(frozen=True)
class Difference:
    """A minus B where both are known; arrays have shape (n_pix,).

    Parameters
    ----------
    wave : ndarray
        Vacuum Angstrom.
    flux, low, high : ndarray
        Relative flux density, and the band of the resamplings.
    ratio : float
        What B was multiplied with so that the median of A / B is 1.
    """

    wave: NDArray[np.float64]
    flux: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    ratio: float


def difference(a: Composite, b: Composite) -> Difference:
    """A minus B, B scaled so that the median of A / B is 1; resampling by resampling, so that the band is that of both.

    Parameters
    ----------
    a, b : Composite
        On the same grid, with the same number of resamplings.
    """
    common = np.isfinite(a.flux) & np.isfinite(b.flux) & (b.flux > 0)
    ratio = float(np.median(a.flux[common] / b.flux[common])) if common.any() else float("nan")
    with np.errstate(all="ignore"):
        each = np.nanmedian(a.resampled[:, common] / b.resampled[:, common], axis=1) if common.any() else np.zeros(0)
    flux = np.where(common, a.flux - ratio * b.flux, np.nan).astype(np.float32)
    resampled = np.where(common, a.resampled - each[:, None] * b.resampled, np.nan) if common.any() else \
        np.full_like(a.resampled, np.nan)
    low, high = _band(resampled, np.minimum(a.number, b.number))
    return Difference(a.wave, flux, low, high, ratio)


@compiled
def _sweep(flux, edge, slope, offset, factor, times, geometric, first, last, out, number, positive, resampled):
    """Composite, numbers and resamplings of the pixels from `first` to `last`; see `combine`."""
    n = len(flux)
    values = np.empty((_AT_ONCE, n), np.float32)
    owners = np.empty((_AT_ONCE, n), np.uint32)
    for start in range(first, last, _AT_ONCE):
        stop = min(start + _AT_ONCE, last)
        found = np.zeros(_AT_ONCE, np.int64)
        for i in range(n):
            if edge[stop] * slope[i] + offset[i] < 0 or edge[start] * slope[i] + offset[i] > flux.shape[1]:
                continue
            for k in range(start, stop):
                value = mean_between(flux[i], edge[k] * slope[i] + offset[i], edge[k + 1] * slope[i] + offset[i])
                if not np.isnan(value):
                    values[k - start, found[k - start]] = value * factor[i]
                    owners[k - start, found[k - start]] = i
                    found[k - start] += 1
        for k in range(start, stop):
            m = found[k - start]
            number[k] = m
            if geometric:
                positive[k] = _geometric(values[k - start, :m], owners[k - start, :m], times, k, out, resampled)
            elif m > 0:
                _median(values[k - start, :m], owners[k - start, :m], times, k, out, resampled)


@compiled
def _geometric(values, owners, times, k, out, resampled):
    """The mean of the logarithms of what is positive; returns how many values are."""
    n_boot = times.shape[1]
    total, used = 0.0, 0
    sums, counts = np.zeros(n_boot, np.float32), np.zeros(n_boot, np.int32)
    for j in range(len(values)):
        if values[j] > 0:
            log, row = np.log(values[j]), times[owners[j]]
            total += log
            used += 1
            for b in range(n_boot):
                sums[b] += row[b] * log
            for b in range(n_boot):
                counts[b] += row[b]
    if used:
        out[k] = np.exp(total / used)
        for b in range(n_boot):
            resampled[b, k] = np.exp(sums[b] / counts[b]) if counts[b] else np.nan
    return used


@compiled
def _median(values, owners, times, k, out, resampled):
    """The median of a resampling is where its running count reaches half of its total.

    The ranks of such medians scatter by half the root of the number of values, so only those within eight times that of the
    middle are put in order; what lies below and above is counted.
    """
    m, n_boot = len(values), times.shape[1]
    reach = int(4 * np.sqrt(m)) + 2
    first, last = max(m // 2 - reach, 0), min(m // 2 + reach, m - 1)
    _select(values, owners, 0, first)
    _select(values, owners, first, last)
    run, total = np.zeros(n_boot, np.int32), np.zeros(n_boot, np.int32)
    for j in range(m):
        row = times[owners[j]]
        for b in range(n_boot):
            total[b] += row[b]
        if j + 1 == first:
            run[:] = total
    _sort(values[first : last + 1], owners[first : last + 1])
    out[k] = 0.5 * (values[(m - 1) // 2] + values[m // 2])
    lower, upper = np.empty(n_boot, np.int32), np.empty(n_boot, np.int32)  # the two middle ranks
    for b in range(n_boot):
        lower[b], upper[b] = (total[b] + 1) // 2, total[b] // 2 + 1
    below, upto = np.zeros(n_boot, np.int32), np.zeros(n_boot, np.int32)
    for j in range(first, last + 1):
        row = times[owners[j]]
        for b in range(n_boot):
            run[b] += row[b]
            below[b] += run[b] < lower[b]
            upto[b] += run[b] < upper[b]
    for b in range(n_boot):
        pair = values[min(first + below[b], last)] + values[min(first + upto[b], last)]
        resampled[b, k] = 0.5 * pair if total[b] else np.nan


@compiled
def _select(values, owners, low, rank):
    """Move values, and their owners, from `low` on until the one at `rank` is where it would be if they were sorted (Hoare)."""
    high = len(values) - 1
    while low < high:
        pivot, i, j = values[(low + high) // 2], low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                owners[i], owners[j] = owners[j], owners[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            return


@compiled
def _sort(values, owners):
    """Sort values, and their owners along with them (Shell)."""
    gap = len(values) // 2
    while gap:
        for i in range(gap, len(values)):
            value, owner, j = values[i], owners[i], i
            while j >= gap and values[j - gap] > value:
                values[j], owners[j] = values[j - gap], owners[j - gap]
                j -= gap
            values[j], owners[j] = value, owner
        gap = gap * 5 // 11 if gap > 2 else gap // 2
