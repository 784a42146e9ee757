"""PSF, Sersic profiles and spirals, and scenes of them, held to sums and integrals done in the image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.signal import fftconvolve
from scipy.special import gammainc, j0

from qsocore.sampling import ImageGrid
from qsocore.simulate.bands import BANDS
from qsocore.simulate.images import psf, sersic, spirals
from qsocore.simulate.images.scene import Scene, render

GRID = ImageGrid(("i",), 31, 0.263)
COLUMN = np.array([BANDS.index("i")])


def image(scene, fwhm=0.9, shift=(0.0, 0.0), grid=GRID):
    n = scene.n
    return render(scene, grid, COLUMN, np.full((n, 1), fwhm), np.broadcast_to(shift, (n, 2)))[:, 0]


def one(flux=1.0, **values):
    return Scene.make(1, np.full((1, len(BANDS)), flux, np.float32), **values)


def moffat(r, r_d):
    return (psf.BETA - 1) / (np.pi * r_d**2) * (1 + (r / r_d)**2)**-psf.BETA


def moments(picture, scale=GRID.pixel_scale):
    """Centre (x, y) and second moments (xx, yy, xy) in arcsec."""
    axis = (np.arange(picture.shape[-1]) - (picture.shape[-1] - 1) / 2) * scale
    x, y = np.meshgrid(axis, axis)
    total = picture.sum()
    cx, cy = (picture * x).sum() / total, (picture * y).sum() / total
    return (cx, cy), tuple((picture * value).sum() / total for value in ((x - cx)**2, (y - cy)**2, (x - cx) * (y - cy)))


def test_the_transform_of_a_moffat_profile_is_its_hankel_transform():
    fwhm = 0.9
    r_d = psf.core_radius(fwhm)
    for k in (0.0, 0.2, 0.7, 1.5):
        expected, _ = quad(lambda r, k=k: 2 * np.pi * r * moffat(r, r_d) * j0(2 * np.pi * k * r), 0, 60, limit=2000)
        assert psf.transform(np.array([k]), np.array([[fwhm]]))[0, 0, 0] == pytest.approx(expected, abs=2e-4)


def test_a_psf_has_its_width_and_its_light():
    assert (1 + (0.45 / psf.core_radius(0.9))**2)**-psf.BETA == pytest.approx(0.5)
    assert psf.enclosed(0.0, 0.9) == 0 and psf.enclosed(1e4, 0.9) == pytest.approx(1)


def test_a_point_is_the_psf_sampled_at_the_pixels():
    x, y = 0.31, -0.17
    picture = image(one(flux=5.0, x=x, y=y))[0]
    axis = (np.arange(GRID.side) - 15) * GRID.pixel_scale
    r_d = psf.core_radius(0.9)
    away = np.hypot(axis[None] - x, axis[:, None] - y)
    expected = 5 * moffat(away, r_d) * GRID.pixel_scale**2
    assert np.abs(picture - expected).max() < 0.004 * expected.max()


@pytest.mark.parametrize("n", [0.6, 1.0, 2.5, 4.0, 6.0])
def test_half_of_the_light_is_within_the_half_light_radius(n):
    assert gammainc(2 * n, sersic.b_n(n)) == pytest.approx(0.5, abs=1e-4)
    total, _ = quad(lambda r: 2 * np.pi * r * sersic.profile(r, n), 0, 1, limit=500)
    assert total == pytest.approx(0.5, abs=1e-3)


def test_the_transform_of_a_gaussian_profile_is_a_gaussian():
    k = np.linspace(0, 1.0, 40)
    sigma = 1 / np.sqrt(2 * sersic.b_n(0.5))  # I ~ exp(-b r^2)
    ours = sersic.transform(k, 0 * k, *(np.array([value]) for value in (0.5, 1.0, 1.0, 0.0)))[0]
    np.testing.assert_allclose(ours, np.exp(-2 * (np.pi * k * sigma)**2), atol=3e-3)


@pytest.mark.parametrize("n", [1.0, 4.0])
def test_the_transform_of_a_sersic_profile_is_its_hankel_transform(n):
    for k in (0.05, 0.3, 1.0):
        def integrand(r, k=k):
            return 2 * np.pi * r * sersic.profile(r, n) * j0(2 * np.pi * k * r)

        expected = sum(quad(integrand, low, high, limit=500)[0]
                       for low, high in ((0, 0.1), (0.1, 1), (1, 5), (5, 20), (20, 100), (100, 400)))
        ours = sersic.transform(np.array([k]), np.array([0.0]), *(np.array([value]) for value in (n, 1.0, 1.0, 0.0)))[0, 0]
        assert ours == pytest.approx(expected, abs=3e-3)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.5, 6), st.floats(0.1, 0.8), st.floats(0.2, 1), st.floats(0, 3.1), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_light_is_neither_lost_nor_made(index, r_e, q, angle, x, y):
    galaxy = one(flux=3.0, index=index, r_e=r_e, q=q, angle=angle, x=x, y=y)
    picture = image(galaxy, fwhm=0.8, grid=ImageGrid(("i",), 81, 0.263))
    assert picture.sum() == pytest.approx(3.0, rel=0.10)  # wings of high index reach beyond any cutout
    assert picture.sum() < 3.0 * 1.001
    if index < 2:
        assert picture.sum() == pytest.approx(3.0, rel=0.01)


def test_an_inclined_disc_is_that_sampled_finely_in_the_image():
    """An exponential disc of axis ratio 0.4 through a Gaussian-like moment test: the PSF adds the same to both axes."""
    disc = one(index=1.0, r_e=0.7, q=0.4, angle=np.radians(30), x=0.2, y=0.1)
    (x, y), (xx, yy, xy) = moments(image(disc, grid=ImageGrid(("i",), 81, 0.263))[0])
    assert (x, y) == (pytest.approx(0.2, abs=0.01), pytest.approx(0.1, abs=0.01))
    scale = 0.7 / sersic.b_n(1.0)  # second moments of an exponential disc: 3 h^2 along, 3 h^2 q^2 across
    along, across = 3 * scale**2, 3 * scale**2 * 0.4**2
    cos, sin = np.cos(np.radians(30)), np.sin(np.radians(30))
    assert xx - yy == pytest.approx((along - across) * (cos**2 - sin**2), rel=0.05)
    assert xy == pytest.approx((along - across) * cos * sin, rel=0.05)


def test_an_image_is_the_profile_convolved_with_the_psf():
    """The same on finely sampled arrays: a profile times pixels, summed with the PSF's weights."""
    fine = ImageGrid(("i",), 101, 0.05)
    picture = image(one(index=1.5, r_e=0.6, q=0.7, angle=0.4), fwhm=0.5, grid=fine)[0]
    axis = (np.arange(401) - 200) * 0.0125
    x, y = np.meshgrid(axis, axis)
    along, across = x * np.cos(0.4) + y * np.sin(0.4), (y * np.cos(0.4) - x * np.sin(0.4)) / 0.7
    light = sersic.profile(np.hypot(along, across) / 0.6, 1.5) / (0.6**2 * 0.7)
    r_d = psf.core_radius(0.5)
    blur = moffat(np.hypot(x, y), r_d)
    expected = fftconvolve(light, blur, mode="same")[::4, ::4] * 0.0125**2 * 0.05**2
    inner = np.s_[25:76, 25:76]
    np.testing.assert_allclose(picture[inner], expected[inner], atol=0.01 * expected.max())
    np.testing.assert_allclose(picture[inner], expected[inner], rtol=0.05)


def test_arms_move_light_around_but_not_away():
    grid = ImageGrid(("i",), 63, 0.263)
    disc = {"index": 1.0, "r_e": 1.5, "q": 0.8, "angle": 0.3}
    smooth = image(one(**disc), grid=grid)[0]
    armed = image(one(**disc, arms=np.array([[2, 0.6, 0.35, 1.0, 0.1]])), grid=grid)[0]
    assert armed.sum() == pytest.approx(smooth.sum(), rel=0.02)
    assert np.abs(armed - smooth).sum() > 0.1 * smooth.sum()
    # Two arms look the same after half a turn
    assert np.abs(armed - armed[::-1, ::-1]).max() < 0.02 * armed.max()


def test_spirals_have_as_many_arms_as_were_asked_for():
    turn = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    for number in (2, 3, 4):
        arms = np.array([number, 0.5, 0.4, 0.7, 0.0])
        around = spirals.brightness(np.cos(turn), np.sin(turn), 1.0, 1.0, 1.0, 0.0, arms)
        assert np.argmax(np.abs(np.fft.rfft(around))[1:]) + 1 == number


def test_scenes_are_taken_and_joined_object_by_object():
    flux = np.arange(5, dtype=np.float32)[:, None] * np.ones((1, 9), np.float32)
    scene = Scene.make(3, flux, np.array([2, 0, 0, 1, 2]), x=np.arange(5.0))
    part = scene.take(np.array([2, 0]))
    assert part.n == 2 and part.owner.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(part.total()[:, 0], scene.total()[[2, 0], 0])
    joined = Scene.join([(np.array([1, 2]), part), (np.array([0]), scene.take(np.array([1])))], 3)
    np.testing.assert_array_equal(joined.total()[:, 0], scene.total()[[1, 2, 0], 0])
    centred = scene.centred(scene.flux[:, 0].astype(float) + 1)
    for number in range(3):
        mine = centred.owner == number
        assert np.average(centred.x[mine], weights=centred.flux[mine, 0] + 1) == pytest.approx(0, abs=1e-12)


def test_each_object_of_a_scene_is_drawn_as_if_it_were_alone():
    rng = np.random.default_rng(5)
    m = 70  # more than are rendered at once
    scene = Scene.make(40, rng.random((m, 9)).astype(np.float32), rng.integers(0, 40, m), x=rng.uniform(-1, 1, m),
                       y=rng.uniform(-1, 1, m), index=np.where(rng.random(m) < 0.5, 0.0, 2.0), r_e=0.4, q=0.6, angle=1.0)
    together = image(scene)
    for number in (0, 17, 39):
        np.testing.assert_allclose(together[number], image(scene.take(np.array([number])))[0], atol=1e-6)
