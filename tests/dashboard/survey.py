"""A small made-up survey for the dashboard's tests: quasars of lines on a power law, and stars of a black body."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dashboard.table import AtlasTable, InMemory, Part
from qsocore.catalog import Column
from qsocore.grid import WaveGrid
from qsocore.lines import line_list
from qsocore.store import Store, StoreWriter

GRID = WaveGrid("test512", "log10", 3.5563, 4.0170, 512)


def make_store(path: Path, n: int = 400, seed: int = 1) -> Store:
    """Write a store of n objects, two thirds quasars; every tenth spectrum has a stretch of masked pixels."""
    rng = np.random.default_rng(seed)
    quasar = rng.random(n) < 0.66
    z = np.where(quasar, rng.uniform(0.3, 3.5, n), 0.0)
    truth = np.where(quasar[:, None], _quasars(z, rng), _stars(rng.uniform(3500, 9000, n)))
    truth /= np.median(truth, axis=1, keepdims=True)
    bright = rng.uniform(2, 12, n)
    sigma = 0.12 * np.ones_like(truth) * bright[:, None]
    flux = truth * bright[:, None] + rng.normal(0, 1, truth.shape) * sigma
    mask = np.zeros(truth.shape, np.uint8)
    mask[::10, 200:215] = 8
    ivar = np.where(mask > 0, 0, sigma**-2.0)
    catalog = {
        "object_id": [f"test:one:{k:05d}" for k in range(n)], "survey": ["test"] * n,
        "ra": rng.uniform(0, 360, n), "dec": rng.uniform(-30, 60, n), "z": z, "z_warn": (rng.random(n) < 0.05).astype(int),
        "class": np.where(quasar, "QSO", "STAR"), "snr_median": 1 / 0.12 * np.median(truth, axis=1),
        "mag_r": (22.5 - 2.5 * np.log10(bright)).astype(np.float32), "calibrated": np.ones(n, bool),
    }
    writer = StoreWriter(path, GRID, {"command": "tests"}, 1)
    writer.write_shard(0, flux, ivar, mask, catalog)
    return writer.finish()


def _quasars(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rest = GRID.wave / (1 + z[:, None])  # (n, n_pix)
    flux = (rest / 3000) ** rng.normal(-1.5, 0.3, len(z))[:, None]
    for line in line_list("emission", major_only=True):
        flux += 1.5 * rng.uniform(0.3, 1.5, len(z))[:, None] * np.exp(-0.5 * ((rest - line.wave) / (0.008 * line.wave)) ** 2)
    return flux


def _stars(kelvin: np.ndarray) -> np.ndarray:
    x = 1.4388e8 / (GRID.wave * kelvin[:, None])
    return (GRID.wave / 5000) ** -5.0 / np.expm1(x) * 50


def in_memory(columns: dict, roles: dict[str, str]) -> AtlasTable:
    """A bare table of Arrow arrays."""
    import pyarrow as pa

    table = pa.table(columns)
    kinds = {"string": "string", "bool": "bool"}
    meant = {}
    for field in table.schema:
        dtype = kinds.get(str(field.type), "int64" if pa.types.is_integer(field.type) else "float32")
        meant[field.name] = Column(field.name, dtype, roles.get(field.name, "property"))
    ids = pa.chunked_array([[f"t:1:{k}" for k in range(table.num_rows)]])
    return AtlasTable("t", ids, [Part(meant, InMemory(table))], {})


def make_run(path: Path, name: str = "small") -> None:
    """Train a PCA on a store and put its objects on a map."""
    from qsocore.workflow.embed import embed
    from qsocore.workflow.train import train

    train("pca", path, name, ["latents=6"], publish=False)
    embed(path, name, ["pca"])
