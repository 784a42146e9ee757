"""What all predictors begin with: a spectrum on its own scale, and convolutions that shorten it to a few hundred features.

Each spectrum is standardised by its weighted mean and scatter (as QuasarNET does with ivar; Busca & Balland 2018,
arXiv:1808.09955), and a pixel enters shrunk by w s^2 / (1 + w s^2), with s^2 the spectrum's own variance: one lost in its
noise says little, a masked one nothing. How far each was shrunk is the second channel, so that the network knows what it
has not seen: the signal to noise is an input.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

_FARTHEST = 8.0  # in units of the spectrum's scatter: farther is a cosmic ray or a very strong line


def standardised(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Shrunk deviation and its reliability, stacked (B, 2, n_pix), and log10 of the mean signal to noise squared, (B, 1)."""
    total = w.sum(dim=1, keepdim=True).clamp_min(1e-12)
    mean = (w * x).sum(dim=1, keepdim=True) / total
    variance = (w * (x - mean).square()).sum(dim=1, keepdim=True) / total
    variance = variance.clamp_min(1e-12)
    power = w * variance
    reliable = power / (1.0 + power)  # (B, n_pix)
    deviation = ((x - mean) * variance.rsqrt()).clamp(-_FARTHEST, _FARTHEST)
    known = (w > 0).to(x.dtype).sum(dim=1, keepdim=True).clamp_min(1.0)
    strength = ((w * mean.square()).sum(dim=1, keepdim=True) / known).clamp_min(1e-3).log10()
    return torch.stack([deviation * reliable, reliable], dim=1), strength


class Trunk(nn.Module):
    """Convolutions over a standardised spectrum, flattened to `features` numbers.

    Parameters
    ----------
    n_pix : int
        Pixels of a spectrum.
    channels, kernels, strides : tuple of int
        Of the convolutions, from the spectrum inwards.
    features : int
        Width of the dense layer behind them.
    dropout : float
        Before that layer.
    """

    def __init__(self, n_pix: int, channels: tuple[int, ...], kernels: tuple[int, ...], strides: tuple[int, ...],
                 features: int, dropout: float = 0.0):
        super().__init__()
        layers: list[nn.Module] = []
        for (a, b), kernel, stride in zip(pairwise((2, *channels)), kernels, strides, strict=True):
            layers += [nn.Conv1d(a, b, kernel, stride, kernel // 2, bias=False), nn.BatchNorm1d(b), nn.ReLU()]
        self.convolutions = nn.Sequential(*layers)
        with torch.no_grad():
            length = self.convolutions.eval()(torch.zeros(1, 2, n_pix)).numel()
        self.convolutions.train()
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(length + 1, features)
        self.normed = nn.BatchNorm1d(features)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (B, features) of normalised flux and weights, (B, n_pix) each."""
        channels, strength = standardised(x, w)
        maps = self.convolutions(channels).flatten(1)  # (B, channels * length)
        return self.normed(self.dense(self.dropout(torch.cat([maps, strength], dim=1)))).relu()
