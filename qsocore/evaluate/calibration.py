"""Whether a probability means what it says: of objects that are said to be right with 0.8, eight in ten should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.evaluate.redshift import share
from qsocore.shares import wilson

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Probabilities in equal bins of 0 to 1 beside how often they came true.

    Parameters
    ----------
    n : ndarray of int64, shape (bins,)
        Objects.
    right : ndarray of int64, shape (bins,)
        Of these, how many it was true of.
    said, came_true : ndarray, shape (bins,)
        Mean probability and share of which it was true, by weight; NaN in an empty bin.
    weight : ndarray, shape (bins,)
        Weight of the objects.
    brier : float
        Mean squared difference of probability and truth (Brier 1950).
    """

    n: NDArray[np.int64]
    right: NDArray[np.int64]
    said: NDArray[np.float64]
    came_true: NDArray[np.float64]
    weight: NDArray[np.float64]
    brier: float

    @classmethod
    def of(cls, probability: ArrayLike, true: ArrayLike, weight: ArrayLike | None = None, bins: int = BINS) -> Calibration:
        """Count; what has no probability, or of which the truth is not known (NaN), is left out.

        Parameters
        ----------
        probability, true : array_like, shape (n,)
            What was said, and 1 or 0.
        weight : array_like, shape (n,), optional
            Of objects, where they shall not count alike.
        bins : int
            Of equal width.
        """
        p, true = np.asarray(probability, np.float64), np.asarray(true, np.float64)
        known = np.isfinite(p) & np.isfinite(true)
        w = np.ones(known.sum()) if weight is None else np.asarray(weight, np.float64)[known]
        p, true = np.clip(p[known], 0.0, 1.0), true[known]
        place = np.minimum((p * bins).astype(np.int64), bins - 1)
        n, right, total, said, came = (np.bincount(place, each, bins) for each in (None, true, w, w * p, w * true))
        with np.errstate(invalid="ignore"):
            shares = said / total, came / total
        return cls(n, right.astype(np.int64), *shares, total,
                   float(np.average((p - true) ** 2, weights=w)) if p.size else float("nan"))

    @property
    def error(self) -> float:
        """Expected calibration error: mean |share that came true - probability| over objects (Guo et al. 2017, eq. 3)."""
        return share(float(np.nansum(self.weight * np.abs(self.came_true - self.said))), float(self.weight.sum()))

    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Error bars (bins,) of `came_true`: `wilson` of as many objects."""
        return wilson(np.nan_to_num(self.came_true) * self.n, self.n)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"n": self.n.tolist(), "right": self.right.tolist(), "said": self.said.tolist(),
                "came_true": self.came_true.tolist(), "error": self.error, "brier": self.brier}
