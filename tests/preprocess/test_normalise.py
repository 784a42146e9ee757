"""Normalisation: scales are unmoved by noise and gaps, weights are the stated ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qsocore.errors import ConfigError
from qsocore.preprocess.normalise import SCALES, Normalisation


def observed(shape, snr, n=200, seed=0):
    rng = np.random.default_rng(seed)
    sigma = np.abs(shape).mean() / snr
    flux = shape + sigma * rng.normal(size=(n, len(shape)))
    return flux.astype("f4"), np.full(flux.shape, sigma**-2, "f4")


@pytest.mark.parametrize("snr", [0.5, 1, 5, 50])
@pytest.mark.parametrize("shape", ["flat", "red", "lines"])
def test_rms_is_unbiased_by_noise(snr, shape):
    x = np.linspace(0, 1, 2048)
    shape = {"flat": np.ones(2048), "red": np.exp(4 * x), "lines": 0.2 + 50 * np.exp(-0.5 * ((x - 0.3) / 0.002) ** 2)}[shape]
    flux, ivar = observed(shape, snr)
    truth = np.sqrt((shape.reshape(64, 32).mean(axis=1) ** 2).mean())
    scale = Normalisation("rms").apply(flux, ivar)[2]
    assert np.sqrt((scale.astype(float) ** 2).mean()) == pytest.approx(truth, rel=0.02)
    assert scale.std() / truth < 0.15 / min(snr, 5)


def test_rms_does_not_move_with_gaps_and_wild_masked_pixels():
    flux, ivar = observed(np.full(2048, 3.0), 10)
    holes = np.random.default_rng(1).random(flux.shape) < 0.3
    flux[holes], ivar[holes] = 1e9, 0
    x, w, scale = Normalisation().apply(flux, ivar)
    assert scale == pytest.approx(3.0, rel=0.02)
    assert (x[holes] == 0).all()
    assert (w[holes] == 0).all()


def test_weights_are_the_stated_ones():
    flux, ivar = np.full((1, 64), 2.0, "f4"), np.linspace(0, 900, 64, dtype="f4")[None]
    _, w, scale = Normalisation("median", error_floor=0.1).apply(flux, ivar)
    assert scale[0] == 2.0
    with np.errstate(divide="ignore"):
        by_hand = 1 / (1 / (ivar * 4.0) + 0.01)
    assert w == pytest.approx(np.where(ivar > 0, by_hand, 0.0), rel=1e-5)
    assert w.max() < 100
    plain = Normalisation("none", error_floor=0.0).apply(flux, ivar)
    assert np.array_equal(plain[1], ivar)
    assert np.array_equal(plain[0], np.where(ivar > 0, flux, 0))


@settings(max_examples=80, deadline=None)
@given(hnp.arrays("f4", (3, 70), elements=st.floats(-1e6, 1e6, width=32)),
       hnp.arrays("f4", (3, 70), elements=st.one_of(st.just(0.0), st.floats(2**-20, 1e6, width=32))),
       st.sampled_from(sorted(SCALES)))
def test_scale_is_positive_and_undoes_itself(flux, ivar, name):
    x, w, scale = Normalisation(name).apply(flux, ivar)
    assert (scale > 0).all()
    assert np.isfinite(scale).all()
    assert np.isfinite(x).all()
    assert np.isfinite(w).all()
    assert ((w > 0) == (ivar > 0)).all() or (w[ivar == 0] == 0).all()
    assert x * scale[:, None] == pytest.approx(np.where(ivar > 0, flux, 0), rel=1e-5, abs=1e-30)


def test_scaling_the_spectrum_changes_nothing_but_the_scale():
    flux, ivar = observed(1 + np.linspace(0, 1, 300), 8, n=5)
    for name in set(SCALES) - {"none"}:
        x, w, scale = Normalisation(name).apply(flux, ivar)
        x4, w4, scale4 = Normalisation(name).apply(4 * flux, ivar / 16)
        assert x4 == pytest.approx(x, rel=1e-4)
        assert w4 == pytest.approx(w, rel=1e-4)
        assert scale4 == pytest.approx(4 * scale, rel=1e-4)


def test_a_spectrum_below_zero_falls_back_to_rms():
    flux, ivar = observed(np.full(640, -2.0), 10, n=3)
    assert Normalisation("median").apply(flux, ivar)[2] == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("wrong", [{"scale": "loudest"}, {"error_floor": -0.1}])
def test_unknown_or_senseless_settings_are_refused(wrong):
    with pytest.raises(ConfigError):
        Normalisation(**wrong)
