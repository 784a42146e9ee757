"""The system's Chromium, for screenshots and tests; Playwright downloads none."""

from __future__ import annotations

import os
import shutil

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Path of a Chromium: ``$CHROMIUM``, else one of the customary names, else None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


SEEN = """() => {
  const map = window.Bokeh?.documents[0]?.get_model_by_name("map")
  return "stands" in document.documentElement.dataset && map.renderers[0].data_source.data.image.length > 0
}"""
"""JavaScript that says whether the map of a page has a picture, be it the first, of any size, that goes with the page."""

DRAWN = """() => {
  const map = window.Bokeh?.documents[0]?.get_model_by_name("map")
  const frame = map && Bokeh.index.find_one(map)?.frame?.bbox
  const picture = map?.renderers[0].data_source.data.image[0]
  return frame && picture && picture.shape[0] == frame.height && picture.shape[1] == frame.width
    && getComputedStyle(document.getElementById("loader")).display === "none"
}"""
"""JavaScript that says whether the map of a page is drawn in its own size, and the page can be used."""
