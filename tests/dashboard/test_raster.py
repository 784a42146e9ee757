"""The picture is right: what is counted is what is in view."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard import raster
from dashboard.colourings import EMPTY
from dashboard.raster import View

coordinates = hnp.arrays(np.float32, st.integers(1, 200), elements=st.floats(-8, 8, width=32) | st.just(np.nan))
edges = st.floats(-6, 6, width=32)


@st.composite
def views(draw):
    (x0, x1), (y0, y1) = (sorted(draw(st.lists(edges, min_size=2, max_size=2, unique=True))) for _ in range(2))
    return View(x0, x1 + 0.01, y0, y1 + 0.01, draw(st.integers(2, 90)), draw(st.integers(2, 70)))


def in_view(x, y, view):
    return (x >= view.x0) & (x <= view.x1) & (y >= view.y0) & (y <= view.y1)


@settings(deadline=None, max_examples=150)
@given(x=coordinates, view=views(), seed=st.integers(0, 9))
def test_counts_equal_the_rows_in_view(x, view, seed):
    y = np.random.default_rng(seed).permutation(x)
    inside = in_view(x, y, view)
    codes = (np.arange(x.size) % 3).astype(np.uint8)
    value = np.arange(x.size, dtype=np.float32)

    count = raster.aggregate(raster.points(x, y), "count", view).count
    assert count.shape == (view.height, view.width) and count.sum() == inside.sum()

    mean = raster.aggregate(raster.points(x, y, value), "mean", view)
    assert np.array_equal(mean.count, count)
    taken = count > 0
    np.testing.assert_allclose((mean.value[taken] * count[taken]).sum(), value[inside].sum(), rtol=1e-4)
    assert np.isnan(mean.value[~taken]).all()

    classes = raster.aggregate(raster.points(x, y, codes, 3), "classes", view)
    assert np.array_equal(classes.count, count)
    assert [classes.value[..., k].sum() for k in range(3)] == [(codes[inside] == k).sum() for k in range(3)]


def test_an_object_lies_in_its_own_pixel():
    x, y = np.array([0.5, 9.5], np.float32), np.array([0.5, 3.5], np.float32)
    count = raster.aggregate(raster.points(x, y), "count", View(0, 10, 0, 4, 10, 4)).count
    assert count[0, 0] == 1 and count[3, 9] == 1, "the first row is the lowest"


def test_a_missing_value_leaves_the_object_in_the_picture():
    x = np.array([1.0, 3.0], np.float32)
    both = raster.aggregate(raster.points(x, x, np.array([np.nan, 2.0], np.float32)), "mean", View(0, 4, 0, 4, 2, 2))
    assert both.count.sum() == 2 and np.isnan(both.value[0, 0]) and both.value[1, 1] == 2


@settings(deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)),
                  elements=st.sampled_from([EMPTY] * 30 + [0, 7, 253])))
def test_spreading_changes_no_pixel_that_says_something(levels):
    wide = raster.spread(levels)
    taken = levels != EMPTY
    assert np.array_equal(wide[taken], levels[taken])
    assert set(np.unique(wide)) <= set(np.unique(levels))


def test_a_lonely_object_becomes_a_round_disc():
    levels = np.full((60, 60), EMPTY, np.uint8)
    levels[30, 30] = 5
    rows, columns = np.nonzero(raster.spread(levels) == 5)
    assert rows.size > 20 and np.hypot(rows - 30, columns - 30).max() <= 3.4
    assert rows.min() - 30 == -(rows.max() - 30) == columns.min() - 30


@pytest.mark.parametrize(("taken", "size", "radius"), [(1, 10**6, 3), (10**6, 10**6, 0), (0, 100, 3)])
def test_points_are_enlarged_only_while_there_is_room(taken, size, radius):
    assert raster.radius_for(taken, size) == radius


def test_presence_is_where_anything_is():
    levels = raster.presence(np.float32([0.5, 9.5, np.nan]), np.float32([0.5, 9.5, 1]), View(0, 10, 0, 10, 100, 100))
    assert levels[5, 5] == levels[95, 95] == 0 and levels[50, 50] == EMPTY
