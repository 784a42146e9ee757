"""Trust, anomaly and islands where the truth is known."""

import numpy as np
import pytest

from qsocore.catalog import Column
from qsocore.explore import anomaly, labels, trust
from qsocore.explore.islands import Island, Islands
from qsocore.explore.leading import Leading
from qsocore.explore.reference import position, sample, without_self
from qsocore.projections.neighbours import nearest


def blobs(n=300, d=2, apart=20.0, seed=0):
    """Three round clusters, the first the most populous, and whose each point is."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    centres = apart * np.array([[0, 0], [1, 0], [0, 1]])
    return (np.pad(centres, ((0, 0), (0, d - 2)))[kind] + rng.normal(size=(n, d))).astype("f4"), kind


def trust_of(latents, places, k=30):
    own = np.arange(len(latents))
    one, other = (index[without_self(index, own)].reshape(-1, k)
                  for index in (nearest(points, points, k + 1)[0] for points in (latents, places)))
    return trust.shared(one, other)


def test_islands_of_the_latents_are_found_though_the_map_mingles_them():
    """Three clusters of five dimensions on a map that knows nothing of them."""
    latents, kind = blobs(600, d=5)
    mingled = np.random.default_rng(0).normal(size=(600, 2)).astype("f4")
    islands = Islands(mingled, latents)
    assert islands.n == 3
    held = islands.number >= 0
    assert held.mean() > 0.8 and (islands.number[held] == np.array([0, 1, 2])[kind[held]]).all()
    assert (islands.of(latents[held]) == islands.number[held]).all()
    assert len(islands.outline(0)) > 3 and 0 <= islands.densest(2) < 600


def test_leading_components_keep_distances():
    rng = np.random.default_rng(4)
    flat = (rng.normal(size=(200, 3)) @ rng.normal(size=(3, 40))).astype("f4")
    leading = Leading(flat, 5)(flat)
    assert leading.shape == (200, 5)
    np.testing.assert_allclose(np.linalg.norm(leading[0] - leading, axis=1), np.linalg.norm(flat[0] - flat, axis=1), atol=1e-3)
    assert leading.var(axis=0).argmax() == 0
    assert Leading(flat, 40)(flat) is flat


def test_a_faithful_map_is_trusted_wholly_and_a_shuffled_one_not():
    places, _ = blobs()
    assert (trust_of(places, 3 * places + 7) == 1).all()
    shuffled = trust_of(places, np.random.default_rng(1).permutation(places))
    assert shuffled.mean() == pytest.approx(30 / 299, abs=0.01)  # what chance gives


def test_trust_is_local():
    """One cluster of the map is shuffled within itself: its objects are not trusted, the others are."""
    places, kind = blobs(600)
    false = places.copy()
    false[kind == 0] = np.random.default_rng(2).permutation(false[kind == 0])
    found = trust_of(places, false)
    assert (found[kind != 0] == 1).all() and found[kind == 0].max() < 0.5


def test_shared_counts_by_row():
    one = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    assert trust.shared(one, np.array([[4, 9, 1, 0], [1, 2, 3, 4]])).tolist() == [0.5, 0.0]


def test_without_self_drops_the_object_or_the_farthest():
    index = np.array([[7, 1, 2], [1, 7, 2], [3, 1, 2]])
    kept = index[without_self(index, np.array([7, 7, -1]))].reshape(-1, 2)
    assert kept.tolist() == [[1, 2], [1, 2], [3, 1]]


def test_the_reference_is_everything_or_a_seeded_draw():
    assert sample(5).tolist() == [0, 1, 2, 3, 4]
    drawn = sample(1000, 50, seed=3)
    assert len(set(drawn)) == 50 and (np.diff(drawn) > 0).all() and np.array_equal(drawn, sample(1000, 50, seed=3))
    assert position(np.array([4, 9, 1]), np.array([1, 4])).tolist() == [1, -1, 0]
    assert position(np.array([4]), np.zeros(0, int)).tolist() == [-1]


def test_anomaly_is_a_robust_deviation_of_the_logarithm():
    rng = np.random.default_rng(0)
    distance = np.exp(rng.normal(1.7, 0.3, 100_000)).astype("f4")
    scale = anomaly.Loneliness.among(distance)
    found = scale.of(distance)
    assert np.median(found) == pytest.approx(0, abs=1e-3) and found.std() == pytest.approx(1, abs=0.02)
    assert scale.of(np.array([np.exp(1.7 + 5 * 0.3)], "f4")) == pytest.approx([5], abs=0.1)
    wild = anomaly.Loneliness.among(np.concatenate([distance, np.full(1000, 1e9, "f4")]))
    assert wild.of(distance[:100]) == pytest.approx(found[:100], abs=0.1)
    assert np.isfinite(scale.of(np.zeros(3, "f4"))).all()
    assert np.isfinite(anomaly.Loneliness.among(np.zeros(9, "f4")).of(np.zeros(9, "f4"))).all()


def test_islands_are_the_blobs_the_most_populous_first():
    places, kind = blobs(900)
    islands = Islands(places)
    assert islands.n == 3
    on_one = islands.number >= 0
    assert on_one.mean() > 0.9 and np.array_equal(islands.number[on_one], kind[on_one])
    fresh, fresh_kind = blobs(500, seed=9)
    found = islands.of(fresh)
    assert (found[found >= 0] == fresh_kind[found >= 0]).all() and (found >= 0).mean() > 0.8
    assert islands.of(np.array([[10.0, 10.0], [500.0, 0.0]])).tolist() == [-1, -1]
    for k, centre in enumerate([[0, 0], [20, 0], [0, 20]]):
        assert islands.number[islands.densest(k)] == k
        assert np.hypot(*(places[islands.densest(k)] - centre)) < 1
        outline = np.array(islands.outline(k))
        assert len(outline) >= 4 and np.hypot(*(outline - centre).T).max() < 5


def test_no_islands_among_few_or_in_one_place():
    assert Islands(np.zeros((3, 2), "f4")).of(np.zeros((2, 2), "f4")).tolist() == [-1, -1]
    assert Islands(np.zeros((0, 2), "f4")).n == 0


def test_labels_say_what_sets_apart():
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1, 2, 3], 100)
    kind = np.array(["QSO", "QSO", "STAR", "STAR"], object)[group]
    values = {"class": kind, "subclass": np.array(["", "", "M", "K"], object)[group],
              "z": np.where(group == 0, rng.uniform(2.1, 2.6, 400), np.where(group == 1, rng.uniform(0.6, 1.5, 400), 0.0)),
              "snr": rng.normal(size=400).astype("f4") + 9 * (group == 3)}
    values["z"][3] = 900.0  # one wild value changes nothing
    columns = {"class": Column("class", "string", "label"), "subclass": Column("subclass", "string", "label"),
               "z": Column("z", "float64", "redshift"), "snr": Column("snr", "float32", "quality")}
    why = [labels.reasons(group == k, values, columns) for k in range(4)]
    assert labels.names(why) == ["QSO 2.1 < z < 2.6", "QSO 0.6 < z < 1.5", "STAR M", "STAR K"]
    assert {reason.column: reason.share for reason in why[3]} == pytest.approx(
        {"class": 1 - 1 / 3, "subclass": 1, "z": 2 / 3, "snr": 0.9}, abs=0.03)
    values.pop("class")
    assert labels.names([labels.reasons(group == 3, values, columns)]) == ["z ≈ 0"]


def test_labels_that_are_alike_are_told_apart():
    star, high = labels.Reason("STAR", "class", 0.9), labels.Reason("high S/N", "snr_median", 0.8)
    assert labels.names([[star], [star, high], [star], []]) == ["STAR", "STAR · high S/N", "STAR (2)", "mixed"]
    assert labels.as_dicts([high]) == [{"text": "high S/N", "column": "snr_median", "share": 0.8}]
    assert Island(0, "STAR", 3, 1, 0.0, 0.0).outline == []
