"""Blocks, and the stores and commands made of them."""

import numpy as np
import pytest

from qsocore import open_store
from qsocore.cli import main
from qsocore.errors import ConfigError
from qsocore.simulate.images.block import BLOCK, ImageSurvey, des_grid, make_image_block
from qsocore.simulate.images.kinds import MIXTURES, ImageSample
from qsocore.store.check import check
from qsocore.workflow.simulate import simulate_images

N = 2100  # two shards


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return simulate_images(tmp_path_factory.mktemp("images") / "des.store", 600, seed=7, workers=1)


def same(a, b, rows):
    rows = np.arange(rows)
    one, other = a.images(rows), b.images(rows)
    for name in ("flux", "ivar", "mask"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in a.columns:
        np.testing.assert_array_equal(a.column(name)[rows], b.column(name)[rows])


def test_number_of_workers_changes_nothing(tmp_path):
    mixture = {"M": 1.0, "T": 1.0}
    one, two = (simulate_images(tmp_path / f"{workers}.store", N, seed=7, workers=workers, mixture=mixture)
                for workers in (1, 2))
    assert len(one.manifest.shards) == 2
    same(one, two, N)


def test_a_short_survey_is_the_beginning_of_a_long_one(store, tmp_path):
    same(simulate_images(tmp_path / "short.store", 300, seed=7, workers=1), store, 300)


def test_another_seed_is_another_survey(store, tmp_path):
    other = simulate_images(tmp_path / "other.store", 50, seed=8, workers=1)
    assert not set(other.column("object_id")) & set(store.column("object_id"))


def test_a_store_of_images_is_sound_and_complete(store):
    assert not [finding for finding in check(store.path) if finding.severity == "error"]
    grid = store.image_grid
    assert grid.bands == ("g", "r", "i", "z", "Y") and grid.side == 28 and grid.pixel_scale == 0.263 and grid.zero_point == 30
    assert grid.psf_fwhm == (1.11, 0.95, 0.88, 0.83, 0.90)
    assert store.grid is None and store.image_store is store
    assert set(store.column("class")) == set(MIXTURES["des"])
    for name in store.columns:
        if name.startswith("true_"):
            assert store.columns[name].role == "truth", name
    assert store.columns["mag_g"].role == "magnitude" and store.columns["mag_g"].sentinels == (99.0,)
    assert store.columns["true_theta_e"].unit == "arcsec"


def test_truth_is_missing_where_a_class_has_none(store):
    kind = store.column("true_class")
    for column, has in {"true_theta_e": ["LENS"], "true_type": ["M", "L", "T"],
                        "true_sersic": ["PASSIVE", "STARFORMING", "LENS"],
                        "true_z": ["QSO", "LENS", "PASSIVE", "STARFORMING"]}.items():
        np.testing.assert_array_equal(np.isfinite(store.column(column)), np.isin(kind, has), err_msg=column)


def test_fluxes_of_the_catalogue_are_those_of_the_images(store):
    """What lies in an aperture about the middle of the cutout, in the unit of the zero point, is the catalogue's flux in z."""
    rows = np.arange(300)
    flux = store.images(rows).flux[:, 3]
    axis = np.arange(28) - 13.5
    inside = np.hypot(axis, axis[:, None]) < 1.95 / 2 / 0.263
    sums = flux[:, inside].sum(axis=1) / 10 ** (0.4 * (30 - 23.9))
    catalogue = store.column("flux_z")[rows]
    bright = catalogue > 20
    assert bright.sum() > 50
    np.testing.assert_allclose(sums[bright], catalogue[bright], rtol=0.12)


def test_magnitudes_fluxes_and_errors_say_the_same(store):
    for band in "zJ":
        mag, flux, error = (store.column(f"{name}_{band}") for name in ("mag", "flux", "fluxerr"))
        seen = np.isfinite(mag)
        np.testing.assert_allclose(mag[seen], 23.9 - 2.5 * np.log10(flux[seen]), atol=1e-3)
        np.testing.assert_array_equal(flux > 0, seen)
        assert (flux[seen] > 2 * error[seen]).all() and (error > 0).all()


def test_cutouts_of_another_size_show_the_same_objects_in_their_middle():
    small, large = (make_image_block(ImageSurvey(3, des_grid(side), (("PASSIVE", 1.0),)), 0) for side in (28, 40))
    assert small[0].flux.shape == (BLOCK, 5, 28, 28) and large[0].flux.shape == (BLOCK, 5, 40, 40)
    np.testing.assert_array_equal(small[1]["true_z"], large[1]["true_z"])
    bright = small[1]["flux_z"] > 20
    np.testing.assert_allclose(large[1]["flux_z"][bright], small[1]["flux_z"][bright], rtol=0.1)


def test_the_morphology_set_has_noisy_labels_and_true_ones():
    survey = ImageSurvey(1, des_grid(), tuple(MIXTURES["morphology"].items()), ImageSample(label_noise=0.2))
    _, catalog = make_image_block(survey, 0)
    wrong = (catalog["class"] != catalog["true_class"]).mean()
    assert 0.1 < wrong < 0.3
    assert np.isfinite(catalog["true_difficulty"]).all() and np.isfinite(catalog["true_z"]).all()


@pytest.mark.parametrize("settings, message", [
    ({"n": 0}, "one object at least"), ({"seed": -1}, "no negative seed"), ({"cutout": 8}, "cutouts of 8 pixels"),
    ({"mixture": {"STAR": 1.0}}, "no class of images"), ({"mixture": {"QSO": 0.0}}, "all weights")])
def test_what_cannot_be_simulated_is_refused_before_anything_is_written(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        simulate_images(tmp_path / "no.store", **{"n": 10, "seed": 1} | settings)
    assert not list(tmp_path.iterdir())


def test_the_command_makes_a_store_and_says_what_does_not_belong(tmp_path, capsys):
    out = str(tmp_path / "cli.store")
    assert main(["simulate", "--survey", "des", "--out", out, "--n", "20", "--mixture", "morphology", "--cutout", "32",
                 "--label-noise", "0.05", "--workers", "1"]) == 0
    store = open_store(out)
    assert store.image_grid.side == 32 and store.n_rows == 20
    assert main(["simulate", "--survey", "des", "--out", f"{out}2", "--n", "5", "--grid", "atlas2048"]) == 1
    assert "--grid has no meaning here" in capsys.readouterr().err
    assert main(["simulate", "--out", f"{out}2", "--n", "5", "--cutout", "28"]) == 1
    assert "--survey des" in capsys.readouterr().err
