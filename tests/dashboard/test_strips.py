"""Thumbnails show the right object's flux and reconstruction, whatever the order of rows."""

from itertools import pairwise

import numpy as np
import pytest

from dashboard.strips import binned, limits, path, strips


@pytest.fixture
def table(library):
    return library.table("small")


def test_means_are_weighted_and_empty_bins_are_nan():
    wave, means = binned(np.arange(6.0), np.array([[1, 3, 5, 7, 9, 9.0]]), np.array([[1, 3, 1, 1, 0, 0.0]]), 3)
    assert wave.tolist() == [0.5, 2.5, 4.5]
    np.testing.assert_allclose(means, [[2.5, 6.0, np.nan]])


def test_more_bins_than_pixels_are_the_pixels():
    wave, means = binned(np.arange(4.0), np.ones((2, 4)), np.ones((2, 4)), 99)
    assert wave.tolist() == [0, 1, 2, 3] and means.shape == (2, 4)


def test_each_row_gets_its_own_spectrum_and_reconstruction(table, library):
    decoder, rows = library.decoder("small"), np.array([250, 3, 77, 10])
    shown = strips(table, rows, decoder, n_bins=64)
    assert shown.flux.shape == shown.model.shape == (4, 64)
    for number, row in enumerate(rows):
        alone = table.store.spectra([row])
        good = alone.mask[0] == 0
        model, _ = decoder.reconstruct(alone.flux[0], alone.ivar[0], alone.mask[0])
        scale = decoder.normalisation.apply(alone.flux, np.where(alone.mask == 0, alone.ivar, 0))[2][0]
        edges = np.arange(0, 513, 8)
        wanted = [np.average(model[a:b] / scale) for a, b in pairwise(edges)]
        np.testing.assert_allclose(shown.model[number], wanted, rtol=1e-3, atol=1e-4)
        first = np.average(alone.flux[0][:8][good[:8]]) / scale
        np.testing.assert_allclose(shown.flux[number][0], first, rtol=2e-3)
        assert np.isnan(shown.flux[number]).any() == (row % 10 == 0), "every tenth has a gap"


def test_without_a_run_there_is_no_reconstruction(table):
    shown = strips(table, np.array([5]))
    assert np.isnan(shown.model).all() and np.isfinite(shown.flux).all()
    flux, model = shown.paths(0)
    assert flux.startswith("M0.5 ") and flux.count("L") == 109 and model == ""


def test_borders_hold_zero_and_nearly_everything():
    flux = np.array([np.linspace(2, 3, 200), np.full(200, np.nan)], np.float32)
    low, high = limits(flux, np.full_like(flux, np.nan))[0]
    assert low < 0 and high > 3
    assert limits(flux, np.full_like(flux, np.nan))[1].tolist() == [0, 1]


def test_a_path_breaks_at_gaps():
    assert path(np.array([np.nan, 0.0, 2.0, np.nan]), 0.0, 1.0) == "M1.5 100L2.5 0"
    assert path(np.array([np.nan]), 0.0, 1.0) == ""
