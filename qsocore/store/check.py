"""Validate a store: everything that could be wrong with it, each finding with its place and remedy."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.compute as pc

from qsocore.errors import AtlasError
from qsocore.records import ObjectId
from qsocore.store import paths
from qsocore.store.beside import kept_columns
from qsocore.store.columns import to_numpy
from qsocore.store.doubles import came_before, same_texts, texts_at
from qsocore.store.files import sha256
from qsocore.store.manifest import ARRAYS, Shard
from qsocore.store.parquet import ParquetTable
from qsocore.store.reader import Store, open_store
from qsocore.store.runs import ROW_ORDER
from qsocore.store.selections import Selections

_AGAIN = "make the store again"
_OBJECT_ID = r"^[^:\s]+:[^:\s]+:\S"


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
    return [*_catalog(store), *_shards(store), *_strays(store), *_images(store), *_runs(store), *_beside(store),
            *_selections(store), *_labels(store), *_campaigns(store)]


def _catalog(store: Store) -> Iterator[Finding]:
    file = paths.CATALOG
    if sha256(store.path / file) != store.manifest.catalog_sha256:
        yield Finding("error", file, "its content does not fit its checksum", _AGAIN)
        return
    doubled = came_before(lambda: store.catalog.pieces("object_id"))
    if doubled.any():
        first = next(texts_at(store.catalog.pieces("object_id"), np.flatnonzero(doubled)[:1]))
        yield Finding("error", file, f"{doubled.sum()} object ids are doubled, the first is {first}", _AGAIN)
    yield from _shape_of_ids(store)
    counts: Counter = Counter()
    for piece in store.catalog.pieces("survey"):
        counts.update({entry["values"]: entry["counts"] for entry in piece.value_counts().to_pylist()})
    if counts != store.manifest.surveys:
        yield Finding("error", paths.MANIFEST, f"it counts {store.manifest.surveys}, the catalogue {dict(counts)}", _AGAIN)
    for name, low, high in (("ra", 0, 360), ("dec", -90, 90)):
        if name in store.columns:
            wrong = sum(int(np.sum((values < low) | (values > high)))
                        for values in map(to_numpy, store.catalog.pieces(name)))
            if wrong:
                yield Finding("error", file, f"{wrong} values of {name} are outside {low} to {high} deg")


def _shape_of_ids(store: Store) -> Iterator[Finding]:
    """The first object id that is none."""
    for piece in store.catalog.pieces("object_id"):
        odd = piece.filter(pc.invert(pc.match_substring_regex(piece, _OBJECT_ID)))
        for text in odd.to_pylist():  # few, and perhaps well after all
            try:
                ObjectId.parse(text)
            except AtlasError as error:
                yield Finding("error", paths.CATALOG, error.what, _AGAIN)
                return


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
            yield from _values(shard, store.manifest.grid.shape, **blocks)


def _values(shard: Shard, shape: tuple[int, ...], flux: np.ndarray, ivar: np.ndarray, mask: np.ndarray) -> Iterator[Finding]:
    where = f"shard {shard.number}"
    if not flux.shape == ivar.shape == mask.shape == (shard.rows, *shape):
        yield Finding("error", where, f"flux {flux.shape}, ivar {ivar.shape}, mask {mask.shape} should be "
                      f"{(shard.rows, *shape)}", _AGAIN)
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


def _images(store: Store) -> Iterator[Finding]:
    """What is wrong with the images beside the spectra, and whether they are of the store's objects."""
    folder = paths.images(store.path)
    if store.image_grid or not (folder / paths.MANIFEST).exists():
        return
    for finding in check(folder):
        yield Finding(finding.severity, f"images/{finding.where}", finding.what, finding.remedy)
    try:
        ids = open_store(folder).table(["object_id"]).column(0)
    except AtlasError:
        return  # said above
    strangers = int((store.index_of(ids.combine_chunks()) < 0).sum())
    if strangers:
        yield Finding("error", "images", f"{strangers:,} of its objects are not in the catalogue", "put the images in again")


def _runs(store: Store) -> Iterator[Finding]:
    for run in store.runs():
        where = f"runs/{run.path.name}"
        try:
            _ = run.config
        except AtlasError as error:
            yield Finding("error", where, error.what, error.remedy or "")
            continue
        if run.has_model and not run.weights.exists():
            yield Finding("warning", where, "the training is not finished", "call 'qso train' again to resume it")
        tables = [run.latents, *map(run.projection, run.projections()), *map(run.column_file, run.columns())]
        for file in filter(Path.exists, tables):
            yield from _rows(store, file, f"{where}/{file.relative_to(run.path)}", "run 'qso embed' again")


def _beside(store: Store) -> Iterator[Finding]:
    """What is wrong with the columns beside the catalogue."""
    for file in kept_columns(store):
        yield from _rows(store, file, str(file.relative_to(store.path)), f"run 'qso {file.stem}' again")


def _rows(store: Store, file: Path, where: str, remedy: str) -> Iterator[Finding]:
    """Whether a file of columns has the store's objects, in the store's order where it says so."""
    try:
        table = ParquetTable(file)
        says = (table.schema.metadata or {}).get(ROW_ORDER.encode(), b"").decode()
        same = table.n_rows == store.n_rows and same_texts(store.catalog.pieces("object_id"), table.pieces("object_id"))
        foreign = 0 if same else sum(int((store.index_of(ids) < 0).sum()) for ids in table.read(["object_id"]).column(0).chunks)
    except (OSError, ValueError, KeyError) as error:
        yield Finding("error", where, f"it cannot be read ({error})", remedy)
        return
    if says == store.manifest.fingerprint and not same:
        yield Finding("error", where, "it says that its rows are the store's, but they are not", remedy)
    if foreign:
        yield Finding("error", where, f"{foreign} of its objects are not in the store", remedy)
    if table.n_rows - foreign < store.n_rows:
        yield Finding("warning", where, f"{store.n_rows - table.n_rows + foreign} objects have no place in it", remedy)


def _selections(store: Store) -> Iterator[Finding]:
    kept = Selections.of(store.path)
    for file in sorted(kept.folder.glob("*")):
        where = f"selections/{file.name}"
        if file.suffix != ".json" or file.name.startswith("."):
            yield Finding("warning", where, "this is no kept selection", "delete it")
            continue
        try:
            selection = kept.load(file.stem)
        except AtlasError as error:
            yield Finding("error", where, error.what, error.remedy or "")
            continue
        if selection.name != file.stem:
            yield Finding("warning", where, f"it calls itself {selection.name!r}", "keep the selection again")
        if selection.count > store.n_rows:
            yield Finding("error", where, f"it counts {selection.count:,} of {store.n_rows:,} objects", "keep it again")


def _labels(store: Store) -> Iterator[Finding]:
    file = store.path / paths.LABELS
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as base:
            state = base.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        state = str(error)
    if state != "ok":
        yield Finding("error", paths.LABELS, f"the verdicts are damaged ({state})", "restore it from a backup: it is the one "
                      "file that cannot be made again")


def _campaigns(store: Store) -> Iterator[Finding]:
    """What is wrong with the images of simulated lenses that are in campaigns."""
    for folder in sorted(paths.campaigns(store.path).glob("*/*.store")):
        for finding in check(folder):
            yield Finding(finding.severity, f"{folder.relative_to(store.path)}/{finding.where}", finding.what, finding.remedy)
