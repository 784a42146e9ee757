"""A real server with users: who is let in, and who is not, at every route."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import requests
from argon2 import PasswordHasher
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import websocket_connect

from dashboard import named
from dashboard.backoff import Backoff
from dashboard.login import Gate, LoginPage, Passwords, local
from dashboard.server import Door, free_port
from dashboard.session import Session
from dashboard.state import State
from qsocore.errors import AtlasError, ConfigError
from qsocore.store.users import Users

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ROLES = {"ada": "owner", "gus": "grader", "vic": "viewer", "eve": "grader", "bob": "grader"}


def word(name):
    return f"the password of {name}"


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    """A users file whose hashes are of other parameters than the server's, which therefore makes them anew."""
    made = Users(tmp_path_factory.mktemp("users") / "users.json", QUICK)
    for name, role in ROLES.items():
        made.add(name, role, word(name))
    return made


@pytest.fixture(scope="module")
def server(store_path, users):
    """A server in a process of its own, as behind a proxy, and its address."""
    words = ["serve", str(store_path), "--users", str(users.path), "--proxy", "--no-browser"]
    process = subprocess.Popen([sys.executable, "-m", "qsocore.cli", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    said = process.stdout.readline()
    assert "http://localhost:" in said, f"the server did not start: {said}"
    yield next(part for part in said.split() if part.startswith("http")).rstrip("/")
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def gate(server, users):
    """What the server signs with, to make logins of other times."""
    return Gate(users.path)


def login(server, name, password=None, where="/", **headers):
    """Send the login form as a browser does; the session of cookies, and the answer."""
    visitor = requests.Session()
    form = visitor.get(f"{server}/login").text
    token = re.search(r'name="_xsrf" value="([^"]+)"', form)[1]
    answer = visitor.post(f"{server}/login", {"_xsrf": token, "name": name, "next": where, "password": password or word(name)},
                          headers=headers, allow_redirects=False)
    return visitor, answer


def cookie_of(gate, login):
    return {"Cookie": f"{gate.cookie}={gate.sign(login)}"}


def connect(server, cookies, token, origin=None, then=lambda: None):
    """Open the page's websocket, do something once it speaks, and wait until it is closed.

    Returns what it is closed with or refused with, and whether it spoke.
    """
    async def run():
        address, spoke = f"ws{server.removeprefix('http')}/ws", False
        try:
            socket = await websocket_connect(HTTPRequest(address, headers={"Origin": origin or server, **cookies}),
                                             subprotocols=["bokeh", token])
        except HTTPClientError as error:
            return error.code, spoke
        while await asyncio.wait_for(socket.read_message(), 30) is not None:
            if not spoke:
                then()
            spoke = True
        return socket.close_code, spoke

    return asyncio.run(run())


def token_of(server, cookies):
    return re.search(r'"token":"([^"]+)"', requests.get(f"{server}/", headers=cookies, timeout=60).text)[1]


@pytest.mark.parametrize("path", ["/", "/?theme=light", "/metadata"])
def test_pages_lead_to_the_login_page(server, path):
    answer = requests.get(server + path, allow_redirects=False)
    assert answer.status_code == 302 and urlsplit(answer.headers["Location"]).path.endswith("/login")
    shown = requests.get(server + path)
    assert shown.status_code == 200 and 'autocomplete="current-password"' in shown.text and "token" not in shown.text


@pytest.mark.parametrize("path", ["/download/abc/file.csv", "/thumbnail/abc/some:object"])
def test_files_and_pictures_are_refused(server, gate, path):
    assert requests.get(server + path, allow_redirects=False).status_code == 403
    assert requests.get(server + path, headers=cookie_of(gate, gate.new_login("vic"))).status_code == 404, "but not to a user"


def test_no_session_is_made_for_a_stranger(server):
    answer = requests.get(f"{server}/autoload.js?bokeh-autoload-element=x", allow_redirects=False)
    assert answer.status_code != 200 and "token" not in answer.text


def test_the_login_page_asks_nothing_of_other_hosts_and_stands_in_no_frame(server):
    answer = requests.get(f"{server}/login")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"""(src|href)=["'](https?:)?//""", answer.text) and "url(" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_right_password_gives_a_cookie_that_only_the_server_reads(server, users):
    visitor, answer = login(server, "gus", where="/?theme=light")
    assert answer.status_code == 303 and answer.headers["Location"] == "/?theme=light"
    given = answer.headers["Set-Cookie"]
    assert "HttpOnly" in given and "SameSite=Lax" in given and "Secure" not in given  # not over plain HTTP
    page = visitor.get(f"{server}/")
    assert page.status_code == 200 and "token" in page.text
    (value,) = [cookie.value for cookie in visitor.cookies if cookie.name.startswith("qso-atlas-")]
    payload = re.search(r'"token":"([^"]+)"', page.text)[1]
    assert value.strip('"').split("|")[-1] not in page.text + payload
    assert "m=65536" in users.get("gus").hash, "a hash of old parameters was made anew"


@pytest.mark.parametrize("name", ["vic", "nobody", "", "a\x00b", "x" * 4000])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(server, name):
    _, answer = login(server, name, "not this one")
    assert answer.status_code == 401 and "Name and password don&#x27;t match." in answer.text.replace("&#39;", "&#x27;")
    assert not any(cookie.startswith("qso-atlas") for cookie in answer.cookies)


def test_what_was_typed_comes_back_harmless(server):
    _, answer = login(server, '"><script>alert(1)</script>', "x")
    assert "<script" not in answer.text


def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_alone(server):
    answer = login(server, "gus", **{"X-Forwarded-Proto": "https"})[1]
    assert answer.status_code == 303 and "; Secure" in answer.headers["Set-Cookie"]


def test_one_address_that_tries_many_names_waits_and_others_do_not(users, tmp_path):
    shutil.copy(users.path, tmp_path / "users.json")
    gate = Gate(tmp_path / "users.json")
    gate.users, gate.addresses = Users(tmp_path / "users.json", QUICK), Backoff(3, first=60)
    gate.users.set_password("gus", word("gus"))

    async def run():
        application = Application([("/login", LoginPage)], xsrf_cookies=True)
        application.auth_provider = Passwords(gate)
        server, (socket, port) = HTTPServer(application, xheaders=True), bind_unused_port()
        server.add_socket(socket)
        address = f"http://127.0.0.1:{port}"
        tries = [(name, "192.0.2.7") for name in ("name1", "name2", "name3", "name4", "gus")]
        tries += [("gus", "192.0.2.8"), ("gus", "nonsense")]
        answers = [(await asyncio.to_thread(login, address, name, **{"X-Forwarded-For": place}))[1].status_code
                   for name, place in tries]
        server.stop()
        return answers

    assert asyncio.run(run()) == [401, 401, 401, 429, 429, 303, 303]


def test_one_who_guesses_waits_and_others_do_not(server):
    answers = [login(server, "bob", f"guess {k}")[1] for k in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 2 and "wait" in answers[-1].text
    assert login(server, "bob")[1].status_code == 429, "nor does the right password help now"
    assert login(server, "gus")[1].status_code == 303
    time.sleep(2.1)
    assert login(server, "bob")[1].status_code == 303


@pytest.mark.parametrize("where", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)", "/login",
                                   "/logout?x", "\t//example.org", "/a\r\nSet-Cookie: x=1"])
def test_nobody_is_sent_elsewhere_after_the_login(server, where):
    assert local(where) == "/"
    assert login(server, "gus", where=where)[1].headers["Location"] == "/"


def test_a_form_from_another_site_is_refused(server):
    answer = requests.post(f"{server}/login", {"name": "gus", "password": word("gus")}, allow_redirects=False)
    assert answer.status_code == 403 and "Set-Cookie" in answer.headers and "qso-atlas" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("spoil", [
    lambda gate: gate.sign(gate.new_login("gus"))[:-4] + "0000",
    lambda gate: gate.sign(gate.new_login("gus")).replace("|", "", 1),
    lambda gate: gate.sign(replace(gate.new_login("gus"), until=time.time() - 1)),
    lambda gate: gate.sign(replace(gate.new_login("gus"), stamp="of-another-password")),
    lambda gate: gate.sign(replace(gate.new_login("gus"), name="nobody")),
    lambda gate: gate.sign(gate.new_login("the server")), lambda gate: "nonsense"],
    ids=["tampered", "cut", "expired", "old password", "removed", "the server's own", "nonsense"])
def test_a_cookie_that_does_not_hold_leads_to_the_login_page(server, gate, spoil):
    answer = requests.get(f"{server}/", headers={"Cookie": f"{gate.cookie}={spoil(gate)}"}, allow_redirects=False)
    assert answer.status_code == 302


def test_a_cookie_of_another_secret_is_nothing(server, gate, users, monkeypatch):
    monkeypatch.setenv("QSO_ATLAS_COOKIE_SECRET", "another secret that is long enough for it")
    other = Gate(users.path)
    cookies = {"Cookie": f"{gate.cookie}={other.sign(other.new_login('ada'))}"}
    assert requests.get(f"{server}/", headers=cookies, allow_redirects=False).status_code == 302


def test_a_websocket_wants_a_login_its_own_origin_and_a_signed_token(server, gate):
    cookies = cookie_of(gate, gate.new_login("vic"))
    token = token_of(server, cookies)
    assert connect(server, {}, token)[0] == 403
    assert connect(server, cookies, token, "http://example.org")[0] == 403
    assert connect(server, cookies, token[:-2] + "xx")[1] is False


def test_who_is_removed_is_shown_out_of_an_open_page(server, gate, users):
    cookies = cookie_of(gate, gate.new_login("eve"))
    token = token_of(server, cookies)
    assert connect(server, cookies, token, then=lambda: users.remove("eve")) == (4401, True)
    assert requests.get(f"{server}/", headers=cookies, allow_redirects=False).status_code == 302


def test_two_users_at_once_and_a_logout_that_ends_one(server):
    (one, _), (other, _) = login(server, "ada"), login(server, "gus")
    kept = {cookie.name: cookie.value for cookie in one.cookies}
    crossed = one.get(f"{server}/logout", headers={"Sec-Fetch-Site": "cross-site"}, allow_redirects=False)
    assert crossed.status_code == 400 and one.get(f"{server}/", allow_redirects=False).status_code == 200
    one.get(f"{server}/logout")
    assert one.get(f"{server}/", allow_redirects=False).status_code == 302
    assert requests.get(f"{server}/", cookies=kept, allow_redirects=False).status_code == 302, "a copy of the cookie ended, too"
    assert other.get(f"{server}/", allow_redirects=False).status_code == 200


def test_roles_are_asked_for_on_the_server_and_follow_the_file(library, users, gate):
    login = gate.new_login("vic")
    session = Session(library, State(store=str(library.path), selection='{"op": "ids", "ids": ["toy:1"]}'), login)
    assert session.person.name == "vic" and not session.person.may("grader")
    for deed in (lambda: session.require("grader"), lambda: named.delete(session, "some"), lambda: named.save(session, "some")):
        with pytest.raises(AtlasError, match="you are a viewer here; ask an owner"):
            deed()
    users.set_role("vic", "owner")
    assert session.require("owner").name == "vic"
    users.set_password("vic", word("vic") + " again")
    with pytest.raises(AtlasError, match="your login has ended"):
        session.require("viewer")
    assert session.person.role == "viewer"


def test_without_a_login_whoever_runs_the_server_owns_it(session):
    assert session.require("owner") == session.person


@pytest.mark.parametrize("door, what", [
    ({"address": "0.0.0.0"}, "without a login everybody.*--users"), ({"address": "192.0.2.1"}, "without a login"),
    ({"address": "::1"}, "IPv6"), ({"address": "atlas.example.org"}, "without a login"),
    ({"address": "0.0.0.0", "users": "u.json"}, "no name that browsers know.*--origin"),
    ({"users": "u.json", "origins": ("*",)}, "name each"), ({"users": "u.json", "hours": 0}, "more than no time"),
    ({"users": "u.json", "certificate": "c.pem"}, "certificate and its key"),
    ({"users": "u.json", "certificate": "c.pem", "key": "k.pem"}, "no such file")])
def test_a_door_that_is_open_to_all_or_none_is_refused(door, what):
    with pytest.raises(ConfigError, match=what):
        Door(**door)


def test_only_the_stated_names_get_a_session():
    assert Door().names(5006) == ["localhost:5006", "127.0.0.1:5006"]
    assert Door(address="127.0.0.1").said().startswith("Without a login")
    door = Door(address="0.0.0.0", users="u.json", origins=("atlas.example.org:5006",))
    assert door.names(5006)[-1] == "atlas.example.org:5006" and "unencrypted" in door.said()
    assert Door(address="192.0.2.1", users="u.json").names(80) == ["192.0.2.1:80"]


def test_an_address_of_another_machine_is_said():
    with pytest.raises(AtlasError, match="this machine has no such address"):
        free_port(None, "192.0.2.1")
