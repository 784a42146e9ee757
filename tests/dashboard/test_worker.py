"""Stale work is dropped: only the latest request arrives."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event, get_ident

import bokeh.document
import pytest

from dashboard.worker import Each, Latest, way_back


class Document(bokeh.document.Document):
    """Keeps what a Bokeh document would call on its next tick."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def add_next_tick_callback(self, call):
        self.calls.append(call)

    def tick(self):
        while self.calls:
            self.calls.pop(0)()


def test_of_many_requests_the_last_arrives_and_what_never_began_is_not_done():
    document, done, arrived, gate = Document(), [], [], Event()
    with ThreadPoolExecutor(1) as pool:
        line = Latest(document, pool, arrived.append)
        line.submit(lambda: gate.wait(10), arrived.append)
        for k in range(20):
            line.submit(lambda k=k: done.append(k) or k, arrived.append)
        assert line.busy
        gate.set()
    document.tick()
    assert done == [19] and arrived == [19] and not line.busy


def test_a_result_that_became_stale_while_it_waited_is_dropped():
    document, arrived = Document(), []
    with ThreadPoolExecutor(1) as pool:
        line = Latest(document, pool, arrived.append)
        line.submit(lambda: "old", arrived.append)
        pool.submit(lambda: None).result()
        line.submit(lambda: "new", arrived.append)
    document.tick()
    assert arrived == ["new"]


def test_a_fault_is_told_and_not_swallowed():
    document, told = Document(), []
    with ThreadPoolExecutor(1) as pool:
        line = Latest(document, pool, told.append)
        line.submit(lambda: 1 / 0, lambda result: told.append("arrived"))
    document.tick()
    assert len(told) == 1 and isinstance(told[0], ZeroDivisionError)


def served(document, do):
    """Run something on an event loop, as if a server stood behind the document; whatever it submits is over when it returns."""
    document._session_context = lambda: "a tab"  # what Bokeh gives a document of a tab, and takes away when the tab is closed

    async def work():
        with ThreadPoolExecutor(2) as pool:
            do(pool)
        await asyncio.sleep(0.05)

    asyncio.run(work())


@pytest.mark.parametrize("kind", ["latest", "each", "progress"])
def test_a_document_is_touched_by_the_loop_alone_whatever_thread_did_the_work(kind):
    class Watched(Document):
        def add_next_tick_callback(self, call):
            threads.append(get_ident())
            super().add_next_tick_callback(call)

    document, threads, arrived = Watched(), [], []

    def do(pool):
        if kind == "latest":
            Latest(document, pool, arrived.append).submit(lambda: 1, arrived.append)
        elif kind == "each":
            Each(document, pool).submit(lambda: 1, arrived.append, arrived.append)
        else:
            pool.submit(way_back(document), lambda: arrived.append(1))

    served(document, do)
    assert threads == [get_ident()]
    document.tick()
    assert arrived == [1]


def test_what_is_done_after_its_tab_was_closed_is_dropped(caplog):
    document, arrived, gate = Document(), [], Event()

    def do(pool):
        Latest(document, pool, arrived.append).submit(lambda: gate.wait(10), arrived.append)
        document._session_context = None
        gate.set()

    served(document, do)
    assert not document.calls and not arrived and not caplog.records
