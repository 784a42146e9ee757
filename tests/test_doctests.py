"""Examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(".".join(file.relative_to(ROOT).with_suffix("").parts) for package in ("qsocore", "dashboard")
                 for file in (ROOT / package).rglob("*.py") if "\n    >>> " in file.read_text(encoding="utf-8"))


def test_there_are_examples():
    assert {"qsocore.grid", "qsocore.errors", "qsocore.models.labels"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0 and result.failed == 0
