"""The rare objects of a view: those that an aggregate would swallow, drawn one by one.

They are the most anomalous, those of rare classes, or those that carry a flag; which of them is the user's choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard import _kernels
from dashboard.plane import NO_BITS, Plane

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

MOST = 2000
"""Objects drawn one by one."""
KINDS = {"anomaly": "Most anomalous", "class": "Rarest classes", "flag": "Flagged", "": "None"}
"""What can be drawn so, with its name."""
_SCORES = ("anomaly", "chi2_pix")
_RARE_CLASS = 0.005  # of the catalogue
_LONG = 1_000_000  # ranked objects that are kept
_FEW = 400_000  # objects in view that are sooner looked through one by one


def how_many(n_in_view: int) -> int:
    """How many objects of a view are drawn one by one: all when they are few, else one in a hundred, 200 to `MOST`."""
    return MOST if n_in_view <= MOST else min(MOST, max(200, n_in_view // 100))


def score_column(table: AtlasTable) -> str:
    """The column by which objects are anomalous, "" when there is none."""
    return next((name for name in _SCORES if name in table.columns), "")


def scores(table: AtlasTable, kind: str) -> NDArray[np.float32] | None:
    """How rare each object is, shape (n_rows,), NaN where it is not rare at all; None when nothing says so."""
    if kind == "anomaly":
        column = score_column(table)
        return table.numbers(column) if column else None
    if kind == "class":
        return _class_scores(table)
    if kind == "flag":
        raised = np.zeros(table.n_rows, np.float32)
        for name, column in table.columns.items():
            if column.role == "flag" and table.is_numeric(name) and name != "calibrated":
                raised += np.nan_to_num(table.numbers(name)) != 0
        return np.where(raised > 0, raised, np.float32(np.nan))
    return None


def _class_scores(table: AtlasTable) -> NDArray[np.float32] | None:
    names = [name for name in ("subclass", "class") if name in table.columns]
    best = np.full(table.n_rows, np.nan, np.float32)
    for name in names:
        coded = table.coded(name)
        if coded is None:
            continue
        share = np.bincount(coded.codes, minlength=len(coded.labels)) / max(table.n_rows, 1)
        named = np.array([bool(label) for label in coded.labels])
        of_label = np.where(named & (share < _RARE_CLASS), 1 - share, np.nan).astype(np.float32)
        best = np.fmax(best, of_label[coded.codes])
    return best


def ranking(score: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Rows from the rarest on, those without a score left out, at most a million."""
    rows = np.flatnonzero(np.isfinite(score))
    if rows.size > _LONG:
        rows = rows[np.argpartition(score[rows], -_LONG)[-_LONG:]]
    return rows[np.argsort(-score[rows], kind="stable")].astype(np.uint32)


def rarest(plane: Plane, xy: tuple[NDArray, NDArray], window: tuple[float, float, float, float], score: NDArray[np.float32],
           ranked: NDArray[np.uint32], row_bits: NDArray[np.uint8] = NO_BITS, place_bits: NDArray[np.uint8] = NO_BITS,
           most: int = MOST) -> NDArray[np.int64]:
    """The rarest objects in a window, the rarest first.

    Parameters
    ----------
    plane : Plane
        The map's.
    xy : tuple of ndarray, shape (n_rows,) each
        Its coordinates by row.
    window : tuple of float
        x0, x1, y0, y1.
    score : ndarray, shape (n_rows,)
        See `scores`.
    ranked : ndarray
        `ranking` of it.
    row_bits, place_bits : ndarray of uint8
        What is drawn, by row and by place; all by default.
    most : int
        How many at most.
    """
    first, last = plane.stretches(*window)
    n_near = int((last - first).sum())
    if n_near > _FEW:
        out = np.empty(most, np.int64)
        out = out[: _kernels.first_of(ranked, *xy, row_bits, *window, out)]
        if out.size == most or ranked.size < _LONG:
            return out
    rows = plane.rows_in(window, place_bits)
    rows = rows[np.isfinite(score[rows])]
    if rows.size > most:
        rows = rows[np.argpartition(score[rows], -most)[-most:]]
    return rows[np.lexsort((rows, -score[rows]))]
