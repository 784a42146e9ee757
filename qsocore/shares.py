"""Shares of a whole, with how sure they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def wilson(part: ArrayLike, whole: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the 68 % interval of a share (Wilson 1927, JASA 22, 209), which stay within 0 and 1."""
    n = np.maximum(np.asarray(whole, np.float64), 1)
    p = np.asarray(part, np.float64) / n
    middle, half = (p + 0.5 / n) / (1 + 1 / n), np.sqrt(p * (1 - p) / n + 0.25 / n**2) / (1 + 1 / n)
    return np.minimum(middle - half, p), np.maximum(middle + half, p)
