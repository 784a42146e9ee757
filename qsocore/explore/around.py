"""The island around examples: the smallest cluster by single linkage that holds most of them.

Objects within a linking length of each other on a map are friends, and friends of friends are one cluster (Huchra & Geller
1982, ApJ 257, 423). The linking length is the least at which one cluster holds the wanted share of the examples, so that the
size of the island follows from the examples and the map alone. Where density-based clustering asks how many objects make an
island (`qsocore.explore.islands`), this finds one of ten among ten million.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError

SHARE = 0.8
"""Of the examples that the island holds: some lie where no others do."""

_FRIENDS = 16  # nearest neighbours that may be linked; the tree of shortest links is within them unless objects coincide
_CORNERS = 8  # of a quarter of a circle


@dataclass(frozen=True)
class Around:
    """An island.

    Parameters
    ----------
    rows : ndarray of int64
        Its members, rising.
    linking_length : float
        In the map's units.
    held : int
        Examples among the members.
    outline : list of [x, y]
        Corners of a line around the members, a linking length from the nearest other object at least.
    """

    rows: NDArray[np.int64]
    linking_length: float
    held: int
    outline: list[list[float]]


def island_around(places: NDArray[np.float32], examples: NDArray[np.int64], share: float = SHARE) -> Around:
    """Find the island around some objects of a map.

    Parameters
    ----------
    places : ndarray, shape (n, 2)
        On the map; objects without a place (NaN) belong nowhere.
    examples : ndarray of int64, shape (m,)
        Rows.
    share : float
        Of the examples with a place that the island holds, above 0 and at most 1.

    Raises
    ------
    ConfigError
        For fewer than two examples with a place, another share, or examples that no chain of neighbours joins.
    """
    if not 0 < share <= 1:
        raise ConfigError(f"a share of {share:g} is not between 0 and 1", "--share")
    placed = np.flatnonzero(np.isfinite(places).all(axis=1))
    examples = np.flatnonzero(np.isin(placed, examples))
    if len(examples) < 2:
        raise ConfigError(f"{len(examples)} of the examples have a place on the map", "--around", "give two at least")
    xy = places[placed].astype(np.float64)
    one, other, length = _links(xy)
    wanted = max(2, int(np.ceil(share * len(examples))))
    lengths = np.unique(length)
    low, high = 0, len(lengths)
    while low < high:
        middle = (low + high) // 2
        if _most(_clusters(len(xy), one, other, length <= lengths[middle])[examples]) >= wanted:
            high = middle
        else:
            low = middle + 1
    if low == len(lengths):
        raise ConfigError(f"no island holds {wanted} of the {len(examples)} examples: they lie on several", "--around",
                          "ask for a smaller --share, or take another map")
    cluster = _clusters(len(xy), one, other, length <= lengths[low])
    members = cluster == np.bincount(cluster[examples]).argmax()
    return Around(placed[members], float(lengths[low]), int(members[examples].sum()), _outline(xy[members], lengths[low]))


def _links(xy: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of near neighbours and their distances, each (n * k,)."""
    from scipy.spatial import cKDTree

    k = min(_FRIENDS, len(xy) - 1)
    length, near = cKDTree(xy).query(xy, k + 1, workers=-1)
    return np.repeat(np.arange(len(xy)), k + 1), near.ravel(), length.ravel()


def _clusters(n: int, one: NDArray, other: NDArray, linked: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number of the cluster of each of n objects."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(int(linked.sum()), np.int8), (one[linked], other[linked])), shape=(n, n))
    return connected_components(links, directed=False)[1]


def _most(clusters: NDArray[np.int32]) -> int:
    """How many are in one cluster at the most."""
    return int(np.unique(clusters, return_counts=True)[1].max())


def _outline(xy: NDArray[np.float64], length: float) -> list[list[float]]:
    """The outer line of all places that are within half a linking length, and a little, of a member."""
    import shapely

    reach = 0.55 * length or 1e-6  # a little: friends' circles overlap, and no other object is nearer than a whole length
    land = shapely.union_all(shapely.buffer(shapely.points(xy), reach, quad_segs=_CORNERS))
    main = max(getattr(land, "geoms", [land]), key=lambda piece: piece.area)
    return [[float(f"{x:.7g}"), float(f"{y:.7g}")] for x, y in main.simplify(0.05 * reach).exterior.coords[:-1]]
