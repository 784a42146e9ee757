"""Small spectra keep their shape, and lift the pen where nothing was measured."""

import numpy as np

from dashboard import thumbnails


def points(path):
    pen, xs, ys = zip(*((part[0], *map(float, part[1:].split())) for part in _parts(path)), strict=True)
    return pen, np.array(xs), np.array(ys)


def _parts(path):
    words = path.split()
    return [f"{words[k]} {words[k + 1]}" for k in range(0, len(words), 2)]


def test_a_line_stands_where_it_is_and_is_the_highest():
    wave = np.arange(2048)
    flux = np.stack([1 + 5 * np.exp(-0.5 * ((wave - at) / 40) ** 2) for at in (500, 1500)]).astype(np.float32)
    for path, at in zip(thumbnails.paths(flux, np.ones_like(flux)), (500, 1500), strict=True):
        pen, xs, ys = points(path)
        assert set(pen[1:]) == {"L"} and pen[0] == "M"
        assert abs(xs[np.argmin(ys)] - at / 2048 * thumbnails.WIDTH) < 2.5
        assert 0 <= ys.min() < 4 and thumbnails.HEIGHT - 4 < ys.max() <= thumbnails.HEIGHT


def test_masked_pixels_count_for_nothing():
    flux, ivar = np.ones((1, 1000), np.float32), np.ones((1, 1000), np.float32)
    flux[0, ::2], ivar[0, ::2] = 1e6, 0  # wild, and masked
    flux[0, 1::2] = np.linspace(1, 2, 500)
    ivar[0, 400:500] = 0
    pen, xs, ys = points(thumbnails.paths(flux, ivar)[0])
    assert pen.count("M") == 2 and np.diff(xs).max() > 0.09 * thumbnails.WIDTH
    assert (np.diff(ys) <= 0.051).all(), "a rising line"
    assert thumbnails.paths(flux, np.zeros_like(ivar)) == [""]
