"""The pages that hold sets of objects against each other: composites, what sets them apart, histograms."""

import json
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np
import pytest

from dashboard import spread
from qsocore import selection
from qsocore.compare import composite, scaling, separate, stack

QUASARS = {"op": "isin", "column": "class", "values": ["QSO"]}
STARS = {"op": "isin", "column": "class", "values": ["STAR"]}
NEAR = {"op": "and", "rules": [QUASARS, {"op": "range", "column": "z", "low": 0, "high": 1.5}]}
FAR = {"op": "and", "rules": [QUASARS, {"op": "range", "column": "z", "low": 1.5, "high": 9}]}


def query(tab, **rules):
    words = {"page": "selection", "tab": tab} | {name: json.dumps(rule) for name, rule in rules.items()}
    return "?" + "&".join(f"{name}={quote(value)}" for name, value in words.items())


def rows_of(table, rule):
    return np.flatnonzero(selection.evaluate(rule, table.values, table.n_rows))


def line_of(page, figure, renderer=1):
    """Wavelength and flux that the browser holds, once there are any."""
    page.page.wait_for_function("""([name, k]) => {
      const figure = Bokeh.documents[0].get_model_by_name(name)
      return figure && figure.renderers.filter((r) => "flux" in r.data_source.data)[k].data_source.data.wave.length > 0
    }""", arg=[figure, renderer])
    return page.page.evaluate("""([name, k]) => {
      const data = Bokeh.documents[0].get_model_by_name(name).renderers.filter((r) => "flux" in r.data_source.data)[k]
      return ["wave", "flux", "number"].map((column) => Array.from(data.data_source.data[column] ?? [], (v) => v))
    }""", [figure, renderer])


def numbers(values):
    return np.array([np.nan if value is None else value for value in values], float)


def test_the_composite_of_a_selection_is_that_of_its_spectra(atlas, table):
    page = atlas(query("Composite", selection=FAR))
    page.wait_for_figure("composite", 100)
    wave, flux, number = (numbers(part) for part in line_of(page, "composite"))
    rows = rows_of(table, FAR)
    read = stack.read(table.store, rows, table.numbers("z")[rows])
    truth = composite.combine(read, scaling.by_overlap(read))
    np.testing.assert_allclose(wave, truth.wave)
    np.testing.assert_allclose(flux, truth.flux, rtol=1e-4)
    assert number.tolist() == truth.number.tolist()
    assert f"{rows.size} of {rows.size} spectra" in page.page.locator(".sets").inner_text()


def test_a_and_b_are_shown_with_their_difference_in_either_frame(atlas, table):
    page = atlas(query("Composite", a=NEAR, b=FAR), size=(1920, 1080), scheme="light")
    page.wait_for_figure("difference", 60)
    said = page.page.locator(".sets").inner_text()
    assert all(f"{rows_of(table, rule).size} of" in said for rule in (NEAR, FAR))
    page.page.get_by_role("button", name="Observed").click()
    page.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('number').below[0].axis_label.startsWith('Obs')")
    wave = numbers(line_of(page, "composite")[0])
    np.testing.assert_allclose(wave, table.store.grid.wave)
    page.page.get_by_role("checkbox", name="Model").check()
    page.page.wait_for_function("""() => Bokeh.documents[0].get_model_by_name("composite").renderers
      .filter((r) => "model" in r.data_source.data).every((r) => Array.from(r.data_source.data.model).some(Number.isFinite))""")


def test_without_a_selection_it_says_what_to_do(atlas):
    page = atlas(query("Composite"))
    page.page.get_by_text("Nothing is selected").wait_for()
    page.page.get_by_role("tab", name="Differences").click()
    page.page.get_by_text("Draw a lasso or a box on the map to see what sets it apart").wait_for()


def test_an_empty_set_is_said_where_the_composite_would_be(atlas):
    nobody = {"op": "range", "column": "z", "low": -5, "high": -4}
    page = atlas(query("Composite", a=QUASARS, b=nobody))
    page.page.get_by_text("No composite: no object is B").wait_for()
    assert page.page.get_by_role("button", name="Observed").is_visible(), "another frame can still be chosen"


def test_columns_are_ranked_and_a_click_colours_the_map(atlas, table):
    page = atlas(query("Differences", selection=STARS))
    lines = page.page.locator(".ranking tr[data-name]")
    lines.first.wait_for()
    names = lines.evaluate_all("rows => rows.map((row) => row.dataset.name)")
    rows = rows_of(table, STARS)
    which = separate.against_rest(rows, table.n_rows)
    truth = separate.numbers("z", table.numbers("z")[which.a], table.numbers("z")[which.b])
    assert set(names[:2]) == {"class", "z"} and truth.effect == pytest.approx(-1, abs=0.01)
    line = page.page.locator(".ranking tr[data-name=z]")
    assert "−1.00" in line.inner_text() and "< 1e-10" in line.inner_text()
    heading = page.page.locator(".heading", has_text="against").inner_text()
    assert f"({rows.size:,})" in heading and f"({table.n_rows - rows.size:,})" in heading

    line.click()
    page.address_has("colour_by=z")
    assert line.get_attribute("aria-selected") == "true"
    page.wait_for_figure("difference histogram", 60)
    page.page.locator(".ranking tr[data-name]").first.focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    page.address_has(f"colour_by={names[1]}")


def test_histograms_count_everything_and_a_box_selects_a_range(atlas, table):
    page = atlas(query("Histograms", selection=QUASARS))
    page.wait_for_figure("histogram z", 60)
    titles = [name for name in spread.default_names(table) if name in table.columns]
    assert all(page.page.evaluate("n => !!Bokeh.documents[0].get_model_by_name(n)", f"histogram {name}") for name in titles)
    page.page.get_by_role("button", name="Counts").click()
    page.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('histogram z').y_range.end > 1.5")
    heights = page.column("histogram z", 0, "y")
    assert heights[1:-1:2].sum() == np.isfinite(table.numbers("z")).sum(), "what is drawn is all counted"
    assert page.column("histogram z", 1, "y")[1:-1:2].sum() == rows_of(table, QUASARS).size

    (first, last) = page.places([1.0, 2.0], [heights.max() / 2] * 2, name="histogram z")
    page.page.mouse.move(*first)
    page.page.mouse.down()
    page.page.mouse.move(*(first + last) / 2)
    page.page.mouse.move(*last)
    page.page.mouse.up()
    page.page.wait_for_function("() => (new URLSearchParams(location.search).get('selection') ?? '').includes('range')")
    rule = json.loads(parse_qs(urlsplit(page.page.url).query)["selection"][0])
    assert rule["op"] == "range" and rule["column"] == "z"
    assert (rule["low"], rule["high"]) == pytest.approx((1, 2), abs=0.05)
    page.wait_for_counts(selected=rows_of(table, rule).size)


def test_a_column_is_taken_away_and_another_shown(atlas, table):
    page = atlas(query("Histograms"))
    page.wait_for_figure("histogram z", 60)
    page.page.get_by_role("button", name="Take Redshift away").click()
    page.page.wait_for_function("() => !Bokeh.documents[0].get_model_by_name('histogram z')")
    page.choose("Show", "Latent 5")
    page.wait_for_figure("histogram latent_5", 60)
