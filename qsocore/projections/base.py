"""What a projection is: fitted once on latents, it leaves a reference by which any other latents find their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Reference = dict[str, NDArray[np.float32]]
"""Named arrays, kept with the run as safetensors."""


class Projection(Protocol):
    """A member of the family.

    Attributes
    ----------
    name, title, citation : str
        The file's name; what it is; whose it is.
    """

    name: str
    title: str
    citation: str

    def fit(self, latents: NDArray[np.float32], seed: int = 0) -> Reference:
        """The reference of this projection for latents (n, k)."""

    def place(self, latents: NDArray[np.float32], reference: Reference) -> NDArray[np.float32]:
        """Coordinates (m, 2) of latents (m, k) on the map of `reference`."""


@dataclass(frozen=True)
class Named:
    """Name, title and citation of a projection."""

    name: str
    title: str
    citation: str
