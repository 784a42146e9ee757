"""Columns that a store keeps beside its catalogue, which is frozen: one Parquet file a name, its rows the store's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from qsocore.errors import StoreError
from qsocore.store import paths
from qsocore.store.files import write_whole
from qsocore.store.reader import Store
from qsocore.store.runs import in_row_order


def kept_columns(store: Store) -> list[Path]:
    """The files that are there, by name."""
    return sorted(paths.columns(store.path).glob("*.parquet"))


_MAKER = b"made_by"  # key of the metadata


def keep_columns(store: Store, name: str, table: pa.Table, rows: NDArray[np.int64], maker: str) -> Path:
    """Keep columns of some of a store's objects; what the same maker kept of the others, in the same columns, stays.

    Parameters
    ----------
    store : Store
    name : str
        Of the file.
    table : pyarrow.Table
        Columns with their meaning in the fields, without ``object_id``, of `rows`.
    rows : ndarray of int, shape (n,)
        Rows of the store, none twice.
    maker : str
        What made them: columns of another maker are replaced whole.

    Returns
    -------
    Path
        The file, written whole; its rows are the store's, null where nothing is known.

    Raises
    ------
    StoreError
        When the catalogue has a column of one of these names: it would hide the new one.
    """
    taken = [column for column in table.column_names if column in store.columns]
    if taken:
        raise StoreError(f"the catalogue has a column {taken[0]!r} already", store.path, "write to a file instead: --out FILE")
    file = paths.columns(store.path) / f"{name}.parquet"
    place = np.full(store.n_rows, -1, np.int64)
    place[rows] = np.arange(len(rows))
    old = _old(file, table, store.n_rows, maker)
    if old is not None:
        place = np.where(place < 0, len(table) + np.arange(store.n_rows), place)
        table = pa.concat_tables([table, old])
    whole = table.take(pa.array(np.maximum(place, 0), mask=place < 0))
    ids = store.table(["object_id"])
    fields = [ids.schema.field(0), *table.schema]
    metadata = in_row_order(store) | {_MAKER: maker}
    made = pa.table([ids.column(0), *whole.columns], schema=pa.schema(fields, metadata=metadata))
    write_whole(file, lambda open_file: pq.write_table(made, open_file))
    return file


def _old(file: Path, table: pa.Table, n_rows: int, maker: str) -> pa.Table | None:
    """What the same maker kept, where it has the same columns."""
    if not file.exists():
        return None
    old = pq.read_table(file)
    same = (set(table.column_names) <= set(old.column_names) and old.num_rows == n_rows
            and (old.schema.metadata or {}).get(_MAKER) == maker.encode())
    return old.select(table.column_names).cast(table.schema) if same else None
