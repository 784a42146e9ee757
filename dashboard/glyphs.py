"""What is drawn over a map one by one: rare objects, the names of islands, the spokes to the neighbours of the focus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard import hovering, rare, words
from dashboard.colourings import UNKNOWN, Aggregate
from dashboard.plane import NO_BITS, Plane
from dashboard.raster import View
from dashboard.state import DENSITY
from qsocore.selection import Rule

if TYPE_CHECKING:
    from dashboard.session import Session

N_SPOKES = 12
_ASIDE = 0.3
_FACTS = ("class", "subclass", "z", "snr_median")
_LETTER, _LINE = 6.5, 16  # pixels of a name on the map


@dataclass(frozen=True)
class Island:
    """A named cluster of a map.

    Parameters
    ----------
    name : str
        What sets it apart.
    x, y : float
        Where its name stands.
    rule : dict
        What selects it.
    outline : tuple of (float, float)
        Corners around most of it.
    """

    name: str
    x: float
    y: float
    rule: Rule
    outline: tuple[tuple[float, float], ...] = ()


def rare_points(session: Session, plane: Plane, view: View) -> dict[str, Any] | None:
    """The rarest objects drawn in a view, with what a pointer over them tells; None when nothing is rare.

    Returns
    -------
    dict
        x, y, level (on the colour scale in force), alpha, id, why, facts, picture (an address): one value per object.
    """
    table, kind = session.table, session.state.rare
    key = "rare", None, kind
    score = table.once((*key, "score"), lambda: rare.scores(table, kind))
    if score is None:
        return None
    ranked = table.once((*key, "ranking"), lambda: rare.ranking(score))
    rule = session.drawn_rule
    xy = table.numbers(plane.axes[0]), table.numbers(plane.axes[1])
    bits = session.by_place(plane, rule)
    rows = rare.rarest(plane, xy, view.window, score, ranked, session.bits(rule) if rule else NO_BITS, bits,
                       rare.how_many(plane.count(view.window, bits)))
    why = rare.score_column(table) if kind == "anomaly" else rare.KINDS.get(kind, kind)
    label = words.title(table.columns[why]) if why in table.columns else why
    ids = table.ids_of(rows)
    return {"x": xy[0][rows], "y": xy[1][rows], "level": _levels(session, rows), "alpha": _alphas(session, rows),
            "id": ids, "picture": hovering.addresses(session.library, ids),
            "why": [f"{label} {words.number(float(value))}" for value in score[rows]], "facts": facts(session, rows)}


def _levels(session: Session, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The level of single objects on the colour scale in force."""
    name, table = session.state.colour_by, session.table
    if name == DENSITY:
        return np.full(rows.size, 160, np.uint8)
    if session.is_classes:
        value = session.classes.codes[rows]
    elif session.state.statistic == "std":
        return np.full(rows.size, UNKNOWN, np.uint8)  # a single object has no scatter
    else:
        value = table.numbers(name)[rows]
    one = np.ones(rows.size, np.uint32)
    return session.colouring.levels(Aggregate(one, value), session.scale)


def _alphas(session: Session, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """What is not selected steps back, as the rest of the map does."""
    if not session.state.selection:
        return np.ones(rows.size, np.float32)
    bits = session.bits(session.selected_rule)
    return np.where((bits[rows >> 3] >> (rows & 7)) & 1, np.float32(1), np.float32(_ASIDE))


def facts(session: Session, rows: NDArray[np.int64]) -> list[str]:
    """A few words about each object, from the columns that are in memory for drawing."""
    table, columns = session.table, []
    for name in _FACTS:
        if name not in table.columns:
            continue
        if table.is_numeric(name):
            title = {"z": "z", "snr_median": "S/N"}[name]
            columns.append([f"{title} {words.number(round(float(value), 4))}" if value == value else ""
                            for value in table.numbers(name)[rows]])
        elif (coded := table.coded(name)) is not None:
            columns.append([coded.labels[code] for code in coded.codes[rows]])
    return [" · ".join(filter(None, parts)) for parts in zip(*columns, strict=True)] if columns else [""] * len(rows)


def spokes(session: Session, plane: Plane) -> dict[str, NDArray]:
    """Lines from the object in focus to its nearest in the full latent space, on a map; none without latents."""
    row, table = session.focus_row, session.table
    nothing = {name: np.empty(0, np.float32) for name in ("x0", "y0", "x1", "y1")}
    if row < 0 or not session.state.spokes or not table.latent_names or session.state.run == "":
        return nothing
    near, _ = session.library.neighbours(session.state.run).of(row, N_SPOKES)
    x, y = (table.numbers(axis) for axis in plane.axes)
    there = near[np.isfinite(x[near]) & np.isfinite(y[near])]
    return {"x0": np.full(there.size, x[row]), "y0": np.full(there.size, y[row]), "x1": x[there], "y1": y[there]}


def islands(session: Session, name: str) -> tuple[Island, ...]:
    """The clusters of a map by its name, none when they are not wanted or not known."""
    column = session.table.columns.get(f"{name}_island")
    if not session.state.islands or column is None:
        return ()
    return session.table.once(("islands", None, name), lambda: _islands(session, name))


def _islands(session: Session, name: str) -> tuple[Island, ...]:
    from qsocore.explore.islands import read_islands

    files = sorted((session.table.run.path / "columns").glob("*.parquet"))
    return tuple(Island(island.label, island.x, island.y,
                        {"op": "compare", "column": f"{name}_island", "cmp": "==", "value": island.number},
                        tuple(map(tuple, island.outline)))
                 for file in files for island in read_islands(file, name))


def apart(found: Sequence[Island], view: View) -> tuple[Island, ...]:
    """Those whose names don't cover one another in a view; the earlier ones, which are the larger, go first."""
    kept: list[tuple[Island, tuple[float, ...]]] = []
    for island in found:
        box = _box(island, view)
        if view.x0 < island.x < view.x1 and view.y0 < island.y < view.y1 and not any(_overlap(box, other) for _, other in kept):
            kept.append((island, box))
    return tuple(island for island, _ in kept)


def island_at(shown: Sequence[Island], x: float, y: float, view: View) -> Rule | None:
    """The rule of the island whose name stands at a place of the map, None when there is none."""
    for island in shown:
        x0, x1, y0, y1 = _box(island, view)
        if x0 <= x <= x1 and y0 <= y <= y1:
            return island.rule
    return None


def _box(island: Island, view: View) -> tuple[float, float, float, float]:
    """Where a name stands, data units."""
    wide = (len(island.name) * _LETTER / 2 + 3) * (view.x1 - view.x0) / view.width
    high = _LINE / 2 * (view.y1 - view.y0) / view.height
    return island.x - wide, island.x + wide, island.y - high, island.y + high


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
