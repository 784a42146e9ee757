"""Quasars and galaxies that shine together: non-negative least squares of two components, for every pair of two grids.

With data and models in units of the errors and models of length 1, p and r the data's projections on quasar and galaxy and c
the cosine between these, the best pair takes p^2 + (r - p c)^2 / (1 - c^2) off the data's sum of squares while both amplitudes
are positive (r > p c and p > r c), and otherwise what the better of the two takes alone: the closed form of Lawson & Hanson's
(1974) algorithm for two columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.compiled import compiled
from qsocore.sed.grids import Grid, galaxy_grid, quasar_grid

_BEHIND = {"step": 0.012, "tilt": (0.0,), "ebv": (0.0, 0.07, 0.2),
           "sight_lines": (("bosman", (1.0, 1.28)), ("becker", (1.0,)))}
_BEFORE = {"step": 0.04, "ebv": (0.0, 0.2, 0.45)}
Z_LENS = (0.01, 4.0)
"""Redshifts of the galaxies."""
_TURNS = 2  # of the search near each start
_ALIKE = 1e-6  # of 1 - c^2: models nearer to each other than this are one


def coarse(bands: tuple[str, ...]) -> tuple[Grid, Grid]:
    """Quasars and galaxies of which every pair is tried; `refined` goes on from the best."""
    return quasar_grid(bands, **_BEHIND), galaxy_grid(bands, Z_LENS, **_BEFORE)


def fine(bands: tuple[str, ...]) -> tuple[Grid, Grid]:
    """Quasars and galaxies on the steps of single fits."""
    return quasar_grid(bands), galaxy_grid(bands, Z_LENS)


def near(z: NDArray, quasars: Grid) -> NDArray[np.int64]:
    """First and one behind the last of the quasars of a grid within a coarse step of redshifts (n,), shape (n, 2)."""
    reach = np.log1p(z)[:, None] + np.array([-1, 1]) * _BEHIND["step"]
    return np.clip(np.searchsorted(np.log1p(quasars.z), reach), 0, quasars.z.size) * quasars.per_z


def best_pairs(flux: NDArray, weight: NDArray, quasars: Grid, galaxies: Grid) -> NDArray[np.int64]:
    """The quasars of the best pairs: one for each sight line and E(B-V).

    Parameters
    ----------
    flux, weight : ndarray of float32, shape (n, n_bands)
        In units of the errors, 0 where a band takes no part, and inverse errors.
    quasars, galaxies : Grid

    Returns
    -------
    ndarray, shape (n, per_z)
        Their numbers, those of the best pairs first.
    """
    gain = _gains(flux, weight, quasars.flux, np.ascontiguousarray(galaxies.flux.T))
    gain = gain.reshape(len(flux), quasars.z.size, quasars.per_z)
    best = gain.argmax(axis=1) * quasars.per_z + np.arange(quasars.per_z)
    return np.take_along_axis(best, np.argsort(-gain.max(axis=1), axis=1), axis=1)


@compiled(fastmath=True, error_model="numpy")
def _gains(flux: NDArray, weight: NDArray, quasars: NDArray, galaxies: NDArray) -> NDArray[np.float32]:
    """The best gain of each quasar (n, n_quasars), whatever the galaxy; quasars (n_quasars, n_bands), galaxies transposed."""
    n, (n_quasars, n_bands), n_galaxies = flux.shape[0], quasars.shape, galaxies.shape[1]
    out = np.empty((n, n_quasars), np.float32)
    scaled = np.empty((n_bands, n_galaxies), np.float32)
    r, c = np.empty(n_galaxies, np.float32), np.empty(n_galaxies, np.float32)
    for row in range(n):
        d, w = flux[row], weight[row]
        _scale(galaxies, d, w, scaled, r)
        alone = np.float32(0.0)
        for j in range(n_galaxies):
            alone = max(alone, r[j])
        for i in range(n_quasars):
            square, p = np.float32(0.0), np.float32(0.0)
            for b in range(n_bands):
                value = quasars[i, b] * w[b]
                square += value * value
                p += value * d[b]
            length = np.sqrt(max(square, np.float32(1e-30)))
            p /= length
            c[:] = np.float32(0.0)
            for b in range(n_bands):
                value = quasars[i, b] * w[b] / length
                for j in range(n_galaxies):
                    c[j] += value * scaled[b, j]
            best = np.float32(0.0)
            for j in range(n_galaxies):
                t = r[j] - p * c[j]
                both = (t > 0) & (p > r[j] * c[j])
                more = t * t / max(np.float32(1.0) - c[j] * c[j], np.float32(_ALIKE))
                best = max(best, more if both else np.float32(0.0))
            single = max(p, np.float32(0.0))
            out[row, i] = max(single * single + best, alone * alone)
    return out


@compiled(fastmath=True, error_model="numpy")
def _scale(models: NDArray, d: NDArray, w: NDArray, scaled: NDArray, r: NDArray) -> None:
    """Models (n_bands, n) in units of the errors and of length 1, and the data's projections on them (n,), in place."""
    n_bands, n = models.shape
    for j in range(n):
        square, product = np.float32(0.0), np.float32(0.0)
        for b in range(n_bands):
            value = models[b, j] * w[b]
            scaled[b, j] = value
            square += value * value
            product += value * d[b]
        length = np.sqrt(max(square, np.float32(1e-30)))
        for b in range(n_bands):
            scaled[b, j] /= length
        r[j] = product / length


@compiled(error_model="numpy")
def beside(flux: NDArray, weight: NDArray, one: NDArray, others: NDArray,
           gains: NDArray) -> tuple[int, float, float]:
    """The best partner of one model.

    Parameters
    ----------
    flux, weight : ndarray, shape (n_bands,)
        As in `best_pairs`, of one object.
    one : ndarray, shape (n_bands,)
        A model.
    others : ndarray, shape (n, n_bands)
        Those that it is paired with.
    gains : ndarray, shape (n,)
        Filled: by how much chi2 falls below that of no light with each of them.

    Returns
    -------
    number : int
        The best of `others`.
    first, second : float
        Amplitudes of `one` and of the other, none negative.
    """
    aa, p = 0.0, 0.0
    for b in range(flux.size):
        value = np.float64(one[b]) * weight[b]
        aa += value * value
        p += value * flux[b]
    number, most, first, second = 0, -1.0, 0.0, 0.0
    for j in range(others.shape[0]):
        bb, ab, r = 0.0, 0.0, 0.0
        for b in range(flux.size):
            value = np.float64(others[j, b]) * weight[b]
            bb += value * value
            ab += value * one[b] * weight[b]
            r += value * flux[b]
        det = aa * bb - ab * ab
        x, y = p * bb - r * ab, r * aa - p * ab
        if x > 0 and y > 0 and det > _ALIKE * aa * bb:
            x, y = x / det, y / det
        elif max(p, 0.0) ** 2 * bb >= max(r, 0.0) ** 2 * aa:
            x, y = (max(p, 0.0) / aa if aa > 0 else 0.0), 0.0
        else:
            x, y = 0.0, max(r, 0.0) / bb
        gains[j] = x * p + y * r  # what is explained at a least-squares solution
        if gains[j] > most:
            number, most, first, second = j, gains[j], x, y
    return number, first, second


@compiled(error_model="numpy")
def refined(flux: NDArray, weight: NDArray, starts: NDArray, near: NDArray, quasars: NDArray,
            galaxies: NDArray) -> tuple[int, int, float, float, NDArray]:
    """The best pair of two fine grids near pairs of coarse ones.

    Each start gets a galaxy, and this a quasar near the start; the best of these galaxies gets the best of all quasars, and
    that a galaxy again.

    Parameters
    ----------
    flux, weight : ndarray, shape (n_bands,)
        As in `best_pairs`, of one object.
    starts : ndarray, shape (n_starts, n_bands)
        Quasars to begin with.
    near : ndarray of int, shape (n_starts, 2)
        First and one behind the last of the quasars near each.
    quasars, galaxies : ndarray, shape (n, n_bands)
        Models of the fine grids.

    Returns
    -------
    quasar, galaxy : int
        Their numbers in the grids.
    first, second : float
        Their amplitudes.
    gains : ndarray, shape (n_quasars,)
        By how much chi2 falls below that of no light with each quasar, beside the galaxy that it was found with.
    """
    gains, others = np.empty(quasars.shape[0]), np.empty(galaxies.shape[0])
    galaxy, most = 0, -1.0
    for start in range(starts.shape[0]):
        one, part = starts[start], quasars[near[start, 0]:near[start, 1]]
        for _ in range(_TURNS):
            j, _, _ = beside(flux, weight, one, galaxies, others)
            i, _, _ = beside(flux, weight, galaxies[j], part, gains)
            one = part[i]
        if gains[i] > most:
            galaxy, most = j, gains[i]
    quasar, _, _ = beside(flux, weight, galaxies[galaxy], quasars, gains)
    galaxy, first, second = beside(flux, weight, quasars[quasar], galaxies, others)
    return quasar, galaxy, first, second, gains
