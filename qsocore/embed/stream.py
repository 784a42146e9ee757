"""Latents and reconstruction errors of a whole store, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qsocore.embed import features
from qsocore.embed.decoder import Decoder, Encoder
from qsocore.preprocess.prepare import Block, prepared_for
from qsocore.progress import Progress
from qsocore.store import RunFolder, Store
from qsocore.store.files import write_whole
from qsocore.store.runs import in_row_order

MOST_LATENTS = 64
"""Latents that a run has as columns; of more, which are features, the leading components are."""
BLOCK = 1024
"""Objects worked on at a time; two blocks are in memory."""


def encode_store(store: Store, encoder: Encoder, size: int = BLOCK) -> Iterator[pa.Table]:
    """Stream the latents of a store.

    Yields
    ------
    pyarrow.Table
        ``object_id``, ``latent_0`` ..., ``n_pix_good`` of consecutive rows, and between them for a `Decoder` ``chi2_pix`` and
        ``mse`` (of the normalised flux). An object without a good pixel has missing latents and errors.
    """
    prepared = prepared_for(encoder.reads, store, encoder.grid, encoder.normalisation)
    ids, beside = store.table(["object_id"]).column(0), encoder.photometry_beside(store)
    with Progress(store.n_rows, "embed") as progress:
        for block in prepared.stream(np.arange(store.n_rows), size):
            first = int(block.rows[0])
            table = _table(ids.slice(first, len(block.rows)), encoder, block, beside and beside.read(block.rows))
            yield table.replace_schema_metadata(in_row_order(store))
            progress.update(len(block.rows))


def _table(ids: pa.ChunkedArray, encoder: Encoder, block: Block, beside: Block | None) -> pa.Table:
    latents, errors, n_good = _encoded(encoder, block, beside)
    empty = n_good == 0
    columns = {f"latent_{k}": np.where(empty, np.nan, latents[:, k]).astype(np.float32) for k in range(encoder.n_latent)}
    n = np.where(empty, np.nan, n_good)
    columns |= {name: (total / n).astype(np.float32) for name, total in errors.items()}
    return pa.table({"object_id": ids.cast(pa.string()), **columns, "n_pix_good": n_good.astype(np.int32)})


def _encoded(encoder: Encoder, block: Block, beside: Block | None) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Latents (n, n_latent), sums of errors by name (n,), good pixels (n,)."""
    if isinstance(encoder, Decoder):
        latents, chi2, square, n_good = encoder.encode_and_compare(block.x, block.w, block.precision)
        return latents, {"chi2_pix": chi2, "mse": square}, n_good
    return encoder.encode(block.x, block.w, beside), {}, (block.ivar > 0).reshape(len(block.rows), -1).sum(axis=1)


def write_latents(store: Store, encoder: Encoder, run: RunFolder) -> None:
    """Write ``latents.parquet`` of a run block by block, and ``features.npy`` where there are many; each is whole or absent."""
    if encoder.n_latent > MOST_LATENTS:
        features.write(store.n_rows, encoder.n_latent, encode_store(store, encoder), run, in_row_order(store))
        return

    def write(file) -> None:
        writer = None
        for table in encode_store(store, encoder):
            writer = writer or pq.ParquetWriter(file, table.schema)
            writer.write_table(table)
        if writer:
            writer.close()

    write_whole(run.latents, write)


def read_latents(run: RunFolder) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Object ids and latents (n, k) of a run, NaN where an object had no good pixel; where there are features those."""
    table = pq.read_table(run.latents)
    if run.features.exists():
        return table["object_id"], np.array(features.read(run, table.num_rows))
    names = [name for name in table.column_names if name.startswith("latent_")]
    return table["object_id"], np.stack([table[name].to_numpy() for name in names], axis=1)
