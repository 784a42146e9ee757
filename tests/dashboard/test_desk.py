"""The desks without a browser: what is in line, what is written, and that nothing tells a grader more than they may know."""

import json
import os

import numpy as np
import pytest

from dashboard import actions, desk, desklens, deskspectra, image, strips, who
from dashboard.desk import Objects, Place, Queue
from dashboard.deskclerk import Clerk
from dashboard.desklens import Light
from dashboard.library import Library
from dashboard.ordering import RANDOM, Order
from dashboard.session import Session
from dashboard.state import State
from dashboard.views._desk import Desk
from dashboard.views.lensdesk import LensDesk
from dashboard.who import Person
from qsocore import __version__
from qsocore.errors import ConfigError, StoreError
from qsocore.inspection import UNDO, Campaign, Item, Verdict
from qsocore.inspection.standing import standing
from qsocore.store import open_store
from tests.dashboard.survey import make_image_store, make_store

ADA, BEN = Person("ada", "grader"), Person("ben", "owner")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("desk") / "images.store"
    make_image_store(path, 60)
    return path


@pytest.fixture
def gallery(images, tmp_path):
    """The store of images with an empty database of verdicts."""
    return Library(images, store=open_store(images), labels=f"sqlite:///{tmp_path / 'labels.sqlite'}")


@pytest.fixture
def campaign(gallery):
    """Thirty objects, of which number 29 repeats number 3."""
    ids = gallery.table().ids_of(np.arange(30))
    items = tuple(Item(k, ids[k]) if k < 29 else Item(k, ids[3], "repeat", 3) for k in range(30))
    made = Campaign("rings", "lenses", items, graders=("ada", "ben"), enough=6)
    gallery.labels.add_campaign(made)
    return made


def deed(object_id="", label="A", token="t1", person=ADA, **words):
    return {"what": "verdict", "id": object_id, "label": label, "token": token, "person": person.name} | words


def said_by(gallery, person=ADA):
    return [(one.object_id, one.label) for one in standing(gallery.labels.verdicts(person=person.name))]


# ---- the line


def test_objects_stand_in_the_order_wanted_and_the_line_ends(gallery):
    table, said = gallery.table(), (gallery.labels, "ada", "lenses")
    rows = np.arange(10, 50)
    line = Objects.ordered(table, rows, Order(), said)
    assert line.n == line.n_there == 40
    assert [place.row for place in line.places(38, 45)] == [48, 49] and line.places(40, 41) == []
    assert [place.at for place in line.places(-1, 2)] == [0, 1]
    shuffled = [Objects.ordered(table, rows, Order(RANDOM, seed=seed), said).places(0, 40) for seed in (1, 1, 2)]
    assert shuffled[0] == shuffled[1] != shuffled[2]
    assert sorted(place.row for place in shuffled[2]) == rows.tolist()
    assert [place.object_id for place in shuffled[0]] == table.ids_of(np.array([place.row for place in shuffled[0]]))


def test_each_sees_a_queue_of_their_own_that_goes_on_where_it_was_left(gallery, campaign):
    table, labels = gallery.table(), gallery.labels
    clerk = Clerk(gallery, ADA, "lenses")
    line = Queue(campaign, labels, "ada", table)
    assert (line.begin, line.graded, line.n) == (0, 0, 30)
    items = [place.item for place in line.places(0, 30)]
    assert sorted(items) == list(range(30))
    for k, item in enumerate(items[:7]):
        clerk.do(deed(label="X", token=f"a{k}", campaign="rings", item=item), table, "", line)
    again = Queue(campaign, labels, "ada", table)
    assert (again.begin, again.graded) == (7, 7)
    assert [place.item for place in again.places(0, 12)][:7] == items[:7]
    assert [place.item for place in again.places(7, 9)] == items[7:9]
    other = Queue(campaign, labels, "ben", table)
    assert (other.begin, other.graded) == (0, 0) and other.places(0, 1)[0].item == items[0]
    assert [one.label for one in other.said(other.places(0, 1)[0])] == []


def test_what_others_retire_meanwhile_is_left_out(gallery):
    labels, table = gallery.labels, gallery.table()
    ids = table.ids_of(np.arange(10))
    labels.add_campaign(Campaign("open", "lenses", tuple(Item(k, name) for k, name in enumerate(ids)), enough=2))
    line = Queue(labels.campaign("open"), labels, "ada", table)
    first = [place.item for place in line.places(0, 2)]
    for person in ("cleo", "dan"):
        labels.append(Verdict(ids[5], person, "X", desk="lenses", campaign="open", item=5))
    assert 5 not in first and [place.item for place in line.places(0, 40)] == [0, 1, 2, 3, 4, 6, 7, 8, 9]


def test_a_repeat_knows_nothing_of_what_it_repeats(gallery, campaign):
    table, clerk = gallery.table(), Clerk(gallery, ADA, "lenses")
    clerk.do(deed(label="B", token="first", campaign="rings", item=3), table, "", None)
    line = Queue(campaign, gallery.labels, "ada", table)
    places = {place.item: place for place in line.places(0, 30)}
    assert places[3].object_id == places[29].object_id
    assert [one.label for one in line.said(places[3])] == ["B"] and line.said(places[29]) == []
    told = json.dumps([Desk.named(places[k], list(desk.history(line.said(places[k])))) for k in (3, 29)])
    assert places[3].object_id not in told and "repeat" not in told


# ---- what is written


def test_a_verdict_says_who_what_and_what_was_shown(gallery):
    table = gallery.table()
    (name,) = table.ids_of([4])
    done = Clerk(gallery, ADA, "lenses").do(
        deed(name, "X", kind="spiral", comment="arms", view={"mode": "one", "main": "faint", "invert": True, "other": {}}),
        table, "", None)
    (one,) = gallery.labels.verdicts()
    assert done == {"number": one.number}
    assert (one.object_id, one.person, one.label, one.kind) == (name, "ada", "X", "spiral")
    assert (one.comment, one.desk) == ("arms", "lenses")
    assert one.shown == {"mode": "one", "main": "faint", "invert": True, "run": "", "code": __version__,
                         "catalogue": gallery.store.manifest.fingerprint}
    assert one.time and one.token == "t1"


def test_the_same_token_writes_once_whatever_is_shown_meanwhile(gallery):
    table, clerk = gallery.table(), Clerk(gallery, ADA, "lenses")
    (name,) = table.ids_of([4])
    number = clerk.do(deed(name, view={"mode": "one"}), table, "", None)
    assert clerk.do(deed(name, view={"mode": "one"}, again=True), table, "another run", None) == number
    assert len(list(gallery.labels.verdicts())) == 1


def test_an_undo_takes_back_the_last_that_stands_or_the_one_that_is_named(gallery):
    table, clerk = gallery.table(), Clerk(gallery, ADA, "lenses")
    names = table.ids_of([1, 2, 3])
    line = Objects.ordered(table, np.arange(10), Order(), (gallery.labels, "ada", "lenses"))
    numbers = [clerk.do(deed(name, token=f"t{k}"), table, "", line)["number"] for k, name in enumerate(names)]
    undo = {"what": "undo", "person": "ada", "token": "u1"}
    assert clerk.do(undo, table, "", line) | {"said": []} == {"undone": numbers[2], "at": 3, "said": []}
    assert clerk.do(undo | {"again": True}, table, "", line)["undone"] == numbers[2]  # not confirmed, so asked for again
    assert clerk.do(undo | {"token": "u2", "of": "t0"}, table, "", line)["undone"] == numbers[0]
    assert said_by(gallery) == [(names[1], "A")]
    assert [one.label for one in gallery.labels.verdicts()] == ["A", "A", "A", UNDO, UNDO]
    assert clerk.do(undo | {"token": "u3"}, table, "", line)["undone"] == numbers[1]
    with pytest.raises(ConfigError, match="no verdict of yours"):
        clerk.do(undo | {"token": "u4"}, table, "", line)


def test_what_stood_before_stands_again_after_an_undo(gallery):
    table, clerk = gallery.table(), Clerk(gallery, ADA, "lenses")
    (name,) = table.ids_of([5])
    line = Objects.ordered(table, np.arange(10), Order(), (gallery.labels, "ada", "lenses"))
    for label in "BA":
        clerk.do(deed(name, label, token=label), table, "", line)
    said = clerk.do({"what": "undo", "person": "ada", "token": "u"}, table, "", line)["said"]
    assert [(one["label"], one["stands"]) for one in said] == [("B", True), ("A", False)]


@pytest.mark.parametrize(("words", "why"), [
    ({"label": "Q"}, "no verdict"), ({"label": "X", "kind": "comet"}, "no verdict"), ({"token": ""}, "token"),
    ({"id": "test:one:99999"}, "no object"), ({"person": "eve"}, "is eve's"), ({"z": "high"}, "no redshift"),
    ({"z": float("inf")}, "no redshift"), ({"campaign": "rings", "item": 30}, "no item"),
    ({"campaign": "rings", "item": None}, "no item")])
def test_what_can_never_be_written_is_refused(gallery, campaign, words, why):
    table = gallery.table()
    with pytest.raises(ConfigError, match=why):
        Clerk(gallery, ADA, "lenses").do(deed(table.ids_of([0])[0]) | words, table, "", None)
    assert list(gallery.labels.verdicts()) == []


def test_a_viewer_may_not_and_a_stranger_not_in_this_campaign(gallery, campaign):
    table, viewer, stranger = gallery.table(), Person("vera", "viewer"), Person("cleo", "grader")
    with pytest.raises(ConfigError, match="may look and not grade"):
        Clerk(gallery, viewer, "lenses").do(deed(table.ids_of([0])[0], person=viewer), table, "", None)
    with pytest.raises(ConfigError, match="no item of yours"):
        Clerk(gallery, stranger, "lenses").do(deed(campaign="rings", item=0, person=stranger), table, "", None)
    with pytest.raises(StoreError, match="no campaign"):
        Clerk(gallery, ADA, "lenses").do(deed(campaign="nowhere", item=0), table, "", None)


def test_the_truth_is_told_of_an_injected_one_and_only_where_the_campaign_wants_it(gallery):
    table = gallery.table()
    items = (Item(0, "injected:open:0", "injected"), Item(1, table.ids_of([1])[0]))
    for name, feedback in (("open", True), ("blind", False)):
        gallery.labels.add_campaign(Campaign(name, "lenses", items, feedback=feedback))
    clerk = Clerk(gallery, BEN, "lenses")
    told = {}
    for name, item in (("open", 0), ("open", 1), ("blind", 0), ("blind", 1)):
        words = deed(campaign=name, item=item, token=f"{name}{item}", person=BEN)
        told[name, item] = clerk.do(words, table, "", None).get("truth")
    assert told == {("open", 0): "this was a simulated lens", ("open", 1): None, ("blind", 0): None, ("blind", 1): None}


def test_a_spectrum_is_graded_in_desis_words(session):
    place = Place(0, *session.table.ids_of([7]), 7)
    words = {"label": "3", "kind": "QSO", "flags": "SxR", "z": 2.5, "comment": "x" * 120, "token": "t"}
    verdict = desk.verdict_of(words, "spectra", "ada", place, "", session.library, "small")
    assert (verdict.label, verdict.kind, verdict.flags, verdict.z, len(verdict.comment)) == ("3", "QSO", "RS", 2.5, 100)
    assert verdict.shown["run"] == "small"


# ---- what is looked at


def test_the_pictures_are_the_objects_own(images):
    gallery = Library.open(images)
    light = Light(gallery)
    (cube,) = gallery.pictures.cubes(np.array([8]))
    shown = desklens.pictures(light, Place(0, "", 8))
    assert [what for what, _ in shown["colours"]] == ["colour", "faint", "bright"]
    assert [band for band, _ in shown["bands"]] == ["g", "r", "i", "z", "Y"] and shown["residuals"] == []
    masked = cube.masked[..., 2]
    assert shown["bands"][2][1] == image.as_url(image.png(image.marked(image.in_grey(cube, "i"), masked)))
    assert desklens.pictures(light, Place(0, "", 13))["bands"][3] == ("z", "")  # every seventh is not observed in z
    assert len(desklens.thumbnails(light, [Place(k, "", k) for k in range(3)])) == 3


def test_an_injected_one_is_drawn_as_any_other(images, tmp_path):
    gallery = Library.open(images)
    other = make_image_store(tmp_path / "injected.store", 5, first=8, name="injected:rings")
    light = Light(gallery, other)
    mine, its = desklens.pictures(light, Place(0, "", 8)), desklens.pictures(light, Place(1, "injected:rings:00008", -1))
    assert mine.keys() == its.keys()
    assert all(len(mine[key]) == len(its[key]) for key in ("colours", "bands", "residuals"))
    assert mine["bar"] == its["bar"] and its["note"] == ""
    assert desklens.pictures(light, Place(1, "injected:rings:7", -1))["note"] == "There is no image"


def test_a_spectrum_comes_without_its_id(session):
    (name,) = session.table.ids_of([7])
    told = deskspectra.scene(session.table, Place(4, name, 7), session.library, "small")
    assert told["scene"]["id"] == "place 4" and np.isfinite(told["scene"]["model"]).any()
    assert name not in str({key: value for key, value in told["scene"].items() if not isinstance(value, np.ndarray)})
    assert "z " in told["facts"]
    assert deskspectra.scene(session.table, Place(4, "injected", -1), session.library, "small")["scene"] is None


# ---- who


@pytest.mark.parametrize(("said", "person"), [("ada", Person("ada", "owner")), ("vera:viewer", Person("vera", "viewer")),
                                              ("bob:king", Person("bob", "owner"))])
def test_a_person_by_the_environment(monkeypatch, said, person):
    monkeypatch.setattr(os, "environ", {"QSO_ATLAS_PERSON": said})
    assert who.here() == person


def test_history_says_what_still_stands():
    said = [Verdict("a", "ada", "A", number=1, time="2026-01-02T03:04:05"), Verdict("a", "ada", UNDO, number=2, undoes=1)]
    assert [(one["label"], one["stands"], one["time"]) for one in desk.history(said)] == [("A", False, "2026-01-02 03:04")]
    assert next(desk.history(said[:1]))["stands"]


def test_a_spectrum_stands_beside_an_image_but_not_where_it_would_give_injected_ones_away(tmp_path):
    make_store(tmp_path / "both.store", 40)
    make_image_store(tmp_path / "both.store" / "images", 20)
    session = Session(Library.open(tmp_path / "both.store"), State(store="both"))
    actions.start(session, {})
    lenses = LensDesk(session)
    places = [Place(k, *session.table.ids_of([k]), k) for k in (3, 30)]
    shown = lenses.card(places)
    paths = strips.strips(session.table, np.array([3, 30]), n_bins=220).paths(1)
    assert shown[0]["colours"] and shown[0]["spectrum"]["paths"] != paths == shown[1]["spectrum"]["paths"]
    assert shown[1]["note"] == "There is no image"
    lenses._light = Light(session.library, make_image_store(tmp_path / "injected.store", 5, name="injected:rings"))
    assert all("spectrum" not in card for card in lenses.card(places))
