"""A plane: two columns of every object, indexed so that a view, a lasso or a tap touches only the objects that matter.

The points are sorted into a grid of cells, row by row. A view then shows one stretch of points per row of cells, and drawing
them is a walk through memory from front to back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard import _kernels
from dashboard.share import share

_PER_CELL = 16  # points in an average cell; fewer make the index large, more make small views slow
_SIDES = (8, 1024)
_ROBUST = (0.05, 99.95)
_MARGIN = 0.03
ENOUGH = 1_000_000
"""Rows of which percentiles are taken; those of more differ by less than a pixel."""
_SLABS = 512
_ROUNDING = 2e-7  # of a coordinate's size: what a float32 may have lost
NO_BITS = np.empty(0, np.uint8)


@dataclass(frozen=True)
class Plane:
    """Points in the order of their cells.

    Parameters
    ----------
    axes : tuple of str
        Names of the two columns.
    x, y : ndarray of float32, shape (n_placed,)
        Coordinates, by place.
    order : ndarray of uint32, shape (n_placed,)
        Row of the point at each place; rows without coordinates have no place.
    starts : ndarray of int64, shape (n_side**2 + 1,)
        Where each cell begins.
    box : tuple of float
        x0, x1, y0, y1 of the grid; points outside are in its border cells.
    n_rows : int
        Rows of the table.
    """

    axes: tuple[str, str]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    order: NDArray[np.uint32]
    starts: NDArray[np.int64]
    box: tuple[float, float, float, float]
    n_rows: int

    @property
    def n_placed(self) -> int:
        """Points that have both coordinates."""
        return self.order.size

    @property
    def n_side(self) -> int:
        """Cells across and upwards."""
        return round((self.starts.size - 1) ** 0.5)

    @classmethod
    def build(cls, axes: tuple[str, str], x: NDArray[np.float32], y: NDArray[np.float32]) -> Plane:
        """Sort points into cells.

        Parameters
        ----------
        axes : tuple of str
            Their columns' names.
        x, y : ndarray of float32, shape (n_rows,)
            NaN where there is no place.
        """
        n_side = int(np.clip(2 ** round(np.log2(max(x.size / _PER_CELL, 1)) / 2), *_SIDES))
        box = (*_inner(x), *_inner(y))
        order, starts = _kernels.cell_sort(x, y, *box, n_side)
        return cls(axes, x[order], y[order], order, starts, box, x.size)

    def stretches(self, x0: float, x1: float, y0: float, y1: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last place (exclusive) of each stretch of points that may lie in a rectangle."""
        side = self.n_side
        left, right = (self._cell(value, *self.box[:2]) for value in (x0, x1))
        low, high = (self._cell(value, *self.box[2:]) for value in (y0, y1))
        rows = np.arange(low, high + 1) * side
        first, last = self.starts[rows + left], self.starts[rows + right + 1]
        return first, last

    def _cell(self, value: float, start: float, end: float) -> int:
        return int(np.clip((value - start) * (self.n_side / (end - start)), 0, self.n_side - 1))

    def bits(self, row_bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bits that go by row, as bits that go by place."""
        out = np.empty((self.n_placed + 7) // 8, np.uint8)
        share(lambda low, high: _kernels.reorder_bits(row_bits, self.order, low, high, out), out.size, self.n_placed)
        return out

    def in_order(self, values: NDArray) -> NDArray:
        """Values that go by row, shape (n_rows,), as values by place, shape (n_placed,)."""
        out = np.empty(self.n_placed, values.dtype)
        share(lambda low, high: values.take(self.order[low:high], out=out[low:high], mode="clip"), out.size, out.size)
        return out

    def count(self, window: tuple[float, float, float, float], bits: NDArray[np.uint8] = NO_BITS) -> int:
        """Points in a rectangle (x0, x1, y0, y1), borders included; of those whose bit is set."""
        return _kernels.count_in(self.x, self.y, *self.stretches(*window), bits, *window)

    def rows_in(self, window: tuple[float, float, float, float], bits: NDArray[np.uint8] = NO_BITS,
                most: int | None = None) -> NDArray[np.int64]:
        """Rows of the points in a rectangle, at most so many."""
        first, last = self.stretches(*window)
        out = np.empty(min(int((last - first).sum()), most or self.n_placed), np.int64)
        n = _kernels.places_in(self.x, self.y, first, last, bits, *window, out)
        return self.order[out[:n]].astype(np.int64)

    def nearest(self, at: tuple[float, float], reach: tuple[float, float], bits: NDArray[np.uint8] = NO_BITS) -> int:
        """Row of the point nearest to another, distances in units of `reach`; -1 when all are farther than 1.

        Parameters
        ----------
        at : tuple of float
            Where, data units.
        reach : tuple of float
            Farthest distance across and upwards, data units.
        """
        window = at[0] - reach[0], at[0] + reach[0], at[1] - reach[1], at[1] + reach[1]
        first, last = self.stretches(*window)
        places = np.empty(int((last - first).sum()), np.int64)
        places = places[: _kernels.places_in(self.x, self.y, first, last, bits, *window, places)]
        if not places.size:
            return -1
        distance = np.hypot((self.x[places] - at[0]) / reach[0], (self.y[places] - at[1]) / reach[1])
        best = int(distance.argmin())
        return int(self.order[places[best]]) if distance[best] <= 1 else -1

    def inside(self, corners: NDArray[np.float64], exact: tuple[NDArray, NDArray] | None = None) -> NDArray[np.bool_]:
        """Which rows lie inside a polygon: what `qsocore.selection.inside` says, by way of the cells.

        Parameters
        ----------
        corners : ndarray, shape (m, 2)
            Data units.
        exact : tuple of ndarray, shape (n_rows,) each, optional
            The coordinates by row, where they have more digits than the plane's own.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
        """
        corners = np.ascontiguousarray(corners, np.float64)
        (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        room = [_ROUNDING * max(abs(start), abs(end)) + 1e-6 * (end - start) / self.n_side
                for start, end in (self.box[:2], self.box[2:])]
        left, right = (self._cell(value, *self.box[:2]) for value in (x0 - room[0], x1 + room[0]))
        low, high = (self._cell(value, *self.box[2:]) for value in (y0 - room[1], y1 + room[1]))
        out = np.zeros(self.n_rows, bool)
        if y1 > y0:
            step = np.nextafter((y1 - y0) / _SLABS, np.inf)
            slabs = *_slabs(corners, y0, step), y0, step
            x, y = exact or (self.x, self.y)

            def mark(first: int, last: int) -> None:
                _kernels.in_polygon(x, y, self.order, exact is not None, self.starts, self.box, *room, left, right + 1,
                                    low + first, low + last, corners, *slabs, out)

            share(mark, high + 1 - low, self.starts[(high + 1) * self.n_side] - self.starts[low * self.n_side])
        return out


def extent(values: NDArray, inner: tuple[float, float] = _ROBUST) -> tuple[float, float]:
    """Where an axis begins and ends: everything, unless a few rows lie far out; then the rest, with room around it.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Coordinates, without infinities; NaN is left out.
    inner : tuple of float
        Percentiles between which the rest lies.
    """
    low, high = float(np.fmin.reduce(values, initial=np.nan)), float(np.fmax.reduce(values, initial=np.nan))
    sample = values[:: max(1, values.size // ENOUGH)]
    sample = sample[np.isfinite(sample)] if np.isfinite(sample).any() else values[np.isfinite(values)]
    if not sample.size:
        return 0.0, 1.0
    ends = np.percentile(sample, inner)
    room = 0.25 * float(ends[1] - ends[0]) or 0.5
    low, high = max(low, float(ends[0]) - room), min(high, float(ends[1]) + room)
    margin = _MARGIN * (high - low) or 0.5
    return low - margin, high + margin


def _inner(values: NDArray) -> tuple[float, float]:
    """Where most of an axis lies; the grid of cells needs no more."""
    sample = values[:: max(1, values.size // 200_000)]
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = (float(end) for end in np.percentile(sample, _ROBUST))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _slabs(corners: NDArray[np.float64], low: float, step: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges of a polygon by slab of y: their numbers one after the other, and where each slab's begin."""
    y, following = corners[:, 1], np.roll(corners[:, 1], -1)
    first = np.clip(((np.minimum(y, following) - low) / step).astype(int) - 1, 0, _SLABS)  # one more on each side for rounding
    last = np.clip(((np.maximum(y, following) - low) / step).astype(int) + 1, 0, _SLABS)
    edges = [np.flatnonzero((first <= slab) & (slab <= last)) for slab in range(_SLABS + 1)]
    return np.concatenate(edges), np.cumsum([0] + [len(part) for part in edges])
