"""Classes against the truth: everything follows from one table of counts, rows true, columns predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

PREVALENCE = {"QSO": 424_992, "BAL": 21_877, "O": 1_775, "B": 10_168, "A": 35_510, "F": 110_801, "G": 30_921, "K": 44_572,
              "M": 45_351, "L": 2_452, "WD": 19_900, "C": 17_505, "GAL": 22_784}
"""Objects of each class in BOSS as mqc-nets counted them (788,539 spectra of DR14Q and DR15); see `Confusion.precision_at`."""


@dataclass(frozen=True)
class Confusion:
    """Counts of objects by true and predicted class.

    Parameters
    ----------
    names : tuple of str
        Classes.
    counts : ndarray of int64, shape (k, k)
        Row: true, column: predicted.
    """

    names: tuple[str, ...]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, truth: ArrayLike, predicted: ArrayLike, names: Sequence[str]) -> Confusion:
        """Count classes given as words; objects whose true or predicted class is none of `names` are left out."""
        number = {name: index for index, name in enumerate(names)}
        rows, columns = (np.array([number.get(word, -1) for word in words], np.int64) for words in (truth, predicted))
        known, k = (rows >= 0) & (columns >= 0), len(names)
        return cls(tuple(names), np.bincount(rows[known] * k + columns[known], minlength=k * k).reshape(k, k))

    @property
    def n(self) -> int:
        """Objects."""
        return int(self.counts.sum())

    def by_row(self) -> NDArray[np.float64]:
        """Share of each true class (row) that is called each class; NaN rows for classes without objects."""
        return _over(self.counts, self.counts.sum(axis=1, keepdims=True))

    def by_column(self) -> NDArray[np.float64]:
        """Share of those called a class (column) that are each class in truth."""
        return _over(self.counts, self.counts.sum(axis=0, keepdims=True))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Of each class (k,), the share that is recognised."""
        return self.by_row().diagonal()

    @property
    def precision(self) -> NDArray[np.float64]:
        """Of those called a class (k,), the share that is; it depends on how common the classes are in the store."""
        return self.by_column().diagonal()

    @property
    def macro_recall(self) -> float:
        """Mean recall over the classes that have objects: each class counts the same, however rare."""
        return float(np.nanmean(self.recall)) if self.n else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of objects that are right."""
        return float(_over(np.trace(self.counts), self.counts.sum()))

    def precision_at(self, prevalence: Mapping[str, float]) -> NDArray[np.float64]:
        """Precision (k,) that a survey would see in which the classes are as common as said.

        With recalls R_ij = P(called j | is i) and prevalence p_i, it is p_j R_jj / sum_i p_i R_ij. Classes that are not
        named, or have no objects here, have no prevalence.
        """
        p = np.array([float(prevalence.get(name, 0.0)) for name in self.names]) * (self.counts.sum(axis=1) > 0)
        expected = p[:, None] * np.nan_to_num(self.by_row())  # (k, k) objects in that survey
        return _over(expected.diagonal(), expected.sum(axis=0))

    def weighted_precision(self, prevalence: Mapping[str, float] = PREVALENCE) -> float:
        """Mean of `precision_at`, each class weighted by its prevalence."""
        p = np.array([float(prevalence.get(name, 0.0)) for name in self.names])
        precision = self.precision_at(prevalence)
        known = np.isfinite(precision) & (p > 0)
        return float(np.average(precision[known], weights=p[known])) if known.any() else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with what follows from the counts."""
        return {"names": list(self.names), "counts": self.counts.tolist(), "n": self.n, "recall": self.recall.tolist(),
                "precision": self.precision.tolist(), "precision_at_prevalence": self.precision_at(PREVALENCE).tolist(),
                "accuracy": self.accuracy, "macro_recall": self.macro_recall,
                "weighted_precision": self.weighted_precision(), "prevalence": dict(PREVALENCE)}


def _over(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part, np.float64) / np.asarray(whole, np.float64)
