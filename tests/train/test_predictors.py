"""Training towards labels: batches find theirs, a killed training ends the same, and what cannot be trained says why."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from qsocore.errors import TrainError
from qsocore.models.labels import redshifts
from qsocore.preprocess.normalise import Normalisation
from qsocore.preprocess.prepare import Prepared
from qsocore.train.data import Batches
from qsocore.train.journal import read_journal
from qsocore.train.loop import CHECKPOINT
from qsocore.workflow.train import train
from tests.toy import Toy, quasars

WORDS = ["batch=16", "epochs=4", "save_every=3", "seed=5", "device=cpu", "noisier=0.5", "bent=0.5", "gapped=0.5", "skyed=0.5",
         "blurred=0.5", "armless=0.3", "shortened=0.3"]


@pytest.fixture
def store(tmp_path):
    return quasars(tmp_path / "q.store")


@pytest.mark.parametrize("streamed", [False, True])
def test_every_batch_has_the_labels_of_its_own_rows(store, streamed):
    z = redshifts(store)
    batches = Batches(Prepared(store, store.grid, Normalisation()), np.arange(10, 190), 16, 3,
                      64 * 64 * 8 / 1e9 if streamed else 1.0, {"z": z, "row": np.arange(store.n_rows)})
    assert batches.in_memory is not streamed
    for rows, _, _ in batches.epoch(1):
        found = batches.labels_of(rows)
        np.testing.assert_array_equal(found["z"].numpy(), z[rows])
        np.testing.assert_array_equal(found["row"].numpy(), rows)
    x, _, rows = batches.sample(20, with_rows=True)
    assert len(x) == len(rows) == 20
    np.testing.assert_array_equal(batches.labels_of(rows)["z"].numpy(), z[rows])


def test_without_labels_there_are_none(store):
    assert Batches(Prepared(store, store.grid, Normalisation()), np.arange(9), 4).labels_of(np.arange(3)) is None


def test_a_predictor_learns_and_is_calibrated_once(store, toy):
    run = train("toy", store.path, "learnt", ["batch=16", "epochs=20", "seed=5", "device=cpu"], publish=False)
    losses = [event["valid_loss"] for event in read_journal(run.journal)]
    assert losses[-1] < 0.3 * losses[0]
    state = load_file(run.weights)
    assert state["rounds"] == 1 and state["scatter"] < 0.5
    assert run.config["settings"]["lr"] == 0.01  # the model's own default


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_killed_and_resumed_is_the_same_as_never_stopped(store, toy):
    """With labels and every kind of augmentation."""
    whole = train("toy", store.path, "whole", WORDS, publish=False)
    child = f"""
import time, qsocore.train.loop as loop
from qsocore.models import MODELS
from qsocore.workflow.train import train
MODELS._sources["toy"] = "tests.toy:MODEL"
save, count = loop.save_checkpoint, []
def slow(*args):
    save(*args)
    count.append(1)
    if len(count) >= 3:
        print("checkpoint", flush=True)
        time.sleep(60)
loop.save_checkpoint = slow
train("toy", {str(store.path)!r}, "killed", {WORDS!r}, publish=False)
"""
    with subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, cwd=os.getcwd()) as process:
        assert process.stdout.readline().strip() == b"checkpoint"
        process.send_signal(signal.SIGKILL)
    unfinished = store.run("killed")
    assert not unfinished.finished and (unfinished.path / CHECKPOINT).exists()
    resumed = train("toy", store.path, "killed", WORDS, publish=False)
    assert resumed.path == unfinished.path and same(load_file(resumed.weights), load_file(whole.weights))
    timeless = [[{k: v for k, v in event.items() if k != "seconds"} for event in read_journal(run.journal)]
                for run in (resumed, whole)]
    assert timeless[0] == timeless[1]


def test_augmentation_changes_the_training_and_not_the_validation(store, toy, monkeypatch):
    seen, loss = {True: [], False: []}, Toy.loss

    def watching(self, x, w, generator=None, labels=None):
        seen[self.training].append(float((w > 0).float().mean()))
        return loss(self, x, w, generator, labels)

    monkeypatch.setattr(Toy, "loss", watching)
    train("toy", store.path, "armless", ["batch=200", "epochs=2", "device=cpu", "armless=1"], publish=False)
    assert max(seen[True]) < 0.85 and min(seen[False]) > 0.85
    assert len(set(seen[False])) == 1 and len(set(seen[True])) == 2  # drawn anew in each epoch


@pytest.mark.parametrize("ill", ["loss", "labels", "weights"])
def test_a_loss_that_is_not_finite_stops_with_the_batch_named(store, toy, monkeypatch, ill):
    healthy, calls = Toy.loss, []

    def sick(self, x, w, generator=None, labels=None):
        calls.append(1)
        if len(calls) == 25:
            if ill == "labels":
                labels = {"z": torch.full_like(labels["z"], 1e30)}  # whose square is infinite
            elif ill == "weights":
                x = torch.full_like(x, torch.nan)
        terms = healthy(self, x, w, generator, labels)
        return {name: value * torch.nan for name, value in terms.items()} if len(calls) == 25 and ill == "loss" else terms

    monkeypatch.setattr(Toy, "loss", sick)
    with pytest.raises(TrainError, match=r"rows \[\d+.*not finite at step \d+"):
        train("toy", store.path, "ill", WORDS, publish=False)
    run = store.run("ill")
    kept = load_file(run.path / CHECKPOINT)
    assert not run.finished and all(torch.isfinite(value).all() for value in kept.values() if value.is_floating_point())
    monkeypatch.setattr(Toy, "loss", healthy)
    assert train("toy", store.path, "ill", WORDS, publish=False).path == run.path  # nothing is lost


@pytest.mark.parametrize("model", ["toy", "redshift"])
def test_a_store_without_redshifts_is_refused_before_anything_is_written(tmp_path, toy, model):
    for name, z in (("absent", None), ("empty", np.full(200, np.nan))):
        store = quasars(tmp_path / f"{name}.store", z=z)
        with pytest.raises(TrainError, match="has a redshift to learn from.*qso simulate"):
            train(model, store.path, "run", ["epochs=1"])
        assert not store.runs()


def test_a_store_without_classes_is_refused(tmp_path):
    store = quasars(tmp_path / "q.store", **{"class": None})
    with pytest.raises(TrainError, match="class"):
        train("classifier", store.path, "run", ["epochs=1"])
    assert not store.runs()
