"""The demo: a simulated survey from nothing to a map, each step only where it is not done yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qsocore.errors import StoreError
from qsocore.store import RunFolder, Store, library, open_store
from qsocore.store.runs import copy_run

RUN = "demo"
SIZE = 20_000
SEED = 1
PROJECTIONS = ("umap", "pca")
SETTINGS = ("epochs=12",)
"""Settings of the demo's training beside the defaults: a map worth seeing within the two minutes that a demo may take."""


def make_demo(path: str | Path, size: int | None = None, say: Callable[[str], Any] = print) -> Store:
    """Simulate, train, embed and publish the demo; whatever is there already is kept.

    Parameters
    ----------
    path : path
        The demo's store.
    size : int, optional
        Objects of a new store; `SIZE` unless stated.
    say : callable
        Gets one line after each step, with its wall time.

    Returns
    -------
    Store
        With a finished run called "demo", which the user's library has too.

    Raises
    ------
    StoreError
        When the store that is there holds another number of objects than asked for, or is damaged.
    """
    path = Path(path)
    if path.exists():
        store = open_store(path)
        if size not in (None, store.n_rows):
            raise StoreError(f"the demo there has {store.n_rows:,} objects, not {size:,}", path,
                             "choose another --store, or delete it")
    else:
        store = _timed("simulated", say, lambda: _simulate(path, SIZE if size is None else size))
    if not finished_run(store):
        _timed("trained", say, lambda: _train(path))
    if not all(finished_run(store).projection(name).exists() for name in PROJECTIONS):
        _timed("embedded", say, lambda: _embed(path))
    copy_run(finished_run(store), library())
    return store


def finished_run(store: Store) -> RunFolder | None:
    """The latest finished run of the demo in a store."""
    return next((run for run in reversed(store.runs()) if run.name == RUN and run.finished), None)


def _timed(done: str, say: Callable[[str], Any], work: Callable[[], Any]) -> Any:
    start = time.monotonic()
    result = work()
    say(f"{done} in {time.monotonic() - start:.1f} s")
    return result


def _simulate(path: Path, size: int) -> Store:
    from qsocore.workflow.simulate import simulate

    return simulate(path, size, SEED)


def _train(path: Path) -> RunFolder:
    from qsocore.workflow.train import train

    return train("infovae", path, RUN, SETTINGS)


def _embed(path: Path) -> RunFolder:
    from qsocore.workflow.embed import embed

    return embed(path, RUN, PROJECTIONS)
