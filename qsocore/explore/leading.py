"""The leading principal components of many numbers: distances are nearly the same, and what takes trees of them far faster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Leading:
    """The directions of largest variance of some points; of points with no more numbers than wanted, nothing is changed.

    Parameters
    ----------
    points : ndarray of float32, shape (r, d)
        By which the directions are found.
    n : int
        How many are kept.
    """

    def __init__(self, points: NDArray[np.float32], n: int):
        self.mean, self.axes = points.mean(axis=0), None
        if points.shape[1] > n:
            centred = (points - self.mean).astype(np.float64)
            self.axes = np.linalg.eigh(centred.T @ centred)[1][:, : -n - 1 : -1].astype(np.float32)  # (d, n)

    def __call__(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Components (m, n) of points (m, d), the leading first."""
        return points if self.axes is None else (points - self.mean) @ self.axes
