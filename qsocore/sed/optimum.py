"""The best physical model of one object: a global search in the shape, with the amplitudes in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import differential_evolution, minimize

from qsocore.sed import quasars
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.fit import BOTH, Fit, Limits, chi2_of, fits_of
from qsocore.sed.forests import FORESTS
from qsocore.sed.physical import CONSTANT, R_V, Physical

_AMPLITUDES = ("m_1450", "log_mass")
_LOG_MASS = 11.0  # of amplitude 1 in the search
_FORBIDDEN = 1e12  # of chi2, where the prior is nothing
_POPULATION, _GENERATIONS = 11, 180  # members for each parameter, and how often they are bred
_AGES = ((0.1, 0.0), (1.0, 0.0), (10.0, 0.0), (1.0, 0.5), (6.0, 3.0))  # Gyr
_SIMPLEX = {"maxiter": 2000, "maxfev": 2000, "xatol": 1e-5, "fatol": 1e-4}


def optimum(fluxes: BandFluxes, row: int, kind: str, *, fixed_z: float | None = None, limits: Limits = "gaussian",
            forests: Sequence[str] = tuple(FORESTS), seed: int = 0) -> Fit:
    """The best fit of one kind with physical parameters (the most probable of them, see `qsocore.sed.physical`).

    Differential evolution (Storn & Price 1997), begun with the best of the grid among its members, then a simplex from where it
    ended and one from where it began; amplitudes are solved for at every step.

    Parameters
    ----------
    fluxes : BandFluxes
    row : int
        Which object.
    kind : str
        "galaxy", "quasar" or "quasar+galaxy".
    fixed_z : float, optional
        Redshift of the quasar; free when None.
    limits : {"gaussian", "censored"}
    forests : sequence of str
        Of `qsocore.sed.forests.FORESTS`; the best is taken.
    seed : int
        Of the search.

    Raises
    ------
    ConfigError
        For a star, or a redshift out of range.
    """
    one = fluxes.take(row)
    models = [Physical(kind, one.bands, fixed_z, forest) for forest in (forests if kind != "galaxy" else forests[:1])]
    found = [(model, climbed(model, one, limits, seed)) for model in models]
    model, theta = max(found, key=lambda pair: float(_log_posterior(pair[0], pair[1][None], one, limits)[0]))
    return fit_at(model, theta, one, limits)


def climbed(model: Physical, one: BandFluxes, limits: Limits = "gaussian", seed: int = 0) -> NDArray[np.float64]:
    """The most probable parameters (n_names,) of a model for one object; see `optimum`."""
    shape = [name for name in model.names if name not in _AMPLITUDES]
    bounds = [model.bounds[name] for name in shape]

    def cost(values: NDArray) -> NDArray:
        theta = _whole(model, np.atleast_2d(values.T), one)
        score = -2 * _log_posterior(model, theta, one, limits)
        return np.where(np.isfinite(score), score, _FORBIDDEN)

    starts = [np.array([np.clip(at[name], *model.bounds[name]) for name in shape]) for at in _starts(model, one)]
    first = min(starts, key=lambda values: float(cost(values)[0]))
    found = differential_evolution(cost, bounds, popsize=_POPULATION, maxiter=_GENERATIONS, tol=1e-7, seed=seed, x0=first,
                                   vectorized=True, updating="deferred", polish=False, init="sobol")
    ends = [minimize(lambda values: float(cost(values)[0]), begin, method="Nelder-Mead", bounds=bounds, options=_SIMPLEX)
            for begin in (found.x, first)]
    return _whole(model, min([found, *ends], key=lambda end: end.fun).x[None], one)[0]


def fit_at(model: Physical, theta: NDArray, one: BandFluxes, limits: Limits = "gaussian",
           interval: tuple[float, float] | None = None) -> Fit:
    """The `Fit` of a model at some parameters (n_names,), with the 68 % of its redshift where they are known."""
    parameters = dict(zip(model.names, map(float, theta), strict=True))
    light = model.parts(theta[None]).sum(axis=1)
    chi2 = float(chi2_of(one, light, limits)[0])
    log_likelihood = -0.5 * (chi2 + float(one.log_errors[0]))
    n = int(one.n[0])
    if model.kind != "quasar":
        parameters["ebv_galaxy"] = parameters["a_v"] / R_V
    if model.kind != "galaxy":
        parameters["opacity"] = float(np.exp(parameters["ln_opacity"]))
    z = parameters["z_galaxy"] if model.kind == "galaxy" else parameters.get("z", model.fixed_z)
    low, high = interval or (np.nan, np.nan)
    template = {"galaxy": CONSTANT, "quasar": model.forest, BOTH: f"{model.forest} + {CONSTANT}"}[model.kind]
    bic = model.k * float(np.log(n)) - 2 * log_likelihood
    return Fit(model.kind, chi2, log_likelihood, bic, model.k, n, float(z), low, high, template, parameters, light[0])


def _log_posterior(model: Physical, theta: NDArray, one: BandFluxes, limits: Limits) -> NDArray[np.float64]:
    prior = model.log_prior(theta)
    return np.where(np.isfinite(prior), prior + model.log_likelihood(theta, one, limits), -np.inf)


def _whole(model: Physical, shapes: NDArray, one: BandFluxes) -> NDArray[np.float64]:
    """Parameters (n, n_names) with the best amplitudes for shapes (n, n_shape), within the prior; t0 and t1 in their order."""
    at = dict(zip((name for name in model.names if name not in _AMPLITUDES), shapes.T, strict=True))
    if "t0" in at:
        at["t0"], at["t1"] = np.maximum(at["t0"], at["t1"]), np.minimum(at["t0"], at["t1"])
    unit = at | {"m_1450": np.full(len(shapes), quasars.MAGNITUDE), "log_mass": np.full(len(shapes), _LOG_MASS)}
    parts = model.parts(np.stack([unit[name] for name in model.names], axis=1))
    first, second = _amplitudes(parts, one)
    if model.kind == "galaxy":
        first, second = np.ones_like(first), first
    with np.errstate(divide="ignore"):
        found = unit | {"m_1450": quasars.MAGNITUDE - 2.5 * np.log10(first), "log_mass": _LOG_MASS + np.log10(second)}
    return np.stack([np.clip(found[name], *model.bounds[name]) for name in model.names], axis=1)


def _amplitudes(parts: NDArray, one: BandFluxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Non-negative amplitudes (n,) of one or two components (n, n_parts, n_bands)."""
    used = one.used[0]
    weight = 1 / one.error[0, used]
    a = parts[:, 0, used] * weight
    b = parts[:, 1, used] * weight if parts.shape[1] > 1 else np.zeros_like(a)
    data = one.flux[0, used] * weight
    aa, bb, ab, p, r = (a * a).sum(axis=1), (b * b).sum(axis=1), (a * b).sum(axis=1), a @ data, b @ data
    with np.errstate(divide="ignore", invalid="ignore"):
        det = aa * bb - ab**2
        first, second = (p * bb - r * ab) / det, (r * aa - p * ab) / det
        both = (first > 0) & (second > 0) & (det > 1e-9 * aa * bb)
        alone, other = np.maximum(p, 0) / aa, np.where(bb > 0, np.maximum(r, 0) / bb, 0.0)
        better = alone * p >= other * r
    return np.where(both, first, np.where(better, alone, 0.0)), np.where(both, second, np.where(better, 0.0, other))


def _starts(model: Physical, one: BandFluxes) -> list[dict[str, float]]:
    """Shapes of the grid's best fit of the same kind, its history by those of a constant rate that `_AGES` has."""
    best = fits_of(one, 0, (model.kind,))[0]
    grid, z = best.parameters, best.z
    same = {"metallicity": 1.0, "a_v": R_V * grid.get("ebv_galaxy", 0.0), "z": z,
            "z_galaxy": grid.get("z_galaxy", z), "ebv": grid.get("ebv", 0.0), "tilt": grid.get("tilt", 0.0),
            "ln_opacity": np.log(grid.get("opacity", 1.0))}
    return [same | {"t0": oldest, "t1": youngest} for oldest, youngest in _AGES]
