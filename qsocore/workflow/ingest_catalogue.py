"""Tables to a store without spectra: one row an object, every column with its meaning."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import STANDARD, Column
from qsocore.errors import AtlasError, ReadError
from qsocore.records import ObjectId
from qsocore.store import SHARD_ROWS, StoreWriter, paths
from qsocore.surveys._images import identity
from qsocore.surveys.catalogue import SURVEY
from qsocore.surveys.tables import CatalogTable, Match, joined, read_table, row_names
from qsocore.workflow.find_files import Found, find_files
from qsocore.workflow.ingest_report import FileReport, IngestReport
from qsocore.workflow.rows import column_values, fill_gaps
from qsocore.workflow.targets import slug


def ingest_catalogue(inputs: Iterable[str | Path], out: str | Path, report: str | Path | None = None) -> IngestReport:
    """Read tables into a store of a catalogue alone.

    Parameters
    ----------
    inputs : iterable of path
        Tables, and folders of tables.
    out : path
        The store to be.
    report : path, optional
        JSON file for the report.

    Returns
    -------
    IngestReport
        Accounts for every table and every row that is refused.

    Raises
    ------
    AtlasError
        When an input is absent or `out` exists.
    """
    files = find_files(inputs, apart=(Path(out), paths.partial(Path(out))))
    reports, parts = [FileReport(str(file.path), file.size) for file in files], []
    for file, entry in zip(files, reports, strict=True):
        try:
            parts += _chunks(_read(file), entry)
        except ReadError as error:
            entry.refuse(error.reason, error)
    result = IngestReport(str(out) if parts else None, reports)
    if parts:
        digest = hashlib.sha256("\n".join(f"{file.path}\0{file.size}\0{file.changed}" for file in files).encode()).hexdigest()
        writer = StoreWriter(out, None, {"command": "ingest", "survey": SURVEY.name, "n_files": len(files),
                                         "files_sha256": digest, "citation": SURVEY.citation}, len(parts))
        try:
            for number, (values, columns) in enumerate(parts):
                writer.write_shard(number, None, None, None, values, columns)
            writer.finish()
        except AtlasError:
            shutil.rmtree(writer.root, ignore_errors=True)
            raise
        _count_doubles(reports, writer.doubled, parts)
    if report:
        result.write(report)
    return result


def _read(file: Found) -> CatalogTable:
    if file.refusal:
        raise file.refusal
    return read_table(file.path)


def _chunks(table: CatalogTable, report: FileReport) -> list[tuple[dict[str, NDArray], list[Column]]]:
    """A table's rows as shards, its columns under the names of a store; rows whose id is none are refused."""
    ids, rows = [], []
    names, whole = row_names(table)
    for row, name in enumerate(names):
        try:
            ids.append(identity(SURVEY.name, slug(table.path), name, whole))
            rows.append(row)
        except AtlasError as error:
            report.refuse("bad-name", error)
    report.surveys = dict(Counter(made.survey for made in ids))
    every = np.array(rows, np.int64)
    return [_shard(table, ids[start:start + SHARD_ROWS], every[start:start + SHARD_ROWS])
            for start in range(0, len(rows), SHARD_ROWS)]


def _shard(table: CatalogTable, ids: list[ObjectId], rows: NDArray[np.int64]) -> tuple[dict[str, NDArray], list[Column]]:
    known = {"object_id": [str(made) for made in ids], "survey": [made.survey for made in ids],
             "release": [made.release for made in ids], "native_id": [made.native for made in ids],
             "source_file": [str(table.path)] * len(ids), "source_row": rows.tolist(), "calibrated": [False] * len(ids),
             "notes": [""] * len(ids)}
    values = {column.name: column_values(known.get(column.name, [None] * len(ids)), column) for column in STANDARD}
    more, columns = joined(table, Match(rows, {}), set(values))
    return fill_gaps(values, more, table, rows) | more, columns


def _count_doubles(reports: list[FileReport], doubled: list[str], parts: list) -> None:
    """How many rows of each table had come before."""
    again, seen = set(doubled), set()
    by_path = {report.path: report for report in reports}
    for values, _ in parts if again else ():
        for name, path in zip(values["object_id"], values["source_file"], strict=True):
            if name in again and name in seen:
                by_path[path].doubled += 1
            seen.add(name)
