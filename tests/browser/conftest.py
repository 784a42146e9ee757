"""A server on a small store, a Chromium, and pages that may neither complain nor call another host."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dashboard.chromium import FLAGS, find_chromium
from dashboard.library import Library
from qsocore.inspection import Campaign
from qsocore.store.users import Users
from tests.browser.atlas import AtlasPage
from tests.conftest import IN_CI
from tests.dashboard.graded import fill
from tests.dashboard.survey import make_run, make_store

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a long enough password"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")  # its loop must not outlive these tests: others run loops of their own
def chromium():
    path = find_chromium()
    if path is None:
        reason = "no Chromium here, so the browser tests are left out (apt install chromium, or set CHROMIUM)"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def store_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("browser") / "small.store"
    make_store(path)
    make_run(path)
    return path


@pytest.fixture
def images(store_path):
    """A folder for images in the small store; gone afterwards, for to other tests it is a store of spectra alone."""
    folder = store_path / "images"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def table(store_path):
    return Library.open(store_path).table("small")


def serve(words, person="tester"):
    """A ``qso`` server in a process of its own, before which somebody sits, and its address."""
    process = subprocess.Popen([sys.executable, "-m", "qsocore.cli", *words, "--no-browser"], stdout=subprocess.PIPE, text=True,
                               cwd=ROOT, env=os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1",
                                                 "QSO_ATLAS_PERSON": person})
    said = process.stdout.readline()
    assert "http://localhost:" in said, f"the server did not start: {said}"
    return process, next(word for word in said.split() if word.startswith("http"))


@pytest.fixture(scope="package")
def address(chromium, store_path):
    process, url = serve(["serve", str(store_path)])
    yield url
    process.terminate()
    process.wait(10)


@dataclass(frozen=True)
class Team:
    """A server for people who log in, and what stands behind it."""

    url: str
    users: Users
    library: Library
    campaign: Campaign


@pytest.fixture(scope="package")
def team(chromium, store_path, tmp_path_factory):
    """A server with users, on a copy of the small store in which a campaign is under way."""
    folder = tmp_path_factory.mktemp("team")
    shutil.copytree(store_path, folder / "team.store")
    library, users = Library.open(folder / "team.store"), Users(folder / "users.json")
    for name, role in (("ada", "owner"), ("eve", "grader"), ("vic", "viewer")):
        users.add(name, role, PASSWORD)
    campaign = fill(library.labels, [library.table().ids[k].as_py() for k in range(40)])
    process, url = serve(["serve", str(library.path), "--users", str(users.path)])
    yield Team(url, users, library, campaign)
    process.terminate()
    process.wait(10)


@pytest.fixture
def visitor(chromium, team):
    """Come to the team's server with a browser of one's own; in the end none may have complained or called another host."""
    contexts, wrong = [], []

    def come(query="", size=(1280, 720), scheme="dark"):
        contexts.append(chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http")
                and not request.url.startswith(team.url) else None)
        page.goto(team.url + query)
        return page

    yield come
    for context in contexts:
        context.close()
    assert wrong == []


def log_in(page, name, password=PASSWORD):
    """By keyboard, as the page has it: the cursor is in the field of the name."""
    page.wait_for_function("() => document.activeElement?.name === 'name'")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


@pytest.fixture
def atlas(chromium, address):
    """Open pages of the dashboard; at the end none of them may have complained or called another host."""
    pages = []

    def opened(query: str = "", size: tuple[int, int] = (1280, 720), scheme: str = "dark", url: str | None = None) -> AtlasPage:
        pages.append(AtlasPage(chromium, (url or address) + query, size, scheme))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()
    assert [line for page in pages for line in page.complaints] == []
    assert [line for page in pages for line in page.elsewhere] == []
