"""Rare objects among many: ranks, lists and neighbours that can be counted by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qsocore.evaluate.rare import (
    by_examples,
    leave_one_out,
    nearness,
    nearness_for_its_place,
    recall,
    share_of_neighbours,
)


def brute_ranks(features, rare):
    apart = cdist(features, features)
    out = []
    for i in np.flatnonzero(rare):
        others = np.flatnonzero(rare & (np.arange(len(rare)) != i))
        near = apart[:, others].min(axis=1)
        out.append(1 + (near[~rare] <= near[i]).sum())
    return out


def test_ranks_are_those_of_every_distance():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(400, 6)).astype(np.float32)
    rare = np.arange(400) % 31 == 0
    features[rare] += 1.5
    np.testing.assert_array_equal(leave_one_out(features, rare), brute_ranks(features, rare))


def test_an_island_has_rank_one_and_a_stray_its_own():
    features = np.array([[0, 0], [0, 1], [1, 0], [10, 10], [10, 11], [4, 4]], float)
    rare = np.array([0, 0, 0, 1, 1, 1], bool)
    assert leave_one_out(features, rare).tolist() == [1, 1, 1]
    features[5] = [-5, -5]  # all others are nearer to the pair
    assert leave_one_out(features, rare).tolist() == [1, 1, 4]


def test_ties_and_missing_features_come_last():
    same = np.zeros((10, 3))
    rare = np.arange(10) < 3
    assert leave_one_out(same, rare).tolist() == [8, 8, 8]  # a collapsed space finds nothing
    same[0] = np.nan
    assert leave_one_out(same, rare).tolist() == [8, 8, 8]
    alone = leave_one_out(np.random.default_rng(0).normal(size=(10, 3)), np.arange(10) == 4)
    assert alone.tolist() == [10]  # there is nothing to seek it by


def test_recall_counts_in_the_first_parts_of_a_list():
    score = np.linspace(1, 0, 200)
    rare = np.isin(np.arange(200), [0, 1, 5, 9, 150])
    found = recall(score, rare)
    assert found == {"n": 200, "rare": 5, "first": [{"share": 0.01, "listed": 2, "found": 2},
                                                   {"share": 0.05, "listed": 10, "found": 4}]}
    assert recall(np.zeros(200), rare)["first"][1]["found"] == 0  # all tie: the rare ones stand last
    assert recall(np.where(rare, np.nan, score), rare)["first"][1]["found"] == 0


def test_recall_by_chance_is_the_share_that_is_looked_through():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(4000, 5)).astype(np.float32)
    rare = np.arange(4000) % 100 == 0
    found = by_examples(features, rare, draws=10)
    assert (found["n"], found["rare"], found["examples"]) == (3995, 10 * 35, 5)
    assert found["first"][1]["found"] / found["rare"] == pytest.approx(0.05, abs=0.05)
    features[rare] = features[rare] * 0.05 + 8
    found = by_examples(features, rare, draws=3)
    assert [part["found"] for part in found["first"]] == [3 * 35, 3 * 35] and found["first"][0]["least"] == 35


def test_examples_are_not_listed_and_another_search_may_be_named():
    features = np.arange(12.0)[:, None]
    rare = np.isin(np.arange(12), [3, 4, 8])
    np.testing.assert_allclose(nearness(features, np.array([3])), -np.abs(np.arange(12.0) - 3))
    asked = []

    def search(given, examples):
        asked.append(set(examples.tolist()))
        return np.where(rare, 1.0, 0.0)

    found = by_examples(features, rare, search, k=2, draws=4, shares=(0.1,))
    assert len(asked) == 4 and all(each < {3, 4, 8} for each in asked)
    assert found["n"] == 10 and found["first"] == [{"share": 0.1, "listed": 1, "found": 4, "least": 1, "most": 1}]


def test_an_example_counts_for_more_where_it_is_lonely():
    rng = np.random.default_rng(6)
    crowd = rng.normal(scale=0.05, size=(500, 2))
    rare = np.arange(520) >= 500
    lonely = np.array([3.0, 0.0]) + rng.uniform(-2.4, 2.4, (20, 2))
    features = np.concatenate([crowd, lonely]).astype(np.float32)
    searches = nearness, nearness_for_its_place
    counts = [by_examples(features, rare, search, draws=10)["first"][1]["found"] for search in searches]
    assert counts[1] > counts[0] and counts[1] > 0.9 * 10 * 15
    twins = np.zeros((12, 2))
    assert np.isfinite(nearness_for_its_place(twins, np.array([0]))).all()
    twins[3] = np.nan
    assert np.isnan(nearness_for_its_place(twins, np.array([0]))[3])


def test_neighbours_of_the_rare_that_are_rare():
    rng = np.random.default_rng(4)
    features = rng.normal(size=(500, 4)).astype(np.float32)
    rare = np.arange(500) < 11
    features[:11] += 50
    np.testing.assert_allclose(share_of_neighbours(features, rare), 1.0)
    np.testing.assert_allclose(share_of_neighbours(features, np.arange(500) % 45 == 20, 5), 0.0, atol=0.21)
    features[3] = np.nan
    assert np.isnan(share_of_neighbours(features, rare)[3])
    np.testing.assert_allclose(share_of_neighbours(features, rare)[:3], 0.9)
