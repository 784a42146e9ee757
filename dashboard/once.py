"""What is made once and kept for all sessions; who asks while it is being made waits for it, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock, RLock
from typing import Any


class Once:
    """A memory of things by their key."""

    def __init__(self):
        self._made: dict[Hashable, Any] = {}
        self._locks: dict[Hashable, Any] = {}
        self._lock = Lock()

    def __call__(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` returned at the first call with this key."""
        if key in self._made:
            return self._made[key]
        with self._lock:
            lock = self._locks.setdefault(key, RLock())
        with lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def forget(self, key: Hashable) -> None:
        """Let go of a thing."""
        self._made.pop(key, None)


class Recent:
    """A memory of the things that were asked for of late, by their key.

    Parameters
    ----------
    most : int
        So many are kept.
    """

    def __init__(self, most: int):
        self.most = most
        self._made: dict[Hashable, Any] = {}
        self._locks: dict[Hashable, Any] = {}
        self._lock = Lock()

    def get(self, key: Hashable) -> Any:
        """What is kept under a key, None where there is nothing."""
        return self._made.get(key)

    def __call__(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` returned when this key was first asked for, or first again."""
        with self._lock:
            lock = self._locks.setdefault(key, RLock())
        with lock:
            thing = self._made.get(key)
            thing = make() if thing is None else thing
            with self._lock:
                self._made.pop(key, None)
                self._made[key] = thing
                while len(self._made) > self.most:
                    oldest = next(iter(self._made))
                    del self._made[oldest]
                    self._locks.pop(oldest, None)
        return thing
