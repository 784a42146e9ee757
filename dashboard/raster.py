"""Points and a view make levels: project, aggregate, place on a scale, spread. Colours come after, elsewhere.

Only `aggregate` touches all rows. Nothing here knows a GUI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.colourings import EMPTY, Aggregate

if TYPE_CHECKING:
    import pandas

_MAX_RADIUS = 3
_MOST_COVERED = 0.2  # of the picture's pixels, when points are enlarged


@dataclass(frozen=True)
class View:
    """A rectangle of the plane and the pixels that show it.

    Parameters
    ----------
    x0, x1, y0, y1 : float
        Borders in data units.
    width, height : int
        Pixels.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    width: int
    height: int


def points(x: NDArray[np.float32], y: NDArray[np.float32], value: NDArray | None = None,
           n_classes: int = 0) -> pandas.DataFrame:
    """Gather the columns of a map as the aggregation wants them.

    Parameters
    ----------
    x, y : ndarray of float32, shape (n,)
        Coordinates; rows with NaN are not drawn.
    value : ndarray, shape (n,), optional
        Numbers to average, or class codes from 0 to n_classes - 1.
    n_classes : int
        Number of classes; 0 when `value` is a number.
    """
    import pandas

    columns = {"x": x, "y": y}
    if n_classes:
        columns["value"] = pandas.Categorical.from_codes(value, categories=[str(k) for k in range(n_classes)])
    elif value is not None:
        columns["value"] = value
    return pandas.DataFrame(columns)


def aggregate(frame: pandas.DataFrame, kind: str, view: View) -> Aggregate:
    """Sum up the objects in each pixel of a view.

    Parameters
    ----------
    frame : DataFrame
        From `points`.
    kind : {"count", "mean", "classes"}
        What is wanted beside the count.
    view : View
        Where.

    Returns
    -------
    Aggregate
        Its count's sum is the number of rows whose coordinates lie in the view (borders included).
    """
    import datashader as ds

    canvas = ds.Canvas(view.width, view.height, (view.x0, view.x1), (view.y0, view.y1))
    if kind == "count":
        return Aggregate(canvas.points(frame, "x", "y", ds.count()).values)
    if kind == "mean":
        both = canvas.points(frame, "x", "y", ds.summary(count=ds.count(), value=ds.mean("value")))
        return Aggregate(both["count"].values, both["value"].values)
    classes = canvas.points(frame, "x", "y", ds.by("value", ds.count())).values  # (height, width, n_classes)
    return Aggregate(classes.sum(axis=-1, dtype=np.uint32), classes)


def presence(x: NDArray[np.float32], y: NDArray[np.float32], view: View) -> NDArray[np.uint8]:
    """Where there is any object at all: 0 there, `EMPTY` elsewhere, single ones enlarged; shape (height, width)."""
    return spread(np.where(aggregate(points(x, y), "count", view).count > 0, 0, EMPTY).astype(np.uint8))


def spread(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge points into small discs while few are in view, so that a single object can be seen.

    Only empty pixels are filled, nearest point first, so that nothing that was there changes.

    Parameters
    ----------
    levels : ndarray of uint8, shape (height, width)
        `EMPTY` where there is nothing.
    """
    taken = int((levels != EMPTY).sum())
    radius = radius_for(taken, levels.size)
    if not radius or not taken:
        return levels
    height, width = levels.shape
    out, frame = levels.copy(), np.full((height + 2 * radius, width + 2 * radius), EMPTY, np.uint8)
    frame[radius:-radius, radius:-radius] = levels
    for dy, dx in _disc(radius):
        shifted = frame[radius + dy : radius + dy + height, radius + dx : radius + dx + width]
        np.copyto(out, shifted, where=out == EMPTY)
    return out


def radius_for(taken: int, size: int) -> int:
    """Radius in pixels, 0 to 3, at which `taken` discs cover less than a fifth of a picture of `size` pixels."""
    fits = [radius for radius in range(1, _MAX_RADIUS + 1) if taken * 3.2 * radius**2 < _MOST_COVERED * size]
    return max(fits, default=0)


def _disc(radius: int) -> list[tuple[int, int]]:
    reach = range(-radius, radius + 1)
    inside = [(dy, dx) for dy in reach for dx in reach if 0 < dy * dy + dx * dx <= (radius + 0.4) ** 2]
    return sorted(inside, key=lambda step: step[0] ** 2 + step[1] ** 2)


def warm_up() -> None:
    """Compile every aggregation ahead of its first use, which takes seconds."""
    place = np.zeros(1, np.float32)
    for kind, value, n_classes in (("count", None, 0), ("mean", place, 0), ("classes", np.zeros(1, np.uint8), 1)):
        aggregate(points(place, place, value, n_classes), kind, View(0, 1, 0, 1, 2, 2))
