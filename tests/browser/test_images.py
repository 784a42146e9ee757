"""A store of images in a real browser: the right picture for the right object, however it was found."""

import json
import time

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard import image
from dashboard.exemplars import exemplars
from dashboard.library import Library
from dashboard.ordering import Order, page
from dashboard.sprites import Kind
from tests.browser.atlas import PATIENCE_MS
from tests.browser.conftest import serve
from tests.dashboard.survey import make_image_store

QUASARS = {"op": "compare", "column": "class", "cmp": "==", "value": "QSO"}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A store of images with a run that gives them back."""
    from qsocore.workflow.embed import embed
    from qsocore.workflow.train import train

    path = tmp_path_factory.mktemp("browser") / "images.store"
    make_image_store(path, 400)
    train("image-vae", path, "vae", ["epochs=1"], publish=False)
    embed(path, "vae", ["pca"])
    return Library.open(path)


@pytest.fixture(scope="module")
def url(chromium, images):
    process, address = serve(["serve", str(images.path)])
    yield address
    process.terminate()
    process.wait(10)


def shown_is(atlas, images, row):
    """Head, bands and colour on the page are those of a row, pixel for pixel."""
    (object_id,), cube = images.table().ids_of([row]), images.pictures.cube(row)
    expect(atlas.page.locator(".head .id")).to_have_text(object_id, timeout=PATIENCE_MS)
    for name, picture in (("gri in colour", image.marked(image.lupton(cube), cube.masked[..., :3].all(axis=2))),
                          ("band i", image.marked(image.in_grey(cube, "i"), cube.masked[..., 2]))):
        here = atlas.page.get_by_alt_text(name, exact=True)
        expect(here).to_have_attribute("src", image.as_url(image.png(picture)), timeout=PATIENCE_MS)
    assert here.evaluate("image => image.naturalWidth") == cube.flux.shape[1]


def focus_of(atlas):
    return atlas.page.evaluate("new URLSearchParams(location.search).get('focus')")


def test_a_tap_shows_the_image_of_what_was_tapped_in_the_spectrums_place(atlas, images, url):
    table = images.table("vae")
    page = atlas("?maps=mag_z,mag_J&rare=", url=url)
    page.page.get_by_text("Tap an object on the map").wait_for()
    assert page.page.get_by_role("tab", name="Image", exact=True).count() == 0, "it stands above"
    x, y = table.numbers("mag_z"), table.numbers("mag_J")
    apart = np.hypot((x[:, None] - x) / np.ptp(x), (y[:, None] - y) / np.ptp(y)) + np.eye(len(x))
    for row in np.argsort(-apart.min(axis=1))[:2].tolist():
        page.tap(x[row], y[row])
        shown_is(page, images, row)
    page.page.get_by_role("button", name="Next object").click()
    shown_is(page, images, row + 1)
    expect(page.page.get_by_alt_text("band g, residual", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.page.get_by_role("combobox", name="What a model goes by").select_option("vae/examples")
    examples = page.page.locator(".card.picture")
    expect(examples).to_have_count(8, timeout=PATIENCE_MS)
    wanted = exemplars(images, "vae/examples", "vae", row + 1)
    assert examples.evaluate_all("cards => cards.map((card) => card.title)") == wanted.ids
    examples.nth(2).click()
    shown_is(page, images, int(table.rows_of(wanted.ids[2:3])[0]))


def test_the_mosaic_shows_each_objects_image_after_filter_and_sort(atlas, images, url):
    table = images.table("vae")
    page_ = atlas(f"?page=selection&tab=Mosaic&filters={json.dumps(QUASARS)}", url=url)
    page_.page.locator(".cell img").first.wait_for()
    page_.choose("Order", "mag_z")
    page_.page.get_by_role("checkbox", name="Largest first").check()
    rows = np.flatnonzero(np.arange(400) % 3 == 0)
    wanted = page(table, rows, Order("mag_z", descending=True), 0, 36)
    assert not np.array_equal(wanted, rows[:36])
    first = page_.page.locator(f".cell[data-id='{table.ids_of(wanted[:1])[0]}']")
    first.wait_for()
    seen = page_.page.locator(".cell").evaluate_all(
        "cells => cells.map((one) => [one.dataset.id, one.querySelector('img')?.src])")
    drawn = images.sprites.of(wanted, Kind(128))
    assert seen == [[name, image.as_url(data)] for name, data in zip(table.ids_of(wanted), drawn, strict=True)]
    page_.page.locator(".cell").nth(7).click()
    page_.address_has("focus=")
    assert focus_of(page_) == table.ids_of(wanted)[7]
    page_.page.get_by_role("tab", name="Object", exact=True).click()
    shown_is(page_, images, int(wanted[7]))


def test_pages_about_spectra_say_that_there_are_none(atlas, images, url):
    page_ = atlas("?run=vae&page=space", url=url)
    page_.page.get_by_text("This run does not read spectra").wait_for()
    page_.page.get_by_role("tab", name="Selection", exact=True).click()
    page_.page.get_by_role("tab", name="Composite", exact=True).click()
    page_.page.get_by_text("This table has no spectra").wait_for()
    page_.page.get_by_role("tab", name="Models", exact=True).click()
    page_.page.get_by_role("button", name="Card", exact=True).click()
    page_.page.get_by_text("test: g r i z Y, 24 × 24 pixels of 0.263″").wait_for()


def test_a_page_of_a_hundred_images_turns_in_half_a_second(atlas, images, url):
    page_ = atlas("?page=selection&tab=Mosaic", url=url)
    page_.page.locator(".cell img").first.wait_for()
    page_.choose("On a page", "10 × 10")
    expect(page_.page.locator(".cell")).to_have_count(100, timeout=PATIENCE_MS)
    turned = []
    for name in ("Next page", "Next page", "Previous page", "Next page"):
        before = page_.page.locator(".cell").first.get_attribute("data-id")
        page_.page.wait_for_timeout(400)  # the next page is being drawn meanwhile
        started = time.perf_counter()
        page_.page.get_by_role("button", name=name, exact=True).click()
        expect(page_.page.locator(".cell").first).not_to_have_attribute("data-id", before, timeout=PATIENCE_MS)
        turned.append(time.perf_counter() - started)
    assert min(turned) < 0.5, turned


def test_a_pointer_over_the_map_and_neighbours_show_images(atlas, images, url):
    table = images.table("vae")
    page_ = atlas(f"?run=vae&focus={table.ids_of([21])[0]}&tab=Neighbours&spokes=False", url=url)
    cards = page_.page.locator(".grid .card")
    expect(cards).to_have_count(12, timeout=PATIENCE_MS)
    seen = cards.evaluate_all("cards => cards.map((card) => [card.title, card.querySelector('img').src])")
    rows = table.rows_of([name for name, _ in seen])
    features = table.features()
    assert set(rows) == set(np.argsort(np.linalg.norm(features - features[21], axis=1))[1:13])
    assert [source for _, source in seen] == [image.as_url(data) for data in images.sprites.of(rows, Kind(128))]
    page_.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('map').renderers.find((r) => r.name == 'rare')"
                                 ".data_source.data.id?.length")
    x, y = (table.numbers(name) for name in table.maps["pca"])
    row = int(np.argmax(np.hypot(x - np.median(x), y - np.median(y))))
    (place,) = page_.places([x[row]], [y[row]])
    page_.page.mouse.move(place[0] + 30, place[1])
    page_.page.mouse.move(*place)
    shown = page_.page.locator("img[src*='thumbnail/']")
    shown.wait_for()
    assert shown.get_attribute("src").endswith(table.ids_of([row])[0].replace(":", "%3A"))
    page_.page.wait_for_function("""() => {
        const find = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? find(e.shadowRoot) : [])])
        return find(document).some((e) => e.src?.includes("thumbnail/") && e.naturalWidth == 24)
    }""")
