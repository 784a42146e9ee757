"""Opening, random reading and streaming of a store, held to the disk's and the memory's own speed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qsocore.grid import GRIDS
from qsocore.store import SHARD_ROWS, Store, StoreWriter, open_store
from tests.bench import Row, best_of

N_SPECTRA, N_CATALOGUE = 100_000, 10_000_000


def spectra_store(out: Path, n: int = N_SPECTRA) -> Store:
    """A store of n spectra of 1,500 pixels."""
    grid, n_shards = GRIDS["vae1500"], -(-n // SHARD_ROWS)
    writer = StoreWriter(out, grid, {}, n_shards)
    noise = np.random.default_rng(0).normal(size=(4096, grid.n_pix)).astype(np.float32)
    for shard in range(n_shards):
        rows = np.arange(shard * SHARD_ROWS, min((shard + 1) * SHARD_ROWS, n))
        flux = noise[rows % len(noise)]
        writer.write_shard(shard, flux, np.ones_like(flux), np.zeros(flux.shape, np.uint8), _catalog(rows))
    return writer.finish()


def catalogue_store(out: Path, n: int = N_CATALOGUE) -> Store:
    """A store of n catalogue rows without spectra."""
    n_shards = 10
    writer = StoreWriter(out, None, {}, n_shards)
    for shard, rows in enumerate(np.array_split(np.arange(n), n_shards)):
        writer.write_shard(shard, None, None, None, _catalog(rows))
    return writer.finish()


def _catalog(rows: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(int(rows[0]))
    return {"object_id": np.char.add("bench:r1:", rows.astype(str)), "survey": np.full(len(rows), "bench"),
            "ra": rng.uniform(0, 360, len(rows)), "dec": rng.uniform(-90, 90, len(rows)), "z": rng.uniform(0, 4, len(rows))}


def _touch(*arrays: np.ndarray) -> None:
    """Look at every byte."""
    for array in arrays:
        array.reshape(-1).view(np.uint32).max()


def rows() -> Iterator[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _spectra(Path(folder) / "spectra.store")
        yield from _catalogue(Path(folder) / "catalogue.store")


def _spectra(path: Path) -> Iterator[Row]:
    store = spectra_store(path)
    rng = np.random.default_rng(1)
    n_bytes = sum(file.stat().st_size for file in (path / "arrays").iterdir())
    for _ in store.batches(4096):
        pass
    reading = best_of(20, lambda: store.spectra(rng.integers(0, store.n_rows, 64)))
    yield Row(f"64 random spectra of {N_SPECTRA:,} x 1,500 pixels, warm", f"{1e3 * reading:.2f} ms", "at most 5 ms")

    def stream() -> None:
        for _, block in open_store(path).batches(4096):  # opened anew, so that no page is mapped yet
            _touch(block.flux, block.ivar, block.mask)

    def plain_files() -> None:
        for file in (path / "arrays").iterdir():
            with open(file, "rb", buffering=0) as source:
                while chunk := source.read(1 << 22):
                    _touch(np.frombuffer(chunk, np.uint8))

    ours, plain = best_of(3, stream), best_of(3, plain_files)
    yield Row(f"all {N_SPECTRA:,} spectra ({n_bytes / 1e9:.1f} GB), warm", f"{n_bytes / ours / 1e9:.1f} GB/s",
              f"plain read() of the same files {n_bytes / plain / 1e9:.1f} GB/s")
    shutil.rmtree(path)


def _catalogue(path: Path) -> Iterator[Row]:
    catalogue_store(path)
    yield Row(f"open a store of {N_CATALOGUE:,} objects", f"{1e3 * best_of(5, lambda: open_store(path)):.1f} ms", "at most 3 s")
    store = open_store(path)
    yield Row(f"one column of {N_CATALOGUE:,} objects", f"{best_of(3, lambda: store.column('z')):.2f} s")
    yield Row("one catalogue row of it", f"{1e3 * best_of(5, lambda: store.row(7_654_321)):.1f} ms")
