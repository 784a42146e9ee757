"""Benches: each ``bench_*.py`` has ``rows()``, which measures and yields `Row`; ``python -m tests.bench`` prints them all.

Every figure is measured in one run beside its peer or the machine's own limit, because machines differ and are noisy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    what : str
        What was measured, with its size.
    value : str
        The figure with its unit.
    beside : str
        What it is held to: the peer, the limit or the physical bound, measured in the same run.
    """

    what: str
    value: str
    beside: str = ""


def best_of(times: int, work: Callable[[], object]) -> float:
    """Least wall time of several calls, seconds; the least is what the machine can do when left alone."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
