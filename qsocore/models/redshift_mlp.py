"""Redshift by a multi-layer perceptron, after DeepRedshift's fully connected networks (`qsocore.models._regressor`)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models._regressor import Regressor, labels
from qsocore.models._trunk import standardised
from qsocore.models.base import Model


@dataclass(frozen=True)
class RedshiftMlpConfig:
    """Settings of the perceptron.

    Parameters
    ----------
    widths : tuple of int
        Of the hidden layers, from the spectrum inwards.
    dropout : float
        Behind each of them.
    """

    widths: tuple[int, ...] = (1024, 512, 256, 128)
    dropout: float = 0.1

    def __post_init__(self):
        if not self.widths or min(self.widths) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("widths must be 1 or more and dropout in 0 to 1", "RedshiftMlpConfig")


class Perceptron(nn.Module):
    """Dense layers, each normalised over the batch (DeepRedshift's FCBatchNormDropout)."""

    def __init__(self, n_pix: int, widths: tuple[int, ...], dropout: float):
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in pairwise((n_pix + 1, *widths)):
            layers += [nn.Linear(a, b, bias=False), nn.BatchNorm1d(b), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (B, widths[-1]) of normalised flux and weights, (B, n_pix) each."""
        channels, strength = standardised(x, w)
        return self.layers(torch.cat([channels[:, 0], strength], dim=1))


def build(config: RedshiftMlpConfig, grid: WaveGrid) -> Regressor:
    """An untrained network for spectra on `grid`."""
    return Regressor(grid.n_pix, Perceptron(grid.n_pix, config.widths, config.dropout), config.widths[-1])


MODEL = Model("redshift-mlp", "Redshift by a multi-layer perceptron", "DeepRedshift (project QuasarNN, MIT licence)",
              RedshiftMlpConfig, build, labels, ("epochs=12", "lr=2e-3", "batch=256", "clip=5"))
