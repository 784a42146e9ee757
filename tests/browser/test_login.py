"""The login page in a browser: by keyboard, in both looks and sizes, and two people beside each other."""

import pytest

from dashboard.chromium import DRAWN
from tests.browser.conftest import PASSWORD, log_in


@pytest.mark.parametrize("size, scheme, ground", [((1280, 720), "dark", "rgb(12, 14, 17)"),
                                                  ((1920, 1080), "light", "rgb(238, 240, 242)")])
def test_the_page_follows_the_system_and_stands_in_the_middle(visitor, size, scheme, ground):
    page = visitor(size=size, scheme=scheme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
    box = page.locator("main").bounding_box()
    assert abs(box["x"] + box["width"] / 2 - size[0] / 2) < 1 and abs(box["y"] + box["height"] / 2 - size[1] / 2) < 1
    assert page.evaluate("document.activeElement.id") == "name"
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    log_in(page, "vic", "wrong")
    page.get_by_role("alert").wait_for()
    assert page.input_value("#name") == "vic" and page.evaluate("document.activeElement.id") == "password"


def test_two_people_are_who_they_are_and_one_goes(visitor, team):
    owner, viewer = visitor(), visitor(scheme="light")
    for page, name in ((owner, "ada"), (viewer, "vic")):
        log_in(page, name)
        page.wait_for_function(DRAWN, timeout=60_000)
        assert page.locator(".person").inner_text().split("\n")[0] == name
    owner.click(".person")
    owner.get_by_text("You are logged out.").wait_for()
    team.users.set_password("vic", PASSWORD + "!")  # her page is closed by the server, and asks for a login by itself
    viewer.locator("#password").wait_for(timeout=30_000)
