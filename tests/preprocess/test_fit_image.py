"""Cutouts on a store's grid: bands by name, the middle in the middle, units converted, nothing invented."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.errors import AtlasError
from qsocore.preprocess.fit_image import fit_image
from qsocore.records import ImageCube, Mask, ObjectId
from qsocore.sampling import ImageGrid


def cube(bands="gr", height=9, width=9, **others):
    rng = np.random.default_rng(1)
    flux = rng.normal(5, 1, (len(bands), height, width))
    return ImageCube.from_arrays(ObjectId.make("a", "b", "c"), flux, np.full(flux.shape, 4.0), bands=bands, **others)


def test_bands_go_by_name_and_missing_ones_are_masked():
    image = cube("gri")
    flux, ivar, mask, notes = fit_image(image, ImageGrid(("i", "Y", "g"), 9))
    np.testing.assert_array_equal(flux[0], image.flux[2])
    np.testing.assert_array_equal(flux[2], image.flux[0])
    assert (mask[1] == Mask.NO_COVERAGE).all() and (ivar[1] == 0).all() and (mask[[0, 2]] == 0).all()
    assert notes == ("no image in Y", "left away r")


@settings(deadline=None, max_examples=60)
@given(height=st.integers(2, 14), width=st.integers(2, 14), side=st.integers(2, 14))
def test_the_middle_stays_the_middle(height, width, side):
    """Whatever the sizes: pixel n // 2 comes to lie on pixel side // 2, and all that is not the cutout's is masked."""
    image = cube("g", height, width)
    flux, ivar, mask, _ = fit_image(image, ImageGrid(("g",), side))
    assert flux[0, side // 2, side // 2] == image.flux[0, height // 2, width // 2]
    good = mask[0] == 0
    assert good.sum() == min(height, _most(height, side)) * min(width, _most(width, side))
    assert (flux[0][~good] == 0).all() and (ivar[0] > 0).tolist() == good.tolist()
    assert set(flux[0][good].tolist()) <= set(image.flux[0].ravel().tolist())


def _most(have, want):
    """Pixels shared by two rows of pixels with their middles together."""
    return sum(0 <= k - want // 2 + have // 2 < have for k in range(want))


def test_zero_points_are_converted_and_other_scales_refused():
    image = cube(zero_point=27.5, pixel_scale=0.2)
    flux, ivar, _, notes = fit_image(image, ImageGrid(("g", "r"), 9, 0.2, 30.0))
    np.testing.assert_allclose(flux, image.flux * 10, rtol=1e-6)
    np.testing.assert_allclose(ivar, image.ivar / 100, rtol=1e-6)
    assert notes == ()
    with pytest.raises(AtlasError, match=r"0\.2 arcsec"):
        fit_image(image, ImageGrid(("g", "r"), 9, 0.263))
    with pytest.raises(AtlasError, match="none of W1"):
        fit_image(image, ImageGrid(("W1",), 9))
    unknown = fit_image(cube(), ImageGrid(("g", "r"), 9, 0.263, 30.0))[3]
    assert unknown == ("its zero point is not stated", "its pixel scale is not stated")


def test_what_single_precision_cannot_hold_is_masked():
    rng = np.random.default_rng(1)
    flux = rng.normal(5, 1, (1, 9, 9))
    flux[0, 1, 1] = 1e300
    with np.errstate(over="ignore"):
        image = ImageCube.from_arrays(ObjectId.make("a", "b", "c"), flux, np.full(flux.shape, 4.0), bands="g")
    flux, ivar, mask, _ = fit_image(image, ImageGrid(("g",), 9))
    assert mask[0, 1, 1] == Mask.NOT_FINITE and flux[0, 1, 1] == 0 == ivar[0, 1, 1] and (mask > 0).sum() == 1
