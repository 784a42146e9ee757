"""Redshift by a convolutional network, after DeepRedshift's CNNs (`qsocore.models._regressor`)."""

from __future__ import annotations

from dataclasses import dataclass

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models._regressor import Regressor, labels
from qsocore.models._trunk import Trunk
from qsocore.models.base import Model


@dataclass(frozen=True)
class RedshiftConvConfig:
    """Settings of the network; see `Trunk`."""

    channels: tuple[int, ...] = (24, 48, 80, 96, 96)
    kernels: tuple[int, ...] = (15, 7, 5, 5, 3)
    strides: tuple[int, ...] = (4, 2, 2, 2, 2)
    features: int = 256
    dropout: float = 0.1

    def __post_init__(self):
        if not self.channels or not len(self.channels) == len(self.kernels) == len(self.strides):
            raise ConfigError("channels, kernels and strides must be as many", "RedshiftConvConfig")
        if min(*self.channels, *self.kernels, *self.strides, self.features) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("sizes must be 1 or more and dropout in 0 to 1", "RedshiftConvConfig")


def build(config: RedshiftConvConfig, grid: WaveGrid) -> Regressor:
    """An untrained network for spectra on `grid`."""
    trunk = Trunk(grid.n_pix, config.channels, config.kernels, config.strides, config.features, config.dropout)
    return Regressor(grid.n_pix, trunk, config.features)


MODEL = Model("redshift-conv", "Redshift by a convolutional network", "DeepRedshift (project QuasarNN, MIT licence)",
              RedshiftConvConfig, build, labels, ("epochs=12", "lr=2e-3", "batch=256", "clip=5"))
