"""Pure derivations against brute force."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dashboard import derive
from dashboard.raster import View
from qsocore import selection

seeds = st.integers(0, 2**31)


def cloud(seed, n=400):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n)).astype(np.float32)
    x[rng.random(n) < 0.05] = np.nan
    return rng, x, y


@settings(deadline=None)
@given(seed=seeds, corners=st.integers(3, 60))
def test_a_lasso_selects_what_a_polygon_test_of_every_point_does(seed, corners):
    rng, x, y = cloud(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    assume(np.diff(angle).max(initial=0) < np.pi)
    radius = rng.uniform(0.3, 2, corners)
    rule = derive.polygon("a", "b", radius * np.cos(angle), radius * np.sin(angle))
    shape = shapely.Polygon(selection.from_json(rule)["vertices"])
    expected = [k for k in range(x.size) if np.isfinite(x[k]) and shape.contains(shapely.Point(float(x[k]), float(y[k])))]
    assert derive.rows_of(rule, {"a": x, "b": y}.__getitem__, x.size).tolist() == expected


def test_a_long_lasso_is_thinned_and_a_projections_rule_is_named_by_it():
    angle = np.linspace(0, 2 * np.pi, 5000)
    rule = selection.from_json(derive.polygon("umap_x", "umap_y", np.cos(angle), np.sin(angle)))
    assert len(rule["vertices"]) == derive.MAX_CORNERS and rule["projection"] == "umap" and "axes" not in rule
    assert selection.columns_of(rule) == ["umap_x", "umap_y"]
    assert selection.from_json(derive.polygon("umap_x", "ra", [0, 1, 1], [0, 0, 1]))["axes"] == ["umap_x", "ra"]


def test_an_outline_is_drawn_only_on_its_own_plane():
    rule = derive.polygon("umap_x", "umap_y", [0, 1, 1], [0, 0, 1])
    assert derive.outline(rule, "umap_x", "umap_y") == [[0, 0], [1, 0], [1, 1]]
    assert derive.outline(rule, "umap_y", "umap_x") is None
    assert derive.outline("", "umap_x", "umap_y") is None
    assert derive.outline(selection.to_json({"op": "ids", "ids": ["a:b:c"]}), "umap_x", "umap_y") is None


@settings(deadline=None)
@given(seed=seeds, width=st.integers(50, 900), height=st.integers(50, 900))
def test_a_tap_finds_the_object_that_is_nearest_on_the_screen(seed, width, height):
    rng, x, y = cloud(seed)
    view, at = View(-2, 3, -1, 1, width, height), tuple(rng.normal(size=2))
    pixels = np.hypot((x - at[0]) * width / 5, (y - at[1]) * height / 2)
    best = int(np.nanargmin(pixels))
    found = derive.nearest(x, y, at, view)
    assert found == best if pixels[best] < 11.9 else found in (-1, best)


def test_a_tap_beside_everything_finds_nothing():
    x = np.array([0.0, np.nan], np.float32)
    assert derive.nearest(x, x, (0.5, 0.5), View(0, 1, 0, 1, 100, 100)) == -1


def test_the_extent_shows_everything_unless_a_few_rows_lie_far_out():
    inner = np.linspace(0, 10, 20_000).astype(np.float32)
    low, high = derive.extent(inner)
    assert low < 0 and high > 10 and high - low < 11
    low, high = derive.extent(np.append(inner, [-9999, np.nan]).astype(np.float32))
    assert low == pytest.approx(-3, abs=1) and high < 11
    for odd in (np.full(3, 7.0), np.full(3, np.nan), np.zeros(0)):
        low, high = derive.extent(odd.astype(np.float32))
        assert np.isfinite([low, high]).all() and high > low


def test_legend_counts_follow_what_is_drawn():
    codes = np.array([0, 1, 1, 2, 0], np.uint8)
    assert derive.class_counts(codes, 4).tolist() == [2, 2, 1, 0]
    assert derive.class_counts(codes, 4, np.array([1, 3])).tolist() == [0, 1, 1, 0]


def test_counts_are_told_without_sampling():
    assert str(derive.Counts(1234, 20_000, 7, 20_001)) == (
        "1,234 in view · 20,000 drawn · 7 selected · 20,001 in the catalogue · no sampling")
    assert str(derive.Counts(5, 5, 0, 5, ground=20_000)).endswith("no sampling · 20,000 the map was made from in grey")
