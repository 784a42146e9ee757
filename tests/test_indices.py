"""Spectral indices against cases that can be integrated by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.errors import ConfigError
from qsocore.preprocess.indices import INDICES, Ratio, Width, measure
from qsocore.units import air_to_vacuum

WAVE = np.arange(3500.0, 10400.0, 0.5)
WIDTHS = [name for name, index in INDICES.items() if isinstance(index, Width)]
RATIOS = [name for name, index in INDICES.items() if isinstance(index, Ratio)]


@settings(deadline=None)
@given(level=st.floats(1e-3, 1e3), slope=st.floats(-0.9e-4, 0.9e-4))
def test_a_straight_continuum_has_no_equivalent_width(level, slope):
    flux = level * (1 + slope * (WAVE - 7000))
    for name, (value,) in measure(flux, WAVE, WIDTHS).items():
        assert abs(value) < 1e-3, name


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize("width", [-8.0, 0.5, 4.0])
def test_a_gaussian_line_has_its_own_area(name, width):
    centre = float(air_to_vacuum(sum(INDICES[name].band) / 2))
    line = width / (1.5 * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((WAVE - centre) / 1.5) ** 2)
    assert measure(3.0 * (1 - line), WAVE, [name])[name][0] == pytest.approx(width, abs=2e-3 * abs(width) + 1e-6)


@pytest.mark.parametrize("name", sorted(set(WIDTHS) - {"g_band", "mg_b"}))  # whose published side bands overlap the band
def test_a_black_band_has_the_width_of_the_band(name):
    low, high = air_to_vacuum(INDICES[name].band)
    flux = np.where(np.abs(WAVE - (low + high) / 2) < (high - low) / 2 + 0.3, 0.0, 2.0)
    assert measure(flux, WAVE, [name])[name][0] == pytest.approx(high - low, rel=1e-6)


def test_ratios_of_a_power_law():
    flux = WAVE**-2.0  # constant per unit frequency
    assert measure(flux, WAVE, ["d4000n"])["d4000n"][0] == pytest.approx(1.0, abs=1e-6)
    found = measure(flux, WAVE, ["f7500", "tio5"])
    assert found["f7500"][0] == pytest.approx((5500 / 7500) ** 2, rel=1e-4)
    assert found["tio5"][0] == pytest.approx((7044 / 7130.5) ** 2, rel=1e-4)


def test_a_step_is_its_height():
    step = float(air_to_vacuum(3975.0))
    flux = np.where(np.less(WAVE, step), 1.0, 1.7) / WAVE**2
    assert measure(flux, WAVE, ["d4000n"])["d4000n"][0] == pytest.approx(1.7, rel=1e-6)


@settings(deadline=None)
@given(scale=st.floats(1e-20, 1e20))
def test_indices_do_not_depend_on_the_unit(scale):
    flux = 2 + np.sin(WAVE / 30)
    one, other = measure(flux, WAVE), measure(scale * flux, WAVE)
    for name in INDICES:
        assert other[name][0] == pytest.approx(one[name][0], rel=1e-9, abs=1e-9)


def test_indices_hold_on_any_sampling():
    def flux(wave):
        return 2 + 0.3 * np.sin(wave / 60)

    for wave in (np.arange(3500.0, 10400.0, 1.3), 10 ** np.arange(np.log10(3500), np.log10(10400), 1e-4)):
        fine, coarse = measure(flux(WAVE), WAVE), measure(flux(wave), wave)
        for name in INDICES:
            assert coarse[name][0] == pytest.approx(fine[name][0], rel=5e-3, abs=0.05), name


def test_bands_beyond_the_spectrum_are_missing():
    short = WAVE[(WAVE > 5000) & (WAVE < 7000)]
    found = measure(np.ones((3, short.size)), short)
    assert np.isnan(found["ca_k"]).all() and np.isnan(found["tio5"]).all()
    assert np.isfinite(found["na_d"]).all() and found["na_d"].shape == (3,)


def test_an_unknown_index_is_refused_with_its_neighbours():
    with pytest.raises(ConfigError, match="did you mean h_beta"):
        measure(np.ones(WAVE.size), WAVE, ["h_bata"])
