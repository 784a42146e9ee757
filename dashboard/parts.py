"""Parts of the Atlas table: columns from one place each, in the table's order; joined by object id where theirs differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.store.columns import from_field, to_field
from qsocore.store.derived import Derived, derived_from
from qsocore.store.parquet import ParquetTable


class Source(Protocol):
    """Where columns come from: `qsocore.store.parquet.ParquetTable`, or `InMemory`."""

    @property
    def schema(self) -> pa.Schema:
        """Names and types."""
        ...

    @property
    def n_rows(self) -> int:
        """Rows."""
        ...

    def read(self, names: Sequence[str] | None = None, rows: NDArray[np.int64] | None = None) -> pa.Table:
        """Columns of some rows, in the order given."""
        ...

    def pieces(self, name: str) -> Iterator[pa.Array]:
        """One column, piece by piece."""
        ...


@dataclass(frozen=True)
class InMemory:
    """The `Source` of a table that is in memory."""

    table: pa.Table

    @property
    def schema(self) -> pa.Schema:
        """Names and types."""
        return self.table.schema

    @property
    def n_rows(self) -> int:
        """Rows."""
        return self.table.num_rows

    def read(self, names: Sequence[str] | None = None, rows: NDArray[np.int64] | None = None) -> pa.Table:
        """Columns of some rows, in the order given."""
        chosen = self.table if names is None else self.table.select(list(names))
        return chosen if rows is None else chosen.take(pa.array(rows))

    def pieces(self, name: str) -> Iterator[pa.Array]:
        """One column, piece by piece."""
        yield from self.table.column(name).chunks


@dataclass(frozen=True)
class Part:
    """Columns that come from one place.

    Parameters
    ----------
    columns : dict of str to Column
        What they mean, by the name that the user sees.
    source : Source
        Where they are.
    place : ndarray of int64, shape (n_rows,), optional
        Row of this part for each row of the Atlas table, -1 for none; None when they are the same.
    given : dict of str to str
        Names in the source where they differ from the user's.
    version : str
        Changes when the content does.
    """

    columns: dict[str, Column]
    source: Source
    place: NDArray[np.int64] | None = None
    given: dict[str, str] = field(default_factory=dict)
    version: str = ""

    def pieces(self, name: str) -> Iterator[pa.Array]:
        """A column in the Atlas table's order, null where this part lacks the object."""
        name = self.given.get(name, name)
        if self.place is None:
            yield from self.source.pieces(name)
        else:
            taken = self.source.read([name]).column(0).take(_indices(self.place))
            yield from taken.chunks if isinstance(taken, pa.ChunkedArray) else [taken]

    def rows(self, rows: NDArray[np.int64], names: list[str]) -> pa.Table:
        """Some rows of some columns, in the order given."""
        given = [self.given.get(name, name) for name in names]
        if self.place is None:
            return self.source.read(given, rows).rename_columns(names)
        place = self.place[rows]
        found = self.source.read(given, np.maximum(place, 0)).rename_columns(names)
        return found.take(_indices(np.where(place < 0, -1, np.arange(len(rows)))))


@dataclass(frozen=True)
class Computed:
    """The `Source` of columns that follow from those of other parts.

    Parameters
    ----------
    derived : dict of str to Derived
        By name.
    parts : dict of str to Part
        Where each needed column comes from.
    n_rows : int
        Rows.
    """

    derived: dict[str, Derived]
    parts: dict[str, Part]
    n_rows: int

    @property
    def schema(self) -> pa.Schema:
        """Names and types."""
        return pa.schema([to_field(one.column) for one in self.derived.values()])

    def read(self, names: Sequence[str] | None = None, rows: NDArray[np.int64] | None = None) -> pa.Table:
        """Columns of some rows, in the order given."""
        names = list(self.derived) if names is None else list(names)
        needed = sorted({need for name in names for need in self.derived[name].needs})
        table = pa.table({name: self._needed(name, rows) for name in needed})
        return pa.table({name: self.derived[name].of(table) for name in names})

    def _needed(self, name: str, rows: NDArray[np.int64] | None) -> pa.ChunkedArray:
        part = self.parts[name]
        return pa.chunked_array(part.pieces(name)) if rows is None else part.rows(np.asarray(rows, np.int64), [name]).column(0)

    def pieces(self, name: str) -> Iterator[pa.Array]:
        """One column, in one piece."""
        yield from self.read([name]).column(0).chunks


def computed(parts: list[Part], n_rows: int) -> list[Part]:
    """The part of the columns that follow from those of the other parts; none where nothing does."""
    owner = {name: part for part in reversed(parts) for name in part.columns}
    derived = derived_from(owner)
    if not derived:
        return []
    needed = {need: owner[need] for one in derived.values() for need in one.needs}
    source = Computed(derived, needed, n_rows)
    version = "computed " + " ".join(part.version for part in needed.values())
    return [Part({name: one.column for name, one in derived.items()}, source, version=version)]


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


def from_run(file: Path, ids: pa.ChunkedArray, fingerprint: str, given: dict[str, str], role: str) -> Part:
    """A run's table as a part: found by object id, unless it says that its rows are the store's."""
    source = ParquetTable(file)
    same = source.n_rows == len(ids) and (source.schema.metadata or {}).get(b"store") == fingerprint.encode()
    place = None
    if not same:
        theirs = source.read(["object_id"]).column(0)
        if not theirs.equals(ids):
            place = pc.index_in(ids, value_set=theirs.combine_chunks()).fill_null(-1).to_numpy().astype(np.int64)
    shown = {old: new for new, old in given.items()}
    columns = {}
    for field_ in source.schema:
        if field_.name != "object_id":
            name = shown.get(field_.name, field_.name)
            columns[name] = Column(**from_field(field_).__dict__ | {"name": name}) if field_.metadata else \
                _run_column(name, field_.type, role)
    stat = file.stat()
    return Part(columns, source, place, given, f"{file.parent.name} {file.stem} {stat.st_size} {stat.st_mtime_ns}")


def _indices(place: NDArray[np.int64]) -> pa.Array:
    return pa.array(place, mask=place < 0)
