"""The object page: the browser's own work on a spectrum is right, asks the server nothing, and shows whom it names."""

import json
from urllib.parse import quote, urlsplit

import numpy as np
import pytest

from dashboard import spectrum
from qsocore.lines import line_list

_SENT = """() => {
  const send = WebSocket.prototype.send
  window.sent = 0
  WebSocket.prototype.send = function (...words) { window.sent += 1; return send.apply(this, words) }
}"""


class Spectrum:
    """The spectrum of a page, as a test handles it."""

    def __init__(self, page):
        self.atlas, self.page = page, page.page
        self.page.locator(".desk").wait_for()
        page.wait_for_figure("spectrum", 60)
        self.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('pixels').data.wave.length > 0")

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def slide(self, name, value):
        self.page.get_by_role("slider", name=name, exact=True).fill(str(value))

    def column(self, name, source="pixels"):
        """A column of a source; numbers with NaN, or text."""
        values = self.page.evaluate("""([source, name]) => Array.from(Bokeh.documents[0].get_model_by_name(source).data[name],
            (value) => typeof value === "number" && !Number.isFinite(value) ? null : value)""", [source, name])
        return values if values and isinstance(values[0], str) else np.array(values, float)

    @property
    def window(self):
        return self.page.evaluate("() => { const {start, end} = Bokeh.documents[0].get_model_by_name('spectrum').x_range; "
                                  "return [start, end] }")

    def look(self, start, end):
        self.page.evaluate("([start, end]) => Bokeh.documents[0].get_model_by_name('spectrum').x_range.setv({start, end})",
                           [start, end])


@pytest.fixture
def shown(atlas):
    def opened(object_id="test:one:00010", **how):
        made = Spectrum(atlas(f"?focus={object_id}", **how))
        made.press("Redshift and smoothing")
        made.page.wait_for_timeout(300)
        return made

    return opened


@pytest.fixture(scope="session")
def decoder(store_path):
    from dashboard.library import Library

    return Library.open(store_path).decoder("small")


def test_smoothing_equals_the_numpy_reference(shown, table, decoder):
    page, view = shown(), spectrum.look_at(table, 10, decoder)
    page.page.evaluate(_SENT)
    for sigma in (0.5, 26, 0):
        page.slide("Smoothing", sigma)
        mean, error = spectrum.smooth(view.flux, view.ivar, sigma)
        difference, by = spectrum.smooth(view.flux - view.model, view.ivar, sigma)
        model = spectrum.smooth(view.model, view.ivar, sigma)[0] if sigma else view.model
        wanted = {"flux": mean, "low": mean - error, "high": mean + error, "residual": difference / by, "model": model}
        gaps = np.isnan(mean)
        for name, values in wanted.items():
            drawn = page.column(name)
            if name in ("low", "high"):
                values, drawn = values[~gaps], drawn[~gaps]
            np.testing.assert_allclose(drawn, values, rtol=1e-5, atol=1e-4, err_msg=name)
        assert np.array_equal(page.column("low")[gaps], page.column("high")[gaps]), "no band is drawn over a gap"
    for action in ("more smoothing", "more smoothing", "less smoothing"):
        page.page.evaluate("(detail) => window.dispatchEvent(new CustomEvent('atlas-spectrum', {detail}))", action)
    assert page.page.get_by_role("slider", name="Smoothing", exact=True).input_value() == "1", "keys ask by event"
    assert page.page.evaluate("window.sent") == 0, "smoothing asks the server nothing"


def test_marks_follow_the_redshift_and_the_window_keeps_its_place(shown, table):
    row = int(np.flatnonzero(table.numbers("z") > 1.5)[0])
    page, z = shown(table.row(row)["object_id"]), table.row(row)["z"]
    page.look(4500, 6000)
    page.page.evaluate(_SENT)
    lines, grid = line_list("emission", major_only=True), table.store.grid.wave
    for moved in (z, z + 0.0123):
        page.page.get_by_role("textbox", name="Redshift", exact=True).fill(f"{moved:.6f}")
        page.page.keyboard.press("Enter")
        wanted = [line.wave * (1 + moved) for line in lines if grid[0] < line.wave * (1 + moved) < grid[-1]]
        np.testing.assert_allclose(page.column("wave", "marks"), wanted, rtol=1e-6)
        assert page.window == [4500, 6000]
    speed = 299_792.458 * 0.0123 / (1 + z)
    assert page.page.locator(".shift").inner_text() == f"Δv +{speed:,.0f} km/s from {z:.4f}"
    np.testing.assert_allclose(page.column("rest"), page.column("observed") / (1 + z + 0.0123), rtol=1e-6)
    page.press("Higher redshift")
    assert page.column("wave", "marks")[0] == pytest.approx(wanted[0] * (1 + z + 0.0124) / (1 + z + 0.0123), rel=1e-6)
    page.press("Catalogue redshift")
    assert page.page.locator(".shift").inner_text() == f"Δv 0 km/s from {z:.4f}"
    assert page.window == [4500, 6000] and page.page.evaluate("window.sent") == 0


def test_the_sliders_move_the_redshift_coarsely_and_finely(shown, table):
    row = int(np.flatnonzero(table.numbers("z") > 1.5)[0])
    page = shown(table.row(row)["object_id"])
    box = page.page.get_by_role("textbox", name="Redshift", exact=True)
    page.slide("Fine redshift", 0)
    page.slide("Coarse redshift", 1.23)
    assert float(box.input_value()) == pytest.approx(1.23, abs=1e-9)
    page.slide("Fine redshift", -0.0042)
    assert float(box.input_value()) == pytest.approx(1.2258, abs=1e-9)
    box.fill("far away")
    page.page.keyboard.press("Enter")
    assert box.get_attribute("aria-invalid") == "true"
    assert page.column("rest")[0] == pytest.approx(page.column("observed")[0] / 2.2258, rel=1e-6), "nothing moved"


def test_lines_are_chosen_by_kind_and_weight_and_the_rest_frame_shows_the_same_pixels(shown, table):
    row = int(np.flatnonzero(table.numbers("z") > 1.5)[0])
    page, z = shown(table.row(row)["object_id"]), table.row(row)["z"]

    def names(**kind):
        return [line.name for line in line_list(**kind) if page.window[0] < line.wave * (1 + z) < page.window[1]]

    assert page.column("name", "marks") == names(kind="emission", major_only=True)
    page.press("Absorption lines")
    assert page.column("name", "marks") == names(major_only=True)
    page.press("Major lines only")
    assert page.column("name", "marks") == names()
    page.press("Emission lines")
    assert page.column("name", "marks") == names(kind="absorption")
    page.press("Line marks")
    assert len(page.column("name", "marks")) == 0

    page.look(4500, 6000)
    page.press("Rest frame")
    np.testing.assert_allclose(page.window, [4500 / (1 + z), 6000 / (1 + z)], rtol=1e-6)
    np.testing.assert_allclose(page.column("wave"), page.column("observed") / (1 + z), rtol=1e-6)
    page.press("Line marks")
    assert set(page.column("wave", "marks")) <= {line.wave for line in line_list("absorption")}
    page.press("Rest frame")
    np.testing.assert_allclose(page.window, [4500, 6000], rtol=1e-6)


def test_a_star_shows_what_its_photosphere_absorbs_and_no_name_runs_into_another(shown, table):
    star = int(np.flatnonzero(table.numbers("z") == 0)[0])
    page = shown(table.row(star)["object_id"])
    names, heights = page.column("name", "marks"), page.column("height", "marks")
    assert {"Ca K", "Na D", "Hα"} <= set(names) and "[O III]" not in names
    xs = page.atlas.places(page.column("wave", "marks"), np.zeros(len(names)), "spectrum")[:, 0]
    for k, (x, name) in enumerate(zip(xs, names, strict=True)):
        beside = [other for other, height in zip(xs[k + 1 :], heights[k + 1 :], strict=True) if height == heights[k]]
        assert all(other > x + 6 * len(name) for other in beside), name
    assert max(heights) == heights[0] and min(heights) > 0.6


def test_the_largest_residuals_are_visited_in_order(shown, table, decoder):
    row = int(np.nanargmax(table.numbers("chi2_pix")))
    view = spectrum.look_at(table, row, decoder)
    page, stretches = shown(view.object_id), view.stretches()
    assert stretches, "the worst fit has something to show"
    page.page.evaluate(_SENT)
    for k, stretch in enumerate(stretches[:3]):
        page.press("Next largest residual")
        start, end = page.window
        assert start < stretch.first <= stretch.wave <= stretch.last < end
        assert page.column("x0", "stretch")[0] == pytest.approx(stretch.first)
        sign = "+" if stretch.sigma > 0 else "−"
        assert page.column("text", "stretch") == [f"{sign}{abs(stretch.sigma):.1f} σ at {stretch.wave:.0f} Å"]
        assert page.page.locator(".rank").inner_text() == f"{k + 1} of {len(stretches)}"
    assert page.page.evaluate("window.sent") == 0


def test_what_is_under_the_pointer_is_read_out(shown, table):
    page = shown("test:one:00011")
    flux, wave = page.column("flux"), page.column("wave")
    (place,) = page.atlas.places([wave[250]], [flux[250]], "spectrum")
    page.page.mouse.move(*place)
    reading = page.page.get_by_label("Reading")
    reading.get_by_text("Å").wait_for()
    read = float(reading.inner_text().split()[0])
    pixel = int(np.argmin(np.abs(wave - read)))
    assert abs(pixel - 250) <= 1 and f"{flux[pixel]:.3g}"[:4] in reading.inner_text()


def head_and_spectrum_are_of(page, table, row):
    """Wait until both say the same object, and hold what is drawn to the store."""
    name = table.ids_of([row])[0]
    page.locator(".head .id", has_text=name).wait_for()
    stored = table.store.spectra([row])
    good = stored.mask[0] == 0
    wanted = float(stored.flux[0][good][0])
    page.wait_for_function("""([k, wanted]) => Math.abs(Bokeh.documents[0].get_model_by_name('pixels').data.flux[k] - wanted)
        < 1e-5 * Math.abs(wanted)""", arg=[int(np.flatnonzero(good)[0]), wanted])
    return name


def test_walking_meets_the_selection_in_order_and_shows_whom_it_names(atlas, table):
    rule = {"op": "range", "column": "z", "low": 2.0, "high": 2.3}
    rows = np.flatnonzero((table.numbers("z") >= 2.0) & (table.numbers("z") <= 2.3))
    page = atlas(f"?selection={json.dumps(rule)}&focus={table.ids_of([rows[0]])[0]}")
    opened = Spectrum(page)
    for k, row in enumerate(rows[:3]):
        page.page.get_by_text(f"{k + 1} of {rows.size} selected", exact=True).wait_for()
        head_and_spectrum_are_of(page.page, table, row)
        opened.press("Next object")
    page.page.get_by_text(f"4 of {rows.size} selected", exact=True).wait_for()
    opened.press("Previous object")
    name = head_and_spectrum_are_of(page.page, table, rows[2])
    page.address_has(f"focus={quote(name)}")
    page.page.get_by_role("button", name="Copy id").wait_for()
    page.page.locator(".row td.value", has_text=name).first.wait_for()


def test_a_pinned_window_stays_while_walking_and_a_free_one_starts_anew(shown, table):
    page = shown("test:one:00010")
    whole = page.window
    page.look(5000, 5600)
    page.press("Next object")
    head_and_spectrum_are_of(page.page, table, 11)
    assert page.window == whole
    page.press("Keep the window")
    page.look(5000, 5600)
    page.press("Next object")
    head_and_spectrum_are_of(page.page, table, 12)
    assert page.window == [5000, 5600]


def test_the_row_links_out_by_position_and_opens_nothing_by_itself(atlas, table):
    page = atlas("?focus=test:one:00007").page
    page.locator(".row .links a").first.wait_for()
    ra, dec = (f"{table.row(7)[name]:.6f}" for name in ("ra", "dec"))
    links = page.locator(".row .links a").evaluate_all("links => links.map((a) => [a.textContent, a.href, a.rel, a.target])")
    hosts = {text.split(" ↗")[0]: urlsplit(url).hostname for text, url, _, _ in links}
    assert hosts == {"SDSS": "skyserver.sdss.org", "Legacy Surveys": "www.legacysurvey.org",
                     "SIMBAD": "simbad.cds.unistra.fr", "NED": "ned.ipac.caltech.edu"}
    for _, url, rel, target in links:
        assert ra in url and dec in url and "noopener" in rel and target == "_blank"


def test_a_neighbour_is_brought_into_focus_by_a_click(atlas, table):
    page = atlas("?focus=test:one:00007")
    page.page.get_by_role("tab", name="Neighbours").click()
    cards = page.page.locator(".grid .card")
    cards.first.wait_for()
    latents = table.latents()
    apart = np.linalg.norm(latents - latents[7], axis=1)
    apart[7] = np.inf
    wanted = np.argsort(apart)[:12]
    shown_ids = cards.evaluate_all("cards => cards.map((card) => card.title)")
    assert shown_ids == table.ids_of(wanted)
    distances = [float(text) for text in page.page.locator(".grid .card .distance").all_inner_texts()]
    np.testing.assert_allclose(distances, apart[wanted], rtol=0.01)
    cards.nth(4).click()
    head_and_spectrum_are_of(page.page, table, int(wanted[4]))


def test_the_image_of_an_object_is_its_own_and_others_have_none(atlas, images):
    planes = np.random.default_rng(1).normal(0, 1, (3, 30, 40)).astype(np.float32)
    planes[:, 12:18, 17:23] += 40
    np.savez(images / "test:one:00003.npz", flux=planes, bands=["g", "r", "i"], pixel_scale=0.25)
    page = atlas("?focus=test:one:00003")
    page.page.get_by_role("tab", name="Image").click()
    pictures = page.page.locator(".image img")
    pictures.nth(1).wait_for()  # the fainter and the brighter one need more room
    assert pictures.evaluate_all("all => all.map((one) => [one.alt, one.naturalWidth, one.naturalHeight])") == [
        [name, 40, 30]
        for name in ("gri in colour, faint", "gri in colour", "gri in colour, bright", "band g", "band r", "band i")]
    assert page.page.locator(".image .bar").first.inner_text() == "2″"
    before = pictures.nth(3).get_attribute("src")
    page.page.get_by_role("button", name="Linear", exact=True).click()
    page.page.wait_for_function("""(before) => {
        const find = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? find(e.shadowRoot) : [])])
        return find(document).find((e) => e.alt === "band g")?.src !== before
    }""", arg=before)
    page.page.get_by_role("button", name="Next object").click()
    page.page.get_by_text("No image of this object").wait_for()
