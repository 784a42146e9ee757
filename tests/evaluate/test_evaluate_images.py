"""Evaluation of runs that read images: classes with hard cases and curves, features with rare kinds, reconstructions."""

import json

import numpy as np
import pytest

from qsocore.cli import main
from qsocore.embed.decoder import open_encoder
from qsocore.errors import ConfigError
from qsocore.evaluate.roc import Roc
from qsocore.evaluate.truth import truth_of, words_of
from qsocore.workflow.evaluate import evaluate, measure
from qsocore.workflow.evaluate_features import of_turning, turned
from qsocore.workflow.judge import judge

CLASSES = ("ROUND", "CIGAR", "LENS")


@pytest.fixture(scope="module")
def shapes(judged_images):
    return judge("shapes", judged_images.path)


@pytest.fixture(scope="module")
def features(judged_images):
    return judge("features", judged_images.path, "all")


def test_the_truth_of_images_is_in_the_words_of_their_catalogue(judged_images, shapes):
    store = judged_images.store
    assert words_of(store) == ("CIGAR", "LENS", "ROUND")
    np.testing.assert_array_equal(truth_of(store, spectral=False).kind, store.column("true_class"))
    assert shapes.classes == CLASSES and shapes.truth.has_classes and not shapes.has_features
    np.testing.assert_array_equal(shapes.truth.kind, store.column("true_class")[shapes.rows])
    discs = truth_of(store, ("LONG:CIGAR+LENS", "ROUND"), spectral=False).kind
    assert set(discs) == {"LONG", "ROUND"}


def test_shapes_are_judged_on_the_test_side_with_hard_cases_apart(judged_images, shapes):
    found = measure(shapes)
    assert shapes.split == "test" and 0.3 < len(shapes) / 420 < 0.7
    right = shapes.columns["class_pred"] == shapes.truth.kind
    counts = np.array(found["classes"]["counts"])
    assert counts.trace() == right.sum() and counts.sum() + found["classes"]["n_missing"] == len(shapes)
    hard = judged_images.store.column("true_difficulty")[shapes.rows] >= 0.5
    assert found["hardness"]["hard"]["n"] == (hard & (shapes.columns["class_pred"] != "")).sum()
    assert np.trace(found["hardness"]["hard"]["counts"]) == right[hard].sum()
    assert sum(part["n"] for part in found["hardness"].values()) == counts.sum()
    assert found["classes"]["accuracy"] > 0.5


def test_curves_are_those_of_the_probabilities(shapes):
    found = measure(shapes)["curves"]
    assert set(found["by_class"]) <= set(CLASSES)
    for name, part in found["by_class"].items():
        curve = Roc.of(shapes.columns[f"p_{name}"], shapes.truth.kind == name)
        assert part["area"] == pytest.approx(curve.area) and part["found"][-1] == curve.n_wanted
    assert found["mean_area"] == pytest.approx(np.mean([part["area"] for part in found["by_class"].values()]))


def test_confidence_is_held_against_magnitude_redshift_and_difficulty(shapes):
    found = measure(shapes)["quantities"]
    assert list(found) == ["mag_r", "true_difficulty", "z"]
    n = np.isfinite(shapes.columns["class_conf"]).sum()
    for bins in found.values():
        assert sum(part["n"] for part in bins) == n and all(0 < part["confidence"] <= 1 for part in bins)


def test_features_are_judged_by_neighbours_rare_kinds_and_turning(features):
    assert features.has_features and not features.is_latent
    assert features.features.shape == (420, 80) and features.latents.shape == (420, 16)
    assert np.isnan(features.space[7]).all() and np.isnan(features.latents[7]).all()
    found = measure(features)
    assert {"neighbours", "rare", "turning", "anomalies"} == set(found)
    assert list(found["rare"]) == ["LENS"]
    lens = found["rare"]["LENS"]
    kind = features.truth.kind == "LENS"
    assert lens["n"] == 420
    assert lens["rare"] == kind.sum() == len(lens["rank"])
    assert lens["examples"]["n"] == 415 and lens["examples"]["examples"] == 5
    assert set(lens["anomaly"]) == {"isolation", "outlier_factor", "density"}  # nothing is given back
    assert found["neighbours"]["by_kind"]["all"]["alike"] > found["neighbours"]["by_kind"]["all"]["near"] / 2
    assert all(len(names) == 50 for names in found["anomalies"]["top"].values())


def test_pictures_turned_are_the_same_to_features_that_know_no_direction(features):
    found = of_turning(features)
    assert found["n"] == 420 and set(found["same"]) == {"90", "180", "270"}
    assert min(found["same"].values()) > 0.95
    some = np.arange(10, 20)
    straight = open_encoder(features.run).encode(*(getattr(features.prepared.read(some), part) for part in "xw"))
    np.testing.assert_allclose(turned(features, some, 0), straight, atol=1e-6)
    np.testing.assert_allclose(turned(features, some, 1), straight, atol=1e-3)


def test_pictures_given_back_are_judged_like_spectra(judged_images):
    judged = judge("pictures", judged_images.path)
    found = measure(judged)
    assert judged.is_latent and found["latents"]["n_latent"] == 6
    assert found["latents"]["by_class"]["all"]["n"] + found["latents"]["by_class"]["all"]["n_missing"] == len(judged)
    assert {"neighbours", "turning"} <= set(found)
    block = judged.prepared.read(judged.rows[:50])
    decoder = open_encoder(judged.run)
    off = (block.x - decoder.decode(decoder.encode(block.x, block.w))) ** 2 * (block.precision > 0)
    good = np.maximum((block.precision > 0).sum(axis=(1, 2, 3)), 1)
    wanted = np.where(good > 1, off.sum(axis=(1, 2, 3)) / good, np.nan)
    np.testing.assert_allclose(judged.columns["mse"][:50], wanted, rtol=1e-3)


def test_the_command_prints_and_keeps_it(judged_images, capsys):
    assert main(["evaluate", "features", judged_images.path, "--split", "all"]) == 0
    said = capsys.readouterr().out
    for words in ("Rare kinds, one left out", "LENS by 5 examples", "when they are turned", "The 10 nearest of each"):
        assert words in said
    assert main(["evaluate", "shapes", judged_images.path]) == 0
    said = capsys.readouterr().out
    for words in ("Confident and hard cases", "Each class against the rest", "Confidence by mag_r"):
        assert words in said
    kept = json.loads(evaluate("shapes", judged_images.path).file.read_text())
    assert kept["measures"]["curves"]["by_class"]["LENS"]["wanted"] > 0


def test_what_a_run_does_not_give_is_refused(features, shapes):
    with pytest.raises(ConfigError, match="gives no classes"):
        features.kinds()
    with pytest.raises(ConfigError, match="gives no latents"):
        shapes.latents  # noqa: B018
