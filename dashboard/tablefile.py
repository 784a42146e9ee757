"""Any table with two coordinate columns as an Atlas table: an embedding that someone already has, straight into the map."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.parts import InMemory, Part, Source
from dashboard.shelf import Shelf
from dashboard.table import AtlasTable
from qsocore.catalog import STANDARD_BY_NAME, Column
from qsocore.errors import AtlasError, ReadError, did_you_mean
from qsocore.store.parquet import ParquetTable

_PAIRS = (("umap_x", "umap_y"), ("umap_1", "umap_2"), ("umap_0", "umap_1"), ("x", "y"), ("latent_0", "latent_1"), ("ra", "dec"))
_PIECE = 65_536
_IDS = ("object_id", "id", "targetid", "objid", "name", "sdss_name")


def open_table(path: str | Path, x: str | None = None, y: str | None = None, object_id: str | None = None) -> AtlasTable:
    """Read a Parquet, CSV or FITS table.

    Parameters
    ----------
    path : path
        The file; its ending says what it is.
    x, y : str, optional
        Columns of the map; guessed from customary names, else the first two of floating-point numbers.
    object_id : str, optional
        Column that names the objects; guessed, else a row is called ``FILE:row:NUMBER``.

    Raises
    ------
    ReadError
        When the file cannot be read as a table.
    AtlasError
        When a column named is not there or the map's columns hold no numbers.
    """
    path = Path(path)
    source = _read(path)
    columns = {field.name: _column(field) for field in source.schema if not pa.types.is_nested(field.type)}
    x, y = _axes(path, columns, x, y)
    known = {name.lower(): name for name in columns}
    named = _known(path, columns, object_id) if object_id else next((known[word] for word in _IDS if word in known), None)
    shelf = Shelf.of(_fingerprint(path), source.n_rows)
    ids = shelf.text(f"ids {named}", lambda: _ids(path.stem, source, named))
    return AtlasTable(path.name, ids, [Part(columns, source)], {"map": (x, y)}, shelf=shelf)


def _ids(stem: str, source: Source, named: str | None) -> Iterator[pa.Array]:
    """The objects' names: a column, or the file's name and the row's number."""
    if named is not None:
        yield from (piece.cast(pa.string()).fill_null("") for piece in source.pieces(named))
        return
    for start in range(0, source.n_rows, _PIECE):
        numbers = pa.array(np.arange(start, min(start + _PIECE, source.n_rows))).cast(pa.string())
        yield pc.binary_join_element_wise(f"{stem}:row:", numbers, "")


def _fingerprint(path: Path) -> str:
    """Changes when the file does."""
    stat = path.stat()
    return hashlib.sha256(f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()


def _read(path: Path) -> Source:
    if not path.is_file():
        raise ReadError("absent", "there is no such file", path, "look at the spelling")
    kind = "".join(path.suffixes[-2:]).lower() if path.suffix in (".gz", ".bz2") else path.suffix.lower()
    try:
        if kind in (".parquet", ".pq"):
            return ParquetTable(path)
        if kind.startswith((".csv", ".tsv")):
            import pyarrow.csv as csv

            table = csv.read_csv(path, parse_options=csv.ParseOptions(delimiter="\t" if ".tsv" in kind else ","))
        elif kind.startswith((".fits", ".fit")):
            table = _read_fits(path)
        else:
            raise ReadError("unknown-kind", "this is no Parquet, CSV or FITS table by its ending", path,
                            "rename it, or ingest spectra with qso ingest")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ReadError("unreadable", f"it cannot be read as a table ({' '.join(str(error).split())})", path) from None
    return InMemory(table)


def _read_fits(path: Path) -> pa.Table:
    from astropy.table import Table

    frame = Table.read(path, format="fits", memmap=False)
    flat = {name: frame[name] for name in frame.colnames if frame[name].ndim == 1}
    arrays = {name: _native(values) for name, values in flat.items()}
    fields = [pa.field(name, array.type, metadata={"unit": str(flat[name].unit or "")}) for name, array in arrays.items()]
    return pa.table(list(arrays.values()), schema=pa.schema(fields))


def _native(values) -> pa.Array:
    """An astropy column as Arrow: machine byte order, masked values null, bytes as text."""
    mask = np.asarray(getattr(values, "mask", np.zeros(len(values), bool)))
    data = np.asarray(values)
    if data.dtype.kind in "SU":
        return pa.array([str(word).strip() for word in data.astype(str)], pa.string(), mask=mask)
    return pa.array(data.astype(data.dtype.newbyteorder("=")), mask=mask)


def _column(field: pa.Field) -> Column:
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    kind = field.type
    dtype = "float32" if pa.types.is_floating(kind) else "int64" if pa.types.is_integer(kind) else \
        "bool" if pa.types.is_boolean(kind) else "string"
    standard = STANDARD_BY_NAME.get(field.name.lower())
    if standard is not None and (standard.dtype == "string") == (dtype == "string"):
        return Column(field.name, dtype, standard.role, metadata.get("unit") or standard.unit, standard.description)
    return Column.from_metadata(field.name, dtype, {"role": "label" if dtype == "string" else "property"} | metadata)


def _axes(path: Path, columns: dict[str, Column], x: str | None, y: str | None) -> tuple[str, str]:
    numeric = [name for name, column in columns.items() if column.dtype != "string"]
    known = {name.lower(): name for name in numeric}
    pair = next(((known[a], known[b]) for a, b in _PAIRS if a in known and b in known), None)
    floats = [name for name in numeric if columns[name].dtype == "float32"]
    guess = pair or tuple((floats + numeric)[:2])
    if len(guess) < 2 and not (x and y):
        raise AtlasError("it has no two numeric columns", path, "say which with --x and --y")
    x, y = (_known(path, columns, name) if name else guessed for name, guessed in zip((x, y), guess or (x, y), strict=True))
    for name in (x, y):
        if name not in numeric:
            raise AtlasError(f"column {name} holds text, not numbers", path, "choose others with --x and --y")
    return x, y


def _known(path: Path, columns: dict[str, Column], name: str) -> str:
    if name not in columns:
        raise AtlasError(f"there is no column {name!r}", path, did_you_mean(name, columns))
    return name
