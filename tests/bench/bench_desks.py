"""The inspection desks in a real Chromium: from the press of a key to the next object on the screen, and to the confirmation.

The picture counts as shown two frames after it is decoded and in its place: the first of them paints it, the second follows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from dashboard.chromium import FLAGS, find_chromium
from tests.bench import Row

N, GRADED, SIZE = 600, 150, (1280, 720)
_KEYS = "qwerasdfgh"

_LENSES = """() => {
  window.shown = []
  document.addEventListener("keydown", (event) => {
    const start = event.timeStamp, old = find(".large img")?.src
    const look = () => {
      const image = find(".large img")
      if (!image || image.src === old) { requestAnimationFrame(look); return }
      const done = () => window.shown.push(performance.now() - start)
      image.decode().then(() => requestAnimationFrame(() => requestAnimationFrame(done)))
    }
    look()
  }, true)
  function find(rule, root = document) {
    for (const node of root.querySelectorAll("*")) {
      if (node.matches(rule)) { return node }
      const inside = node.shadowRoot && find(rule, node.shadowRoot)
      if (inside) { return inside }
    }
  }
}"""
_SPECTRA = """() => {
  window.shown = []
  const pixels = Bokeh.documents[0].get_model_by_name("pixels spectra")
  document.addEventListener("keydown", (event) => {
    const start = event.timeStamp, old = pixels.data
    const look = () => {
      if (pixels.data === old) { requestAnimationFrame(look); return }
      requestAnimationFrame(() => requestAnimationFrame(() => window.shown.push(performance.now() - start)))
    }
    look()
  }, true)
}"""
_CONFIRMED = """() => {
  window.confirmed = []
  const kept = new Map(), keep = Storage.prototype.setItem, done = Storage.prototype.removeItem
  Storage.prototype.setItem = function (name, value) {
    if (name.startsWith("atlas deed")) { kept.set(name, performance.now()) }
    return keep.call(this, name, value)
  }
  Storage.prototype.removeItem = function (name) {
    if (kept.has(name)) { window.confirmed.push(performance.now() - kept.get(name)) }
    return done.call(this, name)
  }
}"""


def rows() -> Iterator[Row]:
    """Measure."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for desk, words, *about in (("lenses", ["demo", "--images"], _LENSES, _KEYS, ".large img"),
                                    ("spectra", ["demo"], _SPECTRA, "43210", ".note")):
            store = Path(folder) / f"{desk}.store"
            _qso(*words, "--size", str(N), "--store", str(store), "--no-serve")
            with _served(store) as address:
                shown, confirmed = _graded(chromium, address, *about)
            yield Row(f"{desk}: key to the next object on the screen, {len(shown)} verdicts, median / 95 %", _two(shown),
                      "at most 100 ms")
            yield Row(f"{desk}: verdict on the disk and confirmed, median / 95 %", _two(confirmed))
        chromium.close()


def _graded(chromium, address: str, script: str, keys: str, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Grade some objects and time each, ms: to the next object, and to the server's word that the verdict is on the disk."""
    page = chromium.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="dark")
    page.goto(f"{address}?page=grade&wide=True")
    page.locator(f".desk {place}").first.wait_for(timeout=120_000)
    page.wait_for_timeout(8000)  # a first page loads the models
    page.evaluate(script)
    page.evaluate(_CONFIRMED)
    for number in range(GRADED):
        page.keyboard.press(keys[number % len(keys)])
        page.wait_for_function(f"window.shown.length > {number}", timeout=20_000)
        page.wait_for_timeout(250)  # nobody is quicker
    page.wait_for_function(f"window.confirmed.length >= {GRADED}", timeout=20_000)
    times = page.evaluate("[window.shown, window.confirmed]")
    page.close()
    return np.array(times[0]), np.array(times[1])


def _two(times: np.ndarray) -> str:
    return f"{np.median(times):.0f} / {np.percentile(times, 95):.0f} ms"


def _qso(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "qsocore.cli", *words], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _served(store: Path) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", "qsocore.cli", "serve", str(store), "--no-browser"], text=True,
                               stdout=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        yield next(word for word in process.stdout.readline().split() if word.startswith("http"))
    finally:
        process.terminate()
        process.wait(20)
