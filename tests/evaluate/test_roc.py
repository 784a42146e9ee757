"""The curve of a score: its area is the chance that a wanted object stands above another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.evaluate.roc import Roc, one_against_rest


def test_by_hand():
    found = Roc.of([0.9, 0.8, 0.8, 0.3, np.nan, 0.1], [1, 1, 0, 1, 1, 0])
    assert found.threshold.tolist() == [np.inf, 0.9, 0.8, 0.3, 0.1]
    assert found.found.tolist() == [0, 1, 2, 3, 3]
    assert found.mistaken.tolist() == [0, 0, 1, 1, 2]
    assert found.area == pytest.approx((2 + 1.5 + 1) / 6)  # of the pairs with a wanted one above, ties half


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_the_share_of_pairs_in_order(pairs):
    score, wanted = (np.array(part) for part in zip(*pairs, strict=True))
    above = score[wanted][:, None] - score[~wanted][None]
    area = Roc.of(score, wanted).area
    if above.size:
        assert area == pytest.approx(np.mean((above > 0) + 0.5 * (above == 0)))
    else:
        assert np.isnan(area)


def test_two_normal_distributions_have_the_area_of_their_distance():
    from scipy.stats import norm

    rng = np.random.default_rng(1)
    wanted = np.arange(40_000) % 4 == 0
    found = Roc.of(rng.normal(size=40_000) + 1.5 * wanted, wanted)
    assert found.area == pytest.approx(norm.cdf(1.5 / np.sqrt(2)), abs=0.005)
    kept = found.to_dict()
    assert (kept["wanted"], kept["others"]) == (10_000, 30_000) == (kept["found"][-1], kept["mistaken"][-1])
    assert len(kept["threshold"]) <= 200 and kept["found"][0] == 0


def test_each_class_against_the_rest_leaves_out_the_unknown_and_the_absent():
    truth = np.array(["a", "b", "b", "", "a"], object)
    p = np.array([0.9, 0.2, 0.4, 0.99, 0.8])
    curves = one_against_rest({"a": p, "b": 1 - p, "c": p}, truth, ("a", "b", "c"))
    assert list(curves) == ["a", "b"]
    assert curves["a"].area == 1.0 and curves["a"].n_wanted + curves["a"].n_others == 4
    assert one_against_rest({"a": p[:1]}, truth[:1], ("a",)) == {}
    far, hit = curves["a"].rates()
    assert far[-1] == hit[-1] == 1.0
