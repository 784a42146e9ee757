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
_FULL = 30.0  # objects in a pixel at which it is as bright as it gets


class Categorical:
    """Prevailing class."""

    kind = "classes"

    def levels(self, aggregate: Aggregate, scale: Scale | None = None) -> NDArray[np.uint8]:
        number = aggregate.value[..., ::-1].argmax(axis=-1)  # the last maximum: the rarer class
        best = aggregate.value.shape[-1] - 1 - number
        shade = np.log1p(aggregate.count) / np.log1p(_FULL)
        shade = np.clip((shade * SHADES).astype(np.int16), 0, SHADES - 1)
        levels = (best * SHADES + shade).astype(np.uint8)
        levels[aggregate.count == 0] = EMPTY
        return levels


COLOURING = Categorical()
