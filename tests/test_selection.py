"""Selections against numpy truth: three-valued logic, text and JSON round trips, polygons, refusals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.errors import ConfigError
from qsocore.selection import check, columns_of, combine, evaluate, from_json, inside, parse, to_json, to_text, truths

Z = np.array([0.5, 2.5, np.nan, 3.0, 2.0, 7.0])
KIND = np.array(["QSO", "QSO", "STAR", "", "GALAXY", "QSO"], dtype=object)
TARGET = np.array([1, 2**53 + 1, 2**53, 4, 5, 6])
TABLE = {"z": Z, "class": KIND, "TARGETID": TARGET, "object_id": np.array([f"a:b:{i}" for i in range(6)], dtype=object),
         "umap_x": np.array([0.0, 1, 2, np.nan, 4, 5]), "umap_y": np.array([0.0, 1, 2, 3, 4, 5]),
         "ra": np.array([0.1, 90, 180, np.nan, 270, 359.8]), "dec": np.array([0.0, 1, 2, 3, 4, 0.1])}


def rows(text):
    return np.flatnonzero(evaluate(parse(text), TABLE.__getitem__, 6)).tolist()


@pytest.mark.parametrize("text, expected", [
    ('z > 2 & class == "QSO"', [1, 5]),
    ("2 <= z <= 3", [1, 3, 4]),
    ("2 < z <= 3", [1, 3]),
    ("2 < z", [1, 3, 5]),
    ("~(z > 2)", [0, 4]),                                  # the missing z is in neither
    ("not z > 2 or z is missing", [0, 2, 4]),
    ("z is not missing", [0, 1, 3, 4, 5]),
    ('class != "QSO"', [2, 4]),                            # the missing class is not "another class"
    ("class in ['QSO', 'STAR']", [0, 1, 2, 5]),
    ('class not in ("QSO")', [2, 4]),
    ("TARGETID == 9007199254740993", [1]),                 # 2^53 + 1: lost if it went through a float
    ("TARGETID in [9007199254740992, 5]", [2, 4]),
    ('ids ["a:b:3", "a:b:0"]', [0, 3]),
    ("polygon(umap; 0.5 0.5, 4.5 0.5, 4.5 4.5, 0.5 4.5)", [1, 2, 4]),
    ("~polygon(umap_x, umap_y; 0.5 0.5, 4.5 0.5, 4.5 4.5, 0.5 4.5)", [0, 5]),  # a point without place is not outside
    ("`class` = 'QSO' and z<1 || z>6", [0, 5]),
    ("all", [0, 1, 2, 3, 4, 5]),
    ("outside (z > 2)", [0, 2, 4]),                        # what is not selected, the missing z too
    ("class == 'QSO' & outside z > 2", [0]),
    ("cone(0.2, 0, 30 arcmin)", [0, 5]),
    ("~cone(ra, dec; 0.2, 0.0, 0.5 deg)", [1, 2, 4]),      # a place that is not known is not elsewhere
    ("z > -1e9", [0, 1, 3, 4, 5]),
])
def test_text_selects_what_it_says(text, expected):
    assert rows(text) == expected


@pytest.mark.parametrize("text", [
    "z >", "z > 2 &", "(z > 2", "z > 2)", "z ** 2", "__import__('os').system('true')", "z > two", 'z > "unclosed', "z in []]",
    "cone(1, 2)", "cone(1, 2, 3 parsec)", "cone(1, 95, 3 deg)",
    "polygon(umap; 1 2)", "and", "z is gone", "", "2 < 3", 'class == "\\q"',
])
def test_bad_text_is_refused_with_its_place(text):
    with pytest.raises(ConfigError, match="selection"):
        check(parse(text))


@pytest.mark.parametrize("rule, word", [
    ({"op": "compare", "column": "class", "cmp": ">", "value": "A"}, "no order"),
    ({"op": "compare", "column": "class", "cmp": "==", "value": 3}, "holds text"),
    ({"op": "isin", "column": "z", "values": ["QSO"]}, "holds numbers"),
    ({"op": "compare", "column": "z", "cmp": "**", "value": 3}, "cannot compare"),
    ({"op": "compare", "column": "z", "cmp": "<", "value": float("nan")}, "cannot compare"),
    ({"op": "range", "column": "z", "low": 1}, "'high'"),
    ({"op": "rang", "column": "z"}, "did you mean range"),
    ({"op": "and", "rules": ["z > 2"]}, "no rule"),
    ({"op": "polygon", "projection": "umap", "vertices": [[0, 0], [1, 1]]}, "three corners"),
    ({"op": "polygon", "projection": "umap", "vertices": [[0, 0], [1, 1], [0, float("inf")]]}, "three corners"),
    ({"op": "polygon", "vertices": [[0, 0], [1, 1], [1, 0]]}, "projection"),
    ({"op": "cone", "ra": 10, "dec": 91, "radius": 1}, "-90 to 90"),
    ({"op": "cone", "ra": 10, "dec": 9, "radius": 0}, "radius"),
    ({"op": "cone", "ra": "10", "dec": 9, "radius": 1}, "right ascension"),
    ({"op": "cone", "ra": 10, "dec": 9, "radius": 1, "axes": ["ra"]}, "two columns"),
    ([1], "no rule"),
])
def test_bad_rules_are_refused(rule, word):
    with pytest.raises(ConfigError, match=word):
        evaluate(rule, TABLE.__getitem__, 6)


def test_deep_nesting_is_refused_not_crashed_on():
    rule = {"op": "all"}
    for _ in range(3000):
        rule = {"op": "not", "rule": rule}
    with pytest.raises(ConfigError, match="nested"):
        check(rule)
    with pytest.raises(ConfigError, match="nested"):
        parse("(" * 3000 + "all" + ")" * 3000)
    with pytest.raises(ConfigError):
        from_json("[" * 100_000)


def test_columns_of_names_every_column_once():
    rule = parse("z > 2 & (class in ['QSO'] | ~(z is missing)) & polygon(umap; 0 0, 1 0, 1 1) & ids ['x']")
    assert columns_of(rule) == ["z", "class", "umap_x", "umap_y", "object_id"]


finite = st.floats(-1e6, 1e6) | st.integers(-(2**60), 2**60)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.sampled_from(["z", "snr_median", "class", "in", "odd name", "g-r", "MAG_1"])
conditions = st.one_of(
    st.builds(lambda c, o, v: {"op": "compare", "column": c, "cmp": o, "value": v}, names,
              st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), finite | words | st.booleans()),
    st.builds(lambda c, a, b: {"op": "range", "column": c, "low": a, "high": b}, names, finite, finite),
    st.builds(lambda c, v: {"op": "isin", "column": c, "values": v}, names, st.lists(finite | words, max_size=3)),
    st.builds(lambda c: {"op": "missing", "column": c}, names),
    st.builds(lambda v: {"op": "ids", "ids": v}, st.lists(words, max_size=3)),
    st.builds(lambda v: {"op": "polygon", "projection": "umap", "vertices": v},
              st.lists(st.lists(finite, min_size=2, max_size=2), min_size=3, max_size=5)),
    st.builds(lambda a, d, r, axes: {"op": "cone", "ra": a, "dec": d, "radius": r} | axes, finite, st.floats(-90, 90),
              st.floats(1e-6, 180), st.sampled_from([{}, {"axes": ["ra", "odd name"]}])),
    st.just({"op": "all"}),
)
rules = st.recursive(conditions, lambda inner: st.one_of(
    st.builds(lambda o, r: {"op": o, "rule": r}, st.sampled_from(["not", "outside"]), inner),
    st.builds(lambda o, r: {"op": o, "rules": r}, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
), max_leaves=8)


@given(rules)
def test_text_and_json_bring_the_same_rule_back(rule):
    assert parse(to_text(rule)) == rule
    assert from_json(to_json(rule)) == json.loads(json.dumps(rule))


@given(st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=1, max_size=30), st.floats(-5, 5), st.floats(-5, 5))
def test_kleene_logic_against_python(values, a, b):
    """(v > a) and not (v < b), by hand with None as unknown."""
    column = np.array([np.nan if v is None else v for v in values])
    rule = {"op": "and", "rules": [{"op": "compare", "column": "v", "cmp": ">", "value": a},
                                   {"op": "not", "rule": {"op": "compare", "column": "v", "cmp": "<", "value": b}}]}
    expected = [v is not None and v > a and not v < b for v in values]
    assert evaluate(rule, lambda _: column, len(values)).tolist() == expected


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=12), st.integers(0, 2**31))
def test_polygon_against_crossing_count_of_each_point(corners, seed):
    """Even-odd truth by counting crossings one point and one edge at a time."""
    points = np.random.default_rng(seed).uniform(-1.2, 1.2, (40, 2))
    expected = []
    for px, py in points:
        crossings = 0
        for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (y1 <= py) != (y2 <= py) and px < x1 + (py - y1) * (x2 - x1) / (y2 - y1):
                crossings += 1
        expected.append(crossings % 2 == 1)
    assert inside(points[:, 0], points[:, 1], corners).tolist() == expected


def test_polygon_agrees_with_shapely_on_a_lasso():
    shapely = pytest.importorskip("shapely")
    rng = np.random.default_rng(3)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radius = 1 + 0.4 * np.sin(5 * angle) + 0.02 * rng.normal(size=200)
    corners = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    x, y = rng.uniform(-1.5, 1.5, (2, 50_000))
    assert (inside(x, y, corners) == shapely.contains_xy(shapely.Polygon(corners), x, y)).all()


def test_corner_and_edge_points_count_once():
    """Two rectangles that share an edge share no point and lose none."""
    x, y = np.full(201, 0.25), np.linspace(0, 2, 201)
    lower, upper = [[0, 0], [1, 0], [1, 1], [0, 1]], [[0, 1], [1, 1], [1, 2], [0, 2]]
    count = inside(x, y, lower).astype(int) + inside(x, y, upper)
    assert (count[y < 2] == 1).all()


steps = st.lists(st.tuples(st.sampled_from(["replace", "add", "subtract", "intersect"]), st.sampled_from(
    ["z > 2", "~(z > 2)", "class == 'QSO'", "polygon(umap; 0.5 0.5, 4.5 0.5, 4.5 4.5, 0.5 4.5)", "cone(0, 0, 100 deg)",
     "z is missing", "all"])), min_size=1, max_size=12)


@given(steps)
def test_combined_rules_are_sets_put_together(steps):
    """Whatever is unknown of a row, adding, taking out and keeping common rows is what it is with sets."""
    rule, truth = None, set()
    for mode, text in steps:
        new = parse(text)
        rule, these = combine(rule, new, mode), set(rows(text))
        truth = {"replace": these, "add": truth | these, "subtract": truth - these, "intersect": truth & these}[mode]
        assert set(np.flatnonzero(evaluate(rule, TABLE.__getitem__, 6)).tolist()) == truth
    assert parse(to_text(rule)) == rule


def test_adding_again_and_again_stays_flat():
    rule = None
    for _ in range(500):
        rule = combine(rule, parse("z > 2"), "add")
    assert len(rule["rules"]) == 500 and all(part["op"] == "compare" for part in rule["rules"])


def test_an_unknown_mode_is_refused():
    with pytest.raises(ConfigError, match="did you mean replace"):
        combine(None, {"op": "all"}, "replac")


@pytest.mark.parametrize("text, holds, fails", [
    ('z > 2 & class == "QSO"', [1, 5], [0, 2, 4]),  # of row 2 the class is known to be another, of row 3 neither is
    ('z > 2 | class == "QSO"', [0, 1, 3, 5], [4]),
    ("~(z > 2)", [0, 4], [1, 3, 5]), ("z is missing", [2], [0, 1, 3, 4, 5]), ("all", [0, 1, 2, 3, 4, 5], []),
    ('outside class == "QSO"', [2, 3, 4], [0, 1, 5]),
])
def test_truths_say_where_a_rule_holds_where_it_fails_and_so_where_it_is_unknown(text, holds, fails):
    got = truths(parse(text), TABLE.__getitem__, 6)
    assert [np.flatnonzero(rows).tolist() for rows in got] == [holds, fails]
