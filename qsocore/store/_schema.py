"""The tables of verdicts and campaigns, the same in SQLite and PostgreSQL, and what keeps them append-only.

Version 1 was a ``labels.sqlite`` with the first eight columns of ``verdict`` alone; it is brought up by adding columns.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

import sqlalchemy as sa

from qsocore.errors import StoreError

VERSION = 2
"""Of the tables as this code writes them."""

_METADATA = sa.MetaData()
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # in SQLite only an INTEGER counts up by itself


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


VERDICT = sa.Table(
    "verdict", _METADATA,
    sa.Column("number", _NUMBER, primary_key=True), sa.Column("time", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text, nullable=False), sa.Column("person", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False), sa.Column("z", sa.Double), _text("comment"),
    sa.Column("shown", sa.JSON, nullable=False), _text("desk"), _text("flags"), _text("kind"), _text("campaign"),
    sa.Column("item", sa.Integer), sa.Column("token", sa.Text), sa.Column("undoes", sa.BigInteger),
    sa.Index("verdict_of_object", "object_id"), sa.Index("verdict_of_campaign", "campaign", "item"),
    sa.Index("verdict_of_person", "person"), sa.Index("verdict_token", "token", unique=True), sqlite_autoincrement=True)
"""One row a `Verdict`; a missing token is NULL, any other comes once."""

CAMPAIGN = sa.Table(
    "campaign", _METADATA,
    sa.Column("name", sa.Text, primary_key=True), sa.Column("time", sa.Text, nullable=False),
    sa.Column("desk", sa.Text, nullable=False), sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("ordering", sa.Text, nullable=False), sa.Column("graders", sa.JSON, nullable=False),
    sa.Column("enough", sa.Integer, nullable=False), sa.Column("agreed", sa.Integer, nullable=False),
    sa.Column("feedback", sa.Boolean, nullable=False), sa.Column("rule", sa.Text, nullable=False),
    sa.Column("made", sa.JSON, nullable=False))
"""One row a `Campaign`."""

CAMPAIGN_FIELDS = MappingProxyType({"order": "ordering"} | {name: name for name in (
    "name", "desk", "seed", "graders", "enough", "agreed", "feedback", "rule", "made")})
"""Column of each field of a `Campaign` but its items."""

ITEM = sa.Table(
    "campaign_item", _METADATA,
    sa.Column("campaign", sa.Text, sa.ForeignKey("campaign.name"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False), sa.Column("object_id", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False), sa.Column("repeats", sa.Integer))
"""One row an `Item`."""

_LAYOUT = sa.Table("layout", _METADATA, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
                   sa.Column("time", sa.Text, nullable=False))
"""Versions of the tables that this database has had."""

_GUARDS = MappingProxyType({
    "sqlite": (
        "CREATE TRIGGER IF NOT EXISTS {table}_stays BEFORE UPDATE ON {table} "
        "BEGIN SELECT RAISE(ABORT, '{table}s are never changed'); END",
        "CREATE TRIGGER IF NOT EXISTS {table}_is_kept BEFORE DELETE ON {table} "
        "BEGIN SELECT RAISE(ABORT, '{table}s are never deleted'); END",
        # INSERT OR REPLACE deletes without asking the trigger above
        "CREATE TRIGGER IF NOT EXISTS {table}_is_not_replaced BEFORE INSERT ON {table} "
        "WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
        "BEGIN SELECT RAISE(ABORT, '{table}s are never replaced'); END"),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '{table}s are never changed or deleted' USING ERRCODE = 'restrict_violation'; END $$",
        "CREATE OR REPLACE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION {table}_stays()")})
"""What makes a table one that only grows, by the kind of database; no database can be kept from whoever drops its tables."""


def version(base: sa.Connection) -> int:
    """Version of the tables of a database, 0 for none."""
    known = sa.inspect(base)
    if known.has_table(_LAYOUT.name):
        return base.execute(sa.select(sa.func.max(_LAYOUT.c.version))).scalar_one() or 0
    return 1 if known.has_table(VERDICT.name) else 0


def newer(found: int, where: str) -> None:
    """Refuse tables that a later version of the code has made, with a `StoreError`."""
    if found > VERSION:
        raise StoreError(f"its tables are of version {found}, this writes version {VERSION}", where, "update QSO Atlas")


def make(base: sa.Connection) -> None:
    """Make the tables, or bring those of an earlier version up to this one; nothing that is there is lost.

    Parameters
    ----------
    base : Connection
        In a transaction in which nobody else writes.
    """
    if version(base) == VERSION:  # another process came first
        return
    _METADATA.create_all(base)
    there = {column["name"] for column in sa.inspect(base).get_columns(VERDICT.name)}
    for column in VERDICT.columns:
        if column.name not in there:
            meant = sa.schema.CreateColumn(column).compile(dialect=base.dialect)
            base.exec_driver_sql(f"ALTER TABLE {VERDICT.name} ADD COLUMN {meant}")
    for index in VERDICT.indexes:
        index.create(base, checkfirst=True)
    for table in _METADATA.sorted_tables:
        same = " OR ".join(" AND ".join(f"{name} = NEW.{name}" for name in key) for key in _keys(table))
        for statement in _GUARDS[base.dialect.name]:
            base.exec_driver_sql(statement.format(table=table.name, same=same))
    base.execute(sa.insert(_LAYOUT).values(version=VERSION, time=datetime.now(UTC).isoformat(timespec="milliseconds")))


def _keys(table: sa.Table) -> list[list[str]]:
    """Columns of the primary key, and of each index in which every row differs."""
    return [[column.name for column in table.primary_key],
            *([column.name for column in index.columns] for index in table.indexes if index.unique)]
