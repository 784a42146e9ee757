"""Effects: what an event in the browser does to State. Everything else follows from State; see also `dashboard.selecting`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dashboard import derive
from dashboard.plane import ENOUGH
from dashboard.raster import View
from dashboard.state import DENSITY, DIVERGING, MAX_MAPS, PALETTES, SLOTS
from qsocore.store.derived import SIGNED

if TYPE_CHECKING:
    from dashboard.session import Session

_FIRST_COLOURS = ("class", "z", "survey")
_REACH = 12  # pixels from a tap to the object that is meant


def start(session: Session, query: dict[str, str]) -> None:
    """Fill a new session from the address, and whatever the address leaves open with what there is."""
    state, runs = session.state, [run.name for run in session.library.runs()]
    refused = state.apply_query(query)
    if state.run and state.run not in runs:
        refused.append(f"there is no run {state.run!r} here")
        state.run = ""
    state.run = state.run or next(iter(runs), "")
    mend(session)
    session.shown_table = state.run, session.table.version
    for line in refused:
        session.tell(line, "warning")


def mend(session: Session) -> None:
    """Replace choices that the table does not have, so that the page always shows something."""
    state, table = session.state, session.table
    numeric = [name for name in table.columns if table.is_numeric(name)]
    known = [(name, window) for name, window in zip(state.maps, (*state.windows, *[None] * MAX_MAPS), strict=False)
             if set(session.axes_of(name)) <= set(numeric)]
    first = next(iter(table.maps), ",".join((numeric * 2)[:2]))
    changes = {"maps": tuple(name for name, _ in known) or (first,), "windows": tuple(window for _, window in known) or (None,)}
    if state.colour_by not in (DENSITY, SLOTS) and state.colour_by not in table.columns:
        changes["colour_by"] = DENSITY
    for rule in ("selection", "a", "b", "only", "filters"):
        if not derive.fits(getattr(state, rule), table):
            changes[rule] = ""
            session.tell(f"the rule of {rule} reads columns that are not here, so it was dropped", "warning")
    if state.focus and table.row_of(state.focus) < 0:
        changes["focus"] = ""
    state.param.update(**changes)


def first_colour(session: Session) -> None:
    """Colour a map that no address describes by the first customary column there is."""
    session.state.colour_by = next((name for name in _FIRST_COLOURS if name in session.table.columns), DENSITY)


def choose_run(session: Session, run: str) -> None:
    """Show another run: its maps have other coordinates, so views and selection start anew."""
    session.history.past.clear()
    session.history.future.clear()
    session.state.param.update(run=run, windows=(), selection="", only="", a="", b="", filters="")
    mend(session)


def follow_table(session: Session) -> None:
    """Show the table as it is now, if it was joined anew since: what follows from its columns is made again, choices stay."""
    before, session.shown_table = session.shown_table, (session.state.run, session.table.version)
    if before != session.shown_table and before[0] == session.state.run:
        mend(session)
        session.joined += 1


# ---- maps


def choose_map(session: Session, number: int, name: str) -> None:
    """Show other axes in a map, whole."""
    state = session.state
    state.param.update(maps=_with(state.maps, number, name), windows=_with(_windows(session), number, None))


def add_map(session: Session) -> None:
    """Put another map beside those that are there: the first that is not shown yet."""
    state, table = session.state, session.table
    if len(state.maps) < MAX_MAPS:
        latents = [",".join(pair) for pair in zip(table.latent_names, table.latent_names[1:], strict=False)]
        name = next((name for name in (*table.maps, *latents) if name not in state.maps), state.maps[0])
        state.param.update(maps=(*state.maps, name), windows=(*_windows(session), None))


def close_map(session: Session, number: int) -> None:
    """Take a map away; the last one stays."""
    state = session.state
    if len(state.maps) > 1:
        state.param.update(maps=_without(state.maps, number), windows=_without(_windows(session), number))


def zoom(session: Session, number: int, window: tuple[float, float, float, float]) -> None:
    """Look at a part of a map; an event that is no window (all equal, not finite) is left alone."""
    window = tuple(float(f"{edge:.7g}") for edge in window)
    if not (np.isfinite(window).all() and window[1] > window[0] and window[3] > window[2]):
        return
    windows = _with(_windows(session), number, window)
    if session.state.linked:
        windows = _followed(session, number, windows)
    session.state.windows = windows


def show_all(session: Session, number: int) -> None:
    """Look at the whole of a map."""
    session.state.windows = _with(_windows(session), number, None)


def link(session: Session, linked: bool) -> None:
    """Let the other maps follow the one that is moved, or no longer."""
    session.state.linked = linked


def _windows(session: Session) -> tuple:
    state = session.state
    return tuple(state.window(number) for number in range(len(state.maps)))


def _followed(session: Session, number: int, windows: tuple) -> tuple:
    """Windows of the other maps, such that they show where the objects in view of this one are."""
    state, plane = session.state, session.plane(number)
    rows = plane.rows_in(windows[number], session.by_place(plane, session.drawn_rule), ENOUGH)
    for other, name in enumerate(state.maps):
        if other != number:
            same = session.axes_of(name) == plane.axes
            around = derive.around(*(session.table.numbers(axis)[rows] for axis in session.axes_of(name)))
            windows = _with(windows, other, windows[number] if same else around)
    return windows


def _with(values: tuple, number: int, value: object) -> tuple:
    return (*values[:number], value, *values[number + 1 :])


def _without(values: tuple, number: int) -> tuple:
    return (*values[:number], *values[number + 1 :])


# ---- colours


def choose_colour(session: Session, name: str) -> None:
    """Colour by another column, with its own robust limits, all its classes, and two colours where zero is in the middle."""
    state = session.state
    others = PALETTES[0] if state.palette == DIVERGING else state.palette
    state.param.update(colour_by=name, limits=None, hidden=(), palette=DIVERGING if name in SIGNED else others)


def choose_limits(session: Session, low: float | None, high: float | None) -> None:
    """Set the ends of the colour scale; None gives robust ones."""
    usable = low is not None and high is not None and np.isfinite([low, high]).all() and low < high
    session.state.limits = (float(low), float(high)) if usable else None


def hide_class(session: Session, name: str) -> None:
    """Hide a class, or show it again."""
    hidden = session.state.hidden
    session.state.hidden = tuple(part for part in hidden if part != name) if name in hidden else (*hidden, name)


def isolate_class(session: Session, name: str) -> None:
    """Show only one class; if it is alone already, show all again."""
    others = tuple(part for part in session.classes.names if part != name)
    session.state.hidden = () if set(session.state.hidden) == set(others) else others


# ---- objects


def tap(session: Session, number: int, x: float, y: float, view: View) -> None:
    """Put the object under the pointer into focus; where there is none the place itself is asked about."""
    plane = session.plane(number)
    reach = _REACH * (view.x1 - view.x0) / view.width, _REACH * (view.y1 - view.y0) / view.height
    row = plane.nearest((x, y), reach, session.by_place(plane, session.drawn_rule))
    if row >= 0:
        session.focus_on(row)
    else:
        session.probe = number, float(x), float(y)
        if session.table.latent_names and session.library.reads_spectra(session.state.run):
            show_page(session, "space")


def focus(session: Session, row: int) -> None:
    """Put one object into focus."""
    session.focus_on(row)


def show_page(session: Session, page: str, tab: str = "") -> None:
    """Turn the right half of the page to something else."""
    session.state.param.update(page=page, tab=tab)


def toggle_theme(session: Session) -> None:
    """Dark instead of light or the other way; from then on the user's choice holds, not the system's."""
    session.state.theme = "light" if session.dark else "dark"
