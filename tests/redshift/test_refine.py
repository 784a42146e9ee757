"""Redshifts refined by templates, on spectra made from the templates themselves."""

import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.grid import GRIDS, get_grid
from qsocore.redshift.refine import Settings, Warn, refine
from qsocore.redshift.templates import TemplateSet
from qsocore.units import C_KM_S, velocity

STEP = 1.1e-4
LINES = {"QSO": ((1215.7, 2.0), (1549.0, 1.2), (1908.0, 0.6), (2799.0, 0.7), (4862.0, 0.8)),
         "GALAXY": ((2799.0, -0.4), (3934.0, -0.6), (3969.0, -0.6), (4305.0, -0.4), (5175.0, -0.4), (6564.0, 0.5)),
         "STAR": ((4102.0, -0.5), (4341.0, -0.5), (4862.0, -0.5), (6564.0, -0.4))}
RANGES = {"QSO": (0.3, 4.0), "GALAXY": (0.0, 1.0), "STAR": (-0.0035, 0.0035)}
SETTINGS = Settings(floor=0.0, bend=0.02)


def shape(kind, wave, sigma=1200.0):
    """Continuum 1 with Gaussian lines."""
    return 1 + sum(height * np.exp(-0.5 * ((wave / rest - 1) * C_KM_S / sigma) ** 2) for rest, height in LINES[kind])


def template(kind):
    wave = 10 ** np.arange(np.log10(700 if kind == "QSO" else 1500), np.log10(10600), STEP)
    mean = shape(kind, wave)
    tilt = np.log(wave / 3000)
    components = np.stack([0.2 * tilt * mean, 0.3 * (mean - 1)])  # slope, and strength of the lines
    return TemplateSet(f"{kind}-TEST", float(np.log10(wave[0])), STEP, mean.astype(np.float32),
                       components.astype(np.float32), np.zeros(wave.size, np.float32), RANGES[kind])


TEMPLATES = tuple(template(kind) for kind in LINES)


def observed(kind, z, grid, amplitude=3.0, slope=0.3):
    """Spectra (n, n_pix): the mean of nine points in each pixel, without noise."""
    share = (np.arange(9) + 0.5) / 9
    wave = (grid.edges[:-1, None] + np.diff(grid.edges)[:, None] * share).ravel()
    rest = wave / (1 + np.atleast_1d(z)[:, None])
    flux = amplitude * shape(kind, rest) * (1 + 0.2 * slope * np.log(rest / 3000))
    return flux.reshape(len(rest), grid.n_pix, 9).mean(axis=2)


def noisy(kind, z, grid, sigma, seed=0):
    flux = observed(kind, z, grid)
    flux = flux + sigma * np.random.default_rng(seed).standard_normal(flux.shape)
    return flux.astype(np.float32), np.full(flux.shape, sigma**-2, np.float32)


@pytest.mark.parametrize("name", ["atlas2048", "qnet443", "linear:3600:9800:3500", "log10:3.56:4.0:4400"])
def test_a_shifted_template_is_found_to_a_tenth_of_a_pixel(name):
    grid, z = get_grid(name), np.array([0.6217, 1.3931, 2.5003, 3.4177])
    flux, ivar = noisy("QSO", z, grid, sigma=0.02)
    start = z + (1 + z) * np.array([900, -1300, 450, -70]) / C_KM_S
    found = refine(flux, ivar, grid, start[:, None], TEMPLATES, SETTINGS)
    assert (found.spectype == "QSO").all() and (found.warn == 0).all()
    pixel = C_KM_S * np.median(np.diff(np.log(grid.wave)))
    assert np.abs(velocity(found.z, z)).max() < 0.1 * max(pixel, C_KM_S * np.log(10) * 2.25e-4)


def test_errors_are_those_of_the_noise():
    grid, z = GRIDS["atlas2048"], np.full(250, 2.2)
    flux, ivar = noisy("QSO", z, grid, sigma=1.5)
    found = refine(flux, ivar, grid, z[:, None] + 0.003, TEMPLATES, SETTINGS)
    pull = (found.z - z) / found.z_err
    assert abs(np.mean(pull)) < 0.25 and 0.85 < np.std(pull) < 1.15
    assert found.chi2_dof == pytest.approx(np.ones(250), abs=0.15)


def test_masked_pixels_change_nothing():
    grid, z = GRIDS["atlas2048"], np.array([1.7, 2.6])
    flux, ivar = noisy("QSO", z, grid, sigma=0.3)
    ivar[:, 300:360] = ivar[:, 1500:1540] = 0
    spoilt = flux.copy()
    spoilt[:, 300:360], spoilt[:, 1500:1540] = np.nan, 1e9
    clean, dirty = (refine(values, ivar, grid, z[:, None], TEMPLATES, SETTINGS) for values in (flux, spoilt))
    for name in ("z", "z_err", "delta_chi2", "chi2_dof"):
        np.testing.assert_array_equal(getattr(clean, name), getattr(dirty, name))


def test_nothing_is_said_of_a_spectrum_without_a_good_pixel():
    grid = GRIDS["atlas2048"]
    flux, ivar = noisy("QSO", np.array([2.0, 2.0]), grid, sigma=0.3)
    ivar[0] = 0
    found = refine(flux, ivar, grid, np.full((2, 1), 2.0), TEMPLATES, SETTINGS)
    assert np.isnan(found.z[0]) and np.isnan(found.z_err[0]) and np.isnan(found.z_2nd[0])
    assert found.warn[0] & Warn.NO_DATA and found.spectype[0] == ""
    assert found.warn[1] == 0 and found.z[1] == pytest.approx(2.0, abs=1e-3)


def test_the_right_one_of_the_candidates_wins():
    grid, z = GRIDS["atlas2048"], np.full(20, 2.31)
    flux, ivar = noisy("QSO", z, grid, sigma=0.6)
    candidates = np.tile([0.83, 1.5, 2.32, np.nan], (20, 1))
    found = refine(flux, ivar, grid, candidates, TEMPLATES, SETTINGS)
    assert np.abs(velocity(found.z, z)).max() < 300 and (found.warn & Warn.SMALL_DELTA_CHI2 == 0).all()
    assert (np.abs(velocity(found.z_2nd, found.z)) > 2000).all()


def test_two_redshifts_that_noise_cannot_tell_apart_are_a_warning():
    grid, z = GRIDS["atlas2048"], np.full(10, 2.31)
    flux, ivar = noisy("QSO", z, grid, sigma=60.0)
    found = refine(flux, ivar, grid, np.tile([1.5, 2.31], (10, 1)), TEMPLATES, SETTINGS)
    assert (found.warn & Warn.SMALL_DELTA_CHI2 > 0).all()


@pytest.mark.parametrize(("kind", "z"), [("QSO", 0.9), ("GALAXY", 0.31), ("STAR", 0.0003)])
def test_types_are_told_apart(kind, z):
    grid, true = GRIDS["atlas2048"], np.full(10, z)
    flux, ivar = noisy(kind, true, grid, sigma=0.4)
    found = refine(flux, ivar, grid, np.tile([0.9, 0.31, 0.55], (10, 1)), TEMPLATES, SETTINGS)
    assert (found.spectype == kind).all()
    assert np.abs(velocity(found.z, true)).max() < 300


def test_a_deep_trough_does_not_decide():
    grid, z = GRIDS["atlas2048"], np.full(10, 2.31)
    flux, ivar = noisy("QSO", z, grid, sigma=0.15)
    trough = np.abs((grid.wave / (1549.0 * 3.31) - 1) * C_KM_S + 6000) < 3000
    flux[:, trough] *= 0.2
    found = refine(flux, ivar, grid, np.tile([1.5, 2.31, 0.44], (10, 1)), TEMPLATES, SETTINGS)
    assert np.abs(velocity(found.z, z)).max() < 300


def test_a_redshift_in_the_rest_frame_or_shapes_that_do_not_fit_are_refused():
    flux = np.ones((2, 1500), np.float32)
    with pytest.raises(ConfigError, match="observed frame"):
        refine(flux, flux, GRIDS["rest-uv1500"], np.ones((2, 1)), TEMPLATES)
    with pytest.raises(ConfigError, match="do not fit"):
        refine(flux, flux, GRIDS["atlas2048"], np.ones((2, 1)), TEMPLATES)
