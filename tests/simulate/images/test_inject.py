"""Lenses in a survey's own sky: what was at the centre is gone, what is around it stays, the light that is added is right."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from qsocore.sampling import ImageGrid
from qsocore.simulate.bands import fluxes_of
from qsocore.simulate.images import inject, noise
from qsocore.simulate.images.block import des_grid
from qsocore.simulate.images.observe import counts_per_microjansky

GRID = ImageGrid(("g", "i", "z"), 48, 0.263, 30.0)
UNIT = counts_per_microjansky(30.0)
SIGMA = np.array([0.02, 0.04, 0.08])  # microjansky
WIDTH = np.array([1.1, 0.9, 0.85])


def cutouts(n, halo=0.0, seed=0):
    """Noise about a level of 0.1 microjansky, a bright round source of 1 arcsec, and about each source a halo of 5 arcsec."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:48, :48] - 23.5
    away = np.hypot(x, y) * 0.263
    halo = np.broadcast_to(halo, n)[:, None, None, None]
    light = 50 * np.exp(-away**2 / 0.5) + halo * np.exp(-away / 3)
    sigma = SIGMA[:, None, None]
    flux = 0.1 + sigma * (rng.standard_normal((n, 3, 48, 48)) + light)
    mask = np.zeros((n, 3, 48, 48), np.uint8)
    mask[:, 1, 5, 7] = 4
    ivar = np.broadcast_to(1 / (sigma * UNIT) ** 2, flux.shape) * (mask == 0)
    return flux * UNIT, ivar, mask


def emptied(flux, ivar, mask, n, seed=1):
    return inject.emptied(GRID, flux, ivar, mask, np.tile(WIDTH, (len(flux), 1)), n, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def skies():
    blocks = cutouts(60)
    return blocks, emptied(*blocks, 60)


def test_the_source_is_gone_and_its_surroundings_stay(skies):
    (flux, _, mask), sky = skies
    y, x = np.mgrid[:48, :48] - 23.5
    away = np.hypot(x, y) * 0.263
    radius = 2.5 * WIDTH.max()
    np.testing.assert_allclose(sky.flux[:, :, away > radius + 0.3], (flux / UNIT)[:, :, away > radius + 0.3], rtol=1e-6)
    inner = sky.flux[:, :, away < radius - 0.3]
    np.testing.assert_allclose(inner.mean(axis=(0, 2)), 0.1, atol=0.1 * SIGMA.min())
    np.testing.assert_allclose(inner.std(axis=(0, 2)), SIGMA, rtol=0.04)
    np.testing.assert_allclose(np.sqrt(sky.variance[:, :, away < radius - 0.3]).mean(axis=(0, 2)), SIGMA, rtol=0.03)
    np.testing.assert_array_equal(sky.mask, mask)
    assert np.isfinite(sky.variance).all() and (sky.variance > 0).all()


def test_the_cutouts_with_the_least_light_around_are_taken():
    halo = np.where(np.arange(12) % 3 == 0, 0.0, 40.0)
    assert emptied(*cutouts(12, halo), 4).rows.tolist() == [0, 3, 6, 9]


def test_cutouts_without_sky_are_not_taken():
    flux, ivar, mask = cutouts(5)
    mask[1] = 1
    flux[3] = 0.0  # no noise
    assert emptied(flux, ivar, mask, 5).rows.tolist() == [0, 2, 4]
    assert len(emptied(flux[1:2], ivar[1:2], mask[1:2], 1).rows) == 0


def test_the_light_of_a_lens_is_added_whole_with_the_noise_of_its_photons(skies):
    sky = skies[1]
    quiet = replace(sky, flux=np.zeros_like(sky.flux))
    seen, truth = inject.put(GRID, quiet, np.random.default_rng(5))
    total = seen.image.sum(axis=(2, 3))
    true = seen.total[:, [0, 2, 3]]
    compact = (truth["true_r_e"] < 0.7) & (truth["true_separation"] < 2)
    bright = true > 3
    ratio = (total / true)[compact[:, None] & bright]
    assert ratio.size > 20 and 0.9 < np.median(ratio) < 1.02
    assert (seen.variance >= sky.variance).all()
    photons = seen.variance - sky.variance
    where = photons > 1e-4 * photons.max()
    assert np.corrcoef(photons[where], seen.image[where])[0, 1] > 0.9
    np.testing.assert_allclose(fluxes_of(truth["true_mag_i_lens"]) <= true[:, 1] * 1.001, True)


def test_what_would_not_be_detected_is_drawn_anew(skies):
    sky = replace(skies[1], variance=skies[1].variance * 400)
    shallow, _ = inject.put(GRID, sky, np.random.default_rng(5))
    deep, _ = inject.put(GRID, skies[1], np.random.default_rng(5))
    assert np.median(shallow.total[:, 3]) > np.median(deep.total[:, 3])
    assert set(deep.total[:, 3]) & set(shallow.total[:, 3])  # the bright ones are the same


def test_the_same_seed_gives_the_same(skies):
    one, two = (inject.put(GRID, skies[1], np.random.default_rng(9))[0] for _ in range(2))
    np.testing.assert_array_equal(one.image, two.image)


@pytest.mark.parametrize(("grid", "why"), [
    (des_grid(), ""), (replace(GRID, bands=("u", "g", "F814W")), "noise of the bands u, F814W"),
    (replace(GRID, zero_point=float("nan")), "zero point"), (replace(GRID, pixel_scale=float("nan")), "pixel scale")])
def test_where_it_cannot_be_done(grid, why):
    assert why in inject.why_not(grid) and bool(why) == bool(inject.why_not(grid))


def test_bands_are_those_whose_noise_is_known():
    assert set(noise.FWHM) == {"g", "r", "i", "z", "Y"}


@pytest.mark.real
def test_the_sky_of_real_cutouts_shows_no_seam(real):
    """46 galaxies of DES: what replaces them is as noisy as what is around, and neighbours stay."""
    grid = des_grid(91)
    flux = np.stack([fits.getdata(real / f"images/deeplenstronomy/{band}.fits") for band in grid.bands], axis=1)
    mask = np.zeros(flux.shape, np.uint8)
    sky = inject.emptied(grid, flux, np.ones_like(flux), mask, np.tile(grid.psf_fwhm, (46, 1)), 12, np.random.default_rng(0))
    y, x = np.mgrid[:91, :91] - 45.0
    away = np.hypot(x, y) - 2.5 * max(grid.psf_fwhm) / grid.pixel_scale
    inside, outside, far = (sky.flux[:, :, part] for part in (abs(away + 2.5) < 2, abs(away - 2.5) < 2, away > 10))
    sigma = 1.4826 * np.median(np.abs(far - np.median(far, axis=2, keepdims=True)), axis=2)
    assert np.median(np.abs(inside.mean(axis=2) - outside.mean(axis=2)) / sigma) < 0.3
    assert np.median(inside.std(axis=2) / sigma) == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(far, (flux[sky.rows] / UNIT)[:, :, away > 10], rtol=1e-5)
    assert (np.abs(far).max(axis=2) / sigma).max() > 20  # a neighbour
