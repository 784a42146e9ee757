"""Asks the models which pixels speak for what they say of the object in focus; the spectrum's row shows the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboard.attribution import METHODS, Question, first
from dashboard.views._specdesk import SpectrumDesk

if TYPE_CHECKING:
    from dashboard.session import Session


class Asking:
    """The attribution of one session: follows the question in State, beside the event loop; `ask` for another object.

    Attributes
    ----------
    desk : SpectrumDesk
        Where the question is chosen and the answer drawn.
    """

    def __init__(self, session: Session):
        self.session, self.desk = session, SpectrumDesk(self._heard)
        self._work, self._listing = session.latest(), session.latest()
        self._last = ""
        self._listed: str | None = None
        session.on(["why"], self.ask)

    def _heard(self, message: dict[str, Any]) -> None:
        state = self.session.state
        if message.get("toggle"):
            if state.why:
                self._last, state.why = state.why, ""
            elif self._last and self._listed == state.run:
                state.why = self._last
            else:
                self._list(begin=True)
        elif (question := Question.read(str(message.get("why", "")))) is not None:
            state.why = str(question)

    def _list(self, begin: bool = False) -> None:
        """What can be asked; with `begin` the first of it is."""
        session, run = self.session, self.session.state.run
        explanations = session.library.explanations

        def then(menu: list[tuple[str, list[str]]]) -> None:
            self._listed = run
            self.desk.menu = {"runs": [[name, targets] for name, targets in menu], "methods": METHODS}
            question = first(menu)
            if begin and question is None:
                session.tell("No model here can be asked: train one with qso train, or say qso predict", "warning")
            elif begin:
                session.state.why = str(question)

        self._listing.submit(lambda: explanations.menu(run), then)

    def ask(self) -> None:
        """Ask what State says of the object in focus."""
        session, state = self.session, self.session.state
        self.desk.why = state.why
        row, question = session.focus_row, Question.read(state.why)
        if question is None or row < 0:
            self._work.cancel()
            return
        if self._listed != state.run:
            self._list()
        run, explanations = state.run, session.library.explanations
        self._work.submit(lambda: explanations.answer(question, run, row), lambda answer: setattr(self.desk, "answer", answer))
