"""Export: rows of a store into a file that other tools read, with what its columns mean and how its rows were chosen.

Parquet, CSV and text are written in pieces, however long the catalogue is; FITS and VOTable are made in memory, as their
writer needs. Provenance (rule as text and JSON, store and its fingerprint, run, versions, what to cite) goes into the file:
Parquet's schema metadata ``qso_atlas``, FITS's HISTORY, VOTable's INFO. CSV and text have no place for it that every reader
passes over, so that they get a second file, ``FILE.provenance.json``; it holds the columns' units and descriptions as well.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.catalog import Column
from qsocore.errors import ConfigError
from qsocore.selection import Rule, parse, to_text
from qsocore.store import open_store
from qsocore.store.cells import safe_table
from qsocore.store.columns import from_field
from qsocore.store.files import write_text, write_whole
from qsocore.store.selections import Kept
from qsocore.workflow.chosen import kept_of, run_of, select
from qsocore.workflow.info import citations
from qsocore.workflow.joined import Joined

_PIECE = 65_536  # rows written at once
_LONGEST = 4_000  # characters of one FITS HISTORY entry
_UCD = {"ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main", "object_id": "meta.id;meta.main",
        "z": "src.redshift;meta.main", "class": "src.class;meta.main", "snr_median": "stat.snr"}
_UCD_OF_ROLE = {"id": "meta.id", "redshift": "src.redshift", "label": "src.class", "flag": "meta.code", "magnitude": "phot.mag",
                "flux": "phot.flux", "error": "stat.error", "provenance": "meta"}


def export(path: str | Path, out: str | Path, columns: Sequence[str] | None = None, where: str | None = None,
           selection: str | Path | Rule | Kept | None = None, run: str | None = None, force: bool = False,
           spectra: bool = False, grid: str | None = None) -> int:
    """Write rows of a store to a file.

    Parameters
    ----------
    path : path
        The store.
    out : path
        ``.parquet``, ``.csv``, ``.fits``, ``.vot``, or ``.txt`` for object ids, one a line; must not exist.
    columns : sequence of str, optional
        Which, in which order; all of the catalogue by default.
    where : str, optional
        A selection such as ``z > 2 & class == "QSO"``; all rows by default. See `qsocore.selection`.
    selection : path, str, dict or Kept, optional
        A file that holds a kept selection or a bare rule as JSON, the name of a selection kept in the store, or the rule
        itself. With `where`, both hold.
    run : str, optional
        Name of the run whose latents, maps and further columns `columns`, `where` and `selection` may use; by default that
        which the kept selection was made with.
    force : bool
        Go on when the selection yields another number of objects than it did when it was kept.
    spectra : bool
        Write spectra instead of catalogue columns; see `qsocore.workflow.export_spectra.write_spectra` for `out`.
    grid : str, optional
        Grid of the spectra.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    StoreError
        When there is no store, run or kept selection, or it lacks a column.
    ConfigError
        When the ending is unknown, the selection is not understood or yields another number of objects, or `out` exists.
    """
    out = Path(out)
    if spectra:
        return _spectra(Path(path), out, columns, where, selection, run, force, grid)
    if grid:
        raise ConfigError("a catalogue is on no grid", f"--grid {grid}", "say --spectra to export spectra")
    check_file(out, "; with --spectra .h5, .npy or .fits")
    if out.suffix.lower() == ".txt" and columns and list(columns) != ["object_id"]:
        raise ConfigError("a .txt file holds object ids and no other column", out, "leave --columns out, or use .csv")
    store = open_store(path)
    kept = kept_of(selection, store)
    folder = run_of(store, run, kept)
    source = Joined(store, folder)
    names = list(dict.fromkeys(columns)) if columns else list(store.columns)
    meant = [source.columns[name] for name in source.known(names)]
    rule, rows = select(source, kept, parse(where) if where else None, force)
    about = _about(source, rule, len(rows), kept)
    write(out, source, meant, rows, about)
    return len(rows)


class Rows(Protocol):
    """What is written: a `Joined`, or an `InMemory`."""

    columns: dict[str, Column]

    def table(self, names: Sequence[str], rows: NDArray[np.int64]) -> pa.Table:
        """Some columns of some rows, in the order given, their meaning in the fields."""
        ...


class InMemory:
    """`Rows` of a table that is there already.

    Parameters
    ----------
    table : pyarrow.Table
        What its columns mean is in its fields, see `qsocore.store.columns.to_field`.
    """

    def __init__(self, table: pa.Table):
        self._table = table
        self.columns = {field.name: from_field(field) for field in table.schema}

    def table(self, names: Sequence[str], rows: NDArray[np.int64]) -> pa.Table:
        """Some columns of some rows, in the order given."""
        return self._table.select(list(names)).take(pa.array(np.asarray(rows, np.int64)))


def check_file(out: Path, others: str = "") -> None:
    """Refuse a file that exists, or whose ending is that of no format; `others` names further ones."""
    if out.suffix.lower() not in WRITERS:
        raise ConfigError(f"the ending {out.suffix!r} is that of no known format", out, f"use {', '.join(WRITERS)}{others}")
    if out.exists():
        raise ConfigError("it exists already", out, "delete it, or choose another --out")


def write(out: Path, source: Rows, columns: list[Column], rows: NDArray[np.int64], about: dict[str, Any]) -> None:
    """Write rows in the format that the ending says, with where they come from, whole or not at all."""
    if out.suffix.lower() in (".csv", ".txt"):  # first, so that no data are without it
        described = [{"name": column.name, **column.to_metadata()} for column in columns]
        write_text(provenance_file(out), json.dumps(about | {"columns": described}, indent=1, ensure_ascii=False) + "\n")
    write_whole(out, lambda file: WRITERS[out.suffix.lower()](file, source, columns, rows, about))


def _spectra(path: Path, out: Path, columns: Sequence[str] | None, where: str | None,
             selection: str | Path | Rule | Kept | None, run: str | None, force: bool, grid: str | None) -> int:
    from qsocore.workflow.export_spectra import write_spectra

    if columns:
        raise ConfigError("columns are those of a catalogue", "--columns", "leave --columns or --spectra out")
    store = open_store(path)
    kept = kept_of(selection, store)
    source = Joined(store, run_of(store, run, kept))
    rule, rows = select(source, kept, parse(where) if where else None, force)
    if not len(rows):
        raise ConfigError("no object is selected", out, "look at --where and --selection")
    return write_spectra(store, rows, out, grid, _about(source, rule, len(rows), kept))


def provenance_file(out: Path) -> Path:
    """Where the provenance of a CSV or text file lies."""
    return out.with_name(out.name + ".provenance.json")


def _about(source: Joined, rule: Rule, n: int, kept: Kept | Rule | None) -> dict[str, Any]:
    """Where the rows come from."""
    store, manifest = source.store, source.store.manifest
    everything = rule == {"op": "all"}
    about = {"store": store.path.name, "store_fingerprint": manifest.fingerprint, "created": manifest.created,
             "written_by": f"QSO Atlas {__version__}", "store_written_by": f"QSO Atlas {manifest.code_version}",
             "where": "all" if everything else to_text(rule), "rule": json.dumps(rule, sort_keys=True), "rows": n,
             "of_rows": store.n_rows, "citation": citations(manifest)}
    if source.run:
        about |= {"run": source.run.path.name, "run_written_by": f"QSO Atlas {source.run.config.get('code_version', '?')}"}
    if isinstance(kept, Kept):
        about |= {"selection": kept.name, "selection_kept": kept.created}
    return about


def _pieces(source: Rows, columns: list[Column], rows: NDArray) -> Iterator[pa.Table]:
    names = [column.name for column in columns]
    for start in range(0, len(rows), _PIECE):
        yield source.table(names, rows[start : start + _PIECE])


def _ids(file: BinaryIO, source: Rows, _: list[Column], rows: NDArray, about: dict[str, Any]) -> None:
    for piece in _pieces(source, [source.columns["object_id"]], rows):
        file.write("".join(f"{text}\n" for text in piece.column(0).to_pylist()).encode())


def _parquet(file: BinaryIO, source: Rows, columns: list[Column], rows: NDArray, about: dict[str, Any]) -> None:
    import pyarrow.parquet as pq

    empty = source.table([column.name for column in columns], [])
    schema = empty.schema.with_metadata({"qso_atlas": json.dumps(about)})
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for piece in _pieces(source, columns, rows):
            writer.write_table(piece.replace_schema_metadata(schema.metadata))


def _csv(file: BinaryIO, source: Rows, columns: list[Column], rows: NDArray, _: dict[str, Any]) -> None:
    from pyarrow import csv

    schema = source.table([column.name for column in columns], []).schema
    with csv.CSVWriter(file, safe_table(schema.empty_table()).schema,
                       write_options=csv.WriteOptions(quoting_style="needed")) as writer:
        for piece in _pieces(source, columns, rows):
            writer.write_table(safe_table(piece))


def _fits(file: BinaryIO, source: Rows, columns: list[Column], rows: NDArray, about: dict[str, Any]) -> None:
    from astropy.io import fits

    hdu = fits.table_to_hdu(_astropy(source, columns, rows))
    for i, column in enumerate(columns, start=1):
        for key, value in (("TUNIT", column.unit), ("TCOMM", column.description), ("TROLE", column.role)):
            if value:
                hdu.header[f"{key}{i}"] = value.encode("ascii", "replace").decode()
    for key, value in about.items():
        for line in value if isinstance(value, list) else [value]:
            hdu.header.add_history(_shortened(f"{key}: {line}").encode("ascii", "replace").decode())
    hdu.name = "CATALOG"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)


def _shortened(text: str) -> str:
    """A long text's beginning, saying so: a header is no place for a list of a hundred thousand ids."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text):,} characters, cut here)"


def _votable(file: BinaryIO, source: Rows, columns: list[Column], rows: NDArray, about: dict[str, Any]) -> None:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    votable = from_table(_astropy(source, columns, rows), table_id="catalog")
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


def _astropy(source: Rows, columns: list[Column], rows: NDArray):
    """The rows as an astropy table: text with "" for missing, numbers masked where they are missing."""
    from astropy.table import Column as AstropyColumn
    from astropy.table import MaskedColumn, Table

    whole = source.table([column.name for column in columns], rows)
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


WRITERS = {".parquet": _parquet, ".csv": _csv, ".fits": _fits, ".vot": _votable, ".txt": _ids}
"""Writers of `Rows` to an open file, by the file's ending."""
