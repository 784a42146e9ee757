"""Redshifts against the truth: how far off, how often far off, and how pure and complete the quasars are.

The error is a velocity, dv = c (z_pred - z) / (1 + z), see `qsocore.units.velocity`, and a redshift is good within 6,000 km/s,
as QuasarNET counts (Busca & Balland 2018, arXiv:1808.09955). Since a handful of outliers carries a standard deviation, the
spread of the bulk stands beside it: NMAD = 1.4826 median |dv - median dv|, which is the standard deviation of a normal
distribution.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

GOOD_KM_S = 6000.0
"""Velocity within which a redshift is good."""
NEAR_KM_S = 3000.0
QUASARNET_KM_S = (8.0, 664.0)
"""Mean and standard deviation of dv of QuasarNET on BOSS (Busca & Balland 2018)."""
SPLIT_Z = 2.1
"""Between low and high redshift, where the Lyman alpha forest enters the BOSS spectrograph."""

Z_EDGES = (0.0, 0.5, 1.0, 1.5, SPLIT_Z, 2.5, 3.0, 3.5, 4.0, 6.0)
SNR_EDGES = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, np.inf)
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_NORMAL = 1.4826  # standard deviation of a normal distribution in units of its median absolute deviation


def nmad(values: ArrayLike) -> float:
    """Normalised median absolute deviation from the median, of what is finite; NaN of nothing."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    return _NORMAL * float(np.median(np.abs(values - np.median(values)))) if values.size else float("nan")


@dataclass(frozen=True)
class Scatter:
    """The errors of n redshifts.

    Parameters
    ----------
    n : int
        Objects whose redshift is known.
    n_missing : int
        Of these, without a predicted one; they are in none of the numbers below.
    median, std, nmad : float
        Of dv, km/s.
    beyond_3000, beyond_6000 : int
        How many are off by more, km/s.
    """

    n: int
    n_missing: int
    median: float
    std: float
    nmad: float
    beyond_3000: int
    beyond_6000: int

    @classmethod
    def of(cls, dv: ArrayLike) -> Scatter:
        """Of velocities in km/s, NaN where nothing was predicted."""
        dv = np.asarray(dv, np.float64)
        known = dv[np.isfinite(dv)]
        off = np.abs(known)
        middle, spread = (float(np.median(known)), float(known.std())) if known.size else (float("nan"),) * 2
        return cls(len(dv), len(dv) - len(known), middle, spread, nmad(known),
                   int((off > NEAR_KM_S).sum()), int((off > GOOD_KM_S).sum()))

    def to_dict(self) -> dict[str, Any]:
        """For JSON; the shares beyond are of the redshifts that were predicted."""
        predicted = max(self.n - self.n_missing, 1)
        return asdict(self) | {"share_3000": self.beyond_3000 / predicted, "share_6000": self.beyond_6000 / predicted}


def binned(dv: ArrayLike, values: ArrayLike, edges: Iterable[float]) -> list[dict[str, Any]]:
    """Scatter in bins low <= value < high; empty bins are left out."""
    dv, values, out = np.asarray(dv), np.asarray(values), []
    for low, high in pairwise(edges):
        here = (values >= low) & (values < high)
        if here.any():
            out.append({"low": low, "high": high} | Scatter.of(dv[here]).to_dict())
    return out


@dataclass(frozen=True)
class Found:
    """Quasars found among n objects at one threshold.

    Parameters
    ----------
    n : int
        Objects of known class and redshift (what is unknown is QuasarNET's BAD and left out).
    quasars : int
        True ones.
    predicted : int
        Called quasars.
    predicted_good : int
        Of these, with a good redshift, whatever they are.
    found : int
        True quasars that are called so with a good redshift.
    false : int
        Called quasars that are none.
    """

    n: int
    quasars: int
    predicted: int
    predicted_good: int
    found: int
    false: int

    @property
    def purity(self) -> float:
        """Good and predicted over predicted."""
        return share(self.predicted_good, self.predicted)

    @property
    def completeness(self) -> float:
        """Predicted, good and true over true."""
        return share(self.found, self.quasars)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"purity": self.purity, "completeness": self.completeness}


def find(is_quasar: ArrayLike, predicted: ArrayLike, dv: ArrayLike) -> Found:
    """Count quasars found, with the definitions of QuasarNET's quality assessment.

    Parameters
    ----------
    is_quasar : array_like, shape (n,)
        1 for quasars, 0 for others, NaN where it is not known.
    predicted : array_like of bool, shape (n,)
        Called a quasar.
    dv : array_like, shape (n,)
        km/s; NaN, where a redshift is missing, is not good.
    """
    truth, called = np.asarray(is_quasar, np.float64), np.asarray(predicted, bool)
    known = np.isfinite(truth)
    true, called = truth[known] == 1, called[known]
    with np.errstate(invalid="ignore"):
        good = np.abs(np.asarray(dv, np.float64)[known]) < GOOD_KM_S
    return Found(int(known.sum()), int(true.sum()), int(called.sum()), int((called & good).sum()),
                 int((called & good & true).sum()), int((called & ~true).sum()))


def found_by_threshold(is_quasar: ArrayLike, score: ArrayLike, dv: ArrayLike,
                       thresholds: Iterable[float] = THRESHOLDS) -> list[dict[str, Any]]:
    """`find` at several thresholds of a score; a missing score is below all of them."""
    score = np.nan_to_num(np.asarray(score, np.float64), nan=-np.inf)
    return [{"threshold": float(level)} | find(is_quasar, score >= level, dv).to_dict() for level in thresholds]


def found_by_redshift(is_quasar: ArrayLike, predicted: ArrayLike, dv: ArrayLike, z: ArrayLike, z_pred: ArrayLike,
                      edges: Iterable[float] = Z_EDGES) -> list[dict[str, Any]]:
    """`find` in bins of redshift: completeness over the true redshift, purity over the predicted one."""
    is_quasar, predicted, dv, z, z_pred = map(np.asarray, (is_quasar, predicted, dv, z, z_pred))
    out = []
    for low, high in pairwise(edges):
        true_here, called_here = (z >= low) & (z < high), (z_pred >= low) & (z_pred < high)
        complete = find(is_quasar[true_here], predicted[true_here], dv[true_here])
        pure = find(is_quasar[called_here], predicted[called_here], dv[called_here])
        if complete.quasars or pure.predicted:
            out.append({"low": low, "high": high, "quasars": complete.quasars, "found": complete.found,
                        "completeness": complete.completeness, "predicted": pure.predicted,
                        "predicted_good": pure.predicted_good, "purity": pure.purity})
    return out


def share(part: float, whole: float) -> float:
    """A share, NaN of nothing."""
    return float(part) / float(whole) if whole else float("nan")
