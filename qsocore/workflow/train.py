"""Train a model on a store, and publish the run to the user's library."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qsocore import __version__
from qsocore.config import from_words, to_dict
from qsocore.errors import ConfigError, TrainError, did_you_mean
from qsocore.grid import get_grid
from qsocore.models import MODELS
from qsocore.models.base import Model
from qsocore.preprocess.photometry import bands_of
from qsocore.preprocess.prepare import Source, images_of, normalisation_for, prepared_for
from qsocore.sampling import Bands, Grid
from qsocore.store import RunFolder, Store, library, open_store, paths
from qsocore.store.files import write_text
from qsocore.store.runs import copy_run, new_run
from qsocore.train.augment import Augmentation, build_augmenter
from qsocore.train.augment_images import ImageAugmentation, build_image_augmenter
from qsocore.train.checkpoint import write_tensors
from qsocore.train.data import Batches
from qsocore.train.loop import CHECKPOINT, TrainSettings, fit, pick_device
from qsocore.train.split import Split, split_by_object
from qsocore.workflow.environment import environment

log = logging.getLogger(__name__)


def train(model_name: str, store_path: str | Path, run_name: str, words: Iterable[str] = (), publish: bool = True,
          watch: Callable[[int, dict[str, float]], None] | None = None) -> RunFolder:
    """Train a model; an unfinished run of the same name and settings is gone on with.

    Parameters
    ----------
    model_name : str
        A member of `qsocore.models.MODELS`.
    store_path : path
        A store of what the model reads: spectra, images or photometry.
    run_name : str
        Of the new run.
    words : iterable of str
        ``key=value`` settings of the model, of the training (`TrainSettings`), of the normalisation and of the augmentation.
    publish : bool
        Whether the finished run is copied to the user's library, where every store finds it.
    watch : callable, optional
        Called with the epoch and the validation's terms after each epoch; what it raises ends the training.

    Returns
    -------
    RunFolder
        Finished, in the store.

    Raises
    ------
    ConfigError
        For an unknown model, setting or grid.
    StoreError
        When the store cannot be read or has nothing that the model reads.
    TrainError
        When there is too little to train on, the store lacks the labels that the model learns from, or the loss is not finite.
    """
    model = MODELS.get(model_name)
    config, settings, normalisation, augmentation = sort_settings(model, words)
    pick_device(settings.device)  # refuses before anything is written
    store = open_store(store_path)
    grid = _grid(model, store, settings)
    prepared = prepared_for(model.reads, store, grid, normalisation)
    if prepared.note:
        log.info(prepared.note)
    augment = _augmenter(model, augmentation, grid)
    labels = model.labels(config, store) if model.labels else None
    split = _known(split_store(store, settings), prepared)
    stated = {"model": model.name, "reads": model.reads, "config": to_dict(config), "settings": to_dict(settings),
              "normalisation": to_dict(normalisation), "augmentation": to_dict(augmentation), "grid": grid.to_dict(),
              "data": _data(store, split)}
    run = _unfinished(store, run_name) or new_run(paths.runs(store.path), run_name)
    _write_config(run, stated, {})
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = model.build(config, grid)
    feeds = (Batches(prepared, rows, settings.batch, settings.seed, settings.memory_gb, labels)
             for rows in (split.train, split.valid))
    done = fit(network, *feeds, settings, run.path, stated, augment, watch)
    _write_config(run, stated, {"step": done.step, "best_step": done.best_step, "best_loss": done.best_loss})
    write_tensors(run.weights, network.state_dict())
    (run.path / CHECKPOINT).unlink(missing_ok=True)
    if publish:
        copy_run(run, library())
    return RunFolder(run.path)


def _grid(model: Model, store: Store, settings: TrainSettings) -> Grid:
    """What the model works on: the store's own, or of spectra what the settings say."""
    if model.reads == "images":
        has = images_of(store).image_grid
        return has if settings.side is None else dataclasses.replace(has, side=settings.side)
    if model.reads == "photometry":
        return Bands(bands_of(store))
    return get_grid(settings.grid) if settings.grid else store.grid


def _augmenter(model: Model, augmentation: Augmentation | ImageAugmentation, grid: Grid):
    """What changes the training batches; None where nothing is to be changed."""
    if model.reads == "spectra":
        return build_augmenter(augmentation, grid)
    return build_image_augmenter(augmentation, grid) if model.reads == "images" else None


def _known(split: Split, prepared: Source) -> Split:
    """The objects of a split of which there is anything to learn from; images may be there for some only.

    Raises
    ------
    TrainError
        When nothing is left to train on or to validate with.
    """
    if prepared.known is None:
        return split
    left = Split(*(rows[prepared.known[rows]] for rows in (split.train, split.valid, split.test)))
    if not len(left.train) or not len(left.valid):
        raise TrainError(f"{prepared.known.sum()} objects with what the model reads leave {len(left.train)} to train on and "
                         f"{len(left.valid)} to validate with", prepared.store.path, "take a larger store")
    return left


def sort_settings(model: Model, words: Iterable[str]) -> tuple[Any, TrainSettings, Any, Any]:
    """Give each ``key=value`` word to the configuration that knows its key, after the model's own defaults.

    Raises
    ------
    ConfigError
        For a key that none knows, or a value that does not fit.
    """
    kinds = (model.Config, TrainSettings, normalisation_for(model.reads),
             Augmentation if model.reads == "spectra" else ImageAugmentation)
    keys = [{field.name for field in dataclasses.fields(kind)} for kind in kinds]
    sorted_words: list[list[str]] = [[] for _ in kinds]
    for word in (*model.defaults, *words):
        key = word.partition("=")[0].strip()
        owner = next((i for i, known in enumerate(keys) if key in known), None)
        if owner is None:
            remedy = did_you_mean(key, set().union(*keys))
            raise ConfigError(f"no setting of the {model.name} training is called {key!r}", word, remedy)
        sorted_words[owner].append(word)
    return tuple(from_words(kind, own) for kind, own in zip(kinds, sorted_words, strict=True))


def split_store(store: Store, settings: TrainSettings) -> Split:
    """The split of a store's rows by sky object.

    Raises
    ------
    TrainError
        When nothing is left to train on or to validate with.
    """
    nowhere = np.full(store.n_rows, np.nan)
    ra, dec = (store.column(name) if name in store.columns else nowhere for name in ("ra", "dec"))
    split = split_by_object(store.column("object_id"), ra, dec, settings.valid, settings.test, settings.seed)
    if not len(split.train) or not len(split.valid):
        raise TrainError(f"{store.n_rows} objects leave {len(split.train)} to train on and {len(split.valid)} to validate with",
                         store.path, "take a larger store, or set valid higher and test lower")
    return split


def _data(store: Store, split: Split) -> dict[str, Any]:
    """What was read: the store, a hash of its content, and the sides of the split."""
    sides = {side: len(getattr(split, side)) for side in ("train", "valid", "test")}
    return {"store": store.path.name, "n_rows": store.n_rows, "split": sides, "sha256": store.manifest.fingerprint}


def _unfinished(store: Store, name: str) -> RunFolder | None:
    runs = [run for run in store.runs() if run.name == name]
    return runs[-1] if runs and not runs[-1].finished and (runs[-1].path / CHECKPOINT).exists() else None


def _write_config(run: RunFolder, stated: dict[str, Any], result: dict[str, Any]) -> None:
    moment = {"code_version": __version__, "created": datetime.now(UTC).isoformat(timespec="seconds"),
              "environment": environment()}
    write_text(run.path / "run.json", json.dumps(stated | moment | result, indent=1) + "\n")
