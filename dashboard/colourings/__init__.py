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
    value : ndarray, optional, shape (height, width)
        A statistic of a column, NaN where no object has a value; or the number of the prevailing class.
    """

    count: NDArray[np.uint32]
    value: NDArray | None = None


@dataclass(frozen=True)
class Scale:
    """How values are placed on a palette.

    Parameters
    ----------
    low, high : float
        Values at its ends.
    log : bool
        Whether equal ratios, not equal differences, are equally far.
    ranks : tuple of float
        Values, rising, that are equally far from each other; empty unless the scale goes by rank.
    n_classes : int
        Number of classes, where values are their numbers.
    """

    low: float
    high: float
    log: bool = False
    ranks: tuple[float, ...] = ()
    n_classes: int = 0


class Colouring(Protocol):
    """How one kind of column colours the map."""

    kind: str
    """What it needs of the objects in a pixel: "count", "value" (a statistic) or "classes"."""

    def levels(self, aggregate: Aggregate, scale: Scale | None) -> NDArray[np.uint8]:
        """Levels of each pixel, shape (height, width), `EMPTY` where there is nothing."""
        ...


def to_levels(values: NDArray, scale: Scale) -> NDArray[np.uint8]:
    """Place values on a scale: 0 at its low end or under, 253 at its high end or over; NaN becomes `UNKNOWN`."""
    values = values.astype(np.float32, copy=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale.ranks:
            place = np.searchsorted(np.array(scale.ranks[1:-1], np.float32), values, side="right").astype(np.float32)
            place *= np.float32(LEVELS / (len(scale.ranks) - 1))
        else:
            low, high = (np.log(scale.low), np.log(scale.high)) if scale.log else (scale.low, scale.high)
            place = np.log(np.maximum(values, np.float32(1e-30))) if scale.log else values
            place = (place - np.float32(low)) * np.float32(LEVELS / max(high - low, 1e-30))
        levels = np.clip(np.nan_to_num(place), 0, LEVELS - 1).astype(np.uint8)
    levels[np.isnan(values)] = UNKNOWN
    return levels
