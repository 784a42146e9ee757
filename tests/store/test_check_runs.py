"""What 'qso check' says of the tables of a run."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qsocore.store import StoreWriter
from qsocore.store.check import check
from qsocore.store.runs import in_row_order, new_run

N = 12
IDS = [f"toy:r1:{i}" for i in range(N)]


@pytest.fixture
def store(tmp_path):
    """Twelve objects without spectra, and a run without a model."""
    writer = StoreWriter(tmp_path / "toy.store", None, {}, 2)
    for shard, ids in enumerate((IDS[:5], IDS[5:])):
        writer.write_shard(shard, None, None, None, {"object_id": ids, "survey": ["toy"] * len(ids)})
    store = writer.finish()
    (new_run(store.path / "runs", "none").path / "run.json").write_text('{"model": null}')
    return store


def write(store, ids, metadata=None, name="extra"):
    """A file of further columns."""
    file = store.run("none").column_file(name)
    file.parent.mkdir(exist_ok=True)
    table = pa.table({"object_id": ids, "a": np.arange(len(ids))}).replace_schema_metadata(metadata)
    pq.write_table(table, file, row_group_size=5)
    return store.run("none")


def found(store):
    return [(finding.severity, finding.where.split("/", 2)[2], finding.what) for finding in check(store.path)]


def test_tables_in_the_store_s_order_and_in_another_are_clean(store):
    assert found(store) == []  # a run without a model has no weights to miss
    run = write(store, IDS, in_row_order(store))
    write(store, IDS[::-1], name="turned")
    assert run.columns() == ["extra", "turned"] and found(store) == []


@pytest.mark.parametrize("ids, says", [
    (IDS[::-1], [("error", "says that its rows are the store's")]),
    (IDS[:-1], [("error", "says that its rows are the store's"), ("warning", "1 objects have no place")]),
    ([*IDS[:-1], "toy:r1:99"], [("error", "says that its rows"), ("error", "1 of its objects are not in the store"),
                                ("warning", "1 objects have no place")]),
])
def test_a_table_that_only_says_that_it_is_in_order(store, ids, says):
    write(store, ids, in_row_order(store))
    result = found(store)
    assert len(result) == len(says)
    for (severity, where, what), (wanted, words) in zip(result, says, strict=True):
        assert (severity, where) == (wanted, "columns/extra.parquet") and words in what


def test_a_damaged_table(store):
    run = write(store, IDS)
    run.column_file("extra").write_bytes(b"PAR1 and then nothing")
    assert [(severity, where) for severity, where, _ in found(store)] == [("error", "columns/extra.parquet")]


def test_a_training_that_is_not_finished(store):
    (store.run("none").path / "run.json").write_text('{"model": "pca"}')
    assert ("training is not finished" in str(check(store.path)[0])) and len(check(store.path)) == 1
