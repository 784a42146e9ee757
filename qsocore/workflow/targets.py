"""Whose picture an image is: objects of a store by id, else by position; and positions at which frames are cut."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ReadError
from qsocore.records import ImageCube, ObjectId
from qsocore.store import Store, open_store
from qsocore.surveys._ids import named
from qsocore.surveys._images import identity
from qsocore.surveys.frames import Target
from qsocore.surveys.tables import RADIUS, read_table, row_names
from qsocore.workflow.ingest_report import FileReport

APART = 10.0
"""Arcsec by which the positions of two objects of one id may differ; farther apart, the id is not believed."""


class Targets:
    """The objects of a store, to be found by any of their names, else by position.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store):
        self.store = store
        self.ids = store.column("object_id")
        self.ra, self.dec = (store.column(name) if name in store.columns else np.full(store.n_rows, np.nan)
                             for name in ("ra", "dec"))

    @classmethod
    def of(cls, path: Path) -> Targets:
        """Those of a store, read once a process."""
        return _targets(str(path))

    @cached_property
    def _rows(self) -> dict[str, int]:
        """Row by name; -1 for a name that several objects have. Object ids come before any other name."""
        rows: dict[str, int] = {}
        for column in ("native_id", "target"):
            if column not in self.store.columns:
                continue
            names = [named(value) for value in self.store.column(column)]
            for row, name in enumerate(names):
                if name:
                    rows[name] = row if rows.get(name, row) == row else -1
        return rows | {str(name): row for row, name in enumerate(self.ids)}

    @cached_property
    def _tree(self):
        from scipy.spatial import cKDTree

        self._placed = np.flatnonzero(np.isfinite(self.ra + self.dec))
        return cKDTree(_vectors(self.ra[self._placed], self.dec[self._placed]))

    def find(self, cube: ImageCube) -> ObjectId:
        """The object that an image shows: by its object id, its own id or its target's name, else the nearest within 1 arcsec.

        Raises
        ------
        ReadError
            ``no-such-object``; ``contradiction`` when the object of that id lies elsewhere.
        """
        return self._found((str(cube.object_id), cube.object_id.native, cube.row.get("target", "")),
                           cube.row.get("ra", np.nan), cube.row.get("dec", np.nan), cube.object_id)

    def _found(self, names: tuple[str, ...], ra: float, dec: float, where: ObjectId) -> ObjectId:
        row = next((row for name in names if (row := self._rows.get(named(name) or "", -1)) >= 0), -1)
        placed = np.isfinite(ra + dec)
        if row >= 0 and placed and np.isfinite(self.ra[row] + self.dec[row]):
            apart = _arcsec(_vectors(ra, dec), _vectors(self.ra[row], self.dec[row]))
            if apart > APART:
                raise ReadError("contradiction", f"the store's {self.ids[row]} of that id lies {apart:,.0f} arcsec away", where,
                                "correct the id, or the position")
        if row < 0 and placed and len(self.ids):
            row = self._nearest(ra, dec)
        if row < 0:
            what = "the store has no object of that id" + (", nor one within 1 arcsec" if placed else "")
            raise ReadError("no-such-object", what, where, f"the ids of {self.store.path} read as {self.ids[0]}")
        return ObjectId.parse(self.ids[row])

    def _nearest(self, ra: float, dec: float) -> int:
        tree = self._tree
        if not len(self._placed):
            return -1
        distance, index = tree.query(_vectors(ra, dec))
        return int(self._placed[index]) if np.degrees(distance) * 3600.0 <= RADIUS else -1  # chord and arc are one here

    def named(self, targets: list[Target], report: FileReport) -> tuple[list[Target], FileReport]:
        """Targets of a table under the names of the store's objects; what is none of them is refused."""
        out = []
        for target in targets:
            try:
                found = self._found((str(target.object_id), target.object_id.native), target.ra, target.dec, target.object_id)
                out.append(replace(target, object_id=found))
            except ReadError as error:
                report.refuse(error.reason, error)
        return out, report


@lru_cache(maxsize=1)
def _targets(path: str) -> Targets:
    return Targets(open_store(path))


def targets_of_store(path: Path) -> tuple[list[Target], FileReport]:
    """All objects of a store that have a position."""
    targets = Targets.of(path)
    there = np.flatnonzero(np.isfinite(targets.ra + targets.dec))
    return [Target(ObjectId.parse(targets.ids[row]), float(targets.ra[row]), float(targets.dec[row])) for row in there], \
        FileReport(str(path))


def targets_of_table(path: Path) -> tuple[list[Target], FileReport]:
    """Ids and positions of a table; a row without a position is refused in its report.

    Raises
    ------
    ReadError
        ``no-key`` when the table has no positions, and those of `read_table`.
    """
    table = read_table(path)
    positions = table.positions()
    if positions is None:
        raise ReadError("no-key", "it has no ra and dec", path, "add ra and dec in degrees")
    release = slug(path)
    (names, whole), report, targets = row_names(table), FileReport(str(path)), []
    for row, (name, ra, dec) in enumerate(zip(names, *positions, strict=True)):
        try:
            if not (0 <= ra <= 360 and -90 <= dec <= 90):
                raise ReadError("no-position", f"{name} has no position (ra {ra}, dec {dec})", f"{path}, row {row}")
            targets.append(Target(identity("frames", release, name, whole), float(ra), float(dec)))
        except ReadError as error:
            report.refuse(error.reason, error)
        except AtlasError as error:  # of the name
            report.refuse("bad-name", error)
    return targets, report


def slug(path: Path) -> str:
    """A table's name as the release in the ids of its objects."""
    return re.sub("[^a-z0-9]+", "-", path.name.split(".")[0].lower()).strip("-") or "table"


def _vectors(ra: NDArray | float, dec: NDArray | float) -> NDArray[np.float64]:
    """Unit vectors (..., 3)."""
    right, up = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(up) * np.cos(right), np.cos(up) * np.sin(right), np.sin(up)], axis=-1)


def _arcsec(one: NDArray, other: NDArray) -> float:
    return float(np.degrees(2 * np.arcsin(min(np.linalg.norm(one - other) / 2, 1.0))) * 3600.0)
