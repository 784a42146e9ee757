"""Pages of many objects: the browser holds one page, the server none; what is touched comes back by object id."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
import param

from dashboard import ordering, theme
from dashboard.ordering import Order

if TYPE_CHECKING:
    import numpy as np

    from dashboard.session import Session
    from dashboard.table import AtlasTable

NARROW = {".MuiSelect-select": {"paddingTop": "5px !important", "paddingBottom": "5px !important"},
          ".MuiInputLabel-root:not(.MuiInputLabel-shrink)": {"top": "-8px"}}
"""Makes a choice of several as low as a choice of one."""


class Pages(pn.custom.JSComponent):
    """The page in the browser; tells `heard` of what is done there."""

    kind = param.Selector(default="table", objects=["table", "mosaic"])
    label = param.String(doc="What a screen reader calls it.")
    content = param.Dict({}, doc="The page that is shown.")
    choices = param.Dict({}, doc="Columns that can be chosen: groups of (name, title, tip), and those chosen.")
    focus = param.String(doc="Id of the object in focus.")

    _esm = Path(__file__).with_name("pages.js")

    def __init__(self, heard: Callable[[dict[str, Any]], None], **params):
        super().__init__(sizing_mode="stretch_both", margin=0, stylesheets=[theme.css("pages")], **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(msg)


class Paged:
    """A view of the selected objects, or of all that are drawn when nothing is selected, one page at a time.

    Its own choices (order, page) stay while the selection changes; only the page number starts anew.

    Parameters
    ----------
    session : Session
        Whose selection.
    title : str
        Of the view.
    kind : str
        "table" or "mosaic".
    also : tuple of str
        Further choices of State that change the page.
    """

    size = 50
    """Objects on a page."""

    def __init__(self, session: Session, title: str, kind: str, also: tuple[str, ...] = ()):
        self.session, self.order, self._number, self._work = session, Order(), 0, session.latest()
        self.pages = Pages(self._hear, kind=kind, label=f"{title} of the selected objects")
        session.when_shown(title, ["selection", "only", "filters", "hidden", "run", "joined", *also], self.restart)
        session.when_shown(title, ["focus"], self._mark)

    def read(self, table: AtlasTable, rows: np.ndarray) -> dict[str, Any]:
        """What the browser needs of these objects; called beside the event loop."""
        raise NotImplementedError

    def restart(self) -> None:
        """Show the first page."""
        self._number = 0
        self.fill()

    def fill(self) -> None:
        """Show the page that is chosen."""
        session, table, order, number, size = self.session, self.session.table, self.order, self._number, self.size
        rule, name = shown_rule(session)

        def work() -> dict[str, Any]:
            rows = session.rows(rule)
            pages = max(1, -(-len(rows) // size))
            page = min(number, pages - 1)
            here = ordering.page(table, rows, order, page * size, (page + 1) * size)
            first = page * size + 1
            said = f"{first:,}–{first + len(here) - 1:,} of {len(rows):,} {name}" if len(here) else f"no object is {name}"
            about = {"total": len(rows), "page": page, "pages": pages, "said": said, "ids": table.ids_of(here)}
            return self.read(table, here) | about

        self._work.submit(work, self._show)

    def _show(self, content: dict[str, Any]) -> None:
        self._number = content["page"]
        self.pages.param.update(content=content, focus=self.session.state.focus)

    def _mark(self) -> None:
        self.pages.focus = self.session.state.focus

    def _hear(self, message: dict[str, Any]) -> None:
        if isinstance(message.get("page"), int):
            self._number = max(0, message["page"])
            self.fill()
        elif message.get("focus") in self.pages.content.get("ids", ()):
            self.session.state.focus = message["focus"]


def shown_rule(session: Session) -> tuple[str, str]:
    """Rule of the objects that a view of the selection is about, and what they are called: selected, else all drawn."""
    if session.state.selection:
        return session.selected_rule, "selected"
    return session.drawn_rule, "drawn (nothing is selected)"
