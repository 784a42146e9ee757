"""The login page in a browser: by keyboard, in both looks and sizes, and two people beside each other."""

import pytest

from qsocore.store.users import Users
from tests.browser.atlas import AtlasPage
from tests.browser.conftest import serve

WORD = "a long enough password"


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    made = Users(tmp_path_factory.mktemp("users") / "users.json")
    for name, role in (("ada", "owner"), ("vic", "viewer")):
        made.add(name, role, WORD)
    return made


@pytest.fixture(scope="module")
def guarded(chromium, store_path, users):
    process, url = serve(["serve", str(store_path), "--users", str(users.path)])
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture
def visitor(chromium, guarded):
    """Open the login page in a browser of its own; at the end nothing may have been asked of another host."""
    opened = []

    def come(size=(1280, 720), scheme="dark"):
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        page, elsewhere = context.new_page(), []
        page.on("request", lambda request: elsewhere.append(request.url) if request.url.startswith("http")
                and not request.url.startswith(guarded) else None)
        page.goto(guarded)
        opened.append((context, elsewhere))
        return page

    yield come
    for context, elsewhere in opened:
        context.close()
        assert elsewhere == []


def log_in(page, name, password=WORD):
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("size, scheme, ground", [((1280, 720), "dark", "rgb(12, 14, 17)"),
                                                  ((1920, 1080), "light", "rgb(238, 240, 242)")])
def test_the_page_follows_the_system_and_stands_in_the_middle(visitor, size, scheme, ground):
    page = visitor(size, scheme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
    box = page.locator("main").bounding_box()
    assert abs(box["x"] + box["width"] / 2 - size[0] / 2) < 1 and abs(box["y"] + box["height"] / 2 - size[1] / 2) < 1
    assert page.evaluate("document.activeElement.id") == "name"
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    log_in(page, "ada", "wrong")
    page.get_by_role("alert").wait_for()
    assert page.input_value("#name") == "ada" and page.evaluate("document.activeElement.id") == "password"


def test_two_people_are_who_they_are_and_one_goes(visitor, users):
    owner, viewer = visitor(), visitor(scheme="light")
    for page, name in ((owner, "ada"), (viewer, "vic")):
        log_in(page, name)
        AtlasPage.wait(type("One", (), {"page": page}))
        page.locator(".person").wait_for()
        assert page.locator(".person").inner_text().split("\n")[0] == name
    owner.click(".person")
    owner.get_by_text("You are logged out.").wait_for()
    users.set_password("vic", WORD + "!")  # her page is closed by the server, and asks for a login by itself
    viewer.locator("#password").wait_for(timeout=30_000)
