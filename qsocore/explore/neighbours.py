"""The objects most like an object, in the full space of latents; what a map of two dimensions cannot say.

`qsocore.projections.neighbours` says how they are found and what it costs.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.projections.neighbours import Index, index_of


class Neighbours:
    """Finds objects by their latents, from any thread; the index is built at the first question and kept in memory.

    It is not kept on the disk: reading one back would take as long as building it.

    Parameters
    ----------
    latents : array_like, shape (n, d), or a callable that returns it
        One row per object; those with a missing latent are never found.
    """

    def __init__(self, latents: ArrayLike | Callable[[], ArrayLike]):
        self._latents: ArrayLike | Callable[[], ArrayLike] | None = latents
        self._lock = Lock()
        self._index: Index | None = None
        self._rows: NDArray[np.int64] | None = None  # row of each point of the index; None when they are the same
        self._n_rows = 0

    @property
    def ready(self) -> bool:
        """Whether the index stands, so that an answer takes milliseconds."""
        return self._latents is None

    def build(self) -> Neighbours:
        """Build the index now, unless it stands."""
        with self._lock:
            if self._latents is not None:
                latents = np.asarray(self._latents() if callable(self._latents) else self._latents, np.float32)
                known = np.isfinite(latents).all(axis=1)
                self._n_rows = len(latents)
                if not known.all():
                    self._rows = np.flatnonzero(known)
                    latents = latents[self._rows]
                self._n = len(latents)
                self._index = index_of(latents) if len(latents) else None
                self._latents = None  # an index of millions keeps its own, smaller copy
        return self

    def of(self, row: int, k: int = 12) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows and distances of the k objects nearest to an object, without itself.

        Parameters
        ----------
        row : int
            The object; one without latents has no neighbours.
        k : int
            How many at most.

        Returns
        -------
        rows : ndarray of int64, shape (k,)
            The nearest first.
        distances : ndarray of float32, shape (k,)
        """
        self.build()
        point = row if self._rows is None else int(np.searchsorted(self._rows, row))
        if point >= self._n or (self._rows is not None and self._rows[point] != row):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows, distances = self.to(self._index.vector(point), k + 1)
        others = np.flatnonzero((rows != row) & (rows >= 0))[:k]
        return rows[others], distances[others]

    def to(self, latents: ArrayLike, k: int = 12) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows and distances of the k objects nearest to a place in the space of latents.

        Parameters
        ----------
        latents : array_like, shape (d,) or (m, d)

        Returns
        -------
        rows : ndarray of int64, shape (k,) or (m, k)
            The nearest first; -1 where among millions of twins fewer were come upon.
        distances : ndarray of float32, shape as `rows`
        """
        self.build()
        points = np.asarray(latents, np.float32)
        many = np.atleast_2d(points)
        k = min(k, self._n)
        if k == 0 or not len(many):
            index, distance = np.empty((len(many), k), np.int64), np.empty((len(many), k), np.float32)
        else:
            index, distance = self._index.search(many, k)
        found = index if self._rows is None else np.where(index < 0, -1, self._rows[index])
        return (found, distance) if points.ndim == 2 else (found[0], distance[0])

    def spacing(self, rows: NDArray[np.int64]) -> float:
        """Median distance of some objects to their own nearest neighbour; 0 without any."""
        self.build()
        points = rows if self._rows is None else np.searchsorted(self._rows, rows)
        if not len(points) or self._n < 2:
            return 0.0
        found, distances = self.to(np.stack([self._index.vector(int(point)) for point in points]), 2)
        return float(np.median(np.where(found[:, 0] == rows, distances[:, 1], distances[:, 0])))
