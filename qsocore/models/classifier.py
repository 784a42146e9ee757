"""Classes of spectra: a convolutional network for quasars, their broad absorption, stars and galaxies.

The task and the classes are those of mqc-nets. Beyond it: the signal to noise is an input, the redshift is learnt beside the
class (as a distribution over bins of ln(1 + z)), rare classes count as much as common ones, wrong labels do not pull as hard
as in the plain cross entropy (Zhang & Sabuncu 2018, arXiv:1805.07836), the probabilities are calibrated on spectra that it
was not trained on, and each spectrum is told how unlike all known ones it is.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qsocore.catalog import Column
from qsocore.errors import ConfigError, TrainError
from qsocore.grid import WaveGrid
from qsocore.models import labels as known_labels
from qsocore.models._calibration import calibration_error, fit_temperature
from qsocore.models._trunk import Trunk
from qsocore.models._unlike import Unlike
from qsocore.models.base import Labels, Model, Predictor
from qsocore.models.labels import KINDS
from qsocore.store import Store

log = logging.getLogger(__name__)

_NAMES = (*KINDS, "GALAXY")  # what the catalogue's classes are mapped to
_FARTHEST_Z = 7.0
_LEARNT_SHARE = 0.01  # of a batch's shares of the classes goes into what is known of them
_CHUNK = 1024  # spectra at a time where there may be many


@dataclass(frozen=True)
class ClassifierConfig:
    """Settings of `Classifier`.

    Parameters
    ----------
    classes : tuple of str
        In the order of the columns: of QSO, BAL, O, B, A, F, G, K, M, L, WD, C and GAL (or GALAXY).
    channels, kernels, strides : tuple of int
        Of the convolutions.
    features : int
        Width of the last layer.
    dropout : float
        Before it, in training.
    forgiving : float
        q of the generalised cross entropy (1 - p^q) / q: 0 is the cross entropy, 1 the mean absolute error, which forgives
        wrong labels most and learns slowest. Of stars with 5 % of the labels of O, B and C wrong, 0.3 found as many as 0
        and as label smoothing or a learnt matrix of confusions did, and gave their true classes the highest likelihood.
    balance : float
        Weight of a class by its share of the training spectra to the power -balance: 1 makes all classes count alike.
    z_weight : float
        Weight of the redshift's loss; 0 learns none.
    z_bins : int
        Bins of ln(1 + z).
    components : int
        Principal components of the training spectra that ``unlike`` looks for.
    references : int
        Known spectra that ``unlike`` compares with.
    """

    classes: tuple[str, ...] = KINDS
    channels: tuple[int, ...] = (24, 48, 80, 96, 96)
    kernels: tuple[int, ...] = (15, 7, 5, 5, 3)
    strides: tuple[int, ...] = (4, 2, 2, 2, 2)
    features: int = 256
    dropout: float = 0.3
    forgiving: float = 0.3
    balance: float = 1.0
    z_weight: float = 0.3
    z_bins: int = 96
    components: int = 24
    references: int = 1024

    def __post_init__(self):
        remedy = f"use some of {', '.join(KINDS)}, each once"
        unknown = [name for name in self.classes if name not in _NAMES]
        if unknown:
            raise ConfigError(f"no class of spectra is called {', '.join(unknown)}", "classes", remedy)
        if len({name.replace("GALAXY", "GAL") for name in self.classes}) < len(self.classes):
            raise ConfigError("a class stands in the list twice", "classes", remedy)
        if len(self.classes) < 2:
            raise ConfigError("at least two classes are needed", "classes", remedy)
        if not 0 <= self.forgiving <= 1 or not 0 <= self.dropout < 1 or not self.balance >= 0 or not self.z_weight >= 0:
            raise ConfigError("forgiving is 0 to 1, dropout 0 to below 1, balance and z_weight 0 or more", "classifier")
        if min(self.features, self.z_bins - 1, self.components, self.references, *self.channels) < 1:
            raise ConfigError("features, components, references and channels must be at least 1, z_bins 2", "classifier")


class Classifier(Predictor):
    """See the module."""

    def __init__(self, n_pix: int, config: ClassifierConfig):
        super().__init__(n_pix)
        self.config = config
        n = len(config.classes)
        self.trunk = Trunk(n_pix, config.channels, config.kernels, config.strides, config.features, config.dropout)
        self.to_kind = nn.Linear(config.features, n)
        self.to_z = nn.Linear(config.features, config.z_bins)
        self.unlike = Unlike(n_pix, config.features, config.components, config.references)
        self.register_buffer("share", torch.full((n,), 1.0 / n))  # of each class among the training spectra
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("calibration", torch.full((2,), torch.nan))  # expected error before and after

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """Take the training spectra's principal components besides."""
        super().initialise(x, w)
        self.unlike.initialise(x, w)

    def forward(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of the classes (B, n_classes), scores of the bins of redshift (B, z_bins), features (B, features)."""
        features = self.trunk(x, w)
        return self.to_kind(features).float(), self.to_z(features).float(), features.float()

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms: ``kind``, ``z``, and ``wrong``, the share of labels missed with all classes alike.

        `labels` are ``kind`` (int64, -1 is not known) and ``z`` (NaN is not known).
        """
        if not labels or "kind" not in labels:
            raise TrainError("a classifier needs labels to learn from", "classifier", "give labels['kind'], numbers of classes")
        scores, z_scores, _ = self(x, w)
        kind = labels["kind"]
        known = (kind >= 0) & (w > 0).any(dim=1)
        if self.training and known.any():
            self.share.lerp_(torch.bincount(kind[known], minlength=len(self.share)) / known.sum(), _LEARNT_SHARE)
        weight = self._weight(kind) * known  # (B,)
        total = weight.sum().clamp_min(1e-6)
        log_p = scores.log_softmax(dim=1).gather(1, kind.clamp_min(0)[:, None]).squeeze(1)  # (B,)
        of_kind = (weight * self._cost(log_p)).sum() / total
        wrong = (weight * (scores.argmax(dim=1) != kind)).sum() / total
        of_z = self._z_loss(z_scores, labels.get("z"), w)
        return {"loss": of_kind + self.config.z_weight * of_z, "kind": of_kind, "z": of_z, "wrong": wrong}

    def _cost(self, log_p: Tensor) -> Tensor:
        """Generalised cross entropy (B,) of the labels' log probabilities."""
        q = self.config.forgiving
        return -torch.expm1(q * log_p) / q if q > 0 else -log_p

    def _weight(self, kind: Tensor) -> Tensor:
        """Weight of each spectrum (B,) by how common its class is; a class has at most twenty times the usual weight."""
        each = (self.share.float() * len(self.share)).clamp_min(1e-4).pow(-self.config.balance).clamp_max(20.0)
        return each[kind.clamp_min(0)]

    def _z_loss(self, scores: Tensor, z: Tensor | None, w: Tensor) -> Tensor:
        """Cross entropy of the redshift's bins against each redshift shared between the two bins beside it."""
        if z is None or not self.config.z_weight:
            return scores.sum() * 0.0
        known = (torch.isfinite(z) & (z > -0.9) & (w > 0).any(dim=1)).to(scores.dtype)
        last = self.config.z_bins - 1
        place = torch.log1p(z.nan_to_num().clamp(0.0, _FARTHEST_Z)) / math.log1p(_FARTHEST_Z) * last  # (B,)
        below = place.floor().clamp_max(last - 1)
        part = place - below
        log_p = scores.log_softmax(dim=1)
        first, second = (log_p.gather(1, (below.long() + step)[:, None]).squeeze(1) for step in (0, 1))
        return -(known * ((1.0 - part) * first + part * second)).sum() / known.sum().clamp_min(1.0)

    def columns(self) -> tuple[Column, ...]:
        """Class, its probability, that of every class, and how unlike known spectra it is."""
        return (Column("class_pred", "string", "label", "", "Most probable class"),
                Column("class_conf", "float32", "property", "", "Probability of the most probable class"),
                *(Column(f"p_{name}", "float32", "property", "", f"Probability of class {name}, were all classes as common as "
                                                                 "in its training") for name in self.config.classes),
                Column("unlike", "float32", "property", "", "Unlike anything known: stranger than this share of the "
                                                            "validation spectra"))

    @torch.no_grad()
    def predict(self, x: Tensor, w: Tensor) -> dict[str, NDArray]:
        """Columns of spectra (B, n_pix); NaN and "" where no pixel is good."""
        scores, _, features = self(x, w)
        p = (scores / self.temperature.float()).softmax(dim=1)
        nothing = ~(w > 0).any(dim=1)
        p = p.masked_fill(nothing[:, None], torch.nan)
        unlike = self.unlike(features, x, w).masked_fill(nothing, torch.nan)
        confidence, chosen = p.max(dim=1)
        names = np.array(self.config.classes, object)[chosen.cpu().numpy()]
        names[nothing.cpu().numpy()] = ""
        shares = {f"p_{name}": p[:, number].cpu().numpy() for number, name in enumerate(self.config.classes)}
        return {"class_pred": names, "class_conf": confidence.cpu().numpy(), **shares, "unlike": unlike.cpu().numpy()}

    def explainable(self) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
        """The log odds of each class, and the mean of ln(1 + z) where redshifts were learnt."""
        numbers = {f"class {name}": self._log_odds(number) for number, name in enumerate(self.config.classes)}
        return numbers | ({"redshift": self._mean_ln_z} if self.config.z_weight else {})

    def _log_odds(self, number: int) -> Callable[[Tensor, Tensor], Tensor]:
        def log_odds(x: Tensor, w: Tensor) -> Tensor:
            log_p = (self(x, w)[0] / self.temperature.float()).log_softmax(dim=1)
            others = [k for k in range(log_p.shape[1]) if k != number]
            return log_p[:, number] - log_p[:, others].logsumexp(dim=1)

        return log_odds

    def _mean_ln_z(self, x: Tensor, w: Tensor) -> Tensor:
        bins = torch.linspace(0.0, math.log1p(_FARTHEST_Z), self.config.z_bins, device=x.device)
        return self(x, w)[1].softmax(dim=1) @ bins

    @torch.no_grad()
    def calibrate(self, x: Tensor, w: Tensor, labels: Labels) -> None:
        """Take temperature and references from every second spectrum; measure probabilities and what is usual on the others."""
        w, kind = w * self.seen, labels["kind"]
        parts = [self(*part) for part in _chunks(x, w)]
        scores, features = (torch.cat([part[place] for part in parts]) for place in (0, 2))
        good = (w > 0).any(dim=1)
        fitted = (torch.arange(len(x), device=x.device) % 2 == 0) | (len(x) < 4)
        fit, held = good & (kind >= 0) & fitted, good & (kind >= 0) & ~fitted
        if not fit.any() or not held.any():
            return
        weight = self._weight(kind)
        self.temperature.fill_(fit_temperature(scores[fit], kind[fit], weight[fit]))
        for place, heat in enumerate((1.0, float(self.temperature))):
            p = (scores[held] / heat).softmax(dim=1)
            self.calibration[place] = calibration_error(p, kind[held], weight=weight[held])
        log.info("temperature %.3f: expected calibration error %.4f before, %.4f after", self.temperature, *self.calibration)
        count = torch.bincount(kind[fit], minlength=len(self.share))
        self.unlike.learn_references(features[fit], count[kind[fit]].float().rsqrt())  # some of the rare classes too
        self.unlike.learn_usual(features[held], x[held], w[held])


def _chunks(x: Tensor, w: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    yield from zip(x.split(_CHUNK), w.split(_CHUNK), strict=True)


def labels(config: ClassifierConfig, store: Store) -> dict[str, NDArray]:
    """Numbers of the classes ``kind`` and redshifts ``z``, (n_rows,) each.

    Raises
    ------
    TrainError
        When the catalogue has no classes, or objects of fewer than two of the list.
    """
    kind = known_labels.kinds(store, config.classes)
    known_labels.need_two(kind, config.classes, store, "QSO,F,GAL")
    return {"kind": kind, "z": _redshifts(store)}


def _redshifts(store: Store) -> NDArray[np.float32]:
    """Those of the store, NaN where it has none: the classes can be learnt without."""
    try:
        return known_labels.redshifts(store)
    except TrainError as error:
        log.info("%s; the classes are learnt without", error)
        return np.full(store.n_rows, np.nan, np.float32)


def build(config: ClassifierConfig, grid: WaveGrid) -> Classifier:
    """An untrained classifier for spectra on `grid`."""
    return Classifier(grid.n_pix, config)


MODEL = Model("classifier", "Thirteen classes of spectra, with redshift beside them",
              "after mqc-nets; Busca & Balland 2018, arXiv:1808.09955; Zhang & Sabuncu 2018, arXiv:1805.07836",
              ClassifierConfig, build, labels=labels,
              defaults=("epochs=10", "batch=128", "lr=2e-3", "clip=5", "noisier=0.5", "bent=0.5", "gapped=0.4", "armless=0.1",
                        "shortened=0.5", "skyed=0.3", "blurred=0.2"))
