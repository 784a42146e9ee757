"""Campaigns from a store to a report: the queue, the injected ones, what is said of it, the command line."""

import json

import numpy as np
import pytest

from qsocore.cli import main, parser_of
from qsocore.errors import ConfigError, StoreError
from qsocore.figures import campaign as figure
from qsocore.figures import save
from qsocore.inspection import Verdict
from qsocore.inspection.queue import next_items
from qsocore.store import StoreWriter, paths
from qsocore.store.check import check
from qsocore.store.labels import Labels
from qsocore.store.selections import Kept, Selections
from qsocore.workflow.campaign import campaigns, create, disagreement, injected_images, status
from qsocore.workflow.chosen import ids_of
from tests.images import make_images

N = 60
SCORE = np.where(np.arange(N) % 6 == 5, np.nan, np.arange(N) // 2 * 1.0)  # pairs, some of them missing


@pytest.fixture
def store(tmp_path):
    return make_images(tmp_path / "s.store", N, score=SCORE, kind=np.array(["star", "galaxy"] * (N // 2), object))


def spectra_beside(path, with_images):
    """A catalogue alone of ten objects; images of the first four beside it."""
    ids = [f"test:one:{k:05d}" for k in range(10)]
    writer = StoreWriter(path, None, {}, 1)
    writer.write_shard(0, None, None, None, {"object_id": ids, "survey": ["test"] * 10})
    writer.finish()
    if with_images:
        make_images(paths.images(path), 4, ids=ids[:4], n_shards=1)
    return path


def objects(campaign):
    return [item.object_id for item in campaign.items if item.what == "object"]


def rows(campaign):
    """Their numbers in the store."""
    return [int(object_id.rpartition(":")[2]) for object_id in objects(campaign)]


def graded(store, campaign, graders, url=""):
    """Everybody grades to the end: what each says follows from the object."""
    with Labels.of(store.path, url) as labels:
        left = dict(graders)
        while left:
            for person, say in list(left.items()):
                items = next_items(campaign, labels.verdicts(campaign=campaign.name), person, 5)
                labels.extend(Verdict(item.object_id, person, say(item), desk=campaign.desk, campaign=campaign.name,
                                      item=item.number, token=f"{person}-{item.number}") for item in items)
                if not items:
                    del left[person]


# ---- the queue

def test_the_same_seed_deals_the_same_queue(store):
    first, again, other = (create(store.path, "a", seed=seed, url=f"sqlite:///{store.path}/{number}.sqlite", injected=0)
                           for number, seed in enumerate((3, 3, 4)))
    assert first.items == again.items != other.items
    assert sorted(rows(first)) == list(range(N)) != rows(first)
    assert [sum(item.what == what for item in first.items) for what in ("object", "repeat", "injected")] == [N, 3, 0]


def test_what_is_made_is_what_is_kept(store):
    made = create(store.path, "spring", rule='kind == "star"', n=20, seed=3, graders=["ada", "bob", "ada"], enough=4, agreed=2,
                  feedback=True, by="ada")
    with Labels.of(store.path) as labels:
        assert labels.campaign("spring") == made and labels.campaigns() == ["spring"]
    assert (made.graders, made.enough, made.agreed, made.feedback, made.seed) == (("ada", "bob"), 4, 2, True, 3)
    assert json.loads(made.rule) == {"op": "compare", "column": "kind", "cmp": "==", "value": "star"}
    assert made.made["by"] == "ada" and made.made["catalogue"] == store.manifest.fingerprint and made.made["selected"] == N // 2
    assert len(rows(made)) == 20 and all(row % 2 == 0 for row in rows(made))


def test_orders(store):
    falling, rising = (create(store.path, name, order=order, injected=0, repeats=0)
                       for name, order in (("f", "score:score"), ("r", "-score:score")))
    known = N - N // 6
    for campaign, sign in ((falling, -1), (rising, 1)):
        scores = SCORE[rows(campaign)]
        assert (np.diff(sign * scores[:known]) >= 0).all() and np.isnan(scores[known:]).all()
    assert rows(falling) != rows(rising)[::-1]  # of equal scores chance says which is first
    assert rows(create(store.path, "top", order="score:score", n=2, injected=0, repeats=0))[0] in (56, 57, 58)


def test_ways_to_say_which(store, tmp_path):
    rule = {"op": "compare", "column": "score", "cmp": "<", "value": 5.0}
    wanted = sorted(np.flatnonzero(SCORE < 5).tolist())
    Selections.of(store.path).save(Kept("low", rule, len(wanted)))
    (tmp_path / "rule.json").write_text(json.dumps(rule))
    (tmp_path / "ids.txt").write_text("".join(f"test:one:{row:05d}\n\n" for row in wanted))
    ways = [{"rule": "score < 5"}, {"rule": rule}, {"rule": Kept("low", rule, len(wanted))}, {"selection": "low"},
            {"selection": tmp_path / "rule.json"}, {"rule": ids_of([tmp_path / "ids.txt"])},
            {"rule": "score < 7", "selection": "low"}]
    for number, way in enumerate(ways):
        assert sorted(rows(create(store.path, f"c{number}", injected=0, **way))) == wanted


@pytest.mark.parametrize(("options", "what"), [
    ({"name": "Spring"}, "no name"), ({"name": "a/b"}, "no name"), ({"name": "a:b"}, "no name"),
    ({"desk": "galaxies"}, "no desk"), ({"repeats": 1.5}, "no share"), ({"injected": -0.1}, "no share"), ({"n": 0}, "n = 0"),
    ({"seed": -1}, "seed = -1"), ({"enough": 0}, "enough = 0"), ({"agreed": 1}, "agreed = 1"), ({"agreed": 7}, "agreed = 7"),
    ({"order": "best"}, "no order"), ({"order": "score:kind"}, "holds text"), ({"rule": "score > 999"}, "nothing is selected"),
    ({"rule": ["test:one:00000", "test:one:x"]}, "1 of 2 objects are not in the store, the first is test:one:x"),
    ({"rule": "score >"}, "expected a number")])
def test_settings_that_will_not_do(store, options, what):
    with pytest.raises(ConfigError, match=what):
        create(store.path, **{"name": "c"} | options)
    assert Labels.of(store.path).campaigns() == [] and not paths.campaigns(store.path).exists()


def test_names_are_given_once_and_columns_exist(store):
    create(store.path, "c", injected=0)
    with pytest.raises(ConfigError, match="'c' already"):
        create(store.path, "c", injected=0)
    with pytest.raises(StoreError, match="no column 'scores'; did you mean score"):
        create(store.path, "d", order="score:scores", injected=0)
    with pytest.raises(StoreError, match="no such store"):
        create(store.path / "x", "d")


# ---- the injected ones

def test_injected_lenses_look_as_the_store_does(store):
    campaign = create(store.path, "spring", injected=0.1, seed=5)
    images = injected_images(store.path, "spring")
    ids = [item.object_id for item in campaign.items if item.what == "injected"]
    assert ids == list(images.column("object_id")) and len(ids) == 6
    assert images.image_grid == store.image_grid and check(store.path) == []
    assert set(images.column("true_class")) == {"LENS"} and (images.column("true_separation") > 0).all()
    sky = store.images(store.index_of(images.column("sky_of")))
    mine = images.images(np.arange(6))
    corner = np.s_[:, :, 0, :]  # which nothing was put into but the wings of the light
    assert np.abs(mine.flux[corner] - sky.flux[corner]).mean() < np.abs(mine.flux - sky.flux).mean()
    assert not np.array_equal(mine.flux, sky.flux) and (mine.ivar > 0).all()
    assert injected_images(store, "autumn") is None


def test_a_call_that_was_interrupted_is_repeated(store, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Labels, "add_campaign", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        create(store.path, "spring", seed=5)
    assert Labels.of(store.path).campaigns() == []
    with pytest.raises(StoreError, match="another campaign of that name"):
        create(store.path, "spring", seed=6)
    assert create(store.path, "spring", seed=5).made["injected"] == 3


def test_images_beside_a_catalogue_give_their_sky(tmp_path):
    path = spectra_beside(tmp_path / "c.store", with_images=True)
    campaign = create(path, "c", injected=0.5)
    assert campaign.made["injected"] == 4  # of five that were wanted: so many have images
    assert sorted(injected_images(path, "c").column("sky_of")) == [f"test:one:{k:05d}" for k in range(4)]


@pytest.mark.parametrize(("desk", "bands", "why"), [
    ("lenses", None, "no images"), ("spectra", ("g",), "desk of lenses only"),
    ("lenses", ("g", "F814W"), "F814W is not known")])
def test_where_nothing_can_be_injected_the_campaign_says_why(tmp_path, capsys, desk, bands, why):
    path = make_images(tmp_path / "s.store", 8, bands=bands).path if bands else spectra_beside(tmp_path / "s.store", False)
    campaign = create(path, "c", desk=desk)
    assert campaign.made["injected"] == 0 and why in campaign.made["not_injected"]
    assert len(objects(campaign)) == len(campaign.items) - 1 and injected_images(path, "c") is None
    assert main(["campaign", "create", str(path), "--name", "d", "--desk", desk]) == 0
    assert f"nothing injected: {campaign.made['not_injected']}\n" in capsys.readouterr().out


# ---- what has come of it

@pytest.fixture
def played(store):
    """A campaign that three have graded to the end: ada is right, bob mild, and cyd sees lenses where the row is even."""
    campaign = create(store.path, "spring", n=40, injected=0.1, repeats=0.1, enough=3, seed=2)
    graded(store, campaign, {"ada": lambda item: "A" if item.what == "injected" else "X",
                             "bob": lambda item: "B" if item.what == "injected" else "C",
                             "cyd": lambda item: "AX"[int(item.object_id[-1]) % 2]})
    return campaign


def test_a_report_and_its_figure(store, played, tmp_path):
    found = status(store.path, "spring")
    assert found.done and found.retired == {"object": 40, "injected": 4} and found.why == {"3 grades": 44}
    ada, bob, cyd = found.graders
    assert str(ada.found[0].completeness).startswith("4 of 4 (") and str(ada.found[0].purity).startswith("4 of 4 (")
    assert bob.found[0].completeness.part == 0 and str(bob.found[2].purity).startswith("4 of 44")
    assert ada.repeats.part == ada.repeats.whole == 4 and cyd.n == 48
    drawn = figure.draw(str(store.path), "spring")
    titles = [axes.get_title(loc="left") for axes in drawn.axes]
    assert [title.split(":")[0] for title in titles[3:]] == ["ada", "bob", "cyd"]
    words = {text.get_text() for text in drawn.axes[1].texts}
    assert {f"{getattr(row, kind).part}/{getattr(row, kind).whole}" for row in found.found
            for kind in ("completeness", "purity")} == words
    counts = {text.get_position(): int(text.get_text()) for text in drawn.axes[3].texts}
    assert counts == {(3 - j, 3 - i): n for (i, j), n in np.ndenumerate(ada.confusion) if n}
    save(drawn, tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 20_000


def test_a_figure_of_a_campaign_that_nobody_has_graded(store, tmp_path):
    create(store.path, "new", injected=0, repeats=0)
    drawn = figure.draw(str(store.path), "new")
    assert [axes.texts[0].get_text() for axes in drawn.axes] == [
        "No two graders have an item in common.", "Nothing is injected.", "Nothing is repeated."]
    save(drawn, tmp_path / "c.svg")


def test_disputed_objects_with_what_was_said(store, played):
    disputed = disagreement(store.path, "spring")
    assert disputed and all(set(said) == {"ada", "bob", "cyd"} and item.what == "object" for item, said in disputed)
    assert [said["cyd"] for _, said in disputed] == sorted(said["cyd"] for _, said in disputed)  # A against X and C is worse
    assert [found["name"] for found in campaigns(store.path)] == ["spring"] and campaigns(store.path)[0]["done"]


@pytest.mark.parametrize("ask", [lambda path: status(path, "c"), lambda path: disagreement(path, "c"), campaigns])
def test_a_store_that_is_not_there(tmp_path, ask):
    with pytest.raises(StoreError, match="no such store"):
        ask(tmp_path / "x.store")


# ---- the command line

def test_the_command_line(store, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["campaign", "create", "s.store", "--name", "c", "--where", "score < 10", "--n", "10", "--enough", "1"]
    assert main(words) == 0
    assert capsys.readouterr().out == "c: 10 objects, 1 repeats, 1 injected lenses\n"
    assert main(words) == 1
    assert "there is a campaign 'c' already" in capsys.readouterr().err
    with Labels.of(store.path) as labels:
        campaign = labels.campaign("c")
    graded(store, campaign, {"ada": lambda item: "B"})
    assert main(["campaign", "status", "s.store", "--name", "c"]) == 0
    out = capsys.readouterr().out
    assert "campaign c at the desk of lenses: done" in out and "retired by 1 grade: 11" in out
    assert "B or better: found 1 of 1 (1.000" in out and "repeats alike 1 of 1" in out
    assert main(["campaign", "status", "s.store", "--name", "c", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["graders"][0]["labels"] == {"X": 0, "C": 0, "B": 12, "A": 0}
    assert main(["campaign", "list", "s.store"]) == 0
    assert capsys.readouterr().out == "c: lenses, 12 items, 0 open, 12 grades by 1\n"
    assert main(["campaign", "disagreement", "s.store", "--name", "c"]) == 0
    assert main(["figure", "campaign", "s.store", "c", "--out", "c.png"]) == 0
    (tmp_path / "ids.txt").write_text("test:one:00001\n")
    assert main(["campaign", "create", "s.store", "--name", "d", "--ids", "ids.txt", "--where", "score < 3"]) == 1
    assert "leave one out" in capsys.readouterr().err
    (tmp_path / "ids.txt").write_text("\n")
    assert main(["campaign", "create", "s.store", "--name", "d", "--ids", "ids.txt"]) == 1
    assert "holds no object ids" in capsys.readouterr().err


def test_verdicts_on_the_command_line(store, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Labels.of(store.path) as labels:
        labels.append(Verdict("test:one:00001", "ada", "A", z=2.5, comment="\x1b[31mred"))
        labels.append(Verdict("test:one:00002", "bob", "X", kind="ring"))
    assert main(["verdicts", "undo", "s.store", "1", "--person", "bob"]) == 1
    assert "ada's, not bob's" in capsys.readouterr().err
    assert main(["verdicts", "undo", "s.store", "1", "--person", "ada"]) == 0
    assert main(["verdicts", "list", "s.store", "--person", "ada"]) == 0
    out = capsys.readouterr().out.splitlines()[1:]
    assert "z=2.50000" in out[0] and "·[31mred" in out[0] and "\x1b" not in out[0] and "undo  of 1" in out[1]
    assert main(["verdicts", "list", "s.store", "--standing", "--json"]) == 0
    assert [json.loads(line)["object_id"] for line in capsys.readouterr().out.splitlines()] == ["test:one:00002"]
    assert main(["verdicts", "back-up", "s.store", "--out", "copy.sqlite"]) == 0
    assert capsys.readouterr().out == "copy.sqlite: 3 verdicts\n"
    assert main(["verdicts", "list", "t.store"]) == 1


@pytest.mark.parametrize("name", ["campaign", "verdicts"])
def test_every_argument_of_every_deed_has_help(name):
    deeds = next(action for action in parser_of(name)._actions if action.choices)
    for parser in deeds.choices.values():
        assert all(action.help for action in parser._actions) and parser.description


def test_a_team_shares_a_campaign_in_postgresql(store, team, capsys):
    where = ["--labels", team]
    assert main(["campaign", "create", str(store.path), "--name", "c", "--n", "6", "--enough", "2", *where]) == 0
    with Labels.of(store.path, team) as labels:
        campaign = labels.campaign("c")
    graded(store, campaign, {"ada": lambda item: "A", "bob": lambda item: "A"}, team)
    assert main(["campaign", "status", str(store.path), "--name", "c", *where]) == 0
    assert "campaign c at the desk of lenses: done" in capsys.readouterr().out
    assert not (store.path / paths.LABELS).exists() and Labels.of(store.path).campaigns() == []
