"""Histograms: every object is counted once, in the bin that numpy would put it, and bins suit the column."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qsocore.compare import histogram

VALUES = arrays(np.float32, st.integers(1, 80), elements=st.floats(-1e6, 1e6, width=32) | st.just(float("nan")))


@settings(max_examples=80, deadline=None)
@given(VALUES)
def test_every_object_is_counted_once_as_numpy_does(values):
    bins = histogram.bins_for(values)
    if bins is None:
        assert np.isnan(values).all()
        return
    found = histogram.count(values, bins)
    assert found.total + found.missing == len(values) and found.missing == np.isnan(values).sum()
    assert (found.inside == np.histogram(values[~np.isnan(values)].astype(float), bins.edges)[0]).all()
    assert (np.diff(bins.edges) > 0).all()


@pytest.mark.parametrize("log", [False, True])
def test_values_on_the_borders_are_counted_by_the_borders(log):
    edges = np.geomspace(0.1, 500, 38) if log else np.linspace(-0.3, 0.7, 38)
    values = np.concatenate([edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])
    found = histogram.count(values, histogram.Bins(edges, log))
    assert (found.inside == np.histogram(values, edges)[0]).all() and found.below == found.above == 1


def test_only_some_rows_are_counted():
    values = np.arange(100, dtype=np.float32)
    found = histogram.count(values, histogram.Bins(np.array([0.0, 50, 100])), np.array([3, 4, 60, 99]))
    assert found.inside.tolist() == [2, 2] and found.share.tolist() == [0.5, 0.5]


def test_a_few_wild_values_do_not_flatten_the_rest():
    values = np.random.default_rng(0).normal(0, 1, 20_000)
    values[:5] = 1e9
    bins = histogram.bins_for(values)
    assert -6 < bins.edges[0] < -3 and 3 < bins.edges[-1] < 6
    assert histogram.count(values, bins).above == 5


def test_widths_are_those_of_freedman_and_diaconis():
    values = np.random.default_rng(1).normal(0, 1, 1000)
    bins = histogram.bins_for(values)
    wanted = 2 * np.subtract(*np.percentile(values, (75, 25))) / 10
    assert np.diff(bins.edges)[0] == pytest.approx(wanted, rel=0.06)


def test_whole_numbers_have_a_bin_each():
    bins = histogram.bins_for(np.array([0, 0, 4, 2, 1, 1, np.nan], np.float32))
    assert bins.edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5]


def test_decades_are_binned_in_the_logarithm_and_redshifts_are_not():
    rng = np.random.default_rng(2)
    assert histogram.bins_for(rng.lognormal(0, 2, 5000)).log
    assert not histogram.bins_for(rng.uniform(0, 4, 5000)).log and not histogram.bins_for(rng.normal(0, 1, 5000)).log


def test_one_value_is_one_bar():
    bins = histogram.bins_for(np.full(50, 2.5, np.float32))
    assert bins.edges[0] < 2.5 < bins.edges[-1] and histogram.count(np.full(50, 2.5), bins).inside.max() == 50
