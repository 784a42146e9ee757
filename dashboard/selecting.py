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
    """The way back and forth between the rules of State.

    Parameters
    ----------
    past, future : list of dict
        Each step as the rules that it changes, by name, with what they were on its other side.
    gesture : str
        What made the last step; the next of the same gesture is one with it. "" for what stands alone.
    own_mode : str
        The user's mode while keys hold another, else "".
    """

    past: list[dict[str, str]] = field(default_factory=list)
    future: list[dict[str, str]] = field(default_factory=list)
    gesture: str = ""
    own_mode: str = ""


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
    combined = selection.combine(_read(session.state.selection), rule, mode or session.state.mode)
    _put(session, selection=selection.to_json(combined))


def clear(session: Session) -> None:
    """Select nothing."""
    _put(session, selection="")


def invert(session: Session) -> None:
    """Select what is not selected; everything when nothing is."""
    old = _read(session.state.selection)
    new = {"op": "all"} if old is None else old["rule"] if old["op"] == "outside" else {"op": "outside", "rule": old}
    _put(session, selection=selection.to_json(new))


def _read(rule: str) -> selection.Rule | None:
    return json.loads(rule) if rule else None


# ---- the way back


def _put(session: Session, gesture: str = "", **rules: str) -> None:
    """Give State these rules, in a step that can be undone."""
    state, history = session.state, session.history
    before = {name: getattr(state, name) for name, rule in rules.items() if rule != getattr(state, name)}
    if before:
        if not gesture or gesture != history.gesture:
            history.past[:] = [*history.past, before][-_MOST_STEPS:]
        history.future.clear()
        history.gesture = gesture
        state.param.update(**rules)


def undo(session: Session) -> None:
    """Take the last step back: of the selection, the slots, the filters or what is drawn; nothing happens at the first."""
    _step(session, session.history.past, session.history.future)


def redo(session: Session) -> None:
    """Take back an undo."""
    _step(session, session.history.future, session.history.past)


def _step(session: Session, source: list[dict[str, str]], target: list[dict[str, str]]) -> None:
    if source:
        rules = source.pop()
        target.append({name: getattr(session.state, name) for name in rules})
        session.history.gesture = ""
        session.state.param.update(**rules)


# ---- modes


def hold(session: Session, mode: str) -> None:
    """Join selections in this way for as long as keys are held; "" brings the user's own mode back."""
    state, history = session.state, session.history
    if mode:
        history.own_mode = history.own_mode or state.mode
        state.mode = mode
    elif history.own_mode:
        history.own_mode, state.mode = "", history.own_mode


# ---- slots


def keep(session: Session, slot: str) -> None:
    """Put the selection into slot "a" or "b"."""
    _put(session, **{slot: session.state.selection})


def empty(session: Session, slot: str) -> None:
    """Take out what is in a slot."""
    _put(session, **{slot: ""})


def swap(session: Session) -> None:
    """Exchange A and B."""
    _put(session, a=session.state.b, b=session.state.a)


def select_slot(session: Session, slot: str) -> None:
    """Bring what is in a slot into the selection."""
    if rule := _read(getattr(session.state, slot)):
        choose(session, rule)


# ---- what is drawn


def draw_only_selected(session: Session) -> None:
    """Draw only what is selected; what was selected is then everything drawn."""
    only, new = _read(session.state.only), _read(session.state.selection)
    both = selection.combine(only, new, "intersect") if only and new else new or only
    _put(session, only=selection.to_json(both) if both else "", selection="")


def draw_all(session: Session) -> None:
    """Draw every object again, as far as the filters let it."""
    _put(session, only="")


def filter_by(session: Session, rule: selection.Rule | None, gesture: str = "") -> None:
    """Draw only what passes filters; None lets everything pass.

    Parameters
    ----------
    session : Session
    rule : dict or None
        All filters together.
    gesture : str
        Names one drag of a slider, all of which is one step.
    """
    _put(session, gesture, filters=selection.to_json(rule) if rule else "")


def select_filtered(session: Session) -> None:
    """Select what passes the filters."""
    if rule := _read(session.state.filters):
        choose(session, rule)
