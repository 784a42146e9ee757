"""Galaxies against atomic physics, the BPT diagram's demarcations, the two peaks of D4000 and Calzetti's law."""

import numpy as np
import pytest

from qsocore.grid import DEFAULT_GRID
from qsocore.preprocess.indices import measure
from qsocore.simulate import galaxies, nebula
from qsocore.simulate.dust import calzetti
from qsocore.simulate.photometry import magnitudes
from qsocore.simulate.star_templates import template_wave
from qsocore.simulate.starlight import AGES, DISPERSIONS, populations, starlight

N = 3000
FINE = np.arange(3800.0, 9800.0, 0.5)


def _draw(n=N, seed=5):
    rng = np.random.default_rng(seed)
    return galaxies.draw(n, rng), rng


def _of_type(name, n=6, z=0.05):
    """A few galaxies of one type at one redshift, with narrow lines."""
    truth, rng = _draw(4000)
    rows = np.flatnonzero(truth["type"] == galaxies.TYPES.index(name))[:n]
    truth = {key: values[rows] for key, values in truth.items()}
    truth |= {"true_z": np.full(n, z), "sigma_gas": np.full(n, 60.0)}
    return truth, rng


def _lines(truth, rng, names):
    """Line fluxes read off the spectra: with the gas less without it, summed around each line."""
    gas = galaxies.spectra(truth, FINE, rng)
    bare = galaxies.spectra(truth | {"ew_ha": np.zeros_like(truth["ew_ha"])}, FINE, rng)
    beside = np.abs(FINE / (1 + truth["true_z"][0]) - 5600) < 100  # no line here: undo the two scales
    excess = gas - bare * (gas[:, beside].mean(axis=1) / bare[:, beside].mean(axis=1))[:, None]
    near = [np.abs(FINE / (1 + truth["true_z"][0]) - nebula.wave_of(name)) < 8 for name in names]
    return [excess[:, window].sum(axis=1) for window in near]


@pytest.mark.parametrize("name", ["star-forming", "seyfert"])
def test_doublets_of_one_upper_level_are_one_to_three(name):
    truth, rng = _of_type(name)
    truth["ebv"][:] = 0
    weak, strong, nii_weak, nii_strong = _lines(truth, rng, ("oiii_4959", "oiii_5007", "nii_6548", "nii_6583"))
    np.testing.assert_allclose(strong / weak, 2.98, rtol=0.01)
    np.testing.assert_allclose(nii_strong / nii_weak, 2.98, rtol=0.01)


def test_spectra_hold_the_ratios_and_the_width_of_the_truth():
    truth, rng = _of_type("star-forming")
    truth["ebv"][:] = 0
    h_alpha, h_beta, oiii, nii = _lines(truth, rng, ("h_alpha", "h_beta", "oiii_5007", "nii_6583"))
    np.testing.assert_allclose(h_alpha / h_beta, 2.863, rtol=0.01)
    np.testing.assert_allclose(np.log10(oiii / h_beta), truth["log_oiii"], atol=0.01)
    np.testing.assert_allclose(np.log10(nii / h_alpha), truth["log_nii"], atol=0.01)
    bare = galaxies.spectra(truth | {"ew_ha": np.zeros(6)}, FINE, rng)
    gas = galaxies.spectra(truth, FINE, rng)
    rest = FINE / 1.05
    beside, near = np.abs(rest - 5600) < 100, np.abs(rest - nebula.wave_of("h_alpha")) < 60
    bare *= (gas[:, beside].mean(axis=1) / bare[:, beside].mean(axis=1))[:, None]
    width = h_alpha * 0.5 / 1.05 / bare[:, near].mean(axis=1)
    np.testing.assert_allclose(width, truth["ew_ha"], rtol=0.02)


def test_dust_reddens_the_balmer_decrement_as_calzetti_says():
    truth, rng = _of_type("star-forming")
    truth["ebv"][:] = 0.2
    h_alpha, h_beta = _lines(truth, rng, ("h_alpha", "h_beta"))
    k_alpha, k_beta = 3.326, 4.598  # Calzetti et al. (2000), as quoted by Dominguez et al. (2013), ApJ 763, 145
    expected = 2.863 * 10 ** (0.4 * (k_beta - k_alpha) * 0.2 / 0.44)
    np.testing.assert_allclose(h_alpha / h_beta, expected, rtol=0.015)


def test_calzetti_has_its_published_values():
    # R_V by definition; k(H-alpha), k(H-beta) of Dominguez et al. (2013); k(1500) = 10.33, Calzetti's starburst far-UV value
    np.testing.assert_allclose(calzetti([5500.0, 6562.8, 4861.3, 1500.0]), [4.05, 3.33, 4.60, 10.33], atol=0.02)


def test_types_lie_where_the_demarcations_have_them():
    truth, _ = _draw()
    x, y = truth["log_nii"], truth["log_oiii"]
    forming, composite, seyfert, liner = (truth["type"] == number for number in (1, 2, 3, 4))
    # Kauffmann et al. (2003) and Kewley et al. (2001), written out here
    assert (y[forming] < 0.61 / (x[forming] - 0.05) + 1.3).all()
    assert (y[composite] > 0.61 / (x[composite] - 0.05) + 1.3).all()
    assert (y[composite] < 0.61 / (x[composite] - 0.47) + 1.19).all()
    for active in (seyfert, liner):
        assert (y[active] > 0.61 / (x[active] - 0.47) + 1.19).all()
    assert np.median(y[seyfert]) > np.median(y[liner]) + 0.2
    assert np.corrcoef(x[forming], y[forming])[0, 1] < -0.8


def test_subclasses_follow_the_pipeline_of_sdss():
    truth, _ = _draw()
    gas = truth["type"] > 0
    agn = truth["log_oiii"] > 0.7 - 1.2 * (truth["log_nii"] + 0.4)
    assert set(truth["subclass"][~gas]) == {""}
    assert (truth["subclass"][gas & agn] == "AGN").all()
    assert (truth["subclass"][gas & ~agn & (truth["ew_ha"] > 50)] == "STARBURST").all()
    assert (truth["subclass"][gas & ~agn & (truth["ew_ha"] <= 50)] == "STARFORMING").all()
    assert all((truth["subclass"] == name).mean() > 0.02 for name in ("AGN", "STARBURST", "STARFORMING"))


def test_d4000_has_two_peaks_with_a_valley_between():
    d4000n = _draw(8000)[0]["d4000n"]
    count, _ = np.histogram(d4000n, bins=np.arange(1.0, 2.11, 0.1))
    low, valley, high = count[1:4].max(), count[4:7].min(), count[6:10].max()  # Kauffmann et al. (2003): 1.3 and 1.85
    assert valley < 0.6 * min(low, high)


def test_d4000_of_the_truth_is_that_of_the_spectrum():
    truth, rng = _draw(200)
    truth |= {"true_z": np.full(200, 0.05), "ew_ha": np.zeros(200), "ebv": np.zeros(200), "sigma_v": np.full(200, 150.0)}
    wave = np.arange(3700.0, 9000.0)
    found = measure(galaxies.spectra(truth, wave, rng), wave / 1.05, ("d4000n",))["d4000n"]
    np.testing.assert_allclose(found, truth["d4000n"], rtol=0.01)


def test_populations_age_as_they_should():
    found = measure(populations()[1], template_wave(), ("d4000n", "h_delta", "mg_b", "f4250"))
    assert (np.diff(found["d4000n"]) > 0).all() and (np.diff(found["f4250"]) < 0).all()
    assert 0.9 < found["d4000n"][0] < 1.1 and 1.7 < found["d4000n"][-1] < 2.2
    assert AGES[int(np.argmax(found["h_delta"]))] == 0.4
    assert found["mg_b"][-1] > 3.5


@pytest.mark.parametrize(("sigma", "within"), [(350.0, 0.002), (165.0, 0.03)])  # kept, and interpolated
def test_dispersion_is_a_gaussian_in_velocity(sigma, within):
    ages = np.eye(len(AGES))[[0, 2, 5]]
    sharp, broad = (starlight(ages, np.full(3, value)).astype(float) for value in (DISPERSIONS[0], sigma))
    pixel = np.log(template_wave()[1] / template_wave()[0]) * 299792.458  # km/s
    velocity = np.arange(-30, 31) * pixel
    kernel = np.exp(-0.5 * velocity**2 / (sigma**2 - DISPERSIONS[0] ** 2))
    expected = np.stack([np.convolve(row, kernel / kernel.sum(), mode="same") for row in sharp])
    inner = slice(100, -100)
    np.testing.assert_allclose(broad[:, inner], expected[:, inner], rtol=within)
    assert np.abs(sharp / broad - 1)[:, inner].max() > 0.1  # there is something to broaden


def test_spectra_are_positive_reproducible_and_have_their_magnitude():
    def make():
        truth, rng = _draw(400, seed=9)
        return truth, galaxies.spectra(truth, DEFAULT_GRID.wave, rng)

    (truth, flux), (_, again) = make(), make()
    assert flux.dtype == np.float32 and flux.shape == (400, 2048)
    assert np.isfinite(flux).all() and (flux > 0).all()
    np.testing.assert_array_equal(flux, again)
    np.testing.assert_allclose(magnitudes(flux, DEFAULT_GRID.wave)["mag_i"], truth["mag_i"], atol=0.02)


def test_redshift_moves_every_feature():
    truth, rng = _of_type("star-forming", n=3, z=0.3)
    wave = 10 ** np.arange(np.log10(3700), np.log10(9700), 2e-5)
    flux = galaxies.spectra(truth, wave, rng)
    near = np.abs(wave / 1.3 - nebula.wave_of("h_alpha")) < 6
    peak = wave[near][flux[:, near].argmax(axis=1)]
    np.testing.assert_allclose(peak / 1.3, nebula.wave_of("h_alpha"), atol=0.3)


def test_redshifts_stay_within_their_survey():
    z = _draw()[0]["true_z"]
    assert z.min() >= 0.02 and z.max() <= 1.0
    assert 0.05 < np.quantile(z, 0.25) < 0.15 and 0.4 < np.quantile(z, 0.9) < 0.8
