import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.simulate import bal
from qsocore.units import C_KM_S

V = np.arange(0.0, 25_000.5, 10.0)


def box(*troughs):
    """Rectangular troughs (from, to, transmitted) on the velocity grid, (1, m)."""
    out = np.ones(V.size)
    for low, high, level in troughs:
        out[(low <= V) & (high > V)] = level
    return out[None]


def test_balnicity_of_a_box_leaves_out_its_first_2000():
    assert bal.balnicity(V, box((6000, 11_000, 0.45)))[0] == pytest.approx((1 - 0.45 / 0.9) * 3000, abs=20)


def test_balnicity_of_narrow_or_shallow_troughs_is_zero():
    assert bal.balnicity(V, box((6000, 7990, 0.0), (12_000, 20_000, 0.95)))[0] == 0


def test_balnicity_counts_from_3000_only():
    # 1000 to 6000: within the limits it runs 3000 km/s, of which the last 1000 count
    assert bal.balnicity(V, box((1000, 6000, 0.0)))[0] == pytest.approx(1000, abs=20)


def test_each_trough_waits_for_its_own_2000():
    both = bal.balnicity(V, box((6000, 9000, 0.0), (12_000, 15_000, 0.0)))[0]
    assert both == pytest.approx(2000, abs=40)


def test_absorption_index_counts_all_of_a_trough_of_450():
    assert bal.absorption_index(V, box((500, 1100, 0.45)))[0] == pytest.approx(0.5 * 600, abs=10)
    assert bal.absorption_index(V, box((500, 940, 0.0)))[0] == 0
    assert bal.absorption_index(V, box((500, 1100, 0.45)), least=1000)[0] == 0


def test_indices_of_a_gaussian_trough():
    depth, sigma, v0 = 0.8, 1500.0, 12_000.0
    profile = (1 - depth * np.exp(-0.5 * ((V - v0) / sigma) ** 2))[None]
    half = sigma * np.sqrt(2 * np.log(depth / 0.1))  # where it crosses 0.9
    fine = np.linspace(-half, half, 20_001)
    bracket = 1 - (1 - depth * np.exp(-0.5 * (fine / sigma) ** 2)) / 0.9
    assert bal.absorption_index(V, profile)[0] == pytest.approx(np.trapezoid(bracket, fine), rel=0.01)
    late = fine > -half + 2000
    assert bal.balnicity(V, profile)[0] == pytest.approx(np.trapezoid(bracket[late], fine[late]), rel=0.01)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_balnicity_never_exceeds_the_absorption_index(seed):
    troughs = bal.draw(200, np.random.default_rng(seed))
    assert (troughs["bi_civ"] <= troughs["ai_civ"] + 1e-3).all()
    assert ((troughs["bal_depth"] > 0).any(axis=1) | (troughs["ai_civ"] == 0)).all()


def test_incidence():
    troughs = bal.draw(40_000, np.random.default_rng(0))
    assert 0.10 < (troughs["bi_civ"] > 0).mean() < 0.15  # 10.4 % of Trump et al. (2006), 13.4 % of Reichard et al. (2003)
    assert 0.22 < (troughs["ai_civ"] > 0).mean() < 0.30  # 26 % of Trump et al. (2006)
    assert 500 < np.median(troughs["bi_civ"][troughs["bi_civ"] > 0]) < 2000


def test_index_measured_on_the_spectrum_is_the_one_of_the_truth():
    wave = np.linspace(3600.0, 6200.0, 40_000)
    z = np.full(60, 2.5)
    troughs = bal.draw(2000, np.random.default_rng(1))
    # Si IV troughs reach C IV's range only from beyond its 25,000 km/s; low-ionisation ones lie redward
    chosen = np.flatnonzero(troughs["bi_civ"] > 0)[:60]
    troughs = {name: values[chosen] for name, values in troughs.items()}
    flux = np.ones((60, wave.size))
    bal.absorb(flux, wave, z, troughs)
    ratio2 = (wave / (1548.20 * 3.5)) ** 2
    v = C_KM_S * (1 - ratio2) / (1 + ratio2)
    seen = np.array([np.interp(V, v[::-1], row[::-1]) for row in flux])
    np.testing.assert_allclose(bal.balnicity(V, seen), troughs["bi_civ"], rtol=0.05, atol=30)


def test_only_low_ionisation_quasars_have_magnesium_troughs():
    wave = np.linspace(6000.0, 7200.0, 3000)
    troughs = bal.draw(3000, np.random.default_rng(2))
    flux = np.ones((3000, wave.size), np.float32)
    bal.absorb(flux, wave, np.full(3000, 1.5), troughs)
    absorbed = flux.min(axis=1) < 0.99
    assert absorbed.any()
    assert troughs["bal_low"][absorbed].all()
