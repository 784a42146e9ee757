"""Measures of redshifts on errors whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.evaluate.redshift import Scatter, binned, find, found_by_redshift, found_by_threshold, nmad
from qsocore.units import C_KM_S, velocity


def test_nmad_of_a_normal_distribution_is_its_standard_deviation():
    values = 40 + 250 * np.random.default_rng(0).normal(size=200_000)
    assert nmad(values) == pytest.approx(250, rel=0.01)


def test_outliers_carry_the_standard_deviation_and_not_the_nmad():
    dv = 250 * np.random.default_rng(1).normal(size=10_000)
    dv[:20] = 60_000
    found = Scatter.of(dv)
    assert found.nmad == pytest.approx(250, rel=0.05)
    assert found.std > 2000
    assert (found.beyond_3000, found.beyond_6000) == (20, 20)
    assert found.to_dict()["share_6000"] == pytest.approx(20 / 10_000)


def test_fractions_are_counts_over_what_was_predicted():
    found = Scatter.of([0.0, 2999.0, -3001.0, 5999.0, -6001.0, 1e5, np.nan, np.nan])
    assert (found.n, found.n_missing, found.beyond_3000, found.beyond_6000) == (8, 2, 4, 2)
    assert found.to_dict()["share_3000"] == pytest.approx(4 / 6)
    assert found.median == pytest.approx((0.0 + 2999.0) / 2)  # of -6001, -3001, 0, 2999, 5999, 1e5


def test_nothing_has_no_scatter():
    found = Scatter.of([np.nan])
    assert (found.n, found.n_missing) == (1, 1)
    assert np.isnan([found.median, found.std, found.nmad]).all()


def test_velocity_of_a_redshift_off_by_a_part_in_a_thousand():
    z = np.array([0.5, 2.0, 4.0])
    np.testing.assert_allclose(velocity(z + 1e-3 * (1 + z), z), C_KM_S * 1e-3)


@given(st.lists(st.floats(0, 5.99), min_size=1, max_size=60))
def test_bins_hold_every_object_once(z):
    z = np.array(z)
    parts = binned(np.zeros(len(z)), z, (0.0, 1.0, 2.1, 3.0, 6.0))
    assert sum(part["n"] for part in parts) == len(z)
    assert all(((z >= part["low"]) & (z < part["high"])).sum() == part["n"] for part in parts)


# quasar found; quasar with a wrong redshift; quasar missed; star called a quasar; galaxy called one with its right redshift;
# star left alone; two of unknown class
QUASAR = np.array([1, 1, 1, 0, 0, 0, np.nan, np.nan])
SCORE = np.array([0.9, 0.8, 0.1, 0.7, 0.6, 0.0, 0.99, 0.0])
DV = np.array([100.0, 9000.0, 50.0, 5e5, 20.0, 0.0, 0.0, np.nan])


def test_purity_and_completeness_by_the_definitions():
    found = find(QUASAR, SCORE >= 0.5, DV)
    assert (found.n, found.quasars, found.predicted, found.predicted_good, found.found, found.false) == (6, 3, 4, 2, 1, 2)
    assert found.purity == pytest.approx(2 / 4)  # good & called / called, those of unknown class left out
    assert found.completeness == pytest.approx(1 / 3)  # called & good & true / true


def test_a_higher_threshold_finds_fewer():
    low, high, none = found_by_threshold(QUASAR, SCORE, DV, (0.0, 0.85, 1.0))
    assert (low["predicted"], high["predicted"], none["predicted"]) == (6, 1, 0)
    assert (low["found"], high["found"]) == (2, 1)
    assert high["purity"] == 1.0
    assert np.isnan(none["purity"])
    assert none["completeness"] == 0.0


def test_a_missing_score_is_never_called():
    assert found_by_threshold([1.0], [np.nan], [0.0], (0.0,))[0]["predicted"] == 0


def test_completeness_is_over_true_and_purity_over_predicted_redshifts():
    z, z_pred = np.array([1.0, 3.0, 3.0]), np.array([1.0, 3.0, 1.0])
    dv = velocity(z_pred, z)
    low, high = found_by_redshift(np.ones(3), np.ones(3, bool), dv, z, z_pred, (0.0, 2.0, 4.0))
    assert (low["quasars"], low["found"], low["predicted"], low["predicted_good"]) == (1, 1, 2, 1)
    assert (high["quasars"], high["found"], high["predicted"], high["predicted_good"]) == (2, 1, 1, 1)
