import numpy as np
import pytest

from qsocore.grid import DEFAULT_GRID, GRIDS
from qsocore.simulate import dust, luminosity, metals, quasars
from qsocore.simulate.cosmology import distance_modulus
from qsocore.simulate.instruments import INSTRUMENTS
from qsocore.simulate.observe import Observer
from qsocore.simulate.photometry import magnitudes

WAVE = DEFAULT_GRID.wave


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    truth = quasars.draw(1500, rng)
    return truth, quasars.spectra(truth, WAVE, rng)


def test_spectra_are_finite_and_not_negative(sample):
    _, flux = sample
    assert flux.shape == (1500, 2048)
    assert flux.dtype == np.float32
    assert np.isfinite(flux).all()
    assert (flux > -1e-6).all()


def test_spectra_are_a_function_of_parameters_and_seed():
    def make():
        rng = np.random.default_rng(9)
        return quasars.spectra(quasars.draw(70, rng), WAVE, rng)

    np.testing.assert_array_equal(make(), make())


def test_flux_is_that_of_the_absolute_magnitude():
    truth = quasars.draw(2000, np.random.default_rng(1))
    flux = quasars.spectra(truth, WAVE, np.random.default_rng(1))
    z = truth["true_z"]
    clear = (z > 1.7) & (z < 2.0) & (truth["ai_civ"] == 0) & ~np.isfinite(truth["z_dla"])
    at = 1450 * (1 + z[clear])
    seen = np.array([np.interp(wave, WAVE, row) for wave, row in zip(at, flux[clear], strict=True)])
    m_ab = -2.5 * np.log10(seen * 1e-17 * at**2 / 2.99792458e18) - 48.60
    m_1450 = m_ab - distance_modulus(z[clear]) + 2.5 * np.log10(1 + z[clear])
    # Wings of C IV and Si IV and the host add a few per cent there
    assert np.median(m_1450 - truth["m_1450"][clear]) == pytest.approx(-0.05, abs=0.06)
    assert np.std(m_1450 - truth["m_1450"][clear]) < 0.15
    np.testing.assert_allclose(truth["m_i"], truth["m_1450"] + luminosity.I_FROM_1450)


@pytest.fixture(scope="module")
def plate():
    """Magnitudes and observed spectra of a survey like plate 3655."""
    rng = np.random.default_rng(3)
    flux = quasars.spectra(quasars.draw(3000, rng, "boss"), WAVE, rng)
    return magnitudes(flux, WAVE)["mag_g"], Observer(INSTRUMENTS.get("boss"), DEFAULT_GRID).observe(flux, rng)


def test_noise_is_that_of_plate_3655(plate):
    """Median error of a pixel of 1e-4 dex over 68 real quasars."""
    _, seen = plate
    measured = {3650: 1.95, 3800: 0.93, 4000: 0.67, 4250: 0.47, 4500: 0.41, 5000: 0.34, 5500: 0.30, 5900: 0.39, 6000: 0.36,
                6500: 0.25, 7000: 0.21, 7500: 0.21, 8000: 0.23, 8800: 0.22, 9000: 0.22, 9400: 0.35, 9800: 0.38, 10_100: 0.63}
    own_pixels = DEFAULT_GRID.step / 1e-4  # in one of the grid's
    sigma = np.sqrt(own_pixels / np.where(seen.ivar > 0, seen.ivar, np.nan))
    found = [np.nanmedian(sigma[:, np.abs(WAVE - wave) < 25]) for wave in measured]
    np.testing.assert_allclose(found, list(measured.values()), rtol=0.25)
    assert np.median(np.array(found) / list(measured.values())) == pytest.approx(1.0, abs=0.08)


def test_signal_to_noise_follows_the_magnitude_as_on_plate_3655(plate):
    """Median per pixel in bins of g: measured on 68 real quasars, whose bins hold about ten each."""
    g, seen = plate
    snr = seen.snr_median
    measured = {(17.5, 19.0): 20, (19.0, 19.5): 15, (19.5, 20.0): 7.4, (20.0, 20.5): 7.0, (20.5, 21.0): 4.9, (21.0, 21.5): 2.7,
                (21.5, 22.2): 1.7}
    ratio = [np.median(snr[(g >= low) & (g < high)]) / value for (low, high), value in measured.items()]
    assert 0.6 < min(ratio) < max(ratio) < 1.6  # the 19.5-20 bin of the data itself falls a third below its neighbours' trend
    assert np.median(ratio) == pytest.approx(1.0, abs=0.2)


def test_truth_is_consistent(sample):
    truth, _ = sample
    columns = quasars.catalogue(truth, WAVE)
    assert ((columns["subclass"] == "BAL") == (np.nan_to_num(columns["bi_civ"]) > 0)).all()
    np.testing.assert_array_equal(np.isfinite(columns["n_hi_dla"]), np.isfinite(columns["z_dla"]))
    damped = np.isfinite(columns["z_dla"])
    assert (columns["z_dla"][damped] < truth["true_z"][damped]).all()
    assert (columns["n_hi_dla"][damped] >= 19.5).all()
    # C IV must be in sight for an index of it
    assert np.isnan(columns["bi_civ"][truth["true_z"] < 1.3]).all()
    assert np.isfinite(columns["bi_civ"][(truth["true_z"] > 1.6) & (truth["true_z"] < 5)]).all()


def test_reddening_of_the_sample():
    truth = quasars.draw(40_000, np.random.default_rng(4))
    broad = truth["bi_civ"] > 300
    plain = truth["ai_civ"] == 0
    assert (truth["ebv"][plain] > 0.1).mean() == pytest.approx(0.025, abs=0.006)  # Krawczyk et al. (2015)
    assert (truth["ebv"][broad] > 0.1).mean() == pytest.approx(0.13, abs=0.03)


def test_every_grid_is_filled():
    for name in ("qnet443", "desi7781"):
        rng = np.random.default_rng(0)
        wave = GRIDS[name].wave
        flux = quasars.spectra(quasars.draw(30, rng), wave, rng)
        assert flux.shape == (30, wave.size)
        assert np.isfinite(flux).all()


def test_metal_doublet_has_its_equivalent_widths():
    n = 40
    flux = np.ones((n, 20_000))
    wave = np.linspace(4000.0, 7000.0, 20_000)
    width = np.zeros((n, 2, 4))
    width[:, 0, 0] = np.linspace(0.2, 0.8, n)
    z = np.full((n, 2, 4), 0.8)
    metals.absorb(flux, wave, {"metal_z": z, "metal_width": width}, np.full(n, np.nan))
    line = np.abs(wave / 1.8 - 2796.354) < 3.5
    measured = np.trapezoid(1 - flux[:, line], wave[line], axis=1) / 1.8
    np.testing.assert_allclose(measured, width[:, 0, 0], rtol=0.05)


def test_dust_curves_against_published_values():
    assert dust.smc(10_000.0) == pytest.approx(1.39)
    # Cardelli, Clayton & Mathis (1989), table 3: A(lambda) / A(V) in B, V, R, I for R_V = 3.1
    np.testing.assert_allclose(dust.galactic([4400.0, 5500.0, 7000.0, 9000.0]) / 3.1, [1.337, 1.0, 0.751, 0.479], atol=0.03)
    assert dust.calzetti(5500.0) == pytest.approx(4.05, abs=0.03)


def test_magnitudes_of_a_flat_f_nu_source():
    f_nu = 3.631e-20 * 10 ** (-0.4 * 20.0)
    flux = (f_nu * 2.99792458e18 / WAVE**2 * 1e17).astype(np.float32)[None]
    for value in magnitudes(flux, WAVE).values():
        assert value[0] == pytest.approx(20.0, abs=0.005)


def test_magnitudes_of_bands_not_covered_are_missing():
    wave = np.linspace(5000.0, 7500.0, 1000)
    out = magnitudes(np.ones((2, 1000), np.float32), wave)
    assert np.isnan(out["mag_g"]).all()
    assert np.isfinite(out["mag_r"]).all()
    assert np.isnan(out["mag_i"]).all()
