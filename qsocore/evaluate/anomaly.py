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
_FLOOR = 1e-6  # of the features' variance, that each kind has at least along every axis
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


class Known:
    """The kinds of a training set, each a normal distribution of its features; what is far from all of them is none of them.

    Lee, Lee, Lee & Shin (2018, arXiv:1807.03888), with a covariance for every kind and in the leading principal components.

    Parameters
    ----------
    features : ndarray, shape (n, d)
        Of the training set; objects without (NaN) are left out.
    kind : ndarray of str, shape (n,)
        "" where it is not known.
    components : int
        Principal components at most.
    """

    def __init__(self, features: NDArray, kind: NDArray, components: int = 16):
        known = np.isfinite(features).all(axis=1) & (kind != "")
        features, kind = np.asarray(features, np.float64)[known], np.asarray(kind)[known]
        self._mean = features.mean(axis=0)
        self._axes = np.linalg.svd(features - self._mean, full_matrices=False)[2][:components].T  # (d, components)
        places = (features - self._mean) @ self._axes
        floor = _FLOOR * places.var(axis=0).sum() * np.eye(places.shape[1])
        parts = [places[kind == name] for name in np.unique(kind)]
        self._kinds = [(part.mean(axis=0), np.linalg.inv(np.cov(part.T) + floor)) for part in parts
                       if len(part) > places.shape[1]]

    def score(self, features: NDArray) -> NDArray[np.float64]:
        """Squared Mahalanobis distance (n,) to the nearest kind; NaN without features, or without a kind of enough objects."""
        places = (np.asarray(features, np.float64) - self._mean) @ self._axes
        each = [np.einsum("ni,ij,nj->n", places - mean, precision, places - mean) for mean, precision in self._kinds]
        return np.min(each, axis=0) if each else np.full(len(places), np.nan)


def top(score: ArrayLike, k: int = TOP) -> NDArray[np.int64]:
    """Where the k highest are, the highest first; missing scores are never among them."""
    score = np.asarray(score, np.float64)
    order = np.argsort(np.where(np.isfinite(score), -score, np.inf), kind="stable")
    return order[: min(k, int(np.isfinite(score).sum()))]


def shared(lists: dict[str, NDArray[np.int64]]) -> dict[str, int]:
    """How many objects each two lists share, by ``one & other``."""
    return {f"{one} & {other}": len(np.intersect1d(lists[one], lists[other])) for one, other in combinations(lists, 2)}
