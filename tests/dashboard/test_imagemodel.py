"""What is drawn of an image: the plate of its pictures, and what models make of it."""

import re
from io import BytesIO

import numpy as np
import pytest

from dashboard import image, imagemodel
from dashboard.attribution import Question
from dashboard.exemplars import exemplars
from dashboard.image import Cube
from dashboard.library import Library
from dashboard.sprites import Kind
from dashboard.views._imagedesk import Chosen, controls
from dashboard.views._plate import Plate
from qsocore.errors import AtlasError
from tests.dashboard.survey import IMAGES, make_image_store


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Images with a run that gives them back and one that cannot; on the inner 16 pixels of three bands."""
    from qsocore.workflow.train import train

    path = tmp_path_factory.mktemp("imagemodel") / "images.store"
    make_image_store(path, 60)
    train("image-vae", path, "vae", ["epochs=1"], publish=False)
    return Library.open(path)


def pictures_of(html):
    """Name and array of each picture of a plate."""
    from base64 import b64decode

    from PIL import Image

    found = re.findall(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]*)"', html)
    return {name: np.asarray(Image.open(BytesIO(b64decode(data)))) for name, data in found}


def cube_of(**changes):
    rng = np.random.default_rng(0)
    return Cube(**{"flux": rng.normal(0, 1, (6, 8, 4)).astype(np.float32), "bands": ("g", "r", "i", "z")} | changes)


def test_a_plate_has_colour_at_three_stretches_and_every_band():
    cube = cube_of()
    html = Plate(cube, said={"g": "21.00 ± 0.10", "r": "not detected", "J": "18.00"}).html()
    pictures = pictures_of(html)
    assert list(pictures) == ["gri in colour, faint", "gri in colour", "gri in colour, bright",
                              *(f"band {name}" for name in "griz")]
    np.testing.assert_array_equal(pictures["gri in colour"], image.lupton(cube))
    np.testing.assert_array_equal(pictures["band z"], image.in_grey(cube, "z"))
    assert pictures["gri in colour, faint"].mean() > pictures["gri in colour"].mean() > pictures["gri in colour, bright"].mean()
    assert '<b>g</b><span class="mag">21.00 ± 0.10</span>' in html and "not detected" in html
    assert '<b>J</b> 18.00' in html and 'class="bar"' in html and "compass" not in html, "no direction is claimed"
    assert "compass" in Plate(cube_of(north_up=True)).html()


def test_all_stretches_stand_in_rows_side_by_side():
    cube = cube_of()
    pictures = pictures_of(Plate(cube, stretches=image.STRETCHES).html())
    assert [name for name in pictures if name.startswith("band g")] == [f"band g, {name}" for name in image.STRETCHES]
    np.testing.assert_array_equal(pictures["band r, log"], image.grey(cube.band("r"), "log", image.limits_of(cube.band("r"))))


def test_what_is_missing_or_masked_is_marked():
    flagged = np.zeros((6, 8, 4), bool)
    flagged[2, 3, 1] = True
    cube = cube_of(flagged=flagged)
    cube.flux[..., 3] = np.nan
    html = Plate(cube).html()
    pictures = pictures_of(html)
    assert "band z" not in pictures and html.count("not observed") == 1 and "1 masked pixels" in html
    plain = image.in_grey(cube, "r")
    assert pictures["band r"].shape == (6, 8, 3) and pictures["band g"].ndim == 2
    differs = (pictures["band r"] != plain[..., None]).any(axis=2)
    assert differs.sum() == 1 and differs[2, 3]


def test_a_strip_has_every_band_in_its_place():
    cube = cube_of()
    cube.flux[..., 2] = np.nan
    strip = image.strip(cube)
    assert strip.shape == (6, 4 * 10 - 2, 3)
    np.testing.assert_array_equal(strip[:, 30:38, 0], image.in_grey(cube, "z"))
    assert len(np.unique(strip[:, 18:30])) == 1, "a band that is not there is as grey as a gap"


def test_a_bright_object_is_not_burnt_out_but_for_a_common_brightness():
    faint = cube_of()
    bright = Cube(faint.flux.copy(), faint.bands)
    bright.flux[2:4, 3:5] += np.array([3000.0, 6000.0])[:, None, None]
    own, common = image.lupton(bright), image.lupton(bright, scale=image.own_scale(faint))
    assert (common[2:4, 3:5].max(axis=2) == 255).all(), "white at both"
    assert own[2, 3].max() < own[3, 3].max()
    assert image.lupton(faint, stretched=0.3).mean() > image.lupton(faint).mean()


def test_the_sky_is_not_taken_from_an_object_that_fills_its_image():
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:40, :40] - 19.5
    noise = rng.normal(0, 1, (40, 40, 1)).astype(np.float32)
    full = noise + (300 * np.exp(-np.hypot(x, y) / 6)[..., None]).astype(np.float32)
    ivar = np.ones_like(noise)
    assert abs(image.level_of(Cube(noise, ("r",), ivar=ivar), "r")) < 0.2
    assert image.level_of(Cube(full, ("r",), ivar=ivar), "r") < 8 < 16 < image.sky_of(full[..., 0])[0], "in the corners it is 3"


def test_a_spectrum_that_rises_or_falls_evenly_is_not_green():
    noise = np.random.default_rng(1).normal(0, 1, (40, 40, 3)) * (1.0, 1.5, 4.0)
    for slope in (0.5, 2.0):
        flux = noise.copy()
        flux[18:22, 18:22] += 800 * np.array([1, slope, slope**2]) * (1.0, 2.0, 4.0)
        red, green, blue = (int(level) for level in image.lupton(Cube(flux.astype(np.float32), ("g", "r", "i")))[20, 20])
        assert min(red, blue) <= green <= max(red, blue)


def test_residuals_are_black_at_zero_and_of_two_colours():
    values = np.array([[-9, -1, 0, 1, 9, np.nan]], np.float32)
    picture = image.signed(values, 5).astype(int)
    assert picture[0, 2].sum() == picture[0, 5].sum() == 0
    assert picture[0, 0, 2] > picture[0, 0, 0] and picture[0, 4, 0] > picture[0, 4, 2]
    assert picture[0, 0].sum() > picture[0, 1].sum() and picture[0, 4].sum() > picture[0, 3].sum()


def test_arrays_of_a_model_stand_in_the_middle_of_a_larger_image():
    cube = cube_of(flux=np.zeros((8, 8, 4), np.float32))
    planes = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    found = imagemodel.placed(planes, ("r", "g"), cube)
    np.testing.assert_array_equal(found["g"][2:6, 2:6], planes[1][::-1], "row 0 of a model is at the bottom")
    assert np.isnan(found["g"]).sum() == 64 - 16 and list(found) == ["r", "g"]


def test_a_reconstruction_and_its_residual_fit_the_image(trained):
    folder = imagemodel.rebuilding(trained, "")
    assert folder.name == "vae" and imagemodel.rebuilding(trained, "vae").name == "vae"
    cube = trained.pictures.cube(6)  # without z
    found = imagemodel.rebuilt(trained, folder, 6, cube)
    assert found.run == "vae" and found.model.keys() == set(IMAGES.bands)
    assert np.isnan(found.residual["z"]).all(), "nothing was measured there"
    inside = np.isfinite(found.residual["g"])
    assert inside.any()
    expected = (cube.band("g") - found.model["g"])[inside]  # sigma of g is 1
    np.testing.assert_allclose(found.residual["g"][inside], expected, rtol=1e-3, atol=1e-2)
    every = np.concatenate([plane[np.isfinite(plane)] for plane in found.residual.values()])
    assert found.chi2_pix == pytest.approx(np.mean(every.astype(float) ** 2), rel=1e-4)


def test_which_pixels_speak_is_asked_of_models_of_images_only(trained, library):
    menu = dict(trained.image_explanations.menu(""))
    assert "latent 0" in menu["vae"] and not trained.explanations.menu("") and not library.image_explanations.menu("small")
    shared = trained.image_explanations.answer(Question("vae", "latent 0"), "", 3)
    assert shared.said.startswith("latent 0 ") and "blank" in shared.said
    assert shared.pixels.keys() == set(IMAGES.bands) and shared.pixels["g"].shape == (24, 24)
    assert trained.image_explanations.answer(Question("vae", "latent 0"), "", 3) is shared


@pytest.fixture(scope="module")
def shaped(trained):
    """With a run that tells classes by convolutions, too."""
    from qsocore.workflow.train import train

    train("morphology", trained.path, "shapes", ["epochs=1", "classes=M,QSO"], publish=False)
    return Library.open(trained.path)


def test_the_training_examples_most_like_an_object_are_others_of_the_training_side(shaped):
    import torch

    from qsocore.explain.examples import last_linear, represent
    from qsocore.models.load import Loaded
    from qsocore.workflow.judge import learnt_from

    loaded = Loaded(shaped.store.run("shapes"))
    source = imagemodel.prepared(shaped, loaded.run, loaded.grid, loaded.normalisation)
    learnt, block = learnt_from(loaded.run, source), source.read(np.arange(60))
    with torch.no_grad():
        x, w = torch.from_numpy(block.x), torch.from_numpy(block.w) * loaded.model.seen
        features = represent(loaded.model, x, w, last_linear(loaded.model)).numpy()
    for row in (int(learnt[0]), int(np.setdiff1d(np.arange(60), learnt)[0])):  # one that was learnt from, and one that was not
        apart = np.linalg.norm(features - features[row], axis=1)
        others = learnt[learnt != row]
        nearest = others[np.argsort(apart[others])][:8]
        found = exemplars(shaped, "shapes/examples", "", row)
        assert [card["id"] for card in found.cards] == found.ids
        np.testing.assert_allclose([float(card["distance"]) for card in found.cards], apart[nearest], rtol=0.02, atol=1e-3)
        rows = shaped.table().rows_of(found.ids)
        assert set(rows) <= set(others.tolist())
        assert [card["facts"] for card in found.cards] == list(shaped.store.column("class")[rows].astype(str))
        assert found.cards[0]["image"] == image.as_url(shaped.sprites.of(rows[:1], Kind(128))[0])
        assert not any(card["fixed"] for card in found.cards) and f"Of {len(learnt)} training examples" in found.said


def test_examples_of_a_run_of_another_store_are_of_that_store_or_said_to_be_missing(shaped, tmp_path):
    from shutil import copytree

    make_image_store(tmp_path / "other.store", 20, 500, "test:two")
    copytree(shaped.store.run("shapes").path, tmp_path / "other.store" / "runs" / shaped.store.run("shapes").path.name)
    with pytest.raises(AtlasError, match="trained on another store"):
        exemplars(Library.open(tmp_path / "other.store"), "shapes/examples", "", 0)
    (tmp_path / "images.store").symlink_to(shaped.path)
    found = exemplars(Library.open(tmp_path / "other.store"), "shapes/examples", "", 0)
    assert len(found.cards) == 8 and "of images.store" in found.said
    assert all(card["fixed"] and card["image"] and card["id"].startswith("test:one:") for card in found.cards)
    assert found.ids == [""] * 8, "none of them is here to be looked at"


def test_channels_that_respond_more_to_an_object_than_to_others_say_what_they_look_for(shaped):
    found = exemplars(shaped, "shapes/channels", "", 3)
    above = [float(card["distance"].removesuffix("σ")) for card in found.cards]
    assert 1 <= len(above) <= 8 and above == sorted(above, reverse=True) and above[-1] >= 0
    assert all(card["fixed"] and card["facts"].startswith("ch. ") for card in found.cards)
    for card in found.cards:
        before, after = re.fullmatch(r".*: (\S+) for noise, (\S+) for this", card["id"]).groups()
        assert float(after) > float(before)
        (picture,) = pictures_of(f'<img alt="made up" src="{card["image"]}"').values()
        assert picture.shape == (24, 24, 3) and picture.min() == 0 and picture.max() == 255
    again = exemplars(shaped, "shapes/channels", "", 3)
    assert again == found and all(one["image"] is other["image"] for one, other in zip(again.cards, found.cards, strict=True))
    numbers = exemplars(shaped, "vae/channels", "", 3).cards  # a model without convolutions
    assert numbers and all(card["facts"].startswith("latent ") for card in numbers)
    for asked in ("", "shapes", "shapes/nonsense", "elsewhere/examples"):
        with pytest.raises(AtlasError, match="no run here can show"):
            exemplars(shaped, asked, "", 3)


def test_choices_are_taken_as_the_browser_says_them_and_no_others():
    chosen = Chosen()
    assert chosen.changed("stretch", "all").stretches == image.STRETCHES
    assert chosen.changed("stretch", "nonsense") == chosen.changed("store", "elsewhere") == chosen
    assert chosen.changed("softening", 1e9).look.softening == 100 and chosen.changed("width", None) == chosen
    assert chosen.changed("colours", "z i r").look.colours == ("z", "i", "r")
    asked = chosen.changed("why", "vae/latent 0")
    assert asked.question == Question("vae", "latent 0") and asked.changed("occlusion", True).question.method == "occlusion"
    assert chosen.question is None
    kinds = [control[0] for control in controls(("g", "r", "i", "z"), True, [("a/b", "a: b")], [("a/examples", "a: examples")])]
    assert kinds == ["one_of", "one_of", "one_of", "on_off", "on_off", "menu", "on_off", "menu", "sliders"]
    assert chosen.changed("beside", "vae/examples").beside == "vae/examples"
    assert [control[1] for control in controls(("g",))] == ["stretch", "brightness", "invert"], "no colour of one band"
