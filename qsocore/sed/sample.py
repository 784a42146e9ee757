"""Samples of a physical model's parameters for one object: emcee's affine-invariant ensemble (Foreman-Mackey et al. 2013)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.fit import Fit, Limits
from qsocore.sed.optimum import fit_at, optimum
from qsocore.sed.physical import UNITS, Physical

_BALL = 1e-2  # of the prior's width, about the optimum, where the walkers begin
_TAILS = (16, 84)


@dataclass(frozen=True)
class Sample:
    """Draws from the posterior.

    Parameters
    ----------
    kind : str
    names, units : tuple of str
        Parameters.
    chain : ndarray, shape (n, n_names)
        Walkers joined, without the burn-in, thinned.
    log_likelihood : ndarray, shape (n,)
        In jansky.
    best : Fit
        The best of the optimum and the chain, with 68 % of the redshift.
    bic : float
        Of `best`, which has the highest likelihood known.
    acceptance : float
        Mean accepted fraction.
    autocorrelation : float
        Largest autocorrelation time, steps; NaN when the chain is too short to tell.
    """

    kind: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    chain: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]
    best: Fit
    bic: float
    acceptance: float
    autocorrelation: float


def sample(fluxes: BandFluxes, row: int, kind: str, *, walkers: int = 32, steps: int = 10_000, burn: int = 4_000,
           thin: int = 2, seed: int = 0, progress: Callable[[int, int], object] | None = None, fixed_z: float | None = None,
           limits: Limits = "gaussian") -> Sample:
    """Sample a model of one object, from its optimum on.

    Parameters
    ----------
    fluxes : BandFluxes
    row : int
        Which object.
    kind : str
        "galaxy", "quasar" or "quasar+galaxy".
    walkers, steps, burn, thin : int
        Of the ensemble: at least twice as many walkers as parameters.
    seed : int
    progress : callable, optional
        Told (steps done, steps) a hundred times.
    fixed_z : float, optional
        Redshift of the quasar; free when None.
    limits : {"gaussian", "censored"}

    Raises
    ------
    ConfigError
        For a star, a chain no longer than its burn-in, or too few walkers.
    """
    import emcee

    best = optimum(fluxes, row, kind, fixed_z=fixed_z, limits=limits, seed=seed)
    one = fluxes.take(row)
    model = Physical(kind, one.bands, fixed_z, "bosman" if kind == "galaxy" else best.template.partition(" + ")[0])
    if not 0 <= burn < steps or thin < 1 or walkers < 2 * len(model.names):
        raise ConfigError(f"{walkers} walkers of {steps} steps, {burn} of them burnt, cannot sample {len(model.names)} "
                          "parameters", "sample", f"take {2 * len(model.names)} walkers or more, and more steps than are burnt")

    def log_posterior(theta: NDArray) -> tuple[NDArray, NDArray]:
        prior, likelihood = model.log_prior(theta), np.full(len(theta), -np.inf)
        inside = np.isfinite(prior)
        if inside.any():
            likelihood[inside] = model.log_likelihood(theta[inside], one, limits)
        return np.where(inside, prior + np.where(inside, likelihood, 0.0), -np.inf), likelihood

    rng = np.random.default_rng(seed)
    ensemble = emcee.EnsembleSampler(walkers, len(model.names), lambda theta: np.stack(log_posterior(theta), axis=1),
                                     vectorize=True)
    ensemble.random_state = np.random.RandomState(seed).get_state()
    state = _around(model, np.array([best.parameters[name] for name in model.names]), walkers, rng)
    for done, _ in enumerate(ensemble.sample(state, iterations=steps), 1):
        if progress and done % max(steps // 100, 1) == 0:
            progress(done, steps)
    chain, likelihood = (part(discard=burn, thin=thin, flat=True) for part in (ensemble.get_chain, ensemble.get_blobs))
    return _summary(model, one, limits, best, chain, np.asarray(likelihood, float).ravel(), ensemble)


def _around(model: Physical, centre: NDArray, walkers: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Where the walkers begin: a small ball about the optimum, inside the prior."""
    low, high = np.array(list(model.bounds.values())).T
    centre = np.clip(centre, low + 1e-3 * (high - low), high - 1e-3 * (high - low))
    out = np.empty((0, centre.size))
    while len(out) < walkers:
        drawn = centre + _BALL * (high - low) * rng.standard_normal((4 * walkers, centre.size))
        if "t0" in model.names:
            drawn[:, :2] = -np.sort(-drawn[:, :2], axis=1)
        out = np.concatenate([out, drawn[np.isfinite(model.log_prior(drawn))]])
    return out[:walkers]


def _summary(model: Physical, one: BandFluxes, limits: Limits, best: Fit, chain: NDArray, likelihood: NDArray,
             ensemble) -> Sample:
    name = "z_galaxy" if model.kind == "galaxy" else "z"
    interval = tuple(np.percentile(chain[:, model.names.index(name)], _TAILS)) if name in model.names else (np.nan, np.nan)
    theta = np.array([best.parameters[name] for name in model.names])
    if likelihood.max() > best.log_likelihood:
        theta = chain[likelihood.argmax()]
    fit = fit_at(model, theta, one, limits, interval)
    time = ensemble.get_autocorr_time(tol=0)
    return Sample(model.kind, model.names, tuple(UNITS[name] for name in model.names), chain, likelihood, fit, fit.bic,
                  float(np.mean(ensemble.acceptance_fraction)), float(np.max(time)))
