"""What becomes a cutout, what is masked in it with its reason, and what is refused."""

import numpy as np
import pytest

from qsocore.errors import ReadError
from qsocore.records import ImageCube, Mask, ObjectId

ID = ObjectId("a", "b", "1")


def sky(sigma, shape=(40, 40), seed=0):
    return np.random.default_rng(seed).normal(0, sigma, shape)


def test_pixels_that_are_not_finite_are_masked_and_the_others_kept():
    flux = sky(1.0)
    flux[3, 4], flux[5, 6] = np.nan, np.inf
    cube = ImageCube.from_arrays(ID, flux, np.ones_like(flux), bands=["r"])
    assert cube.flux.shape == (1, 40, 40) and cube.flux.dtype == np.float32
    assert cube.mask[0, 3, 4] == Mask.NOT_FINITE == cube.mask[0, 5, 6] and (cube.mask > 0).sum() == 2
    assert cube.ivar[0, 3, 4] == 0 and cube.ivar.sum() == 1598 and np.isfinite(cube.flux).all()


def test_a_band_without_light_is_flagged_and_named():
    flux = np.stack([sky(1.0), np.zeros((40, 40)), np.full((40, 40), np.nan)])
    cube = ImageCube.from_arrays(ID, flux, bands="giz")
    assert "no light in band i, z" in cube.notes
    assert (cube.mask[1] & Mask.NO_COVERAGE).all() and (cube.mask[2] & Mask.NO_COVERAGE).all() and not cube.mask[0].any()


@pytest.mark.parametrize("sigma", [0.02, 3.0])
def test_noise_is_estimated_from_the_border_where_none_is_given(sigma):
    flux = sky(sigma, (60, 60))
    flux[15:45, 15:45] += 50 * sigma  # a source, which is not sky
    cube = ImageCube.from_arrays(ID, flux, bands=["r"])
    assert cube.ivar[0, 0, 0] ** -0.5 == pytest.approx(sigma, rel=0.15)
    assert "noise estimated from the border" in cube.notes


@pytest.mark.parametrize("flux, bands, reason", [
    (np.ones(5), "r", "wrong-shape"), (np.ones((2, 3, 4, 5)), "gr", "wrong-shape"), (np.ones((1, 1, 9)), "r", "wrong-shape"),
    (np.ones((2, 9, 9)), "r", "no-bands"), (np.ones((2, 9, 9)), "rr", "no-bands"), (np.zeros((2, 9, 9)), "gr", "no-good-pixel"),
    (np.full((9, 9), np.nan), "r", "no-good-pixel")])
def test_what_is_no_image_is_refused_with_its_reason(flux, bands, reason):
    with pytest.raises(ReadError) as refused:
        ImageCube.from_arrays(ID, flux, bands=bands, where="here.fits")
    assert refused.value.reason == reason and "here.fits" in str(refused.value)
