"""Catalogues in CSV, FITS, VOTable, Parquet and npz, and their rows for the objects of a store.

Tables are not spectra: they are joined onto spectra, by id where a column holds the objects' ids, else by position.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.catalog import STANDARD_BY_NAME, Column
from qsocore.errors import ReadError
from qsocore.store.cells import unsafe
from qsocore.surveys._ids import named
from qsocore.surveys._photometry import in_microjansky, photometry
from qsocore.surveys.roles import column_of, coordinates, role_of

if TYPE_CHECKING:
    import pandas as pd

RADIUS = 1.0
"""Largest distance of a match by position, arcsec."""

_READABLE = "CSV, FITS, VOTable, Parquet or npz"


@dataclass(frozen=True)
class CatalogTable:
    """A catalogue as read.

    Parameters
    ----------
    path : Path
        Where it came from.
    frame : DataFrame
        Its rows; vector columns are spread as NAME_0, NAME_1 ...
    columns : dict of str to Column
        What each column means: role, unit, sentinels.
    """

    path: Path
    frame: pd.DataFrame
    columns: dict[str, Column]

    def keys(self) -> dict[str, list[str]]:
        """Texts by which each row may be called, "" for none: every id column, and plate-mjd-fiber of SDSS."""
        frame = self.frame
        keys = {name: [named(value) or "" for value in frame[name].tolist()] for name, column in self.columns.items()
                if (column.role == "id" or name in ("object_id", "native_id")) and frame[name].dtype.kind != "f"}
        lower = {name.lower(): name for name in frame.columns}
        fiber = lower.get("fiberid") or lower.get("fiber")
        if "plate" in lower and "mjd" in lower and fiber:
            parts = [frame[name].astype(np.int64) for name in (lower["plate"], lower["mjd"], fiber)]
            keys["plate-mjd-fiber"] = [f"{plate}-{mjd}-{fibre}" for plate, mjd, fibre in zip(*parts, strict=True)]
        return keys

    def positions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Right ascension and declination in degrees, (n,) each, sexagesimal texts understood; None when it has none."""
        names = coordinates(list(self.frame.columns))
        if names is None:
            return None
        ra, dec = (self.frame[name].to_numpy() for name in names)
        if ra.dtype.kind in "OUT":
            from astropy.coordinates import Angle

            return Angle(ra.astype(str), "hourangle").deg, Angle(dec.astype(str), "deg").deg
        return ra.astype(np.float64), dec.astype(np.float64)


@dataclass(frozen=True)
class Match:
    """Which row of a catalogue belongs to which object.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_objects,)
        Row of the catalogue, -1 for none.
    by : dict of str to int
        How many by which id column, and how many by "position".
    """

    rows: NDArray[np.int64]
    by: dict[str, int]


def read_table(path: str | Path) -> CatalogTable:
    """Read a catalogue of any of the known formats.

    Parameters
    ----------
    path : path
        CSV (also .gz), FITS (first table), VOTable, Parquet, or npz with arrays of one length.

    Raises
    ------
    ReadError
        ``not-a-table``, ``empty``, ``pickle`` (an npz of Python objects), or whatever makes the file unreadable.
    """
    path = Path(path)
    reader = {".csv": _csv, ".parquet": _parquet, ".pq": _parquet, ".npz": _npz, ".vot": _votable, ".xml": _votable,
              ".votable": _votable, ".fits": _fits, ".fit": _fits}.get(_suffix(path))
    if reader is None:
        raise ReadError("not-a-table", f"the ending {path.suffix!r} is that of no table format", path, f"give {_READABLE}")
    try:
        frame, units, descriptions = reader(path)
    except ReadError:
        raise
    except PermissionError:
        raise ReadError("unreadable", "no permission to read it", path, "change its permissions") from None
    except (OSError, ValueError, KeyError, IndexError, EOFError, TypeError) as error:
        raise ReadError("not-a-table", " ".join(str(error).split())[:120] or type(error).__name__, path,
                        f"give {_READABLE}") from None
    if not len(frame):
        raise ReadError("empty", "the table has no row", path)
    columns = {name: column_of(name, frame[name].to_numpy(), units.get(name, ""), descriptions.get(name, ""), frame)
               for name in frame}
    return CatalogTable(path, frame, columns)


def match(table: CatalogTable, ids: dict[str, ArrayLike], ra: ArrayLike, dec: ArrayLike, radius: float = RADIUS) -> Match:
    """Find each object's row in a catalogue, by the id column with the most hits, the others by position.

    Parameters
    ----------
    table : CatalogTable
    ids : dict of str to array_like, shape (n,)
        Names under which the objects may be listed (object_id, native_id, target ...).
    ra, dec : array_like, shape (n,)
        Degrees; NaN matches nothing.
    radius : float
        Of a match by position, arcsec.

    Raises
    ------
    ReadError
        ``no-key`` when the catalogue has neither a fitting id nor a position.
    """
    best, key = np.full(len(np.asarray(ra)), -1, np.int64), ""
    keys = table.keys()
    wanted = [[named(value) for value in np.asarray(values)] for values in ids.values()]
    for name, listed in keys.items():
        where = {text: row for row, text in reversed(list(enumerate(listed))) if text}
        for texts in wanted:
            rows = np.array([where.get(text, -1) for text in texts], np.int64)
            if (rows >= 0).sum() > (best >= 0).sum():
                best, key = rows, name
    by = {key: int((best >= 0).sum())} if key else {}
    positions = table.positions()
    if positions is None and not keys:
        raise ReadError("no-key", "it has neither a column of ids nor ra and dec", table.path,
                        "name an id column object_id, or add ra and dec in degrees")
    if positions is not None:
        best = np.where(best >= 0, best, _nearest(positions, ra, dec, radius))
        by["position"] = int((best >= 0).sum()) - sum(by.values())
    return Match(best, by)


def row_names(table: CatalogTable) -> tuple[list[str], bool]:
    """What a table calls its rows: by ``object_id``, else by the id column in which fewest repeat, else by file and row.

    A name that comes again has its row behind it, so that no row is lost.

    Returns
    -------
    names : list of str
    whole : bool
        Whether they come from a column ``object_id``, and may be whole object ids.
    """
    stem = table.path.name.split(".")[0]
    keys = {name: texts for name, texts in table.keys().items() if name != "plate-mjd-fiber"}
    whole = next((name for name in keys if name.lower() == "object_id"), None)
    best = whole or max(keys, key=lambda name: len(set(keys[name]) - {""}), default=None)
    names, seen = [], set()
    for row, text in enumerate(keys[best] if best else [""] * len(table.frame)):
        names.append(text if text and text not in seen else f"{text or stem}[{row}]")
        seen.add(text)
    return names, whole is not None


def joined(table: CatalogTable, found: Match, taken: set[str]) -> tuple[dict[str, NDArray], list[Column]]:
    """Columns of a catalogue for the matched objects, missing where there is no match.

    Parameters
    ----------
    table, found
        What `match` was given and gave.
    taken : set of str
        Column names that the objects have already; the catalogue's then get the ending ``_cat``.

    Returns
    -------
    values : dict of str to ndarray, shape (n_objects,)
        Under lower-case names, those of photometry as `qsocore.surveys._photometry` has them; None (or NaN) where an object
        has no match.
    columns : list of Column
    """
    values, columns = {}, []
    hit = found.rows >= 0
    names, microjansky = photometry(table.columns), in_microjansky(table)
    for name, column in table.columns.items():
        new = names.get(name, name.lower())
        column = replace(column, unit=column.unit or "uJy") if name in microjansky else column
        while new in taken or new in STANDARD_BY_NAME or new in values:
            new += "_cat"
        picked = table.frame[name].to_numpy()[found.rows[hit]]
        if column.dtype.startswith("float"):
            values[new] = np.full(hit.size, np.nan)
        else:  # whole numbers stay whole where others are missing
            values[new] = np.full(hit.size, None, dtype=object)
            picked = np.array([None if value in column.sentinels else value for value in picked.tolist()], dtype=object)
        values[new][hit] = picked
        columns.append(replace(column, name=new, description=column.description or f"{name} of {table.path.name}"))
    return values, columns


def _nearest(positions: tuple[NDArray, NDArray], ra: ArrayLike, dec: ArrayLike, radius: float) -> NDArray[np.int64]:
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    ra, dec = np.asarray(ra, np.float64), np.asarray(dec, np.float64)
    listed, placed = np.isfinite(positions[0] + positions[1]), np.isfinite(ra + dec)
    rows = np.full(ra.size, -1, np.int64)
    if listed.any() and placed.any():
        there = SkyCoord(positions[0][listed] * u.deg, positions[1][listed] * u.deg)
        index, distance, _ = SkyCoord(ra[placed] * u.deg, dec[placed] * u.deg).match_to_catalog_sky(there)
        rows[placed] = np.where(distance.arcsec <= radius, np.flatnonzero(listed)[index], -1)
    return rows


def _suffix(path: Path) -> str:
    parts = [part.lower() for part in path.suffixes]
    return parts[-2] if len(parts) > 1 and parts[-1] in (".gz", ".bz2") else (parts or [""])[-1]


_Read = tuple["pd.DataFrame", dict[str, str], dict[str, str]]  # rows, units, descriptions


def _csv(path: Path) -> _Read:
    import pandas as pd

    frame = pd.read_csv(path, low_memory=False)
    frame.columns = [str(name).removeprefix("#").strip() for name in frame.columns]
    frame = frame[[name for name in frame.columns if not name.startswith("Unnamed:")]]
    frame = _whole_ids(frame, path)
    if len(frame.columns) < 2 and not len(frame):
        raise ReadError("not-a-table", "it has no columns", path, "give a CSV with a header line")
    texts = {name: frame[name].fillna("").astype(str).astype(object) for name in frame if frame[name].dtype.kind not in "fiub"}
    texts = {name: column.map(unsafe) for name, column in texts.items()}
    return frame.assign(**texts).rename(columns=unsafe), {}, {}


def _whole_ids(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Columns of ids that pandas made floating point, because some rows have none, read again as text."""
    import pandas as pd

    again = [at for at, name in enumerate(frame.columns) if frame[name].dtype.kind == "f" and frame[name].notna().any()
             and role_of(name, np.zeros(1, np.int64)) == "id"]
    if not again:
        return frame
    names = [frame.columns[at] for at in again]
    texts = pd.read_csv(path, dtype=str, keep_default_na=False)
    texts.columns = [str(name).removeprefix("#").strip() for name in texts.columns]
    whole = [name for name in names if texts[name].str.fullmatch(r"\s*([+-]?\d+(\.0+)?)?\s*").all()]  # not 1.23e18
    return frame.assign(**{name: texts[name].astype(object) for name in whole})


def _parquet(path: Path) -> _Read:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    meta = {field.name: {key.decode(): value.decode(errors="replace") for key, value in (field.metadata or {}).items()}
            for field in table.schema}
    frame = table.to_pandas()
    texts = {name: frame[name].fillna("").astype(str).astype(object) for name in frame if frame[name].dtype.kind not in "fiub"}
    return (frame.assign(**texts), {name: entry.get("unit", "") for name, entry in meta.items()},
            {name: entry.get("description", "") for name, entry in meta.items()})


def _npz(path: Path) -> _Read:
    with np.load(path, allow_pickle=False) as arrays:
        try:
            values = {name: arrays[name] for name in arrays.files}
        except ValueError:
            raise ReadError("pickle", "it holds pickled Python objects, which are never loaded", path,
                            "save plain arrays") from None
    if len({len(array) for array in values.values() if array.ndim}) != 1 or any(a.ndim not in (1, 2) for a in values.values()):
        raise ReadError("not-a-table", "its arrays are not columns of one length", path, "save ids and vectors of one length")
    return _spread(values), {}, {}


def _fits(path: Path) -> _Read:
    from astropy.io import fits

    with fits.open(path, memmap=False) as hdus:
        table = next((hdu for hdu in hdus if isinstance(hdu, (fits.BinTableHDU, fits.TableHDU))), None)
        if table is None:
            raise ReadError("not-a-table", "none of its HDUs is a table", path, f"give {_READABLE}")
        columns = table.columns
        values = {column.name: np.asarray(table.data[column.name]) for column in columns if "P" not in str(column.format)}
        return _spread(values), {column.name: column.unit or "" for column in columns}, {}


def _votable(path: Path) -> _Read:
    from astropy.io.votable import parse_single_table

    table = parse_single_table(path, verify="ignore").to_table()
    values = {name: np.asarray(table[name].filled(np.nan) if table[name].dtype.kind == "f" and table.masked else table[name])
              for name in table.colnames}
    return (_spread(values), {name: str(table[name].unit or "") for name in table.colnames},
            {name: str(table[name].description or "") for name in table.colnames})


def _spread(values: dict[str, NDArray]) -> pd.DataFrame:
    """A frame of one-dimensional native-endian columns; vectors become NAME_0, NAME_1 ..., bytes become text."""
    import pandas as pd

    out: dict[str, NDArray] = {}
    for name, array in values.items():
        if array.ndim > 1:
            flat = array.reshape(len(array), -1)
            out |= {f"{name}_{i}": _native(flat[:, i]) for i in range(flat.shape[1])}
        else:
            out[name] = _native(array)
    return pd.DataFrame(out)


def _native(array: NDArray) -> NDArray:
    if array.dtype.kind in "SUO":
        text = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in array]
        return np.array([value.strip() for value in text], dtype=object)
    return array.astype(array.dtype.newbyteorder("="))
