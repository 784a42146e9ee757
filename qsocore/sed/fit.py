"""Every model of the grids against every object: the amplitude in closed form, many objects at once by matrix products.

For a model m of one component the best amplitude is A = sum(f m / s^2) / sum(m^2 / s^2), and then
chi2 = sum(f^2 / s^2) - A sum(f m / s^2); for a pair of components see `qsocore.sed.pairs`. An upper limit is a flux of 0 whose
error is a third of the limit of three sigma; with ``limits="censored"`` it is instead the probability to lie below the limit,
for which the amplitude stays that of the former and a pair is chosen as by the former.

ln L = -1/2 sum[(f - m)^2 / s^2 + ln s^2] with fluxes in jansky, BIC = k ln n - 2 ln L (Schwarz 1978, Ann. Statist. 6, 461),
with k the kind's parameters (`qsocore.sed.grids.K`) and n the bands that take part.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from qsocore.errors import ConfigError, did_you_mean
from qsocore.progress import Progress
from qsocore.sed import pairs, quasars
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.grids import Grid, K, galaxy_grid, quasar_grid, star_grid
from qsocore.sed.stars import Stars

KINDS = ("star", "galaxy", "quasar", "quasar+galaxy")
"""What an object may be."""

BOTH = KINDS[3]
"""The kind with two components."""

Limits = Literal["gaussian", "censored"]
LIMIT = 3.0
"""Sigma at which an upper limit stands."""
_BLOCK = 64  # objects at once: some 15 MB for each array of (objects, models)
_STARTS = 4  # pairs of the coarse grids from which the finer ones are searched
_TAILS = (0.16, 0.84)
_DARK = 1e-30  # of squares: a model without light in any band has no amplitude
_UNLIKELY = 60.0  # of chi2 above the best, from where on a model adds nothing to a marginal likelihood


@dataclass(frozen=True)
class Fit:
    """One kind of model at its best for one object.

    Parameters
    ----------
    kind : str
        Of `KINDS`.
    chi2, log_likelihood, bic : float
        See the module; likelihoods are densities in jansky.
    k, n : int
        Parameters, and bands that take part.
    z, z_low, z_high : float
        Redshift (a pair's is the quasar's) with the limits of 68 %, NaN for stars.
    template : str
        Star, history of the galaxy, forest before the quasar; those of a pair joined by " + ".
    parameters : dict of str to float
        ``m_1450``, ``ebv``, ``tilt``, ``opacity`` of a quasar, ``ebv_galaxy``, ``amplitude``, ``z_galaxy`` of a galaxy,
        ``amplitude`` of a star; of `qsocore.sed.optimum` those of `qsocore.sed.physical`.
    model : ndarray, shape (n_bands,)
        Microjansky.
    """

    kind: str
    chi2: float
    log_likelihood: float
    bic: float
    k: int
    n: int
    z: float
    z_low: float
    z_high: float
    template: str
    parameters: dict[str, float]
    model: NDArray[np.float64] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Found:
    """The best models of one kind.

    Parameters
    ----------
    model, galaxy : ndarray of int, shape (n,)
        Numbers in the grids; a pair's are a quasar and a galaxy, of the other kinds `galaxy` is -1.
    amplitude, second : ndarray, shape (n,)
        Theirs.
    chi2, z, z_low, z_high : ndarray, shape (n,)
    """

    model: NDArray[np.int64]
    galaxy: NDArray[np.int64]
    amplitude: NDArray[np.float64]
    second: NDArray[np.float64]
    chi2: NDArray[np.float64]
    z: NDArray[np.float64]
    z_low: NDArray[np.float64]
    z_high: NDArray[np.float64]


@dataclass(frozen=True)
class FitTable:
    """Fits of all objects.

    Parameters
    ----------
    fluxes : BandFluxes
        What was fitted.
    found : dict of str to Found
        By kind.
    grids : dict of str to Grid
        By kind; a pair's are "behind" and "before".
    """

    fluxes: BandFluxes
    found: dict[str, Found]
    grids: dict[str, Grid]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds that were tried."""
        return tuple(self.found)

    def log_likelihood(self, kind: str) -> NDArray[np.float64]:
        """Of one kind, shape (n,)."""
        return -0.5 * (self.found[kind].chi2 + self.fluxes.log_errors)

    def bic(self, kind: str) -> NDArray[np.float64]:
        """Of one kind, shape (n,); NaN without a band."""
        n = np.where(self.fluxes.n > 0, self.fluxes.n, np.nan)
        return self.k(kind) * np.log(n) - 2 * self.log_likelihood(kind)

    def k(self, kind: str) -> int:
        """Parameters of one kind."""
        return K[kind]

    def preferred(self) -> NDArray[np.int64]:
        """Number of the kind with the least BIC among `kinds`, shape (n,); -1 without a band."""
        bic = np.stack([self.bic(kind) for kind in self.kinds], axis=1)
        return np.where(np.isfinite(bic).all(axis=1), np.argmin(np.nan_to_num(bic, nan=np.inf), axis=1), -1)

    def templates(self, kind: str) -> NDArray[np.object_]:
        """Names of the best templates of one kind, shape (n,)."""
        found = self.found[kind]
        if kind == BOTH:
            behind, before = self.grids["behind"], self.grids["before"]
            return np.array([f"{behind.templates[i % behind.per_z]} + {before.templates[j % before.per_z]}"
                             for i, j in zip(found.model, found.galaxy, strict=True)], object)
        grid = self.grids[kind]
        return np.array([grid.templates[i % grid.per_z] for i in found.model], object)

    def parameters(self, kind: str) -> dict[str, NDArray[np.float64]]:
        """Parameters of the best models of one kind, (n,) each, by the names that `Fit` has them under."""
        found = self.found[kind]
        if kind == "star":
            return {"amplitude": found.amplitude}
        if kind == "galaxy":
            return _of_galaxy(self.grids[kind], found.model, found.amplitude)
        quasar = _of_quasar(self.grids["behind" if kind == BOTH else kind], found.model, found.amplitude)
        return quasar | _of_galaxy(self.grids["before"], found.galaxy, found.second) if kind == BOTH else quasar

    def model(self, kind: str) -> NDArray[np.float64]:
        """Band fluxes of the best models of one kind, microjansky, shape (n, n_bands)."""
        found = self.found[kind]
        first = self.grids["behind" if kind == BOTH else kind].flux[found.model] * found.amplitude[:, None]
        return first + self.grids["before"].flux[found.galaxy] * found.second[:, None] if kind == BOTH else first

    def fits(self, row: int) -> list[Fit]:
        """One object's fits, the preferred first."""
        alone = FitTable(self.fluxes.take(row), {kind: _take(found, row) for kind, found in self.found.items()}, self.grids)
        return sorted(map(alone._only, alone.kinds), key=lambda fit: fit.bic)

    def _only(self, kind: str) -> Fit:
        """The fit of a table of one object."""
        found = self.found[kind]
        return Fit(kind, float(found.chi2[0]), float(self.log_likelihood(kind)[0]), float(self.bic(kind)[0]), K[kind],
                   int(self.fluxes.n[0]), float(found.z[0]), float(found.z_low[0]), float(found.z_high[0]),
                   self.templates(kind)[0], {name: float(values[0]) for name, values in self.parameters(kind).items()},
                   self.model(kind)[0])


def fit(fluxes: BandFluxes, kinds: Sequence[str] = KINDS, *, stars: Stars | None = None, limits: Limits = "gaussian",
        threads: int = 2, progress: bool = False) -> FitTable:
    """Fit all objects, in blocks that bound the memory.

    Parameters
    ----------
    fluxes : BandFluxes
    kinds : sequence of str
        Of `KINDS`.
    stars : Stars, optional
        Another library of stars, see `qsocore.sed.stars.read_stars`.
    limits : {"gaussian", "censored"}
        What upper limits mean, see the module.
    threads : int
        Blocks at once.
    progress : bool
        Whether it is shown.

    Raises
    ------
    ConfigError
        For a kind that there is not, or no object.
    """
    if not len(fluxes):
        raise ConfigError("there is no object to fit", "photometry", "give at least one")
    for kind in kinds:
        if kind not in KINDS:
            raise ConfigError(f"no kind is called {kind!r}", "kinds", did_you_mean(kind, KINDS))
    grids = grids_of(fluxes.bands, kinds, stars)
    parts: dict[str, list[Found]] = {kind: [] for kind in kinds}
    blocks = [fluxes.take(np.arange(start, min(start + _BLOCK, len(fluxes)))) for start in range(0, len(fluxes), _BLOCK)]
    with _Shown(len(fluxes), progress) as shown, ThreadPoolExecutor(threads) as pool:
        for block, found in zip(blocks, pool.map(lambda block: _of_block(block, kinds, grids, limits), blocks), strict=True):
            for kind in kinds:
                parts[kind].append(found[kind])
            shown.update(len(block))
    return FitTable(fluxes, {kind: _joined(found) for kind, found in parts.items()}, grids)


def best_of(fluxes: BandFluxes, grid: Grid, limits: Limits = "gaussian") -> Found:
    """The best models of one grid for all objects, in blocks that bound the memory: of another code's models, say."""
    starts = range(0, len(fluxes), _BLOCK)
    return _joined([_single(fluxes.take(np.arange(start, min(start + _BLOCK, len(fluxes)))), grid, limits) for start in starts])


def fits_of(fluxes: BandFluxes, row: int, kinds: Sequence[str] = KINDS, *, stars: Stars | None = None,
            limits: Limits = "gaussian") -> list[Fit]:
    """One object's fits of every kind, the preferred (least BIC) first; arguments as for `fit`."""
    return fit(fluxes.take(row), kinds, stars=stars, limits=limits).fits(0)


def grids_of(bands: tuple[str, ...], kinds: Sequence[str], stars: Stars | None = None) -> dict[str, Grid]:
    """The grids that `FitTable` has of some kinds."""
    made = {"star": lambda: star_grid(bands, stars), "galaxy": lambda: galaxy_grid(bands), "quasar": lambda: quasar_grid(bands)}
    grids = {kind: made[kind]() for kind in kinds if kind != BOTH}
    return grids | dict(zip(("behind", "before"), pairs.fine(bands), strict=True)) if BOTH in kinds else grids


class _Shown:
    """Progress where it is wanted."""

    def __init__(self, total: int, wanted: bool):
        self._line = Progress(total, "sed") if wanted else None

    def __enter__(self) -> _Shown:
        if self._line:
            self._line.__enter__()
        return self

    def __exit__(self, *reason) -> None:
        if self._line:
            self._line.__exit__(*reason)

    def update(self, n: int) -> None:
        if self._line:
            self._line.update(n)


def _of_block(fluxes: BandFluxes, kinds: Sequence[str], grids: dict[str, Grid], limits: Limits) -> dict[str, Found]:
    return {kind: _pairs(fluxes, grids["behind"], grids["before"], limits) if kind == BOTH
            else _single(fluxes, grids[kind], limits) for kind in kinds}


def _in_errors(fluxes: BandFluxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fluxes in units of their errors and inverse errors, 0 where a band takes no part."""
    weight = np.where(fluxes.used, 1 / np.where(fluxes.used, fluxes.error, 1.0), 0.0)
    return np.where(fluxes.used, fluxes.flux, 0.0) * weight, weight


def _single(fluxes: BandFluxes, grid: Grid, limits: Limits) -> Found:
    """The best models of one component."""
    data, weight = _in_errors(fluxes)
    product = (data * weight).astype(np.float32) @ grid.flux.T  # (n, n_models)
    square = np.square(weight).astype(np.float32) @ np.square(grid.flux).T
    np.maximum(product, 0.0, out=product)
    amplitude = product / np.maximum(square, _DARK)
    gain = amplitude * product
    if limits == "censored":
        gain -= _limit_terms(fluxes, grid.flux, amplitude)
    best = gain.argmax(axis=1)
    z_low, z_high = _interval(_marginal(gain, grid), grid.z)
    model = grid.flux[best].astype(np.float64)
    size = _ratio(np.sum(data * weight * model, axis=1), np.sum(np.square(weight * model), axis=1))
    return Found(best, np.full(len(best), -1), size, np.zeros(len(best)), chi2_of(fluxes, model * size[:, None], limits),
                 grid.z_of(best), z_low, z_high)


def _ratio(product: NDArray, square: NDArray) -> NDArray[np.float64]:
    return np.where(square > 0, np.maximum(product, 0.0) / np.where(square > 0, square, 1.0), 0.0)


def _pairs(fluxes: BandFluxes, behind: Grid, before: Grid, limits: Limits) -> Found:
    """The best pairs: of the coarse grids, then refined."""
    data, weight = _in_errors(fluxes)
    quasars_, galaxies_ = pairs.coarse(fluxes.bands)
    starts = pairs.best_pairs(data.astype(np.float32), weight.astype(np.float32), quasars_, galaxies_)[:, :_STARTS]
    found = [pairs.refined(*one, quasars_.flux[numbers], pairs.near(quasars_.z_of(numbers), behind), behind.flux, before.flux)
             for *one, numbers in zip(data, weight, starts, strict=True)]
    model, galaxy = (np.array([one[part] for one in found], np.int64) for part in (0, 1))
    amplitude, second = (np.array([one[part] for one in found]) for part in (2, 3))
    light = behind.flux[model] * amplitude[:, None] + before.flux[galaxy] * second[:, None]
    z_low, z_high = _interval(_marginal(np.stack([one[4] for one in found]), behind), behind.z)
    return Found(model, galaxy, amplitude, second, chi2_of(fluxes, light, limits), behind.z_of(model), z_low, z_high)


def chi2_of(fluxes: BandFluxes, model: NDArray, limits: Limits = "gaussian") -> NDArray[np.float64]:
    """Chi2 of models (n, n_bands) in microjansky, shape (n,)."""
    data, weight = _in_errors(fluxes)
    apart = np.square(data - model * weight)
    if limits == "censored":
        apart = np.where(fluxes.used & ~fluxes.seen, -2 * log_ndtr(LIMIT - model * weight), apart)
    return apart.sum(axis=1)


def _limit_terms(fluxes: BandFluxes, models: NDArray, amplitude: NDArray) -> NDArray[np.float32]:
    """What the bands with upper limits add to chi2 (n, n_models) when they are censored rather than zero."""
    out = np.zeros_like(amplitude)
    for band in range(len(fluxes.bands)):
        rows = np.flatnonzero(fluxes.used[:, band] & ~fluxes.seen[:, band])
        level = amplitude[rows] * models[:, band] / fluxes.error[rows, band, None].astype(np.float32)
        out[rows] += -2 * log_ndtr(LIMIT - level) - np.square(level)
    return out


def _marginal(gain: NDArray, grid: Grid) -> NDArray[np.float64]:
    """Ln of the likelihood (n, n_z) summed over all models of a redshift, relative to the best model's."""
    half = (gain - gain.max(axis=1, keepdims=True)) / 2
    np.maximum(half, -_UNLIKELY / 2, out=half)
    summed = np.exp(half, out=half).reshape(len(gain), grid.z.size, grid.per_z).sum(axis=2, dtype=np.float64)
    return np.log(summed)


def _interval(log_likelihood: NDArray, z: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Redshifts (n,) between which 68 % of a likelihood (n, n_z) lie, the prior being flat in redshift."""
    if z.size < 2:
        nothing = np.full(len(log_likelihood), np.nan)
        return nothing, nothing
    cells = np.gradient(z)
    share = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True)) * cells
    below = np.cumsum(share, axis=1)
    below /= below[:, -1:]
    upper = z + cells / 2
    return tuple(np.array([np.interp(tail, row, upper) for row in below]) for tail in _TAILS)


def _of_quasar(grid: Grid, model: NDArray, amplitude: NDArray) -> dict[str, NDArray[np.float64]]:
    at = model % grid.per_z
    with np.errstate(divide="ignore"):
        return {"m_1450": quasars.MAGNITUDE - 2.5 * np.log10(amplitude), "ebv": grid.ebv[at], "tilt": grid.tilt[at],
                "opacity": grid.opacity[at]}


def _of_galaxy(grid: Grid, model: NDArray, amplitude: NDArray) -> dict[str, NDArray[np.float64]]:
    return {"amplitude": amplitude, "ebv_galaxy": grid.ebv[model % grid.per_z], "z_galaxy": grid.z_of(model)}


def _take(found: Found, row: int) -> Found:
    return Found(*(getattr(found, name)[row:row + 1] for name in Found.__dataclass_fields__))


def _joined(parts: list[Found]) -> Found:
    return Found(*(np.concatenate([getattr(part, name) for part in parts]) for name in Found.__dataclass_fields__))
