"""Recipes: said, done once, gone on with."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from qsocore.cli import main, parser_of
from qsocore.config import from_words
from qsocore.cookbook import COOKBOOK, Recipe, Step
from qsocore.cookbook.run import run_recipe
from tests.dashboard.survey import make_store


@dataclass(frozen=True)
class Settings:
    """Where the store is, and what is taken of it."""

    store: str = ""
    z: float = 2.0


LEFT = []


def steps(folder: Path, settings: Settings):
    ids, table = folder / "ids.txt", folder / "table.csv"
    try:
        yield Step("First", "Ids.", ("export", settings.store, "--where", f"z > {settings.z:g}", "--out", str(ids)), ids)
        said = f"{len(ids.read_text().split())} objects" if ids.exists() else "as many objects as there will be"
        yield Step("Second", said, ("export", settings.store, "--columns", "object_id", "z", "--out", str(table)), table)
        yield Step("Third", "Cannot be.", ("check", str(folder / "absent.store")))
    finally:
        LEFT.append(folder)


@pytest.fixture(autouse=True)
def recipe(monkeypatch):
    monkeypatch.setitem(sys.modules, "toy_recipe", SimpleNamespace(RECIPE=Recipe("a try", Settings, steps)))
    monkeypatch.setitem(COOKBOOK._sources, "try", "toy_recipe:RECIPE")
    LEFT.clear()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("recipe") / "s.store", 60)


def test_steps_are_said_and_done_and_passed_over(store, tmp_path):
    lines, settings = [], [f"store={store.path}", "z=1.5"]
    assert run_recipe("try", tmp_path / "r", settings, say=lines.append) == 1
    text, n = "\n".join(lines), int((store.column("z") > 1.5).sum())
    assert f"$ qso export {store.path} --where 'z > 1.5' --out {tmp_path}/r/ids.txt" in text and f"{n} objects" in text
    assert len((tmp_path / "r" / "ids.txt").read_text().split()) == n
    assert [tmp_path / "r"] == LEFT  # what stood around a step has ended
    again = []
    assert run_recipe("try", tmp_path / "r", settings, say=again.append) == 1
    assert "stopped at step 3" in again[-1]
    assert sum("is there already" in line for line in again) == 2


def test_showing_does_nothing(tmp_path):
    lines = []
    assert run_recipe("try", tmp_path / "r", show=True, say=lines.append) == 0
    assert "as many objects as there will be" in "\n".join(lines) and not (tmp_path / "r").exists()


def test_mistakes_are_named(tmp_path, capsys):
    assert main(["recipe", "nothing", "--out", str(tmp_path)]) == 1
    assert main(["recipe", "try", "--out", str(tmp_path), "--set", "m=3"]) == 1
    assert main(["recipe", "lens-search", "--out", str(tmp_path), "--show"]) == 1
    said = capsys.readouterr().err
    assert "no recipe is called 'nothing'" in said and "no setting 'm'" in said and "--set table=FILE" in said


@pytest.mark.parametrize("name", COOKBOOK.names())
def test_every_command_of_a_recipe_parses(name, tmp_path):
    """The settings that have no default are files, whatever they hold: nothing is read before it is run."""
    recipe = COOKBOOK.get(name)
    words = [f"{key}={tmp_path / key}.csv" for key in ("table", "known")] if name == "lens-search" else []
    commands = [step.words for step in recipe.steps(tmp_path / "r", from_words(recipe.settings, words))]
    assert len(commands) > 5
    for command in commands:
        parser_of(command[0]).parse_args(command[1:])
