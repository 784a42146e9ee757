"""Features of images by contrast: two pictures of one object, turned, moved, noisier, blurred, belong together.

The task and the first loss are those of glq_mpia (SimCLR on DES cutouts): random crops of 24 pixels, turned by any angle, 512
features of length one, a projector that is thrown away. Beyond it: noise and PSF are drawn too, so that depth and seeing do
not make neighbours; VICReg as a loss that compares nothing between objects; and a supervised loss by which objects of one tag,
where tags are known, belong together as well. An object's features are the mean over the eight symmetries of its cutout, so
that turning it by 90 degrees changes nothing.

With ``photometry`` the catalogue's fluxes are looked at too, by a network of their own (`qsocore.models.photometric`), trained
by the same loss; its features stand behind those of the image, each with its share of the squared distance. What has no
photometry has the image's features alone.

How far two objects are apart is the distance of their features, whose square is 2 - 2 cosine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from qsocore.errors import ConfigError
from qsocore.models._image_trunk import SYMMETRIES, ImageTrunk, symmetries
from qsocore.models._two_views import TwoViews, TwoViewsConfig
from qsocore.models._two_views import labels as tags
from qsocore.models.base import Labels, Model
from qsocore.models.photometric import Photometric, PhotometricConfig
from qsocore.preprocess.prepare import photometry_for
from qsocore.sampling import Bands, ImageGrid
from qsocore.store import Store
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
    photometry : float
        Share of the photometry in the squared distance of two objects; 0 leaves it out.
    photometry_loss : str
        By which the photometry's features are learnt; empty is the same. ``vicreg`` keeps what no tag asks for, by which kinds
        that were not among the training's are found.
    bands : tuple of str
        Of the photometry.
    """

    flip: float = 1.0
    turn: float = 1.0
    shift: float = 0.0
    crop: int = 24
    noise: float = 1.0
    blur: float = 0.5
    channels: tuple[int, ...] = (16, 32, 64)
    stretch: float = 0.1
    views: int = 8
    photometry: float = 0.0
    photometry_loss: str = ""
    bands: tuple[str, ...] = ("g", "r", "i", "z", "Y", "J", "K", "W1", "W2")

    def __post_init__(self):
        TwoViewsConfig.__post_init__(self)
        ImageAugmentation.__post_init__(self)
        if not self.channels or min(self.channels) < 1 or not self.stretch >= 0:
            raise ConfigError("channels must be at least 1, and stretch 0 or more", "contrastive")
        if self.views not in SYMMETRIES:
            raise ConfigError("views is 1, 2, 4 or 8", "contrastive")
        if not 0 <= self.photometry < 1:
            raise ConfigError("photometry is a share below 1", "contrastive")
        _ = self.of_photometry  # refuses what it cannot be

    @property
    def of_photometry(self) -> PhotometricConfig:
        """Settings of the network that reads the photometry."""
        return PhotometricConfig(loss=self.photometry_loss or self.loss, temperature=self.temperature, tags=self.tags,
                                 balance=self.balance)


class Contrastive(TwoViews):
    """See the module."""

    def __init__(self, grid: ImageGrid, config: ContrastiveConfig):
        super().__init__(grid.shape, config)
        self.trunk = ImageTrunk(grid.shape, config.crop, config.channels, config.features, config.stretch)
        self.augment = ImageAugmenter(config, grid)
        self.colours = None
        if config.photometry:
            self.beside = Bands(config.bands)
            self.colours = Photometric(self.beside, config.of_photometry)
            self.n_latent += self.colours.n_latent

    def view(self, x: Tensor, w: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Another picture of each object, of the crop's size."""
        return self.augment(x, w, generator)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (B, features) of cutouts as they lie, of any length."""
        return self.trunk(x, w).float()

    def encode(self, x: Tensor, w: Tensor, flux: Tensor | None = None, flux_weight: Tensor | None = None) -> Tensor:
        """Features of length one (B, features) of cutouts x with weights w, (B, n_bands, H, W) each.

        With photometry, normalised fluxes and their weights (B, bands) each, those of the fluxes stand behind them; an object
        of which no flux is known has zeros there.
        """
        each = [F.normalize(self(*turned), dim=1) for turned in symmetries(self.config.views, x, w)]
        of_image = F.normalize(torch.stack(each).mean(dim=0), dim=1)
        if self.colours is None:
            return of_image
        if flux is None or flux_weight is None:
            return F.pad(of_image, (0, self.colours.n_latent))
        share = self.config.photometry * (flux_weight > 0).any(dim=1, keepdim=True)  # (B, 1)
        return torch.cat([(1.0 - share).sqrt() * of_image, share.sqrt() * self.colours.encode(flux, flux_weight)], dim=1)

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms, ``photometry`` among them where it is joined.

        `labels` are ``tag`` for a supervised loss; ``flux`` and ``flux_weight``, (B, bands) each, for photometry.
        """
        terms = super().loss(x, w, generator, labels)
        if self.colours is None or not labels or "flux" not in labels:
            return terms
        own = self.colours.loss(labels["flux"], labels["flux_weight"], generator, labels)["loss"]
        return terms | {"loss": terms["loss"] + own, "photometry": own}


def labels(config: ContrastiveConfig, store: Store) -> dict[str, NDArray]:
    """Tags for a supervised loss, and where photometry is joined the fluxes and their weights, all of (n_rows,) objects.

    Raises
    ------
    TrainError
        When there are no tags to learn from, see `qsocore.models._two_views`.
    StoreError
        When the catalogue lacks one of the bands.
    """
    found = tags(config, store)
    if not config.photometry:
        return found
    block = photometry_for(store, Bands(config.bands)).read(np.arange(store.n_rows))
    return tags(config.of_photometry, store) | found | {"flux": block.x, "flux_weight": block.w}


def build(config: ContrastiveConfig, grid: ImageGrid) -> Contrastive:
    """Untrained, for cutouts on `grid`."""
    return Contrastive(grid, config)


MODEL = Model("contrastive", "Features of images by contrast of two views",
              "after glq_mpia; Chen et al. 2020, arXiv:2002.05709; Bardes, Ponce & LeCun 2022, arXiv:2105.04906; Khosla et al. "
              "2020, arXiv:2004.11362", ContrastiveConfig, build, labels=labels, reads="images",
              defaults=("epochs=20", "batch=256", "lr=2e-3", "patience=20"))
