"""Sersic profiles by their Fourier transform: of total flux 1, to any radius, at any place, tilt and index."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import fht, fhtoffset
from scipy.special import gamma

N_RANGE = 0.5, 6.0
"""Sersic indices that are tabulated."""

_NODES = np.array([0.5, 0.6, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0])
_LOG_K = np.linspace(np.log(1e-3), np.log(60.0), 400)  # ln of k R_e of the table


def b_n(n: ArrayLike) -> NDArray[np.float64]:
    """The number that makes R_e hold half of the light: Ciotti & Bertin (1999), A&A 352, 447, good to 1e-6 above n = 0.5."""
    n = np.asarray(n, np.float64)
    return 2 * n - 1 / 3 + 4 / (405 * n) + 46 / (25515 * n**2) + 131 / (1148175 * n**3) - 2194697 / (30690717750 * n**4)


def profile(radius: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Surface brightness at a radius in units of R_e, of total flux 1 (per R_e squared)."""
    n = np.asarray(n, np.float64)
    b = b_n(n)
    total = 2 * np.pi * n * np.exp(b) * b ** (-2 * n) * gamma(2 * n)
    return np.exp(-b * (np.asarray(radius, np.float64) ** (1 / n) - 1)) / total


@cache
def _table() -> NDArray[np.float32]:
    """Transforms at `_NODES` and `_LOG_K`, shape (n_nodes, n_k), by a Hankel transform on logarithmic radii."""
    step, size = 0.01, 4096
    log_r = (np.arange(size) - (size - 1) / 2) * step
    offset = fhtoffset(step, mu=0.0)
    log_k = log_r + offset  # of 2 pi k, in the convention of scipy.fft.fht
    radius = np.exp(log_r)
    out = []
    for n in _NODES:
        hankel = fht(radius * profile(radius, n), step, mu=0.0, offset=offset) * 2 * np.pi / np.exp(log_k)
        out.append(np.interp(_LOG_K + np.log(2 * np.pi), log_k, hankel))
    return np.array(out, np.float32)


def transform(kx: NDArray, ky: NDArray, n: NDArray, r_e: NDArray, q: NDArray, angle: NDArray) -> NDArray[np.float32]:
    """Fourier transforms of elliptical Sersic profiles, 1 at k = 0.

    Parameters
    ----------
    kx, ky : ndarray, shape (...)
        Spatial frequencies, cycles per unit of `r_e`.
    n : ndarray, shape (m,)
        Sersic indices, held at the ends of `N_RANGE`.
    r_e : ndarray, shape (m,)
        Semi-major axis of the ellipse that holds half of the light.
    q : ndarray, shape (m,)
        Axis ratio.
    angle : ndarray, shape (m,)
        Of the major axis from x towards y, radian.

    Returns
    -------
    ndarray, shape (m, ...)
    """
    shape = (-1, *np.ones(kx.ndim, int))
    q, cos, sin = (np.asarray(value, np.float32).reshape(shape) for value in (q, np.cos(angle), np.sin(angle)))
    r_e = np.asarray(r_e, np.float32).reshape(shape)
    kx, ky = kx.astype(np.float32), ky.astype(np.float32)
    along, across = kx * cos + ky * sin, (ky * cos - kx * sin) * q
    s = r_e * np.sqrt(along**2 + across**2)
    place = (np.log(np.maximum(s, 1e-9)) - np.float32(_LOG_K[0])) / np.float32(_LOG_K[1] - _LOG_K[0])
    np.clip(place, 0, _LOG_K.size - 1.001, out=place)
    below = place.astype(np.int32)
    place -= below
    below += (_LOG_K.size * np.arange(len(s), dtype=np.int32)).reshape(shape)
    curves = _at_index(n).ravel()  # one per component, so that only k is left to look up
    low = curves.take(below)
    out = low + (curves.take(below + 1) - low) * place
    out[s < np.exp(_LOG_K[0])] = 1.0
    return out


def _at_index(n: NDArray) -> NDArray[np.float32]:
    """Transforms (m, n_k) at Sersic indices (m,), linear between the nodes."""
    place = np.interp(n, _NODES, np.arange(_NODES.size))
    low = np.minimum(place.astype(int), _NODES.size - 2)
    share = (place - low).astype(np.float32)[:, None]
    return _table()[low] * (1 - share) + _table()[low + 1] * share
