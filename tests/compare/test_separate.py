"""What sets A apart from B, held to scipy, to known answers and to sets between which there is nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from qsocore.compare import separate

NUMBERS = st.lists(st.integers(-6, 6) | st.none(), min_size=10, max_size=30)


@settings(max_examples=40, deadline=None)
@given(NUMBERS, NUMBERS)
def test_delta_and_p_are_those_of_scipy(a, b):
    a, b = (np.array([np.nan if value is None else value for value in side], np.float32) for side in (a, b))
    found = separate.numbers("x", a, b)
    valid_a, valid_b = a[~np.isnan(a)], b[~np.isnan(b)]
    assert (found.n_a, found.n_b) == (len(valid_a), len(valid_b))
    if min(found.n_a, found.n_b) < 8:
        assert np.isnan(found.effect) and np.isnan(found.p)
        return
    truth = stats.mannwhitneyu(valid_a.astype(float), valid_b.astype(float), method="asymptotic")
    assert found.effect == pytest.approx(2 * truth.statistic / (found.n_a * found.n_b) - 1, abs=1e-12)
    constant = len(np.unique(np.concatenate([valid_a, valid_b]))) == 1  # for which scipy has no p-value
    assert found.p == pytest.approx(1 if constant else min(truth.pvalue, 1), rel=1e-6)
    assert found.middle_a == pytest.approx(np.median(valid_a)) and found.middle_b == pytest.approx(np.median(valid_b))


def test_the_sign_says_which_is_larger():
    low, high = np.arange(20.0), np.arange(100.0, 120.0)
    assert separate.numbers("x", high, low).effect == 1 and separate.numbers("x", low, high).effect == -1


def test_classes_are_those_of_scipy():
    rng = np.random.default_rng(0)
    a, b = rng.choice(3, 400, p=[0.5, 0.3, 0.2]).astype(np.uint8), rng.choice(3, 300, p=[0.3, 0.3, 0.4]).astype(np.uint8)
    found = separate.classes("class", a, b, ("QSO", "STAR", "GALAXY"))
    table = np.stack([np.bincount(a), np.bincount(b)])
    truth = stats.chi2_contingency(table, correction=False)
    assert found.p == pytest.approx(truth.pvalue, rel=1e-9)
    assert found.effect == pytest.approx(stats.contingency.association(table, method="cramer"))
    share = table / table.sum(axis=1, keepdims=True)
    most = np.abs(share[0] - share[1]).argmax()
    assert found.mode == ("QSO", "STAR", "GALAXY")[most]
    assert (found.middle_a, found.middle_b) == pytest.approx(tuple(share[:, most]))


def test_missing_and_rare_classes_do_not_speak():
    a, b = np.r_[np.zeros(300), np.full(90, 2)].astype(np.uint8), np.r_[np.zeros(300), [1, 1]].astype(np.uint8)
    found = separate.classes("class", a, b, ("QSO", "ODD", "missing"))
    assert (found.n_a, found.n_b) == (300, 302) and found.p > 0.05
    assert np.isnan(separate.classes("class", a[300:], b, ("QSO", "ODD", "missing")).effect)


def test_correction_is_that_of_benjamini_and_hochberg():
    rng = np.random.default_rng(1)
    p = rng.random(40) ** 3
    made = [separate.Separation(str(k), "number", 0.1, value, 9, 9, 0, 0) for k, value in enumerate(p)]
    made.append(separate.Separation("few", "number", np.nan, np.nan, 2, 9, 0, 0))
    found = {one.name: one for one in separate.correct(made)}
    assert [found[str(k)].corrected for k in range(40)] == pytest.approx(stats.false_discovery_control(p))
    assert np.isnan(found["few"].corrected) and not found["few"].differs


def columns_of(columns):
    return lambda name: columns[name]


def test_of_columns_that_say_nothing_hardly_any_is_called_different():
    rng = np.random.default_rng(2)
    which = separate.sides(np.arange(0, 4000, 2), np.arange(1, 4000, 2))
    called = 0
    for _ in range(10):
        nothing = {f"c{k}": rng.normal(size=4000) for k in range(50)}
        found = separate.separate(which, columns_of(nothing), nothing, columns_of({}), ())
        called += any(one.differs for one in found)
    assert called <= 1, "at a level of 0.01, one of ten trials at the very most"


def test_what_was_planted_is_ranked_first():
    rng = np.random.default_rng(3)
    columns = {f"c{k}": rng.normal(size=3000).astype(np.float32) for k in range(20)}
    a, b = np.arange(1000), np.arange(1500, 3000)
    columns["c7"][a] += 1.0
    columns["c3"][a] -= 0.3
    columns["few"] = np.full(3000, np.nan, np.float32)
    labels = (rng.integers(0, 2, 3000).astype(np.uint8), ("x", "y"))
    found = separate.separate(separate.sides(a, b), columns_of(columns), columns, columns_of({"kind": labels}), ["kind"])
    assert [one.name for one in found[:2]] == ["c7", "c3"] and found[-1].name == "few"
    assert found[0].effect > 0 > found[1].effect and [one.differs for one in found[:3]] == [True, True, False]
    truth = 2 * stats.norm.cdf(1 / np.sqrt(2)) - 1  # of normal deviates one sigma apart
    assert found[0].effect == pytest.approx(truth, abs=0.03)


def test_objects_in_both_are_left_out():
    found = separate.sides(np.arange(0, 60), np.arange(50, 100))
    assert (found.n_a, found.n_b, found.n_both) == (50, 40, 10)
    assert found.a.max() < 50 and found.b.min() >= 60


@given(st.sets(st.integers(0, 199)), st.integers(1, 250))
def test_the_rest_is_everything_else(selected, most):
    rows = np.array(sorted(selected), np.int64)
    found = separate.against_rest(rows, 200, most=most)
    rest = np.setdiff1d(np.arange(200), rows)
    assert found.n_b == len(rest) and len(found.b) == min(len(rest), most)
    assert np.isin(found.b, rest).all() and (np.diff(found.b) > 0).all()
    if most >= 200:
        assert (found.b == rest).all()


def test_the_rest_of_what_is_drawn():
    found = separate.against_rest(np.array([4, 6]), 100, among=np.array([2, 4, 6, 8, 10]))
    assert found.b.tolist() == [2, 8, 10] and (found.n_a, found.n_b) == (2, 3)
