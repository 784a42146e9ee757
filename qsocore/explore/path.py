"""A straight path through the space of latents: what the model makes of the way from A to B, and who lives beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.explore.neighbours import Neighbours

MOST = 2_000
"""Objects among which the middle of a group is sought; of more, so many at random."""


@dataclass(frozen=True)
class Path:
    """Frames along a straight line, ends included.

    Parameters
    ----------
    latents : ndarray of float32, shape (n, d)
        Of each frame, evenly spaced.
    rows : ndarray of int64, shape (n,)
        The observed object nearest to each.
    distances : ndarray of float32, shape (n,)
        To it, in the space of latents.
    """

    latents: NDArray[np.float32]
    rows: NDArray[np.int64]
    distances: NDArray[np.float32]


def along(a: ArrayLike, b: ArrayLike, n: int, near: Neighbours) -> Path:
    """The path of n frames from latents `a` (d,) to `b` (d,)."""
    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    latents = a + np.linspace(0, 1, n, dtype=np.float32)[:, None] * (b - a)
    rows, distances = near.to(latents, 1)
    return Path(latents, rows[:, 0], distances[:, 0])


def middle(latents: ArrayLike) -> int:
    """Number of a group's medoid (m, d): the member whose distances to all others sum to the least; -1 without latents.

    Kaufman & Rousseeuw (1987). Unlike a mean or a median it is an object, so that it lies where there is data.
    """
    from scipy.spatial.distance import cdist

    latents = np.asarray(latents, np.float32)
    known = np.flatnonzero(np.isfinite(latents).all(axis=1))
    return int(known[cdist(latents[known], latents[known]).sum(axis=1).argmin()]) if len(known) else -1


def drawn(rows: NDArray[np.int64], most: int = MOST) -> NDArray[np.int64]:
    """The rows of a group, or `most` of them at random (seed 0), rising."""
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
