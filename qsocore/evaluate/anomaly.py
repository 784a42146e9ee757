"""Four ideas of an anomaly, each a score (n,) that is higher for the odder, and their lists of the oddest.

``isolation`` (Liu, Ting & Zhou 2008: an odd point is cut off by few random cuts) and ``outlier_factor`` (Breunig et al. 2000:
it is lonelier than its neighbours are) are scikit-learn's; ``reconstruction`` is what the latents do not tell; ``density`` is
`qsocore.explore.anomaly`, by the distance to the 10th neighbour.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.explore.anomaly import NEIGHBOURS, Loneliness
from qsocore.explore.reference import sample
from qsocore.projections.neighbours import nearest

TOP = 50
TITLES = {"isolation": "Isolation forest", "outlier_factor": "Local outlier factor", "reconstruction": "Reconstruction error",
          "density": "Low latent density"}
_TREES, _LOF_NEIGHBOURS, _REFERENCE = 200, 20, 20_000


def scores(latents: NDArray, reconstruction: ArrayLike | None = None, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """All four scores, or three where nothing is reconstructed; NaN for objects without latents.

    Parameters
    ----------
    latents : ndarray, shape (n, k)
        NaN where a spectrum had no good pixel.
    reconstruction : array_like, shape (n,), optional
        Its reconstruction error in any unit.
    seed : int
        Of the isolation forest.
    """
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor

    known = np.isfinite(latents).all(axis=1)
    out = {name: np.full(len(latents), np.nan) for name in TITLES if name != "reconstruction" or reconstruction is not None}
    if reconstruction is not None:
        out["reconstruction"][known] = np.asarray(reconstruction, np.float64)[known]
    inside = np.ascontiguousarray(latents[known], np.float32)
    if len(inside) < 3:
        return out
    forest = IsolationForest(n_estimators=_TREES, random_state=seed).fit(inside)
    out["isolation"][known] = -forest.score_samples(inside)
    many = len(inside) > _REFERENCE  # all are then held to some
    factor = LocalOutlierFactor(n_neighbors=min(_LOF_NEIGHBOURS, len(inside) - 1), novelty=many)
    factor.fit(inside[sample(len(inside), _REFERENCE, seed)] if many else inside)
    out["outlier_factor"][known] = -(factor.score_samples(inside) if many else factor.negative_outlier_factor_)
    _, distance = nearest(inside, inside, min(NEIGHBOURS, len(inside) - 1) + 1)  # the first is the object itself
    out["density"][known] = Loneliness.among(distance[:, -1]).of(distance[:, -1])
    return out


def top(score: ArrayLike, k: int = TOP) -> NDArray[np.int64]:
    """Where the k highest are, the highest first; missing scores are never among them."""
    score = np.asarray(score, np.float64)
    order = np.argsort(np.where(np.isfinite(score), -score, np.inf), kind="stable")
    return order[: min(k, int(np.isfinite(score).sum()))]


def shared(lists: dict[str, NDArray[np.int64]]) -> dict[str, int]:
    """How many objects each two lists share, by ``one & other``."""
    return {f"{one} & {other}": len(np.intersect1d(lists[one], lists[other])) for one, other in combinations(lists, 2)}
