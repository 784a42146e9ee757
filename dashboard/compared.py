"""Which sets of objects are held against each other: the slots A and B, or the selection, and the rest of what is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard import derive

if TYPE_CHECKING:
    from dashboard.session import Session

NAMES = ["selection", "a", "b", "only", "filters", "hidden", "run", "joined"]
"""Choices of State that change the sets."""


@dataclass(frozen=True)
class Compared:
    """One set.

    Parameters
    ----------
    key : {"a", "b", "selected", "rest", "all"}
        Which.
    title : str
        As the user reads it.
    ink : str
        Name of its colour in `dashboard.theme.INK`.
    rule : str
        JSON of what it consists of; that of "rest" is the rule of all that is drawn.
    """

    key: str
    title: str
    ink: str
    rule: str


def slots(session: Session) -> list[Compared]:
    """The slots that are filled, of which what is drawn counts."""
    state = session.state
    return [Compared(key, key.upper(), key, derive.all_of(rule, session.drawn_rule))
            for key, rule in (("a", state.a), ("b", state.b)) if rule]


def selected(session: Session) -> list[Compared]:
    """The selection, of which what is drawn counts; empty when nothing is selected."""
    return [Compared("selected", "Selected", "accent", session.selected_rule)] if session.state.selection else []


def sets(session: Session, prefer: str = "slots") -> list[Compared]:
    """What is looked at: A and B when both are filled, else the selection, else the one slot that is filled.

    Parameters
    ----------
    session : Session
    prefer : {"slots", "selection"}
        What is looked at when there are two slots and a selection.
    """
    both, chosen = slots(session), selected(session)
    return both if len(both) == 2 and (prefer == "slots" or not chosen) else chosen or both


def is_choice(session: Session) -> bool:
    """Whether there are both two slots and a selection."""
    return len(slots(session)) == 2 and bool(selected(session))


def rest(session: Session) -> Compared:
    """All that is drawn, without what it is held against."""
    return Compared("rest", "Rest", "muted", session.drawn_rule)


def everything(session: Session) -> Compared:
    """All that is drawn."""
    return Compared("all", "Drawn", "muted", session.drawn_rule)
