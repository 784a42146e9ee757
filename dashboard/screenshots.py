"""Pictures of the dashboard for README: ``python -m dashboard.screenshots STORE --out assets``.

A server is started on the store, and a headless Chromium takes a picture of each page and tab, in the dark or the light theme.
What is shown follows from the address alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np

from dashboard import actions
from dashboard.chromium import DRAWN, FLAGS, find_chromium
from dashboard.library import Library
from dashboard.session import Session
from dashboard.state import SLOTS, State
from qsocore.cli import explain
from qsocore.errors import AtlasError, did_you_mean

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

SIZE = (1440, 900)
_FITS = 18.0  # chi2 of nine bands
_SETTLE_MS = 8000  # a first page loads the models
_BRIGHT_LENS, _NARROW_LENS = 20.0, 3.2  # magnitudes, and arcsec: all of its images are in the cutout


@dataclass(frozen=True)
class Scene:
    """One picture.

    Parameters
    ----------
    name : str
        Of its file.
    theme : {"dark", "light"}
    words : dict of str to str
        Of the address.
    """

    name: str
    theme: str
    words: dict[str, str]


def take(store: Path, out: Path, name: str, only: Collection[str] = ()) -> list[Path]:
    """Take the pictures.

    Parameters
    ----------
    store : path
        With a run, so that there is something to see.
    out : path
        Folder; pictures are called ``NAME-SCENE.png``.
    name : str
        Their stem.
    only : collection of str
        Scenes that are wanted; all by default.

    Raises
    ------
    AtlasError
        When there is no Chromium, or no scene of such a name.
    """
    chromium = find_chromium()
    if chromium is None:
        raise AtlasError("there is no Chromium here", remedy="apt install chromium, or set CHROMIUM")
    from playwright.sync_api import sync_playwright

    session = Session(Library.open(store), State(store=str(store)))
    actions.start(session, {})
    scenes = list(_scenes(session))
    if unknown := set(only) - {scene.name for scene in scenes}:
        raise AtlasError(f"there is no scene {min(unknown)!r}", remedy=did_you_mean(min(unknown), [s.name for s in scenes]))
    pictures = []
    with served(store) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for scene in scenes:
            if only and scene.name not in only:
                continue
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme=scene.theme)
            page.goto(f"{address}?{urlencode(scene.words)}")
            if "wide" in scene.words:  # the maps are away
                page.get_by_text("auto-next").wait_for(timeout=120_000)
                page.wait_for_timeout(2 * _SETTLE_MS)  # templates of SEDs are laid out once
            else:
                page.wait_for_function(DRAWN, timeout=120_000)
            page.wait_for_timeout(_SETTLE_MS)
            page.get_by_text("Combining spectra").wait_for(state="hidden", timeout=120_000)
            pictures.append(out / f"{name}-{scene.name}.png")
            page.screenshot(path=pictures[-1])
            page.close()
        browser.close()
    return pictures


def _scenes(session: Session) -> Iterator[Scene]:
    """A picture of each page and tab, or of those that a store of images alone has more to show on."""
    table, state = session.table, session.state
    row = _telling(session)
    shared = {"run": state.run, "maps": state.maps[0], "focus": table.ids[row].as_py(), "colour_by": "class"}
    if "sed_kind" in table.columns:
        shared["colour_by"] = "sed_kind"
    if session.library.pictures.alone:
        yield from _scenes_of_images(session, row, shared)
        return
    around, other = (json.dumps(_flower(session, centre)) for centre in (row, _another(session, row)))
    chosen = {"selection": around, "colour_by": "z"}
    two = {"a": around, "b": other, "colour_by": SLOTS, "selection": around}
    yield Scene("object", "dark", shared | {"islands": "True"})
    yield Scene("neighbours", "dark", shared | {"tab": "Neighbours"})
    yield Scene("selection", "light", shared | chosen)
    for tab, theme, words in (("Table", "light", chosen), ("Composite", "dark", two), ("Differences", "light", two),
                              ("Histograms", "dark", two), ("Corner", "dark", chosen), ("Mosaic", "light", chosen),
                              ("Export", "dark", chosen)):
        yield Scene(tab.lower(), theme, shared | words | {"page": "selection", "tab": tab})
    yield Scene("space", "dark", shared | {"page": "space"})
    yield Scene("sky", "light", shared | chosen | {"page": "sky"})
    yield Scene("models", "light", shared | {"page": "models"})
    yield Scene("spectra", "light", shared | {"page": "grade", "tab": "Spectra", "wide": "True"})
    if session.library.pictures:
        yield Scene("image", "dark", shared | {"tab": "Image"})
    pair = [name for name in (*table.maps, ",".join(table.latent_names[:2])) if name not in ("sky", "")]
    yield Scene("maps", "dark", shared | {"maps": ";".join(pair[:4]), "selection": around, "drawer": "True"})


def _scenes_of_images(session: Session, row: int, shared: dict[str, str]) -> Iterator[Scene]:
    """An object with its neighbours, a mosaic of those around it, and its models."""
    yield Scene("object", "dark", shared | {"tab": "Neighbours"})
    if session.library.seds:
        yield Scene("sed", "dark", shared | {"tab": "SED"})
        yield Scene("colours", "light", shared | {"tab": "SED", "sed_face": "colours"})
    one = {"op": "ids", "ids": [shared["focus"]]}
    yield Scene("lenses", "dark", shared | {"page": "grade", "tab": "Lenses", "wide": "True", "selection": json.dumps(one)})
    chosen = {"selection": json.dumps(_flower(session, row)), "page": "selection", "tab": "Mosaic"}
    yield Scene("mosaic", "light", shared | chosen)
    yield Scene("models", "light", shared | {"page": "models"})


def _flower(session: Session, row: int) -> dict:
    """The rule of a lasso around an object of the first map."""
    x, y = session.coordinates
    x0, x1, y0, y1 = session.extent_of(session.state.maps[0])
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 0.1 * (1 + 0.12 * np.cos(3 * angle))
    corners = np.column_stack([x[row] + radius * (x1 - x0) * np.cos(angle), y[row] + radius * (y1 - y0) * np.sin(angle)])
    return {"op": "polygon", "projection": session.state.maps[0], "vertices": corners.round(4).tolist()}


def _another(session: Session, row: int) -> int:
    """An object of the same class a third of the map away, where there is one: the middle of the second lasso."""
    x, y = session.coordinates
    x0, x1, y0, y1 = session.extent_of(session.state.maps[0])
    apart = np.hypot((x - x[row]) / (x1 - x0), (y - y[row]) / (y1 - y0))
    if "class" in session.table.columns:
        codes = session.table.classes("class").codes
        apart = np.where(codes == codes[row], apart, np.nan)
    return int(np.nanargmin(np.abs(apart - 0.35)))


def _telling(session: Session) -> int:
    """Row of an object worth a picture: the most lens-like SED where there are such, else the best S/N where most lines are in
    view and the model does well, else of any.
    """
    table = session.table
    if {"delta_bic_lens", "chi2_qso_gal"} <= table.columns.keys():  # of the pairs that fit the most preferred
        lens = np.where(table.numbers("chi2_qso_gal") < _FITS, table.numbers("delta_bic_lens"), -np.inf)
        return int(np.nanargmax(lens))
    if "snr_median" not in table.columns:
        return _bright(table)
    snr = np.nan_to_num(table.numbers("snr_median"), nan=-1.0)
    wanted = (table.numbers("z") > 1.7) & (table.numbers("z") < 2.6)
    if "chi2_pix" in table.columns and wanted.any():
        chi2 = table.numbers("chi2_pix")
        wanted &= chi2 <= np.nanmedian(chi2[wanted])
    return int(np.argmax(np.where(wanted, snr, -1.0) if wanted.any() else snr))


def _bright(table: AtlasTable) -> int:
    """Row of a bright object where nothing is known of its spectrum: the widest of the bright lenses, where there are some."""
    names = [name for name in ("mag_i", "mag_z", "mag_r") if name in table.columns]
    magnitude = table.numbers(names[0]) if names else np.zeros(table.n_rows)
    if "true_separation" in table.columns and "LENS" in table.classes("class").names:
        classes = table.classes("class")
        lens = (classes.codes == classes.names.index("LENS")) & (magnitude < _BRIGHT_LENS)
        apart = table.numbers("true_separation")
        apart = np.where(lens & (apart < _NARROW_LENS), apart, np.nan)
        if np.isfinite(apart).any():
            return int(np.nanargmax(apart))
    return int(np.nanargmin(magnitude)) if np.isfinite(magnitude).any() else 0


@contextmanager
def served(store: Path) -> Iterator[str]:
    """A server on a store in a process of its own; gives its address."""
    words = [sys.executable, "-m", "qsocore.cli", "serve", str(store), "--no-browser"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline()
        yield next(word for word in said.split() if word.startswith("http"))
    finally:
        process.terminate()
        process.wait(10)


def main() -> int:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, metavar="STORE")
    parser.add_argument("--out", type=Path, default=Path("assets"), metavar="FOLDER")
    parser.add_argument("--name", help="stem of the pictures (default: the store's name)")
    parser.add_argument("--only", nargs="+", default=(), metavar="SCENE", help="which pictures (default all)")
    args = parser.parse_args()
    try:
        for picture in take(args.store, args.out, args.name or args.store.stem, args.only):
            print(picture)
    except AtlasError as error:
        print(f"screenshots: {explain(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
