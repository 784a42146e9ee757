"""Loops that let go of the interpreter lock, shared among the processors."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

FEW = 100_000
"""Points that one thread has done with sooner than two can be told to."""
_PIECES = 4  # per processor, since some are fuller than others


def share(do: Callable[[int, int], None], n: int, n_points: int) -> None:
    """Call `do` for pieces low <= k < high of n, side by side, or once for all of them when they are about few points.

    Parameters
    ----------
    do : callable
        Given low and high; it may not write where another piece does, and may not share in its turn.
    n : int
        How many there are to do.
    n_points : int
        What all of them together cost.
    """
    n_pieces = 1 if n_points < FEW else min((os.cpu_count() or 1) * _PIECES, n)
    if n_pieces <= 1:
        do(0, n)
    else:
        edges = np.linspace(0, n, n_pieces + 1).round().astype(int)
        list(_threads().map(do, edges[:-1].tolist(), edges[1:].tolist()))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="share")
