"""A quiet sign that something is being worked on, once that takes longer than a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from dashboard import theme, words

if TYPE_CHECKING:
    from dashboard.session import Session
    from dashboard.worker import Latest

_GLANCE_MS = 300


class Busy:
    """A dot that appears while a line of work is under way.

    Parameters
    ----------
    session : Session
    work : Latest
        What is watched.
    title : str
        What is being done, for those who ask.
    """

    def __init__(self, session: Session, work: Latest, title: str):
        self.session, self.work, self.title, self._watching = session, work, title, False
        self.pane = pn.pane.HTML("", width=14, height=20, margin=(3, 4), stylesheets=[theme.css()])

    def __panel__(self) -> pn.viewable.Viewable:
        return self.pane

    def watch(self) -> None:
        """Look at the work after a glance, and again until it is done."""
        if not self._watching:
            self._watching = True
            self.session.later(self._look, _GLANCE_MS)

    def _look(self) -> None:
        said = f'<span class="busy" role="status" title="{words.html(self.title)}"></span>' if self.work.busy else ""
        if self.pane.object != said:
            self.pane.object = said
        self._watching = False
        if self.work.busy:
            self.watch()
