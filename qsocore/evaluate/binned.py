"""How sure a run is and how often it is right, against a magnitude, a redshift or whatever makes an object hard."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 8


def against(quantity: ArrayLike, right: ArrayLike, confidence: ArrayLike, bins: int = BINS) -> list[dict[str, Any]]:
    """Counts and mean confidence in bins of a quantity that hold about equally many objects.

    Parameters
    ----------
    quantity, right, confidence : array_like, shape (n,)
        What makes it hard, 1 for right or 0, and the probability that was said; an object lacking one (NaN) is left out.
    bins : int
        At most; of a quantity with few values there are fewer.

    Returns
    -------
    list of dict
        ``low`` (in the bin), ``high`` (in it for the last), ``n``, ``right`` and the mean ``confidence``.
    """
    quantity, right, confidence = (np.asarray(part, np.float64) for part in (quantity, right, confidence))
    known = np.isfinite(quantity) & np.isfinite(right) & np.isfinite(confidence)
    quantity, right, confidence = quantity[known], right[known], confidence[known]
    edges = _edges(quantity, bins)
    number = np.clip(np.searchsorted(edges, quantity, side="right") - 1, 0, max(len(edges) - 2, 0))
    return [{"low": low, "high": high, "n": int(here.sum()), "right": int(right[here].sum()),
             "confidence": float(confidence[here].mean())}
            for k, (low, high) in enumerate(pairwise(edges.tolist())) if (here := number == k).any()]


def _edges(quantity: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    if not quantity.size:
        return np.zeros(0)
    edges = np.unique(np.quantile(quantity, np.linspace(0, 1, bins + 1)))
    return edges if len(edges) > 1 else np.repeat(edges, 2)
