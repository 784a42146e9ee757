"""Pure derivations against brute force."""

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dashboard import derive
from dashboard.plane import extent
from dashboard.table import MISSING, OTHER
from qsocore import selection
from tests.dashboard.survey import in_memory

seeds = st.integers(0, 2**31)


def cloud(seed, n=400):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n)).astype(np.float32)
    x[rng.random(n) < 0.05] = np.nan
    return rng, x, y


def numbered(columns):
    return in_memory({name: pa.array(values, from_pandas=True) for name, values in columns.items()}, {})


@settings(deadline=None)
@given(seed=seeds, corners=st.integers(3, 60))
def test_a_lasso_selects_what_a_polygon_test_of_every_point_does(seed, corners):
    rng, x, y = cloud(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    assume(np.diff(angle).max(initial=0) < np.pi)
    radius = rng.uniform(0.3, 2, corners)
    rule = derive.polygon("a", "b", radius * np.cos(angle), radius * np.sin(angle))
    shape = shapely.Polygon(rule["vertices"])
    expected = [k for k in range(x.size) if np.isfinite(x[k]) and shape.contains(shapely.Point(float(x[k]), float(y[k])))]
    bits = derive.bits_of(selection.to_json(rule), numbered({"a": x, "b": y}))
    assert np.flatnonzero(np.unpackbits(bits, bitorder="little")).tolist() == expected


def test_a_long_lasso_is_thinned_and_a_projections_rule_is_named_by_it():
    angle = np.linspace(0, 2 * np.pi, 5000)
    rule = derive.polygon("umap_x", "umap_y", np.cos(angle), np.sin(angle))
    assert len(rule["vertices"]) == derive.MAX_CORNERS and rule["projection"] == "umap" and "axes" not in rule
    assert selection.columns_of(rule) == ["umap_x", "umap_y"]
    assert derive.polygon("umap_x", "ra", [0, 1, 1], [0, 0, 1])["axes"] == ["umap_x", "ra"]


def labelled():
    """Eight objects of which two have no class, and two columns that can be hidden by class."""
    names = ["a", "b", None, "a", "c", "", "b", "a"]
    return in_memory({"kind": pa.array(names, pa.string()), "flag": pa.array([0, 1, 1, 0, None, 2, 0, 0], pa.int16()),
                      "good": pa.array([True, False, None, True, True, False, True, True])},
                     {"kind": "label", "flag": "flag", "good": "flag"})


def selected(rule, table):
    rule = rule if isinstance(rule, str) else selection.to_json(rule)
    return np.flatnonzero(np.unpackbits(derive.bits_of(rule, table), count=table.n_rows, bitorder="little")).tolist()


@pytest.mark.parametrize(("column", "classes", "rows"), [
    ("kind", ["a"], [0, 3, 7]), ("kind", ["a", MISSING], [0, 2, 3, 5, 7]), ("kind", [MISSING], [2, 5]),
    ("flag", ["1"], [1, 2]), ("flag", ["0", MISSING], [0, 3, 4, 6, 7]), ("good", ["false"], [1, 5])])
def test_classes_are_selected_and_left_out_exactly(column, classes, rows):
    table = labelled()
    assert selected(derive.of_classes(column, classes, table), table) == rows
    assert selected(derive.without(column, classes, table), table) == [row for row in range(8) if row not in rows]


def test_the_rest_that_shares_a_colour_is_selected_by_all_its_names():
    names = [f"c{k:03d}" for k in range(300)] + ["c000"]
    table = in_memory({"kind": pa.array(names, pa.string())}, {"kind": "label"})
    shown = table.classes("kind").names
    assert shown[-1] == OTHER
    rows = [k for k, name in enumerate(names) if name not in shown]
    assert selected(derive.of_classes("kind", [OTHER], table), table) == rows and len(rows) > 40


def test_several_rules_are_one_and_nothing_is_everything():
    one, two = (selection.to_json({"op": "range", "column": "z", "low": k, "high": 9}) for k in (1, 2))
    assert derive.all_of("", "") == "" and derive.all_of("", one) == one
    assert selection.from_json(derive.all_of(one, "", two)) == {
        "op": "and", "rules": [selection.from_json(one), selection.from_json(two)]}


def test_slots_tell_their_members_apart():
    a, b = (np.packbits(np.array(bits, bool), bitorder="little") for bits in ([1, 1, 0, 0], [0, 1, 1, 0]))
    both = derive.slots(a, b, 4)
    assert [both.names[code] for code in both.codes] == ["A", "A and B", "B", "neither"]
    assert both.counts.sum() == 4 and derive.slots(a, None, 4).codes.tolist() == [1, 1, 0, 0]


def test_a_window_around_most_of_some_objects():
    x = np.append(np.linspace(0, 1, 1000), [50, np.nan]).astype(np.float32)
    x0, x1, y0, y1 = derive.around(x, x)
    assert -0.5 < x0 < 0.02 and 0.98 < x1 < 1.5 and (y0, y1) == (x0, x1)
    assert derive.around(x[-1:], x[-1:]) is None


def test_the_extent_shows_everything_unless_a_few_rows_lie_far_out():
    inner = np.linspace(0, 10, 20_000).astype(np.float32)
    low, high = extent(inner)
    assert low < 0 and high > 10 and high - low < 11
    low, high = extent(np.append(inner, [-9999, np.nan]).astype(np.float32))
    assert low == pytest.approx(-3, abs=1) and high < 11
    for odd in (np.full(3, 7.0), np.full(3, np.nan), np.zeros(0)):
        low, high = extent(odd.astype(np.float32))
        assert np.isfinite([low, high]).all() and high > low


def test_legend_counts_follow_what_is_drawn():
    codes = np.array([0, 1, 1, 2, 0], np.uint8)
    assert derive.class_counts(codes, 4).tolist() == [2, 2, 1, 0]
    assert derive.class_counts(codes, 4, np.array([1, 3])).tolist() == [0, 1, 1, 0]


def test_counts_are_told_without_sampling():
    assert str(derive.Counts(1234, 20_000, 7, 20_001)) == (
        "1,234 in view · 20,000 drawn · 7 selected · 20,001 in the catalogue · no sampling")
    assert str(derive.Counts(5, 5, 0, 5, ground=20_000)).endswith("no sampling · 20,000 the map was made from in grey")
