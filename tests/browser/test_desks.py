"""The desks in a real browser: graded by keys, by two at once, and with the server killed; nothing lost, nothing doubled."""

import json
import re
import socket
from collections import Counter

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard import image
from dashboard.library import Library
from qsocore.inspection import UNDO
from qsocore.inspection.standing import standing
from qsocore.store.labels import Labels
from qsocore.workflow.campaign import create
from tests.browser.atlas import PATIENCE_MS
from tests.browser.conftest import serve
from tests.dashboard.survey import make_image_store

DESK = "?page=grade&maps=mag_z,mag_J&rare="
WAITING = "Object.keys(localStorage).filter((name) => name.startsWith('atlas deed')).map((name) => name.split(' ').at(-1))"
HEAR = """() => {
  window.heard = []
  const events = Bokeh.documents[0].event_manager, told = Object.getPrototypeOf(events).trigger
  events.trigger = function (event) { window.heard.push(event.data); return told.call(this, event) }
}"""
"""Keeps what the server says from now on."""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """A store of images, and a campaign of them with repeats and injected ones."""
    path = tmp_path_factory.mktemp("desks") / "images.store"
    make_image_store(path, 130)
    create(path, "rings", n=24, repeats=0.1, injected=0.1, graders=("ada", "ben"), feedback=True, seed=4)
    return Library.open(path)


@pytest.fixture(scope="module")
def servers(chromium, gallery):
    """By person a server on the same store; each is started when it is first asked for."""
    running = {}

    def of(person):
        if person not in running:
            running[person] = serve(["serve", str(gallery.path)], person)
        return running[person][1]

    yield of
    for process, _ in running.values():
        process.terminate()
    for process, _ in running.values():
        process.wait(10)


class DeskPage:
    """A page on which a desk is open."""

    def __init__(self, page, words):
        self.page, self.press = page, page.keyboard.press
        expect(page.locator(".mode")).to_have_text(words, timeout=PATIENCE_MS)
        self.ready()

    @property
    def place(self):
        return int(self.page.locator(".strip .place b").inner_text().replace(",", ""))

    @property
    def said(self):
        return self.page.locator(".foot .before").inner_text()

    def ready(self):
        """Until the object is there."""
        there = self.page.locator(".desk .large img, .desk.spectra .note:not(:empty)")
        there.first.wait_for(timeout=PATIENCE_MS)

    def at(self, place):
        expect(self.page.locator(".strip .place b")).to_have_text(f"{place:,}")
        return self

    def confirmed(self):
        """Until the server has confirmed everything."""
        self.page.wait_for_function(f"{WAITING}.length === 0", timeout=PATIENCE_MS)


def labels_of(gallery):
    return Labels.of(gallery.path)


def free(gallery, person):
    """What stands of what a person said of the objects of the page."""
    return [one for one in standing(labels_of(gallery).verdicts(person=person, campaign="")) if one.person == person]


def test_lenses_are_graded_by_keys_alone(atlas, gallery, servers):
    desk = DeskPage(atlas(DESK, url=servers("ada")).page, "Lens desk")
    page, press = desk.page, desk.press
    press("Shift+W")  # the maps make room
    first = page.locator(".before .id").inner_text()
    row = gallery.table().row_of(first)
    cube = gallery.pictures.cube(row)
    shown = image.marked(image.lupton(cube), cube.masked[..., :3].all(axis=2))
    assert page.get_by_alt_text("colour, large").get_attribute("src") == image.as_url(image.png(shown))
    press("q")
    desk.at(2)
    second = page.locator(".before .id").inner_text()
    press("s")
    desk.at(3)
    press("c")
    page.keyboard.type("two blue arcs, q w e r")  # in a text field keys only write
    press("Enter")
    press("w")
    desk.at(4)
    press("b")
    assert "You said B two blue arcs, q w e r" in desk.at(3).said
    press("2")
    expect(page.locator(".large .what")).to_have_text("faint")
    press("i")
    press("n")
    press("e")
    desk.at(5).confirmed()
    assert [(one.label, one.kind) for one in free(gallery, "ada")] == [("A", ""), ("X", "spiral"), ("B", ""), ("C", "")]
    assert [one.object_id for one in free(gallery, "ada")][:2] == [first, second]
    assert free(gallery, "ada")[-1].shown["main"] == "faint" and free(gallery, "ada")[-1].shown["invert"]
    press("Control+z")
    desk.at(4)
    press("Control+z")
    desk.at(3).confirmed()
    assert [one.label for one in free(gallery, "ada")] == ["A", "X"]
    assert [one.label for one in labels_of(gallery).verdicts(person="ada")] == ["A", "X", "B", "C", UNDO, UNDO]
    press("p")  # stay after a verdict
    press("r")
    desk.at(3).confirmed()
    assert "You said X" in desk.said
    press("Escape")  # the page has its keys again
    expect(page.locator(".mode")).not_to_have_text("Lens desk")
    press("2")
    page.get_by_role("tab", name="Selection", selected=True).first.wait_for()


def test_a_mosaic_is_marked_and_unmarked(atlas, gallery, servers):
    desk = DeskPage(atlas(DESK, url=servers("ada")).page, "Lens desk")
    page, press = desk.page, desk.press
    press("v")
    cells = page.locator(".cell")
    expect(cells).to_have_count(100)
    cells.nth(50).click()
    expect(cells.nth(50)).to_have_attribute("data-mark", "candidate")
    cells.nth(51).click(modifiers=["Shift"])
    expect(cells.nth(51)).to_have_attribute("data-mark", "interesting")
    cells.nth(50).click()
    expect(cells.nth(50)).to_have_attribute("data-mark", "")
    press("ArrowDown")
    press("Enter")
    expect(cells.nth(60)).to_have_attribute("data-mark", "candidate")
    press("w")
    press("n")
    expect(cells).to_have_count(30)
    press("Shift+X")
    desk.confirmed()
    marks = Counter(one.label for one in free(gallery, "ada") if one.shown["mode"] == "mosaic")
    assert marks == {"interesting": 1, "B": 1, "X": 30}
    press("b")
    expect(cells.nth(60)).to_have_attribute("data-mark", "B")


def test_two_at_once_have_each_their_own_queue_and_are_told_nothing(atlas, gallery, servers):
    pages = {person: atlas(DESK, url=servers(person)).page for person in ("ada", "ben")}
    desks = {person: DeskPage(page, "Lens desk") for person, page in pages.items()}
    for page in pages.values():
        page.evaluate(HEAR)
        page.get_by_label("What is graded", exact=True).select_option("rings")
    for desk in desks.values():
        expect(desk.page.locator(".before .id")).to_have_text("item 1")
        desk.ready()
    n = len(labels_of(gallery).campaign("rings").items)
    for k in range(n):
        for person, desk in desks.items():
            desk.page.locator(".large img").wait_for()
            desk.press("qwer"[(k + (person == "ben")) % 4])
            expect(desk.page.locator(".strip .place b")).to_have_text(str(min(k + 2, n)))
    for desk in desks.values():
        expect(desk.page.locator(".stage")).to_contain_text("That was the last one")
        desk.confirmed()
    said = list(labels_of(gallery).verdicts(campaign="rings"))
    for person in desks:
        own = [one for one in said if one.person == person]
        assert sorted(one.item for one in own) == list(range(n))  # none lost, none doubled
        assert [one.label for one in own] == ["qwer"[(k + (person == "ben")) % 4].translate(str.maketrans("qwer", "ABCX"))
                                              for k in range(n)]
    items = labels_of(gallery).campaign("rings").items
    for page in pages.values():
        told = json.dumps(page.evaluate("JSON.stringify(window.heard)"))
        assert '"item' in told.replace("\\", "") and not re.search("repeat|injected|test:one", told)
    truths = [item.number for item in items if item.what == "injected"]
    assert truths and all(one.object_id.startswith("injected:") for one in said if one.item in truths)


def test_a_killed_server_loses_nothing_that_it_confirmed_and_the_page_keeps_the_rest(atlas, gallery, chromium):
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = str(trial.getsockname()[1])
    process, url = serve(["serve", str(gallery.path), "--port", port], "eve")
    opened = atlas(DESK, url=url)
    desk = DeskPage(opened.page, "Lens desk")
    for _ in range(12):
        desk.page.locator(".large img").wait_for()
        desk.press("e")
    desk.page.locator(".large img").wait_for()  # grades are of what is on the screen, and the next may still be on its way
    process.kill()
    process.wait(10)
    waiting = desk.page.evaluate(WAITING)
    there = [one.token for one in labels_of(gallery).verdicts(person="eve")]
    assert len(set(there) | set(waiting)) == 12 and len(there) >= 12 - len(waiting)
    desk.press("q")  # nobody hears this one
    desk.page.locator(".strip .saved[data-state=late]").wait_for()
    assert re.search(r"\d+ not confirmed: kept here", desk.page.locator(".strip .saved").inner_text())
    opened.complaints.clear()  # the browser's of a server that is gone
    process, _ = serve(["serve", str(gallery.path), "--port", port], "eve")
    try:
        desk.page.reload()
        again = DeskPage(desk.page, "Lens desk")
        again.confirmed()
        said = list(labels_of(gallery).verdicts(person="eve"))
        assert Counter(one.label for one in said) == {"C": 12, "A": 1} and len({one.token for one in said}) == 13
        opened.complaints.clear()
    finally:
        process.terminate()
        process.wait(10)


def test_spectra_are_graded_in_desis_words(atlas, store_path, table):
    desk = DeskPage(atlas("?page=grade").page, "Spectra desk")
    page, press = desk.page, desk.press
    name = page.locator(".before .id").inner_text()
    (z,) = table.numbers("z")[[table.row_of(name)]]
    for key in ("Shift+R", "g", "Shift+D", "]", "]", "3"):
        press(key)
    desk.at(2)
    second = page.locator(".before .id").inner_text()
    wave = np.array(page.evaluate("Array.from(Bokeh.documents[0].get_model_by_name('pixels spectra').data.flux)"), float)
    flux = table.store.spectra([table.row_of(second)]).flux[0]
    assert np.nanmax(np.abs(wave - flux)) < 1e-5 * np.abs(flux).max()  # the spectrum of whom the page names
    press("0")
    desk.at(3)
    press("b")
    press("b")
    assert "You said 3 GALAXY R" in desk.at(1).said
    expect(page.get_by_role("button", name="It is a galaxy")).to_have_attribute("aria-pressed", "true")
    desk.confirmed()
    first, other = standing(Labels.of(store_path).verdicts(desk="spectra"))
    assert (first.object_id, first.label, first.kind, first.flags, first.comment) == (name, "3", "GALAXY", "R", "DLA")
    assert first.z == pytest.approx(float(z) + 2e-4, abs=2e-6) and first.shown["run"] == "small"
    assert (other.object_id, other.label, other.z) == (second, "0", None)
    press("l")  # the spectrum keeps its keys
    expect(page.locator("[aria-label='Line marks']:visible")).to_have_attribute("aria-pressed", "false")
    press("z")
    expect(page.locator(".mode")).to_have_text("Text")
