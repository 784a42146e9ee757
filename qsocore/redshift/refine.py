"""The template step: the best redshift around candidates, its error, the next best, and whether it can be trusted.

Three stages, each dearer and looking at fewer redshifts: a scan of `Settings.window` around every candidate in every template
set that knows the redshift, on broad pixels with few components; a search for the minimum around the best few, with all
pixels and components; and the same for the best one with outlying pixels (narrow absorption, cosmic rays) left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray

from qsocore.errors import ConfigError
from qsocore.grid import DEFAULT_GRID, WaveGrid
from qsocore.preprocess.resample import rebin
from qsocore.redshift import fit
from qsocore.redshift.templates import Sampled, TemplateSet, default_templates
from qsocore.units import C_KM_S

LN10 = float(np.log(10))
_WINGS = 3  # pixels beside one that is left out of the last step


class Warn(IntFlag):
    """Bits of ``z_warn_pred``: numbers and names of SDSS's ZWARNING as redrock has them, and one of ours; 0 is good."""

    LITTLE_COVERAGE = 1 << 1  # less than a tenth of the pixels is good
    SMALL_DELTA_CHI2 = 1 << 2  # another redshift or type fits nearly as well
    NEGATIVE_MODEL = 1 << 3  # the mean spectrum fits with a negative amplitude
    MANY_OUTLIERS = 1 << 4  # more than a twentieth of the pixels lies beyond `Settings.clip`
    Z_FITLIMIT = 1 << 5  # the minimum lies beyond the range of the templates
    NO_DATA = 1 << 9  # no good pixel, or no candidate
    BAD_MINFIT = 1 << 10  # no minimum near the candidate
    OVERRULED = 1 << 11  # ours: the templates prefer another redshift, but the network is certain of its own


@dataclass(frozen=True)
class Settings:
    """Settings of `refine`.

    Parameters
    ----------
    window : float
        How far from a candidate to look, km/s.
    pitch : float
        Step of the first scan, km/s.
    finalists : int
        Minima of the scan that are looked at closely.
    broad : float
        Width of the scan's pixels, km/s.
    few : int
        Components in the scan.
    floor : float
        Error that is added to each pixel's noise, as a fraction of the flux: templates are not nature.
    bend : float
        Standard deviation of the coefficients of `order` Legendre polynomials that multiply the mean.
    order : int
        Their highest degree, from 1.
    width : float
        Of the prior of the components' coefficients; 1 is as in the simulator.
    medium : int
        Components in the search around the best few.
    trough : float
        In scan and search, pixels so many standard deviations below the model are absorbed, and count no more than that.
    clip : float
        Pixels so many standard deviations above the best model are left out of the last step.
    small : float
        Difference of chi2 below which a second minimum is a warning.
    """

    window: float = 4000.0
    pitch: float = 800.0
    finalists: int = 3
    broad: float = 600.0
    few: int = 7
    floor: float = 0.02
    bend: float = 0.15
    order: int = 3
    width: float = 1.0
    medium: int = 16
    trough: float = 3.5
    clip: float = 5.0
    small: float = 9.0


@dataclass(frozen=True)
class Refined:
    """What `refine` found; arrays (n,).

    Parameters
    ----------
    z, z_2nd : ndarray of float64
        Best and next best redshift, NaN where there is none. The next best is another redshift, or the same of another type.
    z_err : ndarray of float32
        Standard error of z.
    delta_chi2 : ndarray of float32
        By how much the second is worse: the difference of minus twice the log likelihood.
    chi2_dof : ndarray of float32
        Reduced chi2 of the best, with the error floor.
    spectype, template : ndarray of object
        QSO, GALAXY, STAR, or "", and the name of the set that fits best.
    warn : ndarray of int32
        `Warn` bits.
    """

    z: NDArray[np.float64]
    z_err: NDArray[np.float32]
    z_2nd: NDArray[np.float64]
    delta_chi2: NDArray[np.float32]
    chi2_dof: NDArray[np.float32]
    spectype: NDArray
    template: NDArray
    warn: NDArray[np.int32]


def refine(flux: ArrayLike, ivar: ArrayLike, grid: WaveGrid, candidates: ArrayLike,
           templates: tuple[TemplateSet, ...] | None = None, settings: Settings | None = None) -> Refined:
    """Refine redshifts.

    Parameters
    ----------
    flux, ivar : array_like, shape (n, n_pix)
        Any unit; a pixel whose ivar is not positive says nothing.
    grid : WaveGrid
        In the observed frame; spectra on a linear one are resampled to `DEFAULT_GRID`.
    candidates : array_like, shape (n, k)
        Redshifts around which to look, NaN for none. Stars need none: they are always tried.
    templates : tuple of TemplateSet, optional
        The package's, unless stated.
    settings : Settings, optional
        How.

    Raises
    ------
    ConfigError
        When the grid is in the rest frame or shapes do not fit.
    """
    settings = settings or Settings()
    templates = default_templates() if templates is None else templates
    flux, ivar, candidates = np.asarray(flux), np.asarray(ivar), np.asarray(candidates, np.float64)
    if grid.frame != "observed":
        raise ConfigError("redshifts are looked for in the observed frame", f"grid {grid.name}")
    if flux.shape != ivar.shape or flux.shape[1:] != (grid.n_pix,) or candidates.shape[:1] != flux.shape[:1]:
        raise ConfigError(f"flux {flux.shape}, ivar {ivar.shape}, candidates {candidates.shape} do not fit", grid.name)
    if grid.scale != "log10":
        flux, ivar, _ = rebin(grid.wave, flux, ivar, None, DEFAULT_GRID.edges)
        grid = DEFAULT_GRID
    fine = Spectra.of(flux, ivar, grid.start, grid.step, settings)
    broad = fine.binned(max(round(settings.broad / C_KM_S / LN10 / grid.step), 1), settings)
    value, z = _scan(broad, candidates, templates, settings)  # (n, jobs) each, and which set they are of
    return _decide(fine, *_finalists(value, z, templates, candidates.shape[1], settings), templates, settings)


@dataclass(frozen=True)
class Spectra:
    """Spectra as the compiled loops read them: float32 arrays (n, n_pix) on a log10 grid; a bad pixel has variance 0."""

    start: float
    step: float
    flux: NDArray[np.float32]
    variance: NDArray[np.float32]
    level: NDArray[np.float32]
    bend: NDArray[np.float32]

    @classmethod
    def of(cls, flux: NDArray, ivar: NDArray, start: float, step: float, settings: Settings) -> Spectra:
        """From flux and ivar."""
        good = (ivar > 0) & np.isfinite(ivar) & np.isfinite(flux)
        variance = np.divide(1, ivar, out=np.zeros(ivar.shape, np.float32), where=good)
        flux = np.where(good, flux, 0).astype(np.float32)
        at = np.linspace(-1, 1, flux.shape[1])
        bend = settings.bend * legendre.legvander(at, settings.order)[:, 1:].T
        return cls(start, step, flux, variance, _level(flux, good, step), np.ascontiguousarray(bend, np.float32))

    def binned(self, n: int, settings: Settings) -> Spectra:
        """Weighted means of n neighbouring pixels."""
        whole = self.flux.shape[1] // n * n
        ivar = np.divide(1, self.variance, out=np.zeros_like(self.variance), where=self.variance > 0)[:, :whole]
        total = ivar.reshape(len(ivar), -1, n).sum(axis=2)
        flux = (self.flux[:, :whole] * ivar).reshape(len(ivar), -1, n).sum(axis=2)
        flux = np.divide(flux, total, out=np.zeros_like(flux), where=total > 0)
        return Spectra.of(flux, total, self.start + self.step * (n - 1) / 2, self.step * n, settings)

    def zero(self, sampled: Sampled) -> float:
        """Sample of the templates at which the first pixel lies at redshift 0."""
        return (self.start - sampled.start) / sampled.step


def _level(flux: NDArray, good: NDArray, step: float) -> NDArray[np.float32]:
    """Flux averaged over some 3,000 km/s, which the error floor is a fraction of."""
    n = max(int(3000 / C_KM_S / LN10 / step), 1)
    edges = np.minimum(np.arange(0, flux.shape[1] + n, n), flux.shape[1])
    edges = np.unique(edges)[:-1]
    total = np.add.reduceat(flux, edges, axis=1)
    count = np.add.reduceat(good, edges, axis=1, dtype=np.float32)
    mean = np.abs(total) / np.maximum(count, 1)
    return np.repeat(mean, np.diff(np.append(edges, flux.shape[1])), axis=1).astype(np.float32)


def _samples(z: ArrayLike, sampled: Sampled) -> NDArray[np.float64]:
    return np.log10(1 + np.asarray(z)) / sampled.step


def _redshift(at: NDArray, sampled: Sampled) -> NDArray[np.float64]:
    return 10 ** (at * sampled.step) - 1


def _scan(spectra: Spectra, candidates: NDArray, templates: tuple[TemplateSet, ...],
          settings: Settings) -> tuple[NDArray, NDArray]:
    """Misfit and redshift of the best near every candidate, (n, sets, k) each; infinite where there is none."""
    n, k = candidates.shape
    value, z = np.full((n, len(templates), k), np.inf), np.full((n, len(templates), k), np.nan)
    observed = np.flatnonzero((spectra.variance > 0).any(axis=1))
    for place, one in enumerate(templates):
        sampled = one.sampled(spectra.step, settings.few)
        low, high = one.z_range
        if one.spectype == "STAR":
            jobs, column, start = observed, np.zeros(len(observed), np.int64), np.zeros(len(observed))
        else:
            with np.errstate(invalid="ignore"):
                tried = (candidates >= low) & (candidates <= high) & (spectra.variance > 0).any(axis=1)[:, None]
            jobs, column = np.nonzero(tried)
            start = candidates[jobs, column]
        if not len(jobs):
            continue
        reach = min(settings.window, (high - low) / 2 * C_KM_S)
        half = max(int(np.ceil(reach / settings.pitch)), 1)
        got, best = np.empty(len(jobs)), np.empty(len(jobs))
        pitch = settings.pitch / C_KM_S / LN10 / sampled.step
        fit.scan(sampled.rows, spectra.zero(sampled), jobs, _samples(start, sampled), half, pitch, settings.trough,
                 spectra.flux, spectra.variance, spectra.level, settings.floor, spectra.bend, settings.width, got, best)
        value[jobs, place, column], z[jobs, place, column] = got, _redshift(best, sampled)
    return value, z


def _finalists(value: NDArray, z: NDArray, templates: tuple[TemplateSet, ...], k: int,
               settings: Settings) -> tuple[NDArray, NDArray]:
    """Set (n, finalists) and redshift of the lowest minima, each of another type or redshift; -1 and NaN for none."""
    n = len(value)
    value, z = value.reshape(n, -1).copy(), z.reshape(n, -1)
    number = np.repeat(np.arange(len(templates)), k)
    kind = np.array([one.spectype for one in templates])[number]
    which, where = np.full((n, settings.finalists), -1), np.full((n, settings.finalists), np.nan)
    rows = np.arange(n)
    for place in range(settings.finalists):
        lowest = value.argmin(axis=1)
        found = np.isfinite(value[rows, lowest])
        which[found, place], where[found, place] = number[lowest[found]], z[rows, lowest][found]
        with np.errstate(invalid="ignore"):
            near = np.abs(z - where[:, place, None]) * C_KM_S < settings.window / 2 * (1 + z)
        value[(near & (kind == kind[lowest][:, None])) | ((kind == "STAR") & (kind[lowest] == "STAR")[:, None])] = np.inf
    return which, where


def _polish(spectra: Spectra, rows: NDArray, z: NDArray, one: TemplateSet, reach: float, pitch: float,
            clip: tuple[float, float, int, int], most: int | None, settings: Settings) -> NDArray[np.float64]:
    """Redshift, error, misfit, chi2, pixels, share left out, amplitude; (p, 7)."""
    sampled = one.sampled(spectra.step, most)
    unit = 1 / C_KM_S / LN10 / sampled.step  # samples of a km/s
    out = np.empty((len(rows), 7))
    fit.polish(sampled.rows, spectra.zero(sampled), rows, _samples(z, sampled), reach * unit, pitch * unit, *clip,
               spectra.flux, spectra.variance, spectra.level, settings.floor, spectra.bend, settings.width, out)
    out[:, 0] = _redshift(out[:, 0], sampled)
    out[:, 1] *= sampled.step * LN10 * (1 + out[:, 0])
    return out


def _decide(spectra: Spectra, which: NDArray, where: NDArray, templates: tuple[TemplateSet, ...],
            settings: Settings) -> Refined:
    """Polish the finalists, choose, and polish the best without its outlying pixels."""
    n = len(which)
    first = np.full((*which.shape, 7), np.nan)
    first[..., 2] = np.inf
    for number, one in enumerate(templates):
        row, place = np.nonzero(which == number)
        if len(row):
            first[row, place] = _polish(spectra, row, where[row, place], one, 1500.0, 200.0, (settings.trough, np.inf, 1, 0),
                                        settings.medium, settings)
    order = np.argsort(np.where(np.isnan(first[..., 2]), np.inf, first[..., 2]), axis=1, kind="stable")
    rows = np.arange(n)
    chosen = which[rows, order[:, 0]]
    best = first[rows, order[:, 0]]
    second = first[rows, order[:, 1]]
    last = best.copy()
    for number, one in enumerate(templates):
        row = np.flatnonzero(chosen == number)
        if len(row):
            outliers = settings.trough, settings.clip, 2, _WINGS
            last[row] = _polish(spectra, row, best[row, 0], one, 600.0, 100.0, outliers, None, settings)
    last[:, 0] = np.where(np.isfinite(last[:, 1]), last[:, 0], best[:, 0])
    with np.errstate(invalid="ignore"):
        delta = second[:, 2] - best[:, 2]
    sets = [templates[number] if number >= 0 else None for number in chosen]
    z, dof = last[:, 0], np.maximum(last[:, 4] - len(spectra.bend) - 1, 1)
    chi2_dof = last[:, 3] / dof
    factor, added = np.array([one.z_error if one else (np.nan, np.nan) for one in sets]).reshape(n, 2).T
    z_err = np.hypot(factor * last[:, 1] * np.sqrt(np.maximum(chi2_dof, 1)), added / C_KM_S * (1 + z))
    return Refined(z, z_err.astype(np.float32), second[:, 0], delta.astype(np.float32), chi2_dof.astype(np.float32),
                   *(np.array([getattr(one, name) if one else "" for one in sets], object) for name in ("spectype", "name")),
                   _warnings(spectra, last, delta, sets, settings))


def _warnings(spectra: Spectra, last: NDArray, delta: NDArray, sets: list[TemplateSet | None],
              settings: Settings) -> NDArray[np.int32]:
    n_good = (spectra.variance > 0).sum(axis=1)
    low, high = np.array([one.z_range if one else (np.nan, np.nan) for one in sets]).reshape(-1, 2).T
    nothing = np.array([one is None for one in sets])
    with np.errstate(invalid="ignore"):
        bits = {Warn.LITTLE_COVERAGE: n_good < 0.1 * spectra.flux.shape[1], Warn.SMALL_DELTA_CHI2: ~(delta >= settings.small),
                Warn.NEGATIVE_MODEL: last[:, 6] <= 0, Warn.MANY_OUTLIERS: last[:, 5] > 0.05,
                Warn.Z_FITLIMIT: (last[:, 0] <= low) | (last[:, 0] >= high), Warn.NO_DATA: nothing,
                Warn.BAD_MINFIT: ~np.isfinite(last[:, 1]) & ~nothing}
    return sum((np.where(found, int(bit), 0) for bit, found in bits.items()), np.zeros(len(last), np.int64)).astype(np.int32)
