"""Latents and maps of a store under a run."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load_file, save

from qsocore.embed.decoder import open_encoder
from qsocore.embed.stream import read_latents, write_latents
from qsocore.errors import StoreError
from qsocore.preprocess.prepare import prepared_for
from qsocore.projections import PROJECTIONS
from qsocore.store import RunFolder, find_run, library, open_store, paths
from qsocore.store.files import write_whole
from qsocore.store.runs import copy_run, in_row_order
from qsocore.workflow.explore import write_columns

log = logging.getLogger(__name__)


def embed(store_path: str | Path, run_name: str, projections: Iterable[str] = ("umap", "pca"), seed: int = 0,
          device: str = "auto") -> RunFolder:
    """Write latents, reconstruction errors, projections and what follows from them of every object of a store.

    A run of another store is adopted first: what makes it work is copied into this store, its maps' references included, so
    that these objects are put on the map that the run has. A projection without a reference is fitted on this store.

    Parameters
    ----------
    store_path : path
        A store of what the run reads: spectra, images or photometry.
    run_name : str
        A run of the store, of the user's library, or a run's folder.
    projections : iterable of str
        Members of `qsocore.projections.PROJECTIONS`.
    seed : int
        Of the projections.
    device : str
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    RunFolder
        The run in the store.

    Raises
    ------
    StoreError
        When there is no such store or run, or one of them is damaged.
    ConfigError
        For an unknown projection, or a run whose grid the store's objects cannot be brought to.
    """
    members = [PROJECTIONS.get(name) for name in projections]
    store = open_store(store_path)
    run = find_run(run_name, store)
    encoder = open_encoder(run, device=device)
    prepared = prepared_for(encoder.reads, store, encoder.grid, encoder.normalisation)  # refuses before anything is written
    if prepared.note:
        log.info(prepared.note)
    run = copy_run(run, paths.runs(store.path))
    write_latents(store, encoder, run)
    ids, latents = read_latents(run)
    for projection in members:
        _project(run, projection, ids, latents, in_row_order(store), seed)
    write_columns(store, run, seed)
    published = RunFolder(library() / run.path.name)
    if published.finished:
        for projection in members:
            published.reference(projection.name).parent.mkdir(exist_ok=True)
            shutil.copy2(run.reference(projection.name), published.reference(projection.name))
    return run


def _project(run: RunFolder, projection, ids: pa.ChunkedArray, latents: np.ndarray, metadata: dict[str, str],
             seed: int) -> None:
    """Write the coordinates of one projection, and its reference where the run has none yet."""
    known = np.isfinite(latents).all(axis=1)
    file = run.reference(projection.name)
    if not file.exists():
        if not known.any():
            raise StoreError("no object has a good pixel, so there is nothing to map", run.path)
        reference = projection.fit(latents[known], seed)
        content = save({name: np.ascontiguousarray(array) for name, array in reference.items()})
        write_whole(file, lambda out: out.write(content))
    places = np.full((len(latents), 2), np.nan, np.float32)
    if known.any():
        places[known] = projection.place(latents[known], load_file(file))
    table = pa.table({"object_id": ids, "x": places[:, 0], "y": places[:, 1]}).replace_schema_metadata(metadata)
    write_whole(run.projection(projection.name), lambda out: pq.write_table(table, out))
