"""The dashboard as an app: ``panel serve dashboard/app.py --args STORE``, or ``qso serve STORE``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS

from dashboard import actions, layout
from dashboard.fresh import Fresh
from dashboard.library import Library
from dashboard.mending import mend
from dashboard.session import Session
from dashboard.state import RULES, State

if TYPE_CHECKING:
    from dashboard.login import Gate

_URL_DELAY_MS = 400
_ASK_AGAIN = 'fetch("login", {redirect: "manual"}).then((answer) => { if (answer.ok) location.reload() })'
"""In the browser, when the connection is lost: load the page again where a login is asked for, which leads there and back."""
_LONGEST = 40_000  # signs; servers refuse an address that is much longer, and a reload with it

mend()


def create(library: Library, gate: Gate | None = None) -> pmui.Page:
    """Build the page of one tab from the address that the browser asked for, for whoever a gate let in."""
    pn.extension(notifications=True)
    login = None
    if gate is not None:
        login = gate.login(pn.state.curdoc)
        pn.state.curdoc.js_on_event("connection_lost", CustomJS(code=_ASK_AGAIN))
    session = Session(library, State(store=str(library.path)), login)
    query = dict(parse_qsl((pn.state.location.search if pn.state.location else "").lstrip("?")))
    session.dark = query.get("theme") != "light"
    actions.start(session, query)
    if not query:
        actions.first_colour(session)
    page = layout.page(session)
    session.once_shown(library.warm_up)
    Fresh(session)
    if pn.state.location is not None:
        Address(session, pn.state.location)
    return page


class Address:
    """Writes State into the browser's address, a moment after the last change."""

    def __init__(self, session: Session, location):
        self.session, self.location, self._changes = session, location, 0
        session.state.param.watch(lambda *_: self._soon(), list(session.state.param))

    def _soon(self) -> None:
        self._changes += 1
        change = self._changes
        self.session.later(lambda: self._write(change), _URL_DELAY_MS)

    def _write(self, change: int) -> None:
        from urllib.parse import urlencode

        if change == self._changes:
            words = self.session.state.to_query()
            for rule in sorted(RULES, key=lambda name: -len(words.get(name, ""))):
                if len(urlencode(words)) > _LONGEST:
                    words.pop(rule, None)  # kept by name it can be shared
            query = urlencode(words)
            self.location.search = f"?{query}" if query else ""


def main(words: list[str]) -> pmui.Page:
    """Build the page from the words after ``--args``; the library is opened once per process."""
    path = words[0]
    library = pn.state.as_cached(f"library {path}", lambda: Library.open(path))
    return create(library)


if __name__.startswith("bokeh_app_"):
    main(sys.argv[1:]).servable()
