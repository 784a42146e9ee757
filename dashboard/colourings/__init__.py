"""Colourings: what each pixel of the map says about the objects in it. One file, one colouring.

A colouring turns an aggregate into levels: bytes below `EMPTY` that a palette of 256 colours is looked up with, last
and separately, so that another palette costs no aggregation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qsocore.registry import Family

EMPTY = 255
"""Level of a pixel without objects; drawn as nothing."""
UNKNOWN = 254
"""Level of a pixel whose objects have no value in the column; drawn in grey, so that they don't vanish."""
LEVELS = 254
"""Number of levels that say something: 0 to 253."""

COLOURINGS = Family("colouring", __name__, "COLOURING", "qso_atlas.colourings")


@dataclass(frozen=True)
class Aggregate:
    """What lies in each pixel of a view.

    Parameters
    ----------
    count : ndarray of uint32, shape (height, width)
        Number of objects; the first row is the lowest y.
    value : ndarray, optional
        Mean of the column, shape (height, width), NaN where no object has a value; or number per class, shape
        (height, width, n_classes).
    """

    count: NDArray[np.uint32]
    value: NDArray | None = None


@dataclass(frozen=True)
class Scale:
    """A continuous colour scale from `low` to `high`, linear or logarithmic."""

    low: float
    high: float
    log: bool = False


class Colouring(Protocol):
    """How one kind of column colours the map."""

    kind: str
    """How the raster aggregates: "count", "mean" or "classes"."""

    def levels(self, aggregate: Aggregate, scale: Scale | None) -> NDArray[np.uint8]:
        """Levels of each pixel, shape (height, width), `EMPTY` where there is nothing."""
        ...


def to_levels(values: NDArray, scale: Scale) -> NDArray[np.uint8]:
    """Place values on a scale: 0 at its low end or under, 253 at its high end or over; NaN becomes `UNKNOWN`."""
    low, high = (np.log(scale.low), np.log(scale.high)) if scale.log else (scale.low, scale.high)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = values.astype(np.float32, copy=False)
        place = ((np.log(values) if scale.log else values) - np.float32(low)) * np.float32(LEVELS / max(high - low, 1e-30))
        levels = np.clip(np.nan_to_num(place), 0, LEVELS - 1).astype(np.uint8)
        levels[np.isnan(place)] = UNKNOWN
        return levels
