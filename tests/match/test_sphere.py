"""Neighbours on the sphere against brute force and astropy; density and chance against what they are made of."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.match import Wanted
from qsocore.match.choose import chosen, places
from qsocore.match.sphere import NEIGHBOURS, Sky, cap, chance, separations, shifted

LON, LAT = st.floats(0, 360), st.one_of(st.floats(-90, 90), st.sampled_from([90.0, -90.0, 89.99999, 0.0]))


def all_pairs(one, other, radius):
    """Pairs of two skies as a sorted list."""
    parts = list(one.pairs(other, radius))
    return sorted((int(i), int(j)) for mine, theirs, _ in parts for i, j in zip(mine, theirs, strict=True))


@given(st.lists(st.tuples(LON, LAT), max_size=25), st.lists(st.tuples(LON, LAT), max_size=25), st.floats(1e-6, 180))
@settings(max_examples=60)
def test_pairs_are_those_of_brute_force(one, other, radius):
    one, other = (np.array(places, float).reshape(-1, 2) for places in (one, other))
    apart = separations(one[:, :1], one[:, 1:], other[:, 0], other[:, 1])
    expected = [(int(i), int(j)) for i, j in np.argwhere(apart <= radius)]
    assert all_pairs(Sky(*one.T), Sky(*other.T), radius) == expected


@given(LON, LAT, LON, LAT)
def test_separations_are_astropys(ra, dec, ra2, dec2):
    theirs = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(ra2 * u.deg, dec2 * u.deg)).deg
    assert separations(ra, dec, ra2, dec2) == pytest.approx(theirs, abs=1e-12)


def test_pairs_are_astropys_on_a_crowded_field(monkeypatch):
    monkeypatch.setattr("qsocore.match.sphere._BLOCK", 1000)  # several blocks
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(-0.2, 0.2, (2, 3000)) % 360, rng.uniform(-0.2, 0.2, (2, 3000))
    ours = all_pairs(Sky(ra[0], dec[0]), Sky(ra[1], dec[1]), 10 / 3600)
    one, other = (SkyCoord(ra[k] * u.deg, dec[k] * u.deg) for k in (0, 1))
    i, j, _, _ = other.search_around_sky(one, 10 * u.arcsec)
    assert len(ours) > 1000 and ours == sorted(zip(i.tolist(), j.tolist(), strict=True))


@pytest.mark.parametrize("ra, dec, ra2, apart", [(0, 90, 123, 0), (0, -90, 123, 0), (10, 89.9999, 190, 0.0002), (5, 5, 5, 0),
                                                 (359.9999, 0, 0.0001, 0.0002), (-0.0001, 0, 0.0001, 0.0002)])
def test_poles_and_the_origin(ra, dec, ra2, apart):
    one, other = Sky([ra], [dec]), Sky([ra2], [dec])
    assert all_pairs(one, other, apart + 1e-6) == [(0, 0)]
    assert all_pairs(one, other, apart - 1e-6) == []


def test_a_place_that_is_none_matches_nothing():
    assert all_pairs(Sky([np.nan, 1.0, np.inf], [0.0, np.nan, 0.0]), Sky([0.0, 1.0], [0.0, np.nan]), 180.0) == []
    assert all_pairs(Sky([], []), Sky([0.0], [0.0]), 180.0) == []


def test_the_border_is_inside():
    radius = float(separations(10.0, 20.0, 10.0, 20.0 + 1 / 3600))
    assert all_pairs(Sky([10.0], [20.0]), Sky([10.0], [20.0 + 1 / 3600]), radius) == [(0, 0)]
    assert all_pairs(Sky([10.0], [20.0]), Sky([10.0], [20.0 + 1 / 3600]), radius * (1 - 1e-9)) == []


def test_of_pairs_the_best_and_the_mutual():
    a, b, apart = [0, 0, 1, 1, 2], [5, 6, 6, 5, 6], [1.0, 1.0, 0.5, 2.0, 0.7]
    assert chosen(Wanted(1), a, b, apart).tolist() == [0, 2, 4]  # of equally near ones the first
    assert chosen(Wanted(1, "best", True), a, b, apart).tolist() == [0, 2]
    assert chosen(Wanted(1, "all"), a, b, apart).tolist() == [0, 1, 2, 3, 4]
    assert chosen(Wanted(1), a[::-1], b[::-1], apart[::-1]).tolist() == [4, 2, 0]  # in whatever order they come
    assert chosen(Wanted(1), [], [], []).size == 0
    assert places([1.0, 2.0, 1.0], [3.0, 3.0, 3.0]).tolist() == [0, 1, 0]


def test_caps():
    assert cap(180.0) == pytest.approx(4 * np.pi * (180 / np.pi) ** 2) and cap(90.0) == pytest.approx(cap(180.0) / 2)
    assert cap(1 / 3600) == pytest.approx(np.pi / 3600**2, rel=1e-9)


def test_chance_is_the_share_of_unrelated_places_that_have_a_neighbour():
    """A field of known density: measured around random places it comes out, and they are hit as often as the formula says."""
    rng = np.random.default_rng(4)
    n, side = 60_000, 6.0
    sky = Sky(rng.uniform(10, 10 + side, n), np.degrees(np.arcsin(rng.uniform(0, np.sin(np.radians(side)), n))))
    true = n / (side * np.degrees(np.sin(np.radians(side))))
    ra, dec = rng.uniform(11, 15, 4000), rng.uniform(1, 5, 4000)  # away from the border
    radius = 30 / 3600
    density = sky.density(ra, dec, radius)
    assert density.mean() == pytest.approx(true, rel=4 / np.sqrt(4000 * (NEIGHBOURS - 2)) + 0.01)
    hit = np.unique(np.concatenate([mine for mine, _, _ in Sky(ra, dec).pairs(sky, radius)])).size / 4000
    expected = float(chance(density, radius).mean())
    assert 0.05 < expected < 0.5 and hit == pytest.approx(expected, abs=4 * np.sqrt(expected / 4000))


def test_a_counterpart_is_no_part_of_the_density():
    rng = np.random.default_rng(6)
    ra, dec = rng.uniform(10, 20, 500), rng.uniform(-5, 5, 500)
    radius, apart = 1 / 3600, np.sort(separations(ra, dec, 15.0, 0.0))
    with_it = Sky(np.append(ra, 15.0), np.append(dec, 0.0001)).density([15.0], [0.0], radius)
    assert with_it == pytest.approx((NEIGHBOURS - 1) / (cap(apart[NEIGHBOURS - 1]) - cap(radius)))


def test_density_of_few_and_of_crowds():
    assert Sky([], []).density([1.0], [1.0], 0.1) == 0 and Sky([5.0], [5.0]).density([1.0], [1.0], 0.1) == 1 / cap(180.0)
    crowd = Sky(np.linspace(0, 0.01, 400), np.zeros(400))
    assert crowd.density([0.005], [0.0], 1.0) == pytest.approx(400 / cap(1.0))


@given(LON, st.floats(-89, 89), st.floats(0.001, 0.5), st.floats(0, 360))
def test_moving_keeps_the_distance_and_the_direction(ra, dec, by, towards):
    moved = shifted([ra], [dec], by, towards)
    expected = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(towards * u.deg, by * u.deg)
    assert separations(*moved, [expected.ra.deg], [expected.dec.deg])[0] < 1e-9
    assert separations([ra], [dec], *moved)[0] == pytest.approx(by, rel=1e-9)
