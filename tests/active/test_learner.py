"""The learner finds what is like the positives, is sure where it was shown, and its diverse choice is a 2-approximation."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.active.diverse import spread
from qsocore.active.judged import judged
from qsocore.active.learner import ENOUGH, Learner
from qsocore.inspection import UNDO, Verdict


@pytest.fixture(scope="module")
def sky():
    """4,000 objects of which 80, one in fifty, stand in a place of their own."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 4))
    rare = np.arange(4000) < 80
    x[rare] = np.array([1.8, -1.8, 1.5, 0]) + rng.normal(scale=0.35, size=(80, 4))
    return x, rare


def _learner(sky, n_positive, n_negative):
    x, rare = sky
    rows = np.concatenate([np.flatnonzero(rare)[:n_positive], np.flatnonzero(~rare)[:n_negative]])
    return rows, Learner(x[rows], rare[rows], x[np.random.default_rng(1).choice(np.setdiff1d(np.arange(4000), rows), 500)])


@pytest.mark.parametrize(("n_positive", "n_negative"), [(3, 5), (10, 30), (40, 160)])
def test_a_rare_kind_comes_first(sky, n_positive, n_negative):
    x, rare = sky
    rows, learner = _learner(sky, n_positive, n_negative)
    score = learner(x).score
    rest = np.setdiff1d(np.arange(len(x)), rows)
    first = rest[np.argsort(-score[rest])[: rare[rest].sum()]]
    assert rare[first].mean() > 0.7  # by chance 0.02


def test_a_calibrated_score_is_a_share_among_objects_judged_alike(sky):
    x, rare = sky
    rng = np.random.default_rng(2)
    kept = np.concatenate([np.flatnonzero(rare), rng.choice(np.flatnonzero(~rare), 160, replace=False)])
    known, unknown = kept[::2], kept[1::2]
    background = x[rng.choice(np.setdiff1d(np.arange(4000), kept), 500)]
    assert min(rare[known].sum(), (~rare[known]).sum()) >= ENOUGH
    score = Learner(x[known], rare[known], background)(x[unknown]).score
    assert abs(score.mean() - rare[unknown].mean()) < 0.06
    assert np.mean((score - rare[unknown]) ** 2) < 0.08  # Brier's; the share alone gives 0.22


def test_it_is_sure_of_what_it_was_shown_and_unsure_on_the_border(sky):
    x, rare = sky
    rows, learner = _learner(sky, 20, 60)
    middle = (x[rare].mean(axis=0) + np.linspace(0, 1, 101)[:, None] * (x[~rare].mean(axis=0) - x[rare].mean(axis=0)))
    said = learner(middle)
    border = int(said.uncertainty.argmax())
    assert 0 < border < 100 and said.uncertainty[border] > 0.99
    assert said.score[0] > 0.5 > said.score[-1] and said.uncertainty[0] < 0.9
    assert (said.improvement >= 0).all()
    assert learner(x[rows[:5]]).score.min() > learner(x[rows[-5:]]).score.max()


def test_the_same_seed_says_the_same_and_blocks_do_not_matter(sky):
    x, _ = sky
    _, learner = _learner(sky, 5, 20)
    _, again = _learner(sky, 5, 20)
    whole = learner(x[:100])
    np.testing.assert_array_equal(whole.score, again(x[:100]).score)
    parts = np.concatenate([learner(x[k : k + 10]).improvement for k in range(0, 100, 10)])
    np.testing.assert_allclose(parts, whole.improvement, rtol=1e-4, atol=1e-6)


@given(st.integers(0, 1000), st.integers(2, 4))
def test_spread_is_at_most_twice_the_best_cover(seed, n):
    x = np.random.default_rng(seed).normal(size=(9, 2))
    distance = np.linalg.norm(x[:, None] - x, axis=2)
    best = min(distance[:, list(chosen)].min(axis=1).max() for chosen in combinations(range(9), n))
    chosen = spread(x, n)
    assert len(set(chosen.tolist())) == n and chosen[0] == 0
    assert distance[:, chosen].min(axis=1).max() <= 2 * best + 1e-9


def test_spread_keeps_away_from_what_is_known_and_takes_all_there_is():
    x = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    assert spread(x, 2, known=[[0.0], [9.0]]).tolist() == [2, 3] or spread(x, 1, known=[[0.0], [9.0]]).tolist() == [2]
    assert sorted(spread(x, 99).tolist()) == [0, 1, 2, 3, 4]


def _said(number, object_id, person, label, **more):
    return Verdict(object_id, person, label, number=number, **more)


def test_the_majority_of_what_holds_decides():
    found = judged([
        _said(1, "a", "ada", "A"), _said(2, "a", "bob", "B"), _said(3, "a", "eve", "X"),
        _said(4, "b", "ada", "A"), _said(5, "b", "bob", "X"),
        _said(6, "c", "ada", "A"), _said(7, "c", "ada", "X"),  # said anew
        _said(8, "d", "ada", "A"), _said(9, "d", "ada", UNDO, undoes=8),
        _said(10, "e", "ada", "?"),
        _said(11, "f", "ada", "X", kind="merger")])
    assert found.positive == {"a": True, "c": False, "f": False}
    assert (found.people, found.until, found.divided) == (("ada", "bob", "eve"), 11, 1)
    mergers = judged([_said(1, "f", "ada", "X", kind="merger"), _said(2, "g", "ada", "X", kind="ring")], ["merger"], ["X"])
    assert mergers.positive == {"f": True, "g": False} and mergers.n_positive == mergers.n_negative == 1
