"""Stores of images: alone, beside spectra, damaged, doubled."""

import numpy as np
import pytest

from qsocore.errors import StoreError
from qsocore.sampling import ImageGrid
from qsocore.store import StoreWriter, open_store
from qsocore.store.check import check
from tests.dashboard.survey import make_store
from tests.images import blobs, make_images


def test_images_come_back_as_they_were_written_in_any_order(tmp_path):
    store, flux = make_images(tmp_path / "a.store"), blobs(40)
    assert store.grid is None and store.image_grid == ImageGrid(("g", "r", "i"), 12, 0.263, 30.0)
    rows = np.array([39, 0, 21, 21, 3])
    images = store.images(rows)
    np.testing.assert_array_equal(images.flux, flux[rows])
    assert (images.ivar == 400).all() and not images.mask.any() and len(images) == 5
    assert check(store.path) == [] and store.image_store is store


def test_neighbouring_images_are_a_memory_map(tmp_path):
    store = make_images(tmp_path / "a.store")
    part = store.images(np.arange(3, 9)).flux
    assert isinstance(part, np.memmap) and not part.flags.writeable


def test_a_store_of_images_has_no_spectra_and_one_of_spectra_no_images(tmp_path):
    images, spectra = make_images(tmp_path / "a.store"), make_store(tmp_path / "b.store")
    with pytest.raises(StoreError, match="images but no spectra"):
        images.spectra([0])
    with pytest.raises(StoreError, match="not images"):
        spectra.images([0])
    assert spectra.image_store is None


def test_images_beside_spectra_are_found_by_object_id(tmp_path):
    make_store(tmp_path / "b.store")
    store = open_store(tmp_path / "b.store")
    some = store.column("object_id")[[7, 2, 30]]
    make_images(tmp_path / "b.store" / "images", 3, ids=some, n_shards=1)
    store = open_store(tmp_path / "b.store")
    assert store.image_store.n_rows == 3 and store.grid is not None
    assert store.image_store.index_of(store.column("object_id")[[2]]) == [1]
    assert check(store.path) == []


def test_images_of_strangers_and_damaged_ones_are_found_by_check(tmp_path):
    make_store(tmp_path / "b.store")
    make_images(tmp_path / "b.store" / "images", 3, ids=["x:y:1", "x:y:2", "x:y:3"], n_shards=1)
    (finding,) = check(tmp_path / "b.store")
    assert finding.where == "images" and "3 of its objects" in finding.what
    shard = tmp_path / "b.store" / "images" / "arrays" / "flux-00000.npy"
    shard.write_bytes(shard.read_bytes()[:-8])
    assert any(found.where.startswith("images/arrays/flux") for found in check(tmp_path / "b.store"))


def test_doubled_objects_are_dropped_with_their_images(tmp_path):
    ids = [f"t:o:{k % 30}" for k in range(40)]
    store = make_images(tmp_path / "a.store", ids=ids)
    assert store.n_rows == 30 and check(store.path) == []
    np.testing.assert_array_equal(store.images(np.arange(30)).flux, blobs(40)[:30])


def test_a_shard_of_another_shape_is_refused(tmp_path):
    writer = StoreWriter(tmp_path / "a.store", ImageGrid(("g",), 12), {}, 1)
    catalog = {"object_id": ["a:b:1"], "survey": ["a"]}
    with pytest.raises(StoreError, match=r"shape \(1, 1, 11, 12\)"):
        writer.write_shard(0, *(np.zeros((1, 1, 11, 12)),) * 3, catalog)
