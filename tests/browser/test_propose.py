"""Verdicts become a score that colours the maps of every open page at once, a selection that can be undone, and a campaign."""

import re

import numpy as np
import pytest

from qsocore.inspection import Verdict
from qsocore.store.labels import Labels
from qsocore.workflow.propose import propose
from qsocore.workflow.simulate_catalogue import RUN, simulate_catalogue
from tests.browser.conftest import serve


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    store = simulate_catalogue(tmp_path_factory.mktemp("propose") / "s.store", 3000, seed=4, workers=1)
    ids, rare = store.column("object_id"), store.column("subclass") == "M"
    chosen = [*np.flatnonzero(rare)[:6], *np.flatnonzero(~rare)[:2]]
    with Labels.of(store.path) as labels:
        labels.extend([Verdict(ids[row], "ada", "A" if rare[row] else "X", desk="spectra") for row in chosen])
    return store.path, ids, rare


@pytest.fixture(scope="module")
def url(chromium, survey):
    process, url = serve(["serve", str(survey[0])])
    yield url
    process.terminate()
    process.wait(10)


def test_learn_colour_propose_and_make_a_campaign(atlas, url, survey):
    path, ids, rare = survey
    other = atlas(url=url, query="?maps=pca")
    page = atlas(url=url, query="?maps=pca&page=grade&tab=Propose")
    said, learn = page.page.get_by_text(re.compile("positive and")), page.page.get_by_role("button", name="Learn")
    said.filter(has_text="6 positive and 2 negative").wait_for()
    page.page.get_by_text("It takes 3 positive and 3 negative").wait_for()
    assert learn.is_disabled()
    with Labels.of(path) as labels:  # a colleague goes on grading
        labels.extend([Verdict(ids[row], "bob", "X", desk="spectra") for row in np.flatnonzero(~rare)[2:30]])
    said.filter(has_text="6 positive and 30 negative objects, by 2 people").wait_for()
    learn.click()
    page.page.get_by_text("Learnt from 6 positive and 30 negative").wait_for()
    page.page.get_by_role("button", name="Score", exact=True).click()
    page.address_has("colour_by=active_score")

    page.page.get_by_role("button", name="Propose next 50").click()
    page.wait_for_counts(selected=50)
    page.page.get_by_role("button", name="Make a campaign of them").click()
    page.page.get_by_text("waits at the desk of spectra").wait_for()
    with Labels.of(path) as labels:
        (name,) = labels.campaigns()
        queue = [item.object_id for item in labels.campaign(name).items if item.what == "object"]
    assert queue == propose(path, RUN, 50, "score").ids and rare[np.isin(ids, queue)].mean() > 3 * rare.mean()
    page.page.locator(".counts").click()
    page.page.keyboard.press("Control+z")
    page.wait_for_counts(selected=0)

    other.choose("Colour by", "Learnt score")  # a page that was open has the new columns too
    other.address_has("colour_by=active_score")
