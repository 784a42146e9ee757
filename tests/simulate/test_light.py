import numpy as np
import pytest

from qsocore.simulate import galaxy_light, quasar_light
from qsocore.simulate.bands import band_fluxes, band_wave, magnitudes_of


def quasars(z, n=60, m_1450=-26.5):
    truth = quasar_light.draw(np.full(n, z), np.full(n, m_1450), np.random.default_rng(1))
    return truth, quasar_light.spectra(truth)


def test_a_quasar_has_its_absolute_magnitude():
    from qsocore.simulate.cosmology import distance_modulus

    z, m_1450 = 5.8, -26.0
    truth, flux = quasars(z, m_1450=m_1450)
    truth = truth | {"line_ew": np.zeros_like(truth["line_ew"]), "balmer": np.zeros_like(truth["balmer"])}
    bare = quasar_light.spectra(truth)
    at = np.argmin(np.abs(band_wave() - 1450 * (1 + z)))
    f_nu = bare[:, at] * 1e-17 * band_wave()[at] ** 2 / 2.99792458e18
    seen = -2.5 * np.log10(f_nu) - 48.60
    np.testing.assert_allclose(seen - distance_modulus(z) + 2.5 * np.log10(1 + z), m_1450, atol=0.01)
    assert np.median(flux[:, at] / bare[:, at]) > 1  # lines were all that was taken away


def test_quasars_drop_out_of_one_band_after_the_other():
    colour = {z: np.nanmedian(-np.diff(magnitudes_of(band_fluxes(quasars(z)[1]))[:, 2:4])) for z in (5.4, 5.9, 6.2)}
    assert colour[5.4] < 1 < colour[5.9] < 2.2 < colour[6.2]


def test_the_mean_quasar_turns_red_where_its_dust_is_hot():
    rest = np.array([1450.0, 5500.0, 1e4, 2e4])
    f_nu = quasar_light.continuum(rest)
    assert f_nu[0] < f_nu[1] < f_nu[3]
    assert f_nu[3] == pytest.approx(3.961 + (2e4 / 5500) ** 0.37, rel=0.01)


def test_band_fluxes_of_the_table_are_those_of_the_spectra():
    rng = np.random.default_rng(2)
    for stars in (galaxy_light.old_stars, galaxy_light.forming_stars):
        truth = {"true_z": rng.uniform(0.02, 1.8, 150)} | stars(150, rng)
        difference = magnitudes_of(galaxy_light.fluxes(truth)) - magnitudes_of(band_fluxes(galaxy_light.spectra(truth)))
        assert np.abs(difference).max() < 0.03


def test_passive_galaxies_have_a_break_between_i_and_z_at_redshift_one():
    """Colours of red galaxies at z = 1: r - i 1.2, i - z 0.9, J - K 0.5 to 0.6, W1 - W2 below zero (AB)."""
    n = 100
    colour = {}
    for z in (0.3, 1.1):
        truth = {"true_z": np.full(n, z)} | galaxy_light.old_stars(n, np.random.default_rng(3))
        colour[z] = -np.diff(np.median(magnitudes_of(galaxy_light.fluxes(truth)), axis=0))
    i_z, j_k, w1_w2 = 2, 5, 7
    assert colour[0.3][i_z] < 0.4 and 0.9 < colour[1.1][i_z] < 1.2
    assert colour[0.3][j_k] < 0.3 and 0.45 < colour[1.1][j_k] < 0.75
    assert colour[0.3][w1_w2] == pytest.approx(-0.63, abs=0.08)  # Vega zero
    assert -0.4 < colour[1.1][w1_w2] < -0.1


def test_galaxies_that_form_stars_are_bluer():
    n = 100
    z = {"true_z": np.full(n, 0.4)}
    old, young = (np.median(magnitudes_of(galaxy_light.fluxes(z | stars(n, np.random.default_rng(4)))), axis=0)
                  for stars in (galaxy_light.old_stars, galaxy_light.forming_stars))
    assert (old[0] - old[1]) - (young[0] - young[1]) > 0.5
