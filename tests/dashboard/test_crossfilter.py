"""Cross-filter against brute force: the rule of all other filters, evaluated row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.crossfilter import OPEN, Choice, Numbers, Span, crossfilter, filters_of, rule_of
from qsocore.selection import Coded, evaluate, from_json, parse, to_json

LABELS = ["QSO", "", "STAR", "GALAXY"]
ends = st.none() | st.floats(-3, 3) | st.integers(-3, 3)
spans = st.builds(Span, ends, ends)
choices = st.builds(Choice, st.lists(st.sampled_from(LABELS[::2] + ["GALAXY", "new"]), unique=True, max_size=3).map(tuple),
                    st.booleans(), st.booleans())


def columns(n, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1.5, n)
    z[rng.random(n) < 0.1] = np.nan
    return {"z": z, "mag": rng.normal(0, 1, n).astype(np.float32), "flag": rng.integers(-2, 3, n),
            "class": Coded(rng.integers(0, 4, n).astype(np.uint16), LABELS)}


@settings(deadline=None)  # the loops are compiled at their first call
@given(st.fixed_dictionaries({"z": spans, "mag": spans, "flag": spans, "class": choices}), st.integers(0, 300),
       st.integers(0, 2**31))
def test_each_column_counts_what_passes_the_others(filters, n, seed):
    table = columns(n, seed)
    axes = {name: content if name == "class" else Numbers(content, -3.0, 3.0, 7) for name, content in table.items()}
    crossed = crossfilter(list(axes.values()), [filters[name] for name in axes])
    for counts, name in zip(crossed.counts, axes, strict=True):
        rule = rule_of({other: filter_ for other, filter_ in filters.items() if other != name}) or {"op": "all"}
        passes = evaluate(rule, table.__getitem__, n)
        if name == "class":
            places = table["class"].codes[passes]
        else:
            values = table[name][passes].astype(np.float64)
            places = np.clip((values[~np.isnan(values)] + 3) * (7 / 6), 0, 6).astype(int)
        assert counts.tolist() == np.bincount(places, minlength=len(counts)).tolist()
    assert crossed.n_passing == int(evaluate(rule_of(filters) or {"op": "all"}, table.__getitem__, n).sum())


@given(st.dictionaries(st.sampled_from(["z", "mag"]), spans), st.dictionaries(st.sampled_from(["class", "kind"]), choices))
def test_filters_are_read_back_from_their_rule(spans, choices):
    filters = spans | choices
    rule = rule_of(filters)
    read, rest = filters_of(rule and from_json(to_json(rule)))
    assert read == {name: filter_ for name, filter_ in filters.items() if filter_ not in OPEN} and rest == []


@pytest.mark.parametrize("text", ["z > 2", "polygon(umap; 0 0, 1 0, 1 1)", "class in ['a'] | z > 1", "~(z > 2)",
                                  "flag in [1, 2]"])
def test_what_is_no_filter_is_kept_as_it_is(text):
    rule = {"op": "and", "rules": [parse("1 <= z <= 2"), parse(text)]}
    filters, rest = filters_of(rule)
    assert filters == {"z": Span(1, 2)} and rest == [parse(text)]
    assert rule_of(filters, rest) == rule


def test_bins_suit_the_column():
    whole = Numbers.of(np.array([0, 3, 1, 3]))
    assert (whole.start, whole.stop, whole.bins) == (-0.5, 3.5, 4)
    assert crossfilter([whole], [Span()]).counts[0].tolist() == [1, 1, 0, 2]
    rng = np.random.default_rng(0)
    far = Numbers.of(np.append(rng.normal(0, 1, 10_000), [1e6, np.nan]))
    assert -5 < far.start < -2 and 2 < far.stop < 5, "one row far out does not squeeze the others"
    assert crossfilter([far], [Span()]).counts[0].sum() == 10_001, "but it is counted"
    assert Numbers.of(np.full(5, np.nan)) is None and Numbers.of(np.ones(5)) is None
    assert Numbers.of(np.array([True, False])).bins == 2


def test_more_rows_than_a_block():
    values = np.arange(200_000, dtype=np.float64)
    crossed = crossfilter([Numbers(values, 0, 200_000, 2), Numbers(values, 0, 200_000, 2)], [Span(50_000, 149_999), Span()])
    assert crossed.n_passing == 100_000 and crossed.counts[1].tolist() == [50_000, 50_000]
    assert crossed.counts[0].tolist() == [100_000, 100_000]
