"""The Atlas table: everything a map needs of every object, joined once by object id and shared by all sessions.

It is read-only. Columns are read when they are first asked for, numbers as float32, labels as small codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dashboard.colourings.categorical import MAX_CLASSES
from qsocore.catalog import Column
from qsocore.errors import AtlasError, did_you_mean

if TYPE_CHECKING:
    import pandas

    from qsocore.store import RunFolder, Store

MISSING, OTHER = "missing", "other"


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
class Part:
    """Columns that come from one place.

    Parameters
    ----------
    columns : dict of str to Column
        What they mean.
    read : callable
        Gives columns by name as an Arrow table; a second argument gives the only rows wanted.
    place : ndarray of int64, shape (n_rows,), optional
        Row of this part for each row of the Atlas table, -1 for none; None when they are the same.
    """

    columns: dict[str, Column]
    read: Callable[..., pa.Table]
    place: NDArray[np.int64] | None = None

    def column(self, name: str) -> pa.ChunkedArray:
        """A column in the Atlas table's order, null where this part lacks the object."""
        values = self.read([name], None).column(0)
        return values if self.place is None else values.take(_indices(self.place))

    def rows(self, rows: NDArray[np.int64], names: list[str]) -> pa.Table:
        """Some rows of some columns, in the order given."""
        if self.place is None:
            return self.read(names, rows)
        place = self.place[rows]
        return self.read(names, np.maximum(place, 0)).take(_indices(np.where(place < 0, -1, np.arange(len(rows)))))


@dataclass
class AtlasTable:
    """One row per object, in the catalogue's order.

    Parameters
    ----------
    name : str
        Shown to the user.
    ids : pyarrow.StringArray, shape (n_rows,)
        Object ids.
    parts : list of Part
        Catalogue, latents, projections.
    maps : dict of str to (str, str)
        Maps by name with their columns across and upwards; the first is shown first.
    store, run
        Where spectra and reconstructions come from; None when there are none.
    ground : dict of str to (ndarray, ndarray)
        By map, the places of the objects that it was made from, where those are another store's.
    """

    name: str
    ids: pa.StringArray
    parts: list[Part]
    maps: dict[str, tuple[str, str]]
    store: Store | None = None
    run: RunFolder | None = None
    ground: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=dict)
    _numbers: dict[str, NDArray] = field(default_factory=dict, repr=False)
    _classes: dict[str, Classes] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=RLock, repr=False)

    @property
    def n_rows(self) -> int:
        """Objects in the catalogue."""
        return len(self.ids)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Every column by name, the catalogue's first."""
        return {name: column for part in self.parts for name, column in part.columns.items()}

    def _part(self, name: str) -> Part:
        for part in self.parts:
            if name in part.columns:
                return part
        raise AtlasError(f"there is no column {name!r}", self.name, did_you_mean(name, self.columns))

    def numbers(self, name: str) -> NDArray[np.float32]:
        """A numeric column, shape (n_rows,), NaN where it is missing; read once.

        Raises
        ------
        AtlasError
            When there is no such column or it holds text.
        """
        with self._lock:
            if name not in self._numbers:
                part = self._part(name)
                if not self.is_numeric(name):
                    raise AtlasError(f"{name} holds text, not numbers", self.name, "choose a numeric column")
                values = part.column(name)
                values = values.cast(pa.float64()) if not pa.types.is_floating(values.type) else values
                numbers = values.to_numpy().astype(np.float32)
                numbers[~np.isfinite(numbers)] = np.nan
                numbers.flags.writeable = False
                self._numbers[name] = numbers
            return self._numbers[name]

    def values(self, name: str) -> NDArray:
        """A column as a selection's rule reads it: `numbers`, or text with "" where it is missing."""
        if self.is_numeric(name):
            return self.numbers(name)
        return self.ids.to_numpy(zero_copy_only=False) if name == "object_id" else \
            self._part(name).column(name).cast(pa.string()).fill_null("").to_numpy()

    def classes(self, name: str) -> Classes:
        """A column of few values as `Classes`; read once."""
        with self._lock:
            if name not in self._classes:
                self._classes[name] = _classes(self._part(name).column(name))
            return self._classes[name]

    def is_numeric(self, name: str) -> bool:
        """Whether a column can be an axis or a continuous colour."""
        self._part(name)
        return self.columns[name].dtype != "string"

    def is_categorical(self, name: str) -> bool:
        """Whether a column is coloured by class."""
        column = self.columns[name]
        return column.dtype in ("string", "bool") or (column.dtype.startswith("int") and column.role in ("flag", "label"))

    def row_of(self, object_id: str) -> int:
        """Row of an object, -1 when there is none of that id."""
        return pc.index(self.ids, object_id).as_py()

    def row(self, index: int) -> dict[str, Any]:
        """Every column of one object, missing values as None."""
        return {name: value for part in self.parts
                for name, value in part.rows(np.array([index]), list(part.columns)).to_pylist()[0].items()}

    def frame(self, rows: NDArray[np.int64], names: Iterable[str]) -> pandas.DataFrame:
        """Some rows of some columns, in the order given, with exact values."""
        wanted = list(dict.fromkeys(names))
        tables = [part.rows(rows, here) for part in self.parts if (here := [n for n in wanted if n in part.columns])]
        columns = {name: table.column(name) for table in tables for name in table.column_names}
        return pa.table({name: columns[name] for name in wanted}).to_pandas()

    @classmethod
    def from_store(cls, store: Store, run: RunFolder | None = None) -> AtlasTable:
        """Join a store's catalogue with the latents and projections of one of its runs."""
        ids = store.table(["object_id"]).column(0).combine_chunks()
        parts, maps = [Part(dict(store.columns), store.table)], {}
        if run is not None and run.latents.exists():
            for name in sorted(run.projections(), key=lambda name: (name != "umap", name)):
                part = _from_parquet(run.projection(name), ids, {"x": f"{name}_x", "y": f"{name}_y"}, "coordinate")
                parts.append(part)
                maps[name] = (f"{name}_x", f"{name}_y")
            parts.append(_from_parquet(run.latents, ids, {}, "latent"))
        if {"ra", "dec"} <= store.columns.keys():
            maps["sky"] = ("ra", "dec")
        return cls(store.path.name, ids, parts, maps, store, run, _ground(store, run) if run is not None else {})


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


def _from_parquet(file: Any, ids: pa.StringArray, names: dict[str, str], role: str) -> Part:
    """A run's table as a part: its columns renamed, its rows found by object id."""
    import pyarrow.parquet as pq

    table = pq.read_table(file, memory_map=True)
    theirs = table.column("object_id").combine_chunks()
    place = None if theirs.equals(ids) else pc.index_in(ids, value_set=theirs).fill_null(-1).to_numpy().astype(np.int64)
    table = table.drop_columns(["object_id"])
    table = table.rename_columns([names.get(name, name) for name in table.column_names])
    columns = {name: _run_column(name, table.schema.field(name).type, role) for name in table.column_names}
    return Part(columns, reader(table), place)


_OF_RUNS = {
    "chi2_pix": ("quality", "Mean squared residual of the reconstruction in sigma, per good pixel"),
    "mse": ("quality", "Mean squared error of the reconstruction, in normalised flux"),
    "n_pix_good": ("quality", "Pixels that are not masked"),
}


def _run_column(name: str, kind: pa.DataType, role: str) -> Column:
    role, text = _OF_RUNS.get(name, (role, ""))
    if not text:
        stem, _, last = name.rpartition("_")
        text = f"Latent {last}" if stem == "latent" else f"{last} of {stem.upper()}"
    dtype = "float32" if pa.types.is_floating(kind) else "int64" if pa.types.is_integer(kind) else "string"
    return Column(name, dtype, role, "", text)


def reader(table: pa.Table) -> Callable[..., pa.Table]:
    """The `Part.read` of a table that is in memory."""
    def read(names: list[str], rows: NDArray | None = None) -> pa.Table:
        chosen = table.select(names)
        return chosen if rows is None else chosen.take(pa.array(rows))

    return read


def _indices(place: NDArray[np.int64]) -> pa.Array:
    return pa.array(place, mask=place < 0)


def _classes(values: pa.ChunkedArray) -> Classes:
    values = values.cast(pa.string())
    encoded = values.fill_null("").dictionary_encode().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    names = [name or MISSING for name in encoded.dictionary.to_pylist()]
    codes = encoded.indices.to_numpy()
    counts = np.bincount(codes, minlength=len(names))
    order = sorted(range(len(names)), key=lambda k: (names[k] == MISSING, -counts[k], names[k]))
    kept = order if len(order) <= MAX_CLASSES else order[: MAX_CLASSES - 1]
    rank = np.full(len(names), len(kept), np.uint8)
    rank[kept] = np.arange(len(kept))
    shown = tuple(names[k] for k in kept) + ((OTHER,) if len(kept) < len(order) else ())
    codes = rank[codes] if len(names) else np.zeros(0, np.uint8)
    codes.flags.writeable = False
    return Classes(codes, shown, np.bincount(codes, minlength=len(shown)))
