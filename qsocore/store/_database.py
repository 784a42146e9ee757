"""Databases of verdicts: where they are, how they are opened, how one waits for the turn to write, what errors mean."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from qsocore.errors import ConfigError, StoreError
from qsocore.store import paths

_BUSY_SECONDS, _CONNECT_SECONDS = 30, 10
_LOCK = 0x51504C  # number of the advisory lock under which is written to a PostgreSQL
_WRITTEN_LIKE = "write it like postgresql+psycopg://user@host/name; the password may stand in ~/.pgpass"

_HELD = "another program holds it; nothing was written, try again"
_SQLITE = {
    sqlite3.SQLITE_FULL: "make room; nothing was written", sqlite3.SQLITE_IOERR: "look at the disk; nothing was written",
    sqlite3.SQLITE_BUSY: _HELD, sqlite3.SQLITE_LOCKED: _HELD,
    **dict.fromkeys((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
                    "restore it from a backup: it is the one file that cannot be made again"),
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
                    "look at the permissions of the file and of its folder")}
_POSTGRESQL = {  # by the beginning of SQLSTATE
    "53": "make room on the server; nothing was written", "55P03": _HELD,
    "42501": "its owner must open it first, and let you read and insert",
    "23": "verdicts are only appended", "57P": "the server is stopping; with the same token nothing is written twice"}
_CONNECTING = {  # by words: a connection that fails has no SQLSTATE
    "password": "look at the user and password of the URL, or of ~/.pgpass", "authentication": "look at the user of the URL",
    "does not exist": "make it with createdb and createuser, or look at the spelling of the URL"}
_NO_ANSWER = ("see that the server runs, and look at host and port of the URL; a verdict on its way may have been written, and "
              "with the same token is not written twice")


def url_of(where: str | Path) -> URL:
    """The database of a store's folder, or of a URL.

    Raises
    ------
    ConfigError
        For a URL that is none, or of another kind of database; the message does not repeat it, for it may hold a password.
    """
    if "://" not in str(where):
        return URL.create("sqlite", database=str(Path(where) / paths.LABELS))
    try:
        url = make_url(str(where))
    except (ArgumentError, ValueError):
        raise ConfigError("the URL of the verdicts is none", remedy=_WRITTEN_LIKE) from None
    kind = url.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite" or not url.database:
        raise ConfigError(f"verdicts are not kept in a database of the kind {kind!r}", remedy=_WRITTEN_LIKE)
    return url


def spoken(url: URL) -> str:
    """A URL without its secrets."""
    return url.set(query={key: value for key, value in url.query.items() if "pass" not in key}).render_as_string()


def opened(url: URL) -> Engine:
    """A pool of connections; none is opened yet.

    Raises
    ------
    StoreError
        When the driver of PostgreSQL is not installed.
    """
    to_json = partial(json.dumps, allow_nan=False)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, json_serializer=to_json, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(url, json_serializer=to_json, pool_pre_ping=True,
                             connect_args={"connect_timeout": _CONNECT_SECONDS})
    except ModuleNotFoundError as error:
        raise StoreError(f"the driver of PostgreSQL is not installed ({error})", spoken(url),
                         "pip install 'qso-atlas[team]'") from None


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says so
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(base: Connection) -> None:
    base.exec_driver_sql("BEGIN IMMEDIATE" if base.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def turn(base: Connection) -> Iterator[None]:
    """A transaction in which nobody else writes; when it ends, what was written is on the disk.

    Without turns a PostgreSQL would show verdicts in another order than that of their numbers.
    """
    with base.execution_options(writes=True).begin():
        if base.dialect.name == "postgresql":
            base.exec_driver_sql(f"SET LOCAL lock_timeout = '{_BUSY_SECONDS}s'")
            base.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK}), CASE current_setting('synchronous_commit') "
                                 "WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END")
        yield


@contextmanager
def told(url: URL, where: str) -> Iterator[None]:
    """Raise errors of the database as `StoreError` with a remedy, and without a password."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        words = " ".join(str(cause).split())
        for secret in filter(None, (url.password, url.query.get("password"))):
            words = words.replace(str(secret), "***")
        raise StoreError(f"the database of verdicts does not work ({words})", where, _remedy(cause, words)) from None


def _remedy(cause: Exception, words: str) -> str:
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get((getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF, "run 'qso check'")
    state = getattr(cause, "sqlstate", None)
    if state:
        return next((remedy for start, remedy in _POSTGRESQL.items() if state.startswith(start)), "look at the server's log")
    return next((remedy for word, remedy in _CONNECTING.items() if word in words), _NO_ANSWER)
