"""Parts of networks for which a redshift is a shift: a logarithmic frame, a map along it, correlation, the rest frame."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from qsocore.grid import WaveGrid

_LONGEST = 3000  # pixels: longer grids are averaged down, which costs a redshift network nothing


class LogFrame(nn.Module):
    """Brings spectra of any observed grid to pixels equal in log wavelength; a logarithmic grid passes as it is.

    Others are averaged by their weights into the finest logarithmic pixels that are never finer than the grid's own.

    Attributes
    ----------
    start, step : float
        ln of the first pixel's wavelength (Angstrom), and between pixels.
    n_pix : int
        Pixels in the frame.
    """

    def __init__(self, grid: WaveGrid):
        super().__init__()
        log_wave = np.log(np.asarray(grid.wave, np.float64))
        self.same = grid.scale == "log10" and grid.n_pix <= _LONGEST
        length = log_wave[-1] - log_wave[0]
        if self.same:
            self.n_pix = grid.n_pix
        else:
            self.n_pix = max(2, min(2048, int(length / np.diff(log_wave).max()) + 1))
        self.start, self.step = float(log_wave[0]), float(length / (self.n_pix - 1))
        index = np.rint((log_wave - self.start) / self.step).astype(np.int64)
        self.register_buffer("index", torch.from_numpy(index), persistent=False)

    def forward(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """X and w, (B, n_pix of the grid) each, in the frame, (B, n_pix) each."""
        if self.same:
            return x, w
        empty = x.new_zeros(len(x), self.n_pix)
        total = empty.index_add(1, self.index, w)
        mean = empty.index_add(1, self.index, w * x) / total.clamp_min(1e-12)
        return mean, total


def box_width(n_pix: int, boxes: int) -> int:
    """Pixels of a box, a power of two, so that there are about `boxes` of them."""
    return 2 ** max(0, round(np.log2(n_pix / boxes)))


class FeatureMap(nn.Module):
    """Features at boxes along a spectrum, each from the fine structure in it and from what lies far around it.

    Convolutions shorten the spectrum to boxes and then step by step to fewer and wider ones, which see far around; the coarse
    maps are brought back up and added to the finer ones (feature pyramid; Lin et al. 2017, arXiv:1612.03144).

    Parameters
    ----------
    width : int
        Pixels of a box, a power of two.
    channels : tuple of int
        Of the stem and of the maps from the finest to the coarsest.
    features : int
        Of the map that comes out.
    """

    def __init__(self, width: int, channels: tuple[int, ...], features: int):
        super().__init__()
        first = min(4, width)
        stem, *levels = channels
        self.stem = nn.Sequential(_conv(2, stem, 15, first), _conv(stem, levels[0], 7, width // first))
        self.down = nn.ModuleList(_conv(a, b, 3, 2) for a, b in pairwise(levels))
        self.level = nn.ModuleList(nn.Conv1d(c, features, 1) for c in levels)
        self.mix = nn.Sequential(nn.BatchNorm1d(features), nn.ReLU(inplace=True), _conv(features, features, 5, 1))

    def forward(self, channels: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, features, P) and its coarsest level (B, channels[-1], fewest) of a spectrum's channels (B, 2, n_pix)."""
        maps = [self.stem(channels)]
        for down in self.down:
            maps.append(down(maps[-1]))
        up = self.level[-1](maps[-1])
        for level, fine in zip(reversed(self.level[:-1]), reversed(maps[:-1]), strict=True):
            up = level(fine) + F.interpolate(up, size=fine.shape[2], mode="nearest")
        return self.mix(up), maps[-1]


def _conv(a: int, b: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(a, b, kernel, stride, kernel // 2, bias=False), nn.BatchNorm1d(b), nn.ReLU(inplace=True))


def folded(module: nn.Module) -> nn.Module:
    """A copy for evaluation whose convolutions have their batch normalisation in their own weights: the same, but faster."""
    copy = deepcopy(module).eval()
    for part in copy.modules():
        if isinstance(part, nn.Sequential) and isinstance(part[0], nn.Conv1d) and isinstance(part[1], nn.BatchNorm1d):
            part[0], part[1] = fuse_conv_bn_eval(part[0], part[1]), nn.Identity()
    return copy


class Correlation(nn.Module):
    """A learnt template in the rest frame against a map at every shift: one score per shift.

    Parameters
    ----------
    channels, positions : int
        Of the map.
    shifts : int
        How many; shift s compares position p with place p - s + shifts - 1 of the template.
    """

    def __init__(self, channels: int, positions: int, shifts: int):
        super().__init__()
        self.positions, self.shifts = positions, shifts
        self.template = nn.Parameter(torch.randn(channels, positions + shifts - 1) * (channels * positions) ** -0.5)
        self.prior = nn.Parameter(torch.zeros(shifts))

    def matrix(self) -> Tensor:
        """The template at every shift, (channels * positions, shifts)."""
        windows = self.template.unfold(1, self.positions, 1)  # (channels, shifts, positions), the last shift first
        return windows.flip(1).transpose(1, 2).reshape(-1, self.shifts)

    def forward(self, maps: Tensor, matrix: Tensor | None = None) -> Tensor:
        """Scores (B, shifts) of maps (B, channels, positions)."""
        return maps.flatten(1) @ (self.matrix() if matrix is None else matrix) + self.prior


def at_rest(maps: Tensor, shift: Tensor, start: int, places: int) -> Tensor:
    """Maps (B, C, P) read from position `start` + shift (B,) on, (B, C, places), 0 where there is no map."""
    n, channels, positions = maps.shape
    index = start + shift[:, None] + torch.arange(places, device=maps.device) + 1  # (B, places)
    index = index.clamp(0, positions + 1) + (positions + 2) * torch.arange(n, device=maps.device)[:, None]
    framed = F.pad(maps, (1, 1)).transpose(1, 2).reshape(-1, channels)  # (B * (P + 2), C), a zero before and behind each
    return F.embedding(index, framed).transpose(1, 2)  # whole rows are read, which is faster than a gather
