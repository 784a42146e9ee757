"""Images in and out: from files to a store, and a store's cutouts as one array; numpy on the same files is the bound."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy.io import fits

from qsocore.store import open_store
from qsocore.workflow.ingest import ingest
from tests.bench import Row, best_of

N, SIDE, BANDS = 7000, 28, tuple("grizY")
_FILES = 200  # objects of five files each


def rows() -> Iterator[Row]:
    """Opening 7,000 cutouts, drawing a page of them, and reading them from an array and from a file per band."""
    with tempfile.TemporaryDirectory(prefix="qso-atlas-bench-") as folder:
        work = Path(folder)
        images = np.random.default_rng(1).standard_normal((N, SIDE, SIDE, len(BANDS)), dtype=np.float32)
        np.savez(work / "cutouts.npz", images=images, ids=np.arange(N) + 10**17, filters=np.array(BANDS))
        reading = best_of(1, lambda: ingest([work / "cutouts.npz"], work / "cutouts.store", workers=1))
        yield from _of_store(work / "cutouts.store", images)
        yield Row(f"ingest of {N:,} cutouts in five bands from one npz", f"{N / reading:,.0f}/s", "one process")
        yield _of_files(work, images)


def _of_store(path: Path, images: np.ndarray) -> Iterator[Row]:
    every = np.arange(N)
    opened = best_of(5, lambda: open_store(path).images(every))
    touched = best_of(5, lambda: open_store(path).images(every).flux.sum(dtype=np.float64))
    array = np.ascontiguousarray(images)
    bound = best_of(5, lambda: array.sum(dtype=np.float64))
    yield Row(f"{N:,} cutouts of {SIDE} x {SIDE} x {len(BANDS)} as one array: opened, and every pixel added up",
              f"{1e3 * opened:.1f} ms, {1e3 * touched:.0f} ms", f"under 1 s; numpy adds them up in {1e3 * bound:.0f} ms")
    store, some = open_store(path), np.random.default_rng(2).integers(0, N, (20, 100))
    page = best_of(3, lambda: [store.images(rows) for rows in some]) / len(some)
    yield Row("100 random cutouts, a page of the mosaic", f"{1e3 * page:.1f} ms")


def _of_files(work: Path, images: np.ndarray) -> Row:
    folder = work / "fits"
    folder.mkdir()
    for number in range(_FILES):
        for index, band in enumerate(BANDS):
            fits.PrimaryHDU(images[number, :, :, index]).writeto(folder / f"{number}_{band}.fits")
    ours = best_of(1, lambda: ingest([folder], work / "files.store", workers=1))
    peer = best_of(1, lambda: [fits.getdata(file) for file in sorted(folder.glob("*.fits"))])
    return Row(f"ingest of {_FILES * len(BANDS):,} FITS files, a band each", f"{_FILES * len(BANDS) / ours:,.0f} files/s",
               f"astropy.io.fits.getdata alone {_FILES * len(BANDS) / peer:,.0f} files/s")
