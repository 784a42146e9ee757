"""Receiver operating characteristic of a score: how many of the wanted it finds against how many others it takes for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.evaluate.redshift import share

_KEPT = 200  # points of a curve that are written


@dataclass(frozen=True)
class Roc:
    """Counts of objects at or above each score that occurs, the highest first, and the empty list before them.

    Parameters
    ----------
    threshold : ndarray, shape (k,)
        The first is infinite.
    found, mistaken : ndarray of int64, shape (k,)
        Wanted objects and others with at least that score; the last is all there are.
    """

    threshold: NDArray[np.float64]
    found: NDArray[np.int64]
    mistaken: NDArray[np.int64]

    @classmethod
    def of(cls, score: ArrayLike, wanted: ArrayLike) -> Roc:
        """Count; objects without a score, or of which it is not known whether they are wanted (NaN), are left out.

        Parameters
        ----------
        score, wanted : array_like, shape (n,)
            What ranks the objects, the highest first, and 1 or 0.
        """
        score, wanted = np.asarray(score, np.float64), np.asarray(wanted, np.float64)
        known = np.isfinite(score) & np.isfinite(wanted)
        order = np.argsort(-score[known], kind="stable")
        score, wanted = score[known][order], wanted[known][order] > 0.5
        last = np.flatnonzero(np.append(score[1:] != score[:-1], True)[: len(score)])  # of those that tie
        return cls(np.append(np.inf, score[last]), *(np.append(0, np.cumsum(part)[last]) for part in (wanted, ~wanted)))

    @property
    def n_wanted(self) -> int:
        """Wanted objects."""
        return int(self.found[-1])

    @property
    def n_others(self) -> int:
        """Other objects."""
        return int(self.mistaken[-1])

    @property
    def area(self) -> float:
        """Area under the curve: how likely a wanted object has the higher score than another, ties counting half.

        It is the statistic of Mann & Whitney (1947) over the number of pairs; NaN without pairs.
        """
        return share(float(np.trapezoid(self.found, self.mistaken)), self.n_wanted * self.n_others)

    def rates(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Shares (k,) of the others that are mistaken and of the wanted that are found; NaN of nothing."""
        return tuple(part / (part[-1] or np.nan) for part in (self.mistaken, self.found))

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with the raw counts of at most 200 points, ends included."""
        kept = np.unique(np.linspace(0, len(self.threshold) - 1, _KEPT).round().astype(int))
        return {"area": self.area, "wanted": self.n_wanted, "others": self.n_others, "found": self.found[kept].tolist(),
                "mistaken": self.mistaken[kept].tolist(), "threshold": self.threshold[kept].tolist()}


def one_against_rest(probability: Mapping[str, ArrayLike], truth: ArrayLike, names: Sequence[str]) -> dict[str, Roc]:
    """The curve of each class that has objects and is not all there is, by its probability; unknown truth ("") is left out."""
    truth = np.asarray(truth, object)
    wanted = {name: np.where(truth == "", np.nan, truth == name) for name in names}
    curves = {name: Roc.of(probability[name], wanted[name]) for name in names}
    return {name: curve for name, curve in curves.items() if curve.n_wanted and curve.n_others}
