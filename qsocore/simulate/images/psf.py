"""Point spread functions: Moffat profiles, their light in apertures and their Fourier transform."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gamma, kv

BETA = 3.0
"""Exponent of the wings: coadds of ground-based surveys have 3 to 3.5."""

_X = np.concatenate([[0.0], np.geomspace(1e-4, 60.0, 3000)])  # 2 pi k r_d of the table


def core_radius(fwhm: ArrayLike, beta: float = BETA) -> NDArray[np.float64]:
    """r_d of a Moffat profile (1 + (r / r_d)^2)^-beta of that full width at half maximum, in its unit."""
    return np.asarray(fwhm, np.float64) / (2 * np.sqrt(2 ** (1 / beta) - 1))


def enclosed(radius: ArrayLike, fwhm: ArrayLike, beta: float = BETA) -> NDArray[np.float64]:
    """Share of a point's light within a radius: 1 - (1 + (r / r_d)^2)^(1 - beta)."""
    return 1 - (1 + (np.asarray(radius, np.float64) / core_radius(fwhm, beta)) ** 2) ** (1 - beta)


def transform(k: NDArray, fwhm: NDArray) -> NDArray[np.float32]:
    """Fourier transform of Moffat profiles of `BETA`, 1 at k = 0.

    Parameters
    ----------
    k : ndarray, shape (...)
        Spatial frequency, cycles per unit of the widths.
    fwhm : ndarray, shape (n, n_bands)
        Full widths at half maximum, the pixel's width included.

    Returns
    -------
    ndarray, shape (n, n_bands, ...)
        2 (x / 2)^(beta - 1) K_(beta - 1)(x) / Gamma(beta - 1) with x = 2 pi k r_d.
    """
    fwhm = np.asarray(fwhm)
    x = 2 * np.pi * np.multiply.outer(core_radius(fwhm), k)
    return np.interp(x.ravel(), _X, _table()).astype(np.float32).reshape(x.shape)


@cache
def _table() -> NDArray[np.float64]:
    order = BETA - 1
    x = _X[1:]
    return np.concatenate([[1.0], 2 * (x / 2) ** order * kv(order, x) / gamma(order)])
