"""Whether a probability means what it says: of objects that are said to be right with 0.8, eight in ten should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.evaluate.redshift import share

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
    said : ndarray, shape (bins,)
        Mean probability, NaN in an empty bin.
    brier : float
        Mean squared difference of probability and truth (Brier 1950).
    """

    n: NDArray[np.int64]
    right: NDArray[np.int64]
    said: NDArray[np.float64]
    brier: float

    @classmethod
    def of(cls, probability: ArrayLike, true: ArrayLike, bins: int = BINS) -> Calibration:
        """Count; what has no probability, or of which the truth is not known (NaN), is left out."""
        p, true = np.asarray(probability, np.float64), np.asarray(true, np.float64)
        known = np.isfinite(p) & np.isfinite(true)
        p, true = np.clip(p[known], 0.0, 1.0), true[known]
        place = np.minimum((p * bins).astype(np.int64), bins - 1)
        n, right, said = (np.bincount(place, weights, bins) for weights in (None, true, p))
        with np.errstate(invalid="ignore"):
            mean = said / n
        return cls(n, right.astype(np.int64), mean, float(np.mean((p - true) ** 2)) if p.size else float("nan"))

    @property
    def came_true(self) -> NDArray[np.float64]:
        """Share in each bin (bins,), NaN in an empty one."""
        with np.errstate(invalid="ignore"):
            return self.right / self.n

    @property
    def error(self) -> float:
        """Expected calibration error: mean |share that came true - probability| over objects (Guo et al. 2017, eq. 3)."""
        gap = np.abs(self.came_true - self.said)
        return share(float(np.nansum(self.n * gap)), int(self.n.sum()))

    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Wilson's 68 % interval (Wilson 1927) of `came_true`, for error bars that stay within 0 and 1."""
        n, p = np.maximum(self.n, 1), np.nan_to_num(self.came_true)
        middle, half = (p + 0.5 / n) / (1 + 1 / n), np.sqrt(p * (1 - p) / n + 0.25 / n**2) / (1 + 1 / n)
        return np.minimum(middle - half, p), np.maximum(middle + half, p)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"n": self.n.tolist(), "right": self.right.tolist(), "said": self.said.tolist(), "error": self.error,
                "brier": self.brier}
