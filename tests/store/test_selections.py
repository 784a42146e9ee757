"""Kept selections: what is kept is what is loaded; damage is named; a killed writer leaves the old file or the new one."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qsocore.errors import AtlasError, ConfigError, StoreError
from qsocore.selection import parse
from qsocore.store import StoreWriter
from qsocore.store.check import check
from qsocore.store.selections import Kept, Selections, read_rule

NUMBER = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
LEAF = st.one_of(
    st.builds(lambda c, o, v: {"op": "compare", "column": c, "cmp": o, "value": v}, st.text(min_size=1, max_size=5),
              st.sampled_from(["==", "<", ">="]), NUMBER | st.text(max_size=5)),
    st.builds(lambda low, high: {"op": "range", "column": "z", "low": low, "high": high}, NUMBER, NUMBER),
    st.builds(lambda ids: {"op": "ids", "ids": ids}, st.lists(st.text(max_size=6), max_size=4)),
    st.builds(lambda v: {"op": "polygon", "projection": "umap", "vertices": v},
              st.lists(st.tuples(NUMBER, NUMBER).map(list), min_size=3, max_size=5)),
)
RULE = st.recursive(LEAF, lambda part: st.builds(lambda rules: {"op": "and", "rules": rules}, st.lists(part, max_size=3))
                    | part.map(lambda rule: {"op": "not", "rule": rule}), max_leaves=6)
NAME = st.from_regex(r"[A-Za-zÄé0-9]([A-Za-z0-9 ._+-]{0,20}[A-Za-z0-9_+-])?", fullmatch=True)
QUASARS = Kept("far quasars", parse('class == "QSO" & z > 2'), 12, "f" * 64, "demo")


@pytest.fixture
def kept(tmp_path):
    return Selections(tmp_path / "selections")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAME, rule=RULE, count=st.integers(0, 10**9))
def test_what_is_kept_is_what_is_loaded(kept, name, rule, count):
    mine = Kept(name, rule, count, "a" * 64, "demo")
    kept.save(mine, replace=True)
    assert kept.load(name) == mine
    assert json.loads(kept.file(name).read_text(encoding="utf-8"))["text"] == mine.text
    assert name in kept.names()
    kept.delete(name)
    assert kept.names() == []


def test_a_taken_name_is_not_overwritten_unless_asked(kept):
    kept.save(QUASARS)
    other = Kept("Far Quasars", parse("z > 3"), 2)  # the same on a disk that does not tell case apart
    with pytest.raises(ConfigError, match="kept as 'far quasars' already"):
        kept.save(other)
    assert kept.load("far quasars") == QUASARS
    kept.save(other, replace=True)
    assert kept.names() == ["Far Quasars"] and kept.load("Far Quasars") == other


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../a", "a\\b", "a.", "a ", " a", "x" * 81, "a\nb", "a:b", None])
def test_names_that_will_not_do(kept, name):
    with pytest.raises(ConfigError, match="no name for a selection"):
        kept.save(Kept(name, {"op": "all"}, 1))
    assert not kept.folder.exists()


def test_what_is_not_there(kept):
    kept.save(QUASARS)
    for do in (kept.load, kept.delete):
        with pytest.raises(StoreError, match="did you mean far quasars"):
            do("far quasar")


DAMAGE = {
    "no JSON": "{", "a list": "[]", "a bare rule": '{"op": "all"}', "no rule": QUASARS.to_json().replace('"and"', '"und"'),
    "count": QUASARS.to_json().replace("12", "-1"), "count as text": QUASARS.to_json().replace("12", '"12"'),
    "too new": QUASARS.to_json().replace('"schema_version": 1', '"schema_version": 2'), "deep": "[" * 100_000,
    "foreign key": QUASARS.to_json().replace('"count"', '"counts"'), "name": QUASARS.to_json().replace("far quasars", "../x"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_error_that_names_the_file(kept, damage):
    kept.save(QUASARS)
    kept.file(QUASARS.name).write_text(DAMAGE[damage])
    with pytest.raises(StoreError, match=r"far quasars\.json"):
        kept.load(QUASARS.name)


def test_not_text(kept):
    kept.save(QUASARS)
    kept.file(QUASARS.name).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="cannot be read"):
        kept.load(QUASARS.name)


def test_a_file_holds_a_kept_selection_or_a_bare_rule():
    assert read_rule(QUASARS.to_json()) == QUASARS
    assert read_rule('{"op": "all"}') == {"op": "all"}
    for text in ("{", "[]", "3", '{"rule": {"op": "all"}}', '{"op": "none"}', "[" * 100_000):
        with pytest.raises(AtlasError, match=r"mine\.json"):
            read_rule(text, "mine.json")


def test_check_knows_them(tmp_path):
    writer = StoreWriter(tmp_path / "c.store", None, {}, 1)
    writer.write_shard(0, None, None, None, {"object_id": [f"t:r:{i}" for i in range(20)], "survey": ["t"] * 20})
    store = writer.finish()
    mine = Selections.of(store.path)
    mine.save(QUASARS)
    assert check(store.path) == []
    mine.save(Kept("many", {"op": "all"}, 21))
    mine.file("torn").write_text("{")
    mine.file("other").write_text(QUASARS.to_json())
    (mine.folder / "notes.txt").write_text("mine")
    found = {finding.where: (finding.severity, finding.what) for finding in check(store.path)}
    assert found["selections/many.json"] == ("error", "it counts 21 of 20 objects")
    assert found["selections/torn.json"][0] == "error"
    assert found["selections/other.json"] == ("warning", "it calls itself 'far quasars'")
    assert found["selections/notes.txt"] == ("warning", "this is no kept selection")
    assert len(found) == 4


def test_kill_9_leaves_a_whole_file(tmp_path):
    script = tmp_path / "save.py"
    script.write_text(textwrap.dedent(f"""
        from qsocore.store.selections import Kept, Selections
        kept = Selections({str(tmp_path / "selections")!r})
        for count in range(100_000):
            rule = {{"op": "ids", "ids": [f"t:r:{{i}}" for i in range(2000)]}}
            kept.save(Kept("mine", rule, count), replace=True)
            print(count, flush=True)
    """))
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True,
                               env=os.environ | {"PYTHONPATH": os.getcwd()})
    for line in process.stdout:
        if int(line) >= 10:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    kept = Selections(tmp_path / "selections")
    assert kept.names() == ["mine"]
    assert kept.load("mine").count >= 10 and len(kept.load("mine").rule["ids"]) == 2000
