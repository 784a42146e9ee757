"""Views: panes of the page that show State. One file, one view; a new one takes its place by itself.

A view reads the session, draws, and answers browser events through `dashboard.actions`; it never talks to another view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qsocore.registry import Family

if TYPE_CHECKING:
    from dashboard.session import Session


@dataclass(frozen=True)
class View:
    """A member of the family.

    Parameters
    ----------
    title : str
        On its tab.
    place : {"map", "object", "tab"}
        Left, right above, or a tab right below.
    order : int
        Among the views of one place.
    make : callable
        Builds the pane for a session.
    """

    title: str
    place: Literal["map", "object", "tab"]
    order: int
    make: Callable[[Session], Any]


VIEWS = Family("view", __name__, "VIEW", "qso_atlas.views")
