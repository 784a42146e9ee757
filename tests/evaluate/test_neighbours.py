"""Neighbours in features: of one kind, and the same when a picture is turned."""

import numpy as np
import pytest

from qsocore.evaluate.neighbours import of_kind, unmoved


def test_two_clouds_are_told_apart_and_the_unknown_are_not_asked():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(60, 3)).astype(np.float32)
    kind = np.array(["a"] * 30 + ["b"] * 30, object)
    features[30:] += 20
    found = of_kind(features, kind, 5)
    assert found["all"] == {"n": 60, "near": 300, "alike": 300, "by_chance": pytest.approx(29 / 59)}
    kind[:10] = ""
    found = of_kind(features, kind, 5)
    assert (found["a"]["n"], found["b"]["alike"]) == (20, 150) and 0 < found["a"]["alike"] < 100
    assert list(found) == ["all", "a", "b"]


def test_chance_is_what_a_space_without_meaning_gives():
    rng = np.random.default_rng(2)
    kind = np.array(["rare" if k % 10 == 0 else "common" for k in range(3000)], object)
    found = of_kind(rng.normal(size=(3000, 4)), kind)
    for part in found.values():
        assert part["alike"] / part["near"] == pytest.approx(part["by_chance"], abs=0.02)


def test_what_is_turned_keeps_its_neighbours_or_not():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(200, 6)).astype(np.float32)
    np.testing.assert_array_equal(unmoved(features, features), 1.0)
    assert unmoved(features, -features).mean() < 0.1
    slightly = unmoved(features, features + 0.05 * rng.normal(size=features.shape))
    assert 0.6 < slightly.mean() < 1.0
    features[4] = np.nan
    assert np.isnan(unmoved(features, np.nan_to_num(features))[4])
