"""What models share that learn features by contrast of two views: the losses by name, the projector, the tags.

The projector is between the features and the loss, and only training has it: what the loss throws away, the features keep
(Chen et al. 2020, arXiv:2002.05709).
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from dataclasses import dataclass

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from qsocore.errors import ConfigError, TrainError, did_you_mean
from qsocore.models import labels as known_labels
from qsocore.models._contrast import nt_xent, sup_con, vicreg
from qsocore.models.base import FeatureModel, Labels
from qsocore.store import Store

log = logging.getLogger(__name__)

LOSSES = ("ntxent", "vicreg", "supcon")
_PROJECTOR = (128, 128)


@dataclass(frozen=True)
class TwoViewsConfig:
    """Settings of `TwoViews`.

    Parameters
    ----------
    loss : str
        ``ntxent``, ``vicreg`` or ``supcon``, see `qsocore.models._contrast`.
    features : int
        Numbers an object is described by.
    projector : tuple of int
        Widths of the layers behind the features, which only training has; of 0, the loss is of the features themselves. Empty
        is that for ``supcon``, whose tags say what is to be kept (of simulated quasars at z = 6 it makes tighter groups), and
        128,128 for the others.
    temperature : float
        Of ``ntxent`` and ``supcon``.
    tags : tuple of str
        Columns of the catalogue that together say what belongs together, for ``supcon``; an object in which the first is
        empty has no tag.
    balance : float
        Weight of a tag by how common it is, to the power -balance, for ``supcon``.
    """

    loss: str = "ntxent"
    features: int = 512
    projector: tuple[int, ...] = ()
    temperature: float = 0.1
    tags: tuple[str, ...] = ("class",)
    balance: float = 1.0

    def __post_init__(self):
        if self.loss not in LOSSES:
            raise ConfigError(f"no contrastive loss is called {self.loss!r}", "loss", did_you_mean(self.loss, LOSSES))
        if self.features < 1 or min(self.projector, default=0) < 0:
            raise ConfigError("features must be at least 1, and projector 0 or more", type(self).__name__)
        if not self.temperature > 0 or not self.balance >= 0:
            raise ConfigError("temperature must be positive, and balance 0 or more", type(self).__name__)
        if not self.tags:
            raise ConfigError("at least one column is needed", "tags", "tags=class,subclass")

    @property
    def widths_behind(self) -> tuple[int, ...]:
        """Of the projector, () for none."""
        usual = () if self.loss == "supcon" else _PROJECTOR
        return tuple(width for width in self.projector if width) if self.projector else usual


class TwoViews(FeatureModel):
    """A network whose features of two views of one object agree; a member says what a view is."""

    def __init__(self, shape: tuple[int, ...], config: TwoViewsConfig):
        super().__init__(shape, config.features)
        self.config = config
        self.projector = _projector(config.features, config.widths_behind)

    @abstractmethod
    def view(self, x: Tensor, w: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Objects as they might have been seen another time, drawn anew, (B, *shape) each."""

    @abstractmethod
    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (B, features) of views, of any length."""

    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Features of length one (B, features)."""
        return F.normalize(self(x, w), dim=1)

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms, with ``alike``, the mean cosine of the features of two views."""
        generator = generator or torch.Generator(x.device).manual_seed(0)
        views = [torch.cat(parts) for parts in zip(*(self.view(x, w, generator) for _ in range(2)), strict=True)]
        features = self(*views)
        alike = F.cosine_similarity(*features.detach().chunk(2)).mean()
        return self._terms(*self.projector(features).chunk(2), labels) | {"alike": alike}

    def _terms(self, a: Tensor, b: Tensor, labels: Labels | None) -> dict[str, Tensor]:
        if self.config.loss == "vicreg":
            return vicreg(a, b)
        if self.config.loss == "ntxent":
            return {"loss": nt_xent(a, b, self.config.temperature)}
        if not labels or "tag" not in labels:
            raise TrainError("a supervised contrast needs tags to learn from", type(self).__name__.lower(),
                             "give labels['tag'], or take a loss that needs none")
        return {"loss": sup_con(a, b, labels["tag"], self.config.temperature, self.config.balance)}


def _projector(features: int, widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths[:-1]:
        layers += [nn.Linear(features, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
        features = width
    return nn.Sequential(*layers, *(nn.Linear(features, width) for width in widths[-1:]))


def labels(config: TwoViewsConfig, store: Store) -> dict[str, NDArray]:
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
