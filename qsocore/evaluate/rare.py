"""How well rare objects are found among all others: each by the rest of its kind, many by a few examples, or by none.

Objects are points in a space of features, distances Euclidean. What comes late in doubt comes late here too: an object that
ties with others stands behind them, and one without features stands behind all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.explore.reference import without_self
from qsocore.projections.neighbours import nearest

SHARES = (0.01, 0.05)
"""First parts of a list that a person would look through."""
EXAMPLES, DRAWS = 5, 20
"""Examples that a search starts from, and how many sets of them are tried."""

_CROWD = 10  # the neighbour whose distance says how dense it is around an object
_LEAST = 1e-6  # distance of twins

Search = Callable[[NDArray, NDArray[np.int64]], NDArray[np.float64]]
"""``search(features, examples)`` gives a score (n,) that is higher for what is more like the examples (rows)."""


def leave_one_out(features: NDArray, rare: ArrayLike) -> NDArray[np.int64]:
    """Rank of each rare object among the others, were it sought by the rest of its kind.

    Objects are listed by the distance to the nearest of the other rare ones, which are not listed themselves: rank 1 is an
    object to which no other object of another kind is nearer.

    Parameters
    ----------
    features : ndarray, shape (n, d)
        NaN where an object has none.
    rare : array_like of bool, shape (n,)

    Returns
    -------
    ndarray of int64, shape (m,)
        Of the rare ones in their order.
    """
    rare = np.asarray(rare, bool)
    one, own = np.flatnonzero(rare), _to_nearest(features[rare], features[rare], besides=np.arange(rare.sum()))
    rank = np.empty(len(one), np.int64)
    distance, which, second = _two_nearest(features[rare], features[~rare])
    for k in range(len(one)):
        others = np.where(which == k, second, distance)
        rank[k] = 1 + np.sum(others <= own[k]) if np.isfinite(own[k]) else 1 + len(others)
    return rank


def recall(score: ArrayLike, rare: ArrayLike, shares: Iterable[float] = SHARES) -> dict[str, Any]:
    """How many of the rare objects are in the first parts of a list, the highest score first.

    Parameters
    ----------
    score : array_like, shape (n,)
        NaN comes last.
    rare : array_like of bool, shape (n,)
    shares : iterable of float
        Parts of the list.

    Returns
    -------
    dict
        ``n``, ``rare`` and ``first``: ``share``, ``listed`` and ``found`` of each part.
    """
    rare = np.asarray(rare, bool)
    score = np.where(np.isnan(np.asarray(score, np.float64)), -np.inf, score)
    order = np.lexsort((rare, -score))  # of those that tie, the rare ones last
    found = np.cumsum(rare[order])
    parts = [(share, min(max(round(share * len(rare)), 1), len(rare))) for share in shares]
    return {"n": len(rare), "rare": int(rare.sum()),
            "first": [{"share": share, "listed": listed, "found": int(found[listed - 1])} for share, listed in parts]}


def nearness(features: NDArray, examples: NDArray[np.int64]) -> NDArray[np.float64]:
    """Minus the distance (n,) to the nearest of some examples (rows)."""
    return -_to_nearest(features[examples], features)


def nearness_for_its_place(features: NDArray, examples: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logarithm of the distance (n,) to the own 10th neighbour over that to the nearest example.

    In a dense crowd an example that is near is still farther than a hundred others; where it is lonely an example at the same
    distance is a neighbour. Of lensed quasars, which are scattered thinly, it finds twice as many as `nearness` alone.
    """
    own = np.full(len(features), np.nan)
    known = np.isfinite(features).all(axis=1)
    _, distance = nearest(features[known], features[known], _CROWD + 1)  # the first is the object itself
    own[known] = distance[:, -1]
    return np.log(np.maximum(own, _LEAST)) - np.log(np.maximum(-nearness(features, examples), _LEAST))


def by_examples(features: NDArray, rare: ArrayLike, search: Search = nearness_for_its_place, k: int = EXAMPLES,
                draws: int = DRAWS, seed: int = 0, shares: Iterable[float] = SHARES) -> dict[str, Any]:
    """`recall` of a search by k examples, summed over several draws of them; the examples themselves are not listed.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    rare : array_like of bool, shape (n,)
        At least k + 1 of them.
    search : callable
        See `Search`.
    k, draws, seed : int
        Examples of each draw, number of draws, and what draws them.
    shares : iterable of float

    Returns
    -------
    dict
        As `recall`'s with ``rare`` and ``found`` summed over draws, ``examples``, ``draws``, and the ``least`` and ``most``
        found in one draw.
    """
    rare, rng = np.asarray(rare, bool), np.random.default_rng(seed)
    shares, found = tuple(shares), []
    for _ in range(draws):
        examples = rng.choice(np.flatnonzero(rare), k, replace=False)
        listed = np.ones(len(rare), bool)
        listed[examples] = False
        found.append(recall(search(features, examples)[listed], rare[listed], shares))
    counts = np.array([[part["found"] for part in each["first"]] for each in found])  # (draws, shares)
    first = [part | {"found": int(each.sum()), "least": int(each.min()), "most": int(each.max())}
             for part, each in zip(found[0]["first"], counts.T, strict=True)]
    return {"n": found[0]["n"], "rare": draws * found[0]["rare"], "examples": k, "draws": draws, "first": first}


def share_of_neighbours(features: NDArray, rare: ArrayLike, k: int = 10) -> NDArray[np.float64]:
    """Share (m,) of each rare object's k nearest that are rare too; NaN without features."""
    rare = np.asarray(rare, bool)
    known = np.isfinite(features).all(axis=1)
    near, _ = nearest(features[known], features[known & rare], k + 1)
    others = near[without_self(near, np.flatnonzero(rare[known]))].reshape(len(near), -1)
    out = np.full(rare.sum(), np.nan)
    out[known[rare]] = rare[known][others].mean(axis=1)
    return out


def _to_nearest(reference: NDArray, points: NDArray, besides: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Distance of points (m, d) to the nearest of a reference, besides one of it each; infinite where there is none."""
    distance, which, second = _two_nearest(reference, points)
    return distance if besides is None else np.where(which == besides, second, distance)


def _two_nearest(reference: NDArray, points: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Distance to the nearest of a reference, its number, and the distance to the second, (m,) each; infinite without."""
    out = np.full((len(points), 2), np.inf)
    number = np.full((len(points), 2), -1)
    held, known = (np.isfinite(part).all(axis=1) for part in (reference, points))
    if held.any() and known.any():
        near, distance = nearest(reference[held], points[known], 2)
        out[known, : near.shape[1]], number[known, : near.shape[1]] = distance, np.flatnonzero(held)[near]
    return out[:, 0], number[:, 0], out[:, 1]
