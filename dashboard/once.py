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

    def take_over(self, other: Once, wanted: Callable[[Any], bool]) -> None:
        """Take over what another has made under the keys that are wanted."""
        self._made |= {key: made for key, made in list(other._made.items()) if wanted(key)}

    def replace(self, key: Hashable, made: Any) -> None:
        """Put another thing in the place of one."""
        self._made[key] = made

    def forget(self, key: Hashable) -> None:
        """Let go of a thing."""
        self._made.pop(key, None)
