import numpy as np
import pytest
from sedpy.observate import Filter, getSED

from qsocore.errors import ConfigError
from qsocore.simulate import bands, igm
from qsocore.simulate.bands import BANDS, band_fluxes, band_wave, fluxes_of, magnitudes_of, responses
from qsocore.simulate.forest import LYMAN_LIMIT

C = 2.99792458e18


def test_what_is_flat_in_f_nu_has_the_same_flux_in_every_band():
    microjansky = 3.0
    f_lambda = microjansky * 1e-29 * C / band_wave() ** 2 * 1e17
    np.testing.assert_allclose(band_fluxes(f_lambda[None], tuple(bands.FILTERS)), microjansky, rtol=1e-4)


def test_a_single_wavelength_counts_as_its_photons():
    """A line at wavelength l gives l T(l) / integral of c T / l: twice the wavelength, twice the photons of the same energy."""
    curve = Filter("decam_i")
    for line in (7200.0, 8200.0):
        pixel = np.argmin(np.abs(band_wave() - line))
        at = band_wave()[pixel]
        expected = at * np.interp(at, curve.wavelength, curve.transmission) * at * np.log(10) * bands.STEP
        expected /= C * np.trapezoid(curve.transmission / curve.wavelength, curve.wavelength)
        assert responses(("i",))[pixel, 0] == pytest.approx(expected * 1e12, rel=0.02)


@pytest.mark.parametrize("slope", [-4.0, -2.0, 0.0, 1.5])
def test_magnitudes_are_those_of_sedpy(slope):
    f_lambda = (band_wave() / 8000) ** slope
    ours = magnitudes_of(band_fluxes(f_lambda[None]))[0]
    theirs = getSED(band_wave(), f_lambda * 1e-17, [Filter(bands.FILTERS[band]) for band in BANDS])
    np.testing.assert_allclose(ours, theirs, atol=0.004)


def test_magnitudes_and_fluxes_are_each_other_s_inverse():
    np.testing.assert_allclose(magnitudes_of(fluxes_of([15.0, 23.9, 25.5])), [15.0, 23.9, 25.5])
    assert fluxes_of(23.9) == pytest.approx(1.0)
    assert np.isnan(magnitudes_of(np.array([0.0, -1.0]))).all()


def test_an_unknown_band_is_refused():
    with pytest.raises(ConfigError, match="no band is called 'q'"):
        responses(("g", "q"))


def test_nothing_passes_below_the_lyman_limit_and_everything_above_lyman_alpha():
    z = np.array([3.0, 6.2])
    wave = band_wave()
    through = igm.transmission(wave, z)
    for row, redshift in zip(through, z, strict=True):
        assert (row[wave < LYMAN_LIMIT * (1 + redshift)] == 0).all()
        assert (row[wave > 1217 * (1 + redshift)] == 1).all()
        assert ((row >= 0) & (row <= 1)).all()


def test_the_forest_is_as_opaque_as_it_was_measured():
    """Effective optical depths 2.3 at z = 5 and 4 at 5.6 (Bosman et al. 2022, about), 0.75 at 3.5 (Becker et al. 2013)."""
    for z, tau in ((3.5, 0.62), (5.0, 1.83), (5.6, 3.1)):
        assert igm.effective_optical_depth(z) == pytest.approx(tau, rel=0.1)
    at = 1215.67 * 5.8  # of a quasar at z = 5.2, far enough away from it
    through = igm.transmission(np.array([at]), np.array([5.2]))[0, 0]
    assert -np.log(through) == pytest.approx(igm.effective_optical_depth(4.8), rel=0.15)


def test_an_opaque_sight_line_lets_less_through():
    wave = np.array([8000.0])
    clear, opaque = igm.transmission(wave, np.array([6.0, 6.0]), np.array([0.7, 1.3]))[:, 0]
    assert clear > opaque > 0
