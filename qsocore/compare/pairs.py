"""Pairs of columns in cells: each column's numbers become small bins once, and a panel counts the pairs of two columns' bins.

Every object is counted, none is drawn at random: ten million rows of four columns take about a second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 128
"""Bins of a column, and cells of a panel's side, where nothing else is said; at most 255."""

_ROBUST, _ROOM, _ENOUGH = (0.1, 99.9), 0.06, 1_000_000
_PIECE = 1 << 20  # rows whose pairs are counted at once


def axis_of(values: NDArray) -> tuple[float, float]:
    """Ends of a column's axis: all but one in a thousand at either end, and some room."""
    sample = values[:: max(1, values.size // _ENOUGH)]
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = (float(end) for end in np.percentile(sample, _ROBUST))
    low, high = (low, high) if high > low else (float(sample.min()), float(sample.max()))
    room = _ROOM * (high - low) or 0.5
    return low - room, high + room


def to_bins(values: NDArray, low: float, high: float, side: int = SIDE) -> NDArray[np.uint8]:
    """Bin of each value, 0 to side - 1 from `low` to `high`; `side` where it is outside or missing."""
    with np.errstate(invalid="ignore", over="ignore"):
        place = (values - np.float32(low)) * np.float32(side / (high - low))
        inside = (values >= low) & (values <= high)
    return np.where(inside, np.minimum(np.where(inside, place, 0), side - 1), side).astype(np.uint8)


def pairs(across: NDArray[np.uint8], up: NDArray[np.uint8], weight: NDArray | None = None,
          side: int = SIDE) -> tuple[NDArray[np.uint32], NDArray[np.float32] | None]:
    """How many objects lie in each cell of a panel, and the mean of their weights that are not NaN.

    Parameters
    ----------
    across, up : ndarray of uint8, shape (n,)
        From `to_bins`.
    weight : ndarray, shape (n,), optional
        Numbers.
    side : int
        As given to `to_bins`.

    Returns
    -------
    count : ndarray, shape (side, side)
        The first row is the lowest value of `up`.
    mean : ndarray, shape (side, side), or None
        NaN where no object has a weight; None without weights.
    """
    box = side + 1  # the last is for what is outside
    count, known, total = (np.zeros(box * box, kind) for kind in (np.int64, np.int64, np.float64))
    for start in range(0, len(across), _PIECE):
        piece = slice(start, start + _PIECE)
        cell = up[piece].astype(np.intp) * box + across[piece]
        count += np.bincount(cell, minlength=box * box)
        if weight is not None:
            finite = np.isfinite(weight[piece])
            known += np.bincount(cell[finite], minlength=box * box)
            total += np.bincount(cell[finite], weight[piece][finite], minlength=box * box)
    inner = slice(0, side), slice(0, side)
    counts = count.reshape(box, box)[inner].astype(np.uint32)
    if weight is None:
        return counts, None
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts, (total / known).reshape(box, box)[inner].astype(np.float32)
