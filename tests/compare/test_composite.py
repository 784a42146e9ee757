"""Composites against what is known of them: the spectrum that all share, its slope, its counts, its scatter."""

import numpy as np
import pytest

from qsocore.compare import composite, scaling, stack
from qsocore.errors import AtlasError
from qsocore.grid import WaveGrid
from qsocore.store import StoreWriter

GRID = WaveGrid("test600", "log10", 3.56, 3.98, 600)
LINEAR = WaveGrid("test800", "linear", 3700.0, 9700.0, 800)


def made(path, flux, z, grid=GRID, ivar=None, mask=None):
    """A store of given spectra."""
    n = len(flux)
    writer = StoreWriter(path, grid, {"command": "tests"}, 1)
    mask = np.zeros(flux.shape, np.uint8) if mask is None else mask
    ivar = np.where(mask > 0, 0, np.full(flux.shape, 100.0) if ivar is None else ivar)
    catalog = {"object_id": [f"t:o:{k}" for k in range(n)], "survey": ["t"] * n, "z": np.asarray(z, float)}
    writer.write_shard(0, flux, ivar, mask, catalog)
    return writer.finish()


def template(wave):
    """A continuum with lines two pixels wide and more, at any rest wavelength."""
    lines = sum(np.exp(-0.5 * ((wave - at) / (0.006 * at)) ** 2) for at in (1216, 1549, 1909, 2800, 4341, 4862))
    return (wave / 2500) ** -1.2 * (1 + lines)


def combined(store, frame="rest", kind="median", scale=scaling.by_overlap, **options):
    read = stack.read(store, np.arange(store.n_rows), frame=frame)
    return composite.combine(read, scale(read), kind, **options)


@pytest.mark.parametrize("kind", ["median", "geometric"])
@pytest.mark.parametrize("grid", [GRID, LINEAR], ids=["log", "linear"])
def test_one_spectrum_at_many_redshifts_comes_back(tmp_path, grid, kind):
    rng = np.random.default_rng(0)
    z, bright = rng.uniform(0.3, 3.0, 80), 10 ** rng.uniform(-1, 2, 80)
    flux = template(grid.wave / (1 + z[:, None])) * bright[:, None] / (1 + z[:, None])
    found = combined(made(tmp_path / "s", flux, z, grid), kind=kind)
    inside = (found.number >= 10) & (found.wave > 1100)
    truth = template(found.wave[inside])
    ratio = found.flux[inside] / truth
    assert inside.sum() > 800
    np.testing.assert_allclose(ratio / np.median(ratio), 1, atol=0.012)


def test_a_power_law_keeps_its_slope(tmp_path):
    rng = np.random.default_rng(1)
    z = rng.uniform(0.2, 4.0, 300)
    flux = (GRID.wave / (1 + z[:, None])) ** -1.56 * 10 ** rng.uniform(4, 6, (300, 1))
    sigma = 0.15 * np.median(flux, axis=1, keepdims=True) * np.ones_like(flux)
    store = made(tmp_path / "s", flux + rng.normal(size=flux.shape) * sigma, z, ivar=sigma**-2)
    for kind in ("median", "geometric"):
        found = combined(store, kind=kind)
        good = found.number >= 30
        slope = np.polyfit(np.log(found.wave[good]), np.log(found.flux[good]), 1)[0]
        assert slope == pytest.approx(-1.56, abs=0.03)


def test_in_the_observed_frame_nothing_moves(tmp_path):
    flux = np.tile(template(GRID.wave / 2), (7, 1)) * np.arange(1, 8)[:, None]
    found = combined(made(tmp_path / "s", flux, np.full(7, np.nan)), "observed")
    assert found.frame == "observed" and (found.wave == GRID.wave).all() and (found.number == 7).all()
    np.testing.assert_allclose(found.flux / found.flux[0], flux[0] / flux[0, 0], rtol=1e-4)


def test_numbers_per_pixel_count_exactly_what_is_good(tmp_path):
    rng = np.random.default_rng(2)
    mask = (rng.random((25, GRID.n_pix)) < 0.3).astype(np.uint8) * 4
    ivar = np.where(rng.random(mask.shape) < 0.1, 0.0, 50.0)
    flux = np.where(mask > 0, 1e6, 1.0) * np.ones(mask.shape)
    found = combined(made(tmp_path / "s", flux, np.zeros(25), ivar=ivar, mask=mask), "observed")
    assert (found.number == ((mask == 0) & (ivar > 0)).sum(axis=0)).all()
    np.testing.assert_allclose(found.flux, 1, rtol=1e-5)  # what is masked is never seen


def test_at_one_redshift_the_rest_frame_counts_them_all(tmp_path):
    found = combined(made(tmp_path / "s", np.ones((9, GRID.n_pix)), np.full(9, 1.25)))
    assert set(found.number) <= {0, 9} and (found.number == 9).sum() >= GRID.n_pix - 1
    assert found.wave[found.number == 9][0] == pytest.approx(GRID.wave[0] / 2.25, rel=1e-3)


def test_an_object_without_a_redshift_is_left_out_only_where_it_must_be(tmp_path):
    store = made(tmp_path / "s", np.ones((6, GRID.n_pix)), [0.5, np.nan, 1.0, 1.5, np.nan, 2.0])
    assert len(stack.read(store, np.arange(6))) == 4 and len(stack.read(store, np.arange(6), frame="observed")) == 6
    with pytest.raises(AtlasError, match="redshift"):
        stack.read(store, [1, 4])


def test_the_median_and_its_resamplings_are_those_of_numpy(tmp_path):
    rng = np.random.default_rng(3)
    flux = rng.normal(1, 0.3, (201, GRID.n_pix))
    store = made(tmp_path / "s", flux, np.zeros(201))
    read = stack.read(store, np.arange(201), frame="observed")
    found = composite.combine(read, np.ones(201), n_boot=8)
    np.testing.assert_allclose(found.flux, np.median(read.flux, axis=0), rtol=1e-6)
    times = composite.multiplicities(read.rows, 8)
    for resampled, count in zip(found.resampled, times.T, strict=True):
        np.testing.assert_allclose(resampled, np.median(np.repeat(read.flux, count, axis=0), axis=0), rtol=1e-6)


def test_the_geometric_mean_and_its_resamplings_are_those_of_numpy(tmp_path):
    flux = np.random.default_rng(4).uniform(0.1, 3, (40, GRID.n_pix))
    flux[3, 10:20] = -1
    read = stack.read(made(tmp_path / "s", flux, np.zeros(40)), np.arange(40), frame="observed")
    found = composite.combine(read, np.ones(40), "geometric", n_boot=4)
    log = np.log(np.where(read.flux > 0, read.flux, np.nan))
    np.testing.assert_allclose(found.flux, np.exp(np.nanmean(log, axis=0)), rtol=1e-5)
    for resampled, count in zip(found.resampled, composite.multiplicities(read.rows, 4).T, strict=True):
        np.testing.assert_allclose(resampled, np.exp(np.nanmean(np.repeat(log, count, axis=0), axis=0)), rtol=1e-4)
    assert found.left_out == pytest.approx(10 / flux.size)


@pytest.mark.parametrize("kind", ["median", "geometric"])
def test_the_band_covers_the_truth_about_as_often_as_it_says(tmp_path, kind):
    rng = np.random.default_rng(5)
    flux = np.exp(rng.normal(0, 0.25, (120, GRID.n_pix)))  # median and geometric mean are 1
    read = stack.read(made(tmp_path / "s", flux, np.zeros(120)), np.arange(120), frame="observed")
    found = composite.combine(read, np.ones(120), kind)
    covered = ((found.low <= 1) & (found.high >= 1)).mean()
    assert 0.60 < covered < 0.76, "a band of 68 %"
    error = 0.25 / np.sqrt(120) * (np.sqrt(np.pi / 2) if kind == "median" else 1)
    assert np.mean(found.high - found.low) / 2 == pytest.approx(error, rel=0.12)


def test_resampling_is_poisson_and_belongs_to_the_object():
    times = composite.multiplicities(np.arange(20_000), 16)
    assert times.mean() == pytest.approx(1, abs=0.01) and times.var() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(times.T) - np.eye(16)).max() < 0.03, "resamplings are independent"
    assert abs(np.corrcoef(times[:8]) - np.eye(8)).max() < 0.9
    assert (composite.multiplicities(np.array([77, 5]), 16) == times[[77, 5]]).all()
    assert (composite.multiplicities(np.arange(50), 16, seed=1) != times[:50]).any()


def test_scales_are_found_along_a_chain_of_overlaps(tmp_path):
    z = np.linspace(0.1, 6, 60)  # the first and the last have no wavelength in common
    bright = 10 ** np.random.default_rng(6).uniform(-1, 2, 60)
    flux = template(GRID.wave / (1 + z[:, None])) / (1 + z[:, None]) * bright[:, None]
    read = stack.read(made(tmp_path / "s", flux, z), np.arange(60))
    ratio = scaling.by_overlap(read) / bright
    np.testing.assert_allclose(ratio / np.median(ratio), 1, atol=0.02)


def test_a_spectrum_of_noise_is_not_scaled_and_a_spike_scales_nothing(tmp_path):
    rng = np.random.default_rng(7)
    flux = np.ones((12, GRID.n_pix)) * 5
    flux[4] = rng.normal(0, 1, GRID.n_pix)
    flux[7, 300:303] = 1e5
    ivar = np.full(flux.shape, 4.0)
    ivar[4] = 1e-4
    read = stack.read(made(tmp_path / "s", flux, np.zeros(12), ivar=ivar), np.arange(12), frame="observed")
    scale = scaling.by_overlap(read)
    assert np.isnan(scale[4]) and scale[7] / scale[0] == pytest.approx(1, abs=0.05)
    assert composite.combine(read, scale).n_spectra == 11


def test_a_window_scales_to_its_mean(tmp_path):
    flux = np.outer([2.0, 8.0, 5.0], np.ones(GRID.n_pix))
    mask = np.zeros(flux.shape, np.uint8)
    mask[2, :] = np.where((GRID.wave > 5000) & (GRID.wave < 6000), 8, 0)
    read = stack.read(made(tmp_path / "s", flux, np.zeros(3), mask=mask), np.arange(3), frame="observed")
    np.testing.assert_allclose(scaling.by_window(read, (5200, 5800)), [2, 8, np.nan], rtol=1e-5)


def test_a_composite_minus_itself_is_nothing_and_has_no_band(tmp_path):
    rng = np.random.default_rng(8)
    flux = template(GRID.wave / 2.5) * rng.lognormal(0, 0.2, (30, GRID.n_pix))
    store = made(tmp_path / "s", flux, np.full(30, 1.5))
    found = composite.difference(combined(store), combined(store))
    known = np.isfinite(found.low)
    assert known.sum() > 500 and np.nanmax(np.abs(found.flux)) == 0
    assert np.abs(found.low[known]).max() == np.abs(found.high[known]).max() == 0
    assert found.ratio == pytest.approx(1)


def test_the_band_of_a_difference_is_that_of_both(tmp_path):
    flux = np.exp(np.random.default_rng(9).normal(0, 0.25, (200, GRID.n_pix)))
    flux[:100, 300:] *= 2
    store = made(tmp_path / "s", flux, np.zeros(200))
    one, other = (composite.combine(stack.read(store, rows, frame="observed"), np.ones(100))
                  for rows in (np.arange(100), np.arange(100, 200)))
    found = composite.difference(one, other)
    covered = (found.low <= (flux := np.where(np.arange(GRID.n_pix) < 300, 1, 2) - found.ratio)) & (found.high >= flux)
    assert 0.5 < covered.mean() < 0.85
    assert np.mean(found.high - found.low) > 1.1 * np.mean(one.high - one.low)


def test_rows_are_drawn_at_random_and_the_same_again():
    rows = np.arange(0, 100_000, 3)
    drawn = stack.draw(rows, 500)
    assert len(drawn) == 500 and (np.diff(drawn) > 0).all() and np.isin(drawn, rows).all()
    assert (stack.draw(rows, 500) == drawn).all() and (stack.draw(rows, 500, seed=1) != drawn).any()
    assert stack.draw(rows[:500], 500) is not None and len(stack.draw(rows[:4], 500)) == 4
    assert drawn.mean() == pytest.approx(rows.mean(), rel=0.05)
