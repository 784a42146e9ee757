"""Verdicts: appended, never changed, never lost, never doubled; in SQLite and in PostgreSQL alike."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qsocore.errors import ConfigError, StoreError
from qsocore.inspection import UNDO, Campaign, Item, Verdict
from qsocore.inspection.standing import standing
from qsocore.store import _schema
from qsocore.store.check import check
from qsocore.store.labels import VARIABLE, Labels
from tests.images import make_images
from tests.postgres import say

ADA = Verdict("toy:r1:1", "ada", "A")

OLD_SCHEMA = """
CREATE TABLE verdict (
    number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, object_id TEXT NOT NULL, person TEXT NOT NULL,
    label TEXT NOT NULL, z REAL, comment TEXT NOT NULL, shown TEXT NOT NULL);
CREATE INDEX verdict_of_object ON verdict (object_id);
CREATE TRIGGER verdict_stays BEFORE UPDATE ON verdict BEGIN SELECT RAISE(ABORT, 'verdicts are never changed'); END;
CREATE TRIGGER verdict_is_kept BEFORE DELETE ON verdict BEGIN SELECT RAISE(ABORT, 'verdicts are never deleted'); END;
"""


# ---- appending and reading

def test_appends_and_reads_in_order(labels):
    assert list(labels.verdicts()) == []
    given = [replace(ADA, z=2.1, shown={"run": "demo", "stretch": [0, 1.5]}, desk="lenses", campaign="c", item=0, token="t1"),
             Verdict("toy:r1:2", "ada", "X", kind="ring", desk="lenses"),
             Verdict("toy:r1:1", "bob", "2", comment="faint arc, β = 3", flags="RS", desk="spectra", kind="QSO")]
    numbers = [labels.append(verdict) for verdict in given]
    assert numbers == sorted(set(numbers))
    read = list(labels.verdicts())
    assert [replace(verdict, number=0, time="") for verdict in read] == given
    assert [verdict.number for verdict in read] == numbers
    assert all(verdict.time.endswith("+00:00") and "." in verdict.time for verdict in read)


def test_what_is_asked_for(labels):
    for k in range(12):
        desk = ["lenses", "spectra"][k % 2]
        labels.append(Verdict(f"toy:r1:{k % 3}", "ab"[k % 2], "A", desk=desk, campaign="" if k < 6 else "c"))
    found = list(labels.verdicts())
    for field in ("object_id", "person", "desk", "campaign"):
        for value in {getattr(verdict, field) for verdict in found} | {"other"}:
            wanted = [verdict for verdict in found if getattr(verdict, field) == value]
            assert list(labels.verdicts(**{field: value})) == wanted
    assert list(labels.verdicts("toy:r1:1", campaign="c", person="b")) == [found[7]]
    assert list(labels.verdicts(after=found[8].number)) == found[9:]
    assert list(labels.verdicts(after=found[-1].number)) == []


def test_more_than_a_page_and_the_writer_is_not_held_up(labels, monkeypatch):
    monkeypatch.setattr("qsocore.store.labels._PAGE", 7)
    labels.extend(replace(ADA, object_id=f"toy:r1:{k}") for k in range(20))
    reading = labels.verdicts()
    next(reading)
    labels.append(replace(ADA, object_id="toy:r1:20"))
    assert [verdict.object_id for verdict in reading] == [f"toy:r1:{k}" for k in range(1, 21)]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
NAME = TEXT.filter(bool)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-2**53, 2**53) | st.floats(allow_nan=False, allow_infinity=False)
                    | TEXT, lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT, part, max_size=3), max_leaves=6)
VERDICTS = st.builds(Verdict, NAME, NAME, NAME.filter(lambda word: word != UNDO),
                     st.none() | st.floats(allow_nan=False, allow_infinity=False), TEXT,
                     st.dictionaries(TEXT, JSON, max_size=3),
                     desk=TEXT, flags=TEXT, kind=TEXT, campaign=TEXT, item=st.none() | st.integers(0, 2**31 - 1))


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verdicts=st.lists(VERDICTS, min_size=1, max_size=4))
def test_what_is_appended_is_what_is_read(labels, verdicts):
    numbers = labels.extend(verdicts)
    read = list(labels.verdicts(after=numbers[0] - 1))
    assert [replace(verdict, number=0, time="") for verdict in read] == verdicts
    assert [verdict.number for verdict in read] == numbers == sorted(set(numbers))


@pytest.mark.parametrize("wrong", [
    {"object_id": ""}, {"person": ""}, {"label": ""}, {"comment": "a\0b"}, {"comment": "\ud800"}, {"z": float("nan")},
    {"z": float("inf")}, {"shown": {"x": float("nan")}}, {"shown": {"x": object()}}, {"label": UNDO, "undoes": 1},
    {"undoes": 1}, {"person": 3}])
def test_what_no_database_would_hold_is_refused_and_nothing_is_written(labels, wrong):
    with pytest.raises(ConfigError):
        labels.extend([ADA, replace(ADA, **wrong)])
    assert list(labels.verdicts()) == []


def test_a_token_writes_once(labels):
    first = labels.append(replace(ADA, token="t", shown={"limits": (1, 2)}))
    assert labels.append(replace(ADA, token="t", shown={"limits": [1, 2]})) == first
    assert labels.append(ADA) > first and labels.append(ADA) > first + 1
    with pytest.raises(ConfigError, match="something else"):
        labels.append(replace(ADA, label="B", token="t"))
    with pytest.raises(ConfigError, match="something else"):
        labels.extend([replace(ADA, person="eve"), replace(ADA, person="eve", token="t")])
    assert [verdict.token for verdict in labels.verdicts()] == ["t", "", ""]


# ---- taking back

def test_undo_appends(labels):
    number = labels.append(replace(ADA, desk="lenses", campaign="c", item=4))
    undo = labels.undo("ada", number)
    said, back = labels.verdicts()
    assert (said.label, back.label, back.undoes, back.number) == ("A", UNDO, number, undo)
    assert (back.object_id, back.person, back.desk, back.campaign, back.item) == ("toy:r1:1", "ada", "lenses", "c", 4)
    assert standing(labels.verdicts()) == []
    with pytest.raises(ConfigError, match="taken back already"):
        labels.undo("ada", number)
    labels.undo("ada", undo)
    assert standing(labels.verdicts()) == [said]
    labels.undo("ada", number)
    assert standing(labels.verdicts()) == []


def test_undo_is_for_ones_own_and_for_what_there_is(labels):
    number = labels.append(ADA)
    with pytest.raises(ConfigError, match="ada's, not bob's"):
        labels.undo("bob", number)
    with pytest.raises(ConfigError, match=f"no verdict {number + 1}"):
        labels.undo("ada", number + 1)
    assert len(list(labels.verdicts())) == 1


def test_undo_by_a_token_is_done_once(labels):
    number = labels.append(ADA)
    undo = labels.undo("ada", number, token="u")
    assert labels.undo("ada", number, token="u") == undo
    assert len(list(labels.verdicts())) == 2


# ---- what is there stays

CHANGES = ["UPDATE verdict SET label = 'B'", "DELETE FROM verdict", "UPDATE campaign SET enough = 1",
           "DELETE FROM campaign_item", "UPDATE layout SET version = 9"]
REPLACEMENTS = [
    "INSERT OR REPLACE INTO verdict (number, time, object_id, person, label, shown) VALUES (1, '', 'x', 'eve', 'X', '{}')",
    "REPLACE INTO verdict (time, object_id, person, label, shown, token) VALUES ('', 'x', 'eve', 'X', '{}', 't')",
    "REPLACE INTO campaign_item (campaign, number, object_id, what) VALUES ('c', 0, 'x', 'object')"]
TRUNCATIONS = ["TRUNCATE verdict", "TRUNCATE campaign CASCADE", "TRUNCATE layout"]


@pytest.mark.parametrize(("where", "statement"), [("sqlite", statement) for statement in CHANGES + REPLACEMENTS]
                         + [("postgresql", statement) for statement in CHANGES + TRUNCATIONS], indirect=["where"])
def test_the_database_itself_refuses(labels, statement):
    labels.append(replace(ADA, token="t"))
    labels.add_campaign(Campaign("c", "lenses", (Item(0, "toy:r1:1"),)))
    with pytest.raises(sa.exc.IntegrityError, match="never"):
        say(labels._url, statement)
    assert [verdict.label for verdict in labels.verdicts()] == ["A"]
    assert labels.campaign("c").items == (Item(0, "toy:r1:1"),)


# ---- campaigns

ITEMS = Item(0, "toy:r1:1"), Item(1, "injected:spring:0", "injected"), Item(2, "toy:r1:1", "repeat", 0)
QUEUE = Campaign("spring", "lenses", ITEMS, 7, "-score:anomaly", ("ada", "bob"), 3, 2, True, '{"op": "all"}',
                 {"by": "ada", "n": 1})


def test_a_campaign_is_kept_whole(labels):
    assert labels.campaigns() == []
    labels.add_campaign(QUEUE)
    labels.add_campaign(Campaign("autumn", "spectra", ()))
    assert labels.campaign("spring") == QUEUE
    assert labels.campaign("autumn") == Campaign("autumn", "spectra", ())
    assert labels.campaigns() == ["spring", "autumn"]


def test_campaigns_that_will_not_do(labels):
    labels.add_campaign(QUEUE)
    with pytest.raises(ConfigError, match="'spring' already"):
        labels.add_campaign(replace(QUEUE, seed=1))
    with pytest.raises(ConfigError, match="numbered from 0"):
        labels.add_campaign(replace(QUEUE, name="x", items=QUEUE.items[1:]))
    with pytest.raises(StoreError, match="did you mean spring"):
        labels.campaign("sprig")
    assert labels.campaigns() == ["spring"]


# ---- earlier and later tables

def test_a_file_of_the_first_version_goes_on(tmp_path):
    with closing(sqlite3.connect(tmp_path / "labels.sqlite")) as base:
        base.executescript("PRAGMA journal_mode=WAL;" + OLD_SCHEMA)
        for k in range(3):
            base.execute("INSERT INTO verdict (time, object_id, person, label, z, comment, shown) VALUES (?, ?, ?, ?, ?, ?, ?)",
                         (f"2026-01-0{k + 1}T00:00:00.000+00:00", f"toy:r1:{k}", "ada", "A", 2.5, "old", json.dumps({"k": k})))
        base.commit()
    labels = Labels(tmp_path)
    old = list(labels.verdicts())
    assert old == [Verdict(f"toy:r1:{k}", "ada", "A", 2.5, "old", {"k": k}, f"2026-01-0{k + 1}T00:00:00.000+00:00",
                           number=k + 1) for k in range(3)]
    assert labels.append(replace(ADA, object_id="toy:r1:9", token="t")) == 4
    assert labels.append(replace(ADA, object_id="toy:r1:9", token="t")) == 4
    labels.undo("ada", 1)
    labels.add_campaign(QUEUE)
    assert [verdict.number for verdict in standing(labels.verdicts())] == [2, 3, 4]
    with closing(sqlite3.connect(labels.file)) as base, pytest.raises(sqlite3.IntegrityError, match="never"):
        base.execute("UPDATE verdict SET desk = 'x'")
    with closing(sqlite3.connect(":memory:")) as new, closing(sqlite3.connect(labels.file)) as base:
        columns = {row[1] for row in base.execute("PRAGMA table_info(verdict)")}
        assert columns == {column.name for column in _schema.VERDICT.columns} and new is not None


def test_a_newer_one_is_refused(labels):
    labels.append(ADA)
    say(labels._url, "INSERT INTO layout (version, time) VALUES (99, '')")
    for do in (lambda other: other.append(ADA), lambda other: list(other.verdicts()), lambda other: other.campaigns()):
        with Labels(str(labels.file.parent) if labels.file else labels._url.render_as_string(False)) as other, \
                pytest.raises(StoreError, match="version 99.*update QSO Atlas"):
            do(other)


# ---- where they are, copies, the check of a store

def test_where_they_are(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert Labels.of(tmp_path).file == tmp_path / "labels.sqlite"
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/team.sqlite")
    assert Labels.of(tmp_path).file == tmp_path / "team.sqlite"
    assert Labels.of(tmp_path, f"sqlite:///{tmp_path}/mine.sqlite").file == tmp_path / "mine.sqlite"


def test_a_copy_holds_everything(tmp_path):
    labels = Labels(tmp_path)
    with pytest.raises(StoreError, match="no verdicts yet"):
        labels.back_up(tmp_path / "copy.sqlite")
    labels.append(ADA)
    labels.add_campaign(QUEUE)
    assert labels.back_up(tmp_path / "copy.sqlite") == 1
    labels.append(ADA)
    copy = Labels(f"sqlite:///{tmp_path}/copy.sqlite")
    assert list(copy.verdicts()) == list(labels.verdicts())[:1] and copy.campaign("spring") == QUEUE
    with pytest.raises(ConfigError, match="exists already"):
        labels.back_up(tmp_path / "copy.sqlite")
    assert sorted(file.name for file in tmp_path.iterdir() if "tmp" in file.name) == []


def test_a_store_is_clean_with_them(tmp_path):
    store = make_images(tmp_path / "s.store", 4)
    labels = Labels(store.path)
    labels.append(ADA)
    assert check(store.path) == []
    labels.close()
    whole = labels.file.read_bytes()
    labels.file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert [finding.where for finding in check(store.path)] == ["labels.sqlite"]
