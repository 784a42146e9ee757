"""The index changes nothing but the time: every answer equals that of a look at all points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.plane import NO_BITS, Plane
from qsocore import selection

coordinates = hnp.arrays(np.float32, st.integers(1, 300), elements=st.floats(-8, 8, width=32) | st.just(np.nan))
edge = st.floats(-9, 9, width=32)
corners = hnp.arrays(np.float64, st.tuples(st.integers(3, 12), st.just(2)), elements=st.floats(-9, 9, width=32))


def many(n=20_000, seed=0):
    """Points of which many lie exactly on the cells' borders."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, 2, (2, n)).astype(np.float32)
    x[: n // 4], y[n // 8 : n // 3] = np.round(x[: n // 4] * 4) / 4, np.round(y[n // 8 : n // 3] * 4) / 4
    x[::97] = np.nan
    return x, y


@settings(deadline=None, max_examples=200)
@given(x=coordinates, ends=st.tuples(edge, edge, edge, edge), seed=st.integers(0, 9))
def test_a_rectangle_holds_the_points_that_lie_in_it(x, ends, seed):
    y = np.random.default_rng(seed).permutation(x)
    plane, drawn = Plane.build(("x", "y"), x, y), np.random.default_rng(seed).random(x.size) < 0.5
    window = (*sorted(ends[:2]), *sorted(ends[2:]))
    inside = (x >= window[0]) & (x <= window[1]) & (y >= window[2]) & (y <= window[3])
    assert plane.n_placed == np.isfinite(x + y).sum()
    assert plane.count(window) == inside.sum()
    assert sorted(plane.rows_in(window).tolist()) == np.flatnonzero(inside).tolist()
    bits = plane.bits(np.packbits(drawn, bitorder="little"))
    assert plane.count(window, bits) == (inside & drawn).sum()
    assert sorted(plane.rows_in(window, bits).tolist()) == np.flatnonzero(inside & drawn).tolist()


@pytest.mark.parametrize("n_cells", [1, 2, 3, 7.5])
def test_windows_whose_borders_are_the_cells_borders(n_cells):
    x, y = many()
    plane = Plane.build(("x", "y"), x, y)
    across, upwards = ((plane.box[k + 1] - plane.box[k]) / plane.n_side for k in (0, 2))
    for column in range(0, plane.n_side, 5):
        x0, y0 = plane.box[0] + column * across, plane.box[2] + column * upwards
        window = x0, x0 + n_cells * across, y0, y0 + n_cells * upwards
        inside = (x >= window[0]) & (x <= window[1]) & (y >= window[2]) & (y <= window[3])
        assert plane.count(window) == inside.sum()


@settings(deadline=None, max_examples=200)
@given(x=coordinates, polygon=corners, seed=st.integers(0, 9))
def test_a_lasso_equals_the_plain_test_of_every_point(x, polygon, seed):
    y = np.random.default_rng(seed).permutation(x)
    plane, brute = Plane.build(("x", "y"), x, y), selection.inside(x, y, polygon)
    assert np.array_equal(plane.inside(polygon), brute)
    assert np.array_equal(plane.inside(polygon, (x.astype(float), y.astype(float))), brute)


def test_a_lasso_of_200_corners_around_many_points():
    x, y = many(100_000)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    star = np.column_stack([3 * np.cos(angle) * (1 + 0.4 * np.cos(7 * angle)), 3 * np.sin(3 * angle)])
    assert np.array_equal(Plane.build(("x", "y"), x, y).inside(star), selection.inside(x, y, star))


def test_a_lasso_takes_all_digits_where_there_are_more():
    exact = np.array([1.0, 1.0 + 1e-10, 2.0]), np.array([1.0, 1.0, 1.0])
    plane = Plane.build(("x", "y"), *(side.astype(np.float32) for side in exact))
    square = np.array([[1 + 5e-11, 0], [1.5, 0], [1.5, 2], [1 + 5e-11, 2]])
    assert plane.inside(square, exact).tolist() == [False, True, False]


@settings(deadline=None, max_examples=100)
@given(x=coordinates, at=st.tuples(edge, edge), reach=st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)), seed=st.integers(0, 9))
def test_the_nearest_is_the_nearest(x, at, reach, seed):
    y = np.random.default_rng(seed).permutation(x)
    row = Plane.build(("x", "y"), x, y).nearest(at, reach)
    distance = np.hypot((x.astype(float) - at[0]) / reach[0], (y.astype(float) - at[1]) / reach[1])
    distance[np.isnan(distance)] = np.inf
    assert row == -1 or np.isclose(distance[row], distance.min(), rtol=1e-5)
    assert row >= 0 or distance.min() > 1 - 1e-6


@settings(deadline=None)
@given(hnp.arrays(np.bool_, st.integers(1, 200)), st.integers(0, 9))
def test_bits_follow_their_points(drawn, seed):
    x, y = np.random.default_rng(seed).random((2, drawn.size), dtype=np.float32)
    plane = Plane.build(("x", "y"), x, y)
    bits = plane.bits(np.packbits(drawn, bitorder="little"))
    assert np.array_equal(np.unpackbits(bits, count=drawn.size, bitorder="little").astype(bool), drawn[plane.order])


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [3.0], [3.0, 3.0, 3.0]])
def test_planes_of_nothing_and_of_one_place(values):
    x = np.array(values, np.float32)
    plane = Plane.build(("x", "y"), x, x)
    assert plane.count((-10, 10, -10, 10), NO_BITS) == plane.n_placed == np.isfinite(x).sum()
    assert plane.nearest((3, 3), (1, 1)) == (0 if plane.n_placed else -1)
