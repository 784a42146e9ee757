"""A small store of cutouts with a run of each kind, trained for a moment: for evaluation and figures of images."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from qsocore.sampling import ImageGrid
from qsocore.store import Store, StoreWriter
from qsocore.workflow.train import train

GRID = ImageGrid(("g", "r", "z"), 16, 0.263, 30.0, name="judged")
N, NOISE = 420, 0.03
COLOUR = {"ROUND": (0.3, 0.7, 1.0), "CIGAR": (0.6, 0.9, 1.0), "LENS": (0.1, 0.3, 1.0)}


@dataclass(frozen=True)
class JudgedImages:
    """A store of 420 cutouts with the runs ``shapes`` (morphology), ``features`` (contrastive), ``pictures`` (image_vae)."""

    store: Store

    @property
    def path(self) -> str:
        return str(self.store.path)


def store_of(path: Path, seed: int = 3) -> Store:
    """Round and elongated spots of light, and a few of two points, the rare ones; row 7 is masked altogether."""
    rng = np.random.default_rng(seed)
    kind = np.where(np.arange(N) % 40 == 5, "LENS", np.where(np.arange(N) % 2 == 0, "ROUND", "CIGAR"))
    y, x = np.mgrid[:16, :16] - 7.5
    angle = rng.uniform(0, np.pi, (N, 1, 1))
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    thin = np.where(kind == "CIGAR", rng.uniform(0.25, 0.75, N), 1.0)[:, None, None]
    light = np.exp(-0.5 * ((along / 3) ** 2 + (across / (3 * thin)) ** 2))
    pair = sum(np.exp(-0.5 * (((along - s) ** 2 + across**2) / 1.2**2)) for s in (-3, 3))
    light = np.where((kind == "LENS")[:, None, None], pair, light)
    magnitude = rng.uniform(18, 22, N)
    flux = (light[:, None] * np.array([COLOUR[name] for name in kind])[..., None, None]).astype(np.float32)
    noise = NOISE * 10 ** (0.2 * (magnitude - 20))[:, None, None, None]
    flux = flux + noise * rng.standard_normal(flux.shape)
    mask = np.zeros(flux.shape, np.uint8)
    mask[7] = 1
    wrong, hard = rng.random(N) < 0.05, np.where(kind == "CIGAR", thin[:, 0, 0], 0.0)
    catalog = {"object_id": [f"judged:r1:{k}" for k in range(N)], "survey": ["judged"] * N, "true_class": kind.tolist(),
               "class": np.where(wrong, "ROUND", kind).tolist(), "true_difficulty": hard,
               "mag_r": magnitude, "z": rng.uniform(0.1, 1.0, N), "ra": rng.uniform(0, 360, N), "dec": rng.uniform(-60, 60, N)}
    writer = StoreWriter(path, GRID, {"seed": seed}, 1)
    writer.write_shard(0, flux.astype(np.float32), np.where(mask, 0, 1 / noise**2).astype(np.float32), mask, catalog)
    return writer.finish()


@cache
def build(folder: Path) -> JudgedImages:
    store = store_of(folder / "judged-images.store")
    brief, narrow = ["batch=64", "test=0.5"], ["channels=8,16"]
    train("morphology", store.path, "shapes", [*brief, *narrow, "epochs=8", "features=16", "classes=ROUND,CIGAR,LENS"],
          publish=False)
    train("contrastive", store.path, "features", [*brief, *narrow, "epochs=6", "features=80", "crop=14", "projector=16"],
          publish=False)
    train("image_vae", store.path, "pictures", [*brief, "epochs=4", "latents=6", "widths=64"], publish=False)
    return JudgedImages(store)


@pytest.fixture(scope="session")
def judged_images(tmp_path_factory) -> JudgedImages:
    """See `JudgedImages`; made once for all tests."""
    return build(tmp_path_factory.getbasetemp())
