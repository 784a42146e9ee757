"""A Parquet file read by column and by row: nothing but its footer is touched before it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike


class ParquetTable:
    """Columns of a Parquet file, memory-mapped; any number of threads may read it at once.

    Parameters
    ----------
    file : path

    Raises
    ------
    FileNotFoundError, pyarrow.ArrowInvalid
        When it is absent or no Parquet file.
    """

    def __init__(self, file: str | Path):
        self.file = Path(file)
        self._bytes = pa.memory_map(str(file))  # stays what it was when another file takes its place
        self._metadata = pq.read_metadata(self._bytes)
        lengths = [self._metadata.row_group(k).num_rows for k in range(self._metadata.num_row_groups)]
        self._starts = np.cumsum([0] + lengths)
        self._own = local()

    @property
    def _parquet(self) -> pq.ParquetFile:
        """Reader of the thread that asks: one that several threads use at once breaks the process off."""
        if not hasattr(self._own, "reader"):
            self._own.reader = pq.ParquetFile(self._bytes, metadata=self._metadata)
        return self._own.reader

    @property
    def schema(self) -> pa.Schema:
        """Names, types and metadata of the columns."""
        return self._parquet.schema_arrow

    @property
    def n_rows(self) -> int:
        """Rows."""
        return self._metadata.num_rows

    def read(self, names: Sequence[str] | None = None, rows: ArrayLike | None = None) -> pa.Table:
        """Columns (all by default) of some rows (all by default, else in the order given); only their row groups are read."""
        names = self.schema.names if names is None else list(names)
        if rows is None:
            return self._parquet.read(names)
        rows = np.asarray(rows, np.int64)
        groups, which = np.unique(np.searchsorted(self._starts, rows, side="right") - 1, return_inverse=True)
        if not len(groups):
            return self.schema.empty_table().select(names)
        lengths = np.diff(self._starts)[groups]
        offsets = np.cumsum(np.concatenate([[0], lengths]))[:-1] - self._starts[groups]
        return self._parquet.read_row_groups(groups.tolist(), names).take(pa.array(rows + offsets[which]))

    def pieces(self, name: str) -> Iterator[pa.Array]:
        """One column, row group by row group, so that what is longer than the memory can be read."""
        parquet = pq.ParquetFile(self._bytes, metadata=self._metadata)  # of its own, for it may be read on in another thread
        for batch in parquet.iter_batches(65_536, columns=[name]):
            yield batch.column(0)


def read_ahead(files: Iterable[Path]) -> Iterator[pa.Table]:
    """Tables of several files in their order, the next being read while one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        before = None
        for file in files:
            coming = pool.submit(pq.read_table, file)
            if before is not None:
                yield before.result()
            before = coming
        if before is not None:
            yield before.result()
