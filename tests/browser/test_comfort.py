"""For everybody: a tour at first, a name for every control, a ring around the focus, stillness where it is asked for."""

import re

import pytest

_CONTROLS = r"button|link|textbox|searchbox|combobox|listbox|slider|spinbutton|checkbox|switch|radio|tab|menuitem"
_UNLABELLED = """() => {
  const found = []
  for (const model of Bokeh.documents[0]._all_models.values()) {
    const el = model.type === "Figure" ? Bokeh.index.find_one(model)?.el : null
    if (el?.getClientRects().length && !el.getAttribute("aria-label")) { found.push(model.name) }
  }
  return found
}"""
_FOCUSED = """() => {
  let node = document.activeElement
  while (node.shadowRoot?.activeElement) { node = node.shadowRoot.activeElement }
  const look = getComputedStyle(node)
  const ringed = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 1
  return [node.tagName, node.getAttribute("aria-label") ?? node.textContent.slice(0, 30), ringed]
}"""


def unnamed(page):
    snapshot = page.page.locator("body").aria_snapshot()
    return [line.strip() for line in snapshot.splitlines() if re.match(rf"\s*- '?({_CONTROLS})(?! \"|')\b(?! \")", line)]


@pytest.mark.parametrize("place", ["object", "selection", "space", "sky"])
def test_every_control_has_a_name_and_every_figure_a_label(atlas, table, place):
    rule = '{"op":"range","column":"z","low":1,"high":3}'
    page = atlas(f"?page={place}&focus={table.ids_of([3])[0]}&selection={rule}")
    page.page.locator(".mode").wait_for()
    page.page.wait_for_timeout(2500)
    assert unnamed(page) == []
    page.page.wait_for_function(f"() => ({_UNLABELLED})().length === 0")


def test_the_finder_of_unnamed_controls_finds_them(atlas):
    page = atlas()
    page.page.evaluate("""() => {
      document.body.append(document.createElement("button"), document.createElement("input"))
      const named = document.createElement("button")
      named.textContent = "Yes"
      document.body.append(named)
    }""")
    assert len([line for line in unnamed(page) if line in ("- button", "- textbox")]) == 2


def test_what_has_the_focus_is_ringed(atlas):
    page = atlas()
    page.page.locator(".mode").wait_for()
    stops = []
    for _ in range(14):
        page.page.keyboard.press("Tab")
        stops.append(page.page.evaluate(_FOCUSED))
    buttons = [stop for stop in stops if stop[0] == "BUTTON"]
    assert len(buttons) >= 4 and [stop for stop in buttons if not stop[2]] == []


def test_nothing_moves_for_those_who_want_it_still(atlas):
    page = atlas()
    page.page.emulate_media(reduced_motion="reduce")
    button = page.page.get_by_role("button", name="Keys and help")
    assert button.evaluate("(node) => getComputedStyle(node).transitionDuration") in ("0s", "1e-05s")


def test_the_tour_has_five_steps_and_can_be_had_again(atlas):
    page = atlas("?tour=1")
    card = page.page.get_by_role("dialog", name="Tour")
    for step in range(1, 6):
        card.get_by_text(f"{step} of 5").wait_for()
        box = card.bounding_box()
        assert box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= 1280 and box["y"] + box["height"] <= 720
        page.page.keyboard.press("Enter")
    card.wait_for(state="hidden")
    assert page.page.evaluate("localStorage.getItem('qso-atlas-tour')") == "1"
    page.page.keyboard.press("?")
    page.page.get_by_role("button", name="Show the tour").click()
    card.get_by_text("1 of 5").wait_for()
    card.get_by_role("button", name="End the tour").click()
    card.wait_for(state="hidden")


def test_a_script_is_not_led_around(atlas):
    page = atlas()
    page.page.wait_for_timeout(1200)
    assert page.page.get_by_role("dialog", name="Tour").count() == 0
