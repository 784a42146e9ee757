"""Histograms of a column for several sets of objects, over bins that suit all of them.

Bins have the width of Freedman & Diaconis (1981, Z. Wahrscheinlichkeitstheorie 57, 453), 2 IQR / n^(1/3), at least `FEWEST`
and at most `MOST` over a range that leaves the outermost thousandth of the objects out when it lies far away; those are
counted as below and above. Whole numbers of few values have a bin each. A positive quantity that spans decades is binned in
its logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.compiled import compiled

FEWEST, MOST = 8, 60
"""Bins."""

_SAMPLE = 200_000
_ROBUST = (0.1, 99.9)
_FAR = 0.25  # of the inner range; a tail that is shorter is shown
_DECADES = 50.0  # ratio of the 99th to the 1st percentile from which bins are logarithmic
_SKEW = 1.5  # how many times farther the tail reaches upwards than downwards, at least, for that


@dataclass(frozen=True)
class Bins:
    """Shared bins.

    Parameters
    ----------
    edges : ndarray, shape (n_bins + 1,)
        Rising; the last bin holds its upper edge.
    log : bool
        Whether they are equally wide in the logarithm.
    """

    edges: NDArray[np.float64]
    log: bool = False

    def __len__(self) -> int:
        return len(self.edges) - 1


@dataclass(frozen=True)
class Counts:
    """Objects in each bin, shape (n_bins,), and those that are in none."""

    inside: NDArray[np.int64]
    below: int
    above: int
    missing: int

    @property
    def total(self) -> int:
        """Objects with a value."""
        return int(self.inside.sum()) + self.below + self.above

    @property
    def share(self) -> NDArray[np.float64]:
        """Fraction of the objects with a value in each bin; sums to 1 unless some lie outside."""
        return self.inside / max(self.total, 1)


def bins_for(values: NDArray) -> Bins | None:
    """Bins for a column (n,), NaN missing, by at most 200,000 evenly spaced rows of it; None when it holds no number."""
    values = values[:: max(1, len(values) // _SAMPLE)]
    values = values[np.isfinite(values)].astype(np.float64)
    if not values.size:
        return None
    whole = np.unique(values)
    if whole.size <= MOST and (whole == np.round(whole)).all() and np.ptp(whole) < MOST:
        return Bins(np.arange(whole[0] - 0.5, whole[-1] + 1))
    log = _is_log(values)
    edges = _edges(np.log10(values[values > 0]) if log else values)
    return Bins(10.0**edges if log else edges, log)


def _is_log(values: NDArray) -> bool:
    low, middle, high = np.percentile(values, (1, 50, 99))
    return bool(low > 0 and high > _DECADES * low and high - middle > _SKEW * (middle - low) and (values <= 0).mean() < 1e-3)


def _edges(values: NDArray) -> NDArray[np.float64]:
    low, high = _ends(values)
    first, third = np.percentile(values, (25, 75))
    width = 2 * (third - first) / len(values) ** (1 / 3)
    n_bins = int(np.clip(np.ceil((high - low) / width), FEWEST, MOST)) if width > 0 else MOST // 2
    return np.linspace(low, high, n_bins + 1)


def _ends(values: NDArray) -> tuple[float, float]:
    """The smallest and the largest value, or where the inner 99.8 % end, with some room, when those lie far out."""
    low, high = float(values.min()), float(values.max())
    inner = np.percentile(values, _ROBUST)
    room = _FAR * float(inner[1] - inner[0])
    low, high = max(low, float(inner[0]) - room), min(high, float(inner[1]) + room)
    if high > low:
        return low, high
    room = abs(low) * 0.05 or 0.5
    return low - room, high + room


def count(values: NDArray[np.float32], bins: Bins, rows: NDArray[np.int64] | None = None) -> Counts:
    """Count a column's values, of some rows or of all, in one pass.

    Parameters
    ----------
    values : ndarray, shape (n_rows,)
        NaN is missing.
    bins : Bins
        Where.
    rows : ndarray of int64, optional
        Only these.
    """
    chosen = np.asarray(values) if rows is None else np.asarray(values)[rows]
    found = _count(chosen, np.asarray(bins.edges, np.float64), bins.log)
    return Counts(found[1:-2], int(found[0]), int(found[-2]), int(found[-1]))


@compiled
def _count(values, edges, log):
    """Below, each bin, above, missing. The bin is guessed from equal widths and mended by the edges themselves."""
    n_bins = len(edges) - 1
    found = np.zeros(n_bins + 3, np.int64)
    first, last = edges[0], edges[-1]
    start = np.log(first) if log else first
    per = n_bins / ((np.log(last) if log else last) - start)
    for value in values:
        x = float(value)
        if np.isnan(x):
            found[n_bins + 2] += 1
        elif x < first:
            found[0] += 1
        elif x > last:
            found[n_bins + 1] += 1
        else:
            k = min(int(((np.log(x) if log else x) - start) * per), n_bins - 1)
            while k > 0 and x < edges[k]:
                k -= 1
            while k < n_bins - 1 and x >= edges[k + 1]:
                k += 1
            found[k + 1] += 1
    return found
