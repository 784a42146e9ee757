"""Work beside the event loop, of which only the latest request's result arrives; what is stale is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, TypeVar

from panel.io import unlocked
from panel.io.state import set_curdoc

if TYPE_CHECKING:
    from bokeh.document import Document

T = TypeVar("T")


def together(document: Document, do: Callable[[], None]) -> Callable[..., None]:
    """`do`, with all that it changes on the page sent at its end and in order.

    Panel sends its own changes at once and Bokeh's only when the document is let go of: a figure's new data would then
    arrive after the tab that held it was taken away, and the browser complain of a model it does not know.
    """
    def whole(*_: Any) -> None:
        with set_curdoc(document), unlocked(policy="collect"):
            do()

    return whole


def way_back(document: Document) -> Callable[[Callable[..., None]], None]:
    """What a thread calls to have something done in the document; to be asked for on the event loop.

    Bokeh lets threads add callbacks to a document, but what it then touches (which document is current, the events that are
    held) belongs to no thread and has no lock. So they are added on the loop, between other things, and not at all where the
    tab was closed meanwhile.

    Parameters
    ----------
    document : Document
        Of a server's session; where no loop runs callbacks are added at once.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # no server stands behind the document
        return lambda do: document.add_next_tick_callback(do)

    def add(do: Callable[..., None]) -> None:
        if document.session_context is not None:
            document.add_next_tick_callback(do)

    return lambda do: loop.call_soon_threadsafe(add, do)


class Latest:
    """One line of work in which a new request makes the earlier ones stale.

    Parameters
    ----------
    document : Document
        Where results are used, under its lock.
    executor : Executor
        Does the work.
    failed : callable
        Told of an exception.
    """

    def __init__(self, document: Document, executor: Executor, failed: Callable[[Exception], None]):
        self.document, self.executor, self.failed = document, executor, failed
        self.generation = 0
        self.busy = False

    def submit(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Do `work` in a thread and give its result to `then` in the document, unless a later request came meanwhile."""
        self.generation += 1
        self.busy = True
        generation, back = self.generation, way_back(self.document)
        future = self.executor.submit(lambda: work() if generation == self.generation else None)
        future.add_done_callback(
            lambda done: back(together(self.document, lambda: self._arrive(generation, done, then))))

    def cancel(self) -> None:
        """Drop whatever is under way."""
        self.generation += 1
        self.busy = False

    def _arrive(self, generation: int, done: Future[T], then: Callable[[T], None]) -> None:
        if generation != self.generation:
            return
        self.busy = False
        error = done.exception()
        if error is None:
            then(done.result())
        else:
            self.failed(error)


class Each:
    """Work beside the event loop of which every result arrives, in the executor's order.

    Parameters
    ----------
    document : Document
        Where results are used, under its lock.
    executor : Executor
        Does the work.
    """

    def __init__(self, document: Document, executor: Executor):
        self.document, self.executor = document, executor

    def submit(self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Do `work` in a thread and give its result, or what went wrong, to one of the others in the document."""
        back = way_back(self.document)

        def arrived(done: Future[T]) -> None:
            error = done.exception()
            told = (lambda: then(done.result())) if error is None else (lambda: failed(error))
            back(together(self.document, told))

        self.executor.submit(work).add_done_callback(arrived)


class Late:
    """Work that waits until its view is seen.

    Parameters
    ----------
    seen : callable
        Whether the view is on the page now.
    do : callable
        The work.
    """

    def __init__(self, seen: Callable[[], bool], do: Callable[[], None]):
        self.seen, self.do, self.due = seen, do, True

    def changed(self) -> None:
        """Something that the work follows from has changed."""
        self.due = True
        self.appear()

    def appear(self) -> None:
        """The view may be on the page now."""
        if self.due and self.seen():
            self.due = False
            self.do()
