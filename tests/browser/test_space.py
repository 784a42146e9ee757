"""The page "Latent space": what it decodes is what the model makes of the place that is said, by slider, tap and path."""

import shutil

import numpy as np
import pytest

from qsocore.embed.decoder import Decoder
from tests.browser.conftest import serve
from tests.browser.test_dashboard import lonely

FLUX = 3  # of the figure's renderers, the decoded spectrum


@pytest.fixture(scope="session")
def decoder(table):
    return Decoder(table.run, source=table.store.grid)


def sliders(page):
    page.page.get_by_role("slider", name="Latent 0", exact=True).wait_for()
    return page.page.locator(".slide input")


def values(page):
    return np.array([float(text) for text in page.page.locator(".slide .value").all_inner_texts()])


def wait_for_flux(page, wanted):
    """Until the figure shows a decoded spectrum, shape (n_pix,)."""
    for _ in range(200):
        flux = page.column("decoded", FLUX, "flux")
        if len(flux) == len(wanted) and np.allclose(flux, wanted, atol=2e-3, equal_nan=True):
            return
        page.page.wait_for_timeout(100)
    raise AssertionError(f"decoded is off by {np.nanmax(np.abs(flux - wanted))}")


def test_it_begins_at_the_median_and_sliders_decode_live(atlas, table, decoder):
    page = atlas("?page=space")
    assert sliders(page).count() == 6
    median = np.median(table.latents(), axis=0)
    wait_for_flux(page, decoder.decode(median[None])[0])
    assert values(page) == pytest.approx(median, abs=0.02)
    page.page.get_by_text("Nearest object").first.wait_for()
    first = page.page.get_by_role("slider", name="Latent 0", exact=True)
    box = first.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.page.mouse.down()
    for share in np.linspace(0.5, 0.97, 9):
        page.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    page.page.mouse.up()
    there = median.copy()
    there[0] = float(first.input_value())
    assert there[0] > np.percentile(table.latents()[:, 0], 84)
    wait_for_flux(page, decoder.decode(there[None])[0])
    first.press("ArrowLeft")
    there[0] = float(first.input_value())
    wait_for_flux(page, decoder.decode(there[None])[0])
    page.page.get_by_role("button", name="To the median").click()
    wait_for_flux(page, decoder.decode(median[None])[0])


def test_a_tap_on_an_empty_place_is_decoded_and_called_empty(atlas, table, decoder):
    page = atlas("?page=space&maps=latent_0,latent_1")
    sliders(page)
    x, y = table.latents()[:, :2].T
    far = x.min() + 0.02 * np.ptp(x), y.max() - 0.02 * np.ptp(y)
    apart = np.hypot(x - far[0], y - far[1])
    page.tap(*far)
    page.page.locator(".said", has_text="on latent_0, latent_1").wait_for()
    said = page.page.locator(".said").inner_text()
    assert f"{apart.min():.2g}"[:3] in said or f"{apart.min():.3g}"[:3] in said
    there = values(page)
    assert there[:2] == pytest.approx(far, rel=0.02, abs=0.3)  # a pixel of the map
    wait_for_flux_near(page, decoder, there)


def wait_for_flux_near(page, decoder, there):
    """Values on the page have two digits."""
    wanted = decoder.decode(there[None].astype("f4"))[0]
    flux = page.column("decoded", FLUX, "flux")
    assert np.nanmax(np.abs(flux - wanted)) < 0.05 * np.ptp(wanted)


def test_nearest_objects_are_links_into_focus_and_the_page_stays(atlas, table, decoder):
    row = lonely(table)
    page = atlas(f"?page=space&focus={table.ids_of([row])[0]}")
    sliders(page)
    latents = table.latents()
    wait_for_flux(page, decoder.decode(latents[[row]])[0])
    near = np.argsort(np.linalg.norm(latents - latents[row], axis=1))[:3]
    links = page.page.locator(".near .object")
    links.first.wait_for()
    assert [links.nth(k).get_attribute("data-id") for k in range(3)] == table.ids_of(near)
    links.nth(2).click()
    page.address_has(f"focus={table.ids_of(near[2:])[0].replace(':', '%3A')}")
    wait_for_flux(page, decoder.decode(latents[[row]])[0])
    page.page.get_by_role("button", name="To the focus").click()
    wait_for_flux(page, decoder.decode(latents[[near[2]]])[0])


def test_a_path_from_one_object_to_another(atlas, table, decoder):
    latents, row = table.latents(), lonely(table)
    page = atlas(f"?page=space&focus={table.ids_of([row])[0]}")
    sliders(page)
    page.page.get_by_role("button", name="Path", exact=True).click()
    page.page.get_by_role("group", name="Start of the path").get_by_role("button", name="Focus").click()
    page.page.get_by_role("button", name="To the median").click()
    wait_for_flux(page, decoder.decode(np.median(latents, axis=0)[None])[0])
    page.page.get_by_role("group", name="End of the path").get_by_role("button", name="Here").click()
    frames = page.page.locator(".frame")
    frames.nth(10).wait_for()
    assert frames.count() == 11 and table.ids_of([row])[0] in frames.first.get_attribute("title")
    way = latents[row] + np.linspace(0, 1, 11)[:, None] * (np.median(latents, axis=0) - latents[row])
    decoded = decoder.decode(way)
    wait_for_flux(page, decoded[0])
    frames.nth(4).click()
    wait_for_flux(page, decoded[4])
    nearest = table.ids_of([np.linalg.norm(latents - way[4], axis=1).argmin()])[0]
    assert nearest in frames.nth(4).get_attribute("title")
    page.page.get_by_role("button", name="Play").click()
    wait_for_flux(page, decoded[10])
    page.page.get_by_role("button", name="Play").wait_for()


@pytest.mark.parametrize(("scheme", "size"), [("light", (1280, 720)), ("dark", (1920, 1080))])
def test_nothing_is_cut(atlas, scheme, size):
    page = atlas("?page=space", size=size, scheme=scheme)
    last = sliders(page).last.bounding_box()
    assert last["y"] + last["height"] < size[1] - 12
    page.wait_for_figure("decoded", 150)
    wide = page.page.locator(".said").evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert wide[0] <= wide[1]


def test_a_run_without_weights_says_what_to_do(atlas, chromium, store_path, tmp_path):
    path = tmp_path / "bare.store"
    shutil.copytree(store_path, path)
    (weights,) = path.glob("runs/*/weights.safetensors")
    weights.unlink()
    process, url = serve(["serve", str(path)])
    try:
        page = atlas("?page=space", url=url)
        page.page.get_by_text("This run has latents but no model").wait_for()
    finally:
        process.terminate()
        process.wait(10)
