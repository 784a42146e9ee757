"""Verdicts as rows of their table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from qsocore.errors import ConfigError
from qsocore.inspection import Verdict
from qsocore.store._schema import VERDICT

_TEXTS = ("object_id", "person", "label", "comment", "desk", "flags", "kind", "campaign", "token")


def now() -> str:
    """UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def read(base: Connection, *conditions: Any, limit: int | None = None) -> Iterator[Verdict]:
    """Verdicts of which all conditions hold, in the order of appending."""
    for row in base.execute(select(VERDICT).where(*conditions).order_by(VERDICT.c.number).limit(limit)).mappings():
        yield Verdict(**{**row, "token": row["token"] or ""})


def append(base: Connection, verdict: Verdict) -> int:
    """Append a checked verdict, unless its token was seen before; returns its number, or the one that it got then."""
    before = known(base, verdict)
    return insert_row(base, verdict) if before is None else before


def known(base: Connection, verdict: Verdict) -> int | None:
    """Number of what was appended with the same token; it must be the same."""
    before = next(read(base, VERDICT.c.token == verdict.token, limit=1), None) if verdict.token else None
    if before is not None and replace(before, number=0, time="") != verdict:
        raise ConfigError(f"the token of verdict {before.number} came again with something else", f"token {verdict.token}",
                          "make a new token for every deed")
    return before.number if before else None


def insert_row(base: Connection, verdict: Verdict) -> int:
    """Write a checked verdict; returns its number."""
    values = asdict(verdict) | {"time": now(), "token": verdict.token or None}
    del values["number"]
    return base.execute(insert(VERDICT).values(values)).inserted_primary_key[0]


def checked(verdict: Verdict) -> Verdict:
    """The verdict as it will be read back, without number and time; what no database would hold is refused."""
    where = f"verdict of {verdict.person!r} on {verdict.object_id!r}"
    for name in _TEXTS:
        text = getattr(verdict, name)
        if not isinstance(text, str) or "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise ConfigError(f"{name} is {text!r}", where, "give a text without null characters")
    if not (verdict.object_id and verdict.person and verdict.label):
        raise ConfigError("a verdict needs an object, a person and a label", where)
    z = None if verdict.z is None else float(verdict.z)
    if z is not None and not math.isfinite(z):
        raise ConfigError(f"the redshift is {z}", where, "give a number, or none")
    try:
        shown = json.loads(json.dumps(verdict.shown, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"what was shown is no JSON ({error})", where) from None
    item, undoes = (None if number is None else int(number) for number in (verdict.item, verdict.undoes))
    return replace(verdict, z=z, shown=shown, number=0, time="", item=item, undoes=undoes)
