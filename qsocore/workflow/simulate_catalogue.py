"""Simulate a survey's catalogue without its spectra, and latents with their maps: for trying out what holds many millions."""

from __future__ import annotations

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors.numpy import save
from threadpoolctl import threadpool_limits

from qsocore import __version__
from qsocore.errors import ConfigError, StoreError
from qsocore.grid import DEFAULT_GRID, WaveGrid
from qsocore.progress import Progress
from qsocore.projections import PROJECTIONS
from qsocore.simulate import catalogue
from qsocore.simulate import latents as made
from qsocore.simulate.block import Survey
from qsocore.simulate.catalogue import ROWS, Learned
from qsocore.simulate.instruments import INSTRUMENTS
from qsocore.simulate.observe import Observer
from qsocore.simulate.population import DEMO_MIXTURE, check_mixture
from qsocore.store import RunFolder, Store, StoreWriter, open_store, paths
from qsocore.store.columns import encoding, to_numpy
from qsocore.store.files import flush, write_text, write_whole
from qsocore.store.runs import in_row_order, name_run
from qsocore.workflow.processes import shared
from qsocore.workflow.simulate import declared_columns

Task = TypeVar("Task")
Result = TypeVar("Result")

RUN = "made-up"
"""Name of the run, which says what its latents are."""

ABOUT = ("no model: the latents are a fixed smooth function of the simulated objects' true parameters, with scatter that "
         "grows as the signal to noise falls; see qsocore.simulate.latents")
_GROUP_ROWS = 65_536
_AHEAD = 4  # portions in memory
_REFERENCE = 100_000  # objects by which a projection is fitted


def simulate_catalogue(out: str | Path, n: int, seed: int = 0, instrument: str = "boss", grid: WaveGrid = DEFAULT_GRID,
                       workers: int | None = None, mixture: Mapping[str, float] = DEMO_MIXTURE,
                       projections: Iterable[str] = ("pca",)) -> Store:
    """Simulate the catalogue of n objects, their latents and maps, in memory that does not grow with n.

    Parameters
    ----------
    out : path
        The store to be; an interrupted call that is repeated goes on where it was.
    n : int
        How many objects.
    seed, instrument, grid, workers, mixture
        As for `qsocore.workflow.simulate.simulate`; the grid is that of the spectra that magnitudes and signal to noise are
        learned from.
    projections : iterable of str
        Maps of the latents, members of `qsocore.projections.PROJECTIONS`.

    Returns
    -------
    Store
        Open, read-only; without spectra, with a run called "made-up" that has latents and maps but no weights.

    Raises
    ------
    ConfigError, StoreError
        As `simulate`; StoreError when `out` exists and is not what this call would make.
    """
    if n < 1 or seed < 0:
        raise ConfigError(f"n = {n} and seed = {seed}: one object at least, and no negative seed", "simulate")
    members = [PROJECTIONS.get(name) for name in projections]
    Observer(INSTRUMENTS.get(instrument), grid)  # refuses what cannot be observed before anything is written
    survey = Survey(seed, instrument, grid, tuple(check_mixture(mixture, parts=False).items()))
    provenance = {"command": "simulate --catalog-only", "n": n, "citation": INSTRUMENTS.get(instrument).citation}
    store = _catalogue(Path(out), n, survey, provenance | survey.to_dict(), workers or os.cpu_count() or 1)
    if not any(run.name == RUN and run.latents.exists() for run in store.runs()):
        _write_run(store, survey, members)
    return store


def _catalogue(out: Path, n: int, survey: Survey, provenance: dict[str, Any], workers: int) -> Store:
    if out.exists():  # whole, but perhaps without its run
        store = open_store(out)
        if store.manifest.provenance != json.loads(json.dumps(provenance)) or store.runs():
            raise StoreError("it exists already", out, "delete it, or choose another --out")
        return store
    n_shards = -(-n // ROWS)
    writer = StoreWriter(out, None, provenance, n_shards)
    todo = [number for number in range(n_shards) if not writer.has(number)]
    if todo:
        learned = catalogue.learn(survey)
        with Progress(len(todo) * ROWS, f"simulate a catalogue of {n:,} objects") as progress:
            tasks = [(writer, survey, learned, number, min(ROWS, n - number * ROWS)) for number in todo]
            for _ in shared(_write_shard, tasks, workers):
                progress.update(ROWS)
    return writer.finish(distinct=True)


def _write_shard(task: tuple[StoreWriter, Survey, Learned, int, int]) -> None:
    writer, survey, learned, number, rows = task
    columns = catalogue.draw(survey, learned, number)
    writer.write_shard(number, None, None, None, {name: values[:rows] for name, values in columns.items()},
                       declared_columns(survey.mixture))


def _write_run(store: Store, survey: Survey, members: list) -> None:
    """Write the run aside and put it in its place when it is whole."""
    run = name_run(paths.runs(store.path), RUN)
    aside = RunFolder(run.path.with_name(f".{RUN}.partial"))
    shutil.rmtree(aside.path, ignore_errors=True)
    with threadpool_limits(limits=1):  # portions are shared among threads already
        references = _fit(store, survey, members, aside)
        _stream(store, survey, members, references, aside)
    config = {"model": None, "about": ABOUT, "config": {"latents": made.N_LATENT}, "settings": {"seed": survey.seed},
              "data": {"store": store.path.name, "n_rows": store.n_rows, "sha256": store.manifest.fingerprint},
              "code_version": __version__, "created": datetime.now(UTC).isoformat(timespec="seconds")}
    write_text(aside.path / "run.json", json.dumps(config, indent=1) + "\n")
    os.replace(aside.path, run.path)


def _fit(store: Store, survey: Survey, members: list, run: RunFolder) -> list[dict[str, NDArray]]:
    """References of the projections, by the first objects: they are in no order."""
    first = next(_portions(store))
    sample = _latents(survey, 0, first)[:_REFERENCE]
    references = []
    for projection in members:
        references.append(projection.fit(sample, survey.seed))
        content = save({name: np.ascontiguousarray(array) for name, array in references[-1].items()})
        write_whole(run.reference(projection.name), lambda file, content=content: file.write(content))
    return references


def _stream(store: Store, survey: Survey, members: list, references: list[dict[str, NDArray]], run: RunFolder) -> None:
    """Write latents and places of all objects, in the store's order."""
    fields = {run.latents: [f"latent_{k}" for k in range(made.N_LATENT)]}
    fields |= {run.projection(projection.name): ["x", "y"] for projection in members}

    def make(task: tuple[int, pa.Table]) -> list[pa.Table]:
        number, portion = task
        latents = _latents(survey, number, portion)
        values = [latents, *(member.place(latents, known) for member, known in zip(members, references, strict=True))]
        return [pa.table([portion.column("object_id"), *(np.ascontiguousarray(column) for column in array.T)],
                         schema=_schema(store, names)) for array, names in zip(values, fields.values(), strict=True)]

    with ExitStack() as open_files, ThreadPoolExecutor(os.cpu_count()) as pool:
        writers = [open_files.enter_context(_writer(file, _schema(store, names))) for file, names in fields.items()]
        progress = open_files.enter_context(Progress(store.n_rows, f"latents and maps of {store.n_rows:,} objects"))
        for tables in _ahead(pool, make, enumerate(_portions(store))):
            for writer, table in zip(writers, tables, strict=True):
                writer.write_table(table, row_group_size=_GROUP_ROWS)
            progress.update(tables[0].num_rows)
    for file in fields:
        flush(file)


def _portions(store: Store) -> Iterator[pa.Table]:
    """The columns that latents are made of, portion by portion as they were drawn."""
    columns = [name for name in ("object_id", *made.COLUMNS) if name in store.columns]
    with pq.ParquetFile(store.path / paths.CATALOG) as file:
        for batch in file.iter_batches(ROWS, columns=columns):
            yield pa.table(batch)


def _latents(survey: Survey, number: int, portion: pa.Table) -> NDArray[np.float32]:
    """Latents of one portion, whose scatter has a seed of its own."""
    rng = np.random.default_rng(np.random.SeedSequence(survey.seed, spawn_key=(number, 1)))
    missing = np.full(portion.num_rows, np.nan)  # a mixture without a class lacks its columns
    values = {name: to_numpy(portion.column(name)) if name in portion.column_names else missing for name in made.COLUMNS[1:]}
    kind = pc.index_in(portion.column("true_class"), value_set=pa.array(made.CLASSES))
    return made.latents(values | {"true_class": kind.to_numpy()}, rng)


def _schema(store: Store, names: list[str]) -> pa.Schema:
    return pa.schema([("object_id", pa.string()), *((name, pa.float32()) for name in names)], in_row_order(store))


def _writer(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    file.parent.mkdir(parents=True, exist_ok=True)
    return pq.ParquetWriter(file, schema, **encoding(schema))


def _ahead(pool: ThreadPoolExecutor, work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """Results in the order of the tasks, a few of which are worked on ahead."""
    tasks = iter(tasks)
    waiting = deque(pool.submit(work, task) for task in islice(tasks, _AHEAD))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(work, task) for task in islice(tasks, 1))
