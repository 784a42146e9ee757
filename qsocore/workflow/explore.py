"""Anomaly of each object, trust in each map and its islands, as further columns of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.embed import features
from qsocore.errors import ConfigError, StoreError, did_you_mean
from qsocore.explore import anomaly, labels, trust
from qsocore.explore.islands import SIZE as ISLAND_SIZE
from qsocore.explore.islands import Island, Islands, to_metadata
from qsocore.explore.leading import Leading
from qsocore.explore.reference import position, sample, without_self
from qsocore.progress import Progress
from qsocore.projections.neighbours import index_of
from qsocore.store import RunFolder, Store, open_store
from qsocore.store.columns import to_field, to_numpy
from qsocore.store.files import write_whole
from qsocore.store.parquet import ParquetTable
from qsocore.store.runs import in_row_order

NAME = "explore"
"""The file of columns, see `RunFolder.column_file`."""
WHERE = ("map", "latents")
"""Where islands are looked for."""
_BLOCK = 50_000
_ISLAND_AXES = 10  # principal axes of the latents in which clusters are looked for: in many more all are lonely
_EXACT = 200_000  # objects up to which every distance to the reference is computed
_ROLES = ("label", "redshift", "quality", "magnitude", "flux", "property")

Places = dict[str, NDArray[np.float32]]


def explore(store_path: str | Path, run_name: str, seed: int = 0, islands: str = "map") -> RunFolder:
    """Make anew the columns ``anomaly``, ``NAME_trust`` and ``NAME_island`` for every map NAME of a run.

    Memory is that of the new columns (4 + 6 bytes an object and map), the object ids and one block. Ten million objects with 8
    latents and one map take five minutes of processor time and 1.4 GB.

    Parameters
    ----------
    store_path : path
        A store, with or without spectra.
    run_name : str
        A run of that store that has latents.
    seed : int
        Draws the reference, see `qsocore.explore.reference`.
    islands : {"map", "latents"}
        Where they are looked for: on each map, or in the space of latents (its leading principal components) for all maps.

    Raises
    ------
    StoreError
        When there is no such store or run, or the run has no latents of this store's objects.
    ConfigError
        When islands are to be looked for elsewhere.
    """
    if islands not in WHERE:
        raise ConfigError(f"islands are on a map or in latents, not {islands!r}", "islands", did_you_mean(islands, WHERE))
    store = open_store(store_path)
    run = store.run(run_name)
    if not run.latents.exists():
        raise StoreError("the run has no latents yet", run.path, f"qso embed {store.path} --run {run.name}")
    write_columns(store, run, seed, islands)
    return run


def write_columns(store: Store, run: RunFolder, seed: int = 0, islands: str = "map") -> None:
    """As `explore`, for a store and a run that are open."""
    maps = run.projections()
    same_objects(store, run.latents)
    columns = {column.name: np.empty(store.n_rows, column.dtype) for column in _columns(maps)}
    begin = 0
    with Progress(store.n_rows, "explore") as progress:
        held = _reference(store, run, maps, seed, islands)
        for block, xy in blocks(run, maps):
            here = slice(begin, begin + len(block))
            for name, values in held.measure(np.arange(here.start, here.stop), block, xy).items():
                columns[name][here] = values
            begin = here.stop
            progress.update(len(block))
    found = {name: _describe(store, run, name, held, columns) for name in maps}
    _write(store, run, columns, found)


def _reference(store: Store, run: RunFolder, maps: list[str], seed: int, islands: str) -> _Reference:
    rows = sample(store.n_rows, seed=seed)
    latents, places = read_rows(run, maps, rows)
    known = np.isfinite(latents).all(axis=1)
    for xy in places.values():
        known &= np.isfinite(xy).all(axis=1)
    return _Reference(rows[known], latents[known], {name: xy[known] for name, xy in places.items()},
                      store.n_rows <= _EXACT, islands == "latents")


class _Reference:
    """What every object is held to: the reference's latents and places, ready to be searched."""

    def __init__(self, rows: NDArray[np.int64], latents: NDArray[np.float32], places: Places, exact: bool, in_latents: bool):
        from scipy.spatial import cKDTree

        self.rows, self.k = rows, min(trust.NEIGHBOURS, max(len(rows) - 1, 0))
        self.lonely = min(anomaly.NEIGHBOURS, self.k) - 1
        if not self.k:
            return
        self._latents = index_of(latents, exact)
        self.trees = {name: cKDTree(xy) for name, xy in places.items()}
        some = sample(len(rows), ISLAND_SIZE)
        self.island_rows = rows[some]
        self._leading = Leading(latents[some], _ISLAND_AXES) if in_latents else None
        points = self._leading(latents[some]) if in_latents else None
        self.islands = {name: Islands(xy[some], points) for name, xy in places.items()}
        self._own = self._others(*self._latents.search(latents, self.k + 1), np.arange(len(rows)))
        self._scale = anomaly.Loneliness.among(self._own[1][:, self.lonely])

    def _others(self, index: NDArray, distance: NDArray, own: NDArray) -> tuple[NDArray, NDArray]:
        keep = without_self(index, own)
        return index[keep].reshape(-1, self.k), distance[keep].reshape(-1, self.k)

    def _neighbours(self, latents: NDArray[np.float32], own: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
        """Neighbours in the space of latents; those of the reference itself are known already."""
        near, distance = (values[own] for values in self._own)
        new = own < 0
        if new.any():
            near[new], distance[new] = (values[:, : self.k] for values in self._latents.search(latents[new], self.k))
        return near, distance

    def measure(self, rows: NDArray[np.int64], latents: NDArray[np.float32], places: Places) -> dict[str, NDArray]:
        """The new columns of some objects, (m,) each: missing where the latents are, or where there is no reference."""
        out = {column.name: np.full(len(rows), np.nan if column.dtype == "float32" else -1, column.dtype)
               for column in _columns(places)}
        known = np.isfinite(np.hstack([latents, *places.values()])).all(axis=1)
        if not self.k or not known.any():
            return out
        own = position(rows[known], self.rows)
        near, distance = self._neighbours(latents[known], own)
        out["anomaly"][known] = self._scale.of(distance[:, self.lonely])
        leading = None if self._leading is None else self._leading(latents[known])
        for name, xy in places.items():
            apart, beside = self.trees[name].query(xy[known], self.k + 1, workers=-1)
            out[f"{name}_trust"][known] = trust.shared(near, self._others(beside, apart, own)[0])
            out[f"{name}_island"][known] = self.islands[name].of(xy[known] if leading is None else leading)
        return out


def _columns(maps) -> list[Column]:
    new = [Column("anomaly", "float32", "quality", "",
                  "Loneliness in latent space: robust deviation of ln(distance to the 10th neighbour) from its median")]
    for name in maps:
        new += [Column(f"{name}_trust", "float32", "quality", "",
                       f"Share of the {trust.NEIGHBOURS} nearest in latent space that are the nearest on {name.upper()} too"),
                Column(f"{name}_island", "int16", "label", "", f"Cluster of the {name.upper()} map; -1 is none")]
    return new


def _describe(store: Store, run: RunFolder, name: str, held: _Reference, columns: dict[str, NDArray]) -> list[Island]:
    """The islands of a map with their labels, judged by the reference's catalogue rows."""
    if not held.k or not held.islands[name].n:
        return []
    islands, rows = held.islands[name], held.island_rows
    known = {key: column for key, column in store.columns.items() if column.role in _ROLES}
    table = store.table(list(known), rows)
    values = {key: to_numpy(table.column(key)) for key in known}
    errors = ParquetTable(run.latents)
    for key in ("chi2_pix", "mse"):
        if key in errors.schema.names:
            known[key], values[key] = Column(key, "float32", "quality"), to_numpy(errors.read([key], rows).column(0))
    why = [labels.reasons(islands.number == k, values, known) for k in range(islands.n)]
    counts = np.bincount(columns[f"{name}_island"].astype(np.int64) + 1, minlength=islands.n + 1)[1:]
    out = []
    for k, label in enumerate(labels.names(why)):
        anchor = islands.densest(k)
        x, y = (float(part) for part in islands.places[anchor])
        out.append(Island(k, label, int(counts[k]), int(rows[anchor]), x, y, labels.as_dicts(why[k]), islands.outline(k)))
    return out


def _write(store: Store, run: RunFolder, columns: dict[str, NDArray], islands: dict[str, list[Island]]) -> None:
    fields = [pa.field("object_id", pa.string())]
    for column in _columns(islands):
        more = to_metadata(islands[column.name.removesuffix("_island")]) if column.name.endswith("_island") else {}
        field = to_field(column)
        fields.append(field.with_metadata(field.metadata | more))
    schema = pa.schema(fields, in_row_order(store))

    def write(file) -> None:
        begin = 0
        with pq.ParquetWriter(file, schema) as writer:
            for ids in ParquetTable(store.catalog.file).pieces("object_id"):
                parts = [pa.array(values[begin : begin + len(ids)], from_pandas=True) for values in columns.values()]
                writer.write_batch(pa.record_batch([ids.cast(pa.string()), *parts], schema=schema))
                begin += len(ids)

    write_whole(run.column_file(NAME), write)


def same_objects(store: Store, file: Path) -> None:
    """Refuse latents that are not of this store's objects in its order."""
    table = ParquetTable(file)
    said = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if said.items() >= in_row_order(store).items() and table.n_rows == store.n_rows:
        return
    if not table.read(["object_id"]).column(0).equals(store.table(["object_id"]).column(0)):
        raise StoreError("the run's latents are not of this store's objects", file, "embed the store again")


def _latent_names(file: ParquetTable) -> list[str]:
    return [name for name in file.schema.names if name.startswith("latent_")]


def _stack(table, names: list[str]) -> NDArray[np.float32]:
    return np.stack([to_numpy(table.column(name)) for name in names], axis=1).astype(np.float32, copy=False)


def read_rows(run: RunFolder, maps: list[str], rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], Places]:
    """Latents (features where a run has them) and places of some objects."""
    latents = ParquetTable(run.latents)
    names = _latent_names(latents)
    places = {name: _stack(ParquetTable(run.projection(name)).read(["x", "y"], rows), ["x", "y"]) for name in maps}
    if run.features.exists():
        return np.array(features.read(run, latents.n_rows)[rows]), places
    return _stack(latents.read(names, rows), names), places


def blocks(run: RunFolder, maps: list[str]) -> Iterator[tuple[NDArray[np.float32], Places]]:
    """Latents (features where a run has them) and places of consecutive objects."""
    begin, known = 0, features.read(run, ParquetTable(run.latents).n_rows) if run.features.exists() else None
    files = [ParquetTable(run.latents), *(ParquetTable(run.projection(name)) for name in maps)]
    wanted = [_latent_names(files[0]), *(["x", "y"] for _ in maps)]
    streams = [pq.ParquetFile(file.file, memory_map=True).iter_batches(_BLOCK, columns=names)
               for file, names in zip(files, wanted, strict=True)]
    for batches in zip(*streams, strict=True):
        first, *others = (_stack(batch, names) for batch, names in zip(batches, wanted, strict=True))
        if known is not None:
            first = np.array(known[begin : begin + len(first)])
        begin += len(first)
        yield first, dict(zip(maps, others, strict=True))
