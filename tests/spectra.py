"""Small stores of spectra whose truth is known, for the tests of whatever learns from them."""

import numpy as np
import pytest

from qsocore.grid import WaveGrid
from qsocore.store import Store, StoreWriter

SMALL = WaveGrid("small", "linear", 4000.0, 7780.0, 64)


def small_store(path, n: int = 240, seed: int = 0, grid: WaveGrid = SMALL) -> Store:
    """Spectra that are three smooth shapes in any mixture, with noise, gaps and one (row 7) without a good pixel."""
    rng = np.random.default_rng(seed)
    phase = (grid.wave - 4000.0) / 3780.0
    shapes = np.stack([np.sin(3 * phase), np.exp(-(((phase - 0.5) / 0.08) ** 2)), phase**2])
    clean = (3.0 + rng.normal(size=(n, 3)) @ shapes) * rng.lognormal(0, 1, (n, 1))
    snr = rng.uniform(3, 30, (n, 1))
    ivar = np.broadcast_to((snr / np.abs(clean).mean(axis=1, keepdims=True)) ** 2, clean.shape).copy()
    flux = clean + rng.normal(size=clean.shape) / np.sqrt(ivar)
    mask = (rng.random(clean.shape) < 0.1).astype(np.uint8)
    mask[min(7, n - 1)] = 1
    ivar[mask > 0] = 0
    name = path.stem
    catalog = {"object_id": [f"{name}:r1:{i}" for i in range(n)], "survey": [name] * n, "z": np.full(n, 0.1),
               "ra": rng.uniform(0, 360, n), "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, n)))}
    writer = StoreWriter(path, grid, {"seed": seed}, 1)
    writer.write_shard(0, flux, ivar, mask, catalog)
    return writer.finish()


@pytest.fixture
def make_store(tmp_path):
    """A maker of small stores by name, see `small_store`."""
    return lambda name="small", **options: small_store(tmp_path / f"{name}.store", **options)
