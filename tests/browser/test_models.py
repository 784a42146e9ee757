"""The page of models follows trainings as they run; maps are coloured by what models predict; a strip says why they do."""

import json
import subprocess
import sys

import numpy as np
import pytest

from dashboard.library import Library
from qsocore.explain import Explainer
from qsocore.grid import WaveGrid
from qsocore.store.runs import list_runs, shipped
from qsocore.workflow.embed import embed
from qsocore.workflow.evaluate import evaluate
from qsocore.workflow.predict import predict
from qsocore.workflow.simulate import simulate
from qsocore.workflow.train import train
from tests.browser.conftest import ROOT, serve

GRID = WaveGrid("test512", "log10", 3.5563, 4.0170, 512)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A store with a map, two predictors of which one is evaluated, and what they predict."""
    path = tmp_path_factory.mktemp("models") / "small.store"
    simulate(path, 240, seed=3, grid=GRID, workers=1)
    train("pca", path, "map", ["latents=4", "epochs=3"], publish=False)
    embed(path, "map", ["pca"])
    train("classifier", path, "kinds", ["epochs=3"], publish=False)
    train("redshift-mlp", path, "zed", ["epochs=3"], publish=False)
    for name in ("kinds", "zed"):
        predict(path, name)
    evaluate("zed", path, "all")
    return Library.open(path)


@pytest.fixture(scope="module")
def url(chromium, judged):
    process, url = serve(["serve", str(judged.path)])
    yield url
    process.terminate()
    process.wait(10)


def row_of(page, name):
    return page.page.locator(".runs tr[data-key]", has=page.page.locator("td.name", has_text=name))


def wait_for_curves(page, wanted, figure="curves linear"):
    """Until a figure shows these points of the validation, shape (n,)."""
    for _ in range(300):
        if page.page.evaluate("(name) => !!Bokeh.documents[0].get_model_by_name(name)", figure):
            valid = page.data(figure, "points", "valid")
            if len(valid) == len(wanted) and np.allclose(valid, wanted, rtol=1e-6, equal_nan=True):
                return
        page.page.wait_for_timeout(100)
    raise AssertionError(f"{valid} is not {wanted}")


def valid_loss(run):
    return [json.loads(line)["valid_loss"] for line in run.journal.read_text().splitlines()]


def test_curves_card_and_evaluation_are_those_on_the_disk(atlas, judged, url):
    page = atlas("?page=models", url=url)
    row_of(page, "zed").click()
    page.address_has("models=")
    wait_for_curves(page, valid_loss(judged.store.run("zed")))
    page.page.get_by_text("finished: 3 epochs").wait_for()
    page.page.locator(".measures h4", has_text="Redshift").first.wait_for()
    objects = page.page.locator(".measures td", has_text="all quasars").locator("xpath=following-sibling::td[1]").first
    found = json.loads((judged.store.run("zed").path / "evaluation.json").read_text())["measures"]["redshift"]["all"]
    assert objects.inner_text() == f"{found['n']:,}"
    page.page.get_by_role("button", name="Card", exact=True).click()
    page.page.locator("dd", has_text=judged.store.manifest.fingerprint[:16]).wait_for()
    row_of(page, "kinds").click()
    wait_for_curves(page, valid_loss(judged.store.run("kinds")))
    page.page.get_by_role("button", name="Evaluation", exact=True).click()
    page.page.get_by_text("qso evaluate kinds").wait_for()


def test_several_are_laid_over_each_other_on_either_scale(atlas, judged, url):
    page = atlas("?page=models", url=url)
    row_of(page, "zed").click()
    wait_for_curves(page, valid_loss(judged.store.run("zed")))
    row_of(page, "kinds").get_by_role("checkbox").click()
    both = valid_loss(judged.store.run("zed")) + valid_loss(judged.store.run("kinds"))
    wait_for_curves(page, both)
    page.page.get_by_role("button", name="Card", exact=True).click()
    page.page.locator(".measures td", has_text="model").first.wait_for()
    page.page.get_by_role("button", name="Log", exact=True).click()
    wait_for_curves(page, [loss if loss > 0 else np.nan for loss in both], "curves log")
    row_of(page, "zed").get_by_role("checkbox").click()
    wait_for_curves(page, [loss if loss > 0 else np.nan for loss in valid_loss(judged.store.run("kinds"))], "curves log")


def test_a_training_is_followed_while_it_runs(atlas, judged, url):
    page = atlas("?page=models", url=url)
    words = ["train", "infovae", str(judged.path), "--run", "live", "--set", "epochs=4000", "--set", "patience=4000"]
    process = subprocess.Popen([sys.executable, "-m", "qsocore.cli", *words], cwd=ROOT, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        row_of(page, "live").locator(".training").wait_for()
        page.page.locator(".standing", has_text="left").wait_for()
        row_of(page, "live").click()
        seen = []
        for _ in range(600):
            seen.append(len(page.data("curves linear", "points", "valid")))
            if seen[-1] > seen[0] > 0 or (seen[-1] > 3 and len(set(seen)) > 2):
                break
            page.page.wait_for_timeout(100)
        assert len(set(seen)) > 1 and sorted(seen)[-1] == seen[-1]
    finally:
        process.kill()
        process.wait(20)


def test_maps_are_coloured_and_selected_by_what_is_predicted(atlas, judged, url):
    table = judged.table("map")
    page = atlas("?run=map", url=url)
    page.choose("Colour by", "Predicted class")
    classes = table.classes("class_pred")
    chips = page.page.locator(".legend .chip")
    chips.filter(has_text=classes.names[0]).first.wait_for()
    assert chips.first.inner_text().split() == [classes.names[0], f"{classes.counts[0]:,}"]
    chips.first.click(modifiers=["Control"])
    page.wait_for_counts(selected=int(classes.counts[0]))
    page.choose("Colour by", "Redshift error as velocity")
    page.address_has("colour_by=dv", "palette=coolwarm")
    page.page.locator(".bar .name", has_text="Redshift error as velocity (km s⁻¹)").wait_for()
    box = page.page.get_by_role("combobox", name="Select by rule, id or position")
    box.fill("dv_abs > 6000")
    box.press("Enter")
    page.wait_for_counts(selected=int((table.numbers("dv_abs") > 6000).sum()))


STRIP = """() => {
  const named = (name) => Bokeh.documents[0].get_model_by_name(name), {wave, up, down} = named("shares").data
  const array = (values) => Array.from(values)
  return {wave: array(wave), shares: array(up).map((share, k) => share + down[k]), shown: !!named("attribution"),
          linked: named("attribution")?.x_range === named("spectrum").x_range}
}"""


def strip_of(page, object_id):
    """What the strip shows once it has the answer for an object."""
    page.page.locator(".told", has_text="; continuum ").wait_for()
    for _ in range(300):
        asked = page.page.evaluate("() => Bokeh.documents[0].get_model_by_name('shares')?.data.wave.length ?? 0")
        if asked and page.shown_id() == object_id:
            return page.page.evaluate(STRIP)
        page.page.wait_for_timeout(100)
    raise AssertionError("the strip stays empty")


def test_the_strip_above_the_spectrum_says_which_pixels_speak_for_it(atlas, judged, url):
    table, explainer = judged.table("map"), Explainer(judged.store.run("zed"), judged.store.grid)
    quasar = int(np.flatnonzero(table.numbers("z") > 1.5)[0])
    name = table.ids_of([quasar])[0]
    page = atlas(f"?run=map&focus={name}", url=url)
    page.wait_for_figure("spectrum", 60)
    page.page.keyboard.press("a")
    page.address_has("why=")
    page.page.get_by_role("combobox", name="What is attributed to the pixels").select_option(label="redshift", timeout=60_000)
    seen = strip_of(page, name)
    spectra = judged.store.spectra([quasar])
    made = explainer.explain(spectra.flux[0], spectra.ivar[0], spectra.mask[0], "redshift").attribution
    assert np.allclose(seen["shares"], made.pixels, atol=1e-5 * np.abs(made.pixels).max()) or "zed" not in page.page.url
    assert seen["wave"] == pytest.approx(judged.store.grid.wave, rel=1e-6) and seen["linked"]
    page.wait_for_figure("attribution", 30)
    page.page.keyboard.press("w")  # the rest frame
    rest = page.page.evaluate(STRIP)["wave"]
    assert rest == pytest.approx(judged.store.grid.wave / (1 + table.exact("z")[quasar]), rel=1e-5)
    page.page.keyboard.press("n")
    page.page.locator(".head .id", has_text=table.ids_of([quasar + 1])[0]).wait_for()
    other = strip_of(page, table.ids_of([quasar + 1])[0])
    assert not np.allclose(other["shares"], seen["shares"])
    page.page.keyboard.press("a")
    page.page.locator(".question").wait_for(state="hidden")
    page.page.wait_for_function("() => !Bokeh.documents[0].get_model_by_name('attribution') "
                                "|| !Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name('attribution'))")


def test_the_predicted_redshift_can_be_taken_for_the_marks(atlas, judged, url):
    table = judged.table("map")
    page = atlas(f"?run=map&focus={table.ids_of([5])[0]}", url=url)
    page.page.locator(".said .badge", has_text=table.row(5)["class_pred"]).first.wait_for()
    z = table.row(5)["z_pred"]
    page.page.get_by_role("button", name="Take the predicted redshift").click()
    page.page.get_by_role("button", name="Redshift and smoothing").filter(has_text=f"z {z:.4f}").wait_for()


@pytest.mark.parametrize(("scheme", "size"), [("light", (1280, 720)), ("dark", (1920, 1080))])
def test_nothing_is_cut(atlas, judged, url, scheme, size):
    page = atlas(f"?page=models&models={judged.store.run('zed').path.name}", size=size, scheme=scheme, url=url)
    page.wait_for_figure("curves linear", 110)
    page.page.locator(".about").wait_for()
    document = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert page.page.evaluate(document) == list(size), "the page does not scroll"
    for rule in (".runs", ".standing", ".title"):
        wide = page.page.locator(rule).first.evaluate("node => [node.scrollWidth, node.clientWidth]")
        assert wide[0] <= wide[1], rule


def test_a_store_without_runs_of_its_own_shows_those_of_the_package(atlas, chromium, tmp_path):
    path = tmp_path / "bare.store"
    simulate(path, 12, seed=1, grid=GRID, workers=1)
    process, address = serve(["serve", str(path)])
    try:
        page = atlas("?page=models", url=address)
        for name in {run.name for run in list_runs(shipped())}:
            row_of(page, name).get_by_text("package").wait_for()
        row_of(page, "redshift").click()
        page.page.get_by_text("qso evaluate redshift").first.wait_for()
    finally:
        process.terminate()
        process.wait(10)
