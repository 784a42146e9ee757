"""The ledger of a folder: what was asked for and what became of it, in SQLite, so that a second call fetches what is missing.

One row a file, with its state: ``wanted`` (nothing of it has come), ``partial`` (some has, and its validator says of which
version), ``done`` (whole, verified, in its place), ``failed`` (with the last error). Which objects asked for it, and what
services answered, stand in tables beside. A row is written before the first byte of a part and after the last rename, so that a
process killed at any moment leaves a ledger that is true or behind, never ahead.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Lock

from qsocore.archive import Request
from qsocore.archive.names import apart, safe
from qsocore.errors import StoreError

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS file (
    url TEXT PRIMARY KEY, file TEXT NOT NULL UNIQUE COLLATE NOCASE,
    state TEXT NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted', 'partial', 'done', 'failed')),
    size INTEGER, checksum TEXT NOT NULL DEFAULT '', estimate INTEGER, bytes INTEGER NOT NULL DEFAULT 0,
    total INTEGER, offered TEXT NOT NULL DEFAULT '', validator TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', lasting INTEGER NOT NULL DEFAULT 0,
    wanted_at TEXT NOT NULL, changed_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wanted (object_id TEXT NOT NULL, url TEXT NOT NULL, PRIMARY KEY (object_id, url)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS wanted_by ON wanted (url);
CREATE TABLE IF NOT EXISTS asked (question TEXT PRIMARY KEY, answered_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answer (question TEXT NOT NULL, url TEXT NOT NULL, PRIMARY KEY (question, url)) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS object AS SELECT object_id, file.* FROM wanted JOIN file USING (url);
"""
_FIELDS = "url, file, state, size, checksum, estimate, bytes, total, offered, validator, tries, error, lasting"


@dataclass(frozen=True)
class Entry:
    """One file.

    Parameters
    ----------
    url, file : str
        Where it lies, and its name in the folder.
    state : str
        ``wanted``, ``partial``, ``done`` or ``failed``.
    size, checksum, estimate
        As its `Request` states them.
    bytes : int
        Those that it has, once it is done.
    total, offered, validator
        Of the version that the part is of, as the server says: bytes (None for unknown), sum ("" for none), and strong ETag,
        else date of change ("" for neither).
    tries : int
        So far.
    error : str
        What went wrong last.
    lasting : bool
        Whether another try would fail alike: the archive has no such file, or gives it to nobody.
    """

    url: str
    file: str
    state: str
    size: int | None
    checksum: str
    estimate: int | None
    bytes: int
    total: int | None
    offered: str
    validator: str
    tries: int
    error: str
    lasting: bool


class Ledger:
    """The ledger of a folder; one connection for all threads.

    Parameters
    ----------
    path : Path
        Its file; made when absent.

    Raises
    ------
    StoreError
        When it is damaged, or of a newer version.
    """

    def __init__(self, path: Path):
        self.path, self._lock = path, Lock()
        try:
            self._base = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
            version = self._base.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise StoreError(f"the ledger is of version {version}, this program knows {_VERSION}", path, "update QSO Atlas")
            self._base.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA user_version={_VERSION};"
                                     + _SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"the ledger cannot be opened ({error})", path,
                             "move it away; files that are there are then left alone, and fetched again beside them") from None

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _write(self, sql: str, *values: object) -> None:
        with self._lock, self._base:
            self._base.execute(sql, values)

    def _read(self, sql: str, *values: object) -> list[tuple]:
        with self._lock:
            return self._base.execute(sql, values).fetchall()

    # ---- what is wanted

    def want(self, requests: Iterable[Request], folder: Path, question: str = "") -> None:
        """Note requests, and give files that are new a name that no other has, on any file system.

        Parameters
        ----------
        requests : iterable of Request
            A size or sum that they state replaces what the ledger has.
        folder : Path
            A file that is there and not in the ledger is another's: it keeps its name.
        question : str
            What a service was asked to find them; noted as answered.
        """
        now = _now()
        with self._lock, self._base:
            for request in requests:
                self._base.execute("INSERT OR IGNORE INTO wanted VALUES (?, ?)", (request.object_id, request.url))
                if question:
                    self._base.execute("INSERT OR IGNORE INTO answer VALUES (?, ?)", (question, request.url))
                if not self._base.execute("SELECT 1 FROM file WHERE url = ?", (request.url,)).fetchone():
                    self._base.execute("INSERT INTO file (url, file, size, checksum, estimate, wanted_at, changed_at) "
                                       "VALUES (?, ?, ?, ?, ?, ?, ?)", (request.url, self._free(request, folder), request.size,
                                                                        request.checksum, request.estimate, now, now))
                elif request.size is not None or request.checksum:
                    self._base.execute("UPDATE file SET size = coalesce(?, size), checksum = coalesce(nullif(?, ''), checksum) "
                                       "WHERE url = ?", (request.size, request.checksum, request.url))
            if question:
                self._base.execute("INSERT OR REPLACE INTO asked VALUES (?, ?)", (question, now))

    def _free(self, request: Request, folder: Path) -> str:
        first = name = safe(request.file)
        for number in count():
            taken = self._base.execute("SELECT 1 FROM file WHERE file = ?", (name,)).fetchone()
            if not taken and not os.path.lexists(folder / name):
                break
            name = apart(first, f"{request.url} {number}")
        return name

    def answer(self, question: str) -> list[str] | None:
        """URLs that a service gave to a question; None when it has not been asked."""
        if not self._read("SELECT 1 FROM asked WHERE question = ?", question):
            return None
        return [url for (url,) in self._read("SELECT url FROM answer WHERE question = ?", question)]

    # ---- what became of it

    def entry(self, url: str) -> Entry:
        """The row of one file."""
        *values, lasting = self._read(f"SELECT {_FIELDS} FROM file WHERE url = ?", url)[0]
        return Entry(*values, bool(lasting))

    def entries(self) -> Iterator[Entry]:
        """All rows, by URL."""
        for *values, lasting in self._read(f"SELECT {_FIELDS} FROM file ORDER BY url"):
            yield Entry(*values, bool(lasting))

    def objects(self, url: str) -> list[str]:
        """Ids of the objects that asked for a file."""
        return [name for (name,) in self._read("SELECT object_id FROM wanted WHERE url = ?", url)]

    def begun(self, url: str, total: int | None, offered: str, validator: str) -> None:
        """A part begins, of a version with this length, sum and validator."""
        self._write("UPDATE file SET state = 'partial', total = ?, offered = ?, validator = ?, changed_at = ? WHERE url = ?",
                    total, offered, validator, _now(), url)

    def done(self, url: str, n_bytes: int) -> None:
        """A file is whole and in its place."""
        self._write("UPDATE file SET state = 'done', bytes = ?, tries = tries + 1, error = '', lasting = 0, changed_at = ? "
                    "WHERE url = ?", n_bytes, _now(), url)

    def failed(self, url: str, error: str, lasting: bool, tries: int) -> None:
        """A file could not be fetched after so many tries."""
        self._write("UPDATE file SET state = 'failed', error = ?, lasting = ?, tries = tries + ?, changed_at = ? WHERE url = ?",
                    error, lasting, tries, _now(), url)

    def missed(self, url: str) -> None:
        """A file that was done is gone or changed: it is wanted again."""
        self._write("UPDATE file SET state = 'wanted', bytes = 0, validator = '', changed_at = ? WHERE url = ?", _now(), url)

    def missing(self, urls: Iterable[str], size_of: Callable[[str], int | None], again: bool) -> list[Entry]:
        """Those of the files that are to be fetched.

        Parameters
        ----------
        urls : iterable of str
        size_of : callable
            Bytes of a file of the folder by its name, None when it is not there.
        again : bool
            Also those whose failure is lasting.
        """
        out = []
        for url in urls:
            entry = self.entry(url)
            if entry.state == "done" and size_of(entry.file) != entry.bytes:
                self.missed(url)
                entry = self.entry(url)
            if entry.state != "done" and (again or not entry.lasting):
                out.append(entry)
        return out


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
