"""Type, brush with keys, take back, save, filter, reload: what is selected is what was meant."""

import itertools
import json
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from qsocore import selection
from tests.browser.conftest import serve
from tests.browser.test_dashboard import ring


def rows(table, rule):
    rule = selection.from_json(rule) if rule.startswith("{") else selection.parse(rule)
    return set(np.flatnonzero(selection.evaluate(rule, table.values, table.n_rows)).tolist())


def box(page):
    return page.page.get_by_role("combobox", name="Select by rule")


def search(page, text):
    box(page).fill(text)
    box(page).press("Enter")


def rule_of(page, name="selection"):
    return parse_qs(urlsplit(page.page.url).query).get(name, [""])[0]


def wait_for_rule(page, text, name="selection"):
    """Until the address says this rule."""
    page.page.wait_for_function(
        "([name, rule]) => (new URLSearchParams(location.search).get(name) ?? '') === rule",
        arg=[name, json.dumps(json.loads(selection.to_json(selection.parse(text))), separators=(",", ":")) if text else ""])


def open_panel(page):
    page.page.get_by_role("button", name="The selection as a rule").click()
    return page.page.get_by_role("dialog", name="The selection")


def test_a_rule_is_completed_and_selects(atlas, table):
    page = atlas()
    box(page).click()
    page.page.keyboard.type("z > 1.5 & cl")
    page.page.get_by_role("option", name="class").first.wait_for()
    page.page.keyboard.press("Tab")
    page.page.get_by_role("option", name="==").wait_for()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    page.page.get_by_role("option", name='"QSO"').wait_for()
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    wait_for_rule(page, 'z > 1.5 & class == "QSO"')
    page.wait_for_counts(selected=len(rows(table, 'z > 1.5 & class == "QSO"')))
    assert open_panel(page).get_by_label("Rule of the selection").input_value() == 'z > 1.5 & class == "QSO"'


def test_a_fault_is_shown_at_its_place_and_changes_nothing(atlas):
    page = atlas()
    search(page, "z > 2 & class = QSO")
    page.page.get_by_text("expected a number, or a text in quotes").wait_for()
    assert page.page.locator("mark").inner_text() == "QSO" and box(page).input_value() == "z > 2 & class = QSO"
    search(page, "zz > 2")
    page.page.get_by_text("there is no column 'zz'").wait_for()
    assert rule_of(page) == ""


def test_an_id_comes_into_focus_and_a_cone_selects(atlas, table):
    page = atlas()
    search(page, "00042")
    page.page.locator(".head .id", has_text="test:one:00042").wait_for()
    page.wait_for_counts(selected=1)
    search(page, f"{table.exact('ra')[7]:.7f} {table.exact('dec')[7]:+.7f} r=2s")
    page.page.wait_for_function("() => location.search.includes('cone')")
    assert rows(table, rule_of(page)) == {7}


def test_held_keys_join_a_lasso_to_the_selection(atlas, table):
    page, first = atlas(f"?maps=pca&selection={json.dumps(selection.parse('z > 1.5'))}"), rows(table, "z > 1.5")
    page.wait_for_counts(selected=len(first))
    for keys, mode in ((["Shift"], "add"), (["Control"], "subtract"), (["Alt"], "subtract"), (["Shift", "Alt"], "intersect")):
        brushed = brush(page, table, keys, mode)
        expected = {"add": first | brushed, "subtract": first - brushed, "intersect": first & brushed}[mode]
        assert expected != first and rows(table, rule_of(page)) == expected
        page.wait_for_counts(selected=len(expected))
        assert_mode(page, "Replace")
        page.page.keyboard.press("Control+z")
        wait_for_rule(page, "z > 1.5")


def brush(page, table, keys, mode):
    """Draw a lasso with keys held; the rows inside it."""
    xs, ys = ring(table)
    (place,) = page.places(xs[:1], ys[:1])
    page.page.mouse.move(*place)
    for key in keys:
        page.page.keyboard.down(key)
    assert_mode(page, mode.capitalize())
    page.lasso(xs, ys)
    for key in keys:
        page.page.keyboard.up(key)
    page.page.wait_for_function("() => location.search.includes('polygon')")
    lasso = selection.from_json(rule_of(page))["rules"][1]
    lasso = lasso["rule"] if mode == "subtract" else lasso
    assert lasso["op"] == "polygon"
    return rows(table, json.dumps(lasso))


def assert_mode(page, name):
    page.page.locator(f'[role=radio][aria-label="{name}"][aria-checked=true]').wait_for()


def test_keys_and_buttons_take_back_and_do_again(atlas, table):
    page = atlas()
    for text in ("z > 1", "z > 2"):
        search(page, text)
        wait_for_rule(page, text)
    box(page).blur()
    for press, text in (("Control+z", "z > 1"), ("Control+z", ""), ("Control+Shift+z", "z > 1"), ("Control+y", "z > 2")):
        page.page.keyboard.press(press)
        wait_for_rule(page, text)
    page.page.get_by_role("button", name="Undo").click()
    wait_for_rule(page, "z > 1")
    page.page.get_by_role("button", name="Redo").click()
    wait_for_rule(page, "z > 2")
    assert page.page.get_by_role("button", name="Redo").is_disabled()


def test_the_rule_is_edited_inverted_kept_in_slots_and_drawn_alone(atlas, table):
    page = atlas()
    search(page, "z > 2")
    wait_for_rule(page, "z > 2")
    panel = open_panel(page)
    text = panel.get_by_label("Rule of the selection")
    text.fill("z > 2 &")
    text.press("Enter")
    panel.get_by_text("expected a column").wait_for()
    text.fill("z > 2.5")
    text.press("Enter")
    wait_for_rule(page, "z > 2.5")
    panel.get_by_role("button", name="Put the selection into A").click()
    wait_for_rule(page, "z > 2.5", "a")
    panel.get_by_role("button", name="Select what is not selected").click()
    wait_for_rule(page, "outside z > 2.5")
    page.wait_for_counts(selected=table.n_rows - len(rows(table, "z > 2.5")))
    panel.get_by_role("button", name="Swap A and B").click()
    wait_for_rule(page, "z > 2.5", "b")
    n = len(rows(table, "z > 2.5"))
    page.page.get_by_role("button", name=f"B holds {n}").wait_for()
    panel.get_by_role("button", name="Draw only what is selected").click()
    page.wait_for_counts(in_view=table.n_rows - n, drawn=table.n_rows - n, selected=0, catalogue=table.n_rows)
    panel.get_by_role("button", name="Draw everything").click()
    page.wait_for_counts(in_view=table.n_rows, drawn=table.n_rows)


@pytest.fixture
def own(chromium, store_path, tmp_path):
    """A server on a copy of the store, in which selections can be saved."""
    path = Path(shutil.copytree(store_path, tmp_path / "own.store"))
    process, url = serve(["serve", str(path)])
    yield url, path
    process.terminate()
    process.wait(10)


def test_a_saved_selection_is_found_by_another_session_and_copied(atlas, own, table):
    url, path = own
    one, other = atlas(url=url), atlas(url=url)
    search(one, "z > 2")
    wait_for_rule(one, "z > 2")
    panel = open_panel(one)
    panel.get_by_label("Name for the selection").fill("far ones")
    panel.get_by_label("Name for the selection").press("Enter")
    panel.get_by_role("button", name="Load far ones").wait_for()
    assert (path / "selections" / "far ones.json").is_file()
    assert rule_of(other) == "" and other.counts()[2] == 0, "two sessions share no selection"
    panel = open_panel(other)
    panel.get_by_role("button", name="Load far ones").click()
    wait_for_rule(other, "z > 2")
    other.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.get_by_role("button", name="Copy as JSON").click()
    panel.get_by_text("Copied").wait_for()
    copied = other.page.evaluate("() => navigator.clipboard.readText()")
    assert selection.from_json(copied) == selection.parse("z > 2")
    panel.get_by_label("Name for the selection").fill("farther")
    panel.get_by_role("button", name="Rename far ones").click()
    panel.get_by_role("button", name="Load farther").wait_for()
    panel.get_by_role("button", name="Delete farther").click()
    panel.get_by_role("button", name="Load farther").wait_for(state="detached")
    assert list((path / "selections").glob("*.json")) == []


def drag(page, name, start, stop):
    field = page.page.get_by_role("region", name=name).locator(".field").bounding_box()
    y = field["y"] + field["height"] / 2
    page.page.mouse.move(field["x"] + start * field["width"], y)
    page.page.mouse.down()
    page.page.mouse.move(field["x"] + stop * field["width"], y, steps=6)
    page.page.mouse.up()


def passing(page, n, total):
    page.page.get_by_text(f"{n:,} of {total:,} pass").wait_for()


def test_filters_restrict_what_is_drawn_and_see_each_other(atlas, table):
    page = atlas("?drawer=True&colour_by=class")
    page.page.get_by_text(f"all {table.n_rows} objects pass").wait_for()
    drag(page, "Redshift", 0.4, 0.8)
    low, high = (page.page.get_by_role("slider", name=f"Redshift, {end}").get_attribute("aria-valuenow")
                 for end in ("from", "to"))
    wait_for_rule(page, f"{low} <= z <= {high}", "filters")  # the end of the drag, not a place on its way
    span = rule_of(page, "filters")
    n = len(rows(table, span))
    passing(page, n, table.n_rows)
    page.wait_for_counts(in_view=n, drawn=n)
    of_class = page.page.get_by_role("region", name="Class")
    quasars = len(rows(table, span) & rows(table, 'class == "QSO"'))
    assert of_class.locator(".item", has_text="QSO").locator(".number").inner_text() == f"{quasars:,}"
    of_class.get_by_role("checkbox", name="STAR").click()
    page.page.wait_for_function("() => location.search.includes('STAR')")
    passing(page, len(rows(table, rule_of(page, "filters"))), table.n_rows)
    page.page.get_by_role("button", name="Select these").click()
    page.wait_for_counts(selected=len(rows(table, rule_of(page, "filters"))))
    page.page.keyboard.press("Control+z")
    page.page.keyboard.press("Control+z")
    page.page.wait_for_function("() => !location.search.includes('STAR') && !location.search.includes('selection=')")
    assert_fits(page)
    page.page.get_by_role("button", name="Reset all").click()
    page.wait_for_counts(in_view=table.n_rows, drawn=table.n_rows, selected=0)


def assert_fits(page):
    """At 1280 x 720 with the drawer open nothing of the strip or the filters is cut."""
    for name in (".strip", ".filters", ".body"):
        wide, room = page.page.locator(name).first.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
        assert wide <= room, f"{name} is {wide} pixels wide in {room}"
    boxes = [box.bounding_box() for box in page.page.locator(".strip > *").all()]
    edges = [(box["x"], box["x"] + box["width"]) for box in boxes]
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(edges))


def test_a_filter_is_moved_by_keys_typed_added_and_removed(atlas, table):
    page = atlas("?drawer=True")
    handle = page.page.get_by_role("slider", name="Redshift, from")
    handle.press("PageUp")
    page.page.wait_for_function("() => location.search.includes('filters=')")
    low = json.loads(rule_of(page, "filters"))["value"]
    assert 0.1 < low < 0.3 and float(handle.get_attribute("aria-valuenow")) == low
    least = page.page.get_by_label("Redshift, at least")
    least.fill("2")
    least.press("Enter")
    wait_for_rule(page, "z >= 2", "filters")
    page.page.get_by_label("Add a filter").select_option("dec")
    page.page.get_by_label("Dec (°), at most").fill("0")
    page.page.get_by_label("Dec (°), at most").press("Enter")
    wait_for_rule(page, "z >= 2 & dec <= 0", "filters")
    passing(page, len(rows(table, "z >= 2 & dec <= 0")), table.n_rows)
    page.page.get_by_role("button", name="Remove the filter Redshift").click()
    wait_for_rule(page, "dec <= 0", "filters")
    passing(page, len(rows(table, "dec <= 0")), table.n_rows)


def test_a_reload_restores_selection_slots_and_filters(atlas, table):
    page = atlas("?drawer=True")
    search(page, "z > 1")
    wait_for_rule(page, "z > 1")
    page.page.get_by_role("button", name="Put the selection into A").click()
    search(page, "z > 2")
    wait_for_rule(page, "z > 2")
    page.page.get_by_role("button", name="Put the selection into B").click()
    page.page.get_by_label("Redshift, at most").fill("3")
    page.page.get_by_label("Redshift, at most").press("Enter")
    wait_for_rule(page, "z <= 3", "filters")
    n, url = len(rows(table, "z > 2 & z <= 3")), page.page.url
    page.wait_for_counts(selected=n)
    page.page.reload()
    page.wait()
    page.wait_for_counts(selected=n, drawn=len(rows(table, "z <= 3")))
    assert page.page.url == url
    passing(page, len(rows(table, "z <= 3")), table.n_rows)
    assert page.page.get_by_label("Redshift, at most").input_value() == "3"
    for slot, text in (("A", "z > 1"), ("B", "z > 2")):
        page.page.get_by_role("button", name=f"{slot} holds {len(rows(table, text))}").wait_for()
