"""The keyboard path: everything can be done by keys, they say on what they act, and in a text field they only write."""

import pytest

from dashboard.keys import KEYS, groups


def badge(page, text):
    page.page.locator(".mode", has_text=text).wait_for()


def spectrum_span(page):
    return page.page.evaluate("""() => {
      const {start, end} = Bokeh.documents[0].get_model_by_name("spectrum").x_range
      return end - start
    }""")


def test_a_whole_way_by_keys(atlas, table):
    page = atlas()
    press = page.page.keyboard.press
    badge(page, "Map")
    press("v")  # select what is in view
    page.wait_for_counts(selected=table.n_rows)
    press("n")
    page.page.locator(".head .id", has_text=table.ids_of([0])[0]).wait_for()
    press("ArrowRight")
    page.page.locator(".head .id", has_text=table.ids_of([1])[0]).wait_for()
    press("b")
    page.page.locator(".head .id", has_text=table.ids_of([0])[0]).wait_for()
    press("Escape")
    page.wait_for_counts(selected=0)
    press("Control+z")
    page.wait_for_counts(selected=table.n_rows)
    press("Control+Shift+Z")
    page.wait_for_counts(selected=0)
    press("+")
    press("+")
    page.address_has("windows=")
    while not 0 < page.counts()[0] < table.n_rows:
        page.page.wait_for_timeout(50)
    press("Shift+ArrowRight")
    press("0")
    page.wait_for_counts(in_view=table.n_rows)
    press("o")
    page.address_has("focus=")
    press("c")
    page.address_has("colour_by=")


def test_the_figure_in_force_is_named_and_the_spectrum_has_its_keys(atlas, table):
    page = atlas(f"?focus={table.ids_of([3])[0]}")
    page.wait_for_figure("spectrum", 100)
    press = page.page.keyboard.press
    badge(page, "Map")
    press("m")
    badge(page, "Spectrum")
    before = spectrum_span(page)
    press("+")
    page.page.wait_for_timeout(100)
    assert spectrum_span(page) < 0.9 * before
    press("r")
    page.page.wait_for_timeout(100)
    assert spectrum_span(page) == pytest.approx(before, rel=0.01)
    marks = page.page.get_by_role("button", name="Line marks")
    was = marks.get_attribute("aria-pressed")
    press("l")
    page.page.locator(f"[aria-label='Line marks'][aria-pressed={'false' if was == 'true' else 'true'}]").wait_for()
    press("z")
    badge(page, "Text")
    press("Escape")
    page.page.locator(".mode[data-mode=spectrum]").wait_for()
    page.page.mouse.click(*page.places([0], [0])[0])
    badge(page, "Map")


def test_a_text_field_takes_keys_for_itself(atlas, table):
    page = atlas()
    badge(page, "Map")
    page.page.keyboard.press("/")
    badge(page, "Text")
    page.page.keyboard.type("nvc")
    box = page.page.get_by_role("combobox", name="Select by rule, id or position")
    assert box.input_value() == "nvc" and page.counts()[2] == 0 and "focus=" not in page.page.url
    page.page.keyboard.press("Escape")
    badge(page, "Map")


def test_digits_turn_pages(atlas):
    page = atlas()
    badge(page, "Map")
    for digit, name in (("2", "Selection"), ("4", "Sky"), ("1", "Object")):
        page.page.keyboard.press(digit)
        page.page.get_by_role("tab", name=name, selected=True).first.wait_for()


def test_the_sheet_shows_the_table_of_keys(atlas):
    page = atlas()
    badge(page, "Map")
    page.page.keyboard.press("?")
    sheet = page.page.get_by_role("dialog").locator(".keys")
    sheet.wait_for()
    assert sheet.locator("h3").all_inner_texts() == list(groups())
    assert sheet.locator("td:nth-child(2)").all_inner_texts() == [key.does for key in KEYS]
    page.page.keyboard.press("Escape")
    sheet.wait_for(state="hidden")
