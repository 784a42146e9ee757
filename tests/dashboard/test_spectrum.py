"""What is drawn of an object is that object's, with its gaps, lines and residual."""

import numpy as np
import pytest

from dashboard import spectrum
from dashboard.views._specfigure import heights
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
    assert view.residual_range == (-5.0, 5.0) and view.flux_range[1] > np.nanmax(view.flux) * 0.5


def test_masked_stretches_are_marked_from_border_to_border(table):
    view = spectrum.look_at(table, 10)
    assert view.gaps == [(pytest.approx(GRID.edges[200]), pytest.approx(GRID.edges[215]))]
    assert spectrum.look_at(table, 11).gaps == []


def test_what_the_spectrograph_did_not_cover_is_no_gap():
    mask = np.array([Mask.NO_COVERAGE, 0, Mask.SKY, Mask.COSMIC, 0, Mask.NO_IVAR], np.uint8)
    gaps = spectrum.gaps_of(np.arange(7.0), mask == 0, mask)
    assert gaps == [(2.0, 4.0), (5.0, 6.0)]


def test_lines_stand_at_the_catalogue_redshift_inside_the_coverage(table):
    row = int(np.flatnonzero(table.numbers("z") > 1)[0])
    view = spectrum.look_at(table, row)
    marks = view.lines()
    first, last = view.covered
    assert marks and all(first < wave < last and wave == line.wave * (1 + view.z) for line, wave in marks)
    star = int(np.flatnonzero(table.numbers("z") == 0)[0])
    shown = {line.name for line, _ in spectrum.look_at(table, star).lines()}
    assert {"Ca K", "Na D", "Hα"} <= shown and "[O III]" not in shown


def test_names_of_neighbouring_lines_do_not_run_into_each_other():
    names = [(3934.8, "Ca K"), (3969.6, "Ca H"), (4308.9, "G band"), (4341.7, "Hγ"), (4862.7, "Hβ"), (5176.4, "Mg b")]
    placed = heights(names, (3600, 10400))
    for (wave, name), height in zip(names, placed, strict=True):
        beside = [other for other, low in zip(names, placed, strict=True) if low == height and wave < other[0]]
        assert all(other[0] > wave + 95 * len(name) for other in beside), name
    assert placed[0] == max(placed) and min(placed) > 0.6
