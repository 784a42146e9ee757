"""Composites with their bootstrap beside the same by numpy, and ranked columns beside scipy."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import stats

from qsocore.compare import composite, scaling, separate, stack
from qsocore.grid import DEFAULT_GRID
from qsocore.store import Store, StoreWriter
from tests.bench import Row, best_of

_SPECTRA, _SIDE = 5_000, 100_000


def rows() -> Iterator[Row]:
    """Measure and yield."""
    with tempfile.TemporaryDirectory() as folder:
        store = _store(Path(folder) / "some.store")
        z, chosen = store.column("z"), np.arange(_SPECTRA)

        def made(frame: str = "rest") -> composite.Composite:
            read = stack.read(store, chosen, z, frame)
            return composite.combine(read, scaling.by_overlap(read))

        made()  # compiles
        seconds, flux = best_of(3, made), stack.read(store, chosen, z, "observed").flux
        pick = np.random.default_rng(0).integers(0, _SPECTRA, _SPECTRA)
        once = best_of(1, lambda: np.nanmedian(flux[pick], axis=0))
    yield Row(f"median composite of {_SPECTRA:,} spectra, rest frame, {composite.N_BOOT} resamplings, read and scaled",
              f"{seconds:.1f} s", f"numpy's nanmedian of {composite.N_BOOT} resamplings alone, in the observed frame, "
              f"{composite.N_BOOT * once:.0f} s (of one: {once:.2f} s)")
    a, b = (np.random.default_rng(seed).normal(size=_SIDE).astype(np.float32) for seed in (1, 2))
    ours = best_of(3, lambda: separate.numbers("x", a, b))
    theirs = best_of(3, lambda: stats.mannwhitneyu(a, b, method="asymptotic"))
    yield Row(f"effect and p of one column, {_SIDE:,} objects against as many", f"{1e3 * ours:.0f} ms",
              f"scipy's mannwhitneyu {1e3 * theirs:.0f} ms")


def _store(path: Path) -> Store:
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 3.5, _SPECTRA)
    flux = (DEFAULT_GRID.wave / (1 + z[:, None]) / 2500) ** -1.5 + rng.normal(0, 0.2, (_SPECTRA, DEFAULT_GRID.n_pix))
    writer = StoreWriter(path, DEFAULT_GRID, {"command": "bench"}, 1)
    catalog = {"object_id": [f"bench:one:{k}" for k in range(_SPECTRA)], "survey": ["bench"] * _SPECTRA, "z": z}
    writer.write_shard(0, flux, np.full(flux.shape, 25.0), np.zeros(flux.shape, np.uint8), catalog)
    return writer.finish()
