"""Variational autoencoder of images: what an object of this brightness and shape usually looks like, and what is left over.

It is an InfoVAE (`qsocore.models.infovae`) over the pixels of all bands: it starts beside their principal components, which
of small cutouts that are centred already say most, a masked pixel weighs nothing, and what is left of chi2 is the noise. Its
residual shows what the sky has seldom: a second image beside a galaxy, a neighbour, a trail.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from qsocore.errors import ConfigError
from qsocore.models.base import Between, Labels, LatentModel, Model
from qsocore.models.infovae import InfoVAE, InfoVAEConfig
from qsocore.sampling import ImageGrid


@dataclass(frozen=True)
class ImageVAEConfig(InfoVAEConfig):
    """Settings of `ImageVAE`: those of `InfoVAEConfig`."""

    latents: int = 32
    widths: tuple[int, ...] = (512, 256)


class ImageVAE(LatentModel):
    """See the module."""

    def __init__(self, shape: tuple[int, ...], config: ImageVAEConfig):
        super().__init__(shape, config.latents)
        if len(self.shape) != 3:
            raise ConfigError(f"a model of images cannot read objects of shape {self.shape}", "image-vae",
                              "train it on a store with images: qso simulate --survey des")
        self.pixels = InfoVAE(self.n_pix, config)

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """As `InfoVAE` does: the mean, the scatter and the principal components of a sample."""
        super().initialise(x, w)
        self.pixels.initialise(x.flatten(1), w.flatten(1))

    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Posterior means (B, n_latent) of cutouts x with weights w, (B, n_bands, H, W) each."""
        return self.pixels.encode(x.flatten(1), w.flatten(1))

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised flux (B, n_bands, H, W)."""
        return self.pixels.decode(latents).reshape(-1, *self.shape)

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms, those of `InfoVAE`."""
        return self.pixels.loss(x.flatten(1), w.flatten(1), generator)


def build(config: ImageVAEConfig, grid: ImageGrid) -> ImageVAE:
    """Untrained, for cutouts on `grid`."""
    return ImageVAE(grid.shape, config)


MODEL = Model("image-vae", "Variational autoencoder of images (InfoVAE)",
              "Zhao, Song & Ermon 2017, arXiv:1706.02262", ImageVAEConfig, build, reads="images",
              defaults=("epochs=20", "batch=128", "lr=2e-3", "flip=1"),
              search={"lam": Between(1.0, 64.0, log=True), "lr": Between(5e-4, 8e-3, log=True)})
