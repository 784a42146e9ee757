"""What a run predicts for every object of a store: columns under the run in the store, and a table in a file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.embed.decoder import open_encoder
from qsocore.embed.stream import BLOCK, encode_store
from qsocore.errors import ConfigError
from qsocore.models.base import FeatureModel, Predictor
from qsocore.models.load import Loaded
from qsocore.preprocess.prepare import prepared_for
from qsocore.progress import Progress
from qsocore.projections.neighbours import nearest
from qsocore.redshift.columns import refined, refined_columns
from qsocore.store import RunFolder, Store, find_run, open_store, paths
from qsocore.store.columns import to_field
from qsocore.store.files import write_whole
from qsocore.store.runs import copy_run, in_row_order
from qsocore.train.loop import pick_device
from qsocore.workflow.tablefile import check_ending, write_table
from qsocore.workflow.zbest import write_zbest

NAME = "predictions"
"""The file of columns, see `RunFolder.column_file`."""
ZBEST = "zbest"
"""The layout of `qsocore.workflow.zbest`."""
log = logging.getLogger(__name__)
_NEIGHBOURS = 15
_OUTSIDE = {"bal_prob_pred": "bal_prob"}  # in a file of predictions no column of the catalogue has that name


def predict(store_path: str | Path, run_name: str, out: str | Path | None = None, device: str = "auto",
            layout: str | None = None, refine: bool = False) -> pa.Table:
    """Say of every object of a store what a run says.

    A predictor's columns (redshift, class ...) are kept in the store under the run, which is adopted when it is another
    store's, so that every map can be coloured and selected by them. Of a run with latents the store is only read.

    Parameters
    ----------
    store_path : path
        A store of what the run reads: spectra, images or photometry.
    run_name : str
        A run of the store, of the user's library, of the package, or a run's folder.
    out : path, optional
        File to write: ``.parquet``, ``.csv`` or ``.fits``. Needed by a run with latents.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    layout : str, optional
        ``zbest`` writes a FITS file as QuasarNET and redrock do, see `qsocore.workflow.zbest`.
    refine : bool
        Whether redshifts are refined by templates, see `qsocore.redshift`.

    Returns
    -------
    pyarrow.Table
        ``object_id`` and the predictor's columns; or ``latent_0`` ..., ``chi2_pix``, ``mse``, ``n_pix_good``,
        ``outlier_rank``.

    Raises
    ------
    ConfigError
        When the file's ending is another, or the spectra cannot be brought to the run's grid.
    StoreError
        When there is no such store or run.
    """
    out = None if out is None else Path(out)
    if out:
        check_ending(out)
    if layout not in (None, ZBEST) or (layout == ZBEST and (out is None or out.suffix != ".fits")):
        raise ConfigError(f"the layout {layout!r} is not one of a {out.suffix if out else 'missing'} file", out or "--out",
                          f"say --format {ZBEST} with --out FILE.fits, or leave it out")
    store = open_store(store_path)
    run = find_run(run_name, store)
    loaded = Loaded(run)
    if isinstance(loaded.model, FeatureModel):
        if layout:
            raise ConfigError(f"the run {run.name} has latents and no redshifts", "--format", "take a run of a redshift model")
        if out is None:
            raise ConfigError("a run with latents writes them to a file", "predict",
                              f"say --out FILE, or keep them in the store: qso embed {store.path} --run {run.name}")
        if refine:
            raise ConfigError(f"the run {run.name} has latents and no redshifts", "--refine", "take a run of a redshift model")
        table = _latents(store, run, device)
    else:
        table = _kept(store, run, predict_table(store, loaded, device, refine))
    if layout == ZBEST:
        write_whole(out, lambda file: write_zbest(table, store, file))
    elif out:
        write_table(table.rename_columns([_OUTSIDE.get(name, name) for name in table.column_names]), out)
    return table


def predict_table(store: Store, loaded: Loaded, device: str = "auto", refine: bool = False) -> pa.Table:
    """What a predictor says of every object of a store, its columns' meaning in the fields."""
    columns = refined_columns(loaded.model.columns()) if refine else loaded.model.columns()
    parts = [*predict_blocks(store, loaded, np.arange(store.n_rows), device, refine)]
    values = {column.name: np.concatenate([part[column.name] for part in parts]) for column in columns}
    fields = [store.catalog.schema.field("object_id"), *(to_field(column) for column in columns)]
    arrays = [store.table(["object_id"]).column(0), *(_array(column, values[column.name]) for column in columns)]
    return pa.table(arrays, schema=pa.schema(fields))


def predict_blocks(store: Store, loaded: Loaded, rows: NDArray[np.int64], device: str = "auto",
                   refine: bool = False) -> Iterator[dict[str, NDArray]]:
    """Stream a predictor's columns over some rows of a store, in their order; with redshifts refined by templates if wanted."""
    model: Predictor = loaded.model.to(pick_device(device))
    prepared = prepared_for(loaded.reads, store, loaded.grid, loaded.normalisation)
    if prepared.note:
        log.info(prepared.note)
    where = next(iter(model.state_dict().values())).device
    with Progress(len(rows), "predict") as progress, torch.inference_mode():
        for block in prepared.stream(rows, BLOCK):
            x, w = torch.from_numpy(block.x).to(where), torch.from_numpy(block.w).to(where)
            said = model.predict(x, w * model.seen)
            yield refined(said, block.x * block.scale[:, None], block.ivar, loaded.grid) if refine else said
            progress.update(len(block.rows))


def _array(column: Column, values: NDArray) -> pa.Array:
    if column.dtype == "string":
        return pa.array([value or None for value in values], pa.string())
    values = np.asarray(values, column.dtype)
    return pa.array(values, mask=np.isnan(values) if values.dtype.kind == "f" else None)


def _kept(store: Store, run: RunFolder, table: pa.Table) -> pa.Table:
    """Write a predictor's table under the run in the store."""
    run = copy_run(run, paths.runs(store.path))
    file = run.column_file(NAME)
    file.parent.mkdir(exist_ok=True)
    ordered = table.replace_schema_metadata({**(table.schema.metadata or {}), **in_row_order(store)})
    write_whole(file, lambda open_file: pq.write_table(ordered, open_file))
    return table


def _latents(store: Store, run: RunFolder, device: str) -> pa.Table:
    blocks = list(encode_store(store, open_encoder(run, device=device)))
    table = pa.concat_tables(blocks).combine_chunks()
    latents = np.stack([table[name].to_numpy() for name in table.column_names if name.startswith("latent_")], axis=1)
    return table.append_column("outlier_rank", pa.array(outlier_rank(latents)))


def outlier_rank(latents: NDArray) -> NDArray[np.int64]:
    """Rank (n,) by loneliness: 1 is the object whose 15 nearest neighbours among the latents (n, k) are farthest on average.

    Ramaswamy, Rastogi & Shim (2000), SIGMOD 29, 427. Objects without latents come last.
    """
    known = np.isfinite(latents).all(axis=1)
    lonely = np.full(len(latents), -np.inf)
    if known.sum() > 1:
        _, distance = nearest(latents[known], latents[known], _NEIGHBOURS + 1)  # the first is the object itself
        lonely[known] = distance[:, 1:].mean(axis=1)
    rank = np.empty(len(latents), np.int64)
    rank[np.argsort(-lonely, kind="stable")] = np.arange(1, len(latents) + 1)
    return rank
