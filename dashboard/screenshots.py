"""Pictures of the dashboard for README: ``python -m dashboard.screenshots STORE --out assets``.

A server is started on the store, and a headless Chromium takes two pictures: the dark theme by class with an object in
focus, and the light theme by redshift with a selection and its table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from dashboard import actions
from dashboard.chromium import DRAWN, FLAGS, find_chromium
from dashboard.library import Library
from dashboard.session import Session
from dashboard.state import State
from qsocore.cli import explain
from qsocore.errors import AtlasError

SIZE = (1440, 900)
_SETTLE_MS = 2500


def take(store: Path, out: Path, name: str) -> list[Path]:
    """Take the pictures.

    Parameters
    ----------
    store : path
        With a run, so that there is something to see.
    out : path
        Folder; pictures are called ``NAME-dark.png`` and ``NAME-light.png``.
    name : str
        Their stem.

    Raises
    ------
    AtlasError
        When there is no Chromium.
    """
    chromium = find_chromium()
    if chromium is None:
        raise AtlasError("there is no Chromium here", remedy="apt install chromium, or set CHROMIUM")
    from playwright.sync_api import sync_playwright

    session = Session(Library.open(store), State(store=str(store)))
    actions.start(session, {})
    pictures = []
    with served(store) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for theme, words, tab in _scenes(session):
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme=theme)
            page.goto(f"{address}?{urlencode(words)}")
            page.wait_for_function(DRAWN, timeout=120_000)
            page.locator(".head .id").wait_for()
            page.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(_SETTLE_MS)
            pictures.append(out / f"{name}-{theme}.png")
            page.screenshot(path=pictures[-1])
        browser.close()
    return pictures


def _scenes(session: Session) -> Iterator[tuple[str, dict[str, str], str]]:
    """Theme, address and open tab of each picture."""
    table = session.table
    x, y = session.coordinates
    row = _telling(session)
    shared = {"focus": table.ids[row].as_py(), "run": session.state.run, "projection": session.state.projection}
    yield "dark", shared | {"colour_by": "class"}, "Catalogue row"
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 0.11 * (1 + 0.12 * np.cos(3 * angle))
    corners = np.column_stack([x[row] + radius * np.ptp(x) * np.cos(angle), y[row] + radius * np.ptp(y) * np.sin(angle)])
    rule = {"op": "polygon", "projection": session.state.projection, "vertices": corners.round(4).tolist()}
    yield "light", shared | {"colour_by": "z", "selection": json.dumps(rule)}, "Selection"


def _telling(session: Session) -> int:
    """Row of an object worth a picture: the best S/N where most lines are in view and the model does well; else of any."""
    table = session.table
    snr = np.nan_to_num(table.numbers("snr_median"), nan=-1.0)
    wanted = (table.numbers("z") > 1.7) & (table.numbers("z") < 2.6)
    if "chi2_pix" in table.columns and wanted.any():
        chi2 = table.numbers("chi2_pix")
        wanted &= chi2 <= np.nanmedian(chi2[wanted])
    return int(np.argmax(np.where(wanted, snr, -1.0) if wanted.any() else snr))


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
    args = parser.parse_args()
    try:
        for picture in take(args.store, args.out, args.name or args.store.stem):
            print(picture)
    except AtlasError as error:
        print(f"screenshots: {explain(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
