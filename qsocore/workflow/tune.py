"""Search the settings of a model with latents: each trial is a training, judged by its validation chi2 per pixel.

Not by its loss, which contains the settings that are searched: a smaller lambda makes a smaller loss of the same model. The
study is kept in SQLite (Optuna; Akiba et al. 2019, arXiv:1907.10902), so that the same command goes on after an end of any
kind; a trial that was cut off is the first to be gone on with, from its checkpoint. Settings are proposed by a
tree-structured Parzen estimator (Bergstra et al. 2011, NIPS 24) from a seed and the trials that have ended, so that a search
which was stopped proposes what it would have; trials worse than the median of those before them at the same epoch are pruned.
Test spectra are in none of it.
"""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from qsocore.errors import ConfigError, TrainError
from qsocore.models import MODELS
from qsocore.models.base import Between, Model
from qsocore.store import RunFolder, Store, library, open_store, paths
from qsocore.store.runs import copy_run, name_run
from qsocore.train.journal import read_journal
from qsocore.workflow.train import sort_settings, split_store, train

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

log = logging.getLogger(__name__)

OBJECTIVE = "chi2_pix"
"""The term of the validation that is made small, see `qsocore.train.loop.evaluate`."""
_FAILED = "failed"  # why a trial did, among its attributes
_FIRST = 5  # trials drawn at random before any is pruned or proposed


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Parameters
    ----------
    run : RunFolder
        The best trial's run, finished.
    chi2_pix : float
        Its validation chi2 per pixel.
    words : tuple of str
        ``key=value`` settings that make it again.
    done, pruned, failed : int
        Trials of the study by how they ended.
    study : Path
        Where it is kept.
    """

    run: RunFolder
    chi2_pix: float
    words: tuple[str, ...]
    done: int
    pruned: int
    failed: int
    study: Path


def tune(model_name: str, store_path: str | Path, run_name: str, trials: int, words: Iterable[str] = (),
         study_path: str | Path | None = None, publish: bool = True,
         told: Callable[[str], None] = log.info) -> Tuned:
    """Search until a study has so many trials, and keep the best one's run under a name.

    Parameters
    ----------
    model_name : str
        A member of `qsocore.models.MODELS` that says what to search.
    store_path : path
        A store of spectra.
    run_name : str
        Of the run to be; runs of trials are called ``NAME-trial-N`` and none is published.
    trials : int
        How many the study shall have in all, those of earlier calls included.
    words : iterable of str
        ``key=value`` settings held fixed; one that would be searched is searched no more.
    study_path : path, optional
        Of the study; by default ``runs/NAME.study.sqlite`` in the store.
    publish : bool
        Whether the best run is copied to the user's library.
    told : callable
        Is told a line after each trial.

    Returns
    -------
    Tuned

    Raises
    ------
    ConfigError
        Without Optuna, for settings that do not fit, a model without a search, a study of something else, or one at which
        another process is at work.
    TrainError
        When no trial could be finished, and as `qsocore.workflow.train.train`.
    """
    model, store, fixed = MODELS.get(model_name), open_store(store_path), tuple(words)
    space = searched(model, fixed)
    settings = sort_settings(model, fixed)[1]
    split_store(store, settings)
    name_run(paths.runs(store.path), run_name)
    if trials < 1:
        raise ConfigError("a search needs at least one trial", f"trials {trials}")
    file = Path(study_path) if study_path else paths.study(store.path, run_name)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{file}.lock", timeout=0):
            stated = {"model": model.name, "fixed": sorted(fixed), "data": store.manifest.fingerprint}
            study = _open(file, stated, settings.epochs)
            work = _Trials(model, store, run_name, fixed, space, study)
            work.clear()
            while (ended := len(_ended(study))) < trials:
                study.sampler = _sampler(settings.seed + ended)
                told(work.one())
            return work.keep_best(file, publish)
    except Timeout:
        raise ConfigError("another process is searching this study", file, "wait for it, or name another --study") from None


def searched(model: Model, fixed: tuple[str, ...] = ()) -> dict[str, Between | tuple[str, ...]]:
    """What is left of a model's search when some settings are fixed.

    Raises
    ------
    ConfigError
        When nothing is.
    """
    held = {word.partition("=")[0].strip() for word in fixed}
    space = {key: values for key, values in model.search.items() if key not in held}
    if not space:
        able = [name for name in MODELS.names() if MODELS.get(name).search]
        raise ConfigError(f"nothing of the model {model.name} is left to search", remedy=f"models to search: {', '.join(able)}"
                          if not model.search else "fix fewer settings")
    return space


class _Trials:
    """The trials of one study on one store."""

    def __init__(self, model: Model, store: Store, run_name: str, fixed: tuple[str, ...],
                 space: dict[str, Between | tuple[str, ...]], study: Study):
        self.model, self.store, self.run_name, self.fixed, self.space, self.study = model, store, run_name, fixed, space, study

    def clear(self) -> None:
        """Let trials that were cut off be the next ones, and delete runs that are neither theirs nor the best's."""
        from optuna.trial import TrialState

        waiting = {trial.user_attrs.get("run") for trial in self.study.trials if trial.state == TrialState.WAITING}
        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            self.study.tell(trial.number, state=TrialState.FAIL)
            name = trial.user_attrs.get("run")
            if name and name not in waiting and set(trial.params) == set(self.space):
                self.study.enqueue_trial(trial.params, user_attrs={"run": name})
                waiting.add(name)
        best = {trial.user_attrs["run"] for trial in self._best()}
        for run in self.store.runs():
            going_on = run.name in waiting and not run.finished
            if run.name.startswith(f"{self.run_name}-trial-") and run.name not in best and not going_on:
                shutil.rmtree(run.path)

    def one(self) -> str:
        """Make one trial and tell the study of it; a line that says how it went."""
        import optuna
        from optuna.trial import TrialState

        trial = self.study.ask()
        words = tuple(f"{key}={_propose(trial, key, values)}" for key, values in self.space.items())
        name = trial.user_attrs.get("run") or f"{self.run_name}-trial-{trial.number:03d}"
        trial.set_user_attr("run", name)
        trial.set_user_attr("words", list(words))
        label = f"trial {trial.number}: {' '.join(words)}"

        def watch(epoch: int, terms: dict[str, float]) -> None:
            trial.report(terms[OBJECTIVE], epoch)
            if trial.should_prune():
                raise optuna.TrialPruned(f"at epoch {epoch + 1} with {OBJECTIVE} {terms[OBJECTIVE]:.4f}")

        try:
            run = train(self.model.name, self.store.path, name, (*self.fixed, *words), publish=False, watch=watch)
            value = validation_chi2(run)
        except optuna.TrialPruned as pruned:
            self.study.tell(trial, state=TrialState.PRUNED)
            self._delete(name)
            return f"{label}: pruned {pruned}"
        except TrainError as error:  # such as a loss that is not finite: these settings are no good, the next may be
            trial.set_user_attr(_FAILED, str(error))
            self.study.tell(trial, state=TrialState.FAIL)
            self._delete(name)
            return f"{label}: failed ({error.what})"
        before = {best.user_attrs["run"] for best in self._best()}
        self.study.tell(trial, value)
        for worse in (before | {name}) - {best.user_attrs["run"] for best in self._best()}:
            self._delete(worse)
        return f"{label}: {OBJECTIVE} {value:.4f} (best {self.study.best_value:.4f})"

    def keep_best(self, file: Path, publish: bool) -> Tuned:
        """Give the best trial's run the name that was asked for."""
        from optuna.trial import TrialState

        ended = _ended(self.study)
        if not self._best():
            raise TrainError(f"no trial could be finished, the last for this: {ended[-1].user_attrs.get(_FAILED)}", file)
        (best,) = self._best()
        words = (*self.fixed, *best.user_attrs["words"])
        runs = {run.name: run for run in self.store.runs()}
        run = runs.get(best.user_attrs["run"])
        if run is not None:  # else it has its name from an earlier call
            moment = run.path.name.removesuffix(f"-{run.name}")
            run = RunFolder(run.path.rename(run.path.with_name(f"{moment}-{self.run_name}")))
        elif (run := runs.get(self.run_name)) is None:
            again = " ".join(f"--set {word}" for word in words)
            raise TrainError("the best trial's run is gone", self.store.path,
                             f"train it again: qso train {self.model.name} STORE --run {self.run_name} {again}")
        if publish:
            copy_run(run, library())
        count = [sum(trial.state == state for trial in ended)
                 for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)]
        return Tuned(run, best.value, words, *count, file)

    def _best(self) -> list[FrozenTrial]:
        """The best finished trial, none before the first."""
        from optuna.trial import TrialState

        finished = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return sorted(finished, key=lambda trial: trial.value)[:1]

    def _delete(self, name: str) -> None:
        for run in self.store.runs():
            if run.name == name:
                shutil.rmtree(run.path)


def validation_chi2(run: RunFolder) -> float:
    """Validation chi2 per pixel of the epoch whose weights a run has.

    Raises
    ------
    TrainError
        When it is not finite.
    """
    step = run.config["best_step"]
    (value,) = (event[f"valid_{OBJECTIVE}"] for event in read_journal(run.journal)
                if event["event"] == "epoch" and event["step"] == step)
    if not math.isfinite(value):
        raise TrainError("its validation chi2 is not finite", run.path, "lower lr")
    return value


def _propose(trial: Trial, key: str, values: Between | tuple[str, ...]) -> Any:
    if isinstance(values, tuple):
        return trial.suggest_categorical(key, values)
    if isinstance(values.low, int) and isinstance(values.high, int):
        return trial.suggest_int(key, values.low, values.high, log=values.log)
    return float(f"{trial.suggest_float(key, values.low, values.high, log=values.log):.4g}")


def _open(file: Path, stated: dict[str, Any], epochs: int) -> Study:
    """The study in a file, new or gone on with."""
    try:
        import optuna
    except ImportError:
        raise ConfigError("the search needs Optuna, which is not installed", "qso tune",
                          "pip install 'qso-atlas[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_FIRST, n_warmup_steps=max(1, epochs // 4))
    study = optuna.create_study(storage=f"sqlite:///{file}", study_name="tune", direction="minimize", pruner=pruner,
                                load_if_exists=True)
    if study.user_attrs.setdefault("stated", stated) != stated:
        raise ConfigError("the study is of another model, other fixed settings or another store", file,
                          "name another --study or --run")
    study.set_user_attr("stated", stated)
    return study


def _sampler(seed: int) -> BaseSampler:
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, n_startup_trials=_FIRST)


def _ended(study: Study) -> list[FrozenTrial]:
    """Trials that came to an end of their own: one that was cut off is made again and does not count."""
    from optuna.trial import TrialState

    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
    return [trial for trial in ended if trial.state != TrialState.FAIL or _FAILED in trial.user_attrs]
