"""Normalisation of cutouts: one scale for all bands, colours stay, masked pixels say nothing."""

import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.preprocess.normalise_images import IMAGE_SCALES, ImageNormalisation
from tests.images import blobs

SCALES = sorted(IMAGE_SCALES)


def some(n=20):
    flux = 50.0 * blobs(n)
    ivar = np.full_like(flux, 1 / 2.5**2)
    ivar[:, :, 0, :3] = 0.0
    return flux, ivar


@pytest.mark.parametrize("scale", SCALES)
def test_the_scale_brings_the_flux_back_and_colours_stay(scale):
    flux, ivar = some()
    x, w, unit = ImageNormalisation(scale, 0.0).apply(flux, ivar)
    each = unit[:, None, None, None]
    assert x.dtype == w.dtype == unit.dtype == np.float32 and (unit > 0).all()
    np.testing.assert_allclose(x * each, np.where(ivar > 0, flux, 0.0), rtol=1e-5)
    np.testing.assert_allclose(w, ivar * each**2, rtol=1e-5)


@pytest.mark.parametrize("scale", sorted(set(SCALES) - {"none"}))
def test_brighter_is_the_same(scale):
    flux, ivar = some()
    one = ImageNormalisation(scale, 0.02).apply(flux, ivar)
    two = ImageNormalisation(scale, 0.02).apply(7.0 * flux, ivar / 49.0)
    for a, b in zip(one[:2], two[:2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_masked_pixels_change_nothing(scale):
    flux, ivar = some()
    wild = np.where(ivar > 0, flux, np.nan)
    for a, b in zip(ImageNormalisation(scale).apply(flux, ivar), ImageNormalisation(scale).apply(wild, ivar), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_brightest_pixel_of_all_bands_is_one():
    flux, ivar = some()
    x, _, scale = ImageNormalisation().apply(flux, ivar)
    np.testing.assert_allclose(x.reshape(20, -1).max(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(scale, np.where(ivar > 0, flux, 0).reshape(20, -1).max(axis=1), rtol=1e-6)


def test_by_the_sky_what_remains_is_the_signal_to_noise():
    flux, ivar = some()
    np.testing.assert_allclose(ImageNormalisation("sky", 0.0).apply(flux, ivar)[2], 2.5, rtol=1e-5)


@pytest.mark.parametrize("scale", SCALES)
def test_what_is_dark_or_not_there_has_a_scale(scale):
    flux, ivar = some(3)
    flux[0], ivar[1] = -1.0, 0.0
    x, w, unit = ImageNormalisation(scale).apply(flux, ivar)
    assert np.isfinite(x).all() and np.isfinite(w).all() and (unit > 0).all()
    assert not x[1].any() and not w[1].any() and unit[1] == 1.0


def test_the_error_floor_is_the_least_error():
    flux, ivar = some()
    _, w, _ = ImageNormalisation(error_floor=0.05).apply(flux, np.where(ivar > 0, 1e12, 0.0))
    assert w.max() == pytest.approx(400.0, rel=1e-3)


def test_an_unknown_scale_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="brightest"):
        ImageNormalisation("brightness")
    with pytest.raises(ConfigError):
        ImageNormalisation(error_floor=-1.0)
