"""Islands of a map: clusters of HDBSCAN (Campello, Moulavi & Sander 2013, PAKDD, 160), found on at most 10,000 objects.

Every other object belongs to the island of the nearest of these, unless it is farther from it than that one's 10th neighbour;
then, like what HDBSCAN calls noise, to none (-1). Islands are numbered from 0, the most populous first.

They are those of the map, or clusters of the space of latents shown on it: a map may tear apart, or draw together, what there
is one, or are two.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 10_000  # HDBSCAN's time grows with the square
NOWHERE = -1
_DENSITY = 10  # the neighbour whose distance says how dense it is around a point
_SMALLEST = 0.01  # share of the reference that makes an island
_LEAST = 12
_INLAND = 0.9  # share of the members that an outline is wide enough for
_METADATA = b"islands"


@dataclass(frozen=True)
class Island:
    """One island, as written beside the column of its numbers.

    Parameters
    ----------
    number : int
        In the column.
    label : str
        What sets it apart.
    n : int
        Objects of the store on it.
    row : int
        A member where it is densest, to which the label is tied.
    x, y : float
        That member's place on the map.
    reasons : list of dict
        ``text``, ``column`` and ``share`` (Youden's J) of what sets it apart, see `qsocore.explore.labels`.
    outline : list of [x, y]
        Corners around it, or around its largest piece.
    """

    number: int
    label: str
    n: int
    row: int
    x: float
    y: float
    reasons: list[dict[str, Any]] = field(default_factory=list)
    outline: list[list[float]] = field(default_factory=list)


class Islands:
    """The islands of a map.

    Parameters
    ----------
    places : ndarray of float32, shape (r, 2)
        The reference's, finite.
    points : ndarray of float32, shape (r, d), optional
        In which clusters are looked for, the places unless stated.

    Attributes
    ----------
    number : ndarray of int16, shape (r,)
        Of each point of the reference.
    n : int
        How many islands.
    """

    def __init__(self, places: NDArray[np.float32], points: NDArray[np.float32] | None = None):
        from scipy.spatial import cKDTree
        from sklearn.cluster import HDBSCAN

        points = places if points is None else points
        self.places = places
        smallest = max(int(_SMALLEST * len(places)), _LEAST)
        if len(places) < 2 * smallest:
            found = np.full(len(places), NOWHERE)
        else:
            found = HDBSCAN(min_cluster_size=smallest, min_samples=_DENSITY, copy=True).fit(points).labels_
        self.number = _by_size(found)
        self.n = int(self.number.max(initial=NOWHERE)) + 1
        self._tree = cKDTree(points)
        self.core = _core(points)
        self._shore = self.core if points is places else _core(places)

    def of(self, points: NDArray[np.float32]) -> NDArray[np.int16]:
        """Number of the island of each point (m, d), a place unless clusters were looked for elsewhere; -1 for none."""
        if not self.n:
            return np.full(len(points), NOWHERE, np.int16)
        distance, nearest = self._tree.query(points, workers=-1)
        return np.where(distance <= self.core[nearest], self.number[nearest], NOWHERE).astype(np.int16)

    def densest(self, number: int) -> int:
        """The reference's point that is densest surrounded among an island's."""
        members = np.flatnonzero(self.number == number)
        return int(members[self.core[members].argmin()])

    def outline(self, number: int) -> list[list[float]]:
        """Corners of a line around an island: the shore of tiles that hold its members, the loneliest left out."""
        import shapely

        members = np.flatnonzero(self.number == number)
        reach = 2 * float(np.quantile(self._shore[members], _INLAND)) or 1e-6
        inland = self.places[members[self._shore[members] <= reach]].astype(float)
        side = reach / 3
        west, south = np.unique(np.floor(inland / side), axis=0).T * side
        tiles = shapely.box(west, south, west + side, south + side)
        land = shapely.coverage_union_all(tiles).buffer(reach, quad_segs=4).buffer(-0.6 * reach, quad_segs=4)
        land = land.simplify(0.1 * reach)
        main = max(getattr(land, "geoms", [land]), key=lambda piece: piece.area)
        return [[float(f"{x:.5g}"), float(f"{y:.5g}")] for x, y in main.exterior.coords]


def _core(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distance (r,) of each point to its 10th neighbour."""
    from scipy.spatial import cKDTree

    k = min(_DENSITY + 1, len(points))
    return cKDTree(points).query(points, [k])[0][:, 0] if len(points) else np.zeros(0)


def _by_size(found: NDArray) -> NDArray[np.int16]:
    """Clusters numbered anew, the most populous 0; noise stays -1."""
    n = int(found.max(initial=NOWHERE)) + 1
    rank = np.full(n + 1, NOWHERE, np.int16)  # its last is the noise's
    rank[np.argsort(-np.bincount(found[found >= 0], minlength=n), kind="stable")] = np.arange(n)
    return rank[found]


def to_metadata(islands: Sequence[Island]) -> dict[bytes, bytes]:
    """What is added to the metadata of the column's field."""
    return {_METADATA: json.dumps([asdict(island) for island in islands], ensure_ascii=False).encode()}


def read_islands(file: str | Path, projection: str) -> list[Island]:
    """The islands of a projection from a run's file of columns; none where the file or the column is not there."""
    import pyarrow.parquet as pq

    if not Path(file).exists():
        return []
    schema = pq.read_schema(file)
    name = f"{projection}_island"
    written = (schema.field(name).metadata or {}).get(_METADATA) if name in schema.names else None
    return [Island(**island) for island in json.loads(written)] if written else []
