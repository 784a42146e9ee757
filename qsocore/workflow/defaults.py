"""The runs that come with the package, made again: each from a recipe that is nothing but a simulation and a training.

A shipped run is a folder of `qsocore.store.runs.shipped` with ``run.json``, its journal and its weights as halves (buffers,
such as what calibrates probabilities, keep all digits); what the rounding does to the loss is measured on validation spectra.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from qsocore.config import from_dict, to_dict
from qsocore.errors import ConfigError, did_you_mean
from qsocore.models import MODELS
from qsocore.models.base import Network
from qsocore.models.load import Loaded
from qsocore.preprocess.prepare import Prepared
from qsocore.simulate.population import Sample, parse_mixture
from qsocore.store import RunFolder, Store, open_store
from qsocore.store.files import write_text
from qsocore.store.runs import list_runs, shipped
from qsocore.train.checkpoint import write_tensors
from qsocore.train.data import Batches
from qsocore.train.loop import TrainSettings, evaluate
from qsocore.workflow.simulate import simulate
from qsocore.workflow.train import sort_settings, split_store, train

_FEWEST = 600  # objects of which a test-size run is made: some of each class to validate with
_COMPARED = 2048  # validation spectra by which the rounding is judged
_STATED = ("config", "settings", "normalisation", "augmentation")  # of a run, as `sort_settings` gives them
_HALF_MOST = float(torch.finfo(torch.float16).max)


@dataclass(frozen=True)
class Recipe:
    """How a run is made.

    Parameters
    ----------
    model : str
        Member of `qsocore.models.MODELS`; the run has its name.
    n, seed, survey : int, int, str
        As for ``qso simulate``.
    mixture : str
        ``CLASS=WEIGHT`` words.
    quasars, redshift, label_noise : str, (float, float), float
        As for ``qso simulate``.
    words : tuple of str
        ``key=value`` settings of the training, over the model's own defaults.
    """

    model: str
    n: int
    seed: int
    mixture: str
    survey: str = "boss"
    quasars: str = "flat"
    redshift: tuple[float, float] = (0.05, 5.2)
    label_noise: float = 0.0
    words: tuple[str, ...] = ()

    def scaled(self, scale: float) -> Recipe:
        """The same with fewer objects and epochs."""
        if scale == 1:
            return self
        epochs = sort_settings(MODELS.get(self.model), self.words)[1].epochs
        return replace(self, n=max(round(self.n * scale), _FEWEST),
                       words=(*self.words, f"epochs={max(math.ceil(epochs * scale), 1)}"))

    @property
    def commands(self) -> list[str]:
        """The command lines that come to the same."""
        store = f"{self.model}.store"
        noise = f" --label-noise {self.label_noise:g}" if self.label_noise else ""
        return [f"qso simulate --out {store} --n {self.n} --seed {self.seed} --survey {self.survey} --mixture {self.mixture} "
                f"--quasars {self.quasars} --redshift {self.redshift[0]:g} {self.redshift[1]:g}{noise}",
                f"qso train {self.model} {store} --run {self.model}" + "".join(f" --set {word}" for word in self.words)]


_STARS = "O=1 B=2 A=4 F=6 G=5 K=5 M=5 L=2 WD=3 C=2 CV=1"

RECIPES = {recipe.model: recipe for recipe in (
    Recipe("infovae", 60_000, 31, "QSO=55 STAR=25 GALAXY=20", quasars="dr16q", redshift=(0.1, 4.3),
           words=("latents=12", "epochs=30", "refine=1")),
    Recipe("redshift", 120_000, 32, f"QSO=55 BAL=9 {_STARS} GALAXY=15", words=("epochs=7",)),
    Recipe("classifier", 120_000, 33, f"QSO=22 BAL=12 {_STARS} GALAXY=12", label_noise=0.05, words=("epochs=5",)),
)}
"""The default runs, by name."""


def make_defaults(only: Iterable[str] = (), out: str | Path | None = None, work: str | Path | None = None, scale: float = 1.0,
                  workers: int | None = None, say: Callable[[str], Any] = print) -> list[RunFolder]:
    """Simulate, train and ship the default runs.

    Parameters
    ----------
    only : iterable of str
        Names of `RECIPES`; all by default.
    out : path, optional
        Folder of the runs; that of the package by default. An older run of the same name there is replaced.
    work : path, optional
        Folder for simulations and unfinished trainings: what is whole there is used again. A temporary one by default.
    scale : float
        Of the numbers of objects and of epochs: 0.01 tries it out.
    workers : int, optional
        Processes of the simulation.
    say : callable
        Gets one line for each run: what it is, how large, how long it took.

    Returns
    -------
    list of RunFolder
        Finished, in `out`.

    Raises
    ------
    ConfigError
        For an unknown name or a scale that is not in 0 to 1.
    """
    names = list(dict.fromkeys(only)) or list(RECIPES)
    for name in names:
        if name not in RECIPES:
            raise ConfigError(f"no default run is called {name!r}", "defaults", did_you_mean(name, RECIPES))
    if not 0 < scale <= 1:
        raise ConfigError(f"scale {scale:g} is not in 0 to 1", "defaults", "1 makes the runs as they are shipped")
    recipes = [RECIPES[name].scaled(scale) for name in names]
    target = shipped() if out is None else Path(out)
    made = []
    for recipe in recipes:
        if work is None:
            with TemporaryDirectory(prefix="qso-defaults-") as folder:
                made.append(make(recipe, target, Path(folder), workers, say))
        else:
            made.append(make(recipe, target, Path(work), workers, say))
    return made


def make(recipe: Recipe, out: Path, work: Path, workers: int | None = None, say: Callable[[str], Any] = print) -> RunFolder:
    """Simulate, train and ship one run; see `make_defaults`."""
    began = time.monotonic()
    store, simulated = stored(recipe, work, workers), time.monotonic()
    trained = trained_on(store, recipe.model, recipe.model, recipe.words)
    run = ship(trained, recipe, out)
    before, after = held_out_loss(trained, store), held_out_loss(run, store)
    seconds, trained_in = simulated - began, time.monotonic() - simulated
    size, shipped_size = (folder.weights.stat().st_size / 1e6 for folder in (trained, run))
    say(f"{run.path}: {recipe.n:,} objects simulated in {seconds:.0f} s, trained in {trained_in:.0f} s "
        f"({trained.config['step']:,} steps), {size:.1f} -> {shipped_size:.1f} MB, validation loss {before:.5g} -> {after:.5g} "
        "as halves")
    return run


def stored(recipe: Recipe, work: Path, workers: int | None = None) -> Store:
    """The store that a recipe trains on, simulated where the folder has it not yet."""
    simulation = {key: value for key, value in asdict(recipe).items() if key not in ("model", "words")}
    digest = sha256(json.dumps(simulation, sort_keys=True).encode()).hexdigest()[:8]
    path = work / f"{recipe.model}-{digest}.store"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        simulate(path, recipe.n, recipe.seed, recipe.survey, workers=workers, mixture=parse_mixture(recipe.mixture.split()),
                 sample=Sample(recipe.quasars, recipe.redshift, recipe.label_noise))
    return open_store(path)


def trained_on(store: Store, model: str, name: str, words: tuple[str, ...]) -> RunFolder:
    """The latest finished run of that name in a store; trained where there is none of these settings."""
    config, *settings = sort_settings(MODELS.get(model), words)
    stated = json.loads(json.dumps([to_dict(part) for part in (config, *settings)]))
    for run in reversed(store.runs()):
        if run.name == name and run.finished and [run.config.get(key) for key in _STATED] == stated:
            return run
    return train(model, store.path, name, words, publish=False)


def ship(run: RunFolder, recipe: Recipe, out: Path) -> RunFolder:
    """Copy a finished run to the folder of default runs, its weights as halves; an older one of its name goes when it is there.

    Parameters
    ----------
    run : RunFolder
    recipe : Recipe
        By which it was made; goes into its ``run.json``.
    out : Path
        Folder of the runs.
    """
    aside, target = out / f".{run.path.name}.partial", out / run.path.name
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    write_tensors(aside / "weights.safetensors", halved(Loaded(run).model))
    shutil.copy2(run.journal, aside / run.journal.name)
    about = {"recipe": asdict(recipe), "commands": recipe.commands, "made_by": f"qso defaults --only {recipe.model}"}
    write_text(aside / "run.json", json.dumps(run.config | about, indent=1) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    os.replace(aside, target)
    for other in list_runs(out):
        if other.name == run.name and other.path != target:
            shutil.rmtree(other.path)
    return RunFolder(target)


def halved(model: Network) -> dict[str, Tensor]:
    """State with what was trained as float16, where it fits in; buffers, whatever their type, as they are."""
    trained = {name for name, _ in model.named_parameters()}
    return {name: value.half() if name in trained and value.is_floating_point() and value.abs().max() <= _HALF_MOST else value
            for name, value in model.state_dict().items()}


def held_out_loss(run: RunFolder, store: Store) -> float:
    """Loss of a run on validation spectra of the store that it was trained on."""
    loaded = Loaded(run)
    settings = from_dict(TrainSettings, run.config["settings"])
    member = MODELS.get(run.config["model"])
    labels = member.labels(loaded.config, store) if member.labels else None
    rows = split_store(store, settings).valid[:_COMPARED]
    prepared = Prepared(store, loaded.grid, loaded.normalisation)
    return evaluate(loaded.model, Batches(prepared, rows, settings.batch, settings.seed, labels=labels), settings)["loss"]
