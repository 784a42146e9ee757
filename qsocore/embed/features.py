"""Features: latents that are too many for columns. They lie in ``features.npy``, and what a panel shows are their leading
principal components, as ``latent_0`` ... in ``latents.parquet``; neighbours, maps and islands are made from the features.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from qsocore.errors import StoreError
from qsocore.store import RunFolder
from qsocore.store.files import write_whole

COMPONENTS = 16
"""Leading components that are kept as columns."""
_SAMPLE = 20_000  # objects by which the components are found


def write(n_rows: int, n_features: int, tables: Iterable[pa.Table], run: RunFolder, metadata: Mapping[str, str]) -> None:
    """Write features and their leading components.

    Parameters
    ----------
    n_rows, n_features : int
        Shape of the features.
    tables : iterable of pyarrow.Table
        Consecutive rows as `qsocore.embed.stream.encode_store` gives them.
    run : RunFolder
        Takes ``features.npy`` and ``latents.parquet``.
    metadata : mapping of str
        Of the table, see `qsocore.store.runs.in_row_order`.
    """
    others: list[pa.Table] = []
    names = [f"latent_{k}" for k in range(n_features)]

    def stream(file) -> None:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (n_rows, n_features)})
        for table in tables:
            block = np.stack([table.column(name).to_numpy() for name in names], axis=1)
            file.write(np.ascontiguousarray(block, "<f4").tobytes())
            others.append(table.drop_columns(names))

    write_whole(run.features, stream)
    rest = pa.concat_tables(others)
    scores = components(read(run, n_rows))
    columns = {f"latent_{k}": column for k, column in enumerate(np.ascontiguousarray(scores.T))}
    table = pa.table({"object_id": rest.column("object_id"), **columns}
                     | {name: rest.column(name) for name in rest.column_names if name != "object_id"})
    write_whole(run.latents, lambda file: pq.write_table(table.replace_schema_metadata(metadata), file))


def read(run: RunFolder, n_rows: int) -> NDArray[np.float32]:
    """Features (n_rows, k) of a run, memory-mapped; NaN for objects of which nothing is known.

    Raises
    ------
    StoreError
        When the file is damaged or of other objects.
    """
    try:
        array = np.load(run.features, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(f"the features cannot be read ({error})", run.features, "embed the store again") from None
    if array.ndim != 2 or len(array) != n_rows:
        raise StoreError(f"the features have shape {array.shape} for {n_rows} objects", run.features, "embed the store again")
    return array


def components(features: NDArray[np.float32], n: int = COMPONENTS) -> NDArray[np.float32]:
    """The n leading principal components (n_rows, n) of features, by the first rows that are known; NaN where they are not."""
    known = np.isfinite(features[:, 0])
    some = np.asarray(features[np.flatnonzero(known)[:_SAMPLE]], np.float64)
    if not len(some):
        return np.full((len(features), n), np.nan, np.float32)
    mean = some.mean(axis=0)
    _, _, directions = np.linalg.svd(some - mean, full_matrices=False)
    directions = directions[:n]
    directions *= np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])[:, None]  # one way round
    out = np.full((len(features), n), 0.0, np.float32)
    out[:, : len(directions)] = (features - mean.astype(np.float32)) @ directions.T.astype(np.float32)
    out[~known] = np.nan
    return out
