"""Regression of the redshift from a spectrum's features, after DeepRedshift: one number and its error, whatever the body.

DeepRedshift's networks end in a sigmoid or a ReLU and learn the L1 distance, so that those with a sigmoid could never reach
its labels of 1.8 to 3.8. Here the output is linear in ln(1 + z), in units of the mean and scatter of the labels themselves,
and the L1 distance has become the likelihood of a Laplace distribution whose width is predicted besides:

    |ln(1 + z) - m| / b + ln b.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from qsocore.catalog import Column
from qsocore.models.base import Labels, Predictor
from qsocore.models.labels import is_quasar, redshifts
from qsocore.store import Store
from qsocore.units import C_KM_S

_CHUNK = 256  # spectra worked on together
_RIGHT = 6000.0 / C_KM_S  # in ln(1 + z): misses beyond it do not count for the error


class Regressor(Predictor):
    """A body's features, (B, features), to a redshift.

    Attributes
    ----------
    centre, spread : Tensor
        Mean and standard deviation of the first batch's ln(1 + z).
    """

    def __init__(self, n_pix: int, body: nn.Module, features: int):
        super().__init__(n_pix)
        self.body = body  # (x, w) to (B, features)
        self.head = nn.Linear(features, 3)
        for name, value in (("centre", 0.0), ("spread", 1.0), ("met", 0.0), ("factor", 1.0)):
            self.register_buffer(name, torch.tensor(value))

    def forward(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """ln(1 + z), the log of its Laplace width and the logit of being a quasar, (B,) each."""
        place, log_width, quasar = self.head(self.body(x, w)).float().unbind(1)
        return self.centre + self.spread * place, self.spread.log() + log_width.clamp(-8.0, 3.0), quasar

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms ``redshift`` and ``quasar``, means over the spectra whose labels are known."""
        labels = labels or {}
        unknown = x.new_full((len(x),), math.nan)
        z, quasar = (labels.get(name, unknown).to(x.dtype) for name in ("z", "is_quasar"))
        known, kind_known = torch.isfinite(z) & (z > -1.0), torch.isfinite(quasar)
        ln_z = torch.log1p(torch.where(known, z, 0.0))
        if self.training and not self.met and known.sum() > 1:
            self.centre.copy_(ln_z[known].mean())
            self.spread.copy_(ln_z[known].std().clamp_min(1e-3))
            self.met.fill_(1.0)
        place, log_width, logit = self(x, w)
        miss = (place - ln_z).abs() * torch.exp(-log_width) + log_width
        kind = F.binary_cross_entropy_with_logits(logit, quasar.nan_to_num(), reduction="none")
        terms = {"redshift": masked_mean(miss, known), "quasar": masked_mean(kind, kind_known)}
        return {"loss": terms["redshift"] + terms["quasar"], **terms}

    def columns(self) -> tuple[Column, ...]:
        """See `Predictor.columns`."""
        return (Column("z_pred", "float64", "redshift", "", "Predicted redshift"),
                Column("z_err", "float32", "error", "", "Its standard error, if it is not catastrophically wrong"),
                Column("is_qso", "float32", "quality", "", "Probability to be a quasar"))

    @torch.no_grad()
    def predict(self, x: Tensor, w: Tensor) -> dict[str, NDArray]:
        """See `Predictor.predict`."""
        ln_z, error, quasar = self._predict(x, w)
        empty = ~(w > 0).any(dim=1)
        values = {"z_pred": ln_z.double().expm1(), "z_err": error * ln_z.exp(), "is_qso": quasar}
        return {column.name: torch.where(empty, math.nan, values[column.name]).cpu().numpy().astype(column.dtype)
                for column in self.columns()}

    def explainable(self) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
        """ln(1 + z), and the logit of being a quasar."""
        return {"redshift": lambda x, w: self(x, w)[0], "quasar": lambda x, w: self(x, w)[2]}

    @torch.no_grad()
    def calibrate(self, x: Tensor, w: Tensor, labels: Labels) -> None:
        """Stretch the errors to the scatter of the redshifts that are right within 6000 km/s."""
        self.factor.fill_(1.0)
        ln_z, error, _ = self._predict(x, w)
        miss = (ln_z - torch.log1p(labels["z"])).abs()
        right = miss < _RIGHT  # not where the label is NaN
        if right.sum() >= 100:
            self.factor.copy_((miss / error)[right].quantile(0.683).clamp(0.1, 10.0))

    def _predict(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """ln(1 + z), its standard error and the probability of a quasar, (B,) each."""
        was_training = self.training
        self.eval()
        parts = [self(a, b) for a, b in zip(x.split(_CHUNK), w.split(_CHUNK), strict=True)]
        self.train(was_training)
        ln_z, log_width, logit = (torch.cat(column) for column in zip(*parts, strict=True))
        return ln_z, self.factor * math.sqrt(2.0) * log_width.exp(), logit.sigmoid()


def masked_mean(values: Tensor, where: Tensor) -> Tensor:
    """Mean of the values where it says so, 0 if nowhere."""
    return torch.where(where, values, 0.0).sum() / where.sum().clamp_min(1)


def labels(config: object, store: Store) -> dict[str, NDArray]:
    """What the loss is told of a store's objects."""
    return {"z": redshifts(store), "is_quasar": is_quasar(store)}
