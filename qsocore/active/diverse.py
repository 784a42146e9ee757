"""Objects that are unlike each other: a greedy k-centre, by which a batch does not show the same thing fifty times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread(x, n: int, known=None) -> NDArray[np.int64]:
    """Places, in the order of choice, of n objects each of which is the farthest from those before it.

    The greedy 2-approximation of the k-centre problem (Gonzalez 1985, Theor. Comput. Sci. 38, 293), as Sener & Savarese
    (2018, ICLR) choose a core-set by it.

    Parameters
    ----------
    x : array_like, shape (m, k)
        The objects; the first is the best, and is chosen first when nothing is known.
    n : int
        How many.
    known : array_like, shape (j, k), optional
        Objects that were looked at before, from which the new ones keep away as well.
    """
    x = np.asarray(x, np.float64)
    nearest = np.full(len(x), np.inf)
    for centre in np.empty((0, x.shape[1])) if known is None else np.asarray(known, np.float64):
        nearest = np.minimum(nearest, _squared(x, centre))
    chosen = np.empty(min(n, len(x)), np.int64)
    for k in range(len(chosen)):
        chosen[k] = np.argmax(nearest)
        nearest = np.minimum(nearest, _squared(x, x[chosen[k]]))
        nearest[chosen[k]] = -1.0
    return chosen


def _squared(x: NDArray, centre: NDArray) -> NDArray:
    return ((x - centre) ** 2).sum(axis=1)
