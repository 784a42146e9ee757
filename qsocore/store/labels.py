"""``labels.sqlite``: the verdicts of a store, append-only, safe against a crash; the one file that cannot be made again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from qsocore.errors import StoreError
from qsocore.inspection import Verdict
from qsocore.store import paths

_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdict (
    number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, object_id TEXT NOT NULL, person TEXT NOT NULL,
    label TEXT NOT NULL, z REAL, comment TEXT NOT NULL, shown TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS verdict_of_object ON verdict (object_id);
CREATE TRIGGER IF NOT EXISTS verdict_stays BEFORE UPDATE ON verdict
BEGIN SELECT RAISE(ABORT, 'verdicts are never changed'); END;
CREATE TRIGGER IF NOT EXISTS verdict_is_kept BEFORE DELETE ON verdict
BEGIN SELECT RAISE(ABORT, 'verdicts are never deleted'); END;
"""
_BUSY_SECONDS = 30.0


class Labels:
    """The verdicts of one store.

    Parameters
    ----------
    root : path
        The store.
    """

    def __init__(self, root: str | Path):
        self.file = Path(root) / paths.LABELS

    def _open(self) -> sqlite3.Connection:
        try:
            base = sqlite3.connect(self.file, timeout=_BUSY_SECONDS)
            base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"the verdicts cannot be opened ({error})", self.file) from None
        return base

    def append(self, verdict: Verdict) -> int:
        """Append a verdict; when this returns it is on the disk.

        Returns
        -------
        int
            Its number, rising in the order of appending.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        values = (now, verdict.object_id, verdict.person, verdict.label, verdict.z, verdict.comment, json.dumps(verdict.shown))
        with closing(self._open()) as base, base:
            insert = "INSERT INTO verdict (time, object_id, person, label, z, comment, shown) VALUES (?, ?, ?, ?, ?, ?, ?)"
            return base.execute(insert, values).lastrowid

    def verdicts(self, object_id: str | None = None) -> Iterator[Verdict]:
        """Verdicts in the order of appending, of one object or of all; none when nobody has judged yet."""
        if not self.file.exists():
            return
        query = "SELECT object_id, person, label, z, comment, shown, time FROM verdict"
        words: tuple[str, ...] = ()
        if object_id is not None:
            query, words = query + " WHERE object_id = ?", (object_id,)
        with closing(self._open()) as base:
            for *values, shown, time in base.execute(query + " ORDER BY number", words):
                yield Verdict(*values, json.loads(shown), time)
