"""Make the templates of the redshift step: learn every set from the simulator, calibrate its errors, write the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsocore.grid import DEFAULT_GRID
from qsocore.progress import Progress
from qsocore.redshift.learn import KINDS, learn, made
from qsocore.redshift.refine import Refined, refine
from qsocore.redshift.templates import TemplateSet, write_templates
from qsocore.simulate.block import BLOCK, Survey, make_block
from qsocore.simulate.population import Sample
from qsocore.units import C_KM_S

_BLOCKS = 8  # of simulated spectra for each of two instruments, with which errors are calibrated
_SEED_APART = 7_000_001  # their seed is none of a store's
_OFF, _RIGHT = 1000.0, 3000.0  # km/s: scatter of the candidates, and beyond which a redshift is not merely imprecise
_SCALES = np.linspace(0.5, 3.0, 51)


def make_templates(out: str | Path, seed: int = 0) -> tuple[TemplateSet, ...]:
    """Learn all sets and write them.

    Parameters
    ----------
    out : path
        The file to be.
    seed : int
        Everything follows from it.

    Returns
    -------
    tuple of TemplateSet
        As written, in halves.
    """
    with Progress(len(KINDS) + 1, "learn templates") as progress:
        sets = []
        for name in KINDS:
            sets.append(learn(name, seed))
            progress.update(1)
        sets = calibrated(tuple(sets), seed)
        progress.update(1)
    write_templates(out, sets, made(seed))
    return sets


def calibrated(sets: tuple[TemplateSet, ...], seed: int = 0) -> tuple[TemplateSet, ...]:
    """The sets with `TemplateSet.z_error` such that errors of simulated redshifts over their standard errors scatter by 1.

    BOSS and DESI spectra of new seeds, quasars of all redshifts and galaxies, are refined from candidates that are off by
    1,000 km/s. The factor on the curvature's error and the error added in quadrature are those for which the halves with the
    smaller and the larger curvature error both have pulls of NMAD nearest to 1.
    """
    bare = tuple(replace(one, z_error=(1.0, 0.0)) for one in sets)
    parts = [_trial(bare, instrument, seed) for instrument in ("boss", "desi")]
    error, sigma, kind = (np.concatenate([part[i] for part in parts]) for i in range(3))
    out = []
    for one in bare:
        here = (kind == one.name) & np.isfinite(sigma) & (np.abs(error) < _RIGHT)
        out.append(replace(one, z_error=_fitted(error[here], sigma[here])) if here.sum() > 200 else one)
    return tuple(out)


def _trial(sets: tuple[TemplateSet, ...], instrument: str, seed: int) -> tuple[NDArray, NDArray, NDArray]:
    """Error of the redshift and its standard error (km/s), and the set that fits best, of simulated quasars and galaxies."""
    survey = Survey(_SEED_APART + seed, instrument, DEFAULT_GRID, (("QSO", 0.8), ("GALAXY", 0.2)), Sample("flat", (0.05, 5.2)))
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(_BLOCKS):
        observed, catalogue = make_block(survey, number)
        true = catalogue["true_z"]
        start = true + (1 + true) * _OFF / C_KM_S * rng.standard_normal(BLOCK)
        ivar = np.where(observed.mask == 0, observed.ivar, 0)
        found: Refined = refine(observed.flux, ivar, DEFAULT_GRID, start[:, None], sets)
        unit = C_KM_S / (1 + true)
        right = found.spectype == catalogue["true_class"]
        parts.append((unit * (found.z - true), np.where(right, unit * found.z_err, np.nan), found.template))
    return tuple(np.concatenate([part[i] for part in parts]) for i in range(3))


def _fitted(error: NDArray, sigma: NDArray) -> tuple[float, float]:
    """Factor and added error (km/s) for errors (n,) of standard errors (n,)."""
    small = sigma < np.median(sigma)
    best, lowest = (1.0, 0.0), np.inf
    for factor in _SCALES:
        for added in np.arange(0.0, 160.0, 5.0):
            pull = error / np.hypot(factor * sigma, added)
            miss = sum(np.log(1.4826 * np.median(np.abs(pull[part]))) ** 2 for part in (small, ~small))
            if miss < lowest:
                best, lowest = (float(factor), float(added)), miss
    return best
