"""What a run predicts for every object of a store, as one table in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from qsocore.embed.decoder import Decoder
from qsocore.embed.stream import encode_store
from qsocore.errors import ConfigError
from qsocore.projections.neighbours import nearest
from qsocore.store import find_run, open_store
from qsocore.store.files import write_whole

_NEIGHBOURS = 15


def predict(store_path: str | Path, run_name: str, out: str | Path, device: str = "auto") -> pa.Table:
    """Write latents, reconstruction errors and the outlier rank of every object; the store is only read.

    Parameters
    ----------
    store_path : path
        A store of spectra.
    run_name : str
        A run of the store, of the user's library, or a run's folder.
    out : path
        File to write: ``.parquet``, ``.csv`` or ``.fits``.
    device : str
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    pyarrow.Table
        ``object_id``, ``latent_0`` ..., ``chi2_pix``, ``mse``, ``n_pix_good``, ``outlier_rank``.

    Raises
    ------
    ConfigError
        When the file's ending is another.
    StoreError
        When there is no such store or run.
    """
    out = Path(out)
    if out.suffix not in WRITERS:
        raise ConfigError(f"cannot write {out.suffix or 'a file without an ending'}", out, f"use one of {', '.join(WRITERS)}")
    store = open_store(store_path)
    blocks = list(encode_store(store, Decoder(find_run(run_name, store), device=device)))
    table = pa.concat_tables(blocks).combine_chunks()
    latents = np.stack([table[name].to_numpy() for name in table.column_names if name.startswith("latent_")], axis=1)
    table = table.append_column("outlier_rank", pa.array(outlier_rank(latents)))
    write_whole(out, lambda file: WRITERS[out.suffix](table, file))
    return table


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


def _write_csv(table: pa.Table, file) -> None:
    from pyarrow import csv

    csv.write_csv(table, file)


def _write_fits(table: pa.Table, file) -> None:
    from astropy.table import Table

    columns = {name: np.asarray(column.to_pylist(), str) if pa.types.is_string(column.type) else column.to_numpy()
               for name, column in zip(table.column_names, table.columns, strict=True)}
    Table(columns).write(file, format="fits")


WRITERS = {".parquet": pq.write_table, ".csv": _write_csv, ".fits": _write_fits}
"""Writers of a table to an open file, by the file's ending."""
