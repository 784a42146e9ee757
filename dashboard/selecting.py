"""Effects on the selection: what a gesture, a typed rule or a click does to it, and the way back.

A selection is a rule. Here it is combined with the one before, remembered for undo, and put into the slots A and B.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dashboard import derive
from qsocore import selection

if TYPE_CHECKING:
    from dashboard.session import Session

_MOST_STEPS = 200


@dataclass
class History:
    """The selections before and after the one in force, as JSON."""

    past: list[str] = field(default_factory=list)
    future: list[str] = field(default_factory=list)


def select_geometry(session: Session, geometry: dict, axes: tuple[str, str]) -> None:
    """Select what lies in a box or a lasso; a mere click selects nothing.

    Parameters
    ----------
    session : Session
    geometry : dict
        As Bokeh sends it: type "rect" with x0, x1, y0, y1, or "poly" with x and y, in data units.
    axes : tuple of str
        Columns of the plane that it was drawn on.
    """
    if geometry["type"] == "rect":
        x0, x1, y0, y1 = (geometry[edge] for edge in ("x0", "x1", "y0", "y1"))
        xs, ys = [x0, x1, x1, x0], [y0, y0, y1, y1]
    elif geometry["type"] == "poly":
        xs, ys = (list(geometry[axis]) for axis in ("x", "y"))
    else:
        return
    if len(xs) > 2 and np.ptp(xs) > 0 and np.ptp(ys) > 0:
        choose(session, derive.polygon(*axes, xs, ys))


def choose(session: Session, rule: selection.Rule, mode: str | None = None) -> None:
    """Bring a rule into the selection.

    Parameters
    ----------
    session : Session
    rule : dict
        See `qsocore.selection`.
    mode : str, optional
        "replace", "add", "subtract" or "intersect"; by default the one that the user has chosen.
    """
    old = session.state.selection
    combined = selection.combine(json.loads(old) if old else None, rule, mode or session.state.mode)
    _put(session, selection.to_json(combined))


def clear(session: Session) -> None:
    """Select nothing."""
    _put(session, "")


def _put(session: Session, rule: str) -> None:
    if rule != session.state.selection:
        history = session.history
        history.past[:] = [*history.past, session.state.selection][-_MOST_STEPS:]
        history.future.clear()
        session.state.selection = rule


def undo(session: Session) -> None:
    """Go back to the selection before; nothing happens at the first."""
    if session.history.past:
        session.history.future.append(session.state.selection)
        session.state.selection = session.history.past.pop()


def redo(session: Session) -> None:
    """Take back an undo."""
    if session.history.future:
        session.history.past.append(session.state.selection)
        session.state.selection = session.history.future.pop()


def keep(session: Session, slot: str) -> None:
    """Put the selection into slot "a" or "b"."""
    session.state.param.update(**{slot: session.state.selection})


def draw_only_selected(session: Session) -> None:
    """Draw only what is selected; what was selected is then everything drawn."""
    only, new = session.state.only, session.state.selection
    both = selection.combine(json.loads(only), json.loads(new), "intersect") if only and new else None
    session.state.param.update(only=selection.to_json(both) if both else new)
    clear(session)


def draw_all(session: Session) -> None:
    """Draw every object again."""
    session.state.only = ""
