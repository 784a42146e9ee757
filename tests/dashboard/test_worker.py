"""Stale work is dropped: only the latest request arrives."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import bokeh.document

from dashboard.worker import Latest


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
