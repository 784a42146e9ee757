import numpy as np
import pytest

from qsocore.grid import DEFAULT_GRID
from qsocore.simulate import absorbers, forest
from qsocore.simulate.quasars import transmit
from qsocore.units import C_KM_S

NONE = np.full((400, 8), np.nan)


def transmission(z, seed=3, absorber_z=None, absorber_log_n=None):
    flux = np.ones((z.size, DEFAULT_GRID.n_pix), np.float32)
    truth = {"true_z": z, "absorber_z": NONE[:z.size] if absorber_z is None else absorber_z,
             "absorber_log_n": NONE[:z.size] if absorber_log_n is None else absorber_log_n}
    transmit(flux, DEFAULT_GRID.wave, truth, np.random.default_rng(seed))
    return flux


@pytest.mark.parametrize("z", [2.0, 2.3, 2.6, 3.0, 3.4, 3.8])
def test_mean_transmission_is_that_of_kamble(z):
    # A quasar a little behind, so that the forest at z is seen between its Ly-beta and its proximity zone
    flux = transmission(np.full(400, (1 + z) * 1.10 - 1))
    wave = DEFAULT_GRID.wave
    here = np.abs(wave / forest.LYMAN_ALPHA - 1 - z) < 0.02 * (1 + z)
    expected = np.exp(-5.54e-3 * (1 + wave[here] / forest.LYMAN_ALPHA - 1) ** 3.182).mean()
    assert flux[:, here].mean() == pytest.approx(expected, rel=0.05)


def test_nothing_absorbs_redward_of_the_quasar():
    flux = transmission(np.full(50, 3.0))
    assert (flux[:, DEFAULT_GRID.wave > forest.LYMAN_ALPHA * 4.001] == 1).all()


def test_low_redshift_quasars_have_no_forest():
    assert (transmission(np.full(20, 1.9)) == 1).all()


def test_field_keeps_the_variance_of_the_fine_cells_on_its_coarse_ones():
    field = forest.gaussian_field(400, 2000, np.random.default_rng(0))
    assert field.var() == pytest.approx(forest.field_variance(), rel=0.03)


def test_field_has_the_power_asked_for():
    n_cells = 2048
    field = forest.gaussian_field(600, n_cells, np.random.default_rng(1))
    k = 2 * np.pi * np.fft.rfftfreq(n_cells, forest.CELL)
    power = (np.abs(np.fft.rfft(field, axis=1)) ** 2).mean(axis=0) * forest.CELL / n_cells
    part = (k > 0.003) & (k < 0.02)
    ratio = power[part] / forest.power(k[part])
    assert ratio.mean() == pytest.approx(ratio[:5].mean(), rel=0.15)  # the shape is kept
    assert 1.0 < ratio.mean() < 1.2  # what lies beyond the coarse cells' Nyquist number is spread over all of them


def test_lyman_beta_forest_is_lyman_alpha_gas_seen_bluer():
    cells = forest.cells_below(3600.0, 3.5)
    tau = forest.optical_depth(cells, np.array([3.5]), np.random.default_rng(2))[0]
    wave = np.exp(cells)
    beta_only = (wave > 972.6 * 4.5) & (wave < 1025.7 * 4.5)
    source = np.interp(np.log(wave[beta_only] * forest.LYMAN_ALPHA / 1025.722), cells, tau)
    # The same field before a nearer quasar, far enough behind for its light not to matter, has Ly-alpha alone there
    nearer = np.array([1.10 * 1025.722 * 4.5 / forest.LYMAN_ALPHA - 1])
    extra = tau[beta_only] - forest.optical_depth(cells, nearer, np.random.default_rng(2))[0][beta_only]
    far = wave[beta_only] < 4.5 * 1025.722 * (1 - 12_000 / C_KM_S)  # from the proximity zone of the quasar itself
    assert np.corrcoef(source[far], extra[far])[0, 1] > 0.9
    assert np.median(extra[far] / source[far]) == pytest.approx(0.1603, rel=0.15)


def test_binning_of_cells_is_their_mean():
    cells = np.log(4000.0) + (np.arange(400) + 0.5) * forest.CELL / C_KM_S
    values = np.random.default_rng(0).random((3, 400))
    edges = np.log(4000.0) + np.arange(0, 401, 8) * forest.CELL / C_KM_S
    np.testing.assert_allclose(forest.bin_cells(values, cells, edges), values.reshape(3, 50, 8).mean(axis=2), rtol=1e-5)


def test_binning_counts_parts_of_cells_and_one_beyond_them():
    step = forest.CELL / C_KM_S
    cells = np.log(4000.0) + (np.arange(4) + 0.5) * step
    edges = np.log(4000.0) + np.array([0.0, 1.5, 4.0, 6.0]) * step
    binned = forest.bin_cells(np.array([[0.0, 0.5, 1.0, 0.0]]), cells, edges)[0]
    np.testing.assert_allclose(binned, [0.25 / 1.5, (0.25 + 1.0) / 2.5, 1.0], atol=1e-6)


def test_damped_line_in_a_spectrum_has_the_width_of_its_wings():
    absorber_z, log_n = np.full((1, 8), np.nan), np.full((1, 8), np.nan)
    absorber_z[0, 0], log_n[0, 0] = 2.6, 20.6
    with_it = transmission(np.array([2.9]), 5, absorber_z, log_n)[0]
    without = transmission(np.array([2.9]), 5)[0]
    wave = DEFAULT_GRID.wave
    here = np.abs(wave - forest.LYMAN_ALPHA * 3.6) < 250
    ratio = np.where(without[here] > 0.2, with_it[here] / np.maximum(without[here], 0.2), np.nan)
    u = wave[here] - forest.LYMAN_ALPHA * 3.6
    zero = np.abs(u) < 5
    assert with_it[here][zero].max() < 1e-3
    # The optical depth of a wing is (u0 / u)^2, whose line has the equivalent width 2 sqrt(pi) u0
    u0 = 3.6 * damped_width(20.6) / (2 * np.sqrt(np.pi))
    wing = (np.abs(u) > 40) & np.isfinite(ratio)
    np.testing.assert_allclose(ratio[wing], np.exp(-((u0 / u[wing]) ** 2)), atol=0.05)


def damped_width(log_n):
    """Rest equivalent width of a fully damped Ly-alpha line, Angstrom: lambda^2 / c sqrt(N f gamma e^2 / m_e c)."""
    e2_mc = 0.02654 / np.pi  # e^2 / (m_e c), cm^2 / s
    wave, strength, damping = 1215.67e-8, 0.4164, 6.265e8
    return wave**2 / 2.99792458e10 * np.sqrt(e2_mc * 10**log_n * strength * damping) * 1e8


@pytest.mark.parametrize("log_n", [20.3, 21.0, 21.7])
def test_damped_equivalent_width(log_n):
    wave = np.linspace(700.0, 1900.0, 400_001)
    velocity = C_KM_S * (wave / forest.LYMAN_ALPHA - 1)
    tau = absorbers.line_optical_depth(velocity, log_n, absorbers.TRANSITIONS[0])
    width = np.trapezoid(-np.expm1(-tau), wave)
    assert width == pytest.approx(damped_width(log_n), rel=0.03)


def test_voigt_against_direct_integration():
    y = np.linspace(-60, 60, 2_400_001)
    for a, u in ((0.01, 0.0), (0.1, 1.5), (0.5, 3.0), (0.05, 8.0)):
        direct = a / np.pi * np.trapezoid(np.exp(-(y**2)) / ((u - y) ** 2 + a**2), y)
        assert absorbers.voigt(a, u) == pytest.approx(direct, rel=1e-6)


def test_line_optical_depth_integrates_to_the_column():
    velocity = np.linspace(-40_000, 40_000, 4_000_001)
    wave, strength, _ = absorbers.TRANSITIONS[0]
    total = np.trapezoid(absorbers.line_optical_depth(velocity, 13.0, absorbers.TRANSITIONS[0]), velocity)
    assert total == pytest.approx(0.02654 * 10**13 * strength * wave * 1e-8 / 1e5, rel=1e-3)  # pi e^2 / m_e c N f lambda


def test_numbers_of_absorbers():
    z = np.full(40_000, 3.0)
    at, log_n = absorbers.draw(z, np.random.default_rng(0))
    steps = np.linspace(1.9, 3.0, 1000)
    expected = np.trapezoid(0.6 * np.exp(-7 / steps**2), steps)
    assert (log_n >= 20.3).sum() / z.size == pytest.approx(expected, rel=0.05)
    assert ((log_n >= 19.5) & (log_n < 20.3)).sum() / z.size == pytest.approx(0.6 * expected, rel=0.05)
    assert np.nanmax(at) < 3.0
    assert (np.diff(np.nan_to_num(log_n, nan=0.0), axis=1) <= 0).all()  # the strongest comes first


def test_lyman_limit_absorbs_as_its_column():
    absorber_z, log_n = np.full((1, 8), np.nan), np.full((1, 8), np.nan)
    absorber_z[0, 0], log_n[0, 0] = 3.6, 17.2
    cells = forest.cells_below(3600.0, 3.8)
    tau = np.zeros((1, cells.size))
    absorbers.add_optical_depth(tau, cells, absorber_z, log_n)
    limit = np.log(forest.LYMAN_LIMIT * 4.6)
    below = cells < limit
    np.testing.assert_allclose(tau[0, below], np.exp(cells[below] - limit) ** 3, rtol=1e-6)
    assert (tau[0, ~below] == 0).all()
