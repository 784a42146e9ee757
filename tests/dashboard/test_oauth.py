"""Logging in at another house: here one of our own on loopback, which speaks OAuth as the real ones do."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from qsocore.cli import main
from qsocore.store.users import Users

SECRET = "the client's secret"


class Authorize(RequestHandler):
    """Lets everybody in whom the test says is there."""

    def get(self):
        back = self.get_argument("redirect_uri")
        assert self.get_argument("client_id") == "atlas"
        self.redirect(f"{back}?{urlencode({'code': 'a-code', 'state': self.get_argument('state')})}")


class Token(RequestHandler):
    def post(self):
        if self.get_argument("code") != "a-code" or self.get_argument("client_secret") != SECRET:
            self.set_status(401)
        self.finish(json.dumps({"access_token": "opaque", "token_type": "bearer"}))


class WhoIs(RequestHandler):
    def get(self):
        assert self.request.headers["Authorization"] == "Bearer opaque"
        self.finish(json.dumps({"email": self.settings["who"][0]}))


@pytest.fixture(scope="module")
def house():
    """Address of a provider, and a list of who sits before its page."""
    who, ready = ["far@example.org"], threading.Event()
    running = {}

    async def run():
        socket, port = bind_unused_port()
        server = HTTPServer(Application([("/authorize", Authorize), ("/token", Token), ("/user", WhoIs)], who=who))
        server.add_socket(socket)
        running.update(port=port, loop=IOLoop.current(), end=asyncio.Event())
        ready.set()
        await running["end"].wait()
        server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    ready.wait(20)
    yield f"http://localhost:{running['port']}", who
    running["loop"].add_callback(running["end"].set)
    thread.join()


@pytest.fixture(scope="module")
def server(store_path, tmp_path_factory, house):
    users = Users(tmp_path_factory.mktemp("oauth") / "users.json")
    users.add("far@example.org", "grader")
    there = {f"PANEL_OAUTH_{name}_URL": f"{house[0]}/{path}" for name, path in
             (("AUTHORIZE", "authorize"), ("TOKEN", "token"), ("USER", "user"))}
    words = [sys.executable, "-m", "qsocore.cli", "serve", str(store_path), "--users", str(users.path), "--oauth", "generic",
             "--oauth-key", "atlas", "--oauth-secret-env", "ATLAS_SECRET", "--no-browser"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               env=os.environ | there | {"PYTHONUNBUFFERED": "1", "ATLAS_SECRET": SECRET})
    said = process.stdout.readline()
    assert "http://localhost:" in said, f"the server did not start: {said}"
    yield next(part for part in said.split() if part.startswith("http")).rstrip("/")
    process.terminate()
    process.wait(20)


def test_panel_is_told_where_the_house_is_and_who_we_are(server, house):
    asked = requests.get(f"{server}/login", allow_redirects=False)
    there = urlsplit(asked.headers["Location"])
    query = parse_qs(there.query)
    assert asked.headers["Location"].startswith(f"{house[0]}/authorize?")
    assert query["client_id"] == ["atlas"] and query["redirect_uri"] == [server] and query["state"]


def test_who_is_in_the_users_file_gets_in_and_others_do_not(server, house):
    visitor = requests.Session()
    page = visitor.get(f"{server}/")
    assert page.status_code == 200 and '"token"' in page.text and urlsplit(page.url).path == "/"
    house[1][0] = "stranger@example.org"
    refused = requests.Session().get(f"{server}/")
    assert refused.status_code == 403 and "not among the users" in refused.text
    assert requests.get(f"{server}/thumbnail/a/b", allow_redirects=False).status_code == 403
    left = visitor.get(f"{server}/logout")
    assert "logged out" in left.text and not any(cookie.name == "user" for cookie in visitor.cookies)


@pytest.mark.parametrize("words, what", [
    (["--oauth", "github"], "--users FILE|client id and secret"),
    (["--oauth", "github", "--oauth-key", "atlas", "--oauth-secret-env", "NOT_SET"], "client id and secret"),
    (["--oauth", "hithub", "--oauth-key", "a", "--oauth-secret-env", "HOME", "--users", "USERS"], "did you mean github")])
def test_half_a_configuration_is_refused(words, what, store_path, tmp_path, capsys):
    import re

    users = Users(tmp_path / "users.json")
    users.add("far@example.org", "viewer")
    words = [str(users.path) if word == "USERS" else word for word in words]
    assert main(["serve", str(store_path), "--no-browser", *words]) == 1
    assert re.search(what, capsys.readouterr().err)
