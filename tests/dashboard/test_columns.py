"""Columns stand in their groups, and a few rows of them are the same however they are looked up."""

import numpy as np
import pytest

from dashboard import columns as module
from dashboard import words
from dashboard.columns import cells, grouped, numeric


@pytest.fixture
def table(library):
    return library.table("small")


def test_every_column_stands_in_one_group(table):
    found = [name for columns in grouped(table).values() for name in columns.values()]
    assert sorted(found) == sorted(table.columns)
    assert list(grouped(table, ["z", "latent_1", "latent_0"])) == ["Redshift and quality", "Latents"]
    assert set(numeric(table)) == {name for name, column in table.columns.items() if column.dtype != "string"}


def test_a_big_catalogue_gives_the_same_cells(table, monkeypatch):
    rows, names = np.array([399, 3, 77]), list(table.columns)
    small = cells(table, rows, names)
    monkeypatch.setattr(module, "_BIG", 10)
    big = cells(table, rows, names)
    assert big["object_id"] == ["test:one:00399", "test:one:00003", "test:one:00077"]
    for name in names:
        shown = [[words.value(value, table.columns[name]) for value in part[name]] for part in (small, big)]
        assert shown[0] == shown[1], name
