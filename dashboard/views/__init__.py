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
        On its tab; no two views share one.
    place : {"map", "object", "object tab", "selection", "space", "sky", "models", "grade", "drawer"}
        Left, one under the other; on the right the page about the object (above, or a tab beneath), a tab of the page about
        the selection or about grading, or a page of its own; or the drawer of filters.
    order : int
        Among the views of one place.
    make : callable
        Builds the pane for a session; where a view is not seen at once, when it first is.
    instead_of : str
        Title of the view in whose place it stands where a store has images and no spectra.
    needs : {"", "images", "spectra"}
        Without which in the store it is not on the page.
    share : float
        Of a tab under the object: how much of the page's height it takes, where what stands above it takes 1.7.
    """

    title: str
    place: Literal["map", "object", "object tab", "selection", "space", "sky", "models", "grade", "drawer"]
    order: int
    make: Callable[[Session], Any]
    instead_of: str = ""
    needs: Literal["", "images", "spectra"] = ""
    share: float = 1.0


VIEWS = Family("view", __name__, "VIEW", "qso_atlas.views")
