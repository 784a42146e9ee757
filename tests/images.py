"""Small stores of images for tests."""

import numpy as np

from qsocore.catalog import Column
from qsocore.sampling import ImageGrid
from qsocore.store import Store, StoreWriter

BANDS = ("g", "r", "i")


def blobs(n, side=12, bands=BANDS, seed=0):
    """Cutouts (n, n_bands, side, side) of round sources, each with its own colour and place, and their noise of 0.05."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    dx, dy = rng.uniform(-1, 1, (2, n, 1, 1))
    shape = np.exp(-((x - dx) ** 2 + (y - dy) ** 2) / 2 / rng.uniform(1, 2.5, (n, 1, 1)) ** 2)
    colour = rng.uniform(0.2, 3, (n, len(bands), 1, 1))
    flux = colour * shape[:, None] + rng.normal(0, 0.05, (n, len(bands), side, side))
    return flux.astype(np.float32)


def make_images(path, n=40, side=12, bands=BANDS, ids=None, seed=0, n_shards=2, **columns) -> Store:
    """A store of `blobs` with ids ``test:one:00000`` ... unless stated."""
    flux = blobs(n, side, bands, seed)
    ids = np.array([f"test:one:{k:05d}" for k in range(n)] if ids is None else ids, object)
    rng = np.random.default_rng(seed + 1)
    catalog = {"object_id": ids, "survey": np.full(n, "test", object), "ra": rng.uniform(0, 360, n),
               "dec": rng.uniform(-60, 60, n)} | columns
    writer = StoreWriter(path, ImageGrid(tuple(bands), side, 0.263, 30.0), {"command": "test"}, n_shards)
    for shard, rows in enumerate(np.array_split(np.arange(n), n_shards)):
        writer.write_shard(shard, flux[rows], np.full_like(flux[rows], 400), np.zeros(flux[rows].shape, np.uint8),
                           {name: np.asarray(values)[rows] for name, values in catalog.items()},
                           [Column(name, "float64", "truth") for name in columns if name.startswith("true_z")])
    return writer.finish()
