"""The mean of a numeric column over the objects in a pixel, on a linear scale with robust ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dashboard.colourings import EMPTY, Aggregate, Scale, to_levels

PERCENTILES = (1.0, 99.0)
_ENOUGH = 1_000_000  # percentiles of an even million of the rows differ from those of all by less than a level


class Continuous:
    """Mean of a numeric column."""

    kind = "mean"

    def scale_of(self, values: NDArray) -> Scale:
        """Robust ends from the whole catalogue (`PERCENTILES`), so that zooming never moves them.

        Parameters
        ----------
        values : ndarray, shape (n,)
            The column; NaN is missing.
        """
        sample = values[:: max(1, len(values) // _ENOUGH)]
        sample = sample[np.isfinite(sample)]
        if not sample.size:
            return Scale(0.0, 1.0)
        low, high = (float(end) for end in np.percentile(sample, PERCENTILES))
        if not high > low:
            return Scale(low - 0.5, low + 0.5)
        digits = 2 - int(np.floor(np.log10(high - low)))  # the ends are written beside the bar
        return Scale(round(low, digits) + 0.0, round(high, digits) + 0.0)

    def levels(self, aggregate: Aggregate, scale: Scale | None) -> NDArray[np.uint8]:
        """Place of each pixel's mean on the scale."""
        levels = to_levels(aggregate.value, scale)
        levels[aggregate.count == 0] = EMPTY
        return levels


COLOURING = Continuous()
