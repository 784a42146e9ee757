"""The order in which many rows are shown a page at a time: a page is found by partition, nothing of all rows is kept.

Rows without a value come last, whichever way the others are sorted; equal ones stand in the catalogue's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

CATALOGUE, RANDOM = "", "random"
"""Orders that are no column."""

_SORTED_ROLES = ("label", "flag")  # of columns of text: those of few values


@dataclass(frozen=True)
class Order:
    """An order of rows.

    Parameters
    ----------
    by : str
        A column's name, `CATALOGUE` or `RANDOM`.
    descending : bool
        The largest first.
    seed : int
        Of a random order; an object keeps its place among the others whatever else is selected.
    """

    by: str = CATALOGUE
    descending: bool = False
    seed: int = 0


def can_order(table: AtlasTable, name: str) -> bool:
    """Whether rows can be put in order by a column: numbers, and classes by their names."""
    if name not in table.columns or table.is_numeric(name):
        return name in table.columns
    return table.columns[name].role in _SORTED_ROLES and table.coded(name) is not None


def page(table: AtlasTable, rows: NDArray[np.int64], order: Order, start: int, stop: int) -> NDArray[np.int64]:
    """Rows that stand at places `start` to `stop` of an order.

    Parameters
    ----------
    table : AtlasTable
        Whose rows.
    rows : ndarray of int64, shape (n,)
        All rows that are in order, rising.
    order : Order
        Which.
    start, stop : int
        Places from 0, `stop` not included.

    Returns
    -------
    ndarray of int64, shape (at most stop - start,)
    """
    stop = min(stop, len(rows))
    if start >= stop:
        return rows[:0]
    if order.by == CATALOGUE:
        return rows[::-1][start:stop] if order.descending else rows[start:stop]
    return rows[places(keys(table, rows, order), start, stop)]


def rank(table: AtlasTable, rows: NDArray[np.int64], order: Order, row: int) -> int:
    """Place of a row in an order, -1 when it is not among `rows`; inverse of `page`."""
    at = int(np.searchsorted(rows, row))
    if at == len(rows) or rows[at] != row:
        return -1
    if order.by == CATALOGUE:
        return len(rows) - 1 - at if order.descending else at
    known = keys(table, rows, order)
    return int(np.count_nonzero(known < known[at]) + np.count_nonzero(known[:at] == known[at]))


def keys(table: AtlasTable, rows: NDArray[np.int64], order: Order) -> NDArray:
    """Numbers whose rising order is the order wanted, shape (n,); infinite where there is no value."""
    if order.by == RANDOM:
        return _shuffled(rows, order.seed)
    if table.is_numeric(order.by):
        values = table.numbers(order.by)[rows]
    else:
        coded = table.coded(order.by)
        by_name = np.argsort(np.argsort(np.array(coded.labels, dtype=str), kind="stable")).astype(np.float32)
        by_name[[k for k, label in enumerate(coded.labels) if not label]] = np.nan
        values = by_name[coded.codes[rows]]
    if order.descending:
        values = -values
    return np.where(np.isnan(values), np.float32(np.inf), values)


def places(values: NDArray, start: int, stop: int) -> NDArray[np.int64]:
    """Indices of ``sorted(values)[start:stop]``, equal values by their index, found without sorting the others.

    Parameters
    ----------
    values : ndarray, shape (n,)
        No NaN among them.
    start, stop : int
        0 <= start < stop <= n.

    Examples
    --------
    >>> places(np.array([3, 1, 2, 1]), 1, 3).tolist()
    [3, 2]
    """
    parted = np.partition(values, (start, stop - 1))
    first, last = parted[start], parted[stop - 1]
    below = np.count_nonzero(values < first)
    firsts = np.flatnonzero(values == first)
    if first == last:
        return firsts[start - below : stop - below]
    between = np.flatnonzero((values > first) & (values < last))
    found = np.concatenate([firsts[start - below :], between[np.argsort(values[between], kind="stable")]])
    return np.concatenate([found, np.flatnonzero(values == last)[: stop - start - len(found)]])


def _shuffled(rows: NDArray[np.int64], seed: int) -> NDArray[np.uint32]:
    """A number for each row that looks like chance and depends on the row and the seed alone (the end of MurmurHash3)."""
    mixed = rows.astype(np.uint32)
    mixed ^= np.uint32((seed + 1) * 0x9E3779B1 & 0xFFFFFFFF)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        mixed ^= mixed >> np.uint32(shift)
        mixed *= np.uint32(factor)
    mixed ^= mixed >> np.uint32(16)
    return mixed
