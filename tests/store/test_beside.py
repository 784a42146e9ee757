"""Columns beside a frozen catalogue."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dashboard.table import AtlasTable
from qsocore.catalog import Column
from qsocore.errors import StoreError
from qsocore.store import paths
from qsocore.store.beside import keep_columns, kept_columns
from qsocore.store.check import check
from qsocore.store.columns import to_field
from qsocore.workflow.joined import Joined
from tests.spectra import small_store


def columns_of(values):
    meaning = to_field(Column("x", "float32", "quality", "mag", "An x"))
    return pa.table([pa.array(values, pa.float32())], schema=pa.schema([meaning]))


@pytest.fixture
def store(tmp_path):
    return small_store(tmp_path / "small.store", 12)


def test_kept_columns_are_read_by_rules_and_maps_and_pass_the_check(store):
    assert not kept_columns(store)
    keep_columns(store, "toy", columns_of([1.0, 3.0]), np.array([0, 2]), "one")
    joined = Joined(store)
    values = joined.values("x")
    assert values[[0, 2]].tolist() == [1.0, 3.0] and np.isnan(values[1])
    assert joined.columns["x"].unit == "mag" and joined.columns["x"].description == "An x"
    np.testing.assert_array_equal(AtlasTable.from_store(store).numbers("x"), values)
    assert check(store.path) == []


def test_the_same_maker_adds_and_another_replaces(store):
    keep_columns(store, "toy", columns_of([1.0]), np.array([0]), "one")
    keep_columns(store, "toy", columns_of([5.0, 2.0]), np.array([0, 1]), "one")
    keep_columns(store, "toy", columns_of([9.0]), np.array([2]), "one")
    assert Joined(store).values("x")[:3].tolist() == [5.0, 2.0, 9.0]
    keep_columns(store, "toy", columns_of([7.0]), np.array([1]), "two")
    assert np.isfinite(Joined(store).values("x")).sum() == 1


def test_columns_of_the_catalogue_are_not_hidden(store):
    table = columns_of([1.0]).rename_columns(["z"])
    with pytest.raises(StoreError, match="already"):
        keep_columns(store, "toy", table, np.array([0]), "one")


def test_a_damaged_file_is_found(store):
    file = keep_columns(store, "toy", columns_of([1.0]), np.array([0]), "one")
    table = pq.read_table(file)
    pq.write_table(table.take(list(range(len(table)))[::-1]).replace_schema_metadata(table.schema.metadata), file)
    assert any("they are not" in finding.what for finding in check(store.path))
    (paths.columns(store.path) / "toy.parquet").write_bytes(b"no table")
    found = [finding for finding in check(store.path) if finding.where == "columns/toy.parquet"]
    assert found and found[0].remedy == "run 'qso toy' again"
