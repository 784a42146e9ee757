"""Bands become pictures as astropy draws them; an image is found by its object's id alone."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.visualization import AsinhStretch, LinearStretch, LogStretch, SqrtStretch

from dashboard import image, imagefiles
from dashboard.image import Cube
from qsocore.errors import AtlasError


def two_sources(north=(5, 20), west=(20, 30)):
    """(bands, y, x): a red source at y=5, x=20 and a blue one at y=20, x=30, on a sky of scatter 1."""
    planes = np.random.default_rng(0).normal(0, 1, (3, 40, 50)).astype(np.float32)
    y, x = np.mgrid[:40, :50]
    for (at_y, at_x), fluxes in zip(zip(north, west, strict=True), ((10, 60, 200), (200, 60, 10)), strict=True):
        planes += np.array(fluxes)[:, None, None] * np.exp(-0.5 * ((y - at_y) ** 2 + (x - at_x) ** 2) / 4)
    return planes


@pytest.mark.parametrize(("name", "theirs"), [("linear", LinearStretch()), ("sqrt", SqrtStretch()), ("log", LogStretch(1000)),
                                              ("asinh", AsinhStretch(0.1))])
def test_stretches_are_astropys(name, theirs):
    band = np.linspace(-2, 12, 80).reshape(8, 10)
    wanted = 255 * theirs(np.clip(band / 10, 0, 1))
    np.testing.assert_allclose(image.grey(band, name, (0, 10)), wanted, atol=0.51)
    np.testing.assert_allclose(image.grey(band, name, (0, 10), invert=True), 255 - wanted, atol=0.51)
    assert (image.grey(np.full((2, 2), np.nan), name, (0, 10)) == 0).all()


def test_an_npz_is_shown_north_up_with_its_bands_in_order(tmp_path):
    planes = two_sources()
    np.savez(tmp_path / "one.npz", flux=planes[[2, 0, 1]], bands=["i", "g", "r"], pixel_scale=0.262)
    cube = imagefiles.read(tmp_path / "one.npz")
    assert cube.bands == ("g", "r", "i") and cube.pixel_scale == pytest.approx(0.262)
    np.testing.assert_array_equal(cube.band("r"), planes[1][::-1])
    picture = image.lupton(cube)
    assert picture.shape == (40, 50, 3) and picture.dtype == np.uint8
    red, blue = picture[39 - 5, 20].astype(int), picture[39 - 20, 30].astype(int)
    assert red[0] > red[2] + 50 and blue[2] > blue[0] + 50


@pytest.mark.parametrize(("across", "upwards"), [(-1, 1), (1, 1), (-1, -1), (1, -1)])
def test_a_fits_image_has_north_up_and_east_left(tmp_path, across, upwards):
    planes = two_sources()
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 25, "CRPIX2": 20, "CRVAL1": 30, "CRVAL2": 10,
                          "CD1_1": across * 0.2 / 3600, "CD2_2": upwards * 0.2 / 3600, "CD1_2": 0, "CD2_1": 0, "BANDS": "gri"})
    fits.PrimaryHDU(planes, header).writeto(tmp_path / "one.fits")
    cube = imagefiles.read(tmp_path / "one.fits")
    assert cube.bands == ("g", "r", "i") and cube.pixel_scale == pytest.approx(0.2, rel=1e-6)
    np.testing.assert_array_equal(cube.flux, np.moveaxis(planes[:, ::-upwards, ::-across], 0, -1))


@pytest.mark.parametrize(("width", "scale", "said", "share"), [(100, 0.2, "5″", 0.25), (50, float("nan"), "15 px", 0.3),
                                                             (400, 0.4, "30″", 30 / 160)])
def test_the_scale_bar_is_a_round_number_of_arcsec(width, scale, said, share):
    length, text = image.bar_of(Cube(np.zeros((4, width, 1), np.float32), ("r",), scale))
    assert text == said and length == pytest.approx(share)


def test_colour_needs_three_bands():
    assert image.colours_of(("g", "r", "i", "z", "y")) == ("i", "r", "g")
    assert image.colours_of(("g", "r", "z")) == ("z", "r", "g") and image.colours_of(("1", "2", "3", "4")) == ("4", "3", "1")
    assert image.lupton(Cube(np.zeros((4, 4, 2), np.float32), ("g", "r"))) is None


def test_an_object_gets_its_own_image_or_none(tmp_path, library):
    assert not library.pictures and library.pictures.cube(3) is None
    np.savez(tmp_path / "test:one:00003.npz", flux=two_sources())
    assert imagefiles.file_of(tmp_path, "test:one:00003").name == "test:one:00003.npz"
    assert imagefiles.file_of(tmp_path, "test:one:0000") is None
    assert imagefiles.file_of(tmp_path / "deeper", "../test:one:00003") is None, "an id leads nowhere else"


@pytest.mark.parametrize("content", [b"", b"PK not a zip", b"SIMPLE  =                    T".ljust(2880)])
def test_what_is_no_image_is_said(tmp_path, content):
    for ending in ("npz", "fits"):
        (tmp_path / f"bad.{ending}").write_bytes(content)
        with pytest.raises(AtlasError, match="cannot be read"):
            imagefiles.read(tmp_path / f"bad.{ending}")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "big.npz", flux=np.zeros((3, 200, 200), np.float32))
    monkeypatch.setattr(imagefiles, "MAX_VALUES", 100_000)
    with pytest.raises(AtlasError, match="declares"):
        imagefiles.read(tmp_path / "big.npz")


def test_a_png_is_the_picture():
    from PIL import Image

    picture = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(image.png(picture)))), picture)


@pytest.mark.real
@pytest.mark.parametrize(("name", "shape", "bands", "scale"), [
    ("hsc_cosmos_35.npz", (58, 48, 5), "grizy", None), ("Cut_HSC.fits", (50, 50, 5), "12345", 0.168),
    ("Cut_HST.fits", (250, 250, 1), "1", 0.03)])
def test_real_cutouts_are_read_and_drawn(real, name, shape, bands, scale):
    cube = imagefiles.read(real / "images" / "scarlet" / name)
    assert cube.flux.shape == shape and cube.bands == tuple(bands)
    assert np.isnan(cube.pixel_scale) if scale is None else cube.pixel_scale == pytest.approx(scale, rel=0.01)
    for band in bands:
        levels = image.grey(cube.band(band), "log", image.limits_of(cube.band(band)))
        assert 5 < np.median(levels) < 200 and levels.max() == 255
    if len(bands) > 2:
        assert image.lupton(cube).std() > 10


def test_a_thumbnail_keeps_its_shape_and_has_colour_where_there_are_three_bands():
    rng = np.random.default_rng(0)
    three = image.Cube(rng.normal(0, 1, (90, 60, 3)).astype(np.float32), ("g", "r", "i"))
    assert image.thumbnail(three, 45).shape == (45, 30, 3)
    assert image.thumbnail(image.Cube(three.flux[..., :1], ("g",)), 45).shape == (45, 30)
    assert image.thumbnail(three, 500).shape == (90, 60, 3), "nothing is enlarged"
