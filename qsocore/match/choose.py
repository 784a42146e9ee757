"""Of all pairs within a radius, the best: each row's nearest, and those that are each other's nearest."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.match import Wanted


def chosen(wanted: Wanted, a: ArrayLike, b: ArrayLike, separation: ArrayLike) -> NDArray[np.int64]:
    """The pairs that are wanted, ordered by A, then by separation, then by B.

    Parameters
    ----------
    wanted : Wanted
    a, b : array_like of int, shape (n,)
        Rows of both; of several that are equally near the lowest is taken, so that the answer is always the same.
    separation : array_like, shape (n,)

    Returns
    -------
    ndarray of int64, shape (m,)
        Numbers of the pairs.
    """
    a, b, separation = np.asarray(a), np.asarray(b), np.asarray(separation)
    order = np.lexsort((b, separation, a))
    if wanted.find == "all":
        return order
    best = order[_first(a[order])]
    if not wanted.symmetric:
        return best
    back = np.lexsort((a, separation, b))
    return best[np.isin(best, back[_first(b[back])])]


def _first(sorted_values: NDArray) -> NDArray[np.bool_]:
    """Where a value comes for the first time."""
    return np.diff(sorted_values, prepend=sorted_values[:1] - 1) != 0


def places(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.int64]:
    """A number for each place on the sky, the same for the same: rows of a catalogue that has no row numbers."""
    both = np.stack([np.asarray(ra, np.float64), np.asarray(dec, np.float64)], axis=1)
    return np.unique(both, axis=0, return_inverse=True)[1].ravel()
