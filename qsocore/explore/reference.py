"""The reference: the objects, at most 20,000 and drawn at random, to which all others are held.

Neighbours among them stand for neighbours in a survey of any size; a store that is no larger is its own reference, and what is
said of its objects is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIZE = 20_000


def sample(n: int, size: int = SIZE, seed: int = 0) -> NDArray[np.int64]:
    """Rows of the reference among n, rising: all of them, or `size` drawn at random."""
    if n <= size:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size, replace=False))


def position(rows: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of `rows` stands in the rising `among`, -1 where it does not; shape as `rows`."""
    if not len(among):
        return np.full(len(rows), -1)
    place = np.minimum(np.searchsorted(among, rows), len(among) - 1)
    return np.where(among[place] == rows, place, -1)


def without_self(index: NDArray[np.int64], own: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of k + 1 neighbours (m, k + 1) to keep so that k remain: all but the object itself, else all but the last.

    Parameters
    ----------
    own : ndarray of int64, shape (m,)
        Each object's own number in the reference, -1 for one that is not in it.
    """
    keep = index != own[:, None]
    keep[keep.all(axis=1), -1] = False
    return keep
