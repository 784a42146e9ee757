"""The one door to the network: a `requests.Session` that goes only where a `Guard` lets it, redirects included.

Addresses are checked when the connection is made, and the connection is made to what was checked (`address`). Redirects are
followed here, not by requests, which would read a redirect's whole body. Behind a proxy of the environment the proxy connects;
then the host is checked as this machine resolves it.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Lock, Timer
from typing import Any, ClassVar
from urllib.parse import urljoin
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.response import HTTPResponse

from qsocore import __version__
from qsocore.archive.address import Guard, Refused, origin, parsed

MOST_REDIRECTS = 5
_POOLS = 512  # hosts whose connections are kept
_HEAD = 2.0  # times the longest pause: within that the head of an answer must be whole, however it drips


class Client(requests.Session):
    """A session for many threads.

    Parameters
    ----------
    guard : Guard
        Where it may go.
    per_host : int
        Connections to a host at once.
    timeout : (float, float)
        Seconds to connect, and between two pieces of an answer.
    """

    def __init__(self, guard: Guard, per_host: int = 4, timeout: tuple[float, float] = (10.0, 60.0)):
        super().__init__()
        self.timeout, self.sockets = timeout, _Sockets()
        self.headers.update({"User-Agent": f"qso-atlas/{__version__}", "Accept-Encoding": "identity"})
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(guard, per_host, self.sockets, _HEAD * timeout[1]))

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Ask, and follow at most `MOST_REDIRECTS` redirects.

        Raises
        ------
        Refused
            When it, or a redirect, leads where it may not, or redirects do not end.
        requests.RequestException
        """
        follow = options.pop("allow_redirects", True)
        options.setdefault("timeout", self.timeout)
        parsed(url)
        first = url
        for _ in range(MOST_REDIRECTS + 1):
            response = super().request(method, url, allow_redirects=False, **options)
            target = self.get_redirect_target(response)
            if not follow or target is None:
                return response
            response.close()
            options.pop("params", None)  # the redirect says its own
            url = _followed(response.url, urljoin(response.url, target))
        raise Refused(f"it redirects more than {MOST_REDIRECTS} times", first, "ask those who run the service")

    def abort(self) -> None:
        """Cut every connection, so that threads which wait for an answer end at once."""
        self.sockets.cut()


def _followed(before: str, url: str) -> str:
    """Where a redirect leads, if it may be followed."""
    try:
        if parsed(before).scheme == "https" and parsed(url).scheme == "http":
            raise Refused("it leaves https for http, where anybody could answer", url, "ask those who run the service")
    except Refused as error:
        raise Refused(f"it redirects to {error.where}: {error.what}", before, error.remedy) from None
    return url


class _Sockets:
    """Connections that are open."""

    def __init__(self):
        self._open: WeakSet[socket.socket] = WeakSet()
        self._lock, self._over = Lock(), Event()

    def add(self, one: socket.socket) -> None:
        with self._lock:
            self._open.add(one)
        if self._over.is_set():
            self.cut()

    def cut(self) -> None:
        self._over.set()
        with self._lock:
            for one in list(self._open):
                _shut(one)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        one.shutdown(socket.SHUT_RDWR)


class _Guarded:
    """A connection of urllib3 that is made to an address which the guard has seen."""

    guard: ClassVar[Guard]
    sockets: ClassVar[_Sockets]
    head: ClassVar[float]

    def connect(self) -> None:
        super().connect()
        self.sockets.add(self.sock)

    def getresponse(self) -> HTTPResponse:
        timer = Timer(self.head, _shut, [self.sock])
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        finally:
            timer.cancel()

    def _new_conn(self) -> socket.socket:
        try:
            places = self.guard.addresses(self._dns_host, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failure: OSError | None = None
        for family, kind, protocol, _, place in places:
            one = socket.socket(family, kind, protocol)
            try:
                one.settimeout(self.timeout)
                for option in self.socket_options or ():
                    one.setsockopt(*option)
                one.connect(place)
                return one
            except OSError as error:
                one.close()
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"{self.host} does not answer within {self.timeout:g} s") from failure
        raise NewConnectionError(self, str(failure)) from failure


class _Adapter(HTTPAdapter):
    """Transport with guarded connections, as many a host as it may have and no more."""

    def __init__(self, guard: Guard, per_host: int, sockets: _Sockets, head: float):
        self.guard, self.sockets, self.head = guard, sockets, head
        super().__init__(pool_connections=_POOLS, pool_maxsize=per_host, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Make the pools; as requests calls it."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        said = {"guard": self.guard, "sockets": self.sockets, "head": self.head}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: type(pool.__name__, (pool,), {"ConnectionCls": type(connection.__name__, (_Guarded, connection), said)})
            for scheme, pool, connection in (("http", HTTPConnectionPool, HTTPConnection),
                                             ("https", HTTPSConnectionPool, HTTPSConnection))}

    def send(self, request: requests.PreparedRequest, *words: Any, **options: Any) -> requests.Response:
        """Send one request; as requests calls it."""
        parsed(request.url)
        if select_proxy(request.url, options.get("proxies")):
            with suppress(OSError):  # a name that only the proxy knows
                self.guard.addresses(*origin(request.url))
        return super().send(request, *words, **options)
