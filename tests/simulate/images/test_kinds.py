"""Each class as it is drawn: what is true of it, and whether a sample of them looks like the real one."""

from itertools import pairwise

import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.simulate.bands import BANDS, magnitudes_of
from qsocore.simulate.images import dwarfs, morphology, photometry, selection
from qsocore.simulate.images.block import ImageSurvey, des_grid, make_image_block
from qsocore.simulate.images.kinds import KINDS, MIXTURES, ImageSample, check_mixture, parse_mixture
from qsocore.simulate.images.observe import look

COLOURS = [f"{one}-{other}" for one, other in pairwise(BANDS)]


def drawn(kind, n=200, seed=1):
    return KINDS[kind](n, np.random.default_rng(seed))


def colours(scene):
    return dict(zip(COLOURS, -np.diff(magnitudes_of(scene.total()), axis=1).T, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_has_finite_light_and_truth(kind):
    scene, truth = drawn(kind, 60)
    assert scene.n == 60 and set(scene.owner) == set(range(60))
    assert np.isfinite(scene.flux).all() and (scene.flux >= 0).all()
    assert (scene.total()[:, BANDS.index("z")] > 0.5).all()
    assert all(len(values) == 60 for values in truth.values())
    one, _ = drawn(kind, 60)
    np.testing.assert_array_equal(scene.flux, one.flux)  # the seed is all the chance there is


def test_dwarfs_are_the_redder_the_later():
    middle = {letter: {name: np.median(values) for name, values in colours(drawn(letter, 400)[0]).items()} for letter in "MLT"}
    assert middle["M"]["i-z"] < middle["L"]["i-z"] < middle["T"]["i-z"]
    assert middle["M"]["W1-W2"] < middle["L"]["W1-W2"] < middle["T"]["W1-W2"]
    assert middle["L"]["J-K"] > middle["T"]["J-K"]  # methane
    _, truth = drawn("T", 400)
    assert (truth["true_type"] >= 20).all() and (truth["true_type"] <= 28.5).all()
    assert all(name.startswith("T") for name in truth["subclass"])


def test_catalogue_colours_of_a_type_come_back_through_the_aperture():
    """What is taken off for the light outside the aperture is what the aperture loses."""
    rng = np.random.default_rng(3)
    scene, truth = drawn("M", 800)
    total = scene.total()
    seen = look(scene, total, photometry.infrared(total[:, -4:], rng), des_grid(), rng)
    seen_colour = -np.diff(magnitudes_of(seen.flux), axis=1)
    expected = dwarfs.colours(truth["true_type"])
    for name in ("r-i", "i-z", "z-Y"):
        number = COLOURS.index(name)
        assert np.nanmedian(seen_colour[:, number] - expected[:, number]) == pytest.approx(0, abs=0.05)


def test_quasars_are_where_they_are_said_to_be():
    scene, truth = drawn("QSO", 300)
    assert (truth["true_z"] > 5.3).all() and (truth["true_z"] < 6.9).all()
    colour = colours(scene)["i-z"]
    low, high = truth["true_z"] < 5.6, truth["true_z"] > 6.0
    assert np.median(colour[low]) < 1 < np.median(colour[high])
    assert np.nanmax(np.abs(scene.x)) == 0  # points at their places


def test_galaxies_are_round_enough_big_enough_and_bright_enough():
    for kind in ("PASSIVE", "STARFORMING"):
        scene, truth = drawn(kind, 300)
        z = magnitudes_of(scene.total()[:, BANDS.index("z")])
        assert (z > 17).all() and (z < 21.5).all()
        assert 0.2 < np.median(truth["true_r_e"]) < 1.2
        assert (truth["true_q"] > 0.15).all() and (truth["true_q"] <= 1).all()
    assert np.median(drawn("PASSIVE")[1]["true_sersic"]) > 3 > np.median(drawn("STARFORMING")[1]["true_sersic"])


def test_a_blend_is_two_objects_with_one_position():
    scene, truth = drawn("BLEND", 100)
    assert (np.bincount(scene.owner) == 2).all()
    apart = [np.hypot(*(np.diff(place[scene.owner == number])[0] for place in (scene.x, scene.y))) for number in range(100)]
    np.testing.assert_allclose(apart, truth["true_separation"], rtol=1e-6)
    z = scene.flux[:, BANDS.index("z")]
    contrast = [2.5 * np.log10(z[scene.owner == number][0] / z[scene.owner == number][1]) for number in range(100)]
    np.testing.assert_allclose(contrast, truth["true_contrast"], atol=1e-3)


@pytest.mark.parametrize("kind, low, high", [("ROUND", 0.85, 1), ("BETWEEN", 0.5, 0.85), ("CIGAR", 0.19, 0.43),
                                             ("EDGEON", 0.1, 0.28), ("SPIRAL", 0.5, 1)])
def test_shapes_of_the_morphology_set_are_those_of_their_classes(kind, low, high):
    _, truth = drawn(kind, 300)
    assert truth["true_q"].min() >= low - 1e-6 and truth["true_q"].max() <= high + 1e-6
    assert (truth["true_arms"] > 0).all() == (kind == "SPIRAL")
    assert 0.2 < truth["true_hard"].mean() < 0.4
    hard = truth["true_difficulty"] > morphology.HARD
    assert np.median(truth["true_r_e"][hard]) < np.median(truth["true_r_e"][~hard])


def test_hard_cigars_are_like_hard_edge_on_discs():
    q = {}
    for kind in ("CIGAR", "EDGEON"):
        _, truth = drawn(kind, 600)
        for name, rows in (("hard", truth["true_difficulty"] > 0.8), ("easy", truth["true_difficulty"] < 0.2)):
            q[kind, name] = np.median(truth["true_q"][rows])
    assert abs(q["CIGAR", "hard"] - q["EDGEON", "hard"]) < 0.04 < 0.2 < q["CIGAR", "easy"] - q["EDGEON", "easy"]


def test_labels_are_wrong_as_often_as_asked_and_hard_ones_first():
    rng = np.random.default_rng(0)
    kind = rng.choice(np.array(morphology.CLASSES, object), 40_000)
    difficulty = rng.random(kind.size)
    label = morphology.mislabelled(kind, difficulty, 0.05, rng)
    wrong = label != kind
    assert wrong.mean() == pytest.approx(0.05, abs=0.005)
    assert difficulty[wrong].mean() > 0.6
    assert set(label[(kind == "CIGAR") & wrong]) == {"EDGEON"}
    other = np.array(["QSO", "M"], object)
    np.testing.assert_array_equal(morphology.mislabelled(other, np.ones(2), 0.5, rng), other)


def test_a_sample_has_passed_its_cuts():
    mixture = tuple(check_mixture({"QSO": 1, "M": 2, "T": 1}).items())
    _, catalog = make_image_block(ImageSurvey(1, des_grid(), mixture, ImageSample("glq")), 0)
    assert (catalog["mag_z"] < 21).all() and (catalog["mag_Y"] < 22.45).all() and (catalog["mag_i"] < 99).all()
    assert (catalog["magerr_z"] < 0.1).all() and (catalog["magerr_Y"] < 0.1).all()
    assert (catalog["mag_i"] - catalog["mag_z"] > 1).all()
    assert (catalog["mag_W1"] - catalog["mag_W2"] > -0.1401).all()
    assert all((catalog[f"mag_{band}"] < 99).all() for band in ("J", "K", "W1", "W2"))


def test_what_is_not_hopeful_would_not_have_been_taken():
    """The margin of the cuts on true light holds all that noise and apertures let in, but for a few in a hundred."""
    rng = np.random.default_rng(5)
    scene, _ = drawn("M", 1600)
    total = scene.total()
    seen = look(scene, total, photometry.infrared(total[:, -4:], rng), des_grid(), rng)
    taken = selection.taken(seen.flux, seen.error)
    assert taken.sum() > 30
    assert selection.hopeful(total)[taken].mean() > 0.96


@pytest.mark.parametrize("words, message", [(["QSO"], "no mixture is called"), (["KSO=1"], "no class of images"),
                                            (["QSO=-1"], "weight"), (["QSO=0"], "all weights"), (["QSO:1"], "mixture")])
def test_a_mixture_that_does_not_fit_is_refused(words, message):
    with pytest.raises(ConfigError, match=message):
        check_mixture(parse_mixture(words))


def test_mixtures_have_names():
    for name, mixture in MIXTURES.items():
        assert parse_mixture([name]) == dict(mixture)
        assert sum(check_mixture(mixture).values()) == pytest.approx(1)


def test_a_class_that_does_not_pass_the_cuts_is_refused(monkeypatch):
    monkeypatch.setattr("qsocore.simulate.images.block._PATIENCE", 2000)
    survey = ImageSurvey(1, des_grid(), (("STARFORMING", 1.0),), ImageSample("glq"))
    with pytest.raises(ConfigError, match="STARFORMING"):
        make_image_block(survey, 0)


@pytest.mark.real
def test_the_sample_has_the_colours_of_the_real_one(real):
    """Medians of every colour within 0.15 mag and of the quasars' within 0.35 of the crossmatched catalogue of glq_mpia."""
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(real / "catalogues/glq_mpia/cut_crossmatched_objects.csv").replace(99.0, np.nan)
    theirs = {name: np.nanmedian(table[f"{name.split('-')[0]}_mag"] - table[f"{name.split('-')[1]}_mag"]) for name in COLOURS}
    survey = ImageSurvey(1, des_grid(), tuple(check_mixture(MIXTURES["glq"]).items()), ImageSample("glq"))
    _, catalog = make_image_block(survey, 0)
    for name in COLOURS:
        one, other = (np.where(catalog[f"mag_{band}"] < 99, catalog[f"mag_{band}"], np.nan) for band in name.split("-"))
        assert np.nanmedian(one - other) == pytest.approx(theirs[name], abs=0.15), name
    assert np.median(catalog["mag_z"]) == pytest.approx(np.median(table["z_mag"]), abs=0.25)
