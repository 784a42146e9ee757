"""Every pair is counted once, where it belongs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.colourings import EMPTY, Scale
from dashboard.corner import MOST, corner, counted, default_names, levels
from qsocore.compare import pairs as module
from qsocore.compare.pairs import SIDE, to_bins


@pytest.fixture
def table(library):
    return library.table("small")


@given(st.lists(st.floats(-2, 3, width=32) | st.just(float("nan")), min_size=1, max_size=50))
def test_bins_are_those_of_a_histogram(values):
    values = np.array(values, np.float32)
    bins = to_bins(values, 0.0, 1.0)
    inside = (values >= 0) & (values <= 1)
    assert ((bins == SIDE) == ~inside).all()
    wanted = np.minimum(np.floor(values[inside] * SIDE), SIDE - 1)
    assert (bins[inside] == wanted).all()


def test_pairs_count_and_average(monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 100)
    rng = np.random.default_rng(0)
    x, y, w = rng.integers(0, SIDE + 1, 950), rng.integers(0, 3, 950), rng.normal(size=950)
    w[::7] = np.nan
    panel = counted(x.astype(np.uint8), y.astype(np.uint8), w)
    assert panel.count.sum() == (x < SIDE).sum()
    for px, py in ((0, 0), (5, 2), (127, 1)):
        here = (x == px) & (y == py)
        assert panel.count[py, px] == here.sum()
        known = here & np.isfinite(w)
        np.testing.assert_allclose(panel.value[py, px], w[known].mean() if known.any() else np.nan, rtol=1e-6)
    shown = levels(panel, Scale(-1.0, 1.0))
    assert ((shown == EMPTY) == (panel.count == 0)).all()


def test_a_corner_counts_the_rows_it_is_given(table):
    names, rows = default_names(table), np.arange(0, 400, 3)
    assert names == ("latent_0", "latent_1", "latent_2", "latent_3") and len(names) <= MOST
    whole, some = corner(table, None, names, "z"), corner(table, rows, names, "z")
    assert (whole.n, some.n) == (400, len(rows)) and whole.limits == some.limits
    assert set(whole.panels) == {(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)}
    for (up, across), panel in some.panels.items():
        x, y = table.numbers(names[across])[rows], table.numbers(names[up])[rows]
        inside = np.ones(len(rows), bool)
        for values, (low, high) in ((x, some.limits[across]), (y, some.limits[up])):
            inside &= (values >= low) & (values <= high)
        assert panel.count.sum() == inside.sum()
        assert (panel.count <= whole.panels[up, across].count).all()
    for k, histogram in enumerate(some.histograms):
        assert some.n_beyond <= len(rows) // 50
        assert histogram.sum() == (to_bins(table.numbers(names[k])[rows], *some.limits[k]) < SIDE).sum()


def test_one_object_is_seen_beside_many():
    panel = counted(np.array([0] * 1000 + [5], np.uint8), np.array([0] * 1000 + [5], np.uint8))
    shown = levels(panel)
    assert shown[5, 5] < shown[0, 0] == 253 and (shown == EMPTY).sum() == SIDE * SIDE - 2
