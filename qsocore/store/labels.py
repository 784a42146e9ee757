"""The verdicts and campaigns of a store: append-only, safe against a crash; the one thing that cannot be made again.

By default they lie in the store, in ``labels.sqlite`` (SQLite, write-ahead log, every commit flushed to the disk); a team of
several servers shares a PostgreSQL by its URL, one database (or schema) a store. The tables are the same
(`qsocore.store._schema`); the database itself refuses to change or delete what is in them. Appending takes turns, so that
numbers rise in the order in which verdicts become visible, and who asks for those `after` a number misses none.

A `Labels` may be shared by threads; a process made by fork opens connections of its own.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock

from sqlalchemy import Connection, Engine

from qsocore.errors import ConfigError, StoreError, did_you_mean
from qsocore.inspection import UNDO, Campaign, Verdict
from qsocore.inspection.standing import taken_back
from qsocore.store import _campaigns
from qsocore.store._database import opened, spoken, told, turn, url_of
from qsocore.store._schema import VERDICT, VERSION, make, newer, version
from qsocore.store._verdicts import append, checked, insert_row, known, read
from qsocore.store.files import flush

VARIABLE = "QSO_ATLAS_LABELS"
"""Environment variable that holds the URL of a team's database."""

_PAGE = 5_000  # verdicts read at once, between which nothing is held open


class Labels:
    """The verdicts and campaigns of one store.

    Parameters
    ----------
    where : path or str
        A store's folder, or the URL of a database: ``postgresql+psycopg://user@host/name``. Nothing is opened or made before
        it is needed.

    Raises
    ------
    ConfigError
        For a URL that is none, or of another kind of database.
    """

    def __init__(self, where: str | Path):
        self._url = url_of(where)
        self.file = Path(self._url.database or "") if self._url.get_backend_name() == "sqlite" else None
        self.where = str(self.file) if self.file else spoken(self._url)
        self._engine: Engine | None = None
        self._process, self._lock = 0, RLock()

    @classmethod
    def of(cls, store: str | Path, url: str = "") -> Labels:
        """Those of a store: in the database of `url` if given, else of ``$QSO_ATLAS_LABELS``, else in the store itself."""
        return cls(url or os.environ.get(VARIABLE) or store)

    def __enter__(self) -> Labels:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Labels {self.where}>"

    # ---- verdicts

    def append(self, verdict: Verdict) -> int:
        """Append a verdict; when this returns it is on the disk.

        Parameters
        ----------
        verdict : Verdict
            Its time and number are given here. With a `Verdict.token` it may be appended again when it is not known whether
            it was: nothing is written then.

        Returns
        -------
        int
            Its number, rising in the order of appending; of a token that was seen before, the number it got then.

        Raises
        ------
        ConfigError
            For a verdict without object, person or label, with a value no database holds, for an `UNDO` (see `undo`), and for
            a token that came with something else before.
        StoreError
            When the database does not take it.
        """
        return self.extend([verdict])[0]

    def extend(self, verdicts: Iterable[Verdict]) -> list[int]:
        """Append several, all or none; see `append`."""
        verdicts = [checked(verdict) for verdict in verdicts]
        for verdict in verdicts:
            if verdict.label == UNDO or verdict.undoes is not None:
                raise ConfigError("this takes a verdict back, it is none", f"object {verdict.object_id}", "call undo")
        with self._writing() as base:
            return [append(base, verdict) for verdict in verdicts]

    def undo(self, person: str, number: int, token: str = "") -> int:
        """Take a verdict back: append an `UNDO` that says which.

        An undo can be taken back as well, after which the verdict holds again.

        Parameters
        ----------
        person : str
            Who said it.
        number : int
            Of the verdict.
        token : str
            See `append`.

        Returns
        -------
        int
            Number of the `UNDO`.

        Raises
        ------
        ConfigError
            When there is no such verdict, it is another person's, or it is taken back already.
        """
        with self._writing() as base:
            of = next(read(base, VERDICT.c.number == number, limit=1), None)
            if of is None:
                raise ConfigError(f"there is no verdict {number}", self.where, "list them: qso verdicts list STORE")
            if of.person != person:
                raise ConfigError(f"verdict {number} is {of.person}'s, not {person}'s", self.where,
                                  "everybody takes back their own")
            undo = checked(Verdict(of.object_id, person, UNDO, desk=of.desk, campaign=of.campaign, item=of.item, token=token,
                                    undoes=number))
            before = known(base, undo)
            if before is None and number in taken_back(read(base, VERDICT.c.person == person, VERDICT.c.label == UNDO)):
                raise ConfigError(f"verdict {number} is taken back already", self.where)
            return insert_row(base, undo) if before is None else before

    def verdicts(self, object_id: str | None = None, *, campaign: str | None = None, person: str | None = None,
                 desk: str | None = None, after: int = 0) -> Iterator[Verdict]:
        """Verdicts in the order of appending, `UNDO` ones and what they take back included; none where nobody has judged yet.

        Parameters
        ----------
        object_id, campaign, person, desk : str, optional
            Only those.
        after : int
            Only those of a higher number.
        """
        wanted = {"object_id": object_id, "campaign": campaign, "person": person, "desk": desk}
        conditions = [VERDICT.c[name] == value for name, value in wanted.items() if value is not None]
        while self._made():
            with self._reading() as base:
                page = list(read(base, VERDICT.c.number > after, *conditions, limit=_PAGE))
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].number

    # ---- campaigns

    def add_campaign(self, campaign: Campaign) -> None:
        """Keep a campaign, whole or not at all; it never changes afterwards.

        Raises
        ------
        ConfigError
            When its name is taken, or an item's number is not its place in the queue.
        """
        if [item.number for item in campaign.items] != list(range(len(campaign.items))):
            raise ConfigError("items are numbered from 0 in the order of the queue", f"campaign {campaign.name}")
        with self._writing() as base:
            if _campaigns.find(base, campaign.name) is not None:
                raise ConfigError(f"there is a campaign {campaign.name!r} already", self.where, "choose another name")
            _campaigns.write(base, campaign)

    def campaign(self, name: str) -> Campaign:
        """A campaign by its name; where there is none, a `StoreError` names the nearest."""
        if self._made():
            with self._reading() as base:
                found = _campaigns.find(base, name)
            if found is not None:
                return found
        raise StoreError(f"there is no campaign {name!r}", self.where, did_you_mean(name, self.campaigns()))

    def campaigns(self) -> list[str]:
        """Names of the campaigns, the oldest first."""
        if not self._made():
            return []
        with self._reading() as base:
            return _campaigns.names(base)

    # ---- the database

    def back_up(self, out: str | Path) -> int:
        """Copy an SQLite database while others go on writing to it; returns the number of verdicts in the copy.

        Raises
        ------
        ConfigError
            When `out` exists, or the verdicts are in a PostgreSQL.
        StoreError
            When there are none.
        """
        out = Path(out)
        if self.file is None:
            raise ConfigError("a PostgreSQL is backed up by its own tools", self.where, "use pg_dump")
        if out.exists():
            raise ConfigError("it exists already", out, "choose another name")
        if not self.file.exists():
            raise StoreError("there are no verdicts yet", self.file)
        aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
        try:
            with (told(self._url, self.where), closing(sqlite3.connect(self.file)) as base,
                  closing(sqlite3.connect(aside)) as copy):
                base.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
                n = copy.execute("SELECT count(*) FROM verdict").fetchone()[0]
            flush(aside)
            os.replace(aside, out)
        finally:
            aside.unlink(missing_ok=True)
        return n

    def close(self) -> None:
        """Give back every connection; the next call opens new ones."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose(close=self._process == os.getpid())
                self._engine = None

    def _made(self) -> bool:
        """Whether there can be anything to read; reading makes no file."""
        return self.file is None or self.file.exists()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with told(self._url, self.where), self._ready().connect() as base, base.begin():
            yield base

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with told(self._url, self.where), self._ready().connect() as base, turn(base):
            yield base

    def _ready(self) -> Engine:
        """The pool of connections to a database of this schema, in this process."""
        with self._lock:
            if self._engine is not None and self._process == os.getpid():
                return self._engine
            self.close()  # of the process that this was forked from
            engine = opened(self._url)
            try:
                with engine.connect() as base, base.begin():
                    found = version(base)
                newer(found, self.where)
                if found != VERSION:
                    with engine.connect() as base, turn(base):
                        make(base)
            except BaseException:
                engine.dispose()
                raise
            self._engine, self._process = engine, os.getpid()
            return engine
