"""Open, colour, lasso, tap, reload: what is shown is what was touched."""

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
    classes = table.classes("class")
    chips = page.page.locator(".legend .chip").all_inner_texts()
    assert ["".join(chip.split()) for chip in chips] == [f"{n}{c}" for n, c in zip(classes.names, classes.counts, strict=True)]
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

    page.page.keyboard.press("x")
    page.wait_for_counts(in_view=rows.size, drawn=rows.size, selected=0, catalogue=table.n_rows)
    page.page.keyboard.press("Shift+X")
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
    assert page.data("map", "focus", "x").tolist() == pytest.approx([x]), "the ring is around it"


_START = "() => Bokeh.documents[0].get_model_by_name('map').x_range.start"
_ADDRESS_IS_VIEW = """() => {
  const window_ = new URLSearchParams(location.search).get("windows")?.split(",").map(Number)
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
    x0, x1, y0, y1 = (float(edge) for edge in parse_qs(urlsplit(page.page.url).query)["windows"][0].split(","))
    x, y = (table.numbers(name) for name in table.maps["pca"])
    inside = int(((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)).sum())
    assert 0 < inside < table.n_rows
    page.wait_for_counts(in_view=inside, drawn=table.n_rows)
    page.page.locator(".bk-tool-icon-reset, [title='Reset']").first.click()
    page.wait_for_counts(in_view=table.n_rows)
    page.page.wait_for_function("() => !location.search.includes('windows')")


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


def picture(page, name="map"):
    """The bytes of a map's picture, shape (height, width), or None."""
    return page.page.evaluate("""(name) => {
      const {image} = Bokeh.documents[0].get_model_by_name(name).renderers[0].data_source.data
      return image.length ? Array.from(image[0].data ?? image[0]) : null}""", name)


def test_counts_are_right_at_every_turn_of_the_wheel(atlas, table):
    page = atlas("?colour_by=density")
    x, y = (table.numbers(name) for name in table.maps["pca"])
    (place,) = page.places([float(np.median(x))], [float(np.median(y))])
    page.page.mouse.move(*place)
    for _ in range(6):
        start = page.page.evaluate(_START)
        page.page.mouse.wheel(0, -300)
        page.page.wait_for_function(f"(start) => ({_START})() !== start", arg=start)
        page.page.wait_for_function(_ADDRESS_IS_VIEW)
        x0, x1, y0, y1 = (float(edge) for edge in parse_qs(urlsplit(page.page.url).query)["windows"][0].split(","))
        page.wait_for_counts(in_view=int(((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)).sum()))


def test_maps_side_by_side_share_selection_and_focus(atlas, table):
    page, row = atlas(), lonely(table)
    page.page.get_by_role("button", name="Another map beside").click()
    page.wait_for_figure("map 2", 150)
    page.address_has("maps=pca%3Bsky")
    page.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('map 2').renderers[0].data_source.data.x.length")
    page.wait()
    x, y = (table.numbers(name) for name in table.maps["pca"])
    page.page.wait_for_timeout(800)  # until the first map has taken its new size
    page.tap(x[row], y[row])
    page.address_has("focus=")
    page.page.wait_for_function("""([x, y]) => {
      const at = Bokeh.documents[0].get_model_by_name("map 2").renderers.find((r) => r.name == "focus").data_source.data
      return at.x.length && Math.abs(at.x[0] - x) < 1e-3 && Math.abs(at.y[0] - y) < 1e-3
    }""", arg=[float(table.numbers("ra")[row]), float(table.numbers("dec")[row])])
    page.lasso(*ring(table, 0.2))
    page.address_has("selection=")
    for name in ("map", "map 2"):
        page.page.wait_for_function("""(name) =>
          Bokeh.documents[0].get_model_by_name(name).renderers[1].data_source.data.image.length == 1""", arg=name)
    page.page.get_by_role("button", name="Close this map").last.click()
    page.page.wait_for_function("() => !location.search.includes('sky')")
    page.wait()


def test_classes_are_hidden_isolated_and_selected_in_the_legend(atlas, table):
    page, classes = atlas("?colour_by=class"), table.classes("class")
    n = dict(zip(classes.names, classes.counts.tolist(), strict=True))
    stars = page.page.locator(".legend .chip", has_text="STAR")
    before = stars.locator("i").get_attribute("style")
    stars.click()
    page.wait_for_counts(in_view=n["QSO"], drawn=n["QSO"])
    assert stars.get_attribute("aria-pressed") == "false" and stars.locator("i").get_attribute("style") == before
    page.address_has("hidden=")
    stars.dblclick()
    page.wait_for_counts(drawn=n["STAR"])
    stars.dblclick()
    page.wait_for_counts(drawn=table.n_rows)
    page.page.locator(".legend .chip", has_text="QSO").click(modifiers=["Control"])
    page.wait_for_counts(selected=n["QSO"], drawn=table.n_rows)


def test_a_number_can_be_summed_up_and_scaled_otherwise(atlas):
    page = atlas("?colour_by=mag_r")
    page.page.locator(".bar").wait_for()
    seen = [picture(page)]
    for label, option, word in (("Scale", "rank", "scale=rank"), ("Scale", "log", "scale=log"),
                                ("Pixel shows", "std", "statistic=std")):
        page.choose(label, option)
        page.address_has(word)
        page.page.wait_for_timeout(700)
        seen.append(picture(page))
        assert seen[-1] != seen[-2], option
    assert "std" in page.page.locator(".bar .name").inner_text()
    low, high = page.page.get_by_label("Low end"), page.page.get_by_label("High end")
    low.fill("2")
    low.press("Enter")
    high.fill("20")
    high.press("Enter")
    page.page.wait_for_function("() => location.search.includes('limits=')")
    ticks = page.page.locator(".bar .ticks span").all_inner_texts()
    assert (ticks[0], ticks[-1]) == ("2", "20")
    page.page.get_by_role("button", name="Robust limits again").click()
    page.page.wait_for_function("() => !location.search.includes('limits=')")


def test_rare_objects_are_single_points_that_tell_who_they_are(atlas, table):
    page = atlas()
    page.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('map').renderers.find((r) => r.name == 'rare')"
                                ".data_source.data.id?.length")
    ids = page.page.evaluate("() => Array.from(Bokeh.documents[0].get_model_by_name('map').renderers"
                             ".find((r) => r.name == 'rare').data_source.data.id)")
    x = page.data("map", "rare", "x")
    assert len(ids) == table.n_rows, "few objects are all drawn"
    rows = table.rows_of(ids)
    np.testing.assert_array_equal(x.astype(np.float32), table.numbers("pca_x")[rows])
    row = lonely(table)
    (place,) = page.places([table.numbers("pca_x")[row]], [table.numbers("pca_y")[row]])
    page.page.mouse.move(place[0] + 30, place[1])
    page.page.mouse.move(*place)
    page.page.get_by_text(table.ids_of([row])[0], exact=True).wait_for()
    page.choose("Rare objects", "None")
    page.page.wait_for_function("() => !Bokeh.documents[0].get_model_by_name('map').renderers.find((r) => r.name == 'rare')"
                                ".data_source.data.id?.length")


def test_the_focus_has_spokes_to_its_neighbours_in_latent_space(atlas, table):
    page, row = atlas(), lonely(table)
    page.tap(*(table.numbers(name)[row] for name in table.maps["pca"]))
    page.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('map').renderers.find((r) => r.name == 'spokes')"
                                ".data_source.data.x1.length == 12")
    latents = table.latents()
    near = np.argsort(np.linalg.norm(latents - latents[row], axis=1))[1:13]
    ends = set(page.data("map", "spokes", "x1").astype(np.float32).tolist())
    assert len(ends & set(table.numbers("pca_x")[near].tolist())) >= 11


def test_islands_are_named_and_a_click_selects_one(atlas, table):
    page = atlas("?islands=True")
    page.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('map').renderers.find((r) => r.name == 'islands')"
                                ".data_source.data.name.length")
    x, y = (page.data("map", "islands", name)[0] for name in "xy")
    page.tap(x, y)
    counts = np.bincount(table.exact("pca_island")[table.exact("pca_island") >= 0].astype(int))
    page.wait_for_counts(selected=int(counts[0]))
    page.address_has("pca_island")
