import numpy as np
import pytest

from qsocore.simulate import emission
from qsocore.simulate.continuum import log_continuum
from qsocore.simulate.profiles import add_gaussians, window

WAVE = 10 ** np.linspace(3.5563, 4.0170, 2048)


def lines_of(n, m_i=-25.0, seed=0):
    return emission.draw_lines(np.full(n, m_i), np.random.default_rng(seed))


def test_gaussians_have_their_area_centre_and_width():
    wave = np.linspace(4000, 5000, 4001)
    flux = np.zeros((3, wave.size))
    centre, sigma, area = np.array([4100.0, 4500.0, 4900.0]), np.array([3.0, 20.0, 8.0]), np.array([5.0, -2.0, 7.0])
    add_gaussians(flux, wave, centre, sigma, area)
    total = np.trapezoid(flux, wave, axis=1)
    np.testing.assert_allclose(total, area, rtol=1e-3)
    mean = np.trapezoid(flux * wave, wave, axis=1) / total
    np.testing.assert_allclose(mean, centre, atol=0.02)
    variance = np.trapezoid(flux * (wave - mean[:, None]) ** 2, wave, axis=1) / total
    np.testing.assert_allclose(np.sqrt(variance), sigma, rtol=3e-3)


def test_lines_outside_the_grid_add_nothing():
    flux = np.zeros((2, WAVE.size))
    add_gaussians(flux, WAVE, [3000.0, 12_000.0], 20.0, 5.0)
    assert (flux == 0).all()


def test_windows_stay_inside_and_flag_what_is_between_the_limits():
    wave = np.arange(10.0)
    rows, pixels, inside = window(wave, np.array([-5.0, 7.5, 20.0]), np.array([1.5, 30.0, 25.0]))
    assert rows.ravel().tolist() == [0, 1]
    assert pixels[inside].tolist() == [0, 1, 8, 9]
    assert pixels.min() >= 0
    assert pixels.max() <= 9


@pytest.mark.parametrize(("name", "z"), [("C IV", 2.0), ("Mg II", 1.0), ("H beta", 0.3)])
def test_equivalent_widths_come_back_from_noiseless_spectra(name, z):
    n = 300
    chosen = [line == name for line in emission.NAMES]
    lines = lines_of(n)
    lines["line_ew"][:, ~np.array(chosen)] = 0
    redshift, slopes, ebv = np.full(n, z), np.tile([-1.0, -0.5, -0.4, -1.7], (n, 1)), np.full(n, 0.02)
    continuum = np.exp(log_continuum(np.log(WAVE), redshift, slopes, ebv))
    at = np.log(np.array([line.wave for line in emission.LINES]) * (1 + redshift[:, None]))
    flux = continuum.copy()
    emission.add_lines(flux, WAVE, redshift, lines, np.exp(log_continuum(at, redshift, slopes, ebv)))
    measured = np.trapezoid(flux / continuum - 1, WAVE / (1 + z), axis=1)
    np.testing.assert_allclose(measured, lines["line_ew"].sum(axis=1), rtol=0.05)


def test_baldwin_effect_of_carbon():
    civ = [line == "C IV" for line in emission.NAMES]
    median = {m_i: np.median(lines_of(4000, m_i)["line_ew"][:, civ].sum(axis=1)) for m_i in (-23.0, -25.0, -27.0)}
    # Narrow and broad component together: 85, 55 and 36 Angstrom in the model of Ross et al. (2013)
    assert median[-23.0] == pytest.approx(85, rel=0.08)
    assert median[-25.0] == pytest.approx(55, rel=0.08)
    assert median[-27.0] == pytest.approx(36, rel=0.08)


def test_lines_of_a_quasar_are_strong_together_and_blueshifted_ones_weak():
    lines = lines_of(6000)
    civ, mgii = emission.NAMES.index("C IV") + 1, emission.NAMES.index("Mg II") + 1
    assert np.corrcoef(np.log(lines["line_ew"][:, [civ, mgii]].T))[0, 1] > 0.5
    assert np.corrcoef(np.log(lines["line_ew"][:, civ]), lines["line_shift"][:, civ])[0, 1] > 0.3


def test_carbon_is_bluer_in_bright_quasars_and_magnesium_is_systemic():
    civ, mgii = emission.NAMES.index("C IV") + 1, emission.NAMES.index("Mg II")
    faint, bright = lines_of(4000, -24.0)["line_shift"], lines_of(4000, -27.0)["line_shift"]
    assert bright[:, civ].mean() < faint[:, civ].mean() - 200
    assert -1500 < bright[:, civ].mean() < -500
    assert abs(bright[:, mgii].mean()) < 50


def test_continuum_has_its_slopes_and_is_one_at_the_pivot():
    z = np.array([2.0])
    slopes = np.array([[-1.5, -0.5, -0.4, -1.7]])
    rest = np.array([1000.0, 1050.0, 1450.0, 2000.0, 4000.0, 7000.0, 9000.0])
    ln = np.log
    out = log_continuum(ln(rest * 3), z, slopes, np.zeros(1))[0]
    assert out[2] == pytest.approx(0, abs=1e-6)
    assert (out[1] - out[0]) / ln(1050 / 1000) == pytest.approx(-2 + 1.5, abs=1e-4)
    assert (out[4] - out[3]) / ln(2) == pytest.approx(-2 + 0.5, abs=1e-4)
    assert (out[6] - out[5]) / ln(9 / 7) == pytest.approx(-2 + 0.4, abs=1e-4)


def test_dust_reddens_as_the_small_magellanic_cloud():
    wave = np.array([2000.0, 4000.0])
    z, slopes = np.array([1.0]), np.array([[-1.0, -0.5, -0.4, -1.7]])
    clear, dusty = (log_continuum(np.log(wave * 2), z, slopes, np.array([ebv]))[0] for ebv in (0.0, 0.2))
    reddening = -2.5 / np.log(10) * ((dusty - clear)[0] - (dusty - clear)[1])
    assert reddening == pytest.approx(0.2 * 1.39 * (0.2**-1.2 - 0.4**-1.2), rel=1e-4)


def test_balmer_continuum_is_one_near_the_edge_and_gone_redward():
    rest = np.array([2500.0, 3500.0, 4200.0])
    blue, edge, red = emission.balmer_continuum(rest)
    assert 0.3 < blue < edge < 1.05
    assert red < 1e-3
