"""A small made-up survey for the dashboard's tests: quasars of lines on a power law, and stars of a black body."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dashboard.parts import InMemory, Part
from dashboard.table import AtlasTable
from qsocore.catalog import Column
from qsocore.grid import WaveGrid
from qsocore.lines import line_list
from qsocore.records import Mask
from qsocore.sampling import ImageGrid
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


IMAGES = ImageGrid(("g", "r", "i", "z", "Y"), 24, 0.263, 30.0, (1.1, 1.0, 0.9, 0.9, 0.9), "test")


def spot_of(number: int) -> tuple[int, int]:
    """Row from the bottom and column of the pixel by which the image of an object is known from others."""
    return 2 + number % 20, 2 + number // 20 % 20


def images_of(numbers: np.ndarray, seed: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flux, ivar and mask of images in `IMAGES`: noise, a source, and a spot where `spot_of` says; every seventh without z.

    Every eleventh has a masked core.
    """
    rng = np.random.default_rng(seed)
    sigma = np.array([1.0, 1.2, 2.0, 4.0, 8.0])[:, None, None]
    y, x = np.mgrid[:24, :24] - 11.5
    red = rng.uniform(0.5, 2.0, len(numbers))
    light = 60 * red[:, None] ** np.arange(5)  # (n, n_bands)
    flux = light[..., None, None] * np.exp(-0.5 * (y**2 + x**2) / 4) + rng.normal(0, 1, (len(numbers), 5, 24, 24)) * sigma
    mask = np.zeros(flux.shape, np.uint8)
    for k, number in enumerate(np.asarray(numbers).tolist()):
        row, column = spot_of(number)
        flux[k, :, row, column] = 4000
        if number % 7 == 6:
            mask[k, 3] = Mask.NO_COVERAGE
        if number % 11 == 10:
            mask[k, :, 11:13, 11:13] = Mask.FLAGGED
    ivar = np.where(mask > 0, 0, sigma**-2.0)
    return np.where(mask & Mask.NO_COVERAGE, 0, flux), ivar, mask


def make_image_store(path: Path, n: int = 150, first: int = 0, name: str = "test:one") -> Store:
    """Write a store of images alone, with magnitudes; every fifth object is not detected in g."""
    numbers = np.arange(first, first + n)
    rng = np.random.default_rng(3)
    flux, ivar, mask = images_of(numbers)
    catalog = {
        "object_id": [f"{name}:{k:05d}" for k in numbers], "survey": ["test"] * n, "class": np.where(numbers % 3, "M", "QSO"),
        "z": np.where(numbers % 3, np.nan, rng.uniform(5.3, 6.9, n)), "ra": rng.uniform(0, 360, n),
        "dec": rng.uniform(-60, 0, n), "mag_g": np.where(numbers % 5, rng.uniform(20, 24, n), np.nan).astype(np.float32),
        "magerr_g": np.full(n, 0.05, np.float32), "mag_z": rng.uniform(19, 22, n).astype(np.float32),
        "mag_J": rng.uniform(18, 21, n).astype(np.float32), "snr_median": rng.uniform(5, 60, n)}
    writer = StoreWriter(path, IMAGES, {"command": "tests"}, 1)
    writer.write_shard(0, flux, ivar, mask, catalog)
    return writer.finish()


def make_photometric_store(path: Path, n: int = 120) -> Store:
    """Write a store of simulated images with photometry in nine bands: quasars, lenses, dwarfs, galaxies."""
    from qsocore.simulate.images.kinds import ImageSample, parse_mixture
    from qsocore.workflow.simulate import simulate_images

    mixture = parse_mixture(["QSO=3", "LENS=2", "M=2", "T=2", "PASSIVE=1"])
    return simulate_images(path, n, 4, 1, mixture, ImageSample("none", 0.0), 24)


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
