"""What a space of features puts side by side: objects of one kind, and an object's pictures whichever way they are turned."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.evaluate.redshift import share
from qsocore.explore.reference import without_self
from qsocore.explore.trust import shared
from qsocore.projections.neighbours import nearest

NEAREST = 10


def of_kind(features: NDArray, kind: NDArray, k: int = NEAREST) -> dict[str, dict[str, Any]]:
    """Of the k objects nearest to each, how many are of its kind; in all and by kind.

    Parameters
    ----------
    features : ndarray, shape (n, d)
        An object without (NaN) is left out.
    kind : ndarray of str, shape (n,)
        "" where it is not known: such an object is not asked, but may be a neighbour.

    Returns
    -------
    dict of dict
        ``n`` objects, ``near`` neighbours of them, ``alike`` those of their kind, and ``by_chance``, the share that is of
        the kind among all others; ``all`` first.
    """
    known = np.isfinite(features).all(axis=1)
    kind = np.asarray(kind, object)[known]
    near = _others(features[known], features[known], np.arange(len(kind)), k)  # (n, k)
    alike = (kind[near] == kind[:, None]).sum(axis=1)
    names = sorted(set(kind.tolist()) - {""})
    parts = {"all": kind != ""} | {name: kind == name for name in names}
    count = {name: int((kind == name).sum()) for name in names}
    chance = sum(n * (n - 1) for n in count.values())
    out = {}
    for name, here in parts.items():
        n = int(here.sum())
        by_chance = share(chance if name == "all" else count[name] * (count[name] - 1), n * (len(kind) - 1))
        out[name] = {"n": n, "near": n * near.shape[1], "alike": int(alike[here].sum()), "by_chance": by_chance}
    return out


def unmoved(features: NDArray, turned: NDArray, k: int = NEAREST) -> NDArray[np.float32]:
    """Share (n,) of the k nearest of each object that are the nearest of its turned picture too; NaN without features.

    Parameters
    ----------
    features, turned : ndarray, shape (n, d)
        Of objects, and of the same ones in another orientation, which are sought among the former.
    """
    known = np.isfinite(features).all(axis=1) & np.isfinite(turned).all(axis=1)
    own, reference = np.arange(known.sum()), features[known]
    near, beside = (_others(reference, points, own, k) for points in (reference, turned[known]))
    out = np.full(len(features), np.nan, np.float32)
    out[known] = shared(near, beside)
    return out


def _others(reference: NDArray, points: NDArray, own: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Numbers (m, k) of the nearest of a reference besides each point's own."""
    near, _ = nearest(reference, points, k + 1)
    return near[without_self(near, own)].reshape(len(points), -1)
