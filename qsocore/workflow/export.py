"""Export: catalogue rows of a store into a file that other tools read, with what its columns mean.

Parquet and CSV are written in pieces, however long the catalogue is; FITS and VOTable are made in memory, as their writer
needs. CSV has no place for units, descriptions and provenance; the others keep them: Parquet in the fields' and the
schema's metadata, FITS in TUNIT, TCOMM, TROLE and HISTORY, VOTable in unit, description, UCD and INFO.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.catalog import Column
from qsocore.errors import ConfigError
from qsocore.selection import columns_of, evaluate, parse
from qsocore.store import Store, open_store
from qsocore.store.files import write_whole
from qsocore.workflow.info import store_info

_PIECE = 65_536  # rows written at once
_UCD = {"ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main", "object_id": "meta.id;meta.main",
        "z": "src.redshift;meta.main", "class": "src.class;meta.main", "snr_median": "stat.snr"}
_UCD_OF_ROLE = {"id": "meta.id", "redshift": "src.redshift", "label": "src.class", "flag": "meta.code", "magnitude": "phot.mag",
                "flux": "phot.flux", "error": "stat.error", "provenance": "meta"}


def export(path: str | Path, out: str | Path, columns: Sequence[str] | None = None, where: str | None = None) -> int:
    """Write catalogue rows of a store to a file.

    Parameters
    ----------
    path : path
        The store.
    out : path
        ``.parquet``, ``.csv``, ``.fits`` or ``.vot``; must not exist.
    columns : sequence of str, optional
        Which, in which order; all by default.
    where : str, optional
        A selection such as ``z > 2 & class == "QSO"``; all rows by default. See `qsocore.selection`.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    StoreError
        When there is no store, or it lacks a column.
    ConfigError
        When the ending is unknown, the selection is not understood, or `out` exists.
    """
    out = Path(out)
    writer = _WRITERS.get(out.suffix.lower())
    if writer is None:
        raise ConfigError(f"the ending {out.suffix!r} is that of no known format", out, f"use {', '.join(_WRITERS)}")
    if out.exists():
        raise ConfigError("it exists already", out, "delete it, or choose another --out")
    store = open_store(path)
    names = list(dict.fromkeys(columns)) if columns else list(store.columns)
    meant = [store.columns[name] for name in store.table(names, []).column_names]
    rows = _selected(store, where)
    about = _about(store, where)
    write_whole(out, lambda file: writer(file, store, meant, rows, about))
    return len(rows)


def _selected(store: Store, where: str | None) -> NDArray[np.int64]:
    if where is None:
        return np.arange(store.n_rows)
    rule = parse(where)
    for name in columns_of(rule):
        if name not in store.columns:
            store.column(name)  # its error names the nearest column
    return np.flatnonzero(evaluate(rule, store.column, store.n_rows))


def _about(store: Store, where: str | None) -> dict[str, Any]:
    """Where the rows come from."""
    info = store_info(store.path)
    return {"store": store.path.name, "created": info["created"], "written_by": f"QSO Atlas {__version__}",
            "store_written_by": f"QSO Atlas {info['code_version']}", "where": where or "all", "citation": info["citations"]}


def _pieces(store: Store, columns: list[Column], rows: NDArray) -> Iterator[pa.Table]:
    for start in range(0, len(rows), _PIECE):
        yield store.table([column.name for column in columns], rows[start : start + _PIECE])


def _parquet(file: BinaryIO, store: Store, columns: list[Column], rows: NDArray, about: dict[str, Any]) -> None:
    import pyarrow.parquet as pq

    empty = store.table([column.name for column in columns], [])
    schema = empty.schema.with_metadata({"qso_atlas": json.dumps(about)})
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for piece in _pieces(store, columns, rows):
            writer.write_table(piece.replace_schema_metadata(schema.metadata))


def _csv(file: BinaryIO, store: Store, columns: list[Column], rows: NDArray, _: dict[str, Any]) -> None:
    from pyarrow import csv

    schema = store.table([column.name for column in columns], []).schema
    with csv.CSVWriter(file, schema, write_options=csv.WriteOptions(quoting_style="needed")) as writer:
        for piece in _pieces(store, columns, rows):
            writer.write_table(piece)


def _fits(file: BinaryIO, store: Store, columns: list[Column], rows: NDArray, about: dict[str, Any]) -> None:
    from astropy.io import fits

    hdu = fits.table_to_hdu(_astropy(store, columns, rows))
    for i, column in enumerate(columns, start=1):
        for key, value in (("TUNIT", column.unit), ("TCOMM", column.description), ("TROLE", column.role)):
            if value:
                hdu.header[f"{key}{i}"] = value.encode("ascii", "replace").decode()
    for key, value in about.items():
        for line in value if isinstance(value, list) else [value]:
            hdu.header.add_history(f"{key}: {line}".encode("ascii", "replace").decode())
    hdu.name = "CATALOG"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)


def _votable(file: BinaryIO, store: Store, columns: list[Column], rows: NDArray, about: dict[str, Any]) -> None:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    votable = from_table(_astropy(store, columns, rows), table_id="catalog")
    table = votable.get_first_table()
    for field, column in zip(table.fields, columns, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # units outside the VO's list are kept as text
            field.unit = column.unit or None
        field.description = column.description or None
        ucd = _UCD.get(column.name) or _UCD_OF_ROLE.get(column.role)
        if ucd:
            field.ucd = ucd
    for key, value in about.items():
        for line in value if isinstance(value, list) else [value]:
            votable.infos.append(Info(name=key, value=str(line)))
    votable.to_xml(file)


def _astropy(store: Store, columns: list[Column], rows: NDArray):
    """The rows as an astropy table: text with "" for missing, numbers masked where they are missing."""
    from astropy.table import Column as AstropyColumn
    from astropy.table import MaskedColumn, Table

    whole = store.table([column.name for column in columns], rows)
    table = Table()
    for column in columns:
        values = whole.column(column.name)
        if column.dtype == "string":
            text = np.array(values.fill_null("").to_pylist(), dtype=str)
            table[column.name] = AstropyColumn(text if len(text) else np.empty(0, "U1"))
        elif values.null_count and column.dtype.startswith("float"):
            table[column.name] = AstropyColumn(values.fill_null(np.nan).to_numpy())
        elif values.null_count:
            null = False if column.dtype == "bool" else int(np.iinfo(column.dtype).min)  # which no survey uses
            table[column.name] = MaskedColumn(values.fill_null(null).to_numpy(), mask=values.is_null().to_numpy(),
                                              fill_value=None if column.dtype == "bool" else null)
        else:
            table[column.name] = AstropyColumn(values.to_numpy())
    return table


_WRITERS = {".parquet": _parquet, ".csv": _csv, ".fits": _fits, ".vot": _votable}

