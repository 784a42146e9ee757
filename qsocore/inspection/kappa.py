"""How far graders agree beyond chance: kappas of Cohen and of Fleiss, alpha of Krippendorff.

1 is full agreement, 0 what chance would give, and less than 0 worse than chance. Where there is nothing that could disagree
(no object graded twice, or one label only) they are NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Weights = Literal["none", "linear", "quadratic"]


def distances(k: int, weights: Weights = "none") -> NDArray[np.float64]:
    """How far apart each two of k labels are, (k, k): 0 or 1, by their ranks, or by the square of that; at most 1."""
    rank = np.arange(k)
    apart = np.abs(rank[:, None] - rank) / max(k - 1, 1)
    return {"none": (apart > 0).astype(float), "linear": apart, "quadratic": apart**2}[weights]


def confusion(rows: Sequence[str], columns: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """How often one said the label of a row where the other said that of a column, (k, k); other words are left out."""
    place = {label: k for k, label in enumerate(labels)}
    out = np.zeros((len(labels), len(labels)), np.int64)
    for a, b in zip(rows, columns, strict=True):
        if a in place and b in place:
            out[place[a], place[b]] += 1
    return out


def cohen_kappa(counts: ArrayLike, weights: Weights = "none") -> float:
    """Agreement of two graders on the same objects (Cohen 1960, Educ. Psychol. Meas. 20, 37; weighted: 1968, Psychol. Bull. 70,
    213).

    Parameters
    ----------
    counts : array_like, shape (k, k)
        Objects by the label of each grader, as of `confusion`; labels in their order for the weighted ones.
    weights : {"none", "linear", "quadratic"}
        How much worse a disagreement by several ranks is than one by one.

    Examples
    --------
    >>> round(cohen_kappa([[20, 5], [10, 15]]), 3)
    0.4
    """
    counts = np.asarray(counts, np.float64)
    apart = distances(len(counts), weights)
    total = counts.sum()
    if not total:
        return np.nan
    chance = (apart * np.outer(counts.sum(axis=1), counts.sum(axis=0))).sum() / total**2
    return float(1 - (apart * counts).sum() / total / chance) if chance else np.nan


def fleiss_kappa(counts: ArrayLike) -> float:
    """Agreement of many graders, whoever they are (Fleiss 1971, Psychol. Bull. 76, 378).

    Objects may have different numbers of grades (Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., section 2.3): the
    agreement is the mean over objects of at least two grades, chance that of the mean shares over all objects.

    Parameters
    ----------
    counts : array_like, shape (n, k)
        How many gave each object each label.
    """
    counts = np.asarray(counts, np.float64)
    n = counts.sum(axis=1)
    several = n >= 2
    if not several.any():
        return np.nan
    agree = (counts * (counts - 1)).sum(axis=1)[several] / (n * (n - 1))[several]
    chance = np.square((counts[n > 0] / n[n > 0, None]).mean(axis=0)).sum()
    return float((agree.mean() - chance) / (1 - chance)) if chance < 1 else np.nan


def krippendorff_alpha(counts: ArrayLike, scale: Literal["nominal", "ordinal"] = "ordinal") -> float:
    """Agreement of many graders on labels in an order, however many grades each object has.

    Krippendorff (2004, Content Analysis, 2nd ed., section 11.3): 1 - observed / expected disagreement, where two labels of
    an ordinal scale are as far apart as there are grades between them.

    Parameters
    ----------
    counts : array_like, shape (n, k)
        How many gave each object each label, labels in their order.
    scale : {"nominal", "ordinal"}
        Whether the order counts.
    """
    counts = np.asarray(counts, np.float64)
    n = counts.sum(axis=1)
    counts, n = counts[n >= 2], n[n >= 2]
    if not len(counts):
        return np.nan
    pairs = (counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1]))
    seen = (pairs / (n - 1)[:, None, None]).sum(axis=0)  # coincidences
    total = counts.sum(axis=0)
    expected = (np.outer(total, total) - np.diag(total)) / (total.sum() - 1)
    apart = distances(len(total)) if scale == "nominal" else _ordinal(total)
    chance = (apart * expected).sum()
    return float(1 - (apart * seen).sum() / chance) if chance else np.nan


def _ordinal(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared number of grades from the middle of one label to that of another, (k, k)."""
    middle = np.cumsum(total) - total / 2
    return np.square(middle[:, None] - middle)
