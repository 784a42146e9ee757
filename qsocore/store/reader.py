"""Read a store: opening it touches the manifest and the catalogue's footer only; arrays are memory maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from qsocore.catalog import Column
from qsocore.errors import StoreError, did_you_mean
from qsocore.grid import WaveGrid
from qsocore.sampling import ImageGrid
from qsocore.store import paths
from qsocore.store.columns import from_field, to_numpy
from qsocore.store.manifest import ARRAYS, Manifest
from qsocore.store.parquet import ParquetTable
from qsocore.store.runs import RunFolder, list_runs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Spectra:
    """A block of spectra on one grid.

    Parameters
    ----------
    grid : WaveGrid
        Sampling, vacuum Angstrom.
    flux, ivar : ndarray of float32, shape (n, n_pix)
        1e-17 erg/s/cm2/Angstrom (where the object is calibrated) and its inverse variance.
    mask : ndarray of uint8, shape (n, n_pix)
        `qsocore.records.Mask` reasons; 0 is good.
    """

    grid: WaveGrid
    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.flux)


@dataclass(frozen=True)
class Images:
    """A block of cutouts on one grid.

    Parameters
    ----------
    grid : ImageGrid
        Bands, size, scale.
    flux, ivar : ndarray of float32, shape (n, n_bands, side, side)
        In the units of the grid's zero point, and its inverse variance.
    mask : ndarray of uint8, shape (n, n_bands, side, side)
        `qsocore.records.Mask` reasons; 0 is good.
    """

    grid: ImageGrid
    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.flux)


class Store:
    """An opened store, read-only; made by `open_store`."""

    def __init__(self, path: Path, manifest: Manifest):
        self.path, self.manifest = path, manifest
        file = path / paths.CATALOG
        try:
            self.catalog = ParquetTable(file)
        except (FileNotFoundError, pa.ArrowInvalid) as error:
            raise StoreError(f"the catalogue cannot be read ({error})", file, "make the store again") from None
        if self.catalog.n_rows != manifest.n_rows:
            raise StoreError(f"the catalogue has {self.catalog.n_rows} rows, the manifest {manifest.n_rows}",
                             file, "make the store again")
        self._starts = np.cumsum([0] + [shard.rows for shard in manifest.shards])
        self._maps: dict[tuple[str, int], NDArray] = {}

    def __repr__(self) -> str:
        grid = self.manifest.grid
        return f"<Store {self.path}: {self.n_rows:,} objects on {grid.name if grid else 'no grid'}>"

    @property
    def n_rows(self) -> int:
        """Objects."""
        return self.manifest.n_rows

    @property
    def grid(self) -> WaveGrid | None:
        """Sampling of the spectra, None when there are none."""
        return self.manifest.grid if isinstance(self.manifest.grid, WaveGrid) else None

    @property
    def image_grid(self) -> ImageGrid | None:
        """Bands and size of the images that are its rows, None when its rows are not images; see `image_store`."""
        return self.manifest.grid if isinstance(self.manifest.grid, ImageGrid) else None

    @cached_property
    def image_store(self) -> Store | None:
        """Where images of its objects are: the store itself, or the one in its folder ``images``, which has some of them."""
        if self.image_grid:
            return self
        nested = paths.images(self.path)
        return open_store(nested) if (nested / paths.MANIFEST).exists() else None

    # ---- catalogue

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Every catalogue column with its role, unit and description."""
        return {field.name: from_field(field) for field in self.catalog.schema}

    def _known(self, names: Sequence[str]) -> list[str]:
        for name in names:
            if name not in self.columns:
                raise StoreError(f"the catalogue has no column {name!r}", self.path, did_you_mean(name, self.columns))
        return list(names)

    def column(self, name: str) -> NDArray:
        """One column, shape (n_rows,); missing is NaN for numbers (integers with gaps become float64), "" for strings.

        Raises
        ------
        StoreError
            When there is no such column.
        """
        return to_numpy(self.catalog.read(self._known([name])).column(0))

    def codes(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        """A string column as codes (n_rows,) into its sorted labels; -1 is missing."""
        values = self.catalog.read(self._known([name])).column(0).cast(pa.string()).dictionary_encode().combine_chunks()
        values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
        labels = values.dictionary.to_pylist()
        order = np.argsort(labels, kind="stable").astype(np.int64) if labels else np.zeros(0, np.int64)
        rank = np.empty(len(labels) + 1, np.int32)
        rank[order], rank[-1] = np.arange(len(labels)), -1
        return rank[values.indices.fill_null(len(labels)).to_numpy()], [labels[k] for k in order]

    def table(self, names: Sequence[str] | None = None, rows: ArrayLike | None = None) -> pa.Table:
        """Columns (all by default) of some rows (all by default, else in the order given) as an Arrow table."""
        names = list(self.columns) if names is None else self._known(names)
        return self.catalog.read(names, None if rows is None else self._checked(rows))

    def frame(self, names: Sequence[str] | None = None, rows: ArrayLike | None = None) -> pd.DataFrame:
        """As `table`, as a DataFrame."""
        return self.table(names, rows).to_pandas()

    def row(self, index: int) -> dict[str, Any]:
        """One catalogue row, missing values as None."""
        return self.table(rows=[index]).to_pylist()[0]

    def index_of(self, object_ids: Sequence[str] | pa.Array) -> NDArray[np.int64]:
        """Row of each object id, -1 where the store has none of that name; in memory that does not grow with the store."""
        wanted = pa.array(map(str, object_ids), pa.string()) if not isinstance(object_ids, pa.Array) else object_ids
        wanted = wanted.dictionary_encode()
        rows, start = np.full(len(wanted.dictionary), -1, np.int64), 0
        for piece in self.catalog.pieces("object_id"):
            number = pc.index_in(piece, value_set=wanted.dictionary)
            here = np.flatnonzero(number.is_valid().to_numpy(zero_copy_only=False))
            rows[number.take(pa.array(here)).to_numpy()] = start + here
            start += len(piece)
        return rows[wanted.indices.to_numpy()]

    # ---- arrays

    def _map(self, name: str, shard: int) -> NDArray:
        key = name, shard
        if key not in self._maps:
            file = self.path / paths.array_file(name, self.manifest.shards[shard].number)
            try:
                array = np.load(file, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise StoreError(f"the shard cannot be read ({error})", file, "run 'qso check'") from None
            if array.shape != (self.manifest.shards[shard].rows, *self.manifest.grid.shape) or array.dtype != ARRAYS[name]:
                raise StoreError(f"the shard holds {array.dtype} {array.shape}", file, "run 'qso check'")
            self._maps[key] = array
        return self._maps[key]

    def _checked(self, rows: ArrayLike) -> NDArray[np.int64]:
        rows = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        if rows.size and (rows.min() < 0 or rows.max() >= self.n_rows):
            raise StoreError(f"rows go from 0 to {self.n_rows - 1}, asked for {rows.min()} to {rows.max()}", self.path)
        return rows

    def spectra(self, rows: ArrayLike) -> Spectra:
        """Spectra of any rows, in the order given (repeats allowed); neighbouring rows come as read-only memory maps.

        Raises
        ------
        StoreError
            When the store has no spectra, a row is out of range or a shard is damaged.
        """
        if self.grid is None:
            raise StoreError("the store has images but no spectra" if self.image_grid else
                             "the store has a catalogue but no spectra", self.path)
        return Spectra(self.grid, **self._arrays(rows))

    def images(self, rows: ArrayLike) -> Images:
        """Images of any rows of a store of images, as `spectra` gives spectra.

        Raises
        ------
        StoreError
            When its rows are not images, a row is out of range or a shard is damaged.
        """
        if self.image_grid is None:
            raise StoreError("the store's rows are not images", self.path, "images beside spectra are in its image_store")
        return Images(self.image_grid, **self._arrays(rows))

    def _arrays(self, rows: ArrayLike) -> dict[str, NDArray]:
        rows = self._checked(rows)
        shard_of = np.searchsorted(self._starts, rows, side="right") - 1
        if len(rows) and shard_of[0] == shard_of[-1] and (np.diff(rows) == 1).all():  # neighbours need no copy
            first = rows[0] - self._starts[shard_of[0]]
            return {name: self._map(name, shard_of[0])[first : first + len(rows)] for name in ARRAYS}
        out = {name: np.empty((len(rows), *self.manifest.grid.shape), dtype) for name, dtype in ARRAYS.items()}
        for shard in np.unique(shard_of):
            here = np.flatnonzero(shard_of == shard)
            inside = rows[here] - self._starts[shard]
            for name in ARRAYS:
                out[name][here] = self._map(name, shard)[inside]
        return out

    def batches(self, size: int, rows: ArrayLike | None = None) -> Iterator[tuple[NDArray[np.int64], Spectra]]:
        """Stream (rows, spectra) blocks of at most `size`, in the order of `rows` (all rows by default)."""
        rows = np.arange(self.n_rows) if rows is None else self._checked(rows)
        for start in range(0, len(rows), size):
            block = rows[start : start + size]
            yield block, self.spectra(block)

    # ---- runs

    def runs(self) -> list[RunFolder]:
        """Runs of this store, the oldest first."""
        return list_runs(paths.runs(self.path))

    def run(self, name: str) -> RunFolder:
        """The latest run of that name in this store.

        Raises
        ------
        StoreError
            When there is none; the message names the runs there are.
        """
        runs = self.runs()
        for run in reversed(runs):
            if name in (run.name, run.path.name):
                return run
        remedy = did_you_mean(name, {run.name for run in runs}) if runs else "train one: qso train infovae STORE --run NAME"
        raise StoreError(f"no run is called {name!r}", self.path, remedy)


def open_store(path: str | Path) -> Store:
    """Open a finished store, read-only.

    Reads the manifest and the catalogue's footer and no array: ten million rows open as fast as ten.

    Raises
    ------
    StoreError
        When it is absent, unfinished, damaged or of a newer schema.
    """
    path = Path(path)
    return Store(path, Manifest.read(path))
