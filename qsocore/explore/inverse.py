"""From a place on a map back to latents, and how far it is from what was observed.

The latents of a place come from the 12 objects nearest to it on the map, weighted by inverse distance, as a UMAP places new
objects; so where an object lies they are its own. Where the map is a plane in the space of latents (two of the latents, or two
principal axes of them) that mean is then moved within the plane until it lies at the place exactly: the two coordinates are
those of the place, only the others come from the nearest objects.

A place is empty when no object lies within

    r = c s,        s = median distance of the 24 objects nearest to it to their own nearest,

with c = 4 on a map and c = 2 in the space of latents. In a field of points scattered at random on a map, one place in 2,000 is
called empty by mistake; of the demo's objects, each taken away, 4 % leave a place that is called empty, and of places drawn
from a normal distribution of the same 16 means and scatters, between the objects' sheets, all but 0.2 %.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.explore.neighbours import Neighbours

NEAREST, AROUND = 12, 24
"""Objects whose latents are averaged, and from which the spacing is taken."""
ON_MAP, IN_LATENTS = 4.0, 2.0
"""c of a map and of the space of latents."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Linear:
    """A map whose coordinates are ``axes @ (latents - mean)``.

    Parameters
    ----------
    mean : ndarray, shape (d,)
    axes : ndarray, shape (2, d)
        Orthonormal.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    @classmethod
    def of_latents(cls, x: int, y: int, d: int) -> Linear:
        """The plane of two of d latents."""
        return cls(np.zeros(d, np.float32), np.eye(d, dtype=np.float32)[[x, y]])

    def moved(self, latents: NDArray, at: ArrayLike) -> NDArray[np.float32]:
        """The latents (d,) nearest to `latents` that lie at the place `at`."""
        return (latents + (np.asarray(at) - self.axes @ (latents - self.mean)) @ self.axes).astype(np.float32)


@dataclass(frozen=True)
class Place:
    """What is known of a place.

    Parameters
    ----------
    latents : ndarray of float32, shape (d,)
        NaN when no object has both a place and latents.
    rows : ndarray of int64, shape (k,)
        The objects nearest to it, the nearest first.
    distances : ndarray of float32, shape (k,)
        To these.
    reach : float
        r, see the module.
    """

    latents: NDArray[np.float32]
    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    reach: float

    @property
    def empty(self) -> bool:
        """Whether no object lies within r."""
        return not len(self.distances) or bool(self.distances[0] > self.reach)


def on_map(x: NDArray, y: NDArray, at: tuple[float, float], latents_of: Callable[[NDArray[np.int64]], NDArray],
           plane: Linear | None = None, units: tuple[float, float] = (1.0, 1.0)) -> Place:
    """The latents that belong to a place on a map.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Coordinates of all objects; NaN where there is none.
    at : tuple of float
        The place.
    latents_of : callable
        Latents (k, d) of rows (k,).
    plane : Linear, optional
        Where the map is a plane in the space of latents.
    units : tuple of float
        What a distance of one is on each axis; for columns of different kinds.
    """
    rows, distances = nearest_on_map(x, y, at, AROUND, units)
    points = np.column_stack([x[rows] / units[0], y[rows] / units[1]])
    rows, distances = rows[:NEAREST], distances[:NEAREST]
    latents = np.asarray(latents_of(rows), np.float32)
    known = np.isfinite(latents).all(axis=1)
    if not known.any():
        return Place(np.full(latents.shape[1], np.nan, np.float32), rows, distances, 0.0)
    weight = 1.0 / np.maximum(distances[known], np.finfo(np.float32).tiny ** 0.25)
    mean = (weight @ latents[known] / weight.sum()).astype(np.float32)
    return Place(mean if plane is None else plane.moved(mean, at), rows, distances, ON_MAP * _spacing(points))


def in_latents(latents: ArrayLike, near: Neighbours) -> Place:
    """The objects nearest to a place in the space of latents, wherever it came from."""
    latents = np.asarray(latents, np.float32)
    rows, distances = near.to(latents, AROUND)
    return Place(latents, rows[:NEAREST], distances[:NEAREST], IN_LATENTS * near.spacing(rows))


def nearest_on_map(x: NDArray, y: NDArray, at: tuple[float, float], k: int = NEAREST,
                   units: tuple[float, float] = (1.0, 1.0)) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows and distances of the k objects nearest to a place, block by block: ten million take 0.1 s and need no index."""
    rows, squares = np.empty(0, np.int64), np.empty(0, np.float32)
    for begin in range(0, len(x), _BLOCK):
        here = slice(begin, begin + _BLOCK)
        square = ((x[here] - at[0]) / units[0]) ** 2 + ((y[here] - at[1]) / units[1]) ** 2
        square[np.isnan(square)] = np.inf
        best = np.argpartition(square, min(k, len(square)) - 1)[:k]
        best = best[np.isfinite(square[best])]
        rows, squares = np.concatenate([rows, begin + best]), np.concatenate([squares, square[best]])
    order = np.argsort(squares, kind="stable")[:k]
    return rows[order], np.sqrt(squares[order]).astype(np.float32)


def _spacing(points: NDArray) -> float:
    """Median distance of points (k, 2) to their nearest among them."""
    if len(points) < 2:
        return 0.0
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return float(np.median(apart.min(axis=1)))
