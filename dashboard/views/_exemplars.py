"""A row of pictures under an image by which a model is understood; worked out when asked for, beside the event loop."""

from __future__ import annotations

import panel as pn

from dashboard import theme, words
from dashboard.exemplars import Exemplars, exemplars
from dashboard.session import Session
from dashboard.views.neighbours import Cards
from qsocore.cli import explain

_Asked = tuple[str, str, int]  # RUN/KIND, the run that the maps are of, and the row


class ExemplarStrip:
    """Not there until something is asked."""

    def __init__(self, session: Session):
        self.session, self._work = session, session.latest()
        self._work.failed = lambda error: self._take(Exemplars(explain(error)))
        self._asked: _Asked = ("", "", -1)
        self._doing: _Asked | None = None
        self._ids: list[str] = []
        self.note = pn.pane.HTML("", sizing_mode="stretch_width", margin=0, stylesheets=[theme.css(), theme.css("neighbours")])
        self.cards = Cards(self._choose, css_classes=["exemplars"])
        self.body = pn.Column(self.note, self.cards, sizing_mode="stretch_width", margin=0, visible=False)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    def ask(self, what: str, run: str, row: int) -> None:
        """Show RUN/KIND, or "" for nothing, of the object of a row while the maps are of a run."""
        if (what, run, row) != self._asked:
            self._asked = what, run, row
            self.body.visible = bool(what)
            self._say("Working it out; the first time for a model takes a while …")
            self._go_on()

    def _go_on(self) -> None:
        """One at a time: who walks on meanwhile must not fill the threads with what waits for one model."""
        if self._doing is None and self._asked[0]:
            library, asked = self.session.library, self._asked
            self._doing = asked
            self._work.submit(lambda: exemplars(library, *asked), self._take)

    def _take(self, found: Exemplars) -> None:
        done, self._doing = self._doing, None
        if done != self._asked:
            self._go_on()
            return
        self._say(found.said)
        self._ids, self.cards.cards = found.ids, found.cards

    def _say(self, text: str) -> None:
        self._ids, self.cards.cards = [], []
        self.note.object = f'<div class="said">{words.html(text)}</div>'

    def _choose(self, k: int) -> None:
        if 0 <= k < len(self._ids) and self._ids[k]:
            self.session.focus_on(int(self.session.table.rows_of([self._ids[k]])[0]))
