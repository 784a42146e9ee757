"""A file made beside the event loop and fetched by the browser; what the page leaves behind is deleted with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import panel as pn
import param

from dashboard.downloads import DOWNLOADS

if TYPE_CHECKING:
    from dashboard.session import Session


class Fetch(pn.custom.JSComponent):
    """Stands on the page without being seen."""

    address = param.String(doc="What the browser fetches next, relative to the page.")

    _esm = Path(__file__).with_name("fetch.js")

    def __init__(self, session: Session):
        super().__init__(width=0, height=0, margin=0)
        self._session, self._work, self._words, self._gone = session, session.latest(), set(), False
        if session.document is not None:
            session.document.on_session_destroyed(lambda _: self._forget())

    def make(self, name: str, write: Callable[[Path], object], done: Callable[[], None]) -> None:
        """Make a file of that name and hand it to the browser; `done` is told, also when it failed.

        One at a time: what calls this is disabled until then.
        """
        def work() -> tuple[str, Exception | None]:
            try:
                address = DOWNLOADS.offer(name, write)
            except Exception as error:  # noqa: BLE001  told to the user, after the controls are free again
                return "", error
            self._words.add(address.split("/")[1])
            if self._gone:
                self._forget()
            return address, None

        def then(result: tuple[str, Exception | None]) -> None:
            done()
            self.address, error = result
            if error is not None:
                self._session.failed(error)

        self._work.submit(work, then)

    def _forget(self) -> None:
        self._gone = True
        for word in self._words:
            DOWNLOADS.drop(word)
