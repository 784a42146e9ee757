"""Trainings as the page of models shows them: where they stand, their curves, cards, evaluations, what sets them apart."""

import json
import os
import shutil
import time

import numpy as np
import pytest

from dashboard import runs
from dashboard.runs import FINISHED, STOPPED, TRAINING
from qsocore import open_store
from qsocore.errors import StoreError
from qsocore.models import MODELS
from qsocore.sampling import Bands, ImageGrid
from qsocore.store.runs import RunFolder, copy_run, library, list_runs, shipped
from qsocore.workflow.train import train
from tests.dashboard.survey import make_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "small.store"
    make_store(path, 120)
    for name, latents in (("six", 6), ("three", 3)):
        train("pca", path, name, [f"latents={latents}", "epochs=3"], publish=False)
    return open_store(path)


@pytest.fixture(autouse=True)
def nothing_shipped(tmp_path, monkeypatch):
    """A package without runs of its own, so that what is listed is what was made here."""
    monkeypatch.setattr(runs, "shipped", lambda: tmp_path / "none")


@pytest.fixture
def unfinished(store, tmp_path):
    """A run as it is while it trains: two of three epochs, no weights."""
    folder = shutil.copytree(store.run("six").path, tmp_path / "20260101T000000-live")
    (folder / "weights.safetensors").unlink()
    lines = (folder / "journal.jsonl").read_text().splitlines()
    events = [json.loads(line) | {"seconds": 10.0} for line in lines[:2]]
    (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return RunFolder(folder)


def test_the_stores_runs_are_listed_with_their_curves(store):
    found = runs.trainings(store)
    assert [run.folder.name for run in found] == ["three", "six"]
    assert {(run.place, run.state) for run in found} == {("store", FINISHED)}
    for run in found:
        events = [json.loads(line) for line in run.folder.journal.read_text().splitlines()]
        assert run.curves.epochs.tolist() == [event["epoch"] for event in events]
        assert run.curves.valid["half_chi2"].tolist() == [event["valid_half_chi2"] for event in events]
        assert run.curves.terms[0] == "loss" and "seconds" not in run.curves.terms
        assert run.curves.best == int(np.argmin(run.curves.valid["loss"])) and run.share == 1
        assert runs.standing(run).startswith(f"finished: {len(events)} epochs")


def test_a_published_run_is_listed_once_and_a_broken_one_not_at_all(store, tmp_path):
    copy = copy_run(store.run("six"), library())
    broken = library() / "20260101T000000-broken"
    broken.mkdir()
    try:
        assert [run.place for run in runs.trainings(store)] == ["store", "store"]
        (alone,) = runs.trainings(None)
        trained = runs.trainings(store)[1]
        assert alone.place == "library" and alone.curves.valid["loss"].tolist() == trained.curves.valid["loss"].tolist()
        (store.run("six").path / "journal.jsonl").rename(tmp_path / "journal.jsonl")
        adopted = runs.trainings(store)[1]  # as `qso predict` of earlier versions left it
        (tmp_path / "journal.jsonl").rename(store.run("six").path / "journal.jsonl")
        assert adopted.place == "store" and len(adopted.curves.epochs) == len(alone.curves.epochs)
        (broken / "run.json").write_text("{")
        assert len(runs.trainings(store)) == 2
        with pytest.raises(StoreError):
            runs.training(RunFolder(broken))
    finally:
        shutil.rmtree(copy.path)
        shutil.rmtree(broken)


def test_an_unfinished_run_trains_while_it_writes_and_has_stopped_when_it_has_not_for_long(unfinished):
    written = unfinished.journal.stat().st_mtime
    for name in ("run.json", "journal.jsonl"):
        os.utime(unfinished.path / name, (written, written))
    live = runs.training(unfinished, now=written + 4)
    assert live.state == TRAINING and live.share == pytest.approx(2.4 / 3) and live.left == pytest.approx(6)
    assert runs.standing(live) == "training: epoch 3 of 3, at most 6 s left"
    slow = runs.training(unfinished, now=written + 20)
    assert slow.state == TRAINING and slow.share < 1
    dead = runs.training(unfinished, now=written + 10_000)
    assert dead.state == STOPPED and runs.standing(dead) == "stopped after 2 of 3 epochs"


def test_a_journal_that_grows_is_read_anew(unfinished):
    before = runs.training(unfinished)
    with unfinished.journal.open("a") as file:
        file.write(json.dumps({"event": "epoch", "epoch": 3, "loss": 1.0, "valid_loss": 0.5, "seconds": 1.0}) + "\n{\"event")
    after = runs.training(unfinished)
    assert len(before.curves.epochs) == 2 and after.curves.epochs.tolist() == [1, 2, 3]
    assert after.curves.valid["loss"][-1] == 0.5 and np.isnan(after.curves.valid["half_chi2"][-1])
    assert before.snapshot != after.snapshot


def test_a_run_that_begins_says_so(unfinished):
    unfinished.journal.unlink()
    run = runs.training(unfinished, now=time.time())
    assert run.state == TRAINING and run.share == 0 and np.isnan(run.left) and run.curves.terms == []
    assert runs.standing(run) == "training: epoch 1 of 3"


def test_the_card_says_what_it_is_and_what_it_read(store):
    run = runs.trainings(store)[0]
    card = dict(runs.card(run, MODELS.get("pca")))
    about, read = dict(card["Model"]), dict(card["Trained on"])
    assert about["Model"] == f"{MODELS.get('pca').title} (pca)" and about["After"] == MODELS.get("pca").citation
    assert about["Weights"].endswith("B") and read["Store"] == "small.store" and read["Objects"] == "120"
    assert read["Data's SHA-256"] == store.manifest.fingerprint[:16]
    split = run.config["data"]["split"]
    assert read["Split by sky object"] == f"{split['train']} to train, {split['valid']} to validate, {split['test']} to test"
    assert read["Grid"].startswith("test512: 512 pixels, 3,600 to 10,399 Å")
    assert dict(card["Settings of the model"])["latents"] == "3"
    assert card["Augmentation"] == [("None", "spectra as they are")]


def test_the_card_says_on_which_images_or_bands_it_was_trained():
    assert runs._grid(ImageGrid(("g", "r"), 28, 0.263, name="des").to_dict()) == "des: g r, 28 × 28 pixels of 0.263″"
    assert runs._grid(ImageGrid(("g", "r"), 28).to_dict()) == "cutouts: g r, 28 × 28 pixels"
    assert runs._grid(Bands(("g", "W1")).to_dict()) == "photometry: g W1"


def test_the_runs_of_the_package_are_listed_last(store, monkeypatch):
    monkeypatch.setattr(runs, "shipped", shipped)
    listed = [(one.folder.name, one.place) for one in runs.trainings(store)]
    assert listed[-len(list_runs(shipped())):] == [(run.name, "package") for run in reversed(list_runs(shipped()))]
    assert {name for name, place in listed if place == "package"} >= {"classifier", "infovae", "redshift"}


def test_what_sets_runs_apart_is_named(store):
    assert runs.differences(runs.trainings(store)) == [("config · latents", ["3", "6"])]
    assert runs.differences(runs.trainings(store)[:1]) == []


def test_an_evaluation_is_shown_as_the_report_does_and_an_unknown_one_by_its_paths(unfinished):
    file = unfinished.path / "evaluation.json"
    run = runs.training(unfinished)
    assert runs.evaluation(run) is None and runs.evaluated(run) == [] and runs.measured([run]) == []
    scatter = {"bright": {"bal": 10, "recognised": 9, "non_bal": 5, "rejected": 5}, "snr_above": 5.0}
    scatter["all"] = scatter["bright"]
    file.write_text(json.dumps({"measures": {"troughs": scatter, "colour": {"of": {"sky": 0.25, "bins": [{"n": 1}]}}}}))
    known, other = runs.evaluated(run)
    assert known.title == "Broad absorption lines" and known.rows[0][1] == "9 of 10 (90.00 %)"
    assert other.title == "Colour" and other.rows == [("of · sky", "0.25")]
    beside = dict(runs.measured([run, run]))
    assert beside["colour · of · sky"] == ["0.25", "0.25"] and beside["troughs · all · bal"] == ["10", "10"]
    file.write_text("{")
    assert runs.evaluation(run) is None


def test_the_html_is_harmless_and_says_what_to_type(store, unfinished):
    from dashboard.views import _modelcard

    folder = shutil.move(unfinished.path, unfinished.path.parent / "20260101T000000-live.b")
    config = json.loads((folder / "run.json").read_text())
    config["config"]["latents"] = "<script>"
    (folder / "run.json").write_text(json.dumps(config))
    run = runs.training(RunFolder(folder))
    said = _modelcard.describe([run], "card", ("#fff",), "x.store") + _modelcard.head([run], ("#fff",))
    assert "<script>" not in said and "&lt;script&gt;" in said
    both = runs.trainings(store)
    assert "qso evaluate three a&lt;b.store" in _modelcard.describe(both[:1], "evaluation", ("#fff",), "a<b.store")
    assert "config · latents" in _modelcard.describe(both, "card", ("#111", "#222"), "a.store")
