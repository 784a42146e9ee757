"""A page that is open follows what is learnt, predicted or embedded meanwhile, by whomever: its table is joined anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard import actions

if TYPE_CHECKING:
    from dashboard.session import Session

_EVERY_MS = 2000


class Fresh:
    """Looks at the files of the run that is shown, again and again for as long as the page is open.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session):
        self.session, self._work = session, session.latest()
        session.once_shown(self._wait)

    def _wait(self) -> None:
        self.session.later(self._look, _EVERY_MS)

    def _look(self) -> None:
        library, run = self.session.library, self.session.state.run
        self._work.submit(lambda: library.renew(run), lambda _: self._arrive())

    def _arrive(self) -> None:
        actions.follow_table(self.session)
        self._wait()
