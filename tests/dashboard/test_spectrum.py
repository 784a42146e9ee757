"""What is drawn of an object is that object's, with its gaps, lines and residual."""

import numpy as np
import pytest

from dashboard import spectrum
from qsocore.records import Mask
from tests.dashboard.survey import GRID


@pytest.fixture(scope="module")
def table(library):
    return library.table("small")


@pytest.fixture(scope="module")
def decoder(library):
    return library.decoder("small")


@pytest.mark.parametrize("row", [0, 17, 399])
def test_the_spectrum_is_that_of_the_row_and_the_residual_is_in_sigma(table, decoder, row):
    view, stored = spectrum.look_at(table, row, decoder), table.store.spectra([row])
    good = stored.mask[0] == 0
    assert view.object_id == table.ids[row].as_py() == view.row["object_id"]
    np.testing.assert_array_equal(view.flux[good], stored.flux[0][good])
    assert np.isnan(view.flux[~good]).all() and np.isnan(view.sigma[~good]).all()
    np.testing.assert_allclose(view.sigma[good] ** -2.0, stored.ivar[0][good], rtol=1e-5)
    np.testing.assert_allclose(view.residual[good], ((view.flux - view.model) / view.sigma)[good])
    assert view.chi2_pix == pytest.approx(np.nanmean(view.residual**2.0), rel=1e-3)
    assert view.chi2_pix == pytest.approx(view.row["chi2_pix"], rel=0.02), "as written by qso embed"


def test_without_a_run_there_is_no_reconstruction(table):
    view = spectrum.look_at(table, 1)
    assert np.isnan(view.model).all() and np.isnan(view.residual).all() and np.isnan(view.chi2_pix)
    assert view.flux_range[1] > np.nanmax(view.flux) * 0.5 and view.stretches() == []


def test_masked_stretches_are_marked_from_border_to_border(table):
    view = spectrum.look_at(table, 10)
    assert view.gaps == [(pytest.approx(GRID.edges[200]), pytest.approx(GRID.edges[215]))]
    assert spectrum.look_at(table, 11).gaps == []


def test_what_the_spectrograph_did_not_cover_is_no_gap():
    mask = np.array([Mask.NO_COVERAGE, 0, Mask.SKY, Mask.COSMIC, 0, Mask.NO_IVAR], np.uint8)
    gaps = spectrum.gaps_of(np.arange(7.0), mask == 0, mask)
    assert gaps == [(2.0, 4.0), (5.0, 6.0)]


@pytest.mark.parametrize("sigma", [0.0, 0.5, 3.0, 26.0])
def test_smoothing_is_the_weighted_mean_and_its_error(sigma):
    rng = np.random.default_rng(3)
    values, ivar = rng.normal(size=200), rng.uniform(0.1, 3, 200) * (rng.random(200) > 0.2)
    values[17] = np.nan
    mean, error = spectrum.smooth(values, ivar, sigma)
    good = (ivar > 0) & np.isfinite(values)
    pixel = np.flatnonzero(good)
    distance = pixel[:, None] - pixel
    kernel = np.exp(-0.5 * (distance / max(sigma, 1e-9)) ** 2) * (np.abs(distance) <= np.ceil(4 * sigma)) * ivar[pixel]
    np.testing.assert_allclose(mean[good], (kernel * values[pixel]).sum(1) / kernel.sum(1), rtol=1e-9)
    np.testing.assert_allclose(error[good], np.sqrt((kernel**2 / ivar[pixel]).sum(1)) / kernel.sum(1), rtol=1e-9)
    assert np.isnan(mean[~good]).all() and np.isnan(error[~good]).all()


def test_smoothing_keeps_the_mean_and_narrows_the_error_as_white_noise_does():
    mean, error = spectrum.smooth(np.full(400, 2.5), np.full(400, 4.0), 5.0)
    np.testing.assert_allclose(mean, 2.5)
    assert error[200] == pytest.approx(0.5 / np.sqrt(2 * np.sqrt(np.pi) * 5), rel=1e-3), "integral of the squared kernel"


def test_stretches_of_large_residual_are_ranked_and_apart():
    wave = np.linspace(4000, 5000, 1001)
    peaks = {4200: 8, 4500: -12, 4900: 4, 4700: 2}
    residual = sum(height * np.exp(-0.5 * ((wave - at) / 5) ** 2) for at, height in peaks.items())
    residual[100:120] = np.nan
    found = spectrum.stretches_of(wave, residual)
    assert [part.wave for part in found] == pytest.approx([4500, 4200, 4900])
    assert [part.sigma for part in found] == pytest.approx([-12, 8, 4])
    for part in found:  # half of the peak: 1.177 sigma either way
        assert part.last - part.first == pytest.approx(2 * 1.177 * 5, abs=2)
    assert spectrum.stretches_of(wave, np.full(1001, np.nan)) == []


def test_the_browser_is_given_small_arrays(table, decoder):
    scene = spectrum.look_at(table, 10, decoder).scene()
    for name in ("wave", "flux", "ivar", "model"):
        assert scene[name].dtype == np.float32 and scene[name].shape == (GRID.n_pix,), name
    np.testing.assert_array_equal(scene["ivar"] > 0, np.isfinite(scene["flux"]))
