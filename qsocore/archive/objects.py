"""What is fetched for: objects with ids, positions and columns, out of a store or a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, ReadError, did_you_mean
from qsocore.surveys._ids import named
from qsocore.surveys.tables import CatalogTable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Objects:
    """Rows that something is fetched for.

    Parameters
    ----------
    where : Path
        The store or table that they come from.
    ids : sequence of str
        One a row.
    ra, dec : ndarray of float64, shape (n,)
        Degrees, NaN where unknown.
    frame : DataFrame
        All their columns.
    """

    where: Path
    ids: Sequence[str]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of_table(cls, table: CatalogTable) -> Objects:
        """The rows of a table, called by object_id, else by plate-mjd-fiber, else by the column of ids that tells most of
        them apart, else by position.

        Raises
        ------
        ReadError
            ``no-key`` when they have neither ids nor positions.
        """
        nowhere = np.full(len(table.frame), np.nan)
        ra, dec = table.positions() or (nowhere, nowhere)
        keys = {name: listed for name, listed in table.keys().items() if all(listed)}
        ranked = sorted(keys, key=lambda name: (name.lower() != "object_id", name != "plate-mjd-fiber", -len(set(keys[name]))))
        name = next(iter(ranked), None)
        if name is None and not np.isfinite(ra + dec).all():
            raise ReadError("no-key", "its rows have neither ids of their own nor positions", table.path,
                            "name a column of ids object_id, or add ra and dec in degrees")
        ids = keys[name] if name else [f"J{right:.5f}{down:+.5f}" for right, down in zip(ra, dec, strict=True)]
        return cls(table.path, ids, ra, dec, table.frame)

    @classmethod
    def of_lines(cls, path: Path) -> Objects:
        """One object a line of a text file: its id or its URL; empty lines and those that begin with # are passed over.

        Raises
        ------
        ReadError
            ``unreadable``, ``empty``.
        """
        import pandas as pd

        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise ReadError("unreadable", f"it is no text ({error})", path, "give one id or URL a line") from None
        lines = list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
        if not lines:
            raise ReadError("empty", "it holds no line", path, "give one id or URL a line")
        nowhere = np.full(len(lines), np.nan)
        return cls(path, lines, nowhere, nowhere, pd.DataFrame({"line": np.array(lines, object)}))

    def taken(self, rows: NDArray[np.int64]) -> Objects:
        """Some of the rows."""
        ids = [self.ids[row] for row in rows]
        return Objects(self.where, ids, self.ra[rows], self.dec[rows], self.frame.iloc[rows].reset_index(drop=True))

    def native(self, row: int) -> str:
        """The survey's own name of an object: the last part of ``survey:release:native``."""
        parts = self.ids[row].split(":", 2)
        return parts[2] if len(parts) == 3 else self.ids[row]

    def release(self, row: int, survey: str) -> str:
        """The release in an object id of that survey; "" for another's, or none."""
        parts = self.ids[row].split(":", 2)
        return parts[1] if len(parts) == 3 and parts[0].startswith(survey) else ""

    def column(self, *names: str) -> str | None:
        """The first of these columns that there is, whatever its case."""
        lower = {str(name).lower(): name for name in self.frame.columns}
        return next((lower[name.lower()] for name in names if name.lower() in lower), None)

    def known(self, name: str) -> str:
        """A column by its name, whatever its case; else a `ConfigError` that says which there are."""
        found = self.column(name)
        if found is None:
            raise ConfigError(f"there is no column {name!r}", self.where, did_you_mean(name, map(str, self.frame.columns)))
        return found

    def text(self, row: int, column: str) -> str:
        """A value as text, whole numbers with all their digits; "" for a missing one.

        Raises
        ------
        ReadError
            ``lost-digits`` for a whole number that went through floating point.
        """
        value = self.frame[column].iloc[row]
        if value is None:
            return ""
        if isinstance(value, (float, np.floating)) and np.isfinite(value) and value != int(value):
            return repr(float(value))
        try:
            return named(value) or ""
        except ValueError as error:
            raise ReadError("lost-digits", f"in {column} {error}", self.ids[row], "give whole numbers as integers") from None

    def position(self, row: int) -> tuple[float, float]:
        """Right ascension and declination, degrees.

        Raises
        ------
        ReadError
            ``no-position`` when it has none.
        """
        ra, dec = float(self.ra[row]), float(self.dec[row])
        if not (np.isfinite(ra + dec) and -90 <= dec <= 90):
            raise ReadError("no-position", "it has no position", self.ids[row], "add ra and dec in degrees")
        return ra, dec
