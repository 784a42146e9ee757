"""Resampling: analytic truth, conservation, variance, and agreement with spectres."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spectres import spectres

from qsocore.errors import AtlasError, ReadError
from qsocore.grid import GRIDS, WaveGrid
from qsocore.preprocess.coadd import Arm, join_arms
from qsocore.preprocess.resample import rebin, resample
from qsocore.preprocess.snr import median_snr
from qsocore.records import Mask, ObjectId, Spectrum

NAME = ObjectId.make("test", "r1", 1)


def midpoints(wave):
    """Borders half-way between pixels, as spectres takes them for its output."""
    step = np.diff(wave)
    return np.concatenate([[wave[0] - step[0] / 2], wave[:-1] + step / 2, [wave[-1] + step[-1] / 2]])


def spectrum(wave, flux=None, ivar=None, mask=None, **row):
    flux = np.ones(len(wave)) if flux is None else flux
    return Spectrum.from_arrays(NAME, wave, flux, np.full(len(wave), 4.0) if ivar is None else ivar, mask, row=row)


boss = 10 ** (3.55 + 1e-4 * np.arange(4600))
OBSERVED = [grid for grid in GRIDS.values() if grid.frame == "observed"]
outputs = pytest.mark.parametrize("grid", OBSERVED, ids=lambda grid: grid.name)


@outputs
def test_a_constant_stays_constant(grid):
    flux, ivar, mask = resample(spectrum(boss, np.full(boss.size, 3.5)), grid)
    assert (mask == 0).any()
    np.testing.assert_allclose(flux[mask == 0], 3.5, rtol=1e-6)
    assert (flux[mask > 0] == 0).all() and (ivar[mask > 0] == 0).all() and (ivar[mask == 0] > 0).all()


@outputs
def test_a_straight_line_stays_straight(grid):
    """To the second order of a pixel: the mean of a line over a pixel is its value in the middle."""
    flux, _, mask = resample(spectrum(boss, boss / 1000), grid)
    middle = (grid.edges[1:] + grid.edges[:-1]) / 2
    inner = (mask == 0) & (grid.edges[:-1] > boss[1]) & (grid.edges[1:] < boss[-2])
    np.testing.assert_allclose(flux[inner], middle[inner] / 1000, rtol=2e-4)  # an input pixel is 2.3e-4 wide


@pytest.mark.parametrize("step", [0.3, 1.0, 2.7, 10.0])
def test_a_narrow_line_keeps_its_flux(step):
    wave = np.arange(4000.0, 5000.0)
    flux = 100 * np.exp(-0.5 * ((wave - 4501.3) / 1.1) ** 2)
    edges = np.arange(4100.0, 4900.0, step)
    out, _, mask = rebin(wave, flux, np.ones(wave.size), None, edges)
    assert (mask == 0).all()
    assert (out * np.diff(edges)).sum() == pytest.approx(flux.sum(), rel=1e-6)


def test_n_equal_pixels_have_one_nth_of_the_variance():
    wave = np.arange(4000.5, 5000.0)
    _, ivar, _ = rebin(wave, np.ones(wave.size), np.full(wave.size, 0.25), None, np.arange(4000.0, 5001.0, 5.0))
    np.testing.assert_allclose(ivar, 0.25 * 5, rtol=1e-6)


def test_variance_of_two_half_pixels_by_hand():
    out, ivar, _ = rebin([1.0, 2.0], [4.0, 8.0], [1.0, 0.25], None, [1.0, 2.0])
    assert out[0] == pytest.approx(6.0) and 1 / ivar[0] == pytest.approx(0.25 * 1 + 0.25 * 4)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("target", ["finer", "same", "coarser", "irregular"])
def test_it_agrees_with_spectres(target, seed):
    """Inside and up to the edges, wherever spectres gives a value; to single precision, in which stores are."""
    rng = np.random.default_rng(seed)
    wave = np.cumsum(rng.uniform(0.8, 1.6, 700)) + 3600
    flux, error = rng.normal(5, 2, 700), rng.uniform(0.5, 2, 700)
    steps = {"finer": [0.31] * 3200, "same": [1.2] * 800, "coarser": [7.7] * 130, "irregular": rng.uniform(0.2, 6, 320)}
    new = np.cumsum(steps[target]) + 3550  # begins and ends outside
    want, want_error = spectres(new, wave, flux.copy(), error.copy(), fill=np.nan, verbose=False)
    out, ivar, mask = rebin(wave, flux, error**-2, None, midpoints(new))
    known = np.isfinite(want)
    assert known.sum() > 90 and (mask[known] == 0).all()
    np.testing.assert_allclose(out[known], want[known], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ivar[known] ** -0.5, want_error[known], rtol=1e-6)


def test_outside_the_input_nothing_is_invented():
    wave = np.arange(4000.0, 4101.0)
    edges = np.arange(3950.0, 4151.0, 1.0)
    flux, ivar, mask = rebin(wave, np.full(101, 9.0), np.ones(101), None, edges)
    outside = (edges[1:] <= 3999.5) | (edges[:-1] >= 4100.5)
    assert (mask[outside] == Mask.NO_COVERAGE).all() and (flux[outside] == 0).all() and (ivar[outside] == 0).all()
    assert (mask[~outside] == 0).all()


@pytest.mark.parametrize(("covered", "good"), [(0.49, False), (0.5, True), (0.51, True), (1.0, True)])
def test_half_a_pixel_is_enough(covered, good):
    flux, _, mask = rebin([10.0, 11.0], [2.0, 4.0], [1.0, 1.0], None, [9.5 - (1 - covered), 9.5 + covered, 11.5])
    assert (mask[0] == 0) == good
    assert flux[0] == (pytest.approx(2.0) if good else 0) and mask[0] == (0 if good else Mask.NO_COVERAGE)


def test_a_masked_pixel_gives_its_reason_and_never_its_flux():
    wave, flux = np.arange(10.0, 20.0), np.ones(10)
    flux[4] = 1e9
    mask = np.where(np.arange(10) == 4, Mask.COSMIC, 0).astype(np.uint8)
    out, ivar, reasons = rebin(wave, flux, np.where(mask, 0.0, 1.0), mask, np.arange(9.5, 20.0, 1.0))
    assert reasons[4] == Mask.COSMIC and ivar[4] == 0 and out[4] == 0
    np.testing.assert_allclose(np.delete(out, 4), 1.0)
    coarse, _, reasons = rebin(wave, flux, np.where(mask, 0.0, 1.0), mask, [9.5, 14.5, 19.5])
    np.testing.assert_allclose(coarse, 1.0)
    assert (reasons == 0).all()


def test_bad_pixels_without_a_reason_get_one():
    flux, ivar = np.array([1.0, np.nan, 1.0, 1.0]), np.array([1.0, 1.0, 0.0, 1.0])
    _, _, mask = rebin(np.arange(4.0) + 10, flux, ivar, None, np.arange(9.5, 14.0))
    assert mask.tolist() == [0, Mask.NOT_FINITE, Mask.NO_IVAR, 0]


def test_a_gap_is_not_a_wide_pixel():
    wave = np.concatenate([np.arange(4000.0, 4010.0), np.arange(4050.0, 4060.0)])
    edges = np.arange(3999.5, 4060.0)
    _, ivar, mask = rebin(wave, np.ones(20), np.ones(20), None, edges)
    gap = (edges[:-1] >= 4009.5) & (edges[1:] <= 4049.5)
    assert (mask[gap] == Mask.NO_COVERAGE).all() and (mask[~gap] == 0).all() and (ivar[~gap] == 1).all()


@pytest.mark.parametrize("order", ["falling", "shuffled"])
def test_the_order_of_input_pixels_does_not_matter(order):
    rng = np.random.default_rng(3)
    wave, flux = np.arange(4000.0, 4100.0), rng.normal(size=100)
    at = np.arange(100)[::-1] if order == "falling" else rng.permutation(100)
    edges = np.arange(4003.0, 4090.0, 3.3)
    one = np.ones(100)
    for straight, turned in zip(rebin(wave, flux, one, None, edges), rebin(wave[at], flux[at], one, None, edges), strict=True):
        np.testing.assert_array_equal(straight, turned)


@pytest.mark.parametrize(("wave", "n"), [([1.0, 1.0, 2.0], 3), ([1.0, np.nan, 2.0], 3), ([5.0], 1), ([1.0, 2.0], 3)])
def test_wavelengths_that_are_none_are_refused(wave, n):
    with pytest.raises(AtlasError):
        rebin(wave, np.ones(n), np.ones(n), None, [1.0, 2.0])


def test_many_spectra_at_once_equal_one_by_one():
    rng = np.random.default_rng(8)
    flux, ivar = rng.normal(size=(3, 2, boss.size)), rng.uniform(0.1, 3, (3, 2, boss.size))
    mask = (rng.random((3, 2, boss.size)) < 0.2).astype(np.uint8) * np.uint8(Mask.SKY)
    edges = GRIDS["atlas2048"].edges
    block = rebin(boss, flux, ivar, mask, edges)
    for i, j in np.ndindex(3, 2):
        for whole, single in zip(block, rebin(boss, flux[i, j], ivar[i, j], mask[i, j], edges), strict=True):
            np.testing.assert_allclose(whole[i, j], single, rtol=1e-6)


def test_the_rest_frame_keeps_energy():
    """Flux density times wavelength is the same in both frames; a line lies where it was emitted."""
    grid = WaveGrid("rest", "linear", 1400.0, 1700.0, 1501, "rest")
    wave = np.arange(4000.0, 6000.0, 0.5)
    line = np.exp(-0.5 * ((wave - 1549.0 * 3.2) / 8) ** 2)
    flux, ivar, mask = resample(spectrum(wave, 2 + line, z=2.2), grid)
    assert (mask == 0).all() and grid.wave[flux.argmax()] == pytest.approx(1549.0, abs=0.5)
    assert np.median(flux[:200]) == pytest.approx(2 * 3.2, rel=1e-3)
    again = resample(spectrum(wave, 2 + line), grid, z=2.2)
    np.testing.assert_array_equal(again[0], flux)
    observed = WaveGrid("observed", "linear", 1400.0 * 3.2, 1700.0 * 3.2, 1501)
    direct = resample(spectrum(wave, 2 + line), observed)
    np.testing.assert_allclose(flux, direct[0] * 3.2, rtol=1e-5)
    np.testing.assert_allclose(ivar, direct[1] / 3.2**2, rtol=1e-5)


@pytest.mark.parametrize("z", [np.nan, -1.0, None])
def test_the_rest_frame_needs_a_redshift(z):
    values = {} if z is None else {"z": z}
    with pytest.raises(AtlasError, match="no redshift"):
        resample(spectrum(boss, **values), GRIDS["rest-uv1500"])


finite = st.floats(-1e3, 1e3)


@settings(deadline=None, max_examples=60)
@given(flux=arrays(np.float64, 40, elements=finite), ivar=arrays(np.float64, 40, elements=st.floats(0, 1e3)),
       mask=arrays(np.uint8, 40, elements=st.sampled_from([0, 0, 0, 2, 8])), start=st.floats(80, 130), step=st.floats(0.05, 30),
       n=st.integers(1, 60))
def test_whatever_comes_in_is_averaged_or_masked(flux, ivar, mask, start, step, n):
    wave = 100 + np.arange(40) ** 1.1
    out, weight, reasons = rebin(wave, flux, ivar, mask, start + step * np.arange(n + 1))
    good = (mask == 0) & (ivar > 0)
    assert np.isfinite(out).all() and np.isfinite(weight).all()
    assert ((reasons == 0) == (weight > 0)).all() and (out[reasons > 0] == 0).all()
    if (reasons == 0).any():
        low, high = flux[good].min(), flux[good].max()
        slack = 1e-5 * (1 + np.abs(flux[good]).max())
        assert out[reasons == 0].min() >= low - slack and out[reasons == 0].max() <= high + slack


@settings(deadline=None, max_examples=40)
@given(flux=arrays(np.float64, 30, elements=st.floats(-100, 100)),
       cuts=st.lists(st.floats(1, 29), min_size=1, max_size=12, unique=True))
def test_flux_is_conserved_between_any_borders(flux, cuts):
    borders = np.array([0.0, *sorted(cuts), 30.0])
    assume(np.diff(borders).min() > 1e-3)
    out, _, mask = rebin(np.arange(30) + 0.5, flux, np.ones(30), None, borders)
    assert (mask == 0).all()
    assert (out * np.diff(borders)).sum() == pytest.approx(flux.sum(), abs=1e-3)


def arm(start, n, flux, ivar, mask=None):
    shape = (1, n)
    mask = np.zeros(shape, np.uint8) if mask is None else mask
    return Arm(start + 0.8 * np.arange(n), np.full(shape, flux), np.full(shape, ivar), mask)


def test_arms_join_by_inverse_variance():
    joined = join_arms([arm(3600.0, 10, 1.0, 1.0), arm(3600.0 + 0.8 * 7, 10, 3.0, 3.0)])
    assert joined.wave.size == 17
    np.testing.assert_allclose(joined.flux[0], [1.0] * 7 + [2.5] * 3 + [3.0] * 7)
    np.testing.assert_allclose(joined.ivar[0], [1.0] * 7 + [4.0] * 3 + [3.0] * 7)


def test_one_good_arm_is_enough_and_a_gap_stays_one():
    blue = arm(3600.0, 10, 1.0, 1.0)
    red_mask = np.zeros((1, 10), np.uint8)
    red_mask[0, 0] = Mask.COSMIC
    joined = join_arms([blue, arm(3600.0 + 0.8 * 9, 10, 1e6, 3.0, red_mask)])
    assert joined.flux[0, 9] == 1.0 and joined.mask[0, 9] == 0
    apart = join_arms([blue, arm(3600.0 + 0.8 * 15, 10, 3.0, 3.0, red_mask)])
    assert (apart.mask[0, 10:15] == Mask.NO_COVERAGE).all() and (apart.ivar[0, 10:15] == 0).all()
    assert apart.mask[0, 15] == Mask.COSMIC


def test_arms_off_one_grid_are_refused():
    with pytest.raises(ReadError, match="one grid") as error:
        join_arms([arm(3600.0, 10, 1.0, 1.0), arm(3600.3, 10, 1.0, 1.0)])
    assert error.value.reason == "bad-wavelength"


def test_median_snr_counts_good_pixels_only():
    snr = median_snr([[2.0, 4.0, 100.0], [1.0, 1.0, 1.0]], [[4.0, 4.0, 0.0], [0.0, 0.0, 0.0]])
    assert snr[0] == pytest.approx(6.0) and np.isnan(snr[1])
