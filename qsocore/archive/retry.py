"""How long to wait before another try: twice as long each time, never all at once, and as long as the server asks."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524})
"""Answers after which another try makes sense: overload, time-outs, and gateways (52x: those of a content network)."""


@dataclass(frozen=True)
class Patience:
    """Back-off: before try n + 1 between half and all of ``min(first 2^(n-1), longest)`` seconds, by chance.

    Parameters
    ----------
    tries : int
        Of one file in one call.
    first, longest : float
        Seconds.
    asked : float
        Longest ``Retry-After`` that is waited for, seconds; a server that asks for more has the file left for another call.
    """

    tries: int = 5
    first: float = 1.0
    longest: float = 60.0
    asked: float = 300.0

    def wait(self, failures: int, asked: float | None = None) -> float | None:
        """Seconds to wait after so many failures and what the server asked for; None to give up."""
        if failures >= self.tries or (asked or 0) > self.asked:
            return None
        own = min(self.first * 2 ** (failures - 1), self.longest) * random.uniform(0.5, 1.0)
        return max(own, asked or 0.0)


class Silence:
    """Hosts that have failed so often in a row that they are left for this call.

    Parameters
    ----------
    most : int
        Failures in a row, of files or questions that were given up.
    """

    def __init__(self, most: int = 10):
        self.most, self._failures = most, Counter()

    def heard(self, host: str) -> None:
        """A host has answered."""
        self._failures.pop(host, None)

    def failed(self, host: str) -> None:
        """A host has failed once more."""
        self._failures[host] += 1

    def __contains__(self, host: str) -> bool:
        return self._failures[host] >= self.most


def asked_wait(header: str | None) -> float | None:
    """Seconds that a ``Retry-After`` asks for, a number or a date (RFC 9110, 10.2.3); None for none, or what is neither.

    Examples
    --------
    >>> asked_wait("120"), asked_wait("Thu, 01 Jan 1970 00:00:00 GMT"), asked_wait("soon")
    (120.0, 0.0, None)
    """
    text = (header or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((when - datetime.now(UTC)).total_seconds(), 0.0)
