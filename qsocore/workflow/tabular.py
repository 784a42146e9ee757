"""Tables that go through a command: read from any format or a store in blocks, written with their meaning and provenance.

Blocks are Arrow tables whose fields say what they mean. A Parquet file and a store are read block by block, so that they may be
longer than the memory; other formats are read whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv

from qsocore import __version__
from qsocore.catalog import Column
from qsocore.errors import ConfigError, ReadError
from qsocore.store import open_store
from qsocore.store.columns import to_field, to_numpy, to_table
from qsocore.store.files import sha256, write_whole
from qsocore.surveys.roles import positions
from qsocore.surveys.tables import columns_of, read_table
from qsocore.workflow.export import InMemory, check_out, provenance_file, write_provenance, write_rows
from qsocore.workflow.joined import Joined

BLOCK = 65_536
"""Rows of a block."""

ENDINGS = (".parquet", ".csv", ".fits", ".vot")
"""Formats of what is written."""

_KEY = "qso_atlas"  # of a Parquet file's metadata, as `qsocore.workflow.export` writes it
_STREAMED = (".parquet", ".csv")
_WIDTH = 72  # letters of a FITS HISTORY card


@dataclass(frozen=True)
class Input:
    """A table to be worked on.

    Parameters
    ----------
    path : Path
    columns : dict of str to Column
        What each column means.
    n_rows : int
    identity : dict
        What it is for provenance: name and checksum, or a store's fingerprint.
    read : callable
        Gives its blocks anew at each call, sentinels in them.
    """

    path: Path
    columns: dict[str, Column]
    n_rows: int
    identity: dict[str, Any]
    read: Callable[[], Iterator[pa.Table]]

    def whole(self) -> pa.Table:
        """All of it."""
        blocks = list(self.read())
        return pa.concat_tables(blocks) if blocks else pa.schema([to_field(c) for c in self.columns.values()]).empty_table()

    def positions(self, table: pa.Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Right ascension and declination of rows, degrees.

        Raises
        ------
        ReadError
            ``no-position`` when there are no such columns.
        """
        found = positions(self.columns, _Values(table))
        if found is None:
            raise ReadError("no-position", "it has no columns of right ascension and declination", self.path,
                            "name them ra and dec, in degrees")
        return found


def open_input(path: str | Path) -> Input:
    """A table of any format that is known, or a store.

    Raises
    ------
    ReadError
        When it is no table.
    StoreError
        When it is a folder and no store.
    """
    path = Path(path)
    if path.is_dir():
        return _of_store(path)
    if path.suffix.lower() in (".parquet", ".pq"):
        return _of_parquet(path)
    table = read_table(path)
    raw = [replace(column, sentinels=()) for column in table.columns.values()]
    whole = to_table({name: table.frame[name].to_numpy() for name in table.columns}, raw).select(list(table.columns))
    return Input(path, table.columns, len(whole), _identity(path),
                 lambda: (whole.slice(start, BLOCK) for start in range(0, len(whole), BLOCK)))


def _of_store(path: Path) -> Input:
    store = open_store(path)
    source = Joined(store)
    names = list(store.columns)
    identity = {"input": path.name, "input_fingerprint": store.manifest.fingerprint}
    return Input(path, dict(store.columns), store.n_rows, identity,
                 lambda: (source.table(names, np.arange(start, min(start + BLOCK, store.n_rows)))
                          for start in range(0, store.n_rows, BLOCK)))


def _of_parquet(path: Path) -> Input:
    try:
        schema, n_rows = pq.read_schema(path), pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowInvalid) as error:
        raise ReadError("not-a-table", " ".join(str(error).split())[:120], path, "give a Parquet file") from None
    columns = columns_of(schema)
    return Input(path, columns, n_rows, _identity(path), lambda: _batches(path, columns))


def _batches(path: Path, columns: dict[str, Column]) -> Iterator[pa.Table]:
    target = pa.schema([to_field(column) for column in columns.values()])
    for batch in pq.ParquetFile(path).iter_batches(BLOCK, columns=list(columns)):
        yield pa.Table.from_batches([batch]).cast(target)


def _identity(path: Path) -> dict[str, Any]:
    return {"input": path.name, "input_sha256": sha256(path)}


class _Values:
    """The columns of an Arrow table as numpy, by name."""

    def __init__(self, table: pa.Table):
        self.table = table

    def __getitem__(self, name: str) -> NDArray:
        return to_numpy(self.table.column(name))


def values_of(table: pa.Table) -> Callable[[str], NDArray]:
    """What gives a table's columns as numpy, by name: missing numbers NaN, missing text ""."""
    return _Values(table).__getitem__


def without_sentinels(table: pa.Table, columns: Iterable[Column]) -> pa.Table:
    """The table with nulls where a value stands for none, its fields saying what they mean."""
    arrays, fields = [], []
    for column in columns:
        values = table.column(column.name)
        if column.sentinels and not pa.types.is_string(values.type):
            gone = pc.is_in(values, value_set=pa.array(column.sentinels, pa.float64()).cast(values.type, safe=False))
            values = pc.if_else(gone, pa.scalar(None, values.type), values)
        arrays.append(values)
        fields.append(pa.field(column.name, values.type, metadata=column.to_metadata()))
    return pa.table(arrays, schema=pa.schema(fields))


def write_table(out: str | Path, columns: list[Column], blocks: Iterable[pa.Table], about: Callable[[], dict[str, Any]]) -> int:
    """Write blocks into one file, whole or not at all.

    Parameters
    ----------
    out : path
        ``.parquet`` and ``.csv`` are written block by block, ``.fits`` and ``.vot`` in one; must not exist.
    columns : list of Column
    blocks : iterable of pyarrow.Table
        With these columns in this order; sentinels in them become missing values.
    about : callable
        Gives the provenance; asked when all blocks have come.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ConfigError
        For an unknown ending, and when `out` exists.
    """
    out = Path(out)
    check_out(out, ENDINGS)
    clean = (without_sentinels(block, columns) for block in blocks)
    empty = pa.schema([to_field(column) for column in columns]).empty_table()
    if out.suffix.lower() not in _STREAMED:
        whole = pa.concat_tables([empty, *clean])
        write_rows(out, InMemory(whole), columns, np.arange(len(whole)), _signed(about()))
        return len(whole)
    stream = _Stream(out, columns, clean, about)
    write_whole(out, stream)
    return stream.n_rows


class _Stream:
    """Writes blocks one by one into the file that it is called with; its provenance comes last."""

    def __init__(self, out: Path, columns: list[Column], blocks: Iterable[pa.Table], about: Callable[[], dict[str, Any]]):
        self.out, self.columns, self.blocks, self.about, self.n_rows = out, columns, blocks, about, 0

    def __call__(self, file: BinaryIO) -> None:
        parquet = self.out.suffix.lower() == ".parquet"
        schema = pa.schema([to_field(column) for column in self.columns])
        options = {"compression": "zstd"} if parquet else {"write_options": csv.WriteOptions(quoting_style="needed")}
        with (pq.ParquetWriter if parquet else csv.CSVWriter)(file, schema, **options) as writer:
            for block in self.blocks:
                writer.write_table(block)
                self.n_rows += len(block)
            if parquet:
                writer.add_key_value_metadata({_KEY: json.dumps(_signed(self.about()))})
        if not parquet:  # before the file itself is there, so that no data are without it
            write_provenance(self.out, self.columns, _signed(self.about()))


def _signed(about: dict[str, Any]) -> dict[str, Any]:
    return {"written_by": f"QSO Atlas {__version__}"} | about


def provenance_of(path: str | Path) -> dict[str, Any]:
    """What a written file says of where it comes from; {} when it says nothing.

    Parameters
    ----------
    path : path
        Parquet, FITS or VOTable; CSV and text with the file beside them, or that file itself.

    Raises
    ------
    ConfigError
        When there is no such file, or it cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise ConfigError("there is no such file", path, "look at the spelling")
    readers = {".parquet": _of_schema, ".fits": _of_history, ".vot": _of_infos, ".json": _of_json}
    reader = readers.get(path.suffix.lower(), _beside)
    try:
        return reader(path)
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise ConfigError(f"its provenance cannot be read ({' '.join(str(error).split())[:80]})", path,
                          "give a file that QSO Atlas has written") from None


def _of_schema(path: Path) -> dict[str, Any]:
    metadata = pq.read_metadata(path).metadata or {}
    return json.loads(metadata.get(_KEY.encode(), b"{}"))


def _of_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _beside(path: Path) -> dict[str, Any]:
    beside = provenance_file(path)
    return _of_json(beside) if beside.exists() else {}


def _of_history(path: Path) -> dict[str, Any]:
    """Of FITS, whose HISTORY holds ``key: value`` in cards of 72 letters; spaces at the end of a card are not kept."""
    from astropy.io import fits

    with fits.open(path) as hdus:
        cards = [str(card) for hdu in hdus for card in hdu.header.get("HISTORY", [])]
    about: dict[str, Any] = {}
    key = ""
    for card in cards:
        start = re.match(r"([a-z][a-z0-9_]*): ", card.ljust(_WIDTH))
        if start:
            key = start[1]
        if key:
            about[key] = about.get(key, "") + card.ljust(_WIDTH)[start.end() if start else 0:]
    return {name: value.rstrip() for name, value in about.items()}


def _of_infos(path: Path) -> dict[str, Any]:
    from astropy.io.votable import parse

    return {info.name: info.value for info in parse(path, verify="ignore").infos}
