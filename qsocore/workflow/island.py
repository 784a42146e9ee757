"""The island around examples, kept as a selection of the store: what a brush would draw, from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, did_you_mean
from qsocore.explore.around import SHARE, Around, island_around
from qsocore.selection import Rule, columns_of, evaluate, parse
from qsocore.store import open_store
from qsocore.store.parquet import ParquetTable
from qsocore.store.selections import Kept, Selections
from qsocore.surveys.tables import CatalogTable, match, read_table
from qsocore.workflow.joined import Joined

_IDS = ("object_id", "native_id")


def keep_island(store_path: str | Path, run_name: str, around: str | Path | None = None, where: str | None = None,
                projection: str = "", share: float = SHARE, name: str = "island",
                replace: bool = False) -> tuple[Kept, Around]:
    """Find the island around examples on a map, and keep its outline under a name.

    Parameters
    ----------
    store_path : path
        A store.
    run_name : str
        One of its runs, embedded.
    around : path, optional
        The examples: a table that names them by id or position, see `qsocore.surveys.tables.match`, or a text file of object
        ids or the survey's own ids, one a line.
    where : str, optional
        The examples as a selection, such as ``class == "QSO"``; one of the two is needed.
    projection : str
        The map; UMAP unless stated, or the first there is.
    share : float
        Of the examples that it holds, see `qsocore.explore.around`.
    name : str
        Of the selection.
    replace : bool
        Whether a selection of that name is replaced.

    Returns
    -------
    Kept, Around
        The selection, a polygon on the map that can be replayed and redrawn, and what it was made from.

    Raises
    ------
    StoreError
        When there is no such store or run.
    ConfigError
        When there is no such map or no examples, or they lie on several islands.
    """
    store = open_store(store_path)
    run = store.run(run_name)
    projection = projection or min(run.projections(), key=lambda one: (one != "umap", one), default="")
    if projection not in run.projections():
        raise ConfigError(f"the run {run.name} has no map {projection!r}", "--map", did_you_mean(projection, run.projections()))
    source = Joined(store, run)
    examples = _examples(source, around, where)
    table = ParquetTable(run.projection(projection)).read(["x", "y"])
    found = island_around(np.column_stack([table.column(axis).to_numpy() for axis in "xy"]), examples, share)
    rule: Rule = {"op": "polygon", "projection": projection, "vertices": found.outline}
    count = int(evaluate(rule, source.values, source.n_rows).sum())
    kept = Kept(name, rule, count, store.manifest.fingerprint, run.name)
    Selections.of(store.path).save(kept, replace)
    return kept, found


def _examples(source: Joined, around: str | Path | None, where: str | None) -> NDArray[np.int64]:
    """Rows of the examples."""
    if (around is None) == (where is None):
        raise ConfigError("the examples are a file of ids or a selection", "--around, --where", "give one of them")
    if where is not None:
        rule = parse(where)
        source.known(columns_of(rule))
        return np.flatnonzero(evaluate(rule, source.values, source.n_rows))
    named = _named(source, Path(around)) if Path(around).suffix == ".txt" else _matched(source, read_table(around))
    if not named.any():
        raise ConfigError("it names none of the store's objects", around, "give object ids, the survey's own ids, or positions")
    return np.flatnonzero(named)


def _named(source: Joined, file: Path) -> NDArray[np.bool_]:
    ids = [word for line in file.read_text(encoding="utf-8").splitlines() if (word := line.strip())]
    return np.any([source.values(name).isin(ids) for name in _IDS if name in source.columns], axis=0)


def _matched(source: Joined, table: CatalogTable) -> NDArray[np.bool_]:
    store = source.store
    ids = {name: store.column(name) for name in _IDS if name in store.columns}
    return match(table, ids, store.column("ra"), store.column("dec")).rows >= 0
