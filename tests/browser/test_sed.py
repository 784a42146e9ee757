"""The SED of an object in a real browser: what is drawn is what was measured, fitted and sampled."""

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard import samples, sed, twocolours
from dashboard.corner import axis_of
from dashboard.library import Library
from dashboard.samples import Wish
from tests.browser.atlas import PATIENCE_MS
from tests.browser.conftest import serve
from tests.dashboard.survey import make_photometric_store

ROW = 5


@pytest.fixture(scope="module")
def photometric(tmp_path_factory):
    """A store with photometry, and a home of its own for what is kept of it."""
    folder = tmp_path_factory.mktemp("sed")
    make_photometric_store(folder / "photometric.store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QSO_ATLAS_HOME", str(folder / "home"))
        yield Library.open(folder / "photometric.store")


@pytest.fixture(scope="module")
def url(chromium, photometric):
    process, address = serve(["serve", str(photometric.path)])
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def found(photometric):
    return photometric.seds.of(ROW)


def opened(atlas, url, photometric, face):
    return atlas(f"?tab=SED&sed_face={face}&focus={photometric.table().ids_of([ROW])[0]}", url=url)


def shown_fits(page, wanted):
    """The table of fits is that of an SED, cell by cell."""
    expect(page.page.get_by_text(sed.verdict(wanted.fits))).to_be_visible(timeout=PATIENCE_MS)
    cells = page.page.get_by_role("table", name="Fits").locator("tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.children].map((cell) => cell.textContent))")
    names = ("kind", "chi2", "k", "n", "bic", "delta", "z", "what")
    assert cells == [[row[name] for name in names] for row in sed.rows(wanted)]


def drawn_kinds(page):
    return page.page.evaluate("Bokeh.documents[0].get_model_by_name('sed').renderers.find((one) => one.name == 'curves')"
                              ".data_source.data.kind")


def test_points_limits_fits_and_colours_are_those_of_the_object_in_focus(atlas, photometric, url, found):
    page = opened(atlas, url, photometric, "fits")
    shown_fits(page, found)
    page.wait_for_figure("sed", 60)
    at = np.array([band.at for band in found.bands])
    assert 0 < found.seen.sum() < len(at)
    np.testing.assert_allclose(page.data("sed", "points", "at"), at[found.seen])
    np.testing.assert_allclose(page.data("sed", "points", "flux"), found.flux[found.seen])
    np.testing.assert_allclose(page.data("sed", "limits", "flux"), 3 * found.error[~found.seen])
    assert (page.data("sed", "limits", "tip") < 3 * found.error[~found.seen]).all(), "arrows point down"
    band = int(np.flatnonzero(found.seen)[2])
    (place,) = page.places([found.bands[band].at], [found.flux[band]], "sed")
    page.page.mouse.move(place[0] + 40, place[1] + 20)
    page.page.mouse.move(*place)
    expect(page.page.get_by_text(found.said()[band]).first).to_be_visible(timeout=PATIENCE_MS)

    kinds = [fit.kind for fit in reversed(found.fits)]
    assert drawn_kinds(page) == kinds, "the preferred is drawn last, over the others"
    page.page.get_by_role("button", name="star", exact=True).click()
    page.address_has("sed_hidden=star")
    assert drawn_kinds(page) == [kind for kind in kinds if kind != "star"]

    page.page.get_by_role("button", name="Next object").click()
    following = photometric.seds.of(ROW + 1)
    shown_fits(page, following)
    np.testing.assert_allclose(page.data("sed", "points", "flux"), following.flux[following.seen])
    assert "star" not in drawn_kinds(page)

    page.page.get_by_role("button", name="Its i − z and W1 − W2 among the catalogue's").click()
    page.wait_for_figure("two colours", 100)
    here = twocolours.spot(following)
    assert page.data("two colours", "spot", "x")[0] == pytest.approx(here.x)
    assert page.data("two colours", "spot", "y")[0] == pytest.approx(here.y)
    n = twocolours.plane(photometric.table()).n_placed
    expect(page.page.get_by_text(f"{n} of {photometric.table().n_rows} drawn")).to_be_visible()
    page.address_has("sed_face=colours")


def test_a_sample_is_made_beside_the_page_and_its_corner_plot_is_the_chains(atlas, photometric, url, found):
    page = opened(atlas, url, photometric, "sample")
    page.page.get_by_role("combobox", name="Which model is sampled").select_option("quasar")
    steps, button = (page.page.get_by_role("combobox", name="Steps of each of 32 walkers"),
                     page.page.get_by_role("button", name="Sample the parameters by emcee"))
    steps.select_option("10000")
    button.click()
    page.page.get_by_role("button", name="stop").click()
    page.page.get_by_text("It was stopped.").wait_for()
    steps.select_option("500")
    button.click()
    table = page.page.get_by_role("table", name="Parameters")
    table.wait_for()
    made = photometric.samples.known(found.fluxes, Wish("quasar", 500))
    rows = samples.parameters(made)
    cells = table.locator("tr").evaluate_all(
        "rows => rows.slice(1).map((row) => [...row.children].map((cell) => cell.textContent))")
    assert [cell[0] for cell in cells] == [row.name for row in rows]
    for cell, row in zip(cells, rows, strict=True):
        shown = [float(text.replace("−", "-")) for text in cell[1:4]]
        assert shown == pytest.approx((row.median, row.up, -row.down), abs=0.51 * 10.0 ** -samples.digits(row))
    page.wait_for_figure("sed corner", 100)
    marks = page.data("sed corner", "marks", "x").reshape(len(rows), 3) % 1.08  # panels and the gaps between them
    for mark, row, values in zip(marks, rows, made.chain.T, strict=True):
        low, high = axis_of(values)
        assert mark[1] == pytest.approx((row.median - low) / (high - low), abs=1e-4)


def test_a_store_of_spectra_without_photometry_says_what_to_do(atlas, table):
    page = atlas(f"?tab=SED&focus={table.ids[3].as_py()}")
    page.page.get_by_text("This catalogue has no photometry").wait_for()
