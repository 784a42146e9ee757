"""Who is let in: a login page of our own on Bokeh's interface for authentication, or OAuth as Panel has it.

A login is a signed cookie of a name, the time when it ends (absolute: using the page doesn't prolong it), the stamp of the
password and a word of its own. The cookie is for the server only: no page and no session token holds it. Each request, and each
deed that needs a role, looks at it again, so that who is removed, gets another password or another role is so at once.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from weakref import WeakSet

from bokeh.server.auth_provider import AuthProvider
from bokeh.server.views.auth_request_handler import AuthRequestHandler
from tornado.ioloop import IOLoop
from tornado.template import Template
from tornado.web import HTTPError, RequestHandler, create_signed_value, decode_signed_value
from tornado.websocket import WebSocketHandler

from dashboard import theme
from dashboard.backoff import Backoff, neighbourhood
from dashboard.who import Person
from qsocore.errors import AtlasError
from qsocore.store.users import Users, cookie_secret

if TYPE_CHECKING:
    from bokeh.document import Document

log = logging.getLogger(__name__)

LOGIN, LOGOUT = "/login", "/logout"
_FREE_OF_NAME, _FREE_OF_ADDRESS = 5, 20
_HASHERS, _WAITING, _BUSY_S = 2, 16, 2
_ENDED = 4401
"""What a page is told when its login has ended, as HTTP's 401."""
_LONGEST_NEXT = 60_000
_SERVER = "the server"  # no name of a user, for it has a space
_PAGE = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"), "login.html")


@dataclass(frozen=True)
class CookieLogin:
    """A login, see `dashboard.who.Login`.

    Parameters
    ----------
    name, stamp : str
        Of the user, and of the password it was made with.
    until : float
        When it ends, Unix time.
    word : str
        Its own.
    gate : Gate
        Knows the users.
    """

    name: str
    stamp: str
    until: float
    word: str
    gate: Gate

    def person(self) -> Person | None:
        """Who it is by the users file as it is now; None when the login has ended."""
        user = self.gate.users.get(self.name)
        if user is None or user.stamp != self.stamp or time.time() >= self.until or self.word in self.gate.ended:
            return None
        return Person(user.name, user.role)


class Gate:
    """What both ways in share: the users, the logins that hold, and the pages that are open.

    Parameters
    ----------
    path : path
        The users file.
    hours : float
        How long a login holds.
    """

    def __init__(self, path: str | Path, hours: float = 12.0):
        self.users, self.hours, self.secret = Users(path), hours, cookie_secret(path)
        self.users.all()  # one that cannot be read is said at once
        self.cookie = f"qso-atlas-{sha256(self.secret.encode()).hexdigest()[:8]}"
        """Cookies of servers on other ports of a host are not to be mistaken for ours."""
        self.ended: dict[str, float] = {}
        """Words of logins that were ended before their time, and that time; forgotten with the process."""
        self.names, self.addresses = Backoff(_FREE_OF_NAME), Backoff(_FREE_OF_ADDRESS)
        self.hashers = ThreadPoolExecutor(_HASHERS, thread_name_prefix="login")
        self.hashing = 0
        self._sockets: WeakSet[WebSocketHandler] = WeakSet()
        self._frame: str | None = None

    # ---- logins

    def new_login(self, name: str) -> CookieLogin:
        """A login of a user, from now on."""
        user = self.users.get(name)
        return CookieLogin(name, user.stamp if user else "", time.time() + 3600 * self.hours, secrets.token_hex(8), self)

    def sign(self, login: CookieLogin) -> str:
        """The cookie of a login."""
        value = json.dumps([login.name, login.stamp, login.until, login.word])
        return create_signed_value(self.secret, self.cookie, value).decode()

    def read(self, cookie: str | None) -> CookieLogin | None:
        """The login of a cookie, None when it isn't ours; whether the login holds is another question."""
        value = decode_signed_value(self.secret, self.cookie, cookie, max_age_days=self.hours / 24) if cookie else None
        return CookieLogin(*json.loads(value), self) if value else None

    def admit(self, handler: RequestHandler, login: CookieLogin | None) -> str | None:
        """Note a login with its request; returns its name, None when it doesn't hold."""
        framing = login is not None and login.word == self._frame
        if login is None or not (framing or login.person()):
            return None
        handler.request.login = login  # for the session that is made of this request
        if isinstance(handler, WebSocketHandler):
            self._sockets.add(handler)
        return login.name

    def login(self, document: Document) -> CookieLogin:
        """The login of the request that a document was made for; there is always one, or it fails."""
        return document.session_context.request.login

    def end(self, login: CookieLogin | None) -> None:
        """End a login for good, and the pages that are open with it."""
        if login is not None:
            now = time.time()
            self.ended = {word: until for word, until in self.ended.items() if until > now} | {login.word: login.until}
            self.sweep()

    def sweep(self) -> None:
        """Close the pages whose login holds no more; while the users file cannot be read they stay, and can change nothing."""
        try:
            for socket in list(self._sockets):
                if socket.request.login.person() is None:
                    socket.close(_ENDED, "the login has ended")
        except AtlasError as error:
            log.warning("%s", error)

    def frame_cookie(self) -> str:
        """A cookie for the server itself, with which it has the page's frame made ahead; it is nobody's."""
        login = self.new_login(_SERVER)
        self._frame = login.word
        return f"{self.cookie}={self.sign(login)}"

    def no_more_frames(self) -> None:
        """The frames are made."""
        self._frame = None


class Passwords(AuthProvider):
    """Names and passwords of a users file."""

    def __init__(self, gate: Gate):
        self.gate = gate
        super().__init__()

    @property
    def get_user(self) -> Any:
        """Reads the login of a request."""
        return self._user

    def _user(self, handler: RequestHandler) -> str | None:
        return self.gate.admit(handler, self.gate.read(handler.get_cookie(self.gate.cookie)))

    login_url, logout_url = LOGIN, LOGOUT

    @property
    def login_handler(self) -> type[RequestHandler]:
        """The login page."""
        return LoginPage

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """The way out."""
        return Logout


class _Page(RequestHandler):
    """A page before the login: it asks for nothing from elsewhere, stands in no frame and is kept nowhere."""

    @property
    def gate(self) -> Gate:
        """That of the server."""
        return self.application.auth_provider.gate

    def set_default_headers(self) -> None:
        """Say so to the browser."""
        self._nonce = secrets.token_urlsafe(12)
        self.set_header("Content-Security-Policy", f"default-src 'none'; style-src 'nonce-{self._nonce}'; img-src 'self'; "
                                                   "form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
        for name, value in (("Cache-Control", "no-store"), ("Referrer-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
                            ("X-Content-Type-Options", "nosniff")):
            self.set_header(name, value)

    def show(self, fault: str = "", status: int = 200, remark: str = "") -> None:
        """Send the form, with what was wrong."""
        self.set_status(status)
        where = local(self.get_argument("next", "/"))
        self.finish(_PAGE.generate(css=theme.css("login"), nonce=self._nonce, token=self.xsrf_token.decode(), next=where,
                                   fault=fault, remark=remark, name=self.get_body_argument("name", ""),
                                   theme=(parse_qs(urlsplit(where).query).get("theme") or [""])[0],
                                   ink=theme.INK))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Refusals look like the page; a form that lost its cookie can be sent again."""
        self.show("This page was open for too long. Please try again." if status_code == 403
                  else "That did not work. Please try again.", status_code)


class LoginPage(_Page):
    """Asks for a name and a password."""

    def get(self) -> None:
        """Show the form, or go on where somebody is logged in."""
        login = self.gate.read(self.get_cookie(self.gate.cookie))
        if login is not None and login.person():
            self.redirect(local(self.get_argument("next", "/")))
        else:
            self.show(remark="You are logged out." if self.get_argument("out", "") else "")

    async def post(self) -> None:
        """Look at a name and a password, which takes a moment, beside the event loop."""
        name, password = self.get_body_argument("name", "").strip(), self.get_body_argument("password", "", strip=False)
        gate, keys = self.gate, (name.casefold()[:99], neighbourhood(self.request.remote_ip))
        wait = max(gate.names.wait(keys[0]), gate.addresses.wait(keys[1]), _BUSY_S if gate.hashing >= _WAITING else 0)
        if wait > 0:
            self._refuse_for(wait)
            return
        gate.names.begin(keys[0])
        gate.addresses.begin(keys[1])
        gate.hashing += 1
        try:
            user = await IOLoop.current().run_in_executor(gate.hashers, gate.users.check, name, password)
        finally:
            gate.hashing -= 1
        if user is None:
            gate.names.refuse(keys[0])
            gate.addresses.refuse(keys[1])
            log.warning("a login as %r from %s was refused", name[:99], self.request.remote_ip)
            self.show("Name and password don't match.", 401)
            return
        gate.names.forgive(keys[0])
        gate.addresses.take_back(keys[1])
        self._let_in(gate.new_login(user.name))

    def _let_in(self, login: CookieLogin) -> None:
        self.set_cookie(self.gate.cookie, self.gate.sign(login), expires=login.until, httponly=True, samesite="Lax",
                        secure=self.request.protocol == "https")
        self.redirect(local(self.get_body_argument("next", "/")), status=303)

    def _refuse_for(self, wait: float) -> None:
        whole = int(wait) + 1
        self.set_header("Retry-After", str(whole))
        self.show(f"Too many tries: wait {whole} second{'s' if whole > 1 else ''}, then try again.", 429)


class Logout(_Page):
    """Ends a login."""

    def get(self) -> None:
        """End it here and in the browser; a link on another site doesn't."""
        if self.request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise HTTPError(400)
        self.gate.end(self.gate.read(self.get_cookie(self.gate.cookie)))
        self.clear_cookie(self.gate.cookie)
        self.redirect(f".{LOGIN}?out=1")


class Guarded(AuthRequestHandler):
    """A handler of ours that answers those alone who are let in; everybody where there is no login."""

    async def prepare(self) -> None:
        """Refuse others."""
        await super().prepare()
        if not self.current_user:
            raise HTTPError(403)


def local(where: str) -> str:
    r"""A path of this server, whatever is asked for: nobody is sent elsewhere after the login, nor out again.

    Examples
    --------
    >>> local("/?theme=dark"), local("https://example.org/"), local("//example.org"), local("/\\example.org")
    ('/?theme=dark', '/', '/', '/')
    """
    if not where.startswith("/") or where.startswith("//") or "\\" in where or not where.isprintable():
        return "/"
    return "/" if urlsplit(where).path in (LOGIN, LOGOUT) or len(where) > _LONGEST_NEXT else where
