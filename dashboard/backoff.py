"""How long one who guesses has to wait: some tries are free, then each doubles the wait."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_KEYS = 10_000
"""Who is remembered; beyond that the one who was quiet for longest is forgotten."""


@dataclass
class _Tries:
    count: int = 0
    until: float = 0.0
    last: float = 0.0


class Backoff:
    """Counts tries by name or by address. A try counts as failed from its beginning on, so that many at once gain nothing.

    Parameters
    ----------
    free : int
        Tries before the first wait.
    first, most : float
        That wait in seconds, and the longest.
    forgotten : float
        Seconds of quiet after which all is forgotten.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, free: int, first: float = 1.0, most: float = 300.0, forgotten: float = 3600.0,
                 clock: Callable[[], float] = time.monotonic):
        self.free, self.first, self.most, self.forgotten, self._clock = free, first, most, forgotten, clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until the next try is looked at, 0 for now."""
        known = self._tries.get(key)
        return max(0.0, known.until - self._clock()) if known else 0.0

    def begin(self, key: str) -> None:
        """Count a try."""
        now, known = self._clock(), self._tries.pop(key, _Tries())
        if now - known.last > self.forgotten:
            known = _Tries()
        known.count, known.last = known.count + 1, now
        self._tries[key] = known
        self.refuse(key)
        while len(self._tries) > _KEYS:
            self._tries.popitem(last=False)

    def refuse(self, key: str) -> None:
        """Let the wait run from now on: the try that was counted last was wrong."""
        known = self._tries.get(key)
        if known is not None and known.count >= self.free:
            known.until = self._clock() + min(self.first * 2.0 ** min(known.count - self.free, 60), self.most)

    def forgive(self, key: str) -> None:
        """Forget all tries of a name whose password was right."""
        self._tries.pop(key, None)

    def take_back(self, key: str) -> None:
        """Take back the one try that was right, of an address from where others may guess."""
        known = self._tries.get(key)
        if known is not None:
            known.count, known.until = known.count - 1, 0.0


def neighbourhood(address: str) -> str:
    """What counts as one place: an IPv4 address, or the 2^64 IPv6 addresses that one customer has.

    Examples
    --------
    >>> neighbourhood("192.0.2.7"), neighbourhood("2001:db8::17")
    ('192.0.2.7', '2001:db8::/64')
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:  # a Unix socket has none
        return address
    return address if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))
