"""Stores without runs and bare tables are shown too, and say what is missing."""

import shutil

import numpy as np
import pandas
import pytest

from tests.browser.conftest import serve
from tests.dashboard.survey import make_store


@pytest.fixture
def served(chromium):
    processes = []

    def start(*words):
        process, url = serve(list(map(str, words)))
        processes.append(process)
        return url

    yield start
    for process in processes:
        process.terminate()
        process.wait(10)


def test_a_store_without_a_run_shows_the_sky_and_spectra(atlas, served, tmp_path):
    store = make_store(tmp_path / "new.store", n=50)
    page = atlas(url=served("serve", store.path))
    page.wait_for_counts(in_view=50)
    page.page.get_by_text("qso train infovae").wait_for()  # it says which command makes latents
    page.tap(store.column("ra")[7], store.column("dec")[7])
    page.page.locator(".head .id", has_text="test:one:00007").wait_for()
    page.wait_for_figure("spectrum", 100)
    assert np.isnan(page.column("spectrum", 3, "model")).all()


def test_a_run_that_cannot_reconstruct_hides_no_spectrum(atlas, served, store_path, tmp_path):
    path = tmp_path / "broken.store"
    shutil.copytree(store_path, path)
    (weights,) = path.glob("runs/*/weights.safetensors")
    weights.write_bytes(weights.read_bytes()[:200])
    page = atlas("?focus=test:one:00007", url=served("serve", path))
    page.page.get_by_text("the run cannot be loaded").wait_for()
    page.page.locator(".head .id", has_text="test:one:00007").wait_for()
    page.wait_for_figure("spectrum", 100)
    assert np.isfinite(page.column("spectrum", 3, "flux")).all()


def test_a_bare_table_goes_straight_into_the_map(atlas, served, tmp_path):
    rng = np.random.default_rng(3)
    pandas.DataFrame({"name": [f"<b>o{k}</b>" for k in range(200)], "u": rng.normal(size=200), "v": rng.normal(size=200),
                      "flavour": rng.choice(["up", "down"], 200)}).to_csv(tmp_path / "mine.csv", index=False)
    page = atlas(url=served("view", tmp_path / "mine.csv", "--x", "u", "--y", "v"))
    page.wait_for_counts(in_view=200)
    u, v = (pandas.read_csv(tmp_path / "mine.csv")[name] for name in "uv")
    row = int(u.argmax())
    page.tap(u[row], v[row])
    page.page.locator(".head .id", has_text=f"<b>o{row}</b>").wait_for()
    page.page.get_by_text("This table has no spectra").wait_for()
