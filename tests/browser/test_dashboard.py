"""Open, colour, lasso, tap, reload: what is shown is what was touched."""

import json
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from qsocore import selection


def lonely(table):
    """Row of the object with the most room around it on the first map."""
    x, y = (table.numbers(name) for name in table.maps["pca"])
    apart = np.hypot((x[:, None] - x) / np.ptp(x), (y[:, None] - y) / np.ptp(y))
    np.fill_diagonal(apart, np.inf)
    return int(apart.min(axis=1).argmax())


def ring(table, share=0.25, corners=40):
    """A closed path around part of the map."""
    x, y = (table.numbers(name) for name in table.maps["pca"])
    angle = np.linspace(0, 2 * np.pi, corners)
    return np.median(x) + share * np.ptp(x) * np.cos(angle), np.median(y) + share * np.ptp(y) * np.sin(angle)


def test_it_opens_with_everything_in_view(atlas, table):
    page = atlas()
    page.wait_for_counts(in_view=table.n_rows, drawn=table.n_rows, selected=0, catalogue=table.n_rows)
    assert page.page.title() == "QSO Atlas"
    legend = page.page.locator(".legend").inner_text().split()
    classes = table.classes("class")
    assert legend == ["Class", *[word for name, count in zip(classes.names, classes.counts, strict=True)
                                 for word in (name, str(count))]]
    page.page.get_by_text("Tap an object on the map").wait_for()


def test_colouring_by_a_number_shows_a_bar_with_its_limits(atlas):
    page = atlas()
    before = page.page.locator(".legend").inner_text()
    page.choose("Colour by", "Redshift")
    page.page.locator(".bar").wait_for()
    assert "Redshift" in page.page.locator(".bar").inner_text() and "QSO" in before
    ticks = [float(text) for text in page.page.locator(".bar .ticks span").all_inner_texts()]
    assert ticks == sorted(ticks) and 0 <= ticks[0] < 0.1 and 3 < ticks[-1] < 3.6
    page.address_has("colour_by=z")
    gradient = page.page.locator(".bar .ramp").get_attribute("style")
    page.choose("Palette", "Inferno")
    page.address_has("palette=inferno")
    assert page.page.locator(".bar .ramp").get_attribute("style") != gradient


def test_a_lasso_selects_the_objects_inside_it(atlas, table):
    page = atlas()
    page.lasso(*ring(table))
    page.address_has("selection=")
    rule = parse_qs(urlsplit(page.page.url).query)["selection"][0]
    rows = np.flatnonzero(selection.evaluate(selection.from_json(rule), table.values, table.n_rows))
    x, y = (table.numbers(name) for name in table.maps["pca"])
    drawn_x, drawn_y = ring(table)
    inside = selection.inside(x, y, np.column_stack([drawn_x, drawn_y]))
    assert abs(int(inside.sum()) - rows.size) <= 2, "the rule is what was drawn, to a pixel"
    page.wait_for_counts(selected=rows.size)

    page.page.get_by_role("tab", name="Selection").click()
    cells = page.page.locator(".tabulator-row .tabulator-cell[tabulator-field=object_id]")
    cells.first.wait_for()
    wanted = {table.ids[row].as_py() for row in rows}
    assert set(cells.all_inner_texts()) <= wanted

    page.page.get_by_role("button", name="Draw only these").click()
    page.wait_for_counts(in_view=rows.size, drawn=rows.size, selected=0, catalogue=table.n_rows)
    page.page.get_by_role("button", name="Draw all again").click()
    page.wait_for_counts(in_view=table.n_rows, drawn=table.n_rows)


def assert_shows(page, table, row):
    name = table.ids[row].as_py()
    page.page.locator(".head .id", has_text=name).wait_for()
    page.wait_for_figure("spectrum", 100)
    page.wait_for_figure("residual", 60)
    stored = table.store.spectra([row])
    good = stored.mask[0] == 0
    flux = page.column("spectrum", 3, "flux")
    np.testing.assert_allclose(flux[good], stored.flux[0][good], rtol=1e-5)
    assert np.isfinite(page.column("spectrum", 3, "model")).all(), "the run reconstructs it"
    assert page.page.locator(".row td.value").first.inner_text() == name


def test_a_tap_shows_the_spectrum_of_the_object_under_it(atlas, table):
    page, row = atlas(), lonely(table)
    x, y = (table.numbers(name)[row] for name in table.maps["pca"])
    page.tap(x, y)
    assert_shows(page, table, row)
    page.address_has("focus=")
    assert page.column("map", 4, "x").tolist() == pytest.approx([x]), "the ring is around it"


def test_a_row_of_the_selection_brings_its_object_into_focus(atlas, table):
    rule = json.dumps({"op": "polygon", "projection": "pca", "vertices": [[-99, -99], [99, -99], [99, 99], [-99, 99]]})
    page = atlas(f"?projection=pca&selection={rule}")
    page.wait_for_counts(selected=table.n_rows)
    page.page.get_by_role("tab", name="Selection").click()
    cell = page.page.locator(".tabulator-row .tabulator-cell[tabulator-field=object_id]").nth(3)
    name = cell.inner_text()
    cell.click()
    page.page.locator(".head .id", has_text=name).wait_for()
    page.page.get_by_role("tab", name="Catalogue row").click()
    assert_shows(page, table, table.row_of(name))


_ADDRESS_IS_VIEW = """() => {
  const window_ = new URLSearchParams(location.search).get("window")?.split(",").map(Number)
  const {x_range, y_range} = Bokeh.documents[0].get_model_by_name("map")
  const near = (one, other) => Math.abs(one - other) < 1e-4 * (x_range.end - x_range.start + y_range.end - y_range.start)
  return window_ && [x_range.start, x_range.end, y_range.start, y_range.end].every((edge, k) => near(edge, window_[k]))
}"""


def test_the_wheel_looks_closer_and_reset_looks_at_everything(atlas, table):
    page = atlas()
    (place,) = page.places(*[[np.median(table.numbers(name))] for name in table.maps["pca"]])
    page.page.mouse.move(*place)
    for _ in range(4):
        page.page.mouse.wheel(0, -300)
        page.page.wait_for_timeout(100)
    page.page.wait_for_function(_ADDRESS_IS_VIEW)  # not that of an earlier turn of the wheel
    x0, x1, y0, y1 = (float(edge) for edge in parse_qs(urlsplit(page.page.url).query)["window"][0].split(","))
    x, y = (table.numbers(name) for name in table.maps["pca"])
    inside = int(((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)).sum())
    assert 0 < inside < table.n_rows
    page.wait_for_counts(in_view=inside, drawn=table.n_rows)
    page.page.locator(".bk-tool-icon-reset, [title='Reset']").first.click()
    page.wait_for_counts(in_view=table.n_rows)


def test_a_reload_of_the_address_restores_everything(atlas, table):
    page, row = atlas(), lonely(table)
    page.choose("Colour by", "Redshift")
    page.lasso(*ring(table))
    page.address_has("selection=", "colour_by=z")
    page.tap(*(table.numbers(name)[row] for name in table.maps["pca"]))
    page.address_has("focus=")
    before, url = page.counts(), page.page.url
    page.page.reload()
    page.wait()
    page.wait_for_counts(selected=before[2], in_view=before[0])
    assert_shows(page, table, row)
    assert "Redshift" in page.page.locator(".bar").inner_text() and page.page.url == url


def test_two_tabs_share_no_choice(atlas, table):
    one, other = atlas(), atlas()
    one.lasso(*ring(table))
    one.address_has("selection=")
    one.page.wait_for_timeout(500)
    assert other.counts()[2] == 0 and "selection" not in other.page.url


def test_an_address_that_cannot_be_used_is_said_quietly(atlas, table):
    page = atlas("?run=gone&palette=rainbow")
    page.page.get_by_text("there is no run 'gone' here").wait_for()
    page.wait_for_counts(in_view=table.n_rows)
