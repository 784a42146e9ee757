"""Table, mosaic, corner and export: the object in a place is the one that belongs there, and files hold what was selected."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pandas
import pytest
from playwright.sync_api import expect

from dashboard import ordering
from dashboard.corner import corner, default_names
from dashboard.ordering import RANDOM, Order
from dashboard.strips import strips
from qsocore import selection
from tests.browser.atlas import PATIENCE_MS
from tests.browser.test_dashboard import ring

RULE = {"op": "range", "column": "z", "low": 0.5, "high": 3.0}


@pytest.fixture
def chosen(table):
    """Rows that the rule selects."""
    z = table.numbers("z")
    return np.flatnonzero((z >= 0.5) & (z <= 3.0))


def opened(atlas, tab, size=(1280, 720), scheme="dark", **more):
    words = {"page": "selection", "tab": tab, "selection": json.dumps(RULE)} | more
    return atlas(f"?{urlencode(words)}", size, scheme)


def ids_on(page, first):
    """Ids of the page in view, once it begins with an object."""
    expect(page.page.locator(".body [data-id]").first).to_have_attribute("data-id", first, timeout=PATIENCE_MS)
    return page.page.locator(".body [data-id]").evaluate_all("items => items.map((item) => item.dataset.id)")


def in_order(table, rows, order, start=0, stop=50):
    return table.ids_of(ordering.page(table, rows, order, start, stop))


def focus_of(page):
    return parse_qs(urlsplit(page.page.url).query).get("focus", [""])[0]


def test_the_table_sorts_turns_pages_and_focuses_the_row_that_was_clicked(atlas, table, chosen):
    page = opened(atlas, "Table")
    wanted = in_order(table, chosen, Order())
    assert ids_on(page, wanted[0]) == wanted
    assert page.page.locator(".said").inner_text() == f"1–50 of {len(chosen)} selected"
    for order in (Order("z"), Order("z", descending=True)):
        page.page.get_by_role("button", name="Redshift").click()
        wanted = in_order(table, chosen, order)
        assert ids_on(page, wanted[0]) == wanted
    page.page.keyboard.press("PageDown")
    wanted = in_order(table, chosen, Order("z", True), 50, 100)
    assert ids_on(page, wanted[0]) == wanted
    row = page.page.locator(".body tr[data-id]").nth(7)
    shown = float(row.locator("td[data-column=z]").inner_text())
    assert shown == pytest.approx(table.numbers("z")[table.row_of(wanted[7])], abs=1e-5)
    row.click()
    page.address_has("focus=")
    assert focus_of(page) == wanted[7]
    page.page.locator(".body tr.focus").wait_for()
    assert page.page.locator(".body tr.focus").get_attribute("data-id") == wanted[7]
    page.page.get_by_role("button", name="Last page").click()
    last = (len(chosen) - 1) // 50 * 50
    wanted = in_order(table, chosen, Order("z", True), last, last + 50)
    assert ids_on(page, wanted[0]) == wanted


def test_columns_are_chosen_and_stay_when_the_selection_changes(atlas, table):
    page = opened(atlas, "Table")
    heads = page.page.locator(".body th")
    heads.first.wait_for()
    page.page.locator(".columns summary").click()
    page.page.get_by_role("checkbox", name="mag_r").check()
    page.page.get_by_role("checkbox", name="Class", exact=True).uncheck()
    page.page.locator(".body th", has_text="mag_r").wait_for()
    gone = page.page.locator(".body").get_by_role("columnheader", name="Class", exact=True)
    expect(gone).to_have_count(0, timeout=PATIENCE_MS)
    page.page.locator(".columns summary").click()
    names = heads.all_inner_texts()
    assert "Class" not in names and names[0].startswith("Object")
    page.page.get_by_role("button", name="S/N").click()
    page.page.locator(".body th[aria-sort=ascending]", has_text="S/N").wait_for()
    names = heads.all_inner_texts()
    before, url = page.page.locator(".said").inner_text(), page.page.url
    page.lasso(*ring(table))
    expect(page.page.locator(".said")).not_to_have_text(before, timeout=PATIENCE_MS)
    page.page.wait_for_function("(url) => location.href !== url", arg=url)  # it follows a moment later
    rule = parse_qs(urlsplit(page.page.url).query)["selection"][0]
    inside = np.flatnonzero(selection.evaluate(selection.from_json(rule), table.values, table.n_rows))
    wanted = in_order(table, inside, Order("snr_median"))
    assert ids_on(page, wanted[0]) == wanted and heads.all_inner_texts() == names


def test_the_mosaic_shows_the_right_object_in_the_right_cell(atlas, table, chosen, store_path):
    from dashboard.library import Library

    page = opened(atlas, "Mosaic")
    page.choose("Order", "Median S/N")
    page.page.get_by_role("checkbox", name="Largest first").check()
    for start, key in ((0, None), (36, "PageDown")):
        if key:
            page.page.keyboard.press(key)
        rows = ordering.page(table, chosen, Order("snr_median", True), start, start + 36)
        assert ids_on(page, table.ids_of(rows)[0]) == table.ids_of(rows)
        wanted = strips(table, rows, Library.open(store_path).decoder("small"), 110)
        drawn = page.page.locator(".cell").evaluate_all(
            "cells => cells.map((cell) => [...cell.querySelectorAll('path')].map((path) => path.getAttribute('d')))")
        for number, (flux, model) in enumerate(drawn):
            for path, values in ((flux, wanted.flux[number]), (model, wanted.model[number])):
                steps = np.array([step.split(" ") for step in path.replace("L", "M").split("M")[1:]], float)
                assert len(steps) == np.isfinite(values).sum()
                low, high = wanted.limits[number]
                expected = np.clip(100 * (high - values) / (high - low), 0, 100)
                np.testing.assert_allclose(steps[:, 1], expected[np.isfinite(values)], atol=0.11)
    page.page.locator(".cell").nth(14).click()
    page.address_has("focus=")
    assert focus_of(page) == table.ids_of(rows)[14]
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Enter")
    page.page.wait_for_function("id => location.search.includes(encodeURIComponent(id))", arg=table.ids_of(rows)[15])


def test_the_mosaic_shows_images_where_there_are_some(atlas, table, chosen, images):
    first, second, third = table.ids_of(chosen[:3])
    planes = np.random.default_rng(1).normal(0, 1, (3, 400, 300)).astype(np.float32)
    np.savez(images / f"{first}.npz", flux=planes, bands=["g", "r", "i"])
    (images / f"{second}.npz").write_bytes(b"no image at all")
    page = opened(atlas, "Mosaic")
    page.page.get_by_role("button", name="Images", exact=True).click()
    page.page.locator(".cell img").first.wait_for()
    seen = page.page.locator(".cell").evaluate_all(
        "cells => cells.slice(0, 3).map((one) => [one.dataset.id, one.querySelector('img')?.naturalHeight ?? one.innerText])")
    assert seen[0] == [first, 128]
    assert seen[1][0] == second and seen[1][1].startswith("unreadable")
    assert seen[2][0] == third and seen[2][1].startswith("no image")
    page.page.locator(".cell").nth(1).click()
    page.address_has("focus=")
    assert focus_of(page) == second
    page.page.get_by_role("button", name="Spectra", exact=True).click()
    page.page.locator(".cell svg").first.wait_for()


def test_the_mosaic_keeps_its_first_object_at_another_size_and_shuffles(atlas, table, chosen):
    page = opened(atlas, "Mosaic")
    page.page.locator(".cell").first.wait_for()
    page.choose("On a page", "10 × 10")
    expect(page.page.locator(".cell")).to_have_count(100, timeout=PATIENCE_MS)
    assert ids_on(page, table.ids_of(chosen)[0]) == table.ids_of(chosen[:100])
    page.choose("Order", "At random")
    wanted = in_order(table, chosen, Order(RANDOM), 0, 100)
    assert ids_on(page, wanted[0]) == wanted
    page.page.get_by_role("button", name="Shuffle again").click()
    wanted = in_order(table, chosen, Order(RANDOM, seed=1), 0, 100)
    assert ids_on(page, wanted[0]) == wanted


_PANELS = """() => {
  const model = Bokeh.documents[0].get_model_by_name("corner")
  const images = model.renderers.filter((each) => each.glyph.type === "Image").map((each) => each.data_source.data.image)
  return images.map((list) => Array.from(list, (image) => image.filter((level) => level !== 255).length))
}"""


def test_a_corner_counts_every_object_and_a_box_in_it_selects(atlas, table, chosen):
    page = opened(atlas, "Corner")
    page.wait_for_figure("corner", 200)
    names = default_names(table)
    wanted, rest = corner(table, chosen, names), corner(table, None, names)
    filled = [[int((panel.count > 0).sum()) for panel in part.panels.values()] for part in (rest, wanted)]
    page.page.wait_for_function(f"() => JSON.stringify(({_PANELS})()) === '{json.dumps(filled, separators=(',', ':'))}'")
    x0, y0 = 0.0, 2 * 1.08  # the panel of the second column over the first, whole
    (left, low), (right, high) = page.places([x0 + 0.005, x0 + 0.995], [y0 + 0.005, y0 + 0.995], name="corner")
    page.page.mouse.move(left, low)
    page.page.mouse.down()
    page.page.mouse.move((left + right) / 2, (low + high) / 2)
    page.page.mouse.move(right, high)
    page.page.mouse.up()
    page.page.wait_for_function("() => location.search.includes('polygon')")
    rule = json.loads(parse_qs(urlsplit(page.page.url).query)["selection"][0])
    assert rule["axes"] == [names[0], names[1]]
    inside = np.ones(table.n_rows, bool)
    for name, (low, high) in zip(names[:2], wanted.limits[:2], strict=True):
        room = 0.01 * (high - low)
        inside &= (table.numbers(name) > low + room) & (table.numbers(name) < high - room)
    assert abs(page.counts()[2] - inside.sum()) <= 4


def downloaded(page, button, tmp_path):
    with page.page.expect_download() as waiting:
        page.page.get_by_role("button", name=button).click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_the_selection_can_be_let_out(atlas, table, chosen, tmp_path):
    page = opened(atlas, "Export")
    page.page.get_by_role("button", name=f"Download {len(chosen)} rows").wait_for()
    assert "qso export" in page.page.locator("code").inner_text() and "--run small" in page.page.locator("code").inner_text()
    page.choose("Write as", "CSV")
    frame = pandas.read_csv(downloaded(page, f"Download {len(chosen)} rows", tmp_path))
    assert frame["object_id"].tolist() == table.ids_of(chosen) and "latent_5" in frame
    page.choose("Write as", "Object ids (.txt)")
    assert downloaded(page, f"Download {len(chosen)} rows", tmp_path).read_text().splitlines() == table.ids_of(chosen)
    kept = json.loads(downloaded(page, "Rule (JSON)", tmp_path).read_text())
    assert (kept["rule"], kept["count"], kept["run"]) == (RULE, len(chosen), "small")
    assert downloaded(page, "Download figure", tmp_path).read_bytes().startswith(b"%PDF")


def test_a_figure_that_cannot_be_drawn_is_said_quietly(atlas):
    page = opened(atlas, "Export")
    page.choose("Figure", "Spectrum in focus")
    page.page.get_by_role("button", name="Download figure").click()
    page.page.get_by_text("no object is in focus").wait_for()


def test_the_report_opens_by_itself_and_calls_nobody(atlas, chosen, tmp_path, chromium):
    page = opened(atlas, "Export")
    path = downloaded(page, "Download report (HTML)", tmp_path)
    alone, asked, said = chromium.new_page(), [], []
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("console", lambda line: said.append(line.text))
    alone.goto(path.as_uri())
    assert alone.locator("h1").inner_text() == "small.store: selected"
    assert alone.locator(".strip").count() == 48 and alone.locator("tbody tr").count() == 200
    assert all(alone.locator("img").evaluate_all("images => images.map((image) => image.naturalWidth > 100)"))
    alone.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == [] and said == []


@pytest.mark.parametrize(("size", "scheme"), [((1280, 720), "dark"), ((1920, 1080), "light")])
@pytest.mark.parametrize("tab", ["Table", "Mosaic", "Corner", "Export"])
def test_nothing_is_cut_off(atlas, tab, size, scheme):
    page = opened(atlas, tab, size, scheme)
    mark = {"Table": ".body tr[data-id]", "Mosaic": ".cell", "Corner": ".about b", "Export": "code"}[tab]
    page.page.locator(mark).last.wait_for()
    for each in page.page.locator(".foot:visible, .turn:visible, code:visible").all():
        box = each.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= size[0] and box["y"] + box["height"] <= size[1]
