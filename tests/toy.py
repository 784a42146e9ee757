"""A predictor small enough to train in a moment: what the machinery around predictors does is tested by it."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from qsocore.catalog import Column
from qsocore.grid import WaveGrid
from qsocore.models import MODELS
from qsocore.models.base import Model, Predictor
from qsocore.models.labels import redshifts
from qsocore.store import StoreWriter

LINES = ("LYA", "CIV", "CIII", "MGII", "HB", "HA")
GRID = WaveGrid("toy", "log10", 3.6, 3.9, 64)


@dataclass(frozen=True)
class ToyConfig:
    """Settings: width of the hidden layer."""

    hidden: int = 16


class Toy(Predictor):
    """Redshift by two linear layers, and columns of every type."""

    def __init__(self, n_pix: int, config: ToyConfig):
        super().__init__(n_pix)
        self.net = nn.Sequential(nn.Linear(n_pix, config.hidden), nn.GELU(), nn.Linear(config.hidden, 1))
        self.register_buffer("scatter", torch.ones(()))
        self.register_buffer("rounds", torch.zeros((), dtype=torch.int64))

    def forward(self, x, w):
        return self.net(torch.where(w > 0, x, 0.0))[:, 0]

    def loss(self, x, w, generator=None, labels=None):
        known = torch.isfinite(labels["z"])
        off = torch.where(known, self(x, w) - torch.nan_to_num(labels["z"]), 0.0)
        return {"loss": off.square().mean(), "share": known.float().mean()}

    def columns(self):
        number = [Column("z_pred", "float64", "redshift"), Column("z_err", "float32", "error"),
                  Column("is_qso", "float32", "quality"), Column("bal_prob_pred", "float32", "quality"),
                  Column("z_warn_pred", "int32", "flag"), Column("class_pred", "string", "label", "", "A word")]
        return (*number, *(Column(f"{kind}_{line}", dtype, "quality") for line in LINES
                           for kind, dtype in (("c", "float32"), ("z", "float64"))))

    @torch.no_grad()
    def predict(self, x, w):
        z = self(x, w).double().cpu().numpy()
        empty = (~(w > 0).any(dim=1)).cpu().numpy()
        z[empty] = np.nan
        out = {"z_pred": z, "z_err": np.where(empty, np.nan, float(self.scatter)), "is_qso": np.where(z > 1, 0.9, 0.1),
               "bal_prob_pred": np.where(empty, np.nan, 0.25), "z_warn_pred": empty.astype(int) * 4,
               "class_pred": np.where(empty, "", np.where(z > 1, "QSO", "GAL")).astype(object)}
        return out | {f"{kind}_{line}": z + k for k, line in enumerate(LINES) for kind in "cz"}

    @torch.no_grad()
    def calibrate(self, x, w, labels):
        self.scatter.copy_((self(x, w) - labels["z"]).nanmedian().abs())
        self.rounds += 1


MODEL = Model("toy", "A toy", "Nobody", ToyConfig, lambda config, grid: Toy(grid.n_pix, config),
              labels=lambda config, store: {"z": redshifts(store)}, defaults=("lr=0.01",))


@pytest.fixture
def toy(monkeypatch):
    """The toy among the models."""
    monkeypatch.setitem(MODELS._sources, "toy", "tests.toy:MODEL")
    return MODEL


def quasars(path, n=200, grid=GRID, **columns):
    """A step whose place is the redshift; row 7 has no good pixel, and every ninth redshift is missing."""
    rng = np.random.default_rng(2)
    z = rng.uniform(0.2, 2.0, n)
    wave = np.asarray(grid.wave)
    flux = 1.0 + (wave > 3500 * (1 + z[:, None])) + 0.05 * rng.standard_normal((n, grid.n_pix))
    mask = (rng.random(flux.shape) < 0.05).astype(np.uint8)
    mask[7] = 1
    catalog = {"object_id": [f"toy:r1:{4000 + k}" for k in range(n)], "survey": ["toy"] * n,
               "z": np.where(np.arange(n) % 9 == 0, np.nan, z), "ra": rng.uniform(0, 360, n), "dec": rng.uniform(-80, 80, n),
               "class": ["QSO"] * n}
    catalog = {name: values for name, values in (catalog | columns).items() if values is not None}
    writer = StoreWriter(path, grid, {}, 1)
    writer.write_shard(0, flux, np.where(mask, 0, 400.0), mask, catalog)
    return writer.finish()
