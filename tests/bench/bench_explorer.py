"""The explorer at ten million objects, in a real Chromium, beside a stock HoloViews app on the same points.

The catalogue is made by ``qso simulate --catalog-only``; $QSO_ATLAS_BENCH_STORE names one that is there already. The hundred
million rows are a bare table of two coordinates and a number, shown by ``qso view``; they take minutes to lay down and are
measured only where $QSO_ATLAS_BENCH_HUNDRED is set.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from dashboard import derive
from dashboard.chromium import DRAWN, FLAGS, SEEN, find_chromium
from dashboard.library import Library
from dashboard.session import Session
from dashboard.state import State
from qsocore import selection
from tests.bench import Row

N = 10_000_000
SIZE = (1280, 900)
PICTURE = 4_000  # bytes of a websocket's message from which it is a picture; they travel packed
TURNS, LASSOS, SESSIONS = 12, 4, 4
_PYTHON = sys.executable


def rows() -> Iterator[Row]:
    """Measure."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = os.environ.get("QSO_ATLAS_BENCH_STORE")
        if not store:
            store = Path(folder) / "ten.store"
            seconds = _timed(lambda: _qso("simulate", "--catalog-only", "--n", str(N), "--out", str(store)))
            yield Row(f"`qso simulate --catalog-only`, {N:,} objects", f"{seconds:.0f} s", "at most 60 s")
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        yield from _in_process(Path(store))
        yield from _in_browser(chromium, Path(store), Path(folder))
        yield from _tap(chromium, Path(folder))
        if os.environ.get("QSO_ATLAS_BENCH_HUNDRED"):
            yield from _hundred(chromium, Path(folder))
        chromium.close()


# ---- without a browser


def _in_process(path: Path) -> Iterator[Row]:
    session = Session(Library.open(path), State(store=str(path)))
    session.state.run = session.library.runs()[0].name
    session.state.maps = (next(iter(session.table.maps)),)
    plane = session.plane()
    seconds = []
    for number in range(LASSOS + 1):
        rule = selection.to_json(derive.polygon(*plane.axes, *_flower(session.extent_of(session.state.maps[0]), number)))
        seconds.append(_timed(lambda rule=rule: session.bits(rule)))
        chosen = session.count(rule)
    x, y = session.coordinates
    corners = np.array(selection.from_json(rule)["vertices"])
    plain = _timed(lambda: selection.inside(x, y, corners))
    yield Row(f"lasso of 200 corners to a mask, {session.table.n_rows:,} rows, {chosen:,} inside",
              f"{1e3 * statistics.median(seconds[1:]):.0f} ms",
              f"at most 200 ms; without the index {1e3 * plain:,.0f} ms")


def _flower(window: tuple[float, float, float, float], number: int, corners: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A lasso with many corners in the middle of a window, another for each number."""
    x0, x1, y0, y1 = window
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = (0.25 + 0.01 * number) * (1 + 0.3 * np.cos(5 * angle))
    return (x0 + x1) / 2 + radius * (x1 - x0) * np.cos(angle), (y0 + y1) / 2 + radius * (y1 - y0) * np.sin(angle)


# ---- in the browser


class Tab:
    """A page whose messages are timed."""

    def __init__(self, chromium, url: str, drawn: str = DRAWN):
        self.frames: list[tuple[float, int, str]] = []
        new = chromium.new_page
        self.page = new(viewport={"width": SIZE[0], "height": SIZE[1]}) if hasattr(chromium, "new_context") else new()
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._received))
        self.page.set_default_timeout(300_000)
        start = time.perf_counter()
        self.page.goto(url)
        if drawn == DRAWN:
            self.page.wait_for_function(SEEN)
            self.seen = time.perf_counter() - start
        self.page.wait_for_function(drawn)
        self.seconds = time.perf_counter() - start
        self.page.wait_for_timeout(4000)

    def _received(self, frame) -> None:
        self.frames.append((time.perf_counter(), len(frame), frame[:400] if isinstance(frame, str) else ""))

    def after(self, act: Callable[[], object], arrived: Callable[[list], bool], patience: float = 6.0) -> float | None:
        """Seconds from the end of an act to the message that completes what is waited for; None when it never comes."""
        self.page.wait_for_timeout(600)
        self.frames.clear()
        act()
        start = time.perf_counter()
        while time.perf_counter() - start < patience:
            self.page.wait_for_timeout(5)
            if arrived(self.frames):
                break
        for k in range(1, len(self.frames) + 1):
            if arrived(self.frames[:k]):
                return max(self.frames[k - 1][0] - start, 0.0)
        return None


def pictures(n: int = 1) -> Callable[[list], bool]:
    """Whether so many pictures are among some messages."""
    return lambda frames: sum(size >= PICTURE for _, size, _ in frames) >= n


def wheel(tab: Tab, at: tuple[float, float]) -> list[float]:
    """Seconds from each turn of the wheel to the new picture, the first turn left out."""
    times = []
    for turn in range(TURNS + 1):
        tab.page.mouse.move(at[0] + 5 * turn, at[1])
        taken = tab.after(lambda turn=turn: _turn(tab, turn), pictures())
        tab.page.wait_for_timeout(800)
        if turn and taken is not None:
            times.append(taken)
    return times


def _turn(tab: Tab, turn: int) -> None:
    tab.page.mouse.wheel(0, -200 if turn % 2 == 0 else 200)


def lasso(tab: Tab, at: tuple[float, float], n_pictures: int) -> list[float]:
    """Seconds from letting go of a lasso to the last picture of all linked maps."""
    times = []
    for number in range(LASSOS + 1):
        angle = np.linspace(0, 2 * np.pi, 200)
        radius = (60 + 4 * number) * (1 + 0.3 * np.cos(5 * angle))
        path = np.column_stack([at[0] + radius * np.cos(angle), at[1] + radius * np.sin(angle)])
        tab.page.mouse.move(*path[0])
        tab.page.mouse.down()
        for place in path[1:]:
            tab.page.mouse.move(*place)
        taken = tab.after(tab.page.mouse.up, pictures(n_pictures))
        if number and taken is not None:
            times.append(taken)
    return times


def _in_browser(chromium, path: Path, folder: Path) -> Iterator[Row]:
    library = Library.open(path)
    table = library.table(library.runs()[0].name)
    first, second = (list(table.maps) + ["latent_0,latent_1"])[0], "latent_0,latent_1"
    n = f"{table.n_rows:,} rows"
    known = chromium.new_context(viewport={"width": SIZE[0], "height": SIZE[1]})  # a browser that was here before
    with serving("qsocore.cli", "serve", str(path), "--no-browser") as (_, address):  # lays columns on the shelf
        Tab(known, address + "?" + urlencode({"colour_by": "class", "maps": f"{first};{second}"})).page.close()
    start = time.perf_counter()
    with serving("qsocore.cli", "serve", str(path), "--no-browser") as (process, address):
        ready = time.perf_counter() - start
        tab = Tab(known, address + "?" + urlencode({"colour_by": "class"}))
        yield Row(f"open {n}, warm, to the first picture in the browser", f"{tab.seen:.1f} s",
                  f"at most 3 s; sharp and ready for the mouse after {tab.seconds:.1f} s; `qso serve` starts in {ready:.1f} s")
        times = {"choose": [], "paint": []}
        for column in ("Redshift", "Class", "Redshift", "Class", "Redshift"):
            times["choose"].append(tab.after(lambda column=column: _pick(tab, "Colour by", column), pictures()))
        for palette in ("Inferno", "Cividis", "Plasma", "Viridis"):
            times["paint"].append(tab.after(lambda palette=palette: _pick(tab, "Palette", palette), _painted))
        tab.page.close()
        tab = Tab(chromium, address + "?" + urlencode({"colour_by": "density"}))
        ours = wheel(tab, (380, 420))
        tab.page.close()
        tab = Tab(chromium, address + "?" + urlencode({"colour_by": "density", "maps": f"{first};{second}"}))
        brushed = lasso(tab, _middle(tab), 4)
        tab.page.close()
        used = []
        tabs = []
        for _ in range(SESSIONS):
            used.append(memory(process.pid))
            tabs.append(Tab(chromium, address + "?" + urlencode({"colour_by": "class"})))
            _brush_box(tabs[-1])
        used.append(memory(process.pid))
        per_session = (used[-1] - used[1]) / (SESSIONS - 1)
        for tab in tabs:
            tab.page.close()
    with stock(path, folder, table, first, second) as address:
        tab = Tab(chromium, address, "() => Bokeh.documents[0]?.get_model_by_name === undefined || "
                                     "document.querySelectorAll('.bk-Figure').length >= 0 && Bokeh.documents.length > 0")
        tab.page.wait_for_timeout(15_000)
        theirs = wheel(tab, (300, 300))
        their_lasso = lasso(tab, (300, 300), 2)
        tab.page.close()
    yield Row(f"wheel to the new picture, {n}, median / 95 %", _two(ours), f"at most 80 / 150 ms; stock {_two(theirs)}"
              + _ratio(theirs, ours))
    yield Row(f"lasso of 200 corners to both linked maps, {n}", _one(brushed), f"at most 300 ms; stock {_one(their_lasso)}"
              + _ratio(their_lasso, brushed))
    yield Row(f"another colouring to its picture, {n}", _one(times["choose"]), "at most 250 ms, the menu's click included")
    yield Row("another colour map to its colours", _one(times["paint"]), "at most 60 ms, the menu's click included")
    yield Row(f"memory of each further session, with a selection, {n}", f"{per_session:.0f} MB", "at most 30 MB")


def _painted(frames: list) -> bool:
    return any('"palette"' in text for _, _, text in frames)


def _pick(tab: Tab, label: str, option: str) -> None:
    tab.page.get_by_role("combobox", name=label).click()
    item = tab.page.locator(".MuiMenuItem-root", has_text=re.compile(f"^{re.escape(option)}$"))
    item.wait_for()
    tab.frames.clear()
    item.click()


def _middle(tab: Tab, name: str = "map") -> tuple[float, float]:
    box = tab.page.evaluate("""(name) => {
      const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name(name))
      const box = view.canvas_view.el.getBoundingClientRect()
      return [box.x + box.width / 2, box.y + box.height / 2]}""", name)
    return box[0], box[1]


def _brush_box(tab: Tab) -> None:
    x, y = _middle(tab)
    tab.page.mouse.move(x - 60, y - 60)
    tab.page.mouse.down()
    for dx, dy in ((60, -60), (60, 60), (-60, 60)):
        tab.page.mouse.move(x + dx, y + dy)
    tab.page.mouse.up()
    tab.page.wait_for_timeout(3000)


def _tap(chromium, folder: Path) -> Iterator[Row]:
    """Tap to spectrum, on a store with spectra and a trained run."""
    from tests.dashboard.survey import make_run, make_store

    path = folder / "spectra.store"
    make_store(path, n=5000)
    make_run(path)
    table = Library.open(path).table("small")
    x, y = (table.numbers(name) for name in table.maps["pca"])
    with serving("qsocore.cli", "serve", str(path), "--no-browser") as (_, address):
        tab = Tab(chromium, address)
        places = tab.page.evaluate("""([xs, ys]) => {
          const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("map"))
          const box = view.canvas_view.el.getBoundingClientRect()
          return xs.map((x, k) => [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(ys[k])])
        }""", [[float(v) for v in x[:TURNS]], [float(v) for v in y[:TURNS]]])
        arrived = [tab.after(lambda place=place: tab.page.mouse.click(*place), _spectrum) for place in places]
        tab.page.close()
    yield Row("tap to spectrum with reconstruction", _two([t for t in arrived[1:] if t is not None]), "at most 150 ms")


def _spectrum(frames: list) -> bool:
    return any('"model"' in text and '"flux"' in text for _, _, text in frames) or \
        sum(size for _, size, _ in frames) > PICTURE


def _hundred(chromium, folder: Path) -> Iterator[Row]:
    """A hundred million points; the first server lays them on the shelf, the second is measured."""
    path = folder / "hundred.parquet"
    _points(path, 10 * N)
    for warm in (False, True):
        with serving("qsocore.cli", "view", str(path), "--x", "x", "--y", "y", "--no-browser") as (process, address):
            tab = Tab(chromium, address + "?" + urlencode({"colour_by": "density"}))
            if warm:
                times = wheel(tab, (380, 420))
                figures = f"{tab.seen:.1f} s / {_one(times)} / {resident(process.pid) / 1e3:.1f} GB"
                yield Row(f"{10 * N:,} rows: open / redraw / resident memory", figures, "at most 10 s / 0.6 s / 4 GB")
            tab.page.close()


def _points(path: Path, n: int, piece: int = 1_000_000) -> None:
    """A Parquet file of n points in twenty blobs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    centre = rng.normal(0, 5, (20, 2))
    schema = pa.schema([(name, pa.float32()) for name in "xyz"])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for _ in range(n // piece):
            xy = (centre[rng.integers(0, 20, piece)] + rng.normal(0, 1, (piece, 2))).astype(np.float32)
            writer.write_table(pa.table([xy[:, 0], xy[:, 1], rng.random(piece, dtype=np.float32)], schema=schema))


# ---- processes


@contextmanager
def serving(*words: str, env: dict[str, str] | None = None) -> Iterator[tuple[subprocess.Popen, str]]:
    """A server in a process of its own and its address."""
    process = subprocess.Popen([_PYTHON, "-m", *words], stdout=subprocess.PIPE, text=True,
                               env=os.environ | {"PYTHONUNBUFFERED": "1"} | (env or {}))
    try:
        said = process.stdout.readline()
        yield process, next(word for word in said.split() if word.startswith("http"))
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def stock(path: Path, folder: Path, table, first: str, second: str) -> Iterator[str]:
    """The stock app on the same points."""
    import pandas

    names = [*table.maps[first], *second.split(",")]
    file = folder / "points.parquet"
    pandas.DataFrame({name: table.numbers(name) for name in dict.fromkeys(names)}).to_parquet(file)
    port = 5399
    process = subprocess.Popen([_PYTHON, "-m", "panel", "serve", str(Path(__file__).with_name("stock_app.py")), "--port",
                                str(port), "--args", str(file), *names], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield f"http://localhost:{port}/stock_app"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for_port(port: int, patience: float = 60.0) -> None:
    import socket

    start = time.perf_counter()
    while time.perf_counter() - start < patience:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"nothing listens at port {port}")


def _qso(*words: str) -> None:
    subprocess.run([_PYTHON, "-m", "qsocore.cli", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def memory(pid: int) -> float:
    """Memory that a process has for itself, MB: files that are mapped belong to nobody."""
    return _status(pid, "RssAnon")


def resident(pid: int) -> float:
    """Resident memory, MB, mapped files included."""
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) / 1e3


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _known(times: list[float | None]) -> list[float]:
    return sorted(1e3 * taken for taken in times if taken is not None)


def _one(times: list[float | None]) -> str:
    known = _known(times)
    return f"{statistics.median(known):,.0f} ms" if known else "never arrived"


def _two(times: list[float | None]) -> str:
    known = _known(times)
    if not known:
        return "never arrived"
    return f"{statistics.median(known):,.0f} / {known[min(len(known) - 1, int(0.95 * len(known)))]:,.0f} ms"


def _ratio(theirs: list[float | None], ours: list[float | None]) -> str:
    if not (_known(theirs) and _known(ours)):
        return ""
    return f": {statistics.median(_known(theirs)) / statistics.median(_known(ours)):.1f} times slower"
