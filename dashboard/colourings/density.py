"""How many objects lie in a pixel, on a logarithmic scale, so that one object is seen beside ten thousand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dashboard.colourings import EMPTY, Aggregate, Scale, to_levels


class Density:
    """Objects per pixel."""

    kind = "count"

    def scale(self, aggregate: Aggregate) -> Scale:
        """From one object to the fullest pixel of the view."""
        return Scale(1.0, max(float(aggregate.count.max(initial=0)), 10.0), log=True)

    def levels(self, aggregate: Aggregate, scale: Scale | None = None) -> NDArray[np.uint8]:
        """Place of each pixel's count on the scale, by default the view's own."""
        scale, most = scale or self.scale(aggregate), int(aggregate.count.max(initial=0))
        if most > aggregate.count.size:
            levels = to_levels(np.maximum(aggregate.count, 1).astype(np.float32), scale)
            levels[aggregate.count == 0] = EMPTY
            return levels
        known = to_levels(np.arange(most + 1, dtype=np.float32), scale)  # looked up sooner than reckoned for each pixel
        known[0] = EMPTY
        return known[aggregate.count]


COLOURING = Density()
