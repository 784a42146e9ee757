"""Features of images by contrast: two pictures of one object, turned, moved, noisier, blurred, belong together.

The task and the first loss are those of glq_mpia (SimCLR on DES cutouts): random crops of 24 pixels, turned by any angle, 512
features of length one, a projector that is thrown away. Beyond it: noise and PSF are drawn too, so that depth and seeing do
not make neighbours; the noise is told apart from the object by the images' own errors; VICReg as a loss that compares nothing
between objects; and a supervised loss by which objects of one tag, where tags are known, belong together as well. An object's
features are the mean over the eight symmetries of its cutout, so that turning it by 90 degrees changes nothing.

How far two objects are apart is the distance of their features, whose square is 2 - 2 cosine.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from qsocore.errors import ConfigError, TrainError, did_you_mean
from qsocore.models import labels as known_labels
from qsocore.models._contrast import nt_xent, sup_con, vicreg
from qsocore.models._image_trunk import SYMMETRIES, ImageTrunk, symmetries
from qsocore.models.base import FeatureModel, Labels, Model
from qsocore.sampling import ImageGrid
from qsocore.store import Store
from qsocore.train.augment_images import ImageAugmentation, ImageAugmenter

log = logging.getLogger(__name__)

LOSSES = ("ntxent", "vicreg", "supcon")


@dataclass(frozen=True)
class ContrastiveConfig(ImageAugmentation):
    """Settings of `Contrastive`, among them what the two views differ by (see `ImageAugmentation`).

    Parameters
    ----------
    loss : str
        ``ntxent``, ``vicreg`` or ``supcon``, see `qsocore.models._contrast`.
    features : int
        Numbers an object is described by.
    channels : tuple of int
        Of the convolutions, see `ImageTrunk`.
    stretch : float
        Of the asinh, see `ImageTrunk`.
    projector : tuple of int
        Widths of the layers behind the features, which only training has.
    temperature : float
        Of ``ntxent`` and ``supcon``.
    views : int
        Symmetries that the features are averaged over: 1, 2, 4 or 8.
    tags : tuple of str
        Columns of the catalogue that together say what belongs together, for ``supcon``; an object in which the first is
        empty has no tag.
    balance : float
        Weight of a tag by how common it is, to the power -balance, for ``supcon``.
    """

    flip: float = 1.0
    turn: float = 1.0
    shift: float = 0.0
    crop: int = 24
    noise: float = 1.0
    blur: float = 0.5
    loss: str = "ntxent"
    features: int = 512
    channels: tuple[int, ...] = (24, 48, 96)
    stretch: float = 0.1
    projector: tuple[int, ...] = (128, 128)
    temperature: float = 0.1
    views: int = 8
    tags: tuple[str, ...] = ("class", "subclass")
    balance: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if self.loss not in LOSSES:
            raise ConfigError(f"no contrastive loss is called {self.loss!r}", "contrastive", did_you_mean(self.loss, LOSSES))
        if min(self.features, *self.channels, *self.projector) < 1 or not self.projector or not self.channels:
            raise ConfigError("features, channels and projector must be at least 1", "contrastive")
        if not self.temperature > 0 or self.stretch < 0 or self.balance < 0:
            raise ConfigError("temperature must be positive, stretch and balance 0 or more", "contrastive")
        if self.views not in SYMMETRIES:
            raise ConfigError("views is 1, 2, 4 or 8", "contrastive")
        if not self.tags:
            raise ConfigError("at least one column is needed", "tags", "tags=class,subclass")


class Contrastive(FeatureModel):
    """See the module."""

    def __init__(self, grid: ImageGrid, config: ContrastiveConfig):
        super().__init__(grid.shape, config.features)
        self.config = config
        side = min(config.crop or grid.side, grid.side)
        self.trunk = ImageTrunk(grid.shape, side, config.channels, config.features, config.stretch)
        self.projector = _projector(config.features, config.projector)
        self.augment = ImageAugmenter(config, grid)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (B, features) of cutouts as they lie, before they are given length one."""
        return self.trunk(x, w).float()

    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Features of length one (B, features) of cutouts x with weights w, (B, n_bands, H, W) each."""
        each = [F.normalize(self(*turned), dim=1) for turned in symmetries(self.config.views, x, w)]
        return F.normalize(torch.stack(each).mean(dim=0), dim=1)

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms, with ``alike``, the mean cosine of the features of two views."""
        generator = generator or torch.Generator(x.device).manual_seed(0)
        views = [torch.cat(parts) for parts in zip(*(self.augment(x, w, generator) for _ in range(2)), strict=True)]
        features = self(*views)
        a, b = self.projector(features).chunk(2)
        alike = F.cosine_similarity(*features.detach().chunk(2)).mean()
        return self._terms(a, b, labels) | {"alike": alike}

    def _terms(self, a: Tensor, b: Tensor, labels: Labels | None) -> dict[str, Tensor]:
        if self.config.loss == "vicreg":
            return vicreg(a, b)
        if self.config.loss == "ntxent":
            return {"loss": nt_xent(a, b, self.config.temperature)}
        if not labels or "tag" not in labels:
            raise TrainError("a supervised contrast needs tags to learn from", "contrastive",
                             "give labels['tag'], or loss=vicreg")
        return {"loss": sup_con(a, b, labels["tag"], self.config.temperature, self.config.balance)}


def _projector(features: int, widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths[:-1]:
        layers += [nn.Linear(features, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
        features = width
    return nn.Sequential(*layers, nn.Linear(features, widths[-1]))


def labels(config: ContrastiveConfig, store: Store) -> dict[str, NDArray]:
    """Numbers of the tags ``tag`` (n_rows,) for a supervised loss; nothing for the others.

    Raises
    ------
    TrainError
        When the catalogue lacks the columns, or all its objects have the same tag or none.
    """
    if config.loss != "supcon":
        return {}
    names, tag = known_labels.tags(store, config.tags)
    log.info("%d tags: %s", len(names), ", ".join(names))
    return {"tag": tag}


def build(config: ContrastiveConfig, grid: ImageGrid) -> Contrastive:
    """Untrained, for cutouts on `grid`."""
    return Contrastive(grid, config)


MODEL = Model("contrastive", "Features of images by contrast of two views",
              "after glq_mpia; Chen et al. 2020, arXiv:2002.05709; Bardes, Ponce & LeCun 2022, arXiv:2105.04906; Khosla et al. "
              "2020, arXiv:2004.11362", ContrastiveConfig, build, labels=labels, reads="images",
              defaults=("epochs=20", "batch=256", "lr=2e-3", "patience=20"))
