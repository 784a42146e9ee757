"""Validate a store: everything that could be wrong with it, each finding with its place and remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.parquet as pq

from qsocore.errors import AtlasError
from qsocore.records import ObjectId
from qsocore.store import paths
from qsocore.store.files import sha256
from qsocore.store.manifest import ARRAYS, Shard
from qsocore.store.reader import Store, open_store

_AGAIN = "make the store again"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (error) or odd (warning) with a store."""

    severity: Literal["error", "warning"]
    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")


def check(path: str | Path) -> list[Finding]:
    """Everything wrong with a store, none when it is clean.

    Reads every byte: files against their checksums, then the arrays' values (ivar is finite and not negative, masked
    pixels have ivar 0, flux is finite), object ids, coordinates, runs and verdicts.
    """
    path = Path(path)
    try:
        store = open_store(path)
    except AtlasError as error:
        return [Finding("error", str(error.where), error.what, error.remedy or "")]
    return [*_catalog(store), *_shards(store), *_strays(store), *_runs(store), *_labels(store)]


def _catalog(store: Store) -> Iterator[Finding]:
    file = paths.CATALOG
    if sha256(store.path / file) != store.manifest.catalog_sha256:
        yield Finding("error", file, "its content does not fit its checksum", _AGAIN)
        return
    ids = store.frame(["object_id", "survey"])
    doubled = ids["object_id"][ids["object_id"].duplicated()]
    if len(doubled):
        yield Finding("error", file, f"{len(doubled)} object ids are doubled, the first is {doubled.iloc[0]}", _AGAIN)
    for object_id in ids["object_id"]:
        try:
            ObjectId.parse(object_id)
        except AtlasError as error:
            yield Finding("error", file, error.what, _AGAIN)
            break
    counts = ids["survey"].value_counts().to_dict()
    if counts != store.manifest.surveys:
        yield Finding("error", paths.MANIFEST, f"it counts {store.manifest.surveys}, the catalogue {counts}", _AGAIN)
    for name, low, high in (("ra", 0, 360), ("dec", -90, 90)):
        if name in store.columns:
            values = store.column(name)
            wrong = int(np.sum((values < low) | (values > high)))
            if wrong:
                yield Finding("error", file, f"{wrong} values of {name} are outside {low} to {high} deg")


def _shards(store: Store) -> Iterator[Finding]:
    for shard in store.manifest.shards:
        blocks = {}
        for name in ARRAYS:
            file = paths.array_file(name, shard.number)
            if not (store.path / file).exists():
                yield Finding("error", file, "the shard is missing", _AGAIN)
            elif sha256(store.path / file) != shard.checksums.get(name):
                yield Finding("error", file, "its content does not fit its checksum", _AGAIN)
            else:
                blocks[name] = np.load(store.path / file, mmap_mode="r", allow_pickle=False)
        if len(blocks) == len(ARRAYS):
            yield from _values(shard, store.grid.n_pix, **blocks)


def _values(shard: Shard, n_pix: int, flux: np.ndarray, ivar: np.ndarray, mask: np.ndarray) -> Iterator[Finding]:
    where = f"shard {shard.number}"
    if not flux.shape == ivar.shape == mask.shape == (shard.rows, n_pix):
        yield Finding("error", where, f"flux {flux.shape}, ivar {ivar.shape}, mask {mask.shape} should be "
                      f"{(shard.rows, n_pix)}", _AGAIN)
        return
    wrong = {"flux is not finite": 0, "ivar is negative or not finite": 0, "masked pixels have an ivar": 0,
             "good pixels have no ivar": 0}
    for start in range(0, shard.rows, 4096):
        f, i, m = (array[start : start + 4096] for array in (flux, ivar, mask))
        for what, bad in zip(wrong, (~np.isfinite(f), ~(i >= 0) | ~np.isfinite(i), (m > 0) & (i > 0), (m == 0) & (i == 0)),
                             strict=True):
            wrong[what] += int(bad.sum())
    for what, count in wrong.items():
        if count:
            yield Finding("error", where, f"{what} in {count:,} pixels", _AGAIN)


def _strays(store: Store) -> Iterator[Finding]:
    named = {paths.array_file(name, shard.number) for shard in store.manifest.shards for name in ARRAYS}
    for file in sorted((store.path / "arrays").glob("*")):
        relative = f"arrays/{file.name}"
        if relative not in named:
            yield Finding("warning", relative, "the manifest does not name this file", "delete it")


def _runs(store: Store) -> Iterator[Finding]:
    for run in store.runs():
        where = f"runs/{run.path.name}"
        try:
            _ = run.config
        except AtlasError as error:
            yield Finding("error", where, error.what, error.remedy or "")
            continue
        if not run.weights.exists():
            yield Finding("warning", where, "the training is not finished", "call 'qso train' again to resume it")
        tables = [run.latents, *(run.projection(name) for name in run.projections())]
        for file in filter(Path.exists, tables):
            yield from _rows(store, file, f"{where}/{file.relative_to(run.path)}")


def _rows(store: Store, file: Path, where: str) -> Iterator[Finding]:
    try:
        ids = pq.read_table(file, columns=["object_id"]).column(0).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        yield Finding("error", where, f"it cannot be read ({error})", "run 'qso embed' again")
        return
    foreign = int((store.index_of(ids) < 0).sum())
    if foreign:
        yield Finding("error", where, f"{foreign} of its objects are not in the store", "run 'qso embed' again")
    if len(ids) - foreign < store.n_rows:
        yield Finding("warning", where, f"{store.n_rows - len(ids) + foreign} objects have no place in it",
                      "run 'qso embed' again")


def _labels(store: Store) -> Iterator[Finding]:
    file = store.path / paths.LABELS
    if not file.exists():
        return
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as base:
            state = base.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        state = str(error)
    if state != "ok":
        yield Finding("error", paths.LABELS, f"the verdicts are damaged ({state})", "restore it from a backup: it is the one "
                      "file that cannot be made again")


