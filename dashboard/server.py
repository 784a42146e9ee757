"""Serve a library to browsers on this machine, and only to them."""

from __future__ import annotations

import errno
import logging
import socket
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, build_opener

from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.library import Library

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
FIRST_PORT = 5006
_TRIED = 20
_IDLE_SESSION_MS, _CHECK_MS = 60_000, 10_000  # a closed tab's session is let go of after a minute
_WARM_UP_S = 120


def free_port(wanted: int | None = None) -> int:
    """The port wanted, or the first free one from `FIRST_PORT` on when none is.

    Raises
    ------
    AtlasError
        When the port wanted is taken, or no port is free.
    """
    for port in range(FIRST_PORT, FIRST_PORT + _TRIED) if wanted is None else (wanted,):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
                return port
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
    taken = f"port {wanted} is" if wanted is not None else f"ports {FIRST_PORT} to {FIRST_PORT + _TRIED - 1} are"
    raise AtlasError(f"{taken} taken", HOST, "choose another with --port")


def serve(library: Library, port: int | None = None, browser: bool = True) -> None:
    """Serve until interrupted; prints the address.

    Parameters
    ----------
    library : Library
        What is shown.
    port : int, optional
        TCP port on this machine; the first free one by default.
    browser : bool
        Whether a browser is opened.

    Raises
    ------
    AtlasError
        When the port is taken.
    """
    port = free_port(port)
    library.prepare()
    import panel as pn

    from dashboard import downloads, hovering
    from dashboard.app import create

    pn.config.reuse_sessions = "warm"  # the browser has the page's frame at once, and loads it while its content is made
    server = pn.serve({"/": lambda: create(library)}, port=port, address=HOST, start=False, show=False, title="QSO Atlas",
                      verbose=False, extra_patterns=[*downloads.ROUTES, *hovering.ROUTES],
                      websocket_origin=[f"localhost:{port}", f"{HOST}:{port}"],
                      check_unused_sessions=_CHECK_MS, unused_session_lifetime=_IDLE_SESSION_MS)

    def announce() -> None:
        try:
            _warm_up(f"http://{HOST}:{port}/")
        except OSError as error:  # the page itself will say what is wrong
            log.warning("the first page could not be made: %s", error)
        print(f"QSO Atlas shows {library.path} at http://localhost:{port}/ (Ctrl-C ends it)", flush=True)
        if browser:
            server.io_loop.add_callback(server.show, "/")

    announcing = library.pool.submit(announce)
    announcing.add_done_callback(lambda done: server.io_loop.add_callback(server.io_loop.stop) if done.exception() else None)
    # not Bokeh's run_until_shutdown: where nobody reads our output any more its SIGTERM handler fails and the server stays
    server.start()
    try:
        server.io_loop.start()
        announcing.result()
    finally:
        server.stop()


def _warm_up(address: str) -> None:
    """Import and compile what a page needs, and have the frame made that the first browser will be given."""
    import matplotlib.figure  # noqa: F401  Panel looks whether a pane is one of these

    from dashboard import raster
    from dashboard.views import VIEWS

    list(VIEWS)
    raster.warm_up()
    browser = build_opener(ProxyHandler({}))  # this machine is not reached through a proxy
    for theme in ("", "?theme=light"):
        browser.open(address + theme, timeout=_WARM_UP_S).read()
