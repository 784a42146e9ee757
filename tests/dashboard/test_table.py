"""The join is by object id and by nothing else."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from dashboard import shelf
from dashboard.colourings.categorical import MAX_CLASSES
from dashboard.table import MISSING, OTHER, AtlasTable
from qsocore.errors import AtlasError
from qsocore.store import RunFolder, StoreWriter
from tests.dashboard.survey import in_memory


def make_run(folder, latents, projection, read="another store's data"):
    """A run with latents, a map and the map's reference, as embedding leaves it in a store."""
    run = RunFolder(folder / "20270101T000000-map")
    (run.path / "projections").mkdir(parents=True)
    (run.path / "run.json").write_text(json.dumps({"data": {"sha256": read}}))
    pq.write_table(pa.table(latents), run.latents)
    pq.write_table(pa.table(projection), run.projection("umap"))
    places = {"coordinates": np.float32([[7, 8], [9, 10], [11, 12]]), "latents": np.zeros((3, 1), "f4")}
    save_file(places, run.reference("umap"))
    return run


@pytest.fixture
def joined(tmp_path):
    """A catalogue of 50, latents of 40 of them in another order, a map of all backwards."""
    rng = np.random.default_rng(0)
    ids = [f"a:1:{k}" for k in range(50)]
    writer = StoreWriter(tmp_path / "c.store", None, {}, 1)
    writer.write_shard(0, None, None, None, {"object_id": ids, "survey": ["a"] * 50, "z": np.arange(50) / 10,
                                             "number": np.arange(50) + 2**53})
    known = rng.permutation(50)[:40]
    latents = {"object_id": [ids[k] for k in known], "latent_0": known.astype("f4"), "n_pix_good": known.astype("i4")}
    projection = {"object_id": ids[::-1], "x": np.arange(50)[::-1].astype("f4"), "y": -np.arange(50)[::-1].astype("f4")}
    return AtlasTable.from_store(writer.finish(), make_run(tmp_path, latents, projection)), set(known.tolist())


def test_every_object_gets_its_own_latents_and_place(joined):
    table, known = joined
    latent = table.numbers("latent_0")
    for row in range(50):
        assert latent[row] == row if row in known else np.isnan(latent[row])
    assert np.array_equal(table.numbers("umap_x"), np.arange(50, dtype=np.float32))
    assert np.array_equal(table.numbers("umap_y"), -np.arange(50, dtype=np.float32))
    assert table.maps == {"umap": ("umap_x", "umap_y")}


def test_a_row_and_a_frame_tell_exact_values_of_the_same_object(joined):
    table, known = joined
    absent = next(k for k in range(50) if k not in known)
    assert table.row(absent)["n_pix_good"] is None
    rows = np.array([7, 3, absent])
    frame = table.frame(rows, ["object_id", "number", "latent_0"])
    assert frame["object_id"].tolist() == [f"a:1:{k}" for k in rows]
    assert frame["number"].tolist() == [int(k) + 2**53 for k in rows], "integers keep all their digits"
    assert frame["latent_0"].isna().tolist() == [k not in known for k in rows]
    assert table.row(7)["number"] == 2**53 + 7 and table.row_of("a:1:7") == 7 and table.row_of("a:1:x") == -1


def test_numbers_are_float32_shared_and_read_only(joined):
    table, _ = joined
    z = table.numbers("z")
    assert z.dtype == np.float32 and z is table.numbers("z")
    with pytest.raises(ValueError, match="read-only"):
        z[0] = 1
    with pytest.raises(AtlasError, match="did you mean latent_0"):
        table.numbers("latent0")
    with pytest.raises(AtlasError, match="text, not numbers"):
        table.numbers("survey")


def of_labels(labels):
    return in_memory({"kind": pa.array(labels, pa.string())}, {"kind": "label"})


def test_classes_are_numbered_by_frequency_with_the_missing_last():
    classes = of_labels(["b", "a", "b", None, "", "c", "b", "a"]).classes("kind")
    assert classes.names == ("b", "a", "c", MISSING)
    assert classes.counts.tolist() == [3, 2, 1, 2]
    assert classes.codes.tolist() == [0, 1, 0, 3, 3, 2, 0, 1]


def test_rare_classes_share_a_colour_but_none_is_lost():
    labels = [f"c{k:03d}" for k in range(300) for _ in range(310 - k)]
    classes = of_labels(labels).classes("kind")
    assert len(classes.names) == MAX_CLASSES and classes.names[-1] == OTHER
    assert classes.counts.sum() == len(labels) and classes.names[:2] == ("c000", "c001")


def test_flags_are_coloured_as_classes_and_numbers_on_a_scale(library):
    table = library.table("small")
    assert table.is_categorical("class") and table.is_categorical("z_warn") and table.is_categorical("calibrated")
    assert not table.is_categorical("z") and not table.is_categorical("n_pix_good")
    assert list(table.maps) == ["pca", "sky"]


def test_the_ground_is_what_another_store_left_on_the_map(joined, tmp_path):
    table, _ = joined
    x, y = table.ground["umap"]
    assert x.tolist() == [7, 9, 11] and y.tolist() == [8, 10, 12]
    store, run = table.store, table.run
    run.reference("umap").write_bytes(b"damaged")
    assert AtlasTable.from_store(store, run).ground == {}
    (run.path / "run.json").write_text(json.dumps({"data": {"sha256": store.manifest.fingerprint}}))
    assert AtlasTable.from_store(store, RunFolder(run.path)).ground == {}


def test_rows_and_ids_find_each_other(joined):
    table, _ = joined
    assert table.ids_of(np.array([7, 3])) == ["a:1:7", "a:1:3"]
    assert table.rows_of(["a:1:9", "no:such:object", "a:1:0", "a:1:9"]).tolist() == [9, -1, 0, 9]
    assert table.rows_of(["x"]).tolist() == [-1]


def test_a_run_that_says_it_is_in_the_stores_order_is_joined_without_its_ids(joined, tmp_path):
    store = joined[0].store
    for said, first in ((store.manifest.fingerprint, 49.0), ("another", 0.0)):
        folder = tmp_path / said[:7]
        run = make_run(folder, {"object_id": [f"a:1:{k}" for k in range(50)], "latent_0": np.arange(50, dtype="f4")}, {
            "object_id": [f"a:1:{k}" for k in range(50)][::-1], "x": np.arange(50)[::-1].astype("f4"), "y": np.zeros(50, "f4")})
        backwards = pq.read_table(run.projection("umap"))
        pq.write_table(backwards.replace_schema_metadata({"store": said}), run.projection("umap"))
        assert AtlasTable.from_store(store, run).numbers("umap_x")[0] == first, "only what names this very store is trusted"


def test_further_columns_of_a_run_are_columns(joined):
    table, _ = joined
    (table.run.path / "columns").mkdir()
    field = pa.field("anomaly", pa.float32(), metadata={"role": "quality", "description": "How odd"})
    odd = pa.table([pa.array([f"a:1:{k}" for k in (4, 2)]), pa.array([4.0, 2.0], pa.float32())],
                   schema=pa.schema([pa.field("object_id", pa.string()), field]))
    pq.write_table(odd, table.run.path / "columns" / "odd.parquet")
    again = AtlasTable.from_store(table.store, table.run)
    assert again.columns["anomaly"].description == "How odd" and again.columns["anomaly"].role == "quality"
    assert [again.numbers("anomaly")[row] for row in (2, 4)] == [2.0, 4.0] and np.isnan(again.numbers("anomaly")[0])
    assert again.latent_names == ["latent_0"] and again.latents(np.array([3])).shape == (1, 1)


def test_a_big_catalogue_lies_on_the_shelf_and_says_the_same(joined, tmp_path, monkeypatch):
    table, _ = joined
    monkeypatch.setenv("QSO_ATLAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(shelf, "BIG", 10)
    for _ in range(2):  # laid down, and found again
        big = AtlasTable.from_store(table.store, table.run)
        assert isinstance(big.exact("z"), np.memmap) and np.array_equal(big.numbers("z"), table.numbers("z"))
        assert big.classes("survey").names == table.classes("survey").names
        assert big.ids_of(np.arange(50)) == table.ids_of(np.arange(50)) and big.row_of("a:1:44") == 44
        mine, theirs = big.plane("umap_x", "umap_y"), table.plane("umap_x", "umap_y")
        assert mine.box == theirs.box and np.array_equal(mine.order, theirs.order)
    files = list((tmp_path / "home" / "cache").glob("*/*.npy"))
    files[0].write_bytes(b"damaged")
    again = AtlasTable.from_store(table.store, table.run)
    assert np.array_equal(again.numbers("z"), table.numbers("z")) and again.plane("umap_x", "umap_y").n_placed == 50
