"""Downloading many small files from this machine, beside the plain loop over `requests` that notebooks have."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path

import requests

from qsocore.archive.fetch import Manners
from qsocore.workflow.download import download
from tests.archive.server import Server, fits_file, serve
from tests.bench import Row, best_of

N_FILES, SIDE, ROUND_TRIP = 400, 60, 0.02  # SIDE: 60 x 60 pixels are 17 kB; seconds that an archive far away takes to answer


def rows() -> Iterator[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _measured(Path(folder), 0.0, "as fast as it can")
        yield from _measured(Path(folder), ROUND_TRIP, f"which answers after {1e3 * ROUND_TRIP:.0f} ms")


def _measured(folder: Path, pause: float, how: str) -> Iterator[Row]:
    table, takes = folder / "ids.txt", iter(range(100))
    table.write_text("".join(f"{k}\n" for k in range(N_FILES)))
    with _apart(pause) as url:
        def ours() -> None:
            done = download("template", table, folder / f"{pause}-{next(takes)}", url=f"{url}/{{native}}.fits",
                            manners=Manners(per_host=8))
            assert done.fetched == N_FILES

        def again() -> None:
            assert download("template", table, folder / f"{pause}-0", url=f"{url}/{{native}}.fits").present == N_FILES

        fast, plain = best_of(2, ours), best_of(2, partial(_plain, url, folder))
        what = f"{N_FILES} FITS files of {SIDE**2 * 4e-3 + 3:.0f} kB from a server {how}, eight at once, verified, in a ledger"
        yield Row(what, f"{N_FILES / fast:,.0f} files/s", f"requests one by one, as they come: {N_FILES / plain:,.0f} files/s")
        if not pause:
            yield Row(f"a second call, with all {N_FILES} there", f"{1e3 * best_of(3, again):.0f} ms")


def _plain(url: str, folder: Path) -> None:
    """The loop in everybody's notebook, with one session."""
    with requests.Session() as session:
        for k in range(N_FILES):
            (folder / "plain.fits").write_bytes(session.get(f"{url}/{k}.fits", timeout=10).content)


@contextmanager
def _apart(pause: float) -> Iterator[str]:
    """A server in a process of its own; its address."""
    here, there = Pipe()
    process = Process(target=_serve, args=(there, pause))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("over")
        process.join()


def _serve(pipe: Connection, pause: float) -> None:
    content = fits_file(0, SIDE)
    with _Late({f"/{k}.fits": content for k in range(N_FILES)}, pause) as server:
        pipe.send(server.url)
        pipe.recv()


class _Late(Server):
    """A good server that takes its time."""

    def __init__(self, files: dict[str, bytes], pause: float):
        super().__init__(files)
        self.pause = pause

    def act(self, method, path, headers):
        """Wait, then serve."""
        import time

        time.sleep(self.pause)
        return serve
