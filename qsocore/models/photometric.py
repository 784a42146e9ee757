"""Features of photometry by contrast: an object's fluxes, and its fluxes under other noise, belong together.

What colours say of an object they say within their errors, so that every band enters with its error, and one that was not
observed as such. A non-detection is a flux of 0 with an error, and no magnitude of 99. With tags (``loss=supcon``, of a
simulated store) objects of one kind belong together besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from qsocore.errors import ConfigError
from qsocore.models._two_views import TwoViews, TwoViewsConfig, labels
from qsocore.models.base import Model
from qsocore.sampling import Bands


@dataclass(frozen=True)
class PhotometricConfig(TwoViewsConfig):
    """Settings of `Photometric`, with those of `TwoViewsConfig`.

    Parameters
    ----------
    widths : tuple of int
        Of the hidden layers.
    soft : float
        Flux, in units of the brightest band's, where the logarithm of larger ones goes over into the linear scale of smaller
        ones (asinh magnitudes; Lupton, Gunn & Szalay 1999, AJ 118, 1406).
    noisier : float
        Noise that a view has besides, in units of the object's own, at most.
    lost : float
        Share of the bands that a view does not have.
    """

    features: int = 32
    widths: tuple[int, ...] = (256, 256)
    soft: float = 0.02
    noisier: float = 1.0
    lost: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        if not self.widths or min(self.widths) < 1 or not self.soft > 0:
            raise ConfigError("widths must be at least 1, and soft positive", "photometric")
        if not self.noisier >= 0 or not 0 <= self.lost < 1:
            raise ConfigError("noisier is 0 or more, and lost a share below 1", "photometric")


class Photometric(TwoViews):
    """See the module."""

    def __init__(self, grid: Bands, config: PhotometricConfig):
        super().__init__(grid.shape, config)
        layers: list[nn.Module] = []
        for a, b in pairwise((3 * self.n_pix, *config.widths)):
            layers += [nn.Linear(a, b, bias=False), nn.BatchNorm1d(b), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(config.widths[-1], config.features))

    def view(self, x: Tensor, w: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The same objects with more noise and fewer bands."""

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, device=x.device, dtype=x.dtype)

        w = w * (uniform(*x.shape) >= self.config.lost)
        grow = self.config.noisier * uniform(len(x), 1)
        noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
        x = torch.where(w > 0, x + grow * noise * w.clamp_min(1e-12).rsqrt(), 0.0)
        return x, w / (1.0 + grow.square())

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (B, features), of any length."""
        good = w > 0
        level = (torch.where(good, x, 0.0) / (2.0 * self.config.soft)).asinh()
        error = torch.where(good, w.clamp_min(1e-12).rsqrt() / (2.0 * self.config.soft), 0.0).asinh()
        return self.layers(torch.cat([level, error, good.to(x.dtype)], dim=1)).float()


def build(config: PhotometricConfig, grid: Bands) -> Photometric:
    """Untrained, for photometry in the bands of `grid`."""
    return Photometric(grid, config)


MODEL = Model("photometric", "Features of photometry and its errors, by contrast",
              "Chen et al. 2020, arXiv:2002.05709; Khosla et al. 2020, arXiv:2004.11362", PhotometricConfig, build,
              labels=labels, reads="photometry",
              defaults=("epochs=20", "batch=256", "lr=2e-3", "patience=20", "error_floor=0"))
