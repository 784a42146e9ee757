"""What all models of images begin with: the middle of a cutout, stretched, and convolutions that shorten it to features.

A convolution of step two halves the image until a few pixels are left, which keeps where in the cutout something lies; for
objects larger or smaller than others that is settled by what the training set shows. A band that was not observed is no dark
one: which are missing enters besides. What is said of a cutout may be averaged over its eight symmetries (four turns, each
mirrored), after which it is the same for the cutout turned by 90 degrees, to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from qsocore.errors import ConfigError

SYMMETRIES = (1, 2, 4, 8)
"""Over how many a mean may be taken: none other, half a turn, the quarters, and their mirror images."""
_LEFT = 3  # pixels along a side behind the convolutions, at most


class ImageTrunk(nn.Module):
    """Convolutions over the middle of stretched cutouts, flattened to `features` numbers.

    Parameters
    ----------
    shape : tuple of int
        Bands, height, width of the cutouts.
    side : int
        Pixels along a side of the middle that is looked at; 0 is all.
    channels : tuple of int
        Of the convolutions; the last holds for those beyond.
    features : int
        Width of the dense layer behind them.
    stretch : float
        x becomes asinh(x / stretch), scaled so that 1 stays 1; 0 leaves it linear.
    dropout : float
        Before the dense layer.
    """

    def __init__(self, shape: tuple[int, ...], side: int, channels: tuple[int, ...], features: int, stretch: float = 0.0,
                 dropout: float = 0.0):
        super().__init__()
        if len(shape) != 3:
            raise ConfigError(f"a model of images cannot read objects of shape {shape}", "images",
                              "train it on a store with images: qso simulate --survey des")
        width = self.side = _centred(side or shape[1], *shape[1:])
        self.stretch = stretch
        steps = max(math.ceil(math.log2(width / _LEFT)), 1)
        depth = [channels[min(k, len(channels) - 1)] for k in range(steps)]
        self.first = nn.Conv2d(shape[0], depth[0], 5, 2, 2, bias=False)
        self.absent = nn.Linear(shape[0], depth[0], bias=False)
        self.normed = nn.BatchNorm2d(depth[0])
        layers: list[nn.Module] = []
        for a, b in pairwise(depth):
            layers += [nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
        self.convolutions = nn.Sequential(*layers)
        left = math.ceil(width / 2**steps)
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(depth[-1] * left * left, features)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (B, features) of normalised cutouts and weights, (B, n_bands, H, W) each."""
        x, w = middle(x, self.side), middle(w, self.side)
        x = torch.where(w > 0, x, 0.0)
        if self.stretch:
            x = _asinh(x / self.stretch) / math.asinh(1.0 / self.stretch)
        lost = (w.amax(dim=(2, 3)) <= 0).to(x.dtype)  # (B, n_bands)
        maps = self.first(x) + self.absent(lost)[..., None, None]
        maps = self.convolutions(self.normed(maps).relu())
        return self.dense(self.dropout(maps.flatten(1)))


def _asinh(x: Tensor) -> Tensor:
    """As `torch.asinh`, which takes four times as long on the CPU; to one part in ten million of 1."""
    return torch.copysign((x.abs() + (x.square() + 1.0).sqrt()).log(), x)


def _centred(side: int, height: int, width: int) -> int:
    """At most `side`, and as much less as brings the middle of a square image to its centre, so that it may be turned."""
    size = min(height, width)
    side = min(side, size)
    return side - (size - side) % 2


def middle(x: Tensor, side: int) -> Tensor:
    """The middle (..., side, side) of images (..., H, W)."""
    top, left = ((size - side) // 2 for size in x.shape[-2:])
    return x[..., top : top + side, left : left + side]


def symmetries(n: int, *images: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The first `n` of the eight symmetries of square images (..., H, W): turns by 90 degrees, then mirrored ones.

    Two are the image and itself by half a turn.
    """
    for k in (0, 2) if n == 2 else range(min(n, 4)):
        yield tuple(image.rot90(k, (-2, -1)) for image in images)
    for k in range(n - 4):
        yield tuple(image.flip(-1).rot90(k, (-2, -1)) for image in images)
