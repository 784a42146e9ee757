"""The sky: brushed both ways, with Aladin Lite asked for by a click and by nothing else."""

import json
from urllib.parse import parse_qs, urlsplit

import numpy as np

from dashboard import allsky
from qsocore import selection

_SELECTED = """(half) => {
  const image = Bokeh.documents[0].get_model_by_name("sky")?.renderers.map(({data_source}) => data_source?.data.image)
    .find((images) => images?.length)
  return image ? Array.from(image[0]).filter((level) => level >= half && level < 255).length : -1
}"""


def open_sky(atlas, query="", **how):
    page = atlas(query, **how)
    page.page.get_by_role("tab", name="Sky").click()
    page.wait_for_figure("sky", 100)
    page.page.wait_for_function(f"() => ({_SELECTED})(0) > 0")
    return page


def rule_of(page):
    return selection.from_json(parse_qs(urlsplit(page.page.url).query)["selection"][0])


def test_a_lasso_on_the_sky_selects_what_lies_in_it(atlas, table):
    page = open_sky(atlas)
    angle = np.linspace(0, 2 * np.pi, 30)
    xs, ys = 0.2 + 0.9 * np.cos(angle), 0.1 + 0.45 * np.sin(angle)
    first, *others = page.places(xs, ys, "sky")
    page.page.mouse.move(*first)
    page.page.mouse.down()
    for place in others:
        page.page.mouse.move(*place)
    page.page.mouse.up()
    page.address_has("selection=")
    chosen = int(selection.evaluate(rule_of(page), table.values, table.n_rows).sum())
    places = allsky.project(table.numbers("ra"), table.numbers("dec"), "equatorial")
    inside = selection.inside(*places, np.column_stack([xs, ys]))
    assert inside.sum() > 10 and abs(int(inside.sum()) - chosen) <= 2
    page.wait_for_counts(selected=chosen)  # the map has it
    page.page.wait_for_function(f"() => ({_SELECTED})({allsky.HALF}) > 0")  # and so has the sky
    page.page.locator(".sky-counts", has_text=f"{chosen:,} selected").wait_for()


def test_what_the_map_selects_is_seen_on_the_sky(atlas, table):
    rule = {"op": "range", "column": "z", "low": 1.0, "high": 2.0}
    page = open_sky(atlas, f"?selection={json.dumps(rule)}&page=sky")
    many = int(selection.evaluate(rule, table.values, table.n_rows).sum())
    page.page.locator(".sky-counts", has_text=f"{many:,} selected").wait_for()
    page.page.wait_for_function(f"() => ({_SELECTED})({allsky.HALF}) > 0")
    page.page.get_by_role("button", name="Galactic").click()
    lon, lat = allsky.to_galactic(table.numbers("ra"), table.numbers("dec"))
    assert np.isfinite(lon).all() and np.isfinite(lat).all()
    page.page.wait_for_function("""() => Bokeh.documents[0].get_model_by_name("sky").renderers
      .some(({data_source}) => Array.from(data_source?.data.text ?? []).includes("0°"))""")


def test_a_tap_on_the_sky_brings_the_nearest_object_into_focus(atlas, table):
    page = open_sky(atlas)
    x, y = allsky.project(table.numbers("ra"), table.numbers("dec"), "equatorial")
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(apart, np.inf)
    row = int(apart.min(axis=1).argmax())
    (place,) = page.places([x[row]], [y[row]], "sky")
    page.page.mouse.click(*place)
    page.page.wait_for_function("(id) => new URLSearchParams(location.search).get('focus') === id", arg=table.ids_of([row])[0])


def test_aladin_is_asked_for_by_a_click_only_and_says_when_it_is_offline(atlas):
    page = open_sky(atlas)
    page.page.wait_for_timeout(500)
    assert page.elsewhere == [] and page.complaints == [] and page.page.locator("iframe").count() == 0
    page.page.get_by_role("button", name="Show in Aladin Lite").click()
    frame = page.page.locator("iframe[title='Aladin Lite']")
    inside = page.page.frame_locator("iframe[title='Aladin Lite']")
    inside.get_by_text("seems to be offline").or_(inside.locator("canvas")).first.wait_for()  # or the sky, with internet
    assert frame.get_attribute("sandbox") == "allow-scripts", "it can read neither the page nor its address"
    assert 'src="https://aladin.cds.unistra.fr/' in frame.get_attribute("srcdoc")
    page.page.get_by_role("button", name="Close Aladin Lite").click()
    frame.wait_for(state="detached")
    page.page.wait_for_function(f"() => ({_SELECTED})(0) > 0")  # the density is still there
    page.elsewhere[:] = [url for url in page.elsewhere if "unistra.fr/" not in url]  # that was asked for
    page.complaints[:] = [line for line in page.complaints if not line.startswith("Failed to load resource")]
