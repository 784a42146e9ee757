"""Trainings on the disk as the page of models shows them: where they stand, their curves, their cards, how they differ."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard import words
from qsocore.errors import StoreError
from qsocore.store.runs import RunFolder, library, list_runs, shipped

if TYPE_CHECKING:
    from qsocore.evaluate.tables import Table
    from qsocore.store import Store

FINISHED, TRAINING, STOPPED = "finished", "training", "stopped"
STORE, LIBRARY, PACKAGE = "store", "library", "package"
_EVALUATION = "evaluation.json"
_PATIENCE_S, _EPOCHS = 150.0, 3.0  # a training that wrote nothing for so long, or so many of its epochs, has stopped
_LIVE = ("journal.jsonl", "checkpoint.safetensors", "run.json")
_NOT_TERMS = ("event", "step", "epoch", "seconds")


@dataclass(frozen=True)
class Curves:
    """What a training's journal says after each epoch.

    Parameters
    ----------
    epochs : ndarray, shape (n_epochs,)
        Their numbers, from 1.
    seconds : ndarray, shape (n_epochs,)
        How long each took.
    train, valid : dict of str to ndarray, shape (n_epochs,)
        The loss and its terms over the training and the validation spectra, NaN where an epoch does not say.
    """

    epochs: NDArray[np.int64]
    seconds: NDArray[np.float64]
    train: dict[str, NDArray[np.float64]]
    valid: dict[str, NDArray[np.float64]]

    @property
    def terms(self) -> list[str]:
        """What can be drawn, the loss first."""
        return sorted(self.train | self.valid, key=lambda name: name != "loss")

    @property
    def best(self) -> int:
        """Place of the epoch with the lowest validation loss, -1 when there is none."""
        loss = self.valid.get("loss")
        return int(np.nanargmin(loss)) if loss is not None and np.isfinite(loss).any() else -1


@dataclass(frozen=True)
class Training:
    """One run with a model.

    Parameters
    ----------
    folder : RunFolder
        Where it is.
    place : str
        `STORE`, `LIBRARY` or `PACKAGE`.
    state : str
        `FINISHED`, `TRAINING` or `STOPPED`.
    curves : Curves
        Of its journal; without epochs where there is none.
    age : float
        Seconds since something of it was written.
    """

    folder: RunFolder
    place: str
    state: str
    curves: Curves
    age: float

    @property
    def key(self) -> str:
        """Name of its folder, by which it is told from others."""
        return self.folder.path.name

    @property
    def config(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        return _config(self.folder.path / "run.json", _mark(self.folder.path / "run.json"))

    @property
    def epochs(self) -> int:
        """Epochs that it may take."""
        return int(self.config.get("settings", {}).get("epochs", 0))

    @property
    def share(self) -> float:
        """Part of its epochs that is done, 0 to 1; while it trains the one under way is reckoned by the time that it took."""
        if self.state == FINISHED:
            return 1.0
        done = len(self.curves.epochs)
        if self.state == TRAINING and done:
            done += min(self.age / max(self._pace, 1e-9), 0.99)
        return min(done / self.epochs, 1.0) if self.epochs else 0.0

    @property
    def left(self) -> float:
        """Seconds until all epochs are done, NaN when that is not known; it may stop sooner."""
        return max((1.0 - self.share) * self.epochs * self._pace, 0.0) if len(self.curves.epochs) else float("nan")

    @property
    def _pace(self) -> float:
        return float(median(self.curves.seconds[-5:].tolist())) if len(self.curves.seconds) else float("nan")

    @property
    def snapshot(self) -> tuple:
        """Changes whenever something else is to be shown of it, its time left excepted."""
        return self.key, self.place, self.state, len(self.curves.epochs), _mark(self.folder.path / _EVALUATION)


def trainings(store: Store | None) -> list[Training]:
    """Runs with a model: of the store, of the user's library and of the package, the newest first in each; each once."""
    places = ((STORE, store.runs() if store is not None else []), (LIBRARY, list_runs(library())),
              (PACKAGE, list_runs(shipped())))
    found: dict[str, Training] = {}
    for place, folders in places:
        for folder in reversed(folders):
            try:
                one = training(folder, place)
            except StoreError:
                continue  # being written, or damaged: `qso check` tells
            if one.config.get("model") is None:
                continue
            known = found.setdefault(one.key, one)
            if not len(known.curves.epochs) and len(one.curves.epochs):
                found[one.key] = replace(known, curves=one.curves)  # a run adopted by the store, its journal where it was made
    return list(found.values())


def training(folder: RunFolder, place: str = STORE, now: float | None = None) -> Training:
    """One run as it stands.

    Parameters
    ----------
    folder : RunFolder
    place : str
        Where it was found.
    now : float, optional
        Seconds since 1970; the clock's by default.

    Raises
    ------
    StoreError
        When its ``run.json`` is absent or damaged.
    """
    if not (folder.path / "run.json").exists():
        raise StoreError("there is no run.json", folder.path)
    _config(folder.path / "run.json", _mark(folder.path / "run.json"))
    curves = _curves(folder.journal, _mark(folder.journal))
    written = max(file.stat().st_mtime for name in _LIVE if (file := folder.path / name).exists())
    age = max((time.time() if now is None else now) - written, 0.0)
    patience = max(_PATIENCE_S, _EPOCHS * float(curves.seconds[-1]) if len(curves.seconds) else 0.0)
    state = FINISHED if folder.finished else TRAINING if age < patience else STOPPED
    return Training(folder, place, state, curves, age)


def _mark(file: Path) -> tuple[int, int]:
    """Changes when a file does."""
    try:
        stat = file.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


@lru_cache(512)
def _config(file: Path, mark: tuple[int, int]) -> dict[str, Any]:
    return RunFolder(file.parent).config


@lru_cache(128)
def _curves(file: Path, mark: tuple[int, int]) -> Curves:
    from qsocore.train.journal import read_journal

    events = [event for event in read_journal(file) if event.get("event") == "epoch"]

    def column(name: str) -> NDArray[np.float64]:
        return np.array([_number(event.get(name)) for event in events], float)

    names = list(dict.fromkeys(name for event in events for name in event if name not in _NOT_TERMS))
    valid = {name.removeprefix("valid_"): column(name) for name in names if name.startswith("valid_")}
    train = {name: column(name) for name in names if not name.startswith("valid_")}
    epochs = np.array([event.get("epoch", k + 1) for k, event in enumerate(events)], np.int64)
    return Curves(epochs, np.nan_to_num(column("seconds")), train, valid)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


# ---- what is said of a run


def duration(seconds: float) -> str:
    """A length of time in a word or two.

    Examples
    --------
    >>> duration(8), duration(95), duration(4000), duration(float("nan"))
    ('8 s', '1.6 min', '1.1 h', '')
    """
    if seconds != seconds:
        return ""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.2g} min" if seconds < 3600 else f"{seconds / 3600:.2g} h"


def standing(one: Training) -> str:
    """Where a training stands, in words."""
    done = len(one.curves.epochs)
    if one.state == TRAINING:
        left = duration(one.left)
        return f"training: epoch {min(done + 1, one.epochs)} of {one.epochs}" + (f", at most {left} left" if left else "")
    if one.state == STOPPED:
        return f"stopped after {done} of {one.epochs} epochs"
    took = duration(float(one.curves.seconds.sum()))
    return f"finished: {done} {'epochs' if done != 1 else 'epoch'} in {took}" if done else "finished"


Section = tuple[str, list[tuple[str, str]]]
"""A heading with names and values under it."""


def card(one: Training, member: Any = None) -> list[Section]:
    """The model card: what it is, what it read, how it was trained.

    Parameters
    ----------
    one : Training
    member : qsocore.models.base.Model, optional
        The model's member of its family, for its title and citation.
    """
    config = one.config
    grid, data = config.get("grid", {}), config.get("data", {})
    split = data.get("split", {})
    about = [("Model", f"{member.title} ({member.name})" if member else str(config.get("model"))),
             ("After", member.citation if member else ""), ("Made", _day(config.get("created", ""))),
             ("Code", config.get("code_version", "")), ("Weights", _weights(one)), ("Folder", str(one.folder.path))]
    read = [("Store", data.get("store", "")), ("Objects", f"{data['n_rows']:,}" if "n_rows" in data else ""),
            ("Split by sky object", ", ".join(f"{n:,} to {_SIDES.get(side, side)}" for side, n in split.items())),
            ("Data's SHA-256", data.get("sha256", "")[:16]),
            ("Grid", _grid(grid)), ("Normalisation", _listed(config.get("normalisation", {})))]
    best = [("Best validation loss", words.number(config["best_loss"])), ("Best step", f"{config['best_step']:,}"),
            ("Steps", f"{config['step']:,}")] if "best_loss" in config else []
    augmented = {name: value for name, value in config.get("augmentation", {}).items() if value}
    sections = [("Model", about), ("Trained on", read), ("Outcome", best),
                ("Settings of the model", _pairs(config.get("config", {}))),
                ("Settings of the training", _pairs(config.get("settings", {}))),
                ("Augmentation", _pairs(augmented) or [("None", f"{_READ.get(config.get('reads'), 'spectra')} as they are")])]
    return [(title, [(name, value) for name, value in lines if value]) for title, lines in sections if lines]


_READ = {"images": "images", "photometry": "photometry"}
_SIDES = {"train": "train", "valid": "validate", "test": "test"}


def _day(text: str) -> str:
    return text.replace("T", " ")[:16]


def _grid(grid: Mapping[str, Any]) -> str:
    if not grid:
        return ""
    if "bands" in grid:
        size = f", {grid['side']} × {grid['side']} pixels" if "side" in grid else ""
        scale = f" of {grid['pixel_scale']:g}″" if size and grid.get("pixel_scale") else ""
        return f"{grid.get('name')}: {' '.join(grid['bands'])}{size}{scale}"
    ends = [10 ** grid[end] if grid.get("scale") == "log10" else grid[end] for end in ("start", "stop")]
    return f"{grid.get('name')}: {grid.get('n_pix'):,} pixels, {ends[0]:,.0f} to {ends[1]:,.0f} Å {grid.get('frame', '')}"


def _weights(one: Training) -> str:
    if not one.folder.weights.exists():
        return "none yet"
    size = one.folder.weights.stat().st_size
    return f"{size / 1e6:.2f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _pairs(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, _text(value)) for name, value in settings.items()]


def _listed(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_text(value)}" for name, value in settings.items())


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return words.number(value) if isinstance(value, (int, float)) else str(value)


# ---- several runs


def differences(runs: Sequence[Training]) -> list[tuple[str, list[str]]]:
    """Settings in which runs differ: name, and the value in each."""
    parts = ("model", "config", "settings", "normalisation", "augmentation", "grid", "data")
    flat = [dict(_leaves({part: run.config[part] for part in parts if part in run.config})) for run in runs]
    names = list(dict.fromkeys(name for one in flat for name in one))
    lines = [(name, [_text(one[name]) if name in one else "–" for one in flat]) for name in names]
    return [(name, _cut(values)) for name, values in lines if len(set(values)) > 1]


def _cut(values: list[str]) -> list[str]:
    return [value if len(value) <= 24 else f"{value[:22]}…" for value in values]


def measured(runs: Sequence[Training]) -> list[tuple[str, list[str]]]:
    """Numbers of their evaluations beside each other: name, and the value of each, a dash where it has none."""
    flat = []
    for run in runs:
        leaves = dict(_leaves((evaluation(run) or {}).get("measures", {})))
        flat.append({name: value for name, value in leaves.items() if isinstance(value, (int, float)) and value is not True})
    names = list(dict.fromkeys(name for one in flat for name in one))
    return [(name, [words.number(one[name]) if name in one else "–" for one in flat]) for name in names]


def _leaves(tree: Mapping[str, Any], stem: str = "") -> Iterator[tuple[str, Any]]:
    """What is no dict, by its path; lists of numbers and words are leaves, lists of dicts (bins) are left out."""
    for name, value in tree.items():
        path = f"{stem} · {name}" if stem else str(name)
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        elif not (isinstance(value, list) and any(isinstance(part, (dict, list)) for part in value)):
            yield path, value


# ---- evaluations


def evaluation(one: Training) -> dict[str, Any] | None:
    """What ``qso evaluate`` kept, None when there is nothing that can be read."""
    file = one.folder.path / _EVALUATION
    return _evaluation(file, _mark(file))


@lru_cache(128)
def _evaluation(file: Path, mark: tuple[int, int]) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text())
    except (OSError, json.JSONDecodeError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("measures"), dict) else None


def evaluated(one: Training) -> list[Table]:
    """An evaluation's tables, as the report has them; measures that it does not know are listed by their paths."""
    from qsocore.evaluate.tables import Table, tables

    measures = (evaluation(one) or {}).get("measures", {})
    found: list[Table] = []
    for name, section in measures.items():
        try:
            made = tables({name: section})
        except (KeyError, TypeError, ValueError, IndexError):  # another version's
            made = []
        leaves = list(_leaves(section)) if isinstance(section, Mapping) and not made else []
        found += made or ([Table(name.capitalize(), ("", "value"), [(path, _text(value)) for path, value in leaves])]
                          if leaves else [])
    return found
