"""Work on many hosts at once: hosts take turns, and none has more jobs under way than its share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Generic, TypeVar

from qsocore.archive.client import Client
from qsocore.progress import Progress

T = TypeVar("T")
_LOOK = 0.2  # seconds between two looks at what is under way


class Turns(Generic[T]):
    """Which job is next.

    Parameters
    ----------
    jobs : iterable of (str, job)
        Each with its host.
    per_host : int
        Jobs that a host may have under way.
    """

    def __init__(self, jobs: Iterable[tuple[str, T]], per_host: int):
        self.per_host = per_host
        self._waiting: dict[str, deque[T]] = {}
        for host, job in jobs:
            self._waiting.setdefault(host, deque()).append(job)
        self._under_way: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def take(self) -> tuple[str, T] | None:
        """A job of the host that has waited longest among those below their share; None when every host has its share."""
        host = next((host for host in self._waiting if self._under_way[host] < self.per_host), None)
        if host is None:
            return None
        queue = self._waiting.pop(host)
        job = queue.popleft()
        if queue:
            self._waiting[host] = queue  # at the end: the others come first
        self._under_way[host] += 1
        return host, job

    def give_back(self, host: str) -> None:
        """Say that a job of a host is over."""
        self._under_way[host] -= 1


class Crew(ABC, Generic[T]):
    """Who does jobs, in threads.

    Parameters
    ----------
    client : Client
        Through which they speak to hosts.

    Attributes
    ----------
    stop : Event
        Set when work under way shall end soon.
    """

    def __init__(self, client: Client):
        self.client, self.stop = client, Event()

    @abstractmethod
    def work(self, job: T) -> object:
        """Do one job; called in a thread."""

    @abstractmethod
    def over(self, job: T, future: Future) -> None:
        """Take what a job gave or raised; called in the thread of `work_in_turns`."""

    def note(self) -> str:
        """What progress shows behind the count."""
        return ""

    def halt(self) -> None:
        """End work under way."""
        self.stop.set()
        self.client.abort()


def work_in_turns(jobs: Iterable[tuple[str, T]], crew: Crew[T], per_host: int, workers: int, label: str) -> None:
    """Have jobs done, with progress; an exception, such as the user's Ctrl-C, ends those under way and is passed on.

    Parameters
    ----------
    jobs : iterable of (str, job)
        Each with its host.
    crew : Crew
    per_host, workers : int
        Jobs under way at once, of a host and in all.
    label : str
        What is being done.
    """
    turns, running = Turns(jobs, per_host), {}
    if not turns:
        return
    with Progress(len(turns), label) as progress, ThreadPoolExecutor(workers, thread_name_prefix=label) as pool:
        try:
            while turns or running:
                while len(running) < workers and (taken := turns.take()):
                    running[pool.submit(crew.work, taken[1])] = taken
                for future in wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED).done:
                    host, job = running.pop(future)
                    turns.give_back(host)
                    crew.over(job, future)
                    progress.update(1, crew.note())
                progress.update(0, crew.note())
        except BaseException:
            crew.halt()
            raise
