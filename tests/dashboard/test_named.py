"""Selections under names: kept by one session, found by another; what was counted then and now."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dashboard import actions, named, selecting
from dashboard.library import Library
from dashboard.session import Session
from dashboard.state import State
from qsocore.errors import AtlasError
from qsocore.selection import parse


@pytest.fixture
def two(store_path, tmp_path):
    """Two sessions of two servers on one store."""
    path = Path(shutil.copytree(store_path, tmp_path / "copy.store"))
    made = [Session(Library.open(path), State(store=str(path))) for _ in range(2)]
    for session in made:
        actions.start(session, {})
    return made


def test_what_one_session_keeps_another_finds(two):
    one, other = two
    selecting.choose(one, parse("z > 2"))
    named.save(one, "far ones")
    assert [line["name"] for line in named.listed(other)] == ["far ones"] and not other.state.selection
    assert named.find(other, "far ones") == (parse("z > 2"), "")
    assert f"{one.n_selected:,}" in named.listed(other)[0]["about"] and named.listed(other)[0]["text"] == "z > 2"


def test_names_are_changed_replaced_and_forgotten(two):
    session = two[0]
    for text, name in (("z > 2", "far"), ("z < 1", "near")):
        selecting.choose(session, parse(text))
        named.save(session, name)
    with pytest.raises(AtlasError, match="already"):
        named.save(session, "Far")
    named.save(session, "far", replace=True)
    named.rename(session, "near", "Near")
    named.rename(session, "far", "close by")
    assert {line["name"]: line["text"] for line in named.listed(session)} == {"close by": "z < 1", "Near": "z < 1"}
    with pytest.raises(AtlasError, match="already"):
        named.rename(session, "Near", "close by")
    named.delete(session, "Near")
    assert [line["name"] for line in named.listed(session)] == ["close by"]


def test_another_count_and_absent_columns_are_said(two):
    session = two[0]
    selecting.choose(session, parse("z > 2"))
    named.save(session, "far")
    file = named.shelf(session).file("far")
    text = file.read_text()
    file.write_text(text.replace(f'"count": {session.n_selected}', '"count": 7'))
    assert "when it was saved, 7" in named.find(session, "far")[1]
    file.write_text(text.replace('"z"', '"gone"'))
    with pytest.raises(AtlasError, match="columns that are not here"):
        named.find(session, "far")
    file.write_text("{")
    assert named.listed(session)[0]["about"] == "cannot be read"


def test_nothing_is_kept_of_nothing(two):
    with pytest.raises(AtlasError, match="nothing is selected"):
        named.save(two[0], "x")


def test_a_bare_table_has_its_selections_with_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("QSO_ATLAS_HOME", str(tmp_path / "home"))
    pq.write_table(pa.table({"id": ["a", "b", "c"], "x": np.arange(3.0), "y": np.arange(3.0)}), tmp_path / "t.parquet")
    session = Session(Library.open(tmp_path / "t.parquet"), State(store="t"))
    actions.start(session, {})
    selecting.choose(session, parse("x > 0"))
    named.save(session, "two")
    assert named.find(session, "two") == (parse("x > 0"), "")
    assert named.shelf(session).folder.is_relative_to(tmp_path / "home") and sorted(p.name for p in tmp_path.iterdir()) == [
        "home", "t.parquet"]
