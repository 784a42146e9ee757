"""Classes of images by a convolutional network: five shapes of galaxies, spiral or elliptical, star or galaxy, any list.

The tasks are those of GZ2_project (five bands, spiral against elliptical, classes by the votes of Galaxy Zoo). Beyond it:
rare classes count as much as common ones, wrong labels do not pull as hard as in the plain cross entropy (Zhang & Sabuncu
2018, arXiv:1805.07836), what is said is the mean over the cutout's eight symmetries, probabilities are calibrated on images
that it was not trained on, and no evaluated image is augmented. With ``self_training`` objects without a label take part:
one of which the network is sure counts as what it says (GZ2_project's mixed list; pseudo-labels, Lee 2013), in another view.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qsocore.catalog import Column
from qsocore.errors import ConfigError, TrainError
from qsocore.models import labels as known_labels
from qsocore.models._calibration import calibration_error, fit_temperature
from qsocore.models._image_trunk import SYMMETRIES, ImageTrunk, symmetries
from qsocore.models.base import Labels, Model, Predictor
from qsocore.sampling import ImageGrid
from qsocore.store import Store

log = logging.getLogger(__name__)

SETS: dict[str, tuple[str, ...]] = {
    "five": ("ROUND", "BETWEEN", "CIGAR", "EDGEON", "SPIRAL"),
    "spiral-elliptical": ("SPIRAL:SPIRAL+EDGEON", "ELLIPTICAL:ROUND+BETWEEN+CIGAR"),
    "star-galaxy": ("STAR:STAR+QSO+M+L+T", "GALAXY:GALAXY+PASSIVE+STARFORMING+ROUND+BETWEEN+CIGAR+EDGEON+SPIRAL"),
}
"""Lists of classes by name; what counts as what is said after the colon, see `qsocore.models.labels.among`."""
_LEARNT_SHARE = 0.01  # of a batch's shares of the classes goes into what is known of them
_CHUNK = 512  # images at a time where there may be many


@dataclass(frozen=True)
class MorphologyConfig:
    """Settings of `Morphology`.

    Parameters
    ----------
    classes : tuple of str
        In the order of the columns, by class or subclass of the catalogue: ``SPIRAL``, several as one
        (``DISC:SPIRAL+EDGEON``), or a list by name: ``five``, ``spiral-elliptical``, ``star-galaxy``.
    side : int
        Pixels along a side of the middle that is looked at; 0 is the whole cutout.
    channels : tuple of int
        Of the convolutions, see `ImageTrunk`.
    features : int
        Width of the last layer.
    stretch : float
        Of the asinh, see `ImageTrunk`.
    dropout : float
        Before the last layers, in training.
    forgiving : float
        q of the generalised cross entropy (1 - p^q) / q: 0 is the cross entropy, 1 the mean absolute error, which forgives
        wrong labels most and learns slowest.
    balance : float
        Weight of a class by its share of the training images to the power -balance: 1 makes all classes count alike.
    views : int
        Symmetries of a cutout that a prediction is the mean of: 1, 2, 4 or 8.
    self_training : float
        Weight of objects without a label, by what the network says of them itself; 0 leaves them out.
    sure : float
        Probability from which on it is believed.
    """

    classes: tuple[str, ...] = ("five",)
    side: int = 0
    channels: tuple[int, ...] = (32, 64, 96)
    features: int = 128
    stretch: float = 0.1
    dropout: float = 0.2
    forgiving: float = 0.3
    balance: float = 1.0
    views: int = 8
    self_training: float = 0.0
    sure: float = 0.97

    def __post_init__(self):
        names, parts = self.names, [part for entry in self.entries for part in known_labels.members(entry)]
        if len(names) < 2:
            raise ConfigError("at least two classes are needed", "classes", f"classes=A,B or one of {', '.join(SETS)}")
        if len(set(names)) < len(names) or len(set(parts)) < len(parts) or not all((*names, *parts)):
            raise ConfigError("a class stands in the list twice, or has no name", "classes", "give each once")
        if not 0 <= self.forgiving <= 1 or not 0 <= self.dropout < 1 or not self.balance >= 0 or not self.self_training >= 0:
            raise ConfigError("forgiving is 0 to 1, dropout 0 to below 1, balance and self_training 0 or more", "morphology")
        if not self.channels or min(self.features, *self.channels) < 1 or self.side < 0 or not self.stretch >= 0:
            raise ConfigError("features and channels must be at least 1, side and stretch 0 or more", "morphology")
        if self.views not in SYMMETRIES or not 0 < self.sure < 1:
            raise ConfigError("views is 1, 2, 4 or 8, and sure a probability", "morphology")

    @property
    def entries(self) -> tuple[str, ...]:
        """The classes, written out."""
        return SETS.get(self.classes[0], self.classes) if len(self.classes) == 1 else self.classes

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [known_labels.called(entry) for entry in self.entries]


class Morphology(Predictor):
    """See the module."""

    def __init__(self, shape: tuple[int, ...], config: MorphologyConfig):
        super().__init__(shape)
        self.config, self.names = config, config.names
        n = len(self.names)
        self.trunk = ImageTrunk(shape, config.side, config.channels, config.features, config.stretch, config.dropout)
        self.normed = nn.BatchNorm1d(config.features)
        self.to_kind = nn.Linear(config.features, n)
        self.register_buffer("share", torch.full((n,), 1.0 / n))  # of each class among the training images
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("calibration", torch.full((2,), torch.nan))  # expected error before and after

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Scores of the classes (B, n_classes) of cutouts as they lie."""
        return self.to_kind(self.normed(self.trunk(x, w)).relu()).float()

    def scores(self, x: Tensor, w: Tensor) -> Tensor:
        """Calibrated scores (B, n_classes), the mean over the symmetries."""
        return self._mean_scores(x, w) / self.temperature.float()

    def _mean_scores(self, x: Tensor, w: Tensor) -> Tensor:
        return torch.stack([self(*turned) for turned in symmetries(self.config.views, x, w)]).mean(dim=0)

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms: ``kind``, ``own`` (of self-training), and ``wrong``, the share of labels missed.

        `labels` are ``kind`` (int64, -1 is not known). All classes count alike in ``wrong``.
        """
        if not labels or "kind" not in labels:
            raise TrainError("classes need labels to learn from", "morphology", "give labels['kind'], numbers of classes")
        scores, kind = self(x, w), labels["kind"]
        seen = (w > 0).flatten(1).any(dim=1)
        known = (kind >= 0) & seen
        if self.training and known.any():
            self.share.lerp_(torch.bincount(kind[known], minlength=len(self.share)) / known.sum(), _LEARNT_SHARE)
        weight = self._weight(kind) * known  # (B,)
        total = weight.sum().clamp_min(1e-6)
        of_kind = (weight * self._cost(scores, kind)).sum() / total
        wrong = (weight * (scores.argmax(dim=1) != kind)).sum() / total
        terms = {"loss": of_kind, "kind": of_kind, "wrong": wrong}
        if self.config.self_training:
            own = self._own(x, w, scores, (kind < 0) & seen)
            terms |= {"loss": of_kind + self.config.self_training * own, "own": own}
        return terms

    def _cost(self, scores: Tensor, kind: Tensor) -> Tensor:
        """Generalised cross entropy (B,) of the labels."""
        q, log_p = self.config.forgiving, scores.log_softmax(dim=1).gather(1, kind.clamp_min(0)[:, None]).squeeze(1)
        return -torch.expm1(q * log_p) / q if q > 0 else -log_p

    def _weight(self, kind: Tensor) -> Tensor:
        """Weight of each image (B,) by how common its class is; a class has at most twenty times the usual weight."""
        each = (self.share.float() * len(self.share)).clamp_min(1e-4).pow(-self.config.balance).clamp_max(20.0)
        return each[kind.clamp_min(0)]

    def _own(self, x: Tensor, w: Tensor, scores: Tensor, unknown: Tensor) -> Tensor:
        """Cost of those without a label against what the network says of their mirror images, where it is sure."""
        if not unknown.any():
            return scores.sum() * 0.0
        with torch.no_grad():
            p, said = self(x.flip(-1), w.flip(-1)).softmax(dim=1).max(dim=1)
        sure = unknown & (p >= self.config.sure)
        return (self._cost(scores, said) * sure).sum() / unknown.sum()

    def columns(self) -> tuple[Column, ...]:
        """Class, its probability, and that of every class."""
        return (Column("class_pred", "string", "label", "", "Most probable class"),
                Column("class_conf", "float32", "property", "", "Probability of the most probable class"),
                *(Column(f"p_{name}", "float32", "property", "", f"Probability of class {name}, were all classes as common as "
                                                                 "in its training") for name in self.names))

    @torch.no_grad()
    def predict(self, x: Tensor, w: Tensor) -> dict[str, NDArray]:
        """Columns of cutouts (B, n_bands, H, W); NaN and "" where no pixel is good."""
        nothing = ~(w > 0).flatten(1).any(dim=1)
        p = self.scores(x, w).softmax(dim=1).masked_fill(nothing[:, None], torch.nan)
        confidence, chosen = p.max(dim=1)
        names = np.array(self.names, object)[chosen.cpu().numpy()]
        names[nothing.cpu().numpy()] = ""
        shares = {f"p_{name}": p[:, number].cpu().numpy() for number, name in enumerate(self.names)}
        return {"class_pred": names, "class_conf": confidence.cpu().numpy(), **shares}

    def explainable(self) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
        """The log odds of each class."""
        return {f"class {name}": self._log_odds(number) for number, name in enumerate(self.names)}

    def _log_odds(self, number: int) -> Callable[[Tensor, Tensor], Tensor]:
        def log_odds(x: Tensor, w: Tensor) -> Tensor:
            log_p = self.scores(x, w).log_softmax(dim=1)
            others = [k for k in range(log_p.shape[1]) if k != number]
            return log_p[:, number] - log_p[:, others].logsumexp(dim=1)

        return log_odds

    @torch.no_grad()
    def calibrate(self, x: Tensor, w: Tensor, labels: Labels) -> None:
        """Fit the temperature to every second image; measure the probabilities on the others."""
        w, kind = w * self.seen, labels["kind"]
        scores = torch.cat([self._mean_scores(*part) for part in zip(x.split(_CHUNK), w.split(_CHUNK), strict=True)])
        known = (w > 0).flatten(1).any(dim=1) & (kind >= 0)
        fitted = (torch.arange(len(x), device=x.device) % 2 == 0) | (len(x) < 4)
        fit, held = known & fitted, known & ~fitted
        if not fit.any() or not held.any():
            return
        weight = self._weight(kind)
        self.temperature.fill_(fit_temperature(scores[fit], kind[fit], weight[fit]))
        for place, heat in enumerate((1.0, float(self.temperature))):
            p = (scores[held] / heat).softmax(dim=1)
            self.calibration[place] = calibration_error(p, kind[held], weight=weight[held])
        log.info("temperature %.3f: expected calibration error %.4f before, %.4f after", self.temperature, *self.calibration)


def labels(config: MorphologyConfig, store: Store) -> dict[str, NDArray]:
    """Numbers of the classes ``kind`` (n_rows,), -1 where the catalogue says none of the list.

    Raises
    ------
    TrainError
        When the catalogue has no classes, or objects of fewer than two of the list.
    """
    kind = known_labels.among(store, config.entries)
    known_labels.need_two(kind, config.names, store, "A,B")
    return {"kind": kind}


def build(config: MorphologyConfig, grid: ImageGrid) -> Morphology:
    """An untrained classifier for cutouts on `grid`."""
    return Morphology(grid.shape, config)


MODEL = Model("morphology", "Classes of images: shapes of galaxies, stars against galaxies",
              "after GZ2_project; Willett et al. 2013, MNRAS 435, 2835; Zhang & Sabuncu 2018, arXiv:1805.07836",
              MorphologyConfig, build, labels=labels, reads="images",
              defaults=("epochs=15", "batch=128", "lr=3e-3", "clip=5", "patience=15", "flip=1", "turn=1", "shift=1",
                        "noise=0.5", "blur=0.3"))
