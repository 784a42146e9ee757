"""Trainings end as they should: the same under a seed, killed or not, and with a word when the loss is not finite."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from qsocore.errors import ConfigError, TrainError
from qsocore.store import find_run
from qsocore.train.journal import Journal, read_journal
from qsocore.train.loop import CHECKPOINT, one_cycle
from qsocore.workflow.train import train

SETTINGS = ["latents=2", "widths=24,12", "batch=16", "epochs=6", "save_every=3", "lr=0.02", "seed=5", "device=cpu"]


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_training_learns_and_is_the_same_under_a_seed(make_store):
    store = make_store()
    one = train("infovae", store.path, "one", SETTINGS)
    two = train("infovae", store.path, "two", SETTINGS)
    other = train("infovae", store.path, "other", [*SETTINGS[:-2], "seed=6", "device=cpu"])
    assert same(load_file(one.weights), load_file(two.weights))
    assert not same(load_file(one.weights), load_file(other.weights))
    epochs = [event for event in read_journal(one.journal) if event["event"] == "epoch"]
    assert [event["epoch"] for event in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[-1]["loss"] < 0.7 * epochs[0]["loss"]
    assert one.config["best_loss"] == min(event["valid_loss"] for event in epochs)
    assert all(0 < event["valid_chi2_pix"] < 100 for event in epochs)
    assert epochs[-1]["valid_chi2_pix"] < epochs[0]["valid_chi2_pix"]
    assert any(file.name.startswith("events.out.tfevents") for file in one.path.iterdir())
    assert not (one.path / CHECKPOINT).exists()


def test_a_run_says_what_it_was_made_of(make_store):
    store = make_store()
    run = train("pca", store.path, "said", ["latents=3", "epochs=2"])
    config = run.config
    assert config["model"] == "pca"
    assert config["config"] == {"latents": 3}
    assert config["grid"] == store.grid.to_dict()
    assert config["normalisation"] == {"scale": "rms", "error_floor": 0.1}
    assert config["settings"]["epochs"] == 2
    assert sum(config["data"]["split"].values()) == store.n_rows
    assert len(config["data"]["sha256"]) == 64
    assert find_run("said").config == config  # from the user's library
    other = train("pca", make_store("moved", seed=1).path, "said", ["epochs=1", "latents=3"], publish=False)
    assert other.config["data"]["sha256"] != config["data"]["sha256"]


@pytest.mark.parametrize("model", ["infovae", "pca"])
def test_killed_and_resumed_is_the_same_as_never_stopped(make_store, model):
    store = make_store()
    words = SETTINGS if model == "infovae" else ["latents=2", "batch=16", "epochs=6", "device=cpu", "patience=9"]
    whole = train(model, store.path, "whole", words, publish=False)
    # The child is slowed down after its third checkpoint, so that the kill finds it at work.
    child = f"""
import time, qsocore.train.loop as loop
from qsocore.workflow.train import train
save, count = loop.save_checkpoint, []
def slow(*args):
    save(*args)
    count.append(1)
    if len(count) >= 3:
        print("checkpoint", flush=True)
        time.sleep(60)
loop.save_checkpoint = slow
train({model!r}, {str(store.path)!r}, "killed", {words!r}, publish=False)
"""
    with subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, cwd=os.getcwd()) as process:
        assert process.stdout.readline().strip() == b"checkpoint"
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    unfinished = store.run("killed")
    assert not unfinished.finished
    assert (unfinished.path / CHECKPOINT).exists()
    resumed = train(model, store.path, "killed", words, publish=False)
    assert resumed.path == unfinished.path
    assert resumed.finished
    assert same(load_file(resumed.weights), load_file(whole.weights))
    timeless = [[{k: v for k, v in event.items() if k != "seconds"} for event in read_journal(run.journal)]
                for run in (resumed, whole)]
    assert timeless[0] == timeless[1]
    assert resumed.config["best_loss"] == whole.config["best_loss"]


def test_a_loss_that_is_not_finite_stops_with_the_batch_named(make_store, monkeypatch):
    from qsocore.models.infovae import InfoVAE

    store, healthy, calls = make_store(), InfoVAE.loss, []

    def ill(self, x, w, generator=None, labels=None):
        calls.append(1)
        terms = healthy(self, x, w, generator, labels)
        return {name: value * float("nan") for name, value in terms.items()} if len(calls) == 20 else terms

    monkeypatch.setattr(InfoVAE, "loss", ill)
    with pytest.raises(TrainError, match=r"rows \[\d+.*not finite at step"):
        train("infovae", store.path, "ill", SETTINGS, publish=False)
    run = store.run("ill")
    assert not run.finished
    kept = load_file(run.path / CHECKPOINT)
    assert all(torch.isfinite(value).all() for value in kept.values())
    monkeypatch.setattr(InfoVAE, "loss", healthy)
    assert train("infovae", store.path, "ill", SETTINGS, publish=False).path == run.path


def test_an_unfinished_run_of_other_settings_is_not_gone_on_with(make_store, monkeypatch):
    import qsocore.workflow.train as workflow

    store = make_store()
    monkeypatch.setattr(workflow, "write_tensors", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        train("pca", store.path, "name", ["latents=2", "epochs=1"])
    monkeypatch.undo()
    with pytest.raises(TrainError, match="other settings"):
        train("pca", store.path, "name", ["latents=3", "epochs=1"])


def test_early_stopping(make_store):
    run = train("pca", make_store().path, "early", ["latents=3", "epochs=50", "patience=2"], publish=False)
    epochs = read_journal(run.journal)
    assert len(epochs) < 50
    assert epochs[-1]["step"] - run.config["best_step"] == 2 * (epochs[1]["step"] - epochs[0]["step"])


def test_streaming_trains_the_same_objects(make_store):
    store = make_store()
    run = train("infovae", store.path, "streamed", [*SETTINGS, "memory_gb=0.00003"], publish=False)
    losses = [event["loss"] for event in read_journal(run.journal)]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize(("words", "message"), [(["latnets=2"], "did you mean latents"), (["latents=two"], "is not a int"),
                                                (["grid=nowhere"], "no grid"), (["device=cuda"], "no NVIDIA GPU"),
                                                (["scale=loud"], "no scale of spectra")])
def test_wrong_settings_say_so_and_leave_nothing(make_store, words, message):
    store = make_store(n=40)
    if words == ["device=cuda"] and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ConfigError, match=message):
        train("infovae", store.path, "wrong", words)
    assert not store.runs()


def test_too_few_objects(make_store):
    with pytest.raises(TrainError, match="validate with"):
        train("pca", make_store(n=2).path, "few", ["latents=2"])


def test_one_cycle():
    rates = [one_cycle(step, 100, 1.0) for step in range(101)]
    assert rates[0] == pytest.approx(1 / 25)
    assert max(rates) == rates[20] == pytest.approx(1.0)
    assert rates[60] == pytest.approx((1 + 1e-3) / 2)
    assert rates[100] == pytest.approx(1e-3)
    assert (np.diff(rates[:21]) > 0).all()
    assert (np.diff(rates[20:]) < 0).all()


def test_a_journal_cut_off_by_a_crash_is_gone_on_with(tmp_path):
    with Journal(tmp_path, tensorboard=False) as journal:
        for step in (1, 2, 3):
            journal.write("epoch", step, loss=1.0 / step)
    path = tmp_path / "journal.jsonl"
    path.write_text(path.read_text() + '{"event": "epo')
    with Journal(tmp_path, step=2, tensorboard=False) as journal:
        journal.write("epoch", 3, loss=0.5)
    assert [(event["step"], event["loss"]) for event in read_journal(path)] == [(1, 1.0), (2, 0.5), (3, 0.5)]
    assert all(json.loads(line) for line in path.read_text().splitlines())
