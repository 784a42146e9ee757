"""An Arrow table into a file that others read: Parquet, CSV or FITS, by the file's ending."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qsocore.errors import ConfigError
from qsocore.store.files import write_whole


def check_ending(out: Path) -> None:
    """Refuse a file whose format is not known.

    Raises
    ------
    ConfigError
        For an ending that is none of `WRITERS`.
    """
    if out.suffix not in WRITERS:
        raise ConfigError(f"cannot write {out.suffix or 'a file without an ending'}", out, f"use one of {', '.join(WRITERS)}")


def write_table(table: pa.Table, out: Path) -> None:
    """Write a table whole or not at all; units go where the format has a place for them."""
    check_ending(out)
    write_whole(out, lambda file: WRITERS[out.suffix](table, file))


def _write_csv(table: pa.Table, file) -> None:
    from pyarrow import csv

    csv.write_csv(table, file)


def _write_fits(table: pa.Table, file) -> None:
    from astropy.table import Table

    columns = {name: np.asarray(column.fill_null("").to_pylist(), str) if pa.types.is_string(column.type) else column.to_numpy()
               for name, column in zip(table.column_names, table.columns, strict=True)}
    made = Table(columns)
    for field in table.schema:
        made[field.name].unit = (field.metadata or {}).get(b"unit", b"").decode() or None
    made.write(file, format="fits")


WRITERS = {".parquet": pq.write_table, ".csv": _write_csv, ".fits": _write_fits}
"""Writers of a table to an open file, by the file's ending."""
