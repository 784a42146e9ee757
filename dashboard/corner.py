"""A corner plot as data: each column's numbers become small bins once, and a panel counts the pairs of bins of two columns.

Every object is counted, none is drawn at random: ten million rows of four columns take about a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.colourings import EMPTY, Aggregate, Scale, to_levels

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

SIDE = 128
"""Bins of a column, and pixels of a panel's side."""
MOST = 6
"""Columns that can still be told apart on a page."""

_OUTSIDE = SIDE
_ROBUST, _ROOM, _ENOUGH = (0.1, 99.9), 0.06, 1_000_000
_PIECE = 1 << 20  # rows whose pairs are counted at once


@dataclass(frozen=True)
class Corner:
    """Panels of k columns.

    Parameters
    ----------
    names : tuple of str
        The columns.
    limits : tuple of (float, float)
        Ends of each column's axis.
    panels : dict of (int, int) to Aggregate
        By column upwards and column across, the first larger; counts (SIDE, SIDE), the first row the lowest value, and
        means of the colouring column when there is one.
    histograms : tuple of ndarray of int64, shape (SIDE,)
        Objects in each bin.
    n, n_beyond : int
        Objects, and how many of them have no value in one of the columns or lie beyond its axis.
    """

    names: tuple[str, ...]
    limits: tuple[tuple[float, float], ...]
    panels: dict[tuple[int, int], Aggregate]
    histograms: tuple[NDArray[np.int64], ...]
    n: int
    n_beyond: int = 0


def default_names(table: AtlasTable) -> tuple[str, ...]:
    """What is shown first: four latents, else the first four columns of numbers."""
    latents = [name for name, column in table.columns.items() if column.role == "latent" and table.is_numeric(name)]
    numeric = [name for name in table.columns if table.is_numeric(name)]
    return tuple((latents if len(latents) > 1 else numeric)[:4])


def corner(table: AtlasTable, rows: NDArray[np.int64] | None, names: tuple[str, ...], colour: str = "") -> Corner:
    """Count objects in the panels of some columns.

    Parameters
    ----------
    table : AtlasTable
        Whose.
    rows : ndarray of int64, shape (n,), optional
        Which; all by default.
    names : tuple of str
        Columns of numbers; their axes span the whole catalogue, so that selections can be compared.
    colour : str
        Column whose mean is taken in each pixel; none for "".
    """
    def values(name: str) -> NDArray[np.float32]:
        column = table.numbers(name)
        return column if rows is None else column[rows]

    limits = tuple(axis_of(table.numbers(name)) for name in names)
    bins = [to_bins(values(name), *ends) for name, ends in zip(names, limits, strict=True)]
    weight = values(colour) if colour else None
    panels = {(up, across): pairs(bins[across], bins[up], weight) for up in range(len(names)) for across in range(up)}
    histograms = tuple(np.bincount(column, minlength=SIDE + 1)[:SIDE] for column in bins)
    beyond = np.zeros(len(bins[0]), bool)
    for column in bins:
        beyond |= column == _OUTSIDE
    return Corner(names, limits, panels, histograms, beyond.size, int(np.count_nonzero(beyond)))


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


def to_bins(values: NDArray, low: float, high: float) -> NDArray[np.uint8]:
    """Bin of each value, 0 to SIDE - 1 from `low` to `high`; SIDE where it is outside or missing."""
    with np.errstate(invalid="ignore", over="ignore"):
        place = (values - np.float32(low)) * np.float32(SIDE / (high - low))
        inside = (values >= low) & (values <= high)
    return np.where(inside, np.minimum(np.where(inside, place, 0), SIDE - 1), _OUTSIDE).astype(np.uint8)


def pairs(across: NDArray[np.uint8], up: NDArray[np.uint8], weight: NDArray | None = None) -> Aggregate:
    """How many objects lie in each pixel of a panel, and the mean of their weights that are not NaN.

    Parameters
    ----------
    across, up : ndarray of uint8, shape (n,)
        From `to_bins`.
    weight : ndarray, shape (n,), optional
        Numbers.
    """
    side = SIDE + 1
    count, known, total = (np.zeros(side * side, kind) for kind in (np.int64, np.int64, np.float64))
    for start in range(0, len(across), _PIECE):
        piece = slice(start, start + _PIECE)
        pixel = up[piece].astype(np.intp) * side + across[piece]
        count += np.bincount(pixel, minlength=side * side)
        if weight is not None:
            finite = np.isfinite(weight[piece])
            known += np.bincount(pixel[finite], minlength=side * side)
            total += np.bincount(pixel[finite], weight[piece][finite], minlength=side * side)
    shape = (side, side)
    inner = slice(0, SIDE), slice(0, SIDE)
    counts = count.reshape(shape)[inner].astype(np.uint32)
    if weight is None:
        return Aggregate(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Aggregate(counts, (total / known).reshape(shape)[inner].astype(np.float32))


def levels(panel: Aggregate, scale: Scale | None = None) -> NDArray[np.uint8]:
    """A panel as levels of a palette: means on a scale, or without one the counts, from one object to the fullest pixel."""
    if scale is None:
        shown = to_levels(np.maximum(panel.count, 1), Scale(1.0, max(float(panel.count.max(initial=0)), 10.0), log=True))
    else:
        shown = to_levels(panel.value, scale)
    return np.where(panel.count > 0, shown, EMPTY).astype(np.uint8)
