"""Features of images by contrast: two pictures of one object, turned, moved, noisier, blurred, belong together.

The task and the first loss are those of glq_mpia (SimCLR on DES cutouts): random crops of 24 pixels, turned by any angle, 512
features of length one, a projector that is thrown away. Beyond it: noise and PSF are drawn too, so that depth and seeing do
not make neighbours; VICReg as a loss that compares nothing between objects; and a supervised loss by which objects of one tag,
where tags are known, belong together as well. An object's features are the mean over the eight symmetries of its cutout, so
that turning it by 90 degrees changes nothing.

How far two objects are apart is the distance of their features, whose square is 2 - 2 cosine.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from qsocore.errors import ConfigError
from qsocore.models._image_trunk import SYMMETRIES, ImageTrunk, symmetries
from qsocore.models._two_views import TwoViews, TwoViewsConfig, labels
from qsocore.models.base import Model
from qsocore.sampling import ImageGrid
from qsocore.train.augment_images import ImageAugmentation, ImageAugmenter


@dataclass(frozen=True)
class ContrastiveConfig(TwoViewsConfig, ImageAugmentation):
    """Settings of `Contrastive`, with those of `TwoViewsConfig` and what two views differ by (`ImageAugmentation`).

    Parameters
    ----------
    channels : tuple of int
        Of the convolutions, see `ImageTrunk`.
    stretch : float
        Of the asinh, see `ImageTrunk`.
    views : int
        Symmetries that the features are averaged over: 1, 2, 4 or 8.
    """

    flip: float = 1.0
    turn: float = 1.0
    shift: float = 0.0
    crop: int = 24
    noise: float = 1.0
    blur: float = 0.5
    channels: tuple[int, ...] = (24, 48, 96)
    stretch: float = 0.1
    views: int = 8

    def __post_init__(self):
        TwoViewsConfig.__post_init__(self)
        ImageAugmentation.__post_init__(self)
        if not self.channels or min(self.channels) < 1 or not self.stretch >= 0:
            raise ConfigError("channels must be at least 1, and stretch 0 or more", "contrastive")
        if self.views not in SYMMETRIES:
            raise ConfigError("views is 1, 2, 4 or 8", "contrastive")


class Contrastive(TwoViews):
    """See the module."""

    def __init__(self, grid: ImageGrid, config: ContrastiveConfig):
        super().__init__(grid.shape, config)
        self.trunk = ImageTrunk(grid.shape, config.crop, config.channels, config.features, config.stretch)
        self.augment = ImageAugmenter(config, grid)

    def view(self, x: Tensor, w: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Another picture of each object, of the crop's size."""
        return self.augment(x, w, generator)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (B, features) of cutouts as they lie, of any length."""
        return self.trunk(x, w).float()

    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Features of length one (B, features) of cutouts x with weights w, (B, n_bands, H, W) each."""
        each = [F.normalize(self(*turned), dim=1) for turned in symmetries(self.config.views, x, w)]
        return F.normalize(torch.stack(each).mean(dim=0), dim=1)


def build(config: ContrastiveConfig, grid: ImageGrid) -> Contrastive:
    """Untrained, for cutouts on `grid`."""
    return Contrastive(grid, config)


MODEL = Model("contrastive", "Features of images by contrast of two views",
              "after glq_mpia; Chen et al. 2020, arXiv:2002.05709; Bardes, Ponce & LeCun 2022, arXiv:2105.04906; Khosla et al. "
              "2020, arXiv:2004.11362", ContrastiveConfig, build, labels=labels, reads="images",
              defaults=("epochs=20", "batch=256", "lr=2e-3", "patience=20"))
