"""Anomaly: how lonely an object is in the space of latents.

The distance d to the 10th nearest object of the reference (Ramaswamy, Rastogi & Shim 2000, SIGMOD 29, 427), on a scale that
does not depend on the run: with median m and median absolute deviation s of ln d over the reference,

    anomaly = (ln d - m) / (1.4826 s),

so that 0 is an ordinary place, and a normal distribution of ln d would leave 1 in 700 above 3. ln d is a density seen by its
logarithm: it falls with it in proportion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10
_NORMAL = 1.4826  # standard deviation of a normal distribution in units of its median absolute deviation


@dataclass(frozen=True)
class Loneliness:
    """The scale on which distances become anomalies.

    Parameters
    ----------
    median, spread : float
        Of ln d over the reference.
    least : float
        Distances count as at least this, so that twins have a logarithm.
    """

    median: float
    spread: float
    least: float

    @classmethod
    def among(cls, distance: NDArray[np.float32]) -> Loneliness:
        """The scale of a reference, from the distance (r,) of each to its own 10th neighbour."""
        apart = distance[np.isfinite(distance) & (distance > 0)]
        if not len(apart):
            return cls(0.0, 1.0, 1.0)
        least = float(np.median(apart)) * 1e-3
        logarithm = np.log(np.maximum(distance[np.isfinite(distance)], least))
        median = float(np.median(logarithm))
        return cls(median, _NORMAL * float(np.median(np.abs(logarithm - median))) or 1.0, least)

    def of(self, distance: NDArray[np.float32]) -> NDArray[np.float32]:
        """Anomaly, shape as `distance`."""
        return ((np.log(np.maximum(distance, self.least)) - self.median) / self.spread).astype(np.float32)
