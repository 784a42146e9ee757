import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.grid import DEFAULT_GRID, GRIDS, WaveGrid
from qsocore.records import Mask
from qsocore.simulate.instruments import INSTRUMENTS
from qsocore.simulate.observe import Observer, convolve, line_spread

BOSS = INSTRUMENTS.get("boss")


@pytest.fixture(scope="module")
def observer():
    return Observer(BOSS, DEFAULT_GRID)


def between_lines(wave):
    return BOSS.sky_lines(wave) < 0.02


@pytest.mark.parametrize(("wave", "sky_part", "source_part"), [
    (4200, 0.107, 0.0456), (5000, 0.044, 0.0251), (6800, 0.024, 0.0136), (8300, 0.028, 0.0135)])
def test_variance_between_sky_lines_is_the_measured_one(wave, sky_part, source_part):
    # Plate 3655: variance of a pixel of 1e-4 dex = sky part + source part x flux density
    near = wave + np.linspace(-40, 40, 161)
    near = near[between_lines(near)] if between_lines(near).any() else near
    empty, bright = np.median(BOSS.variance(near)), np.median(BOSS.variance(near, 10.0))
    assert empty == pytest.approx(sky_part, rel=0.15)
    assert (bright - empty) / 10 == pytest.approx(source_part, rel=0.05)


@pytest.mark.parametrize(("wave", "sigma"), [
    (3700, 1.07), (4500, 0.25), (5500, 0.17), (6800, 0.09), (8000, 0.10), (9600, 0.11)])
def test_noise_of_desi_is_the_measured_one(wave, sigma):
    desi = INSTRUMENTS.get("desi")
    near = wave + np.linspace(-60, 60, 151)
    assert np.sqrt(np.median(desi.at("sky_variance", near))) == pytest.approx(sigma, rel=0.12)


@pytest.mark.parametrize(("wave", "resolution"), [
    (3800, 1474), (4250, 1707), (5000, 2108), (6500, 1903), (7500, 2147), (9000, 2248)])
def test_resolution_of_boss(wave, resolution):
    sigma = float(BOSS.at("lsf", np.array([float(wave)]))[0])
    assert wave / (2.3548 * sigma) == pytest.approx(resolution, rel=0.03)


@pytest.mark.parametrize(("wave", "low", "high"), [
    (3700, 2000, 2500), (5600, 3300, 3700), (7400, 4500, 5100), (9700, 5300, 5600)])
def test_resolution_of_desi(wave, low, high):
    sigma = float(INSTRUMENTS.get("desi").at("lsf", np.array([float(wave)]))[0])
    assert low < wave / (2.3548 * sigma) < high


def test_convolution_adds_variances():
    grid = WaveGrid("fine", "linear", 5000.0, 5400.0, 1601)
    sigma = np.full(grid.n_pix, 1.5)
    line = np.exp(-0.5 * ((grid.wave - 5200) / 2.0) ** 2)[None].astype(np.float32)
    seen = convolve(line, line_spread(grid.wave, grid.edges, sigma))[0].astype(float)
    mean = np.sum(seen * grid.wave) / seen.sum()
    width2 = np.sum(seen * (grid.wave - mean) ** 2) / seen.sum()
    assert mean == pytest.approx(5200, abs=1e-3)
    assert width2 == pytest.approx(2.0**2 + 1.5**2 + grid.step**2 / 12, rel=2e-3)
    assert seen.sum() == pytest.approx(line.sum(), rel=1e-4)


def test_convolution_width_follows_the_wavelength():
    grid = WaveGrid("fine", "linear", 4000.0, 6000.0, 4001)
    sigma = np.interp(grid.wave, (4000, 6000), (1.0, 3.0))
    flux = np.zeros((1, grid.n_pix), np.float32)
    flux[0, [600, 3400]] = 1.0
    seen = convolve(flux, line_spread(grid.wave, grid.edges, sigma))[0]
    for centre in (600, 3400):
        part = slice(centre - 60, centre + 61)
        u = grid.wave[part] - grid.wave[centre]
        width = np.sqrt(np.sum(seen[part] * u**2) / seen[part].sum())
        assert width == pytest.approx(sigma[centre], rel=0.03)


def test_a_flat_spectrum_stays_flat(observer):
    flat = np.full((1, DEFAULT_GRID.n_pix), 3.0, np.float32)
    np.testing.assert_allclose(convolve(flat, observer.weights), flat, rtol=1e-5)


def test_pulls(observer):
    rng = np.random.default_rng(0)
    flux = np.full((200, DEFAULT_GRID.n_pix), 2.0, np.float32)
    seen = observer.observe(flux, rng)
    pull = ((seen.flux - 2.0) * np.sqrt(seen.ivar))[seen.mask == 0]
    nmad = 1.4826 * np.median(np.abs(pull - np.median(pull)))
    assert nmad == pytest.approx(1.054, abs=0.03)  # as on real BOSS spectra
    assert 0.0001 < (np.abs(pull) > 5).mean() < 0.01


def test_masked_pixels_have_no_weight_and_are_as_rare_as_measured(observer):
    seen = observer.observe(np.ones((500, DEFAULT_GRID.n_pix), np.float32), np.random.default_rng(1))
    masked = seen.mask > 0
    assert (seen.ivar[masked] == 0).all()
    assert (seen.ivar[~masked] > 0).all()
    assert masked[:, observer.covered].mean() == pytest.approx(0.001, rel=0.25)
    assert np.isfinite(seen.flux).all()


def test_noise_of_a_wider_pixel_is_lower():
    wide = WaveGrid("wide", "log10", 3.60, 3.99, 391)  # 1e-3 dex, ten of the instrument's pixels
    narrow = WaveGrid("narrow", "log10", 3.60, 3.99, 3901)
    ratio = Observer(BOSS, narrow).sky_variance.mean() / Observer(BOSS, wide).sky_variance.mean()
    assert ratio == pytest.approx(10, rel=0.1)


def test_signal_to_noise_is_per_pixel_of_the_instrument(observer):
    flux = np.full((60, DEFAULT_GRID.n_pix), 5.0, np.float32)
    snr = np.median(observer.observe(flux, np.random.default_rng(0)).snr_median)
    own = 10 ** np.arange(3.5563, 4.0170, 1e-4)
    assert snr == pytest.approx(np.median(5 / np.sqrt(BOSS.variance(own, 5.0))), rel=0.06)


def test_desi_does_not_reach_as_far_red():
    observer = Observer(INSTRUMENTS.get("desi"), DEFAULT_GRID)
    seen = observer.observe(np.ones((2, DEFAULT_GRID.n_pix), np.float32), np.random.default_rng(0))
    beyond = DEFAULT_GRID.edges[1:] > 9824.4
    assert (seen.mask[:, beyond] == Mask.NO_COVERAGE).all()
    assert (seen.flux[:, beyond] == 0).all()


def test_grids_an_instrument_cannot_fill_are_refused():
    with pytest.raises(ConfigError, match="observed frame"):
        Observer(BOSS, GRIDS["rest-uv1500"])
    with pytest.raises(ConfigError, match="no pixel lies"):
        Observer(BOSS, WaveGrid("infrared", "linear", 12_000.0, 13_000.0, 500))
