"""A corner plot as data, by `qsocore.compare.pairs`: every object is counted, none is drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.colourings import EMPTY, Aggregate, Scale, to_levels
from qsocore.compare.pairs import SIDE, axis_of, pairs, to_bins

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

MOST = 6
"""Columns that can still be told apart on a page."""


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
        By column upwards and column across, the first larger; counts (side, side), the first row the lowest value, and
        means of the colouring column when there is one.
    histograms : tuple of ndarray of int64, shape (side,)
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
    return _corner({name: values(name) for name in names}, limits, SIDE, values(colour) if colour else None)


def corner_of(columns: Mapping[str, NDArray], side: int) -> Corner:
    """Count rows in the panels of columns that are no table's, as those of a sampler's chain.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        Numbers by name.
    side : int
        Cells of a panel's side; of few rows fewer say more.
    """
    return _corner(columns, tuple(axis_of(values) for values in columns.values()), side)


def _corner(columns: Mapping[str, NDArray], limits: tuple[tuple[float, float], ...], side: int,
            weight: NDArray | None = None) -> Corner:
    bins = [to_bins(values, *ends, side) for values, ends in zip(columns.values(), limits, strict=True)]
    panels = {(up, across): counted(bins[across], bins[up], weight, side) for up in range(len(bins)) for across in range(up)}
    histograms = tuple(np.bincount(column, minlength=side + 1)[:side] for column in bins)
    beyond = np.zeros(len(bins[0]), bool)
    for column in bins:
        beyond |= column == side
    return Corner(tuple(columns), limits, panels, histograms, beyond.size, int(np.count_nonzero(beyond)))


def counted(across: NDArray[np.uint8], up: NDArray[np.uint8], weight: NDArray | None = None, side: int = SIDE) -> Aggregate:
    """`qsocore.compare.pairs.pairs` as an aggregate of the page's own."""
    return Aggregate(*pairs(across, up, weight, side))


def levels(panel: Aggregate, scale: Scale | None = None) -> NDArray[np.uint8]:
    """A panel as levels of a palette: means on a scale, or without one the counts, from one object to the fullest pixel."""
    if scale is None:
        shown = to_levels(np.maximum(panel.count, 1), Scale(1.0, max(float(panel.count.max(initial=0)), 10.0), log=True))
    else:
        shown = to_levels(panel.value, scale)
    return np.where(panel.count > 0, shown, EMPTY).astype(np.uint8)
