"""Latents and reconstruction errors of a whole store, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qsocore.embed.decoder import Decoder
from qsocore.preprocess.prepare import Block, Prepared
from qsocore.progress import Progress
from qsocore.store import Store
from qsocore.store.files import write_whole
from qsocore.store.runs import in_row_order

BLOCK = 1024
"""Spectra worked on at a time; two blocks are in memory."""


def encode_store(store: Store, decoder: Decoder, size: int = BLOCK) -> Iterator[pa.Table]:
    """Stream the latents of a store.

    Yields
    ------
    pyarrow.Table
        ``object_id``, ``latent_0`` ..., ``chi2_pix``, ``mse`` (of the normalised flux), ``n_pix_good`` of consecutive rows.
        A spectrum without a good pixel has missing latents and errors.
    """
    prepared = Prepared(store, decoder.grid, decoder.normalisation)
    ids = store.table(["object_id"]).column(0)
    with Progress(store.n_rows, "embed") as progress:
        for block in prepared.stream(np.arange(store.n_rows), size):
            first = int(block.rows[0])
            table = _table(ids.slice(first, len(block.rows)), decoder, block)
            yield table.replace_schema_metadata(in_row_order(store))
            progress.update(len(block.rows))


def _table(ids: pa.ChunkedArray, decoder: Decoder, block: Block) -> pa.Table:
    latents, chi2, square, n_good = decoder.encode_and_compare(block.x, block.w, block.ivar * (block.scale**2)[:, None])
    empty = n_good == 0
    latents = np.where(empty[:, None], np.nan, latents)
    n = np.where(empty, np.nan, n_good)
    columns = {f"latent_{k}": latents[:, k].astype(np.float32) for k in range(decoder.n_latent)}
    columns |= {"chi2_pix": (chi2 / n).astype(np.float32), "mse": (square / n).astype(np.float32)}
    return pa.table({"object_id": ids.cast(pa.string()), **columns, "n_pix_good": n_good.astype(np.int32)})


def write_latents(store: Store, decoder: Decoder, path: Path) -> None:
    """Write ``latents.parquet`` block by block; it is whole or absent."""

    def write(file) -> None:
        writer = None
        for table in encode_store(store, decoder):
            writer = writer or pq.ParquetWriter(file, table.schema)
            writer.write_table(table)
        if writer:
            writer.close()

    write_whole(path, write)


def read_latents(path: Path) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Object ids and latents (n, k), NaN where a spectrum had no good pixel."""
    table = pq.read_table(path)
    names = [name for name in table.column_names if name.startswith("latent_")]
    return table["object_id"], np.stack([table[name].to_numpy() for name in names], axis=1)
