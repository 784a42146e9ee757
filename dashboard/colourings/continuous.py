"""A statistic of a numeric column over the objects in a pixel, on a scale whose ends are robust or the user's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dashboard.colourings import EMPTY, Aggregate, Scale, to_levels

PERCENTILES = (1.0, 99.0)
_ENOUGH = 1_000_000  # percentiles of an even million of the rows differ from those of all by less than a level
_RANKS = 128
_REACH, _SIGMA = 5.0, 1.4826  # of a signed scale, in sigma; sigma of a normal distribution by its median absolute value


class Continuous:
    """Mean, minimum, maximum or standard deviation of a numeric column."""

    kind = "value"

    def scale_of(self, values: NDArray, how: str = "linear", signed: bool = False) -> Scale:
        """Robust ends from the whole catalogue (`PERCENTILES`), so that zooming never moves them.

        Parameters
        ----------
        values : ndarray, shape (n,)
            The column; NaN is missing.
        how : {"linear", "log", "rank"}
            A logarithmic scale spans the positive values; one by rank gives each palette colour to equally many objects.
        signed : bool
            Whether zero is the middle: a linear scale then ends at 5 sigma of the values' core either way (sigma is 1.4826
            times the median of their sizes), and what lies beyond has the ends' colours.
        """
        sample = values[:: max(1, len(values) // _ENOUGH)]
        sample = sample[np.isfinite(sample) & (sample > 0)] if how == "log" else sample[np.isfinite(sample)]
        if not sample.size:
            return Scale(1.0, 10.0, log=True) if how == "log" else Scale(0.0, 1.0)
        if signed and how == "linear" and (end := _REACH * _SIGMA * float(np.median(np.abs(sample)))) > 0:
            end = float(f"{end:.2g}")
            return Scale(-end, end)
        low, high = (float(end) for end in np.percentile(sample, PERCENTILES))
        if how == "rank" and high > low:
            ranks = np.percentile(sample, np.linspace(0, 100, _RANKS + 1))
            return Scale(low, high, ranks=tuple(ranks.tolist()))
        if not high > low:
            return Scale(low / 2, low * 2, log=True) if how == "log" else Scale(low - 0.5, low + 0.5)
        if how == "log":
            return Scale(*(float(f"{end:.3g}") for end in (low, high)), log=True)
        digits = 2 - int(np.floor(np.log10(high - low)))  # the ends are written beside the bar
        return Scale(round(low, digits) + 0.0, round(high, digits) + 0.0)

    def limited(self, scale: Scale, limits: tuple[float, float]) -> Scale:
        """A scale with the user's ends; where they don't fit it (not positive on a logarithmic one) it becomes linear."""
        return replace(scale, low=limits[0], high=limits[1], log=scale.log and limits[0] > 0, ranks=())

    def spread_of(self, scale: Scale) -> Scale:
        """The scale of a standard deviation, from that of the values."""
        return Scale(0.0, (scale.high - scale.low) / 2)

    def levels(self, aggregate: Aggregate, scale: Scale | None) -> NDArray[np.uint8]:
        """Place of each pixel's statistic on the scale."""
        levels = to_levels(aggregate.value, scale)
        levels[aggregate.count == 0] = EMPTY
        return levels


COLOURING = Continuous()
