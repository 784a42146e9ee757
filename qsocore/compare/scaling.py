"""Scales that bring spectra of unlike brightness, and of unlike coverage, onto one another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.compare.stack import Stack, places, rebin

_SEEN = 2.0  # sigma; fainter bins have no logarithm worth using
_FLOOR = 0.1  # scatter among spectra, in ln, that no exposure takes away
_ROUNDS, _OUTLIER = 3, 2.0  # of reweighting, and residual in sigma from which a bin counts less


def by_overlap(stack: Stack) -> NDArray[np.float64]:
    """Scales with which spectra agree best wherever they overlap, also when no wavelength is common to all.

    The least squares of ln flux(i, k) = ln scale(i) + ln composite(k) over broad bins k, weighted by their inverse variance
    with a floor of 0.1, reweighted three times for outliers (Huber). It does in one linear solution, for all objects
    alike, what Vanden Berk et al. (2001, AJ 122, 549) do in order of redshift: each spectrum is scaled to the others where
    they overlap.

    Returns
    -------
    ndarray, shape (n,)
        Flux divided by it is near 1; NaN for a spectrum that no bin shows at 2 sigma.
    """
    usable = stack.bins > _SEEN * stack.noise  # False where NaN
    log = np.log(np.where(usable, stack.bins, 1.0).astype(np.float64))
    weight = np.zeros(log.shape)
    weight[usable] = 1 / (_FLOOR**2 + (stack.noise[usable] / stack.bins[usable]) ** 2)
    seen = usable.any(axis=0)
    log, weight = log[:, seen], weight[:, seen]  # (n, n_seen)
    robust, scale = weight, np.full(len(log), np.nan)
    for _ in range(_ROUNDS):
        scale, composite = _additive(log, robust)
        residual = np.abs(log - scale[:, None] - composite) * np.sqrt(weight)
        robust = weight / np.maximum(residual / _OUTLIER, 1)
    scale[~usable.any(axis=1)] = np.nan
    return np.exp(scale)


def _additive(y: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    """The weighted least squares of y(i, k) = row(i) + column(k): rows are eliminated, columns solved for, their mean 0."""
    per_row = np.maximum(weight.sum(axis=1), 1e-300)
    mean = (weight * y).sum(axis=1) / per_row
    matrix = np.diag(weight.sum(axis=0)) - weight.T @ (weight / per_row[:, None])
    column = np.linalg.lstsq(matrix, (weight * (y - mean[:, None])).sum(axis=0), rcond=1e-10)[0]
    return mean - (weight @ column) / per_row, column


def by_window(stack: Stack, window: tuple[float, float]) -> NDArray[np.float64]:
    """Each spectrum's mean flux density between two wavelengths (Angstrom, composite's frame).

    NaN where less than half of the window is known, or the mean is not positive.
    """
    mean, error = (np.empty((len(stack), 1), np.float32) for _ in range(2))
    rebin(stack.flux, np.zeros_like(stack.flux), *places(stack.source, np.array(window, float), stack.stretch),
          stack.stretch, mean, error)
    scale = mean[:, 0].astype(np.float64)
    return np.where(scale > 0, scale, np.nan)
