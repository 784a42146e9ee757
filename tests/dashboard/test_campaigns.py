"""What the page of campaigns tells whom, on a campaign that three people have graded."""

import json

import pytest

from dashboard.campaigns import Campaigns, wanted
from dashboard.views.campaign import CampaignPage
from dashboard.who import Person
from qsocore.errors import AtlasError, ConfigError
from qsocore.inspection import Verdict
from qsocore.inspection.queue import next_items
from qsocore.store.labels import Labels
from tests.dashboard.graded import SCALE, fill, make_campaign

IDS = [f"toy:r1:{k}" for k in range(40)]
OWNER, GRADER = Person("ada", "owner"), Person("eve", "grader")
VIEWER, STRANGER = Person("vic", "viewer"), Person("zoe", "grader")


@pytest.fixture
def labels(tmp_path):
    with Labels(tmp_path) as made:
        yield made


@pytest.fixture
def graded(labels):
    return fill(labels, IDS)


@pytest.fixture
def campaigns(labels, graded):
    made = Campaigns(labels)
    made.look()
    return made


def test_a_grader_of_a_running_campaign_learns_of_no_item_what_it_is(campaigns, graded):
    for person in (GRADER, VIEWER, STRANGER):
        told = json.dumps([campaigns.told(graded.name, person), campaigns.listed(person)])
        assert "injected" not in told and "repeat" not in told and "completeness" not in told
        assert "gus" not in told, "nor what others say"
    told = campaigns.told(graded.name, GRADER)
    assert told["mine"]["graded"] == 20 and sum(told["mine"]["labels"].values()) == 20 and told["items"] == len(graded.items)


def test_an_owner_is_told_everything_with_raw_counts(campaigns, graded):
    told = campaigns.told(graded.name, OWNER)["all"]
    counts = [[what, graded, n] for what, graded, _, n in told["counts"]]
    assert counts == [["object", 40, 40], ["injected", 12, 12], ["repeat", 6, 6]]
    assert sum(told["why"].values()) == sum(retired for _, _, retired, _ in told["counts"])
    assert told["names"] == ["ada", "eve", "gus"] and told["waiting"] == ["bob"]
    part, of, value, low, high = told["found"][-1]["completeness"]
    assert of == 12 and value == pytest.approx(part / of) and low <= value <= high
    assert all(len(one["confusion"]) == len(SCALE) for one in told["graders"])
    assert json.loads(json.dumps(told, allow_nan=False)), "a browser has no NaN"


def test_the_disputed_are_objects_with_what_each_said_the_most_disputed_first(campaigns, graded):
    told = campaigns.told(graded.name, OWNER)["all"]
    spread = []
    for one in told["disputed"]:
        ranks = [SCALE.index(label) for _, label in one["said"]]
        pairs = [abs(a - b) for k, a in enumerate(ranks) for b in ranks[k + 1:]]
        spread.append(sum(pairs) / len(pairs))
        assert one["id"] in IDS and len(set(ranks)) > 1
    assert spread == sorted(spread, reverse=True) and told["n_disputed"] == len(spread)


def test_what_is_left_is_what_the_queue_still_shows(campaigns, labels, graded):
    said = list(labels.verdicts(campaign=graded.name))
    for person in (GRADER, Person("bob", "grader"), OWNER):
        assert campaigns.told(graded.name, person)["mine"]["left"] == len(next_items(graded, said, person.name, 1000))
    assert campaigns.told(graded.name, STRANGER)["mine"]["left"] == 0 and not campaigns.told(graded.name, STRANGER)["may"]


def test_new_verdicts_and_campaigns_are_seen_and_undone_ones_are_gone(campaigns, labels, graded):
    before = campaigns.told(graded.name, OWNER)
    number = labels.append(Verdict(IDS[30], "bob", "A", desk="lenses", campaign=graded.name, item=30))
    campaigns.look()
    assert campaigns.told(graded.name, OWNER)["grades"] == before["grades"] + 1
    labels.undo("bob", number)
    campaigns.look()
    assert campaigns.told(graded.name, OWNER) == before
    labels.add_campaign(make_campaign(IDS, "later"))
    campaigns.look()
    assert [line["name"] for line in campaigns.listed(OWNER)] == ["later", graded.name]


def test_a_campaign_that_is_done_hides_nothing(labels):
    campaign = make_campaign(IDS[:2], "short", enough=1, agreed=0, n_injected=1, n_repeats=1)
    labels.add_campaign(campaign)
    for item in campaign.items:
        labels.append(Verdict(item.object_id, "gus", "B", desk="lenses", campaign="short", item=item.number))
    campaigns = Campaigns(labels)
    campaigns.look()
    assert campaigns.told("short", GRADER)["done"] and campaigns.told("short", GRADER)["all"]["found"]


def test_what_is_not_there_is_said(campaigns):
    with pytest.raises(AtlasError, match="no campaign none"):
        campaigns.told("none", OWNER)


FORM = {"name": " first ", "desk": "lenses", "order": "-score:z", "n": "", "repeats": "5", "injected": "10", "enough": "6",
        "agreed": "0", "graders": "ada, gus ada", "feedback": True}


def test_a_form_becomes_settings():
    assert wanted(FORM, ["lenses"], ["z"]) == {
        "name": "first", "desk": "lenses", "order": "-score:z", "n": None, "repeats": 0.05, "injected": 0.1, "enough": 6,
        "agreed": 0, "graders": ("ada", "gus"), "feedback": True}


@pytest.mark.parametrize("change, what", [
    ({"name": " "}, "no name"), ({"desk": "spectra"}, "nothing here for a desk"), ({"order": "score:w"}, "no column 'w'"),
    ({"n": "0"}, "number of objects cannot be '0'"), ({"repeats": "-5"}, "share of repeats"), ({"injected": "101"}, "lens"),
    ({"enough": ""}, "grades an item needs cannot be 'empty'"), ({"agreed": "7"}, "equal"), ({"enough": "6.5"}, "whole")])
def test_a_form_that_will_not_do_is_refused(change, what):
    with pytest.raises(ConfigError, match=what):
        wanted(FORM | change, ["lenses"], ["z"])


@pytest.mark.parametrize("role", ["viewer", "grader"])
def test_only_an_owner_makes_one_whatever_the_browser_sends(session, monkeypatch, role):
    monkeypatch.setattr(session._who, "_person", Person("zoe", role))
    page, refused = CampaignPage(session), []
    monkeypatch.setattr(page.face, "_send_msg", refused.append)
    page._hear({"make": FORM | {"desk": "spectra", "order": "random"}})
    assert f"this is for owners; you are a {role} here; ask an owner" in refused[0]["fault"]
    assert page.face.making == "" and page._making.generation == 0
