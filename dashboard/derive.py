"""Pure derivations: what follows from the table and the user's choices, without a GUI and without memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dashboard.plane import extent
from dashboard.table import MISSING, OTHER, Classes
from qsocore import selection

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

SLOT_NAMES = ("neither", "A", "B", "A and B")

MAX_CORNERS = 400
"""A lasso with more says nothing that a screen can show."""

_MOST = (1.0, 99.0)


def bits_of(rule: str, table: AtlasTable) -> NDArray[np.uint8]:
    """What a rule selects, one bit per row, shape ((n_rows + 7) // 8,), the lowest bit first.

    Parameters
    ----------
    rule : str
        JSON of a `qsocore.selection` rule; "" selects everything.
    table : AtlasTable
        Whose rows.

    Raises
    ------
    ConfigError
        When it is no rule, or does not fit the columns.
    """
    def within(axes: tuple[str, str], corners: NDArray[np.float64]) -> NDArray[np.bool_]:
        plane, exact = table.plane(*axes), (table.exact(axes[0]), table.exact(axes[1]))
        return plane.inside(corners, None if all(side.dtype == np.float32 for side in exact) else exact)

    parsed = selection.from_json(rule) if rule else {"op": "all"}
    return np.packbits(selection.evaluate(parsed, table.values, table.n_rows, within), bitorder="little")


def all_of(*rules: str) -> str:
    """One rule of several, all as JSON; "" stands for everything."""
    given = [json.loads(rule) for rule in rules if rule]
    if len(given) < 2:
        return next(filter(None, rules), "")
    return selection.to_json({"op": "and", "rules": given})


def of_classes(column: str, names: Sequence[str], table: AtlasTable) -> selection.Rule:
    """The rule of what belongs to some classes of a column, `MISSING` and `OTHER` among them."""
    known = table.classes(column).names
    labels = [name for name in names if name not in (MISSING, OTHER)]
    if OTHER in names:
        labels += [name for name in table.coded(column).labels if name and name not in known]
    numeric = table.is_numeric(column)
    values = [{"true": 1, "false": 0}.get(name) if name in ("true", "false") else float(name) for name in labels] if numeric \
        else labels
    rules: list[selection.Rule] = [{"op": "isin", "column": column, "values": values}] if values else []
    rules += [{"op": "missing", "column": column}] if MISSING in names else []
    return rules[0] if len(rules) == 1 else {"op": "or", "rules": rules}


def without(column: str, names: Sequence[str], table: AtlasTable) -> str:
    """The rule that leaves out some classes of a column and nothing else, as JSON."""
    shown = [name for name in table.classes(column).names if name not in names]
    return selection.to_json(of_classes(column, shown, table))


def fits(rule: str, table: AtlasTable) -> bool:
    """Whether a table has all the columns that a rule reads."""
    return not rule or set(selection.columns_of(selection.from_json(rule))) <= {*table.columns, "object_id"}


def around(x: NDArray, y: NDArray) -> tuple[float, float, float, float] | None:
    """A window around most of some objects, shape (n,) each; None when none of them has a place."""
    placed = np.isfinite(x) & np.isfinite(y)
    return (*extent(x[placed], _MOST), *extent(y[placed], _MOST)) if placed.any() else None


def slots(a: NDArray[np.uint8] | None, b: NDArray[np.uint8] | None, n_rows: int) -> Classes:
    """Membership of two slots, given as bits or None, as classes."""
    codes = np.zeros(n_rows, np.uint8)
    for weight, bits in ((1, a), (2, b)):
        if bits is not None:
            codes += weight * np.unpackbits(bits, count=n_rows, bitorder="little")
    return Classes(codes, SLOT_NAMES, np.bincount(codes, minlength=len(SLOT_NAMES)))


def polygon(x: str, y: str, xs: ArrayLike, ys: ArrayLike) -> selection.Rule:
    """The rule of what lies in the path of a pointer: thinned evenly, kept to six digits so that it fits an address.

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
    return {"op": "polygon", "vertices": corners} | plane


def outline(rule: str, x: str, y: str) -> list[list[float]] | None:
    """Corners of a rule that is a polygon on this very plane, else None."""
    parsed = selection.from_json(rule) if rule else {"op": "all"}
    on_plane = parsed["op"] == "polygon" and selection.columns_of(parsed) == [x, y]
    return parsed["vertices"] if on_plane else None


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
