"""Serve a library to browsers: on this machine, or, where people log in, to others."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from qsocore.errors import AtlasError, ConfigError

if TYPE_CHECKING:
    from dashboard.library import Library
    from dashboard.login import Gate
    from dashboard.oauth import OAuth

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
FIRST_PORT = 5006
_TRIED = 20
_IDLE_SESSION_MS, _CHECK_MS = 60_000, 10_000  # a closed tab's session is let go of after a minute
_SWEEP_MS = 2_000
_WARM_UP_S = 120


@dataclass(frozen=True)
class Door:
    """Where a server listens, and whom it lets in.

    Parameters
    ----------
    address : str
        Of this machine, on which it listens; without a login only one that no other machine reaches.
    origins : tuple of str
        Names (HOST:PORT) under which browsers reach it, besides the address itself; others get no session.
    users : path, optional
        The users file; without one there is no login.
    hours : float
        How long a login holds.
    oauth : OAuth, optional
        The house where people log in instead of here.
    certificate, key : path, optional
        TLS, in PEM.
    proxy : bool
        Whether a proxy stands before it, whose X-Forwarded-For and X-Forwarded-Proto are believed.
    """

    address: str = HOST
    origins: tuple[str, ...] = ()
    users: str | Path | None = None
    hours: float = 12.0
    oauth: OAuth | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None
    proxy: bool = False

    def __post_init__(self):
        """Refuse what would be open to everybody, or to nobody.

        Raises
        ------
        ConfigError
            When it would be.
        """
        if ":" in self.address:
            raise ConfigError(f"{self.address} is an IPv6 address, which Panel cannot show a page under", "--address",
                              "give an IPv4 address or a name, and put a proxy before it for IPv6")
        if not self.users and self.oauth:
            raise ConfigError("people who log in elsewhere need a role here", "--oauth", "name them: --users FILE")
        if not self.users and not _is_ours(self.address):
            raise ConfigError(f"without a login everybody who reaches {self.address} could read and change all",
                              "--address", "let people log in with --users FILE (qso users makes it), or leave --address out")
        if self.users and not self.hours > 0:
            raise ConfigError("a login holds for more than no time", "--session-hours")
        if any("*" in origin for origin in self.origins):
            raise ConfigError("an origin that stands for many would let any page in", "--origin", "name each as HOST:PORT")
        if _is_any(self.address) and not self.origins:
            raise ConfigError(f"{self.address} is no name that browsers know", "--address",
                              "say under which name they reach it: --origin HOST:PORT")
        if bool(self.certificate) != bool(self.key):
            raise ConfigError("TLS wants a certificate and its key", "--tls-cert", "give --tls-cert and --tls-key")
        for file in filter(None, (self.certificate, self.key)):
            if not Path(file).is_file():
                raise ConfigError("there is no such file", file)

    @property
    def scheme(self) -> str:
        """Of its addresses: http or https."""
        return "https" if self.certificate else "http"

    def names(self, port: int) -> list[str]:
        """Under which browsers may ask for a session."""
        own = [f"localhost:{port}", f"{HOST}:{port}"] if _is_ours(self.address) or _is_any(self.address) else \
            [f"{self.address}:{port}"]
        return list(dict.fromkeys([*own, *self.origins]))

    def said(self) -> str:
        """Who reaches it, in a sentence for the terminal."""
        if not self.users:
            return "Without a login it is for this machine alone."
        bare = not _is_ours(self.address) and not self.certificate and not self.proxy
        return "It asks for a login." + (" Passwords go over the network unencrypted: give --tls-cert and --tls-key, or put it "
                                         "behind a proxy with TLS and say --proxy." if bare else "")


def _is_ours(address: str) -> bool:
    """Whether no other machine reaches it."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_any(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False


def free_port(wanted: int | None = None, address: str = HOST) -> int:
    """The port wanted, or the first free one from `FIRST_PORT` on when none is.

    Raises
    ------
    AtlasError
        When the port wanted is taken, no port is free, or the address is none of this machine.
    """
    for port in range(FIRST_PORT, FIRST_PORT + _TRIED) if wanted is None else (wanted,):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((address, port))
                return port
            except socket.gaierror:
                raise AtlasError("there is no such address", address, "give one of this machine with --address") from None
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise AtlasError("this machine has no such address", address, "give one it has with --address") from None
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
    taken = f"port {wanted} is" if wanted is not None else f"ports {FIRST_PORT} to {FIRST_PORT + _TRIED - 1} are"
    raise AtlasError(f"{taken} taken", address, "choose another with --port")


def serve(library: Library, port: int | None = None, browser: bool = True, door: Door | None = None) -> None:
    """Serve until interrupted; prints the address.

    Parameters
    ----------
    library : Library
        What is shown.
    port : int, optional
        TCP port on this machine; the first free one by default.
    browser : bool
        Whether a browser is opened.
    door : Door, optional
        Where it listens and whom it lets in; by default this machine's user alone.

    Raises
    ------
    AtlasError
        When the port is taken, or the users file cannot be used.
    """
    door = door or Door()
    free_port(port, door.address)  # one that is taken is said before anything takes its time
    library.prepare()
    import panel as pn
    from tornado.ioloop import PeriodicCallback

    from dashboard import downloads, hovering
    from dashboard.app import create

    gate, ways = _ways_in(door)
    port = free_port(port, door.address)
    pn.config.reuse_sessions = "warm"  # the browser has the page's frame at once, and loads it while its content is made
    server = pn.serve({"/": lambda: create(library, gate)}, port=port, address=door.address, start=False, show=False,
                      title="QSO Atlas", verbose=False, extra_patterns=[*downloads.ROUTES, *hovering.ROUTES],
                      websocket_origin=door.names(port), use_xheaders=door.proxy,
                      check_unused_sessions=_CHECK_MS, unused_session_lifetime=_IDLE_SESSION_MS, **ways)
    here = HOST if _is_any(door.address) else door.address

    def announce() -> None:
        try:
            _warm_up(f"{door.scheme}://{here}:{port}/", gate)
        except OSError as error:  # the page itself will say what is wrong
            log.warning("the first page could not be made: %s", error)
        shown = "localhost" if _is_ours(door.address) else here
        print(f"QSO Atlas shows {library.path} at {door.scheme}://{shown}:{port}/ (Ctrl-C ends it)", flush=True)
        print(door.said(), file=sys.stderr, flush=True)
        if browser:
            server.io_loop.add_callback(server.show, "/")

    announcing = library.pool.submit(announce)
    announcing.add_done_callback(lambda done: server.io_loop.add_callback(server.io_loop.stop) if done.exception() else None)
    if gate is not None:
        server.io_loop.add_callback(PeriodicCallback(gate.sweep, _SWEEP_MS).start)
    # not Bokeh's run_until_shutdown: where nobody reads our output any more its SIGTERM handler fails and the server stays
    server.start()
    try:
        server.io_loop.start()
        announcing.result()
    finally:
        server.stop()


def _ways_in(door: Door) -> tuple[Gate | None, dict[str, Any]]:
    """Who watches the door, and what the server has to be told for it."""
    tls = {"ssl_certfile": str(door.certificate), "ssl_keyfile": str(door.key)} if door.certificate else {}
    if not door.users:
        return None, tls
    from dashboard.login import Gate, Passwords

    gate = Gate(door.users, door.hours)
    cookies = {"httponly": True, "samesite": "Strict", "secure": bool(door.certificate)}
    ways = tls | {"cookie_secret": gate.secret, "secret_key": gate.secret.encode(), "sign_sessions": True,
                  "xsrf_cookies": True, "xsrf_cookie_kwargs": cookies}
    if door.oauth:
        from dashboard.oauth import Elsewhere

        return gate, ways | {"auth_provider": Elsewhere(gate, door.oauth)}
    # else the page would hold the login's cookie in its session token, where scripts can read it
    hidden = {"exclude_cookies": [gate.cookie, "_xsrf"], "exclude_headers": ["Cookie"]}
    return gate, ways | hidden | {"auth_provider": Passwords(gate)}


def _warm_up(address: str, gate: Gate | None) -> None:
    """Import and compile what a page needs, and have the frame made that the first browser will be given."""
    import ssl

    import matplotlib.figure  # noqa: F401  Panel looks whether a pane is one of these

    from dashboard import raster
    from dashboard.views import VIEWS

    list(VIEWS)
    raster.warm_up()
    # this machine is not reached through a proxy, and it knows itself whatever its certificate says
    browser = build_opener(ProxyHandler({}), HTTPSHandler(context=ssl._create_unverified_context()))
    cookies = {"Cookie": gate.frame_cookie()} if gate else {}
    for theme in ("", "?theme=light"):
        browser.open(Request(address + theme, headers=cookies), timeout=_WARM_UP_S).read()
    if gate:
        gate.no_more_frames()
