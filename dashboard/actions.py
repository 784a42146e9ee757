"""Effects: what an event in the browser does to State. Everything else follows from State."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dashboard import derive
from dashboard.raster import View
from dashboard.state import DENSITY

if TYPE_CHECKING:
    from dashboard.session import Session

_FIRST_COLOURS = ("class", "z", "survey")


def start(session: Session, query: dict[str, str]) -> None:
    """Fill a new session from the address, and whatever the address leaves open with what there is."""
    state, runs = session.state, [run.name for run in session.library.runs()]
    refused = state.apply_query(query)
    if state.run and state.run not in runs:
        refused.append(f"there is no run {state.run!r} here")
        state.run = ""
    state.run = state.run or next(iter(runs), "")
    mend(session)
    for line in refused:
        session.tell(line, "warning")


def mend(session: Session) -> None:
    """Replace choices that the table does not have, so that the page always shows something."""
    state, table = session.state, session.table
    numeric = [name for name in table.columns if table.is_numeric(name)]
    changes = {}
    if not {state.x, state.y} <= set(numeric):
        changes |= {"x": next(iter(numeric), ""), "y": (numeric * 2)[1] if numeric else ""}
    own = state.projection == "" and {state.x, state.y} <= set(numeric) and state.x != ""
    if state.projection not in table.maps and not own:
        changes["projection"] = next(iter(table.maps), "")
    if state.colour_by != DENSITY and state.colour_by not in table.columns:
        changes["colour_by"] = DENSITY
    if state.focus and table.row_of(state.focus) < 0:
        changes["focus"] = ""
    state.param.update(**changes)


def first_colour(session: Session) -> None:
    """Colour a map that no address describes by the first customary column there is."""
    session.state.colour_by = next((name for name in _FIRST_COLOURS if name in session.table.columns), DENSITY)


def choose_run(session: Session, run: str) -> None:
    """Show another run: its maps have other coordinates, so view and selection start anew."""
    session.state.param.update(run=run, window=None, selection="", only="")
    mend(session)


def choose_map(session: Session, projection: str, x: str = "", y: str = "") -> None:
    """Show another map of the same objects, whole."""
    axes = {"x": x, "y": y} if not projection and x and y else {}
    session.state.param.update(projection=projection, window=None, **axes)


def choose_colour(session: Session, name: str) -> None:
    """Colour by another column, with its own robust limits."""
    session.state.param.update(colour_by=name, limits=None)


def zoom(session: Session, x0: float, x1: float, y0: float, y1: float) -> None:
    """Look at a part of the map; an event that is no window (all equal, not finite) is left alone."""
    window = tuple(float(f"{edge:.7g}") for edge in (x0, x1, y0, y1))
    if np.isfinite(window).all() and window[1] > window[0] and window[3] > window[2]:
        session.state.window = window


def select(session: Session, geometry: dict) -> None:
    """Select what lies in a box or a lasso; a mere click selects nothing.

    Parameters
    ----------
    geometry : dict
        As Bokeh sends it: type "rect" with x0, x1, y0, y1, or "poly" with x and y, in data units.
    """
    if geometry["type"] == "rect":
        x0, x1, y0, y1 = (geometry[edge] for edge in ("x0", "x1", "y0", "y1"))
        xs, ys = [x0, x1, x1, x0], [y0, y0, y1, y1]
    elif geometry["type"] == "poly":
        xs, ys = (list(geometry[axis]) for axis in ("x", "y"))
    else:
        return
    if len(xs) < 3 or np.ptp(xs) == 0 or np.ptp(ys) == 0:
        return
    session.state.selection = derive.polygon(*session.axes, xs, ys)


def clear_selection(session: Session) -> None:
    """Select nothing."""
    session.state.selection = ""


def draw_only_selected(session: Session) -> None:
    """Draw only what is selected; what was selected is then everything drawn."""
    session.state.param.update(only=session.state.selection, selection="")


def draw_all(session: Session) -> None:
    """Draw every object again."""
    session.state.only = ""


def tap(session: Session, x: float, y: float, view: View) -> None:
    """Put the object under the pointer into focus; a tap beside all objects changes nothing."""
    xs, ys = session.coordinates
    drawn = session.drawn
    row = derive.nearest(xs, ys, (x, y), view) if drawn is None else derive.nearest(xs[drawn], ys[drawn], (x, y), view)
    if row >= 0:
        focus(session, int(row if drawn is None else drawn[row]))


def focus(session: Session, row: int) -> None:
    """Put one object into focus."""
    session.state.focus = session.table.ids[row].as_py()


def toggle_theme(session: Session) -> None:
    """Dark instead of light or the other way; from then on the user's choice holds, not the system's."""
    session.state.theme = "light" if session.dark else "dark"
