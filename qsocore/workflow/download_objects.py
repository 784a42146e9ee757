"""Which objects a download is for: rows of a store or a table that are named or selected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsocore.archive.objects import Objects
from qsocore.errors import ConfigError, did_you_mean
from qsocore.selection import Rule, columns_of, evaluate, parse
from qsocore.store import open_store
from qsocore.surveys.tables import read_table
from qsocore.workflow.chosen import ids_of
from qsocore.workflow.joined import Joined


def select_objects(path: str | Path, ids: Sequence[str] | None = None, where: str = "", run: str | None = None) -> Objects:
    """Objects of a store, a table or a text file; see `download`.

    Raises
    ------
    ConfigError
        When nothing is selected, an id is not there, or the selection is not understood.
    """
    path = Path(path)
    if path.is_dir():
        return _of_store(path, None if ids is None else ids_of(ids), parse(where) if where else None, run)
    if run:
        raise ConfigError("a table has no runs", f"--run {run}", "give a store")
    objects = Objects.of_lines(path) if path.suffix.lower() == ".txt" else Objects.of_table(read_table(path))
    chosen = np.ones(len(objects), bool)
    if where:
        rule = parse(where)
        for name in columns_of(rule):
            objects.known(name)
        chosen = evaluate(rule, partial(_values, objects), len(objects))
    return _chosen(objects, chosen, None if ids is None else ids_of(ids))


def _of_store(path: Path, ids: list[str] | None, rule: Rule | None, run: str | None) -> Objects:
    store = open_store(path)
    source = Joined(store, store.run(run) if run else None)
    rows = np.arange(store.n_rows)
    if rule:
        source.known(columns_of(rule))
        rows = np.flatnonzero(evaluate(rule, source.values, store.n_rows))
    frame = store.table(rows=rows).to_pandas(integer_object_nulls=True)  # so that no id goes through floating point
    nowhere = np.full(len(rows), np.nan)
    ra, dec = (frame[name].to_numpy(np.float64) if name in frame else nowhere for name in ("ra", "dec"))
    return _chosen(Objects(path, frame["object_id"].tolist(), ra, dec, frame), np.ones(len(rows), bool), ids)


def _chosen(objects: Objects, chosen: NDArray[np.bool_], ids: list[str] | None) -> Objects:
    """The objects that are chosen and, where ids are given, named."""
    if ids is not None:
        names = [{objects.ids[row], objects.native(row)} for row in range(len(objects))]
        known = set().union(*names)
        lost = [name for name in ids if name not in known]
        if lost:
            raise ConfigError(f"there is no object {lost[0]!r}" + (f", nor {len(lost) - 1:,} more" if lost[1:] else ""),
                              objects.where, did_you_mean(lost[0], objects.ids[:10_000]) if len(objects) else None)
        wanted = set(ids)
        chosen = chosen & np.array([not wanted.isdisjoint(both) for both in names], bool)
    if not chosen.any():
        raise ConfigError("no object is selected", objects.where, "look at --where and --ids")
    return objects if chosen.all() else objects.taken(np.flatnonzero(chosen))


def _values(objects: Objects, name: str) -> NDArray:
    """A column of a table as `qsocore.selection.evaluate` reads it."""
    if name == "object_id" and objects.column(name) is None:
        return np.array(objects.ids, object)
    values = objects.frame[objects.known(name)].to_numpy()
    return values if values.dtype.kind in "fiub" else values.astype(object)
