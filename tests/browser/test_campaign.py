"""The page of campaigns in a browser: an owner sees and makes, a grader sees only their own; it follows by itself."""

import json

import pytest

from qsocore.inspection import Verdict
from tests.browser.conftest import log_in

_CONTENT = """() => [...Bokeh.documents[0]._all_models.values()].map((model) => model.attributes?.data?.attributes?.content)
  .filter((content) => content?.list).map((content) => JSON.stringify(content))[0]"""


@pytest.fixture
def come(visitor):
    """Log in as somebody and look at the campaigns."""
    def opened(name, *looks):
        page = visitor("?page=grade&tab=Campaigns", *looks)
        log_in(page, name)
        page.locator(".about h2").wait_for(timeout=60_000)
        return page

    return opened


def test_an_owner_sees_what_has_come_of_it_and_it_follows_by_itself(come, team):
    page, library, campaign = come("ada", (1920, 1080), "light"), team.library, team.campaign
    about = page.locator(".about")
    assert about.locator(".simulated .rows tbody tr").count() >= 4 and "of 12" in about.inner_text()
    assert about.locator(".card").count() == 3 and about.get_by_text("Fleiss").count() == 1
    first = about.locator(".rows.disputed tr").first
    wanted = first.get_attribute("data-id")
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("(id) => decodeURIComponent(location.search).includes(`focus=${id}`)", arg=wanted)
    item = campaign.items[30]
    library.labels.append(Verdict(item.object_id, "bob", "A", desk="lenses", campaign=campaign.name, item=item.number))
    about.locator(".graders tr", has_text="bob").locator(".stack").wait_for()


def test_an_owner_makes_one_of_what_is_there(come, team):
    page = come("ada")
    page.get_by_role("button", name="New campaign").click()
    form = page.get_by_role("form", name="New campaign")
    assert "400 objects" in form.inner_text()
    form.locator("[name=name]").fill("Not A Name")
    form.get_by_role("button", name="Make it").click()
    form.get_by_role("alert").get_by_text("no name for a campaign").wait_for()
    form.locator("[name=name]").fill("second")
    form.locator("[name=n]").fill("50")
    form.locator("[name=graders]").fill("eve ada")
    form.get_by_role("button", name="Make it").click()
    page.locator(".list tr[aria-selected=true]", has_text="second").wait_for()
    made = team.library.labels.campaign("second")
    assert made.graders == ("eve", "ada") and made.desk == "spectra" and made.made["by"] == "ada"
    assert sum(item.what == "object" for item in made.items) == 50
    page.get_by_role("button", name="Go on grading").click()
    page.locator(".you, [title='0 graded by you']").first.wait_for()
    assert page.get_by_label("What is graded").input_value() == "second"


def test_a_grader_sees_their_own_progress_and_the_browser_holds_no_more(come):
    page = come("eve")
    page.locator(".list tr", has_text="lenses-1").click()
    page.locator(".about h2", has_text="lenses-1").wait_for()
    assert page.get_by_role("button", name="New campaign").count() == 0 and page.locator(".about .card").count() == 0
    held = json.loads(page.evaluate(_CONTENT))
    assert held["about"]["mine"]["graded"] == 20 and "injected" not in json.dumps(held) and "repeat" not in json.dumps(held)
