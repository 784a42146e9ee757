"""Scores as probabilities, and numbers as their place among known ones.

A network's softmax is surer than it should be; one temperature that divides its scores, fitted to spectra it was not trained
on, mends most of that (Guo et al. 2017, arXiv:1706.04599), and leaves the order of the classes as it is.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_LEVELS = 1001  # quantiles kept of a distribution
_COOLEST, _HOTTEST = 0.05, 20.0


def fit_temperature(logits: Tensor, kind: Tensor, weight: Tensor | None = None) -> float:
    """Temperature T for which softmax(logits / T) gives the labels the highest likelihood.

    The likelihood's logarithm is concave in 1 / T, so that its slope is halved upon until T is known to one part in a million.

    Parameters
    ----------
    logits : Tensor, shape (n, n_classes)
        Scores.
    kind : Tensor of int64, shape (n,)
        Numbers of the classes.
    weight : Tensor, shape (n,), optional
        Of each spectrum.

    Returns
    -------
    float
        In 0.05 to 20; 1 when there is nothing to fit.
    """
    if not len(logits):
        return 1.0
    logits = logits.double()
    weight = torch.ones_like(logits[:, 0]) if weight is None else weight.double()
    wanted = logits.gather(1, kind[:, None]).squeeze(1)  # (n,)

    def slope(coolness: float) -> float:
        expected = (logits * (coolness * logits).softmax(dim=1)).sum(dim=1)  # (n,)
        return float((weight * (wanted - expected)).sum())

    low, high = 1.0 / _HOTTEST, 1.0 / _COOLEST
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return 2.0 / (low + high)


def calibration_error(p: Tensor, kind: Tensor, bins: int = 15, weight: Tensor | None = None) -> float:
    """Expected calibration error: mean distance of confidence from accuracy over bins of equal width in confidence.

    Naeini, Cooper & Hauskrecht (2015), AAAI 29, 2901.

    Parameters
    ----------
    p : Tensor, shape (n, n_classes)
        Probabilities.
    kind : Tensor of int64, shape (n,)
        Numbers of the true classes.
    bins : int
        Of confidence, 0 to 1.
    weight : Tensor, shape (n,), optional
        Of each spectrum.
    """
    confidence, chosen = p.double().max(dim=1)
    right = (chosen == kind).double()
    weight = torch.ones_like(confidence) if weight is None else weight.double()
    place = (confidence * bins).long().clamp(0, bins - 1)
    gap = torch.zeros(bins, dtype=torch.float64, device=p.device).index_add_(0, place, weight * (confidence - right))
    return float(gap.abs().sum() / weight.sum().clamp_min(1e-12))


class Quantiles(nn.Module):
    """The place of numbers among those that were shown, 0 (below all) to 1 (above all), for `n` kinds of numbers."""

    def __init__(self, n: int):
        super().__init__()
        self.register_buffer("levels", torch.linspace(0.0, 1.0, _LEVELS).repeat(n, 1))

    @torch.no_grad()
    def learn(self, values: Tensor) -> None:
        """Take known numbers (m, n), m > 0."""
        place = torch.linspace(0, len(values) - 1, _LEVELS, device=values.device)
        ordered = values.float().sort(dim=0).values  # (m, n)
        below = place.long()
        above = (below + 1).clamp_max(len(values) - 1)
        self.levels.copy_(torch.lerp(ordered[below], ordered[above], (place - below)[:, None]).T)

    def forward(self, values: Tensor) -> Tensor:
        """Places (B, n) of numbers (B, n)."""
        levels, sought = self.levels.float(), values.float().T.contiguous()
        above = torch.searchsorted(levels, sought).clamp(1, _LEVELS - 1)  # (n, B)
        low, high = levels.gather(1, above - 1), levels.gather(1, above)
        part = ((sought - low) / (high - low).clamp_min(1e-30)).nan_to_num(1.0).clamp(0.0, 1.0)
        return ((above - 1 + part) / (_LEVELS - 1)).T

    def surprise(self, values: Tensor) -> Tensor:
        """Minus the log of the chance (B, n) that a known number is larger than each of `values` (B, n).

        Beyond their 99 % point it goes on as an exponential distribution through the 90 and 99 % points would, so that
        there is no largest surprise.
        """
        often, seldom = self.levels.float()[:, (_LEVELS - 1) * 9 // 10], self.levels.float()[:, (_LEVELS - 1) * 99 // 100]
        scale = (seldom - often).clamp_min(1e-6) / math.log(10.0)
        beyond = math.log(100.0) + (values - seldom) / scale
        within = -torch.log1p(-self(values).clamp_max(0.99))
        return torch.where(values > seldom, beyond, within)
