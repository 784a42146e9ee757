"""Anomaly: what is like no known kind, however dense it is where it lies."""

import numpy as np
import pytest

from qsocore.evaluate.anomaly import Known, scores


def kinds(n=600, d=8, seed=1):
    rng = np.random.default_rng(seed)
    kind = np.array(["a", "b"])[np.arange(n) % 2]
    features = rng.normal(size=(n, d)) * np.where(kind == "a", 0.2, 2.0)[:, None]
    features[:, 0] += np.where(kind == "a", 12.0, 0.0)
    return features, kind


def test_the_distance_is_mahalanobis_to_the_nearest_kind():
    features, kind = kinds(40_000)
    known = Known(features, kind, components=8)
    at = np.zeros((3, 8))
    at[0, 0], at[1, 0], at[2, 1] = 12.0, 7.0, 4.0
    assert known.score(at) == pytest.approx([0.0, 12.25, 4.0], abs=0.3)  # 7 is nearer to b: (7/2)^2 < (5/0.2)^2
    inside = known.score(features[kind == "a"])
    assert inside.mean() == pytest.approx(8, rel=0.05)  # chi2 of eight degrees of freedom


def test_a_dense_clump_of_strangers_is_odd_though_not_lonely():
    features, kind = kinds()
    strangers = np.full((40, 8), 5.0) + 0.01 * np.random.default_rng(2).normal(size=(40, 8))
    together = np.concatenate([features, strangers])
    odd = Known(features, kind).score(together)
    assert odd[600:].min() > np.quantile(odd[:600], 0.99)
    assert np.median(scores(together)["density"][600:]) < 0  # they are company to each other


def test_what_is_not_known_is_left_out():
    features, kind = kinds()
    features[5] = np.nan
    kind[7:9] = ""
    known = Known(features, kind)
    assert np.isnan(known.score(features)[5]) and np.isfinite(known.score(features)[6:]).all()
    few = Known(features[:14], np.array(["a"] * 7 + ["b"] * 7))
    assert np.isnan(few.score(features)).all()  # no kind has more objects than there are axes
    assert set(scores(features)) == {"isolation", "outlier_factor", "density"}
    assert set(scores(features, np.arange(600))) == {"isolation", "outlier_factor", "density", "reconstruction"}
