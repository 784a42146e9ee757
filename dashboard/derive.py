"""Pure derivations: what follows from the table and the user's choices, without a GUI and without memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dashboard.raster import View
from qsocore import selection

MAX_CORNERS = 400
"""A lasso with more says nothing that a screen can show."""

_MARGIN = 0.03
_ROBUST = (0.05, 99.95)


def rows_of(rule: str, columns: Callable[[str], NDArray], n_rows: int) -> NDArray[np.int64]:
    """Row numbers, rising, of the objects that a rule selects.

    Parameters
    ----------
    rule : str
        JSON of a `qsocore.selection` rule.
    columns : callable
        Gives a column's values by name, shape (n_rows,).
    n_rows : int
        Objects in the catalogue.

    Raises
    ------
    ConfigError
        When it is no rule.
    """
    return np.flatnonzero(selection.evaluate(selection.from_json(rule), columns, n_rows))


def polygon(x: str, y: str, xs: ArrayLike, ys: ArrayLike) -> str:
    """The rule of what lies in the path of a pointer, as JSON: thinned evenly, kept to six digits so that it fits an address.

    Parameters
    ----------
    x, y : str
        Columns of the plane; those of a projection are named by it, so that the rule can be replayed under its name.
    xs, ys : array_like, shape (n,)
        Corners in the columns' units, n > 2.
    """
    keep = np.unique(np.linspace(0, len(xs) - 1, min(len(xs), MAX_CORNERS)).round().astype(int))
    corners = [[float(f"{xs[i]:.6g}"), float(f"{ys[i]:.6g}")] for i in keep]
    stem = x.removesuffix("_x")
    plane = {"projection": stem} if (x, y) == (f"{stem}_x", f"{stem}_y") else {"axes": [x, y]}
    return selection.to_json({"op": "polygon", "vertices": corners} | plane)


def outline(rule: str, x: str, y: str) -> list[list[float]] | None:
    """Corners of a rule that is a polygon on this very plane, else None."""
    parsed = selection.from_json(rule) if rule else {"op": "all"}
    on_plane = parsed["op"] == "polygon" and selection.columns_of(parsed) == [x, y]
    return parsed["vertices"] if on_plane else None


def nearest(x: NDArray, y: NDArray, at: tuple[float, float], view: View, reach: float = 12.0) -> int:
    """Row of the object nearest to a point of the map as the eye sees it, in pixels; -1 when none is within `reach`.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Coordinates; NaN is never near.
    at : tuple of float
        The tapped point, data units.
    view : View
        What is shown.
    reach : float
        Farthest distance, pixels.
    """
    per_x, per_y = abs(view.x1 - view.x0) / view.width, abs(view.y1 - view.y0) / view.height
    near = np.flatnonzero((np.abs(x - at[0]) <= reach * per_x) & (np.abs(y - at[1]) <= reach * per_y))
    if not near.size:
        return -1
    distance = np.hypot((x[near] - at[0]) / per_x, (y[near] - at[1]) / per_y)
    best = int(distance.argmin())
    return int(near[best]) if distance[best] <= reach else -1


def extent(values: NDArray) -> tuple[float, float]:
    """Where an axis begins and ends: everything, unless a few rows lie far out; then the rest, with room around it.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Coordinates; NaN is left out.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    inner = np.percentile(finite[:: max(1, finite.size // 1_000_000)], _ROBUST)
    room = 0.25 * float(inner[1] - inner[0]) or 0.5
    low, high = max(low, float(inner[0]) - room), min(high, float(inner[1]) + room)
    margin = _MARGIN * (high - low) or 0.5
    return low - margin, high + margin


def class_counts(codes: NDArray, n_classes: int, rows: NDArray | None = None) -> NDArray[np.int64]:
    """Objects of each class, shape (n_classes,), among `rows` or among all."""
    return np.bincount(codes if rows is None else codes[rows], minlength=n_classes)[:n_classes]


@dataclass(frozen=True)
class Counts:
    """How many objects the user is looking at; shown always, so that nothing is hidden in silence."""

    in_view: int
    drawn: int
    selected: int
    catalogue: int
    ground: int = 0

    def __str__(self) -> str:
        parts = [f"{self.in_view:,} in view", f"{self.drawn:,} drawn", f"{self.selected:,} selected",
                 f"{self.catalogue:,} in the catalogue"]
        parts += ["no sampling"] + [f"{self.ground:,} the map was made from in grey"] * bool(self.ground)
        return " · ".join(parts)
