"""Cutouts from frames: whose pixels, which way up, what noise, what is over the edge."""

import bz2

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from qsocore.errors import ReadError
from qsocore.records import Mask, ObjectId
from qsocore.surveys import read_file, recognise
from qsocore.surveys._noise import sky_ivar
from qsocore.surveys._planes import flux_of, wcs_of
from qsocore.surveys.frames import SURVEY, Target, load
from qsocore.surveys.probe import Probe

SCALE = 0.4
STARS = [(150.0, 2.0), (150.01, 2.012), (149.985, 1.99), (150.02, 1.985)]


def frame(path, turn=0.0, shift=(0.0, 0.0), size=601, noise=0.01, stars=STARS, **cards):
    """Gaussian stars of flux 100 at given positions, on pixels turned by so many degrees and shifted by so many pixels."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 2.0]
    wcs.wcs.crpix = np.array([(size + 1) / 2] * 2) + shift
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wcs.wcs.cd = np.diag([-1.0, 1.0]) @ matrix * SCALE / 3600
    data = np.random.default_rng(1).normal(0, noise, (size, size))
    y, x = np.mgrid[:size, :size]
    for ra, dec in stars:
        x0, y0 = wcs.all_world2pix(ra, dec, 0)
        near = np.hypot(x - x0, y - y0) < 15
        data[near] += 100 / (2 * np.pi * 2.25) * np.exp(-((x - x0) ** 2 + (y - y0) ** 2)[near] / 2 / 2.25)
    header = wcs.to_header()
    header.update({"BUNIT": "nanomaggy"} | cards)
    fits.PrimaryHDU(data.astype(np.float32), header).writeto(path, overwrite=True)
    return path


def target(ra, dec, name="1"):
    return Target(ObjectId.make("test", "a", name), ra, dec)


def cut(paths, targets, side=21):
    probes = [Probe(path) for path in paths]
    return list(SURVEY.cut(probes, targets, side))


def middle(image):
    """Centroid of an image, (y, x) from its middle pixel."""
    y, x = np.mgrid[:len(image), :len(image)] - len(image) // 2
    return np.array([(image * y).sum(), (image * x).sum()]) / image.sum()


@pytest.mark.parametrize("turn", [0.0, 90.0, 180.0, -90.0])
def test_the_object_is_in_the_middle_and_north_up(tmp_path, turn):
    """The other star is to the north-east of the first: up and left."""
    path = frame(tmp_path / "f_r.fits", turn, stars=[(150.0, 2.0), (150.0 + 2.4 / 3600, 2.0 + 1.6 / 3600)])
    cube, = cut([path], [target(150.0, 2.0)], 41)
    image = cube.flux[0]
    assert image[24, 14] > 5 and image[20, 20] > 5 and image[16, 26] < 1  # 6 pixels east, 4 north
    assert cube.row["north_angle"] == pytest.approx(0, abs=0.01) and not any("up is" in note for note in cube.notes)
    assert cube.zero_point == 22.5 and cube.pixel_scale == pytest.approx(SCALE)


def test_a_tilted_frame_says_so(tmp_path):
    cube, = cut([frame(tmp_path / "f_r.fits", 20.0)], [target(150.0, 2.0)])
    assert abs(cube.row["north_angle"]) == pytest.approx(20.0, abs=0.1)
    assert any("degrees from north" in note for note in cube.notes)


def test_the_first_bands_pixels_are_the_frames_own(tmp_path):
    path = frame(tmp_path / "f_r.fits")
    cube, = cut([path], [target(150.0, 2.0)])
    raw = fits.getdata(path)
    np.testing.assert_array_equal(cube.flux[0], raw[290:311, 290:311])


@pytest.mark.parametrize(("shift", "turn"), [((3.0, -2.0), 0.0), ((0.37, 0.61), 0.0), ((0.2, 0.4), 33.0)])
def test_bands_come_to_lie_on_each_other(tmp_path, shift, turn):
    """Whole shifts by cutting, others by resampling; light and centroid are kept."""
    g, r = frame(tmp_path / "f_g.fits", noise=1e-4), frame(tmp_path / "f_r.fits", turn, shift, noise=1e-4)
    cubes = cut([g, r], [target(*star) for star in STARS], 23)
    for cube in cubes:
        assert cube.bands == ("g", "r")
        np.testing.assert_allclose(cube.flux[1], cube.flux[0], atol=0.01 * cube.flux[0].max())
        assert cube.flux[1].sum() == pytest.approx(100, rel=0.01)
        np.testing.assert_allclose(middle(cube.flux[1]), middle(cube.flux[0]), atol=0.02)
        assert np.abs(middle(cube.flux[0])).max() < 0.6


def test_edges_misses_and_bad_pixels(tmp_path):
    path = frame(tmp_path / "f_r.fits")
    with fits.open(path, mode="update") as hdus:
        hdus[0].data[300, 302] = np.nan
    wcs = WCS(fits.getheader(path))
    edge = [float(value) for value in wcs.all_pix2world(2, 300, 0)]
    inside, over, outside, antipode = cut([path], [target(150.0, 2.0), target(*edge), target(150.5, 2.0), target(330.0, -2.0)])
    assert inside.mask[0, 10, 12] == Mask.NOT_FINITE and (inside.mask > 0).sum() == 1
    assert (over.mask & Mask.NO_COVERAGE).any() and (over.mask == 0).any()
    assert "the cutout goes over the edge of the frame" in over.notes
    for lost in (outside, antipode):
        assert isinstance(lost, ReadError) and lost.reason == "outside" and "test:a:1" in str(lost)


def test_a_band_that_does_not_reach_is_missing(tmp_path):
    g = frame(tmp_path / "f_g.fits")
    r = frame(tmp_path / "f_r.fits", shift=(-1000.0, 0.0))
    cube, = cut([g, r], [target(150.0, 2.0)])
    assert (cube.mask[1] & Mask.NO_COVERAGE).all() and "no light in band r" in cube.notes and (cube.mask[0] == 0).all()


def test_noise_by_a_plane_by_the_sky_and_in_one_zero_point(tmp_path):
    path = frame(tmp_path / "f_g.fits", noise=0.05)
    cube, = cut([path], [target(150.0, 2.0)])
    assert cube.ivar[0, 0, 0] == pytest.approx(400, rel=0.05) and "noise of g estimated from the frame's sky" in cube.notes
    other = frame(tmp_path / "f_r.fits", noise=0.05, BUNIT="uJy")
    with fits.open(other, mode="append") as hdus:
        hdus.append(fits.ImageHDU(np.full((601, 601), 25.0, np.float32), name="WHT"))
    both, = cut([path, other], [target(150.0, 2.0)])
    factor = 10 ** (-0.4 * 1.4)  # microjansky have zero point 23.9
    assert both.flux[1].sum() == pytest.approx(both.flux[0].sum() * factor, rel=1e-3)
    assert both.ivar[1, 0, 0] == pytest.approx(25 / factor**2, rel=1e-5)


def test_sky_scatter_is_not_moved_by_stars():
    rng = np.random.default_rng(2)
    sky = rng.normal(3.0, 0.5, (400, 400))
    sky[rng.random((400, 400)) < 0.05] += 50
    assert 1 / np.sqrt(sky_ivar(sky)) == pytest.approx(0.5, rel=0.03)
    assert sky_ivar(np.full((20, 20), 7.0)) == 0.0


def test_what_is_a_frame_and_what_it_needs(tmp_path):
    path = frame(tmp_path / "f_r.fits")
    (tmp_path / "g_r.fits.bz2").write_bytes(bz2.compress(path.read_bytes()))
    for file in (path, tmp_path / "g_r.fits.bz2"):
        with Probe(file) as probe:
            assert recognise(probe) is SURVEY
        with pytest.raises(ReadError, match="--positions") as caught:
            list(read_file(file))
        assert caught.value.reason == "no-positions"
    with Probe(frame(tmp_path / "small_r.fits", size=100, stars=[])) as probe:
        assert recognise(probe).name == "cutouts-fits"
    fits.PrimaryHDU(np.ones((30, 30))).writeto(tmp_path / "nowcs_r.fits")
    with Probe(tmp_path / "nowcs_r.fits") as probe, pytest.raises(ReadError) as caught:
        SURVEY.layout(probe)
    assert caught.value.reason == "no-wcs"


@pytest.mark.real
def test_noise_of_a_real_sdss_frame(real):
    """The sky's scatter is what calibration, sky, gain and dark variance say, to five per cent."""
    path = real / "images/HiSS-Cube/frame-r-002820-3-0122.fits.bz2"
    with Probe(path) as probe:
        loaded, notes = load(probe, SURVEY.layout(probe), 22.5)
    flux = loaded.flux[::3, ::3]
    pull = 1.4826 * np.median(np.abs(flux - np.median(flux)) * np.sqrt(loaded.ivar[::3, ::3]))
    assert pull == pytest.approx(1.0, abs=0.05) and not notes


@pytest.mark.real
def test_real_frames_are_cut_on_the_stars(real):
    """Stars found in r lie in the middle of g and r, to a pixel."""
    from scipy.ndimage import maximum_filter

    paths = [real / f"images/HiSS-Cube/frame-{band}-002820-3-0122.fits.bz2" for band in "gr"]
    probes = [Probe(path) for path in paths]
    wcs, data = wcs_of(probes[1], flux_of(probes[1])), fits.getdata(paths[1])
    peaks = np.argwhere((data == maximum_filter(data, 61)) & (data > 20) & (data < 60))
    peaks = peaks[((peaks > 30) & (peaks < np.array(data.shape) - 30)).all(axis=1)]
    targets = [target(*map(float, wcs.all_pix2world(x, y, 0)), name=f"{x}-{y}") for y, x in peaks]
    assert len(targets) >= 5
    cubes = list(SURVEY.cut(probes, targets, 24))
    brightest = [[np.unravel_index(image.argmax(), image.shape) for image in cube.flux] for cube in cubes]
    assert np.mean(np.abs(np.array(brightest) - 12).max(axis=(1, 2)) <= 1) > 0.8  # some peaks are in r alone
    assert max(abs(cube.row["north_angle"]) for cube in cubes) < 0.1
