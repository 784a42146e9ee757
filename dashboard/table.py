"""The Atlas table: everything a map needs of every object, joined once by object id and shared by all sessions.

It is read-only. Columns are read when they are first asked for; those of a big catalogue are laid on a shelf and
memory-mapped, so that a session costs no copy of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dashboard.colourings.categorical import MAX_CLASSES
from dashboard.once import Once
from dashboard.parts import Part, computed, from_run
from dashboard.plane import Plane, extent
from dashboard.shelf import Shelf
from qsocore.catalog import Column
from qsocore.errors import AtlasError, did_you_mean
from qsocore.selection import Coded
from qsocore.store.beside import kept_columns
from qsocore.store.columns import to_numpy
from qsocore.store.runs import PREDICTIONS, predicting

if TYPE_CHECKING:
    import pandas

    from qsocore.store import RunFolder, Store

MISSING, OTHER = "missing", "other"
_MOST_LABELS = 60_000  # a column of text with more values than this names its objects; it is searched, not encoded
_KEPT_BYTES = 1.5e9  # of columns in the order of a plane


@dataclass(frozen=True)
class Classes:
    """A column as classes, the most frequent first, so that a class keeps its colour.

    Parameters
    ----------
    codes : ndarray of uint8, shape (n_rows,)
        Class number of each object.
    names : tuple of str
        At most `MAX_CLASSES`; the rarest are joined as `OTHER`, objects without a value are `MISSING`.
    counts : ndarray of int64, shape (n_classes,)
        Objects of each class in the catalogue.
    """

    codes: NDArray[np.uint8]
    names: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Searched:
    """A column of text in which almost every row differs: `qsocore.selection.Names`."""

    text: pa.ChunkedArray

    def isin(self, wanted: Sequence[str]) -> NDArray[np.bool_]:
        """Which rows hold one of these."""
        return pc.is_in(self.text, value_set=pa.array(list(map(str, wanted)), pa.string())).to_numpy()


@dataclass
class AtlasTable:
    """One row per object, in the catalogue's order.

    Parameters
    ----------
    name : str
        Shown to the user.
    ids : pyarrow.ChunkedArray of string, shape (n_rows,)
        Object ids.
    parts : list of Part
        Catalogue, latents, projections, further columns of the run.
    maps : dict of str to (str, str)
        Maps by name with their columns across and upwards; the first is shown first.
    store, run
        Where spectra and reconstructions come from; None when there are none.
    ground : dict of str to (ndarray, ndarray)
        By map, the places of the objects that it was made from, where those are another store's.
    shelf : Shelf
        Where arrays of a big catalogue lie.
    """

    name: str
    ids: pa.ChunkedArray
    parts: list[Part]
    maps: dict[str, tuple[str, str]]
    store: Store | None = None
    run: RunFolder | None = None
    ground: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)
    _once: Once = field(default_factory=Once, repr=False)
    _ordered: dict[Any, NDArray] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=RLock, repr=False)

    @property
    def n_rows(self) -> int:
        """Objects in the catalogue."""
        return len(self.ids)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Every column by name, the catalogue's first."""
        columns: dict[str, Column] = {}
        for part in self.parts:
            for name, column in part.columns.items():
                columns.setdefault(name, column)
        return columns

    def _part(self, name: str) -> Part:
        for part in self.parts:
            if name in part.columns:
                return part
        raise AtlasError(f"there is no column {name!r}", self.name, did_you_mean(name, self.columns))

    # ---- columns

    def exact(self, name: str) -> NDArray:
        """A numeric column with all its digits, shape (n_rows,): as `qsocore.store.Store.column` gives it; read once."""
        part = self._part(name)
        if not self.is_numeric(name):
            raise AtlasError(f"{name} holds text, not numbers", self.name, "choose a numeric column")
        return self._once(("exact", name), lambda: self.shelf.array(
            f"exact {part.version} {name}", lambda: np.array(to_numpy(pa.chunked_array(part.pieces(name))))))

    def numbers(self, name: str) -> NDArray[np.float32]:
        """A numeric column for drawing, shape (n_rows,), NaN where it is missing; read once.

        Raises
        ------
        AtlasError
            When there is no such column or it holds text.
        """
        def make() -> NDArray[np.float32]:
            exact = self.exact(name)
            if exact.dtype == np.float32 and not np.isinf(exact).any():
                return exact

            def finite() -> NDArray[np.float32]:
                numbers = exact.astype(np.float32)
                numbers[~np.isfinite(numbers)] = np.nan
                return numbers

            return self.shelf.array(f"numbers {self._part(name).version} {name}", finite)

        self._part(name)
        return self._once(("numbers", name), make)

    def values(self, name: str) -> NDArray | Coded | Searched:
        """A column as a selection's rule reads it."""
        if name == "object_id":
            return Searched(self.ids)
        return self.exact(name) if self.is_numeric(name) else self.coded(name) or Searched(
            self._once(("text", name), lambda: self.shelf.text(f"{self._part(name).version} {name}",
                                                               lambda: self._part(name).pieces(name))))

    def coded(self, name: str) -> Coded | None:
        """A column as codes into its labels in the order in which they first appear; None when it has too many."""
        part = self._part(name)

        def encoded() -> tuple[NDArray[np.uint16], list[str]]:
            return self._once(("encoded", name), lambda: _encode(part.pieces(name), self.n_rows))

        def make() -> Coded | None:
            codes = self.shelf.array(f"codes {part.version} {name}", lambda: encoded()[0])
            labels = self.shelf.text(f"labels {part.version} {name}", lambda: [pa.array(encoded()[1], pa.string())])
            self._once.forget(("encoded", name))
            return Coded(codes, labels.to_pylist()) if codes.size == self.n_rows else None

        return self._once(("coded", name), make)

    def classes(self, name: str) -> Classes:
        """A column of few values as `Classes`; read once."""
        def make() -> Classes:
            coded = self.coded(name)
            if coded is None:
                raise AtlasError(f"{name} has more than {_MOST_LABELS:,} different values", self.name, "colour by another")
            rank, names = _ranked(np.bincount(coded.codes, minlength=len(coded.labels)), coded.labels)
            codes = self.shelf.array(f"classes {self._part(name).version} {name}", lambda: rank[coded.codes])
            return Classes(codes, names, np.bincount(codes, minlength=len(names)))

        self._part(name)
        return self._once(("classes", name), make)

    def is_numeric(self, name: str) -> bool:
        """Whether a column can be an axis or a continuous colour."""
        self._part(name)
        return self.columns[name].dtype != "string"

    def is_categorical(self, name: str) -> bool:
        """Whether a column is coloured by class."""
        column = self.columns[name]
        return column.dtype in ("string", "bool") or (column.dtype.startswith("int") and column.role in ("flag", "label"))

    @cached_property
    def latent_names(self) -> list[str]:
        """Columns that are latents, in their order."""
        names = [name for name, column in self.columns.items() if column.role == "latent"]
        return sorted(names, key=lambda name: (len(name), name))

    def latents(self, rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Latents of some rows or of all, shape (n, n_latent)."""
        columns = [self.numbers(name) for name in self.latent_names]
        return np.column_stack([column if rows is None else column[rows] for column in columns]) if columns else \
            np.empty((self.n_rows if rows is None else len(rows), 0), np.float32)

    def features(self, rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """What of some rows or of all is compared for likeness, shape (n, k): features where the run has them, else latents."""
        if self.run is None or not self.run.features.exists():
            return self.latents(rows)
        from qsocore.embed import features

        known = features.read(self.run, self.n_rows)
        return np.array(known if rows is None else known[rows])

    # ---- rows

    def row_of(self, object_id: str) -> int:
        """Row of an object, -1 when there is none of that id."""
        return pc.index(self.ids, object_id).as_py()

    def rows_of(self, object_ids: Sequence[str]) -> NDArray[np.int64]:
        """Rows of objects, -1 where there is none of that id."""
        wanted = pa.array(list(map(str, object_ids)), pa.string())
        rows = np.flatnonzero(pc.is_in(self.ids, value_set=wanted).to_numpy())
        at = pc.index_in(wanted, value_set=pa.array(self.ids_of(rows), pa.string())).fill_null(-1).to_numpy()
        return np.where(at < 0, -1, rows[np.maximum(at, 0)] if rows.size else -1)

    def ids_of(self, rows: NDArray[np.int64]) -> list[str]:
        """Object ids of rows, in the order given."""
        rows, starts = np.asarray(rows, np.int64), self._chunk_starts
        order = np.argsort(rows, kind="stable")
        chunks, begins = np.unique(np.searchsorted(starts, rows[order], side="right") - 1, return_index=True)
        names = np.empty(rows.size, object)
        # a chunked array's own take would first join all its chunks
        for chunk, some in zip(chunks.tolist(), np.split(order, begins[1:]), strict=False):
            names[some] = self.ids.chunk(chunk).take(pa.array(rows[some] - starts[chunk])).to_pylist()
        return names.tolist()

    @cached_property
    def _chunk_starts(self) -> NDArray[np.int64]:
        return np.cumsum([0] + [len(chunk) for chunk in self.ids.chunks[:-1]])

    def row(self, index: int) -> dict[str, Any]:
        """Every column of one object, missing values as None."""
        return {name: value for part in reversed(self.parts)
                for name, value in part.rows(np.array([index]), list(part.columns)).to_pylist()[0].items()}

    def frame(self, rows: NDArray[np.int64], names: Iterable[str]) -> pandas.DataFrame:
        """Some rows of some columns, in the order given, with exact values."""
        wanted = list(dict.fromkeys(names))
        columns = {}
        for part in self.parts:
            here = [name for name in wanted if name in part.columns and name not in columns]
            columns |= dict(zip(here, part.rows(np.asarray(rows), here).columns, strict=True)) if here else {}
        return pa.table({name: columns[name] for name in wanted}).to_pandas()

    # ---- planes

    def plane(self, x: str, y: str) -> Plane:
        """Two columns, indexed; made once."""
        def make() -> Plane:
            def built() -> Plane:
                return self._once(("built", x, y), lambda: Plane.build((x, y), self.numbers(x), self.numbers(y)))

            stem = f"plane {self._part(x).version} {x} {self._part(y).version} {y}"
            parts = {name: self.shelf.array(f"{stem} {name}", lambda name=name: getattr(built(), name))
                     for name in ("x", "y", "order", "starts")}
            box = self.shelf.array(f"{stem} box", lambda: np.array(built().box))
            self._once.forget(("built", x, y))
            return Plane((x, y), **parts, box=tuple(box.tolist()), n_rows=self.n_rows)

        return self._once(("plane", x, y), make)

    def extent(self, name: str) -> tuple[float, float]:
        """Where an axis begins and ends, see `dashboard.plane.extent`."""
        return self._once(("extent", name), lambda: tuple(self.shelf.array(
            f"extent {self._part(name).version} {name}", lambda: np.array(extent(self.numbers(name)))).tolist()))

    def in_order(self, plane: Plane, name: str, values: Callable[[], NDArray]) -> NDArray:
        """Values by row as values by place of a plane; kept while there is room, shared by all sessions.

        Parameters
        ----------
        plane : Plane
        name : str
            Tells the values from others.
        values : callable
            Gives them, shape (n_rows,).
        """
        key = plane.axes, name
        with self._lock:
            ordered = self._ordered.pop(key, None)
            if ordered is None:
                ordered = plane.in_order(values())
                while self._ordered and sum(known.nbytes for known in self._ordered.values()) + ordered.nbytes > _KEPT_BYTES:
                    del self._ordered[next(iter(self._ordered))]
            self._ordered[key] = ordered
            return ordered

    @classmethod
    def from_store(cls, store: Store, run: RunFolder | None = None) -> AtlasTable:
        """Join a store's catalogue with the latents, projections and further columns of one of its runs, with what any of its
        runs predicts (of one column the newest holds) and with what follows from that.
        """
        shelf = Shelf.of(store.manifest.fingerprint, store.n_rows)
        ids = shelf.text("object_id", lambda: store.catalog.pieces("object_id"))
        parts, maps = [Part(dict(store.columns), store.catalog)], {}
        if run is not None and run.latents.exists():
            fingerprint = store.manifest.fingerprint
            for name in sorted(run.projections(), key=lambda name: (name != "umap", name)):
                given = {f"{name}_x": "x", f"{name}_y": "y"}
                parts.append(from_run(run.projection(name), ids, fingerprint, given, "coordinate"))
                maps[name] = (f"{name}_x", f"{name}_y")
            parts.append(from_run(run.latents, ids, fingerprint, {}, "latent"))
            further = sorted((run.path / "columns").glob("*.parquet"))
            parts += [from_run(file, ids, fingerprint, {}, "property") for file in further]
        known = {part.version for part in parts}
        predicted = [from_run(other.column_file(PREDICTIONS), ids, store.manifest.fingerprint, {}, "property")
                     for other in predicting(store)]
        parts += [part for part in predicted if part.version not in known]
        parts += [from_run(file, ids, store.manifest.fingerprint, {}, "property") for file in kept_columns(store)]
        parts += computed(parts, store.n_rows)
        if {"ra", "dec"} <= store.columns.keys():
            maps["sky"] = ("ra", "dec")
        ground = _ground(store, run) if run is not None else {}
        return cls(store.path.name, ids, parts, maps, store, run, ground, shelf)


def _ground(store: Store, run: RunFolder) -> dict[str, tuple[NDArray, NDArray]]:
    """The references of an adopted run's maps; none where they cannot be read, since the map is right without them."""
    from safetensors import SafetensorError, safe_open

    ground = {}
    try:
        if run.config.get("data", {}).get("sha256") == store.manifest.fingerprint:
            return {}
        for name in run.projections():
            with safe_open(run.reference(name), framework="numpy") as arrays:
                if "coordinates" in arrays.keys():  # noqa: SIM118  not a dict
                    places = arrays.get_tensor("coordinates")
                    ground[name] = places[:, 0], places[:, 1]
    except (AtlasError, OSError, SafetensorError):
        return {}
    return ground


def _encode(pieces: Iterable[pa.Array], n_rows: int) -> tuple[NDArray[np.uint16], list[str]]:
    """Codes of a column of few values, and its labels; no codes when there are too many."""
    codes, known, start = np.empty(n_rows, np.uint16), {}, 0
    for piece in pieces:
        encoded = piece.cast(pa.string()).fill_null("").dictionary_encode()
        own = np.array([known.setdefault(label, len(known)) for label in encoded.dictionary.to_pylist()], np.int64)
        if len(known) > _MOST_LABELS:
            return np.empty(0, np.uint16), []
        codes[start : start + len(piece)] = own[encoded.indices.to_numpy()] if len(piece) else 0
        start += len(piece)
    return codes, list(known)


def _ranked(counts: NDArray[np.int64], labels: Sequence[str]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Class number of each label, and the classes' names: by frequency, `MISSING` and `OTHER` last."""
    names = [label or MISSING for label in labels]
    order = sorted(range(len(names)), key=lambda k: (names[k] == MISSING, -counts[k], names[k]))
    kept = order if len(order) <= MAX_CLASSES else order[: MAX_CLASSES - 1]
    rank = np.full(len(names), len(kept), np.uint8)
    rank[kept] = np.arange(len(kept))
    return rank, tuple(names[k] for k in kept) + ((OTHER,) if len(kept) < len(order) else ())
