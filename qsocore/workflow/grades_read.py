"""Grades of an earlier file: what a row says, of which object of a store, as a verdict that is appended once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.inspection import Verdict
from qsocore.store import Store
from qsocore.surveys.tables import RADIUS


@dataclass(frozen=True)
class Earlier:
    """What one row of a file says.

    Parameters
    ----------
    name : str
        How the file calls the object: object id, or the survey's own.
    label : str
        Grade or quality, "" where the row has none.
    desk : str
        "lenses", "spectra" or "".
    ra, dec : float
        Degrees, NaN where the file has no place.
    person, kind, flags, comment, time, token : str
        See `qsocore.inspection.Verdict`; "" where the file does not say.
    z : float or None
        Redshift that was given.
    details : dict
        What else the file says and a verdict has no place for; kept in `shown`.
    """

    name: str
    label: str
    desk: str = ""
    ra: float = float("nan")
    dec: float = float("nan")
    person: str = ""
    kind: str = ""
    flags: str = ""
    comment: str = ""
    time: str = ""
    token: str = ""
    z: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


def verdict_of(said: Earlier, object_id: str, person: str, layout: str, file: str) -> Verdict:
    """A row as a verdict. Its token follows from what it says, so that it is appended once however often it is read."""
    person = said.person or person or file
    shown = {"imported": {"file": file, "layout": layout} | ({"time": said.time} if said.time else {})}
    if said.details:
        shown[layout] = said.details
    content = [object_id, person, said.label, said.desk, said.kind, said.flags, said.comment, said.z, said.time, said.details]
    token = said.token or "import-" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]
    return Verdict(object_id, person, said.label, said.z, said.comment, shown, desk=said.desk, flags=said.flags, kind=said.kind,
                   token=token)


def rows_of(store: Store, said: Sequence[Earlier]) -> NDArray[np.int64]:
    """Row of each object in the store, -1 for none: by object id, else by the survey's own id, else by position."""
    rows = store.index_of([one.name for one in said]) if said else np.empty(0, np.int64)
    if "native_id" in store.columns and (rows < 0).any():
        native: dict[str, int] = {}
        wanted = {one.name for one in said}
        for row, name in enumerate(store.column("native_id").tolist()):
            if name in wanted:
                native.setdefault(name, row)
        rows = np.array([native.get(one.name, -1) if row < 0 else row for one, row in zip(said, rows, strict=True)], np.int64)
    left = np.flatnonzero(rows < 0)
    placed = left[[np.isfinite(said[k].ra + said[k].dec) for k in left.tolist()]] if left.size else left
    if placed.size and {"ra", "dec"} <= store.columns.keys():
        rows[placed] = _nearest(store, np.array([(said[k].ra, said[k].dec) for k in placed.tolist()]))
    return rows


def _nearest(store: Store, places: NDArray[np.float64]) -> NDArray[np.int64]:
    """The row within `RADIUS` of each of some places (n, 2) in degrees, -1 for none."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    ra, dec = store.column("ra"), store.column("dec")
    there = np.flatnonzero(np.isfinite(ra + dec))
    if not there.size:
        return np.full(len(places), -1, np.int64)
    index, distance, _ = SkyCoord(places * u.deg).match_to_catalog_sky(SkyCoord(ra[there] * u.deg, dec[there] * u.deg))
    return np.where(distance.arcsec <= RADIUS, there[index], -1)


def text(value: Any) -> str:
    """A cell as text, "" for a missing one; a whole number has no point."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def number(value: Any) -> float:
    """A cell as a number, NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def truth(value: Any) -> bool:
    """A cell as a flag; what is missing is not raised."""
    return text(value).lower() in ("true", "1", "t", "yes")


def column(columns: dict[str, Sequence[Any]], *names: str) -> Sequence[Any]:
    """The first of these columns that is there, else nothing for every row."""
    n = len(next(iter(columns.values()), ()))
    return next((columns[name] for name in names if name in columns), [None] * n)
