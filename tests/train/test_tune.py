"""The search over settings: judged by chi2 and nothing else, pruned, resumed after a kill as if never stopped."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from qsocore.errors import ConfigError
from qsocore.models import MODELS
from qsocore.models.base import Between
from qsocore.models.load import Loaded
from qsocore.preprocess.prepare import Prepared
from qsocore.store import library, paths
from qsocore.train.loop import TrainSettings
from qsocore.workflow.train import split_store
from qsocore.workflow.tune import searched, tune

FIXED = ["latents=2", "widths=24,12", "batch=32", "epochs=3", "refine=1", "device=cpu"]


def trials_of(file):
    return optuna.load_study(study_name="tune", storage=f"sqlite:///{file}").get_trials()


def test_the_objective_is_the_validation_chi2_of_the_run_that_is_kept(make_store):
    import torch

    store, lines = make_store(), []
    found = tune("infovae", store.path, "best", 3, FIXED, told=lines.append)
    loaded = Loaded(found.run)
    block = Prepared(store, loaded.grid, loaded.normalisation).read(split_store(store, TrainSettings()).valid)
    with torch.inference_mode():
        chi2 = loaded.model.chi2_pix(torch.from_numpy(block.x), torch.from_numpy(block.w)).mean().item()
    assert found.chi2_pix == pytest.approx(chi2, rel=1e-4)
    done = [trial for trial in trials_of(found.study) if trial.state == TrialState.COMPLETE]
    assert found.chi2_pix == min(trial.value for trial in done)
    assert all(set(trial.params) == {"lam", "alpha", "lr"} for trial in done)  # widths are held fixed
    assert len(lines) == 3
    assert [run.name for run in store.runs()] == ["best"]  # the trials' own are gone
    assert [run.name for run in sorted((library()).iterdir()) if run.name.endswith("-best")] == [found.run.path.name]
    assert not list(library().glob("*trial*"))
    again = tune("infovae", store.path, "best", 3, FIXED)  # nothing is left to do
    assert (again.chi2_pix, again.run.path) == (found.chi2_pix, found.run.path)


def test_bad_trials_are_pruned(make_store, monkeypatch):
    store = make_store()
    member = MODELS.get("infovae")
    # half of the rates learn nothing at all, and are known by it after an epoch
    monkeypatch.setitem(member.search, "lr", ("1e-9", "2e-2"))
    fixed = [*FIXED, "lam=10", "alpha=0", "epochs=4"]
    found = tune("infovae", store.path, "pruned", 12, fixed)
    assert found.done + found.pruned == 12
    assert found.pruned > 0
    pruned = [trial for trial in trials_of(found.study) if trial.state == TrialState.PRUNED]
    assert all(trial.params["lr"] == "1e-9" for trial in pruned)
    assert all(len(trial.intermediate_values) < 4 for trial in pruned)
    assert "lr=2e-2" in found.words


def test_killed_in_a_trial_and_resumed_is_the_same_as_never_stopped(make_store, tmp_path):
    fixed = [*FIXED, "save_every=1", "epochs=6"]
    calm = tune("infovae", make_store("calm").path, "tuned", 3, fixed, publish=False)
    store = make_store("killed")
    words = [f"--set={word}" for word in fixed]
    command = [sys.executable, "-m", "qsocore.cli", "tune", "infovae", str(store.path), "--run", "tuned", "--trials", "3",
               *words]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.getcwd()}, stdout=subprocess.DEVNULL)
    for _ in range(3000):
        if any(run.name == "tuned-trial-001" and (run.path / "checkpoint.safetensors").exists() for run in store.runs()):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    file = paths.study(store.path, "tuned")
    states = [trial.state for trial in trials_of(file)]
    assert states == [TrialState.COMPLETE, TrialState.RUNNING]
    found = tune("infovae", store.path, "tuned", 3, fixed, publish=False)
    assert found.done + found.pruned == 3
    ended = [[(trial.params, trial.value) for trial in trials_of(of) if trial.state == TrialState.COMPLETE]
             for of in (calm.study, file)]
    assert ended[0] == ended[1]
    assert [run.name for run in store.runs()] == ["tuned"]


def test_what_cannot_be_searched_is_refused(make_store):
    store = make_store()
    with pytest.raises(ConfigError, match="infovae"):
        tune("pca", store.path, "x", 2)
    with pytest.raises(ConfigError, match="fix fewer"):
        tune("infovae", store.path, "x", 2, ["lam=10", "alpha=0", "lr=1e-3", "widths=24"])
    with pytest.raises(ConfigError, match="at least one"):
        tune("infovae", store.path, "x", 0, FIXED)
    tune("infovae", store.path, "x", 1, [*FIXED, "epochs=1"], publish=False)
    with pytest.raises(ConfigError, match="another model, other fixed"):
        tune("infovae", store.path, "x", 1, [*FIXED, "epochs=2"], publish=False)


def test_failing_trials_are_told_and_the_search_goes_on(make_store, monkeypatch):
    store, lines = make_store(), []
    monkeypatch.setitem(MODELS.get("infovae").search, "lr", ("1e30", "1e-2"))
    fixed = [*FIXED, "lam=10", "alpha=0", "clip=1e30"]
    found = tune("infovae", store.path, "f", 6, fixed, told=lines.append, publish=False)
    assert found.failed > 0
    assert found.done > 0
    assert sum("failed" in line for line in lines) == found.failed
    assert np.isfinite(found.chi2_pix)


def test_without_optuna_it_is_said_what_to_install(make_store, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"qso-atlas\[tune\]"):
        tune("infovae", make_store().path, "x", 1, FIXED)


def test_searches_are_of_settings_that_the_models_have():
    for name in MODELS.names():
        member = MODELS.get(name)
        known = {*member.Config.__dataclass_fields__, *TrainSettings.__dataclass_fields__}
        assert set(member.search) <= known
        assert all(values.low < values.high for values in member.search.values() if isinstance(values, Between))
    assert "lam" not in searched(MODELS.get("infovae"), ("lam=3",))
