"""A store's catalogue, the tables of one of its runs and what any of its runs predicts, joined by object id, as a selection's
rule and an export read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from qsocore.catalog import Column
from qsocore.errors import StoreError, did_you_mean
from qsocore.selection import Coded
from qsocore.store import RunFolder, Store
from qsocore.store.beside import kept_columns
from qsocore.store.columns import from_field, to_numpy
from qsocore.store.derived import derived_from
from qsocore.store.parquet import ParquetTable
from qsocore.store.runs import PREDICTIONS, ROW_ORDER, predicting

_DISTINCT = ("object_id", "native_id", "source_file")  # text in which every row differs


@dataclass(frozen=True)
class _Part:
    """One file: its columns by the names that they have here, and its row for each row of the store (None: the same)."""

    table: ParquetTable
    names: dict[str, str]
    columns: dict[str, Column]
    place: NDArray[np.int64] | None = None

    def read(self, names: Sequence[str], rows: NDArray[np.int64] | None) -> pa.Table:
        theirs = [self.names[name] for name in names]
        if self.place is not None:
            place = self.place if rows is None else self.place[rows]
            taken = self.table.read(theirs, np.maximum(place, 0)) if self.table.n_rows else None
            gone = pa.array(np.where(place < 0, -1, np.arange(len(place))), mask=place < 0)
            out = taken.take(gone) if taken is not None else self.table.schema.empty_table().select(theirs).take(gone)
        else:
            out = self.table.read(theirs, rows)
        return out.rename_columns(list(names))


class Joined:
    """Columns of a store and of a run; the predictions of every run of the store, and what follows from them.

    Parameters
    ----------
    store : Store
    run : RunFolder, optional
        Whose latents, maps (columns NAME_x and NAME_y) and further columns there are.
    """

    def __init__(self, store: Store, run: RunFolder | None = None):
        self.store, self.run = store, run
        names = {name: name for name in store.columns}
        self._parts = [_Part(store.catalog, names, dict(store.columns)), *(self._of_run(run) if run else ())]
        others = [other for other in predicting(store) if run is None or other.path != run.path]
        self._parts += [self._part(other.column_file(PREDICTIONS), None, "property") for other in others]
        self._parts += [self._part(file, None, "property") for file in kept_columns(store)]
        self._derived = derived_from(self._stored)

    def _of_run(self, run: RunFolder) -> list[_Part]:
        files = [(run.projection(name), {f"{name}_{axis}": axis for axis in "xy"}, "coordinate") for name in run.projections()]
        files += [(run.latents, None, "latent")] if run.latents.exists() else []
        files += [(run.column_file(name), None, "property") for name in run.columns()]
        return [self._part(*file) for file in files]

    def _part(self, file: Path, names: dict[str, str] | None, role: str) -> _Part:
        try:
            table = ParquetTable(file)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"it cannot be read ({error})", file, "run 'qso embed' again") from None
        names = names or {name: name for name in table.schema.names if name != "object_id"}
        columns = {name: _meaning(name, table.schema.field(theirs), role) for name, theirs in names.items()}
        says = (table.schema.metadata or {}).get(ROW_ORDER.encode(), b"").decode()
        if table.n_rows == self.store.n_rows and says == self.store.manifest.fingerprint:
            return _Part(table, names, columns)
        place = np.full(self.store.n_rows, -1, np.int64)
        rows = np.concatenate([np.empty(0, np.int64), *map(self.store.index_of, table.read(["object_id"]).column(0).chunks)])
        place[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
        return _Part(table, names, columns, place)

    @property
    def n_rows(self) -> int:
        """Objects."""
        return self.store.n_rows

    @cached_property
    def _stored(self) -> dict[str, Column]:
        return {name: column for part in reversed(self._parts) for name, column in part.columns.items()}

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Every column by name, the catalogue's first."""
        return self._stored | {name: derived.column for name, derived in self._derived.items()}

    def known(self, names: Sequence[str]) -> list[str]:
        """The names, if there are such columns; else a `StoreError` that says where they could be."""
        for name in names:
            if name not in self.columns:
                remedy = did_you_mean(name, self.columns)
                runs = [] if self.run else [run.name for run in self.store.runs() if run.latents.exists()]
                if runs:
                    remedy += f"; latents and maps are those of a --run: {', '.join(dict.fromkeys(runs))}"
                raise StoreError(f"there is no column {name!r}" if self.run else f"the catalogue has no column {name!r}",
                                 self.store.path, remedy)
        return list(names)

    def _part_of(self, name: str) -> _Part:
        self.known([name])
        return next(part for part in self._parts if name in part.columns)

    def values(self, name: str) -> Any:
        """A column as `qsocore.selection.evaluate` reads it, with all its digits."""
        if name in self._derived:
            return to_numpy(self.table([name]).column(0))
        part = self._part_of(name)
        if self.columns[name].dtype == "string":
            distinct = name in _DISTINCT or self.columns[name].role == "id"
            return _Searched(part, name) if distinct else _coded(part.read([name], None).column(0))
        return to_numpy(part.read([name], None).column(0))

    def table(self, names: Sequence[str], rows: ArrayLike | None = None) -> pa.Table:
        """Columns of some rows (all by default, else in the order given) as an Arrow table, their meaning in the fields."""
        rows = None if rows is None else np.asarray(rows, np.int64)
        wanted = self.known(names)
        found = {}
        for part in self._parts:
            here = [name for name in wanted if name in part.columns and name not in found]
            if here:
                found |= dict(zip(here, part.read(here, rows).columns, strict=True))
        for name in self._derived.keys() & set(wanted):
            found[name] = self._derived[name].of(self.table(self._derived[name].needs, rows))
        fields = [pa.field(name, found[name].type, metadata=self.columns[name].to_metadata()) for name in wanted]
        return pa.table([found[name] for name in wanted], schema=pa.schema(fields))


@dataclass(frozen=True)
class _Searched:
    """A text column in which every row differs: searched piece by piece."""

    part: _Part
    name: str

    def isin(self, wanted: Sequence[str]) -> NDArray[np.bool_]:
        """Which rows hold one of these."""
        values = pa.array(wanted, pa.string())
        pieces = self.part.table.pieces(self.part.names[self.name]) if self.part.place is None else \
            self.part.read([self.name], None).column(0).chunks
        found = [pc.is_in(piece, value_set=values).to_numpy(zero_copy_only=False) for piece in pieces]
        return np.concatenate([np.empty(0, bool), *found])


def _coded(values: pa.ChunkedArray) -> Coded:
    """Text as codes; the last label, "", is what is missing."""
    encoded = values.cast(pa.string()).dictionary_encode().unify_dictionaries()
    codes = [chunk.indices.fill_null(-1).to_numpy() for chunk in encoded.chunks]
    labels = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
    return Coded(np.concatenate([np.empty(0, np.int32), *codes]), [*labels, ""])


_OF_RUNS = {
    "chi2_pix": ("quality", "Mean squared residual of the reconstruction in sigma, per good pixel"),
    "mse": ("quality", "Mean squared error of the reconstruction, in normalised flux"),
    "n_pix_good": ("quality", "Pixels that are not masked"),
}


def _meaning(name: str, field: pa.Field, role: str) -> Column:
    """What a run's column means: as its file says, else by its name."""
    column = replace(from_field(field), name=name)
    if field.metadata:
        return column
    stem, _, last = name.rpartition("_")
    text = f"Latent {last}" if role == "latent" else f"{last} on the map {stem}" if role == "coordinate" else ""
    role, text = _OF_RUNS.get(name, (role, text))
    return replace(column, role=role, description=text)
