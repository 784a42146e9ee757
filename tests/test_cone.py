"""Cones against astropy: poles, the turn of right ascension, arcseconds; in rules, as text."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from qsocore._cone import radius_text, separation, to_degrees, within

RNG = np.random.default_rng(4)
SKY = np.column_stack([RNG.uniform(0, 360, 4000), np.degrees(np.arcsin(RNG.uniform(-1, 1, 4000)))])


@pytest.mark.parametrize("centre", [(150.1, 2.2), (0.0, 0.0), (359.9999, -60.0), (12.0, 90.0), (200.0, -89.9), (180.0, 45.0)])
@pytest.mark.parametrize("radius", [1 / 3600, 0.5, 20.0, 120.0, 180.0])
def test_cones_hold_what_astropy_says(centre, radius):
    ra, dec = np.vstack([SKY, _around(centre, radius)]).T
    truth = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(*centre, unit="deg")).deg
    np.testing.assert_allclose(separation(ra, dec, *centre), truth, rtol=0, atol=1e-12)
    sure = np.abs(truth - radius) > 1e-11
    assert (within(ra, dec, *centre, radius) == (truth <= radius))[sure].all() and within(ra, dec, *centre, radius).any()


def _around(centre, radius):
    """300 places within twice the radius of a centre."""
    turns, steps = RNG.uniform(0, 360, 300), np.minimum(RNG.uniform(0, 2, 300) * radius, 180)
    places = SkyCoord(*centre, unit="deg").directional_offset_by(turns * u.deg, steps * u.deg)
    return np.column_stack([places.ra.deg, places.dec.deg])


def test_a_place_that_is_not_known_is_outside():
    assert within([np.nan, 10.0, 10.0], [10.0, np.nan, 10.0], 10.0, 10.0, 180.0).tolist() == [False, False, True]


def test_arcseconds_are_told_apart():
    """A place half an arcsecond beyond the border is outside, which single precision could not say at 359 degrees."""
    inner, outer = 359.0 + 9.9 / 3600, 359.0 + 10.1 / 3600
    assert within([inner, outer], [0.0, 0.0], 359.0, 0.0, 10 / 3600).tolist() == [True, False]


@given(st.floats(1e-9, 180) | st.integers(1, 3600).map(lambda n: n / 3600))
def test_a_radius_is_read_back_to_the_bit(radius):
    size, unit = radius_text(radius).split()
    assert to_degrees(float(size), unit) == radius


@pytest.mark.parametrize("radius, text", [(10 / 3600, "10 arcsec"), (0.5, "30 arcmin"), (2.0, "2 deg")])
def test_a_radius_is_written_as_one_would(radius, text):
    assert radius_text(radius) == text
