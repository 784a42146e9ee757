"""The picture is right: what is counted is what is in view."""

import datashader
import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard import raster, share
from dashboard.colourings import EMPTY
from dashboard.plane import Plane
from dashboard.raster import View

coordinates = hnp.arrays(np.float32, st.integers(1, 200), elements=st.floats(-8, 8, width=32) | st.just(np.nan))
edges = st.floats(-6, 6, width=32)


@st.composite
def views(draw):
    (x0, x1), (y0, y1) = (sorted(draw(st.lists(edges, min_size=2, max_size=2, unique=True))) for _ in range(2))
    return View(x0, x1 + 0.01, y0, y1 + 0.01, draw(st.integers(2, 90)), draw(st.integers(2, 70)))


def in_view(x, y, view):
    return (x >= view.x0) & (x <= view.x1) & (y >= view.y0) & (y <= view.y1)


def pixels(x, y, view):
    """Number of the pixel of each point."""
    column = np.minimum(((x.astype(float) - view.x0) * (view.width / (view.x1 - view.x0))).astype(int), view.width - 1)
    row = np.minimum(((y.astype(float) - view.y0) * (view.height / (view.y1 - view.y0))).astype(int), view.height - 1)
    return row * view.width + column


@settings(deadline=None, max_examples=150)
@given(x=coordinates, view=views(), seed=st.integers(0, 9))
def test_every_pixel_says_what_lies_in_it(x, view, seed):
    rng = np.random.default_rng(seed)
    y, drawn = rng.permutation(x), rng.random(x.size) < 0.7
    plane = Plane.build(("x", "y"), x, y)
    bits = plane.bits(np.packbits(drawn, bitorder="little"))
    value = rng.normal(5, 2, x.size).astype(np.float32)
    value[::5] = np.nan
    codes = (np.arange(x.size) % 3).astype(np.uint8)
    rows = np.flatnonzero(in_view(x, y, view) & drawn)
    inside = pandas.DataFrame({"pixel": pixels(x[rows], y[rows], view), "value": value[rows], "code": codes[rows]})
    groups = inside.groupby("pixel")

    def drawn_as(kind, values=None):
        values = None if values is None else values[plane.order]
        return raster.aggregate(plane, kind, view, values, bits, shift=5.0)

    count = drawn_as("count").count
    assert count.shape == (view.height, view.width) and count.sum() == rows.size
    size = groups.size()
    assert count.ravel()[size.index].tolist() == size.tolist()
    for kind in ("mean", "min", "max", "std"):
        made = drawn_as(kind, value)
        assert np.array_equal(made.count, count)
        expected = groups["value"].std(ddof=0) if kind == "std" else getattr(groups["value"], kind)()
        np.testing.assert_allclose(made.value.ravel()[expected.index], expected, rtol=2e-4, atol=2e-4)
        assert np.isnan(made.value[count == 0]).all()
    classes = drawn_as("classes", codes)
    assert np.array_equal(classes.count, count)
    prevailing = groups["code"].agg(lambda part: max(part.mode()))
    assert classes.value.ravel()[prevailing.index].tolist() == prevailing.tolist()


@pytest.mark.parametrize("kind", ["count", "mean", "max", "classes"])
def test_bands_side_by_side_make_the_picture_of_one(monkeypatch, kind):
    rng = np.random.default_rng(3)
    x, y = rng.normal(0, 1, (2, 50_000)).astype(np.float32)
    plane = Plane.build(("x", "y"), x, y)
    value = np.arange(x.size) % 17
    value = (value.astype(np.uint8) if kind == "classes" else value.astype(np.float32))[plane.order]
    for window in ((-5, 5, -5, 5), (-1, 0.5, -0.2, 0.1), (0.1, 0.11, 0.2, 0.21)):
        one = raster.aggregate(plane, kind, View(*window, 301, 203), value)
        monkeypatch.setattr(share, "FEW", 0)
        many = raster.aggregate(plane, kind, View(*window, 301, 203), value)
        monkeypatch.undo()
        assert np.array_equal(one.count, many.count)
        assert one.value is None or np.array_equal(one.value, many.value, equal_nan=True)


def test_the_picture_is_datashaders_at_every_zoom():
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 1, (2, 30_000)).astype(np.float32)
    plane, frame, half = Plane.build(("x", "y"), x, y), pandas.DataFrame({"x": x, "y": y}), 4.0
    for _ in range(12):
        view = View(-half, half * 0.9, -half * 0.7, half, 400, 300)
        ours = raster.aggregate(plane, "count", view).count
        theirs = datashader.Canvas(400, 300, (view.x0, view.x1), (view.y0, view.y1)).points(frame, "x", "y").values
        assert ours.sum() == theirs.sum() == in_view(x, y, view).sum()
        assert (ours != theirs).mean() < 1e-4, "but for points that lie on a border between two pixels"
        half /= 2


def test_an_object_lies_in_its_own_pixel():
    plane = Plane.build(("x", "y"), np.array([0.5, 9.5], np.float32), np.array([0.5, 3.5], np.float32))
    count = raster.aggregate(plane, "count", View(0, 10, 0, 4, 10, 4)).count
    assert count[0, 0] == 1 and count[3, 9] == 1, "the first row is the lowest"


def test_a_missing_value_leaves_the_object_in_the_picture():
    x = np.array([1.0, 3.0], np.float32)
    plane = Plane.build(("x", "y"), x, x)
    both = raster.aggregate(plane, "mean", View(0, 4, 0, 4, 2, 2), np.array([np.nan, 2.0], np.float32)[plane.order])
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
    plane = Plane.build(("x", "y"), np.float32([0.5, 9.5, np.nan]), np.float32([0.5, 9.5, 1]))
    levels = raster.presence(plane, View(0, 10, 0, 10, 100, 100))
    assert levels[5, 5] == levels[95, 95] == 0 and levels[50, 50] == EMPTY
