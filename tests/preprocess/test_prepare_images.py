"""Images and photometry as models read them: bands by name, the middle of a cutout, objects without any."""

import numpy as np
import pytest

from qsocore.catalog import Column
from qsocore.errors import ConfigError, StoreError
from qsocore.preprocess.normalise_images import ImageNormalisation
from qsocore.preprocess.photometry import bands_of, fluxes_of, from_magnitude
from qsocore.preprocess.prepare import prepared_for
from qsocore.sampling import Bands, ImageGrid
from qsocore.store import StoreWriter, open_store
from tests.dashboard.survey import make_store
from tests.images import blobs, make_images

NONE = ImageNormalisation(scale="none", error_floor=0.0)


def test_bands_are_taken_by_name_and_the_middle_is_cut_out(tmp_path):
    store, flux = make_images(tmp_path / "a.store"), blobs(40)
    rows = np.array([3, 17, 4])
    block = prepared_for("images", store, ImageGrid(("i", "g"), 8, 0.263), NONE).read(rows)
    np.testing.assert_array_equal(block.x, flux[rows][:, [2, 0], 2:10, 2:10])
    np.testing.assert_allclose(block.w, 400)
    np.testing.assert_allclose(block.precision, 400)


def test_objects_without_an_image_are_masked_altogether_and_known_to_be(tmp_path):
    make_store(tmp_path / "b.store")
    store = open_store(tmp_path / "b.store")
    make_images(tmp_path / "b.store" / "images", 3, ids=store.column("object_id")[[7, 2, 30]], n_shards=1)
    store = open_store(tmp_path / "b.store")
    prepared = prepared_for("images", store, store.image_store.image_grid, NONE)
    assert np.flatnonzero(prepared.known).tolist() == [2, 7, 30]
    block = prepared.read(np.array([2, 3, 7]))
    np.testing.assert_array_equal(block.x[[0, 2]], blobs(3)[[1, 0]])
    assert not block.w[1].any() and not block.x[1].any() and (block.w[[0, 2]] > 0).all()


@pytest.mark.parametrize("grid, why", [(ImageGrid(("g", "u"), 12, 0.263), "g u"), (ImageGrid(("g",), 14, 0.263), "14"),
                                       (ImageGrid(("g",), 12, 0.4), "arcsec")])
def test_images_that_do_not_fit_a_model_are_refused(tmp_path, grid, why):
    store = make_images(tmp_path / "a.store")
    with pytest.raises(ConfigError, match=why):
        prepared_for("images", store, grid, NONE)


def test_a_store_without_images_is_refused_with_what_to_do(tmp_path):
    store = make_store(tmp_path / "b.store")
    with pytest.raises(StoreError, match="--into"):
        prepared_for("images", store, ImageGrid(("g",), 12), NONE)


def photometric(path):
    nan = np.nan
    columns = {"flux_g": [1.0, 0.0, nan, 4.0], "fluxerr_g": [0.1, 0.2, nan, 0.0], "mag_r": [23.9, nan, 21.4, 99.0],
               "magerr_r": [0.1, nan, 0.2, 99.0]}
    writer = StoreWriter(path, None, {}, 1)
    writer.write_shard(0, None, None, None, {"object_id": [f"a:b:{k}" for k in range(4)], "survey": ["a"] * 4} | columns,
                       [Column(name, "float64", "flux" if "flux" in name else "magnitude") for name in columns])
    return writer.finish()


def test_fluxes_and_magnitudes_become_microjansky_and_what_is_unknown_says_nothing(tmp_path):
    store = photometric(tmp_path / "p.store")
    assert bands_of(store) == ("g", "r")
    flux, ivar = fluxes_of(store, ("g", "r"))
    np.testing.assert_allclose(flux, [[1, 1], [0, 0], [0, 10], [0, 0]], rtol=1e-6)
    floor = 0.01 * np.log(10) / 2.5  # of the calibration
    assert ivar[0, 0] ** -0.5 == pytest.approx(np.hypot(0.1, floor))
    assert ivar[1, 0] ** -0.5 == pytest.approx(0.2) and ivar[1, 1] == 0  # a limit, and nothing
    assert ivar[2, 1] ** -0.5 == pytest.approx(10 * np.hypot(0.2 * np.log(10) / 2.5, floor))
    assert (ivar[[2, 3], [0, 0]] == 0).all()


def test_photometry_is_scaled_by_the_brightest_band(tmp_path):
    store = photometric(tmp_path / "p.store")
    prepared = prepared_for("photometry", store, Bands(("r", "g")), ImageNormalisation(error_floor=0.0))
    block = prepared.read(np.array([2, 0]))
    assert block.x.shape == (2, 2) and block.x[0].tolist() == [1, 0] and block.w[0, 1] == 0
    assert prepared.known.tolist() == [True, True, True, False]


def test_a_missing_band_is_named_with_those_that_are_there(tmp_path):
    with pytest.raises(StoreError, match=r"in z.*g, r"):
        fluxes_of(photometric(tmp_path / "p.store"), ("g", "z"))


def test_a_magnitude_of_23_9_is_a_microjansky_and_99_is_none():
    np.testing.assert_allclose(from_magnitude([23.9, 21.4, 99, np.nan]), [1, 10, np.nan, np.nan])
