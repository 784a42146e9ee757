"""The prevailing class of the objects in a pixel, brighter where there are more of them.

Classes keep their colour whatever is selected, filtered or in view: they are numbered by their count in the whole
catalogue. Where two are equally frequent in a pixel, the one that is rarer in the catalogue is shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dashboard.colourings import EMPTY, LEVELS, Aggregate, Scale

MAX_CLASSES = 250
"""Classes told apart; further ones share the last colour as "other"."""
_MOST_SHADES = 21
_BRIGHTEST = 99  # percentile of the objects in a pixel from which it is as bright as it gets


def shades(n_classes: int) -> int:
    """Brightness steps within each of so many classes."""
    return max(1, min(_MOST_SHADES, LEVELS // max(n_classes, 1)))


class Categorical:
    """Prevailing class."""

    kind = "classes"

    def levels(self, aggregate: Aggregate, scale: Scale) -> NDArray[np.uint8]:
        """Class number times `shades` plus brightness."""
        steps, taken = shades(scale.n_classes), aggregate.count > 0
        full = np.percentile(aggregate.count[taken], _BRIGHTEST) if taken.any() else 1.0
        shade = np.log1p(aggregate.count, dtype=np.float32) * np.float32((steps - 1) / np.log1p(full))
        levels = aggregate.value * np.uint8(steps) + np.minimum(shade, steps - 1).astype(np.uint8)
        levels[~taken] = EMPTY
        return levels


COLOURING = Categorical()
