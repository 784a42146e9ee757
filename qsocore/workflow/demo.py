"""The demos: a simulated survey from nothing to a map, each step only where it is not done yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qsocore.errors import ConfigError, StoreError
from qsocore.store import RunFolder, Store, library, open_store
from qsocore.store.runs import copy_run

SEED = 1


@dataclass(frozen=True)
class Trained:
    """One run of a demo.

    Parameters
    ----------
    name, model : str
        Of the run, and what is trained.
    settings : tuple of str
        Of the training beside the defaults: a map worth seeing within the minutes that a demo may take.
    projections : tuple of str
        Maps of it.
    """

    name: str
    model: str
    settings: tuple[str, ...]
    projections: tuple[str, ...]


@dataclass(frozen=True)
class Demo:
    """What a demo is made of.

    Parameters
    ----------
    size : int
        Objects of a new store.
    reads : {"spectra", "images"}
        What they are.
    runs : tuple of Trained
        The last is the one whose map is shown at first.
    """

    size: int
    reads: str
    runs: tuple[Trained, ...]


SPECTRA = Demo(20_000, "spectra", (Trained("demo", "infovae", ("epochs=12",), ("umap", "pca")),))
IMAGES = Demo(6_000, "images", (
    Trained("pictures", "image_vae", ("epochs=12",), ("umap", "pca")),
    Trained("images", "contrastive", ("epochs=8",), ("umap", "tsne"))))
RUN, SIZE = SPECTRA.runs[-1].name, SPECTRA.size


def make_demo(path: str | Path, size: int | None = None, say: Callable[[str], Any] = print, demo: Demo = SPECTRA) -> Store:
    """Simulate, train, embed and publish a demo; whatever is there already is kept.

    Parameters
    ----------
    path : path
        The demo's store.
    size : int, optional
        Objects of a new store; the demo's own number unless stated.
    say : callable
        Gets one line after each step, with its wall time.
    demo : Demo
        `SPECTRA` or `IMAGES`.

    Returns
    -------
    Store
        With the demo's runs finished, which the user's library has too.

    Raises
    ------
    StoreError
        When the store that is there holds another number of objects than asked for, or is damaged.
    ConfigError
        When it is that of the other demo.
    """
    path = Path(path)
    if path.exists():
        store = open_store(path)
        if size not in (None, store.n_rows):
            raise StoreError(f"the demo there has {store.n_rows:,} objects, not {size:,}", path,
                             "choose another --store, or delete it")
        if (store.image_grid is not None) != (demo.reads == "images"):
            raise ConfigError(f"the store there has no {demo.reads}", path, "choose another --store, or delete it")
    else:
        store = _timed("simulated", say, lambda: _simulate(path, demo.size if size is None else size, demo.reads))
    for trained in demo.runs:
        _finish(store, trained, say)
    return store


def finished_run(store: Store, name: str = RUN) -> RunFolder | None:
    """The latest finished run of a name in a demo's store."""
    return next((run for run in reversed(store.runs()) if run.name == name and run.finished), None)


def _finish(store: Store, trained: Trained, say: Callable[[str], Any]) -> None:
    """Train, embed and publish a run, as far as that is not done yet."""
    if not finished_run(store, trained.name):
        _timed(f"trained {trained.name}", say, lambda: _train(store.path, trained))
    if not all(finished_run(store, trained.name).projection(name).exists() for name in trained.projections):
        _timed(f"embedded {trained.name}", say, lambda: _embed(store.path, trained))
    copy_run(finished_run(store, trained.name), library())


def _timed(done: str, say: Callable[[str], Any], work: Callable[[], Any]) -> Any:
    start = time.monotonic()
    result = work()
    say(f"{done} in {time.monotonic() - start:.1f} s")
    return result


def _simulate(path: Path, size: int, reads: str) -> Store:
    from qsocore.workflow.simulate import simulate, simulate_images

    return simulate_images(path, size, SEED) if reads == "images" else simulate(path, size, SEED)


def _train(path: Path, trained: Trained) -> RunFolder:
    from qsocore.workflow.train import train

    return train(trained.model, path, trained.name, trained.settings)


def _embed(path: Path, trained: Trained) -> RunFolder:
    from qsocore.workflow.embed import embed

    return embed(path, trained.name, trained.projections)
