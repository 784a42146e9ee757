"""Readers of cutouts: FITS in every layout, numpy and HDF5 arrays, written here and read back; and the real ones."""

import gzip
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from qsocore.errors import ConfigError, ReadError
from qsocore.records import Mask
from qsocore.surveys import read_file
from qsocore.surveys._bands import band_in_name, band_named, in_order, parse_bands
from qsocore.surveys._ids import named
from qsocore.surveys._noise import saturated
from qsocore.surveys._planes import fwhm_of
from qsocore.surveys.cutouts_arrays import SURVEY as ARRAYS
from qsocore.surveys.cutouts_fits import SURVEY as FITS
from qsocore.surveys.probe import Probe

RNG = np.random.default_rng(3)
GRIZY = tuple("grizY")


def picture(*shape):
    """Noise of 1 with a bright middle."""
    out = RNG.standard_normal(shape)
    out[..., shape[-2] // 2, shape[-1] // 2] += 100.0
    return out


def header(side, scale=0.2, turn=0, flip=False, **cards):
    """A TAN header of so many quarter turns, centred at 150, 2."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 2.0]
    wcs.wcs.crpix = [(side + 1) / 2] * 2
    angle = np.pi / 2 * turn
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1.0 if flip else -1.0, 1.0])
    wcs.wcs.cd = matrix * scale / 3600
    out = wcs.to_header()
    out.update(cards)
    return out


def one(survey, path, bands=None):
    with Probe(path) as probe:
        cube, = survey.cubes([probe], bands)
    if isinstance(cube, ReadError):
        raise cube
    return cube


def reason(survey, path, bands=None):
    with pytest.raises(ReadError) as caught, Probe(path) as probe:
        for item in survey.cubes([probe], bands):
            if isinstance(item, ReadError):
                raise item
    assert path.name in str(caught.value)
    return caught.value.reason


# ---- bands


def test_bands_as_users_headers_and_files_name_them():
    assert parse_bands("grizY") == GRIZY and parse_bands("g, r W1") == ("g", "r", "W1") and parse_bands("W1") == ("W1",)
    assert parse_bands("F814W") == ("F814W",)
    for text in ("gg", "", "g,r,g"):
        with pytest.raises(ConfigError):
            parse_bands(text)
    stated = {"g DECam SDSS c0001 4720.0": "g", "HSC-Y": "y", "SDSS-R": "r", "Y": "Y", "F814W": "F814W", "": "", "Ks": "Ks"}
    assert {text: band_named(text) for text in stated} == stated and band_named(None) == ""
    assert in_order(["W1", "Y", "g", "odd", "u"]) == ("u", "g", "Y", "W1", "odd")


@pytest.mark.parametrize(("path", "band", "key"), [
    ("cut/17_g.fits", "g", "cut/17_*"), ("cut/Y.fits.gz", "Y", "cut/*"), ("r/J0109.fits", "r", "*/J0109"),
    ("frame-z-002820-3-0122.fits.bz2", "z", "frame-*-002820-3-0122"), ("z_0.5_r.fits", "r", "z_0.5_*"),
    ("hsc_ra=150_dec=2.fits", "", "hsc_ra=150_dec=2")])
def test_band_in_the_name_of_a_file(path, band, key):
    assert band_in_name(Path(path)) == (band, key)


def test_ids_are_one_however_they_are_written():
    """Beyond 2^53 as well, where floating point would make neighbours one."""
    assert {named(value) for value in (17, "17", b"017 ", "17.0", np.int64(17), 17.0, np.str_("17\0"))} == {"17"}
    assert named(9007199254740993) == named("9007199254740993") != named(9007199254740992)
    assert named("J0109-5424") == "J0109-5424" and named(" ") is None and named(np.nan) is None
    for lost in (17.5, 1.2376487e18):
        with pytest.raises(ValueError, match="lost digits"):
            named(lost)


# ---- FITS


def test_a_file_per_band_is_one_object(tmp_path):
    """In the order of the files given, at one zero point; the missing ivar of one band is estimated."""
    flux = picture(2, 20, 20)
    for name, band, zero in (("17_g.fits", flux[0], 30.0), ("17_r.fits", flux[1], 27.5)):
        fits.PrimaryHDU(band, fits.Header([("MAGZERO", zero), ("OBJECT", "17"), ("SEEING", 0.9)])).writeto(tmp_path / name)
    with Probe(tmp_path / "17_r.fits") as r, Probe(tmp_path / "17_g.fits") as g:
        cube, = FITS.cubes([r, g])
    assert cube.bands == ("r", "g") and cube.object_id.native == "17" and cube.row["target"] == "17"
    np.testing.assert_allclose(cube.flux[0], flux[1], rtol=1e-6)
    np.testing.assert_allclose(cube.flux[1], flux[0] / 10, rtol=1e-6)  # 2.5 magnitudes
    assert cube.zero_point == 27.5 and cube.psf_fwhm == (0.9, 0.9)
    assert cube.ivar[0, 0, 0] == pytest.approx(1.0, rel=0.5) and "noise estimated from the border" in cube.notes


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("flip", [False, True])
def test_north_is_up_and_east_left_however_the_image_lies(tmp_path, turn, flip):
    """A source north of the centre, and a fainter one east of it, by the WCS."""
    head = header(21, turn=turn, flip=flip)
    wcs = WCS(head)
    data = np.zeros((21, 21)) + 0.1 * RNG.standard_normal((21, 21))
    for ra, dec, value in ((150.0, 2.0 + 1.0 / 3600, 100.0), (150.0 + 1.2 / 3600, 2.0, 50.0)):
        x, y = wcs.all_world2pix(ra, dec, 0)
        data[round(float(y)), round(float(x))] = value
    fits.PrimaryHDU(data, head).writeto(tmp_path / "a_g.fits")
    cube = one(FITS, tmp_path / "a_g.fits")
    assert cube.flux[0, 15, 10] == 100.0 and cube.flux[0, 10, 4] == 50.0
    assert (cube.row["ra"], cube.row["dec"]) == pytest.approx((150.0, 2.0), abs=1e-8)
    assert cube.row["north_angle"] == pytest.approx(0.0, abs=1e-6) and cube.pixel_scale == pytest.approx(0.2)


def test_bands_on_other_pixels_are_resampled_and_keep_their_light(tmp_path):
    """A Gaussian star on finer, shifted pixels comes to lie on the first band's, with its flux and position."""
    def star(side, scale, dx=0.0):
        grid = np.arange(side) - (side - 1) / 2
        return 1000 * np.exp(-((grid[:, None] * scale) ** 2 + ((grid - dx) * scale) ** 2) / 2 / 0.6**2) * scale**2

    shifted = header(61, 0.1)
    shifted["CRPIX1"] += 0.4
    for name, data, head in (("s_g.fits", star(31, 0.2), header(31, 0.2)), ("s_r.fits", star(61, 0.1, 0.4), shifted)):
        hdus = [fits.PrimaryHDU(data, head), fits.ImageHDU(np.full(data.shape, 4.0), name="IVAR")]
        fits.HDUList(hdus).writeto(tmp_path / name)
    with Probe(tmp_path / "s_g.fits") as g, Probe(tmp_path / "s_r.fits") as r:
        cube, = FITS.cubes([g, r])
    inner = (slice(4, 27), slice(4, 27))
    np.testing.assert_allclose(cube.flux[1][inner], cube.flux[0][inner], atol=0.005 * cube.flux[0].max())
    assert cube.flux[1].sum() == pytest.approx(cube.flux[0].sum(), rel=1e-3)
    assert cube.ivar[1, 15, 15] == pytest.approx(4.0 / 16)  # four times the area: sixteen times the variance of a pixel


@pytest.mark.parametrize("way", ["BANDS", "BAND1", "asked"])
def test_a_cube_of_named_bands(tmp_path, way):
    cards = {"BANDS": {"BANDS": "grizY"}, "BAND1": {f"BAND{k + 1}": band for k, band in enumerate(GRIZY)}, "asked": {}}[way]
    flux = picture(5, 16, 16)
    fits.PrimaryHDU(flux, fits.Header(list(cards.items()))).writeto(tmp_path / "a.fits")
    cube = one(FITS, tmp_path / "a.fits", GRIZY if way == "asked" else None)
    assert cube.bands == GRIZY
    np.testing.assert_allclose(cube.flux, flux, rtol=1e-6)


def test_a_cube_without_names_is_refused(tmp_path):
    """Order is never a convention: nobody's names, or names of another number, will not do."""
    fits.PrimaryHDU(picture(5, 16, 16)).writeto(tmp_path / "a.fits")
    assert reason(FITS, tmp_path / "a.fits") == "no-bands" == reason(FITS, tmp_path / "a.fits", tuple("gri"))


def test_extensions_are_bands_errors_and_masks(tmp_path):
    flux, hdus = picture(2, 16, 16), [fits.PrimaryHDU()]
    for band, data in zip("gr", flux, strict=True):
        mask = np.zeros((16, 16), np.int16)
        mask[2, 3] = 1
        hdus += [fits.ImageHDU(data, name=f"SCI_{band}"), fits.ImageHDU(np.full((16, 16), 0.25), name=f"VAR_{band}"),
                 fits.ImageHDU(mask, name=f"MASK_{band}")]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    cube = one(FITS, tmp_path / "a.fits")
    assert cube.bands == ("g", "r") and cube.ivar[0, 0, 0] == 4.0 and not cube.notes
    assert cube.mask[1, 2, 3] == Mask.FLAGGED and cube.ivar[1, 2, 3] == 0 and (cube.mask > 0).sum() == 2


def test_stacks_are_called_as_their_table_says(tmp_path):
    flux = picture(4, 2, 12, 12)
    table = Table({"TARGETID": np.array([3, 1, 2, 9007199254740993]), "RA": [1.0, 2, 3, 4], "DEC": [0.0, 0, 0, 0]})
    fits.HDUList([fits.PrimaryHDU(flux, fits.Header([("BANDS", "gr")])), fits.table_to_hdu(table)]).writeto(tmp_path / "a.fits")
    with Probe(tmp_path / "a.fits") as probe:
        cubes = list(FITS.cubes([probe]))
    assert [cube.object_id.native for cube in cubes] == ["3", "1", "2", "9007199254740993"]
    assert cubes[2].row["ra"] == 3.0 and cubes[2].row["source_row"] == 2
    np.testing.assert_allclose(cubes[2].flux, flux[2], rtol=1e-6)


def test_compressed_files_are_the_same(tmp_path):
    fits.PrimaryHDU(picture(16, 16), fits.Header([("FILTER", "g")])).writeto(tmp_path / "a.fits")
    (tmp_path / "b.fits.gz").write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    hdu = fits.CompImageHDU(fits.getdata(tmp_path / "a.fits"), fits.Header([("FILTER", "g")]), compression_type="GZIP_1",
                            quantize_level=0)
    hdu.writeto(tmp_path / "c.fits.fz")
    plain = one(FITS, tmp_path / "a.fits")
    for name in ("b.fits.gz", "c.fits.fz"):
        np.testing.assert_array_equal(one(FITS, tmp_path / name).flux, plain.flux)


def test_bad_pixels_bands_and_cores_are_flagged(tmp_path):
    flux = picture(3, 24, 24)
    flux[0, 3, 3], flux[1] = np.nan, 0.0
    flux[2, 11:13, 11:13] = 500.0  # a plateau
    fits.PrimaryHDU(flux, fits.Header([("BANDS", "gri")])).writeto(tmp_path / "a.fits")
    cube = one(FITS, tmp_path / "a.fits")
    assert cube.mask[0, 3, 3] == Mask.NOT_FINITE and cube.flux[0, 3, 3] == 0 == cube.ivar[0, 3, 3]
    assert (cube.mask[1] & Mask.NO_COVERAGE).all() and (cube.ivar[1] == 0).all()
    assert (cube.mask[2, 11:13, 11:13] == Mask.FLAGGED).all() and (cube.mask[2] > 0).sum() == 4
    assert {"no light in band r", "saturated in 4 pixels"} <= set(cube.notes)
    fits.PrimaryHDU(np.full((3, 24, 24), np.nan), fits.Header([("BANDS", "gri")])).writeto(tmp_path / "b.fits")
    assert reason(FITS, tmp_path / "b.fits") == "no-good-pixel"


def test_a_headers_limit_is_in_counts(tmp_path):
    """It flags pixels of images in counts, and none of those in microjansky."""
    for unit, count in (("adu", 1), ("uJy", 0)):
        head = fits.Header([("FILTER", "g"), ("SATURATE", 50.0), ("BUNIT", unit)])
        fits.PrimaryHDU(picture(20, 20), head).writeto(tmp_path / f"{unit}.fits")
        assert (one(FITS, tmp_path / f"{unit}.fits").mask == Mask.FLAGGED).sum() == count


def test_a_noisy_peak_is_not_saturated():
    assert not saturated(picture(5, 30, 30)).any()
    assert saturated(np.array([[1.0, 9.0], [3.0, 2.0]]), 8.0).tolist() == [[False, True], [False, False]]


def test_psfs_are_no_objects_and_give_widths(tmp_path):
    grid = np.arange(31) - 15
    psf = np.exp(-(grid[:, None] ** 2 + grid**2) / 2 / 2.0**2)
    assert fwhm_of(psf) == pytest.approx(2.3548 * 2.0, rel=0.02)
    fits.PrimaryHDU(np.stack([psf, psf])).writeto(tmp_path / "psf_a.fits")
    fits.PrimaryHDU(picture(2, 16, 16), header(16, 0.2, BANDS="gr")).writeto(tmp_path / "a.fits")
    assert reason(FITS, tmp_path / "psf_a.fits") == "psf"
    assert one(FITS, tmp_path / "a.fits").psf_fwhm == pytest.approx((0.942, 0.942), rel=0.02)


def test_bands_of_other_objects_or_pixels_are_refused(tmp_path):
    for name, shape in (("a_g.fits", (4, 12, 12)), ("a_r.fits", (3, 12, 12)), ("b_g.fits", (12, 12)), ("b_r.fits", (14, 14))):
        fits.PrimaryHDU(picture(*shape)).writeto(tmp_path / name)
    for first, second in (("a_g.fits", "a_r.fits"), ("b_g.fits", "b_r.fits")):
        with Probe(tmp_path / first) as one_, Probe(tmp_path / second) as other, pytest.raises(ReadError) as caught:
            for item in FITS.cubes([one_, other]):
                raise item
        assert caught.value.reason == "wrong-shape"


# ---- arrays


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("ending", ["npz", "npy", "h5"])
def test_arrays_of_thousands(tmp_path, ending, last):
    """Bands last or first, ids whole; what stands beside becomes columns."""
    flux, ids = picture(30, 5, 10, 10).astype(np.float32), 9007199254740993 + np.arange(30)
    stored = np.moveaxis(flux, 1, -1) if last else flux
    path = tmp_path / f"a.{ending}"
    if ending == "npz":
        np.savez(path, images=stored, ids=ids, z=np.linspace(5, 6, 30), filters=np.array(GRIZY))
    elif ending == "npy":
        np.save(path, stored)
        np.savez(tmp_path / "ids.npz", ids=ids.astype("U32"))
    else:
        with h5py.File(path, "w") as file:
            file["cutouts"], file["object_id"], file["z"] = stored, [str(name) for name in ids], np.linspace(5, 6, 30)
            file["cutouts"].attrs["bands"] = "g r i z Y"
            file.attrs["pixel_scale"] = 0.263
    with Probe(path) as probe:
        assert ARRAYS.identify(probe)
        cubes = list(ARRAYS.cubes([probe], GRIZY if ending == "npy" else None))
    assert len(cubes) == 30 and cubes[0].bands == GRIZY
    assert [cube.object_id.native for cube in cubes] == [str(name) for name in ids]
    for cube, meant in zip(cubes, flux, strict=True):
        np.testing.assert_array_equal(cube.flux, meant)
    if ending == "npy":
        assert "ids from ids.npz, row by row" in cubes[0].notes
    else:
        assert cubes[29].row["z"] == 6.0
    assert cubes[0].pixel_scale == 0.263 if ending == "h5" else np.isnan(cubes[0].pixel_scale)


def test_an_object_with_its_noise(tmp_path):
    flux, variance = picture(2, 14, 12), np.full((2, 14, 12), 4.0)
    mask = np.zeros((2, 14, 12), np.uint8)
    mask[0, 1, 1] = 1
    np.savez(tmp_path / "a.npz", images=flux, variance=variance, mask=mask, filters=["g", "r"])
    cube = one(ARRAYS, tmp_path / "a.npz")
    assert cube.ivar[0, 0, 0] == 0.25 and cube.mask[0, 1, 1] == Mask.FLAGGED and cube.object_id.native == "a" and not cube.notes
    np.savez(tmp_path / "b.npz", images=flux, mask=np.full((2, 14, 12), 5120), filters=["g", "r"])
    assert "a mask whose bits have no names was left aside" in one(ARRAYS, tmp_path / "b.npz").notes


def test_whole_ids_of_exported_files_stand_for_themselves(tmp_path):
    """A name with colons, as of a position in hours, is none."""
    np.savez(tmp_path / "a.npz", images=picture(2, 2, 8, 8), bands="gr", object_id=["sdss:dr16:1-2-3", "sdss:dr16:4"])
    np.savez(tmp_path / "b.npz", images=picture(2, 2, 8, 8), bands="gr", names=["12:30:01", "12:30:02"])
    with Probe(tmp_path / "a.npz") as whole, Probe(tmp_path / "b.npz") as plain:
        assert [str(cube.object_id) for cube in ARRAYS.cubes([whole])] == ["sdss:dr16:1-2-3", "sdss:dr16:4"]
        assert [cube.object_id.native for cube in ARRAYS.cubes([plain])] == ["12:30:01", "12:30:02"]


def test_bits_of_masks_by_their_names_in_the_header(tmp_path):
    """HSC's DETECTED is no fault, its SAT is."""
    bits = np.full((16, 16), 1 << 5, np.int32)
    bits[3, 4] |= 1 << 1
    named_bits = fits.Header([("MP_SAT", 1), ("HIERARCH MP_DETECTED", 5), ("EXTNAME", "MASK")])
    hdus = [fits.PrimaryHDU(picture(16, 16), fits.Header([("FILTER", "HSC-G")])), fits.ImageHDU(bits, named_bits)]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    mask = one(FITS, tmp_path / "a.fits").mask
    assert mask[0, 3, 4] == Mask.FLAGGED and (mask > 0).sum() == 1


@pytest.mark.parametrize(("arrays", "expected"), [
    ({"images": np.ones((4, 8, 8, 5)), "ids": np.arange(3)}, "wrong-shape"),
    ({"images": np.ones((4, 8, 8, 5)), "ids": 1e18 + np.arange(4)}, "bad-name"),
    ({"images": np.ones((4, 8, 8, 3))}, "no-bands"), ({"images": np.ones((0, 8, 8, 5))}, "empty")])
def test_arrays_that_are_refused(tmp_path, arrays, expected):
    np.savez(tmp_path / "a.npz", **arrays)
    assert reason(ARRAYS, tmp_path / "a.npz", GRIZY) == expected


def test_pickles_are_refused_by_name(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.ones((4, 8, 8, 5)), ids=np.array([{"a": 1}] * 4, dtype=object))
    np.save(tmp_path / "b.npy", np.array([np.ones((8, 8))] * 2 + [None], dtype=object), allow_pickle=True)
    (tmp_path / "c.pkl").write_bytes(pickle.dumps(np.ones((8, 8))))
    for name in ("a.npz", "b.npy", "c.pkl"):
        with pytest.raises(ReadError) as caught:
            list(read_file(tmp_path / name))
        assert caught.value.reason == "pickle" and name in str(caught.value), name


# ---- the real ones


@pytest.mark.real
def test_real_cutouts(real):
    """46 DES galaxies in five files are one source; HSC's position is that in the file's name, its seeing that of HSC."""
    probes = [Probe(real / f"images/deeplenstronomy/{band}.fits") for band in GRIZY]
    cubes = list(FITS.cubes(probes))
    assert len(cubes) == 46 and cubes[7].bands == GRIZY and cubes[7].flux.shape == (5, 91, 91)
    raw = fits.getdata(real / "images/deeplenstronomy/i.fits")
    np.testing.assert_array_equal(cubes[7].flux[2], raw[7])
    cube = one(FITS, real / "images/scarlet/hsc_ra=150.24071_dec=2.06514.fits", tuple("grizy"))
    assert (cube.row["ra"], cube.row["dec"]) == pytest.approx((150.24071, 2.06514), abs=0.168 / 3600)
    assert cube.pixel_scale == pytest.approx(0.168, abs=1e-4) and 0.5 < cube.psf_fwhm[2] < 0.7
    cube = one(ARRAYS, real / "images/scarlet/hsc_cosmos.npz")
    assert cube.bands == tuple("grizy") and cube.flux.shape == (5, 69, 57)
