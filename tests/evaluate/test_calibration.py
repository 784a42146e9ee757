"""Calibration of probabilities that are drawn to be honest, or are not."""

import numpy as np
import pytest

from qsocore.evaluate.calibration import Calibration
from qsocore.shares import wilson

RNG = np.random.default_rng(0)
P = RNG.uniform(size=200_000)


def test_honest_probabilities_have_no_error():
    found = Calibration.of(P, RNG.uniform(size=P.size) < P)
    assert found.error < 0.005
    assert found.brier == pytest.approx(1 / 6, rel=0.02)  # mean of p (1 - p)
    np.testing.assert_allclose(found.came_true, found.said, atol=0.015)


def test_overconfidence_is_its_error():
    found = Calibration.of(np.full(10_000, 0.95), np.arange(10_000) % 10 < 7)
    assert found.error == pytest.approx(0.95 - 0.7)
    assert (found.n[-1], found.right[-1]) == (10_000, 7_000)
    assert np.isnan(found.said[0])


def test_what_is_unknown_is_left_out():
    found = Calibration.of([0.9, np.nan, 0.4, 1.0], [1.0, 1.0, np.nan, 0.0])
    assert found.n.sum() == 2
    assert found.brier == pytest.approx((0.01 + 1.0) / 2)


def test_weights_make_classes_alike():
    p, true = np.array([0.85] * 90 + [0.85] * 10), np.array([1.0] * 90 + [0.0] * 10)
    weight = np.array([1 / 90] * 90 + [1 / 10] * 10)
    assert Calibration.of(p, true).came_true[8] == pytest.approx(0.9)
    found = Calibration.of(p, true, weight)
    assert found.came_true[8] == pytest.approx(0.5)
    assert found.n[8] == 100
    assert found.error == pytest.approx(0.35)


def test_nothing_has_no_error():
    assert np.isnan(Calibration.of([], []).error)


def test_intervals_hold_the_truth_two_times_in_three():
    low, high = wilson(RNG.binomial(800, 0.9, size=20_000), np.full(20_000, 800))
    assert ((low <= 0.9) & (high >= 0.9)).mean() == pytest.approx(0.683, abs=0.03)
    assert low.min() >= 0
    assert high.max() <= 1
    low, high = wilson([0, 7], [7, 7])
    assert low[0] == 0 and high[1] == 1 and 0 < high[0] < 0.3 < 0.7 < low[1] < 1
