"""Eight graders at once into one database, beside bare inserts that wait for the same disk; and what a desk asks after each."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from qsocore.inspection import Campaign, Item, Verdict
from qsocore.inspection.agreement import report
from qsocore.inspection.queue import next_items
from qsocore.store.labels import Labels
from tests.bench import Row, best_of
from tests.graders import finish, start
from tests.postgres import binaries, cluster, say, schema

GRADERS, EACH, BARE = 8, 1_250, 2_000


def rows() -> Iterator[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as folder:
        yield _graded(folder, "SQLite", f"one process of bare sqlite3, flushed as well: {_bare_sqlite(Path(folder)):,.0f}")
        yield from _asked(folder)
    programs = binaries()
    if programs is None:
        yield Row("PostgreSQL", "not measured", "it is not installed")
        return
    with cluster(programs) as server, schema(server.url) as url:
        bare = _bare_postgresql(url)
        yield _graded(url, "PostgreSQL", f"one process of bare inserts, flushed as well: {bare:,.0f}")


def _graded(where: str, kind: str, beside: str) -> Row:
    """Verdicts a second of all graders together, and whether each is there once."""
    began = time.perf_counter()
    statuses = finish([start(where, number, EACH) for number in range(GRADERS)], 600)
    seconds = time.perf_counter() - began
    with Labels(where) as labels:
        found = [(verdict.person, verdict.object_id) for verdict in labels.verdicts()]
    lost, doubled = GRADERS * EACH - len(set(found)), len(found) - len(set(found))
    if any(statuses) or lost or doubled:
        raise RuntimeError(f"{kind}: {lost} verdicts lost, {doubled} doubled, exit statuses {statuses}")
    return Row(f"{len(found):,} verdicts by {GRADERS} graders at once, {kind}, each on the disk when it is answered",
               f"{len(found) / seconds:,.0f} verdicts/s; none lost, none doubled", f"{beside} inserts/s")


def _bare_sqlite(folder: Path) -> float:
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as base:
        base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE v (n INTEGER PRIMARY KEY, t TEXT)")
        began = time.perf_counter()
        for _ in range(BARE):
            base.execute("INSERT INTO v (t) VALUES (?)", ("x" * 150,))
        return BARE / (time.perf_counter() - began)


def _bare_postgresql(url: str) -> float:
    say(url, "CREATE TABLE bare (n bigserial PRIMARY KEY, t text)")
    began = time.perf_counter()
    say(url, *[f"INSERT INTO bare (t) VALUES ('{'x' * 150}')"] * BARE)
    return BARE / (time.perf_counter() - began)


def _asked(where: str) -> Iterator[Row]:
    """What follows from ten thousand verdicts: all of them read, the next object, the whole report."""
    with Labels(where) as labels:
        reading = best_of(3, lambda: list(labels.verdicts()))
        last = max(verdict.number for verdict in labels.verdicts())
        fresh = best_of(20, lambda: list(labels.verdicts(after=last)))
    yield Row(f"{GRADERS * EACH:,} verdicts read / those after the last", f"{reading:.2f} s / {1e3 * fresh:.1f} ms")
    campaign = Campaign("c", "lenses", tuple(Item(k, f"t:r:{k}") for k in range(EACH)), enough=GRADERS + 1)
    said = [Verdict(f"t:r:{k}", f"grader{g}", "ABCX"[k * g % 4], desk="lenses", campaign="c", item=k, number=GRADERS * k + g)
            for k in range(EACH) for g in range(GRADERS)]
    yield Row(f"next object of a campaign of {len(said):,} verdicts / its report",
              f"{1e3 * best_of(5, lambda: next_items(campaign, said, 'new')):.0f} ms / "
              f"{1e3 * best_of(3, lambda: report(campaign, said)):.0f} ms")
