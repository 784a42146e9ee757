"""The page of campaigns in a browser: an owner sees and makes, a grader sees only their own; it follows by itself."""

import json
import shutil

import pytest

from dashboard.library import Library
from qsocore.inspection import Verdict
from qsocore.store.users import Users
from tests.browser.atlas import AtlasPage
from tests.browser.conftest import serve
from tests.dashboard.graded import fill

WORD = "a long enough password"
_CONTENT = """() => [...Bokeh.documents[0]._all_models.values()].map((model) => model.attributes?.data?.attributes?.content)
  .filter((content) => content?.list).map((content) => JSON.stringify(content))[0]"""


@pytest.fixture(scope="module")
def there(tmp_path_factory, store_path):
    """A copy of the small store in which a campaign is under way."""
    path = tmp_path_factory.mktemp("campaign") / "graded.store"
    shutil.copytree(store_path, path)
    library = Library.open(path)
    ids = [library.table().ids[k].as_py() for k in range(40)]
    return library, fill(library.labels, ids)


@pytest.fixture(scope="module")
def url(chromium, there, tmp_path_factory):
    users = Users(tmp_path_factory.mktemp("users") / "users.json")
    users.add("ada", "owner", WORD)
    users.add("eve", "grader", WORD)
    process, url = serve(["serve", str(there[0].path), "--users", str(users.path)])
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture
def come(chromium, url):
    """Log in as somebody, in a browser of their own, and look at the campaigns."""
    contexts, complaints = [], []

    def opened(name, size=(1280, 720), scheme="dark"):
        contexts.append(chromium.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(f"{url}?page=grade&tab=Campaigns")
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(WORD)
        page.keyboard.press("Enter")
        AtlasPage.wait(type("One", (), {"page": page}))
        page.locator(".about h2").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def test_an_owner_sees_what_has_come_of_it_and_it_follows_by_itself(come, there):
    page, (library, campaign) = come("ada", (1920, 1080), "light"), there
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


def test_an_owner_makes_one_of_what_is_there(come, there):
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
    made = there[0].labels.campaign("second")
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
