"""The sky's projection is equal-area and goes back and forth; what a path encloses on it is what its rule selects."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import allsky
from dashboard.colourings import EMPTY
from qsocore import selection

RNG = np.random.default_rng(5)
N = 40_000
RA, DEC = RNG.uniform(0, 360, N), np.degrees(np.arcsin(RNG.uniform(-1, 1, N)))
SKY = {"ra": RA, "dec": DEC}


def test_places_that_everybody_knows():
    x, y = allsky.mollweide([180, 90, 270, 180, 180], [0, 0, 0, 90, -90], 180)
    np.testing.assert_allclose(x, [0, 1, -1, 0, 0], atol=1e-7)  # east, where RA grows, is to the left
    np.testing.assert_allclose(y, [0, 0, 0, 1, -1], atol=1e-12)


def test_it_is_equal_area():
    x, y = allsky.mollweide(RA, DEC, 180)
    inside = np.hypot(x / 2, y) <= 0.5  # a quarter of the ellipse's area
    assert np.mean(inside) == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / N) ** 0.5)


@given(st.floats(0, 359.99), st.floats(-89.9, 89.9), st.sampled_from([0.0, 180.0]))
def test_it_goes_back(lon, lat, centre):
    back = allsky.unproject(*allsky.mollweide(lon, lat, centre), centre)
    assert (back[0] - lon + 180) % 360 - 180 == pytest.approx(0, abs=2e-3)
    assert back[1] == pytest.approx(lat, abs=2e-3)


def test_galactic_is_astropys():
    from astropy.coordinates import SkyCoord

    theirs = SkyCoord(RA[:500], DEC[:500], unit="deg").galactic
    lon, lat = allsky.to_galactic(RA[:500], DEC[:500])
    apart = SkyCoord(lon, lat, unit="deg", frame="galactic").separation(theirs)
    assert apart.arcsec.max() < 0.1
    ra, dec = allsky.to_galactic(lon, lat, inverse=True)
    np.testing.assert_allclose([ra, dec], [RA[:500], DEC[:500]], atol=1e-6)


def test_what_has_no_position_has_no_place():
    x, y = allsky.project(np.array([10, np.nan, 10, 10.0]), np.array([10, 10, np.nan, -99.0]), "galactic")
    assert np.isfinite(x).tolist() == np.isfinite(y).tolist() == [True, False, False, False]


def chosen(rule):
    assert selection.from_json(json.dumps(rule)) == rule
    return selection.evaluate(rule, SKY.__getitem__, N)


def disc(x, y, a, b=None, n=60):
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return x + a * np.cos(angle), y + (b or a) * np.sin(angle)


def corner(lon, lat, centre):
    return [float(value) for value in allsky.mollweide(lon, lat, centre)]


GALACTIC_POLE = corner(122.93, 27.13, 0)  # where the celestial north pole is on the galactic ellipse
SOUTH = corner(302.93, -27.13, 0)
PATHS = {
    "a disc": disc(0.4, 0.2, 0.3),
    "a box over the rim": ([1.2, 2.4, 2.4, 1.2], [-0.5, -0.5, 0.5, 0.5]),
    "the top": ([-1.5, 1.5, 1.5, -1.5], [0.8, 0.8, 1.5, 1.5]),
    "everything": ([-3, 3, 3, -3], [-2, -2, 2, 2]),
    "a figure of eight": ([-1, 1, 1, -1], [-0.4, 0.4, -0.4, 0.4]),
    "the celestial pole": disc(*GALACTIC_POLE, 0.2),
    "the southern pole": disc(*SOUTH, 0.35),
    "both poles": disc(0, 0, 1.7, 0.85),
    "a band": ([-3, 3, 3, -3], [-0.2, -0.2, 0.2, 0.2]),
    "an hourglass": ([0, -1, 1, 0], [1, 0, 0, -1]),
    "a small one": disc(0.61, -0.33, 0.02),
}


@pytest.mark.parametrize("frame", allsky.FRAMES)
@pytest.mark.parametrize("path", PATHS)
def test_a_path_selects_what_lies_in_it(frame, path):
    xs, ys = PATHS[path]
    x, y = allsky.project(RA, DEC, frame)
    wanted = selection.inside(x, y, np.column_stack([xs, ys]))
    got = chosen(allsky.rule_of(xs, ys, frame))
    assert wanted.any() and np.mean(got != wanted) < 3e-3 * max(np.mean(wanted), 0.1), path


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-2.2, 2.2), st.floats(-1.1, 1.1)), min_size=3, max_size=9),
       st.sampled_from(list(allsky.FRAMES)))
def test_any_path_selects_what_lies_in_it(corners, frame):
    xs, ys = np.array(corners).T
    rule = allsky.rule_of(xs, ys, frame)
    if rule is None or np.ptp(xs) < 0.1 or np.ptp(ys) < 0.1:
        return
    wanted = selection.inside(*allsky.project(RA, DEC, frame), np.column_stack([xs, ys]))
    assert np.mean(chosen(rule) != wanted) < 5e-3


def test_the_wrap_of_right_ascension_takes_both_sides():
    x, y = corner(*(float(value) for value in allsky.to_galactic(0.0, 10.0)), 0)
    rule = allsky.rule_of(*disc(x, y, 0.1), "galactic")
    got = chosen(rule)
    assert rule["op"] == "or" and (RA[got] > 350).any() and (RA[got] < 10).any()
    assert not ((RA[got] > 30) & (RA[got] < 330)).any()


def test_a_click_encloses_nothing_and_a_long_path_fits_an_address():
    assert allsky.rule_of([0, 0, 0], [0, 0, 0], "equatorial") is None
    angle = np.linspace(0, 2 * np.pi, 5000)
    radius = 0.6 + 0.1 * np.sin(90 * angle)
    rule = allsky.rule_of(radius * np.cos(angle), radius * np.sin(angle), "equatorial")
    assert 100 < len(rule["vertices"]) <= allsky.MAX_CORNERS


def test_the_graticule_has_round_lines_and_labels_in_view():
    whole = allsky.graticule((-2, 2, -1, 1), "equatorial")
    assert {text for *_, text, side in whole.labels if side == "left"} == {"−60°", "−30°", "0°", "+30°", "+60°"}
    assert {text for *_, text, side in whole.labels if side == "above"} == {f"{ra}°" for ra in range(30, 360, 30)}
    assert all(np.hypot(np.array(x) / 2, y).max() <= 1 + 1e-6 for x, y in zip(whole.xs, whole.ys, strict=True))
    window = (0.5, 0.6, 0.2, 0.25)
    close = allsky.graticule(window, "galactic")
    assert len(close.labels) >= 4 and all(0.5 <= x <= 0.6 and 0.2 <= y <= 0.25 for x, y, *_ in close.labels)
    assert allsky.graticule((3, 4, 2, 3), "equatorial").labels == []


def test_the_picture_tells_selected_objects_from_others():
    everything = RNG.poisson(2.0, (60, 120)).astype(np.uint32)
    levels = allsky.picture(everything)
    assert ((levels == EMPTY) == (everything == 0)).all() and levels[everything > 0].max() < allsky.HALF
    selected = np.where(RNG.random(everything.shape) < 0.3, everything, 0).astype(np.uint32)
    both = allsky.picture(everything, selected)
    assert ((both >= allsky.HALF) & (both != EMPTY) == (selected > 0)).all()
    few = np.zeros_like(selected)
    few[30, 50] = everything[30, 50] = 1
    assert np.count_nonzero((allsky.picture(everything, few) >= allsky.HALF) & (everything > 0)) > 5, "enlarged"
    some = np.zeros_like(selected)
    some.ravel()[::241] = 1  # apart from each other, and from the border's ends
    crosses = allsky.picture(np.maximum(everything, some), some)
    assert (crosses[some > 0] >= allsky.HALF).all()
    assert 4 <= np.count_nonzero((crosses >= allsky.HALF) & (crosses != EMPTY)) / np.count_nonzero(some) <= 5
