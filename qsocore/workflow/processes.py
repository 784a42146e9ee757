"""Work shared among processes that neither outlive their parent nor print tracebacks when they are interrupted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread, current_thread, main_thread
from typing import TypeVar

from qsocore.errors import AtlasError

Task = TypeVar("Task")
Result = TypeVar("Result")


def shared(work: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """Results of all tasks, as they are finished.

    Parameters
    ----------
    work : callable
        A function of a module, and tasks that can be pickled.
    tasks : sequence
    workers : int
        Processes; with one, or with one task, everything happens here.

    Raises
    ------
    AtlasError
        When a process was killed. Whatever `work` raises comes as it is; tasks not begun are dropped.
    """
    workers = min(workers, len(tasks))
    if workers < 2:
        yield from map(work, tasks)
        return
    # A fresh interpreter for each process: a fork of one that has threads (torch, pyarrow) may hang
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            with _interrupts_held():
                working = [pool.submit(work, task) for task in tasks]
            for finished in as_completed(working):
                yield finished.result()
        except BrokenProcessPool:
            raise AtlasError("a worker process was killed (not enough memory?)",
                             remedy="repeat the command to go on, with fewer --workers") from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Start processes that do not hear Ctrl-C until they are set up, and would print a traceback of their imports."""
    if current_thread() is not main_thread():  # only the main thread may set handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_with_parent() -> None:
    """Let a worker not outlive a parent that was killed, and end without a word when it is interrupted."""
    def watch() -> None:
        parent_process().join()
        os._exit(1)

    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # what is whole is kept; the parent says so
    Thread(target=watch, daemon=True).start()
