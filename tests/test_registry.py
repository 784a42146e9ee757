"""Families: one member one file, listed without importing, refused with the nearest name."""

import sys
from importlib.metadata import EntryPoint

import pytest

import qsocore.registry
from qsocore.errors import ConfigError
from qsocore.registry import Family


@pytest.fixture
def family(tmp_path, monkeypatch):
    """A family of two members, a module beside them, and one that cannot be imported."""
    package = tmp_path / "pets"
    package.mkdir()
    files = {"__init__": "", "cat": "PET = 'meow'", "guinea_pig": "PET = 'squeak'", "food": "", "_inner": "", "ill": "1 / 0"}
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield Family("pet", "pets", "PET", "test.pets", apart=("food",))
    for name in [name for name in sys.modules if name.split(".")[0] == "pets"]:
        del sys.modules[name]


def test_names_without_importing(family):
    assert family.names() == ["cat", "guinea-pig", "ill"]
    assert "cat" in family and "food" not in family
    assert "pets.cat" not in sys.modules


def test_get(family):
    assert family.get("guinea-pig") == "squeak"
    assert family.get("guinea_pig") == "squeak" and "guinea_pig" in family


def test_nearest_name(family):
    with pytest.raises(ConfigError, match="no pet is called 'cta'; did you mean cat"):
        family.get("cta")


def test_entry_points_add_and_never_replace(family, monkeypatch):
    points = [EntryPoint("dog", "pets.cat:PET", "test.pets"), EntryPoint("cat", "pets.ill:PET", "test.pets")]
    monkeypatch.setattr(qsocore.registry, "entry_points", lambda group: points if group == "test.pets" else [])
    assert family.names() == ["cat", "dog", "guinea-pig", "ill"]
    assert family.get("dog") == family.get("cat") == "meow"
