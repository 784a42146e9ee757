"""The prevailing class of the objects in a pixel, brighter where there are more of them.

Classes keep their colour whatever is selected, filtered or in view: they are numbered by their count in the whole
catalogue. Where two are equally frequent in a pixel, the one that is rarer in the catalogue is shown.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dashboard.colourings import EMPTY, LEVELS, Aggregate, Scale

MAX_CLASSES = 12
"""Classes told apart by colour; further ones share the last colour as "other"."""
SHADES = LEVELS // MAX_CLASSES
"""Brightness steps within a class."""
_BRIGHTEST = 99  # percentile of the objects in a pixel from which it is as bright as it gets


class Categorical:
    """Prevailing class."""

    kind = "classes"

    def levels(self, aggregate: Aggregate, scale: Scale | None = None) -> NDArray[np.uint8]:
        """Class number times `SHADES` plus brightness."""
        best, most = np.zeros(aggregate.count.shape, np.uint8), np.zeros(aggregate.count.shape, aggregate.value.dtype)
        for number in range(aggregate.value.shape[-1]):  # the frequent classes first: a tie goes to the rarer
            here = aggregate.value[..., number]
            better = (here >= most) & (here > 0)
            np.copyto(most, here, where=better)
            best[better] = number
        taken = aggregate.count > 0
        full = np.percentile(aggregate.count[taken], _BRIGHTEST) if taken.any() else 1.0
        shade = np.log1p(aggregate.count, dtype=np.float32) * np.float32((SHADES - 1) / np.log1p(full))
        levels = best * np.uint8(SHADES) + np.minimum(shade, SHADES - 1).astype(np.uint8)
        levels[~taken] = EMPTY
        return levels


COLOURING = Categorical()
