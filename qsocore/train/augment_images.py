"""Augmentation of cutouts: what may happen to a picture without its object being another one, drawn anew for each step.

Where the north is, where exactly the object lies, how deep the exposure and how sharp the night was say nothing of what it
is. Its colours do, so that no band is ever scaled by itself. Everything is done to a whole batch of tensors at once: flips,
rotation, shift and crop together in a single interpolation (`grid_sample`), then the PSF, then noise. Pixels that come from
outside the cutout, or from beside a masked one, are masked. Only training data, and the views of a contrastive loss, are
augmented.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from qsocore.errors import ConfigError
from qsocore.sampling import ImageGrid

_LEAST_POWER = -30.0  # below it nothing is left, and numbers too small to be normal are slow
_WHOLE = 0.999  # share of an interpolated pixel that must be good


@dataclass(frozen=True)
class ImageAugmentation:
    """What happens to cutouts; all zero (the default) changes nothing.

    Parameters
    ----------
    flip : float
        Share that may be mirrored: each axis of these by the throw of a coin.
    turn : float
        Share that is turned, by any angle.
    shift : float
        Pixels by which the centre moves at most, along each axis.
    crop : int
        Pixels along a side of what a random crop leaves; 0 leaves all.
    noise : float
        Gaussian noise of up to so many times the cutout's own.
    blur : float
        Broadens the PSF, of all bands alike, by a Gaussian of up to so many pixels (standard deviation).
    bandless : float
        Share that loses one of its bands.
    """

    flip: float = 0.0
    turn: float = 0.0
    shift: float = 0.0
    crop: int = 0
    noise: float = 0.0
    blur: float = 0.0
    bandless: float = 0.0

    def __post_init__(self):
        if not all(0 <= getattr(self, name) <= 1 for name in ("flip", "turn", "bandless")):
            raise ConfigError("flip, turn and bandless are shares of the cutouts, 0 to 1", "ImageAugmentation")
        if not all(0 <= getattr(self, name) < math.inf for name in ("shift", "crop", "noise", "blur")):
            raise ConfigError("shift, crop, noise and blur are 0 or more", "ImageAugmentation")

    @property
    def any(self) -> bool:
        """Whether anything is done at all."""
        return any((self.flip, self.turn, self.shift, self.crop, self.noise, self.blur, self.bandless))


class ImageAugmenter:
    """Applies an `ImageAugmentation` to batches of cutouts.

    Parameters
    ----------
    augmentation : ImageAugmentation
        What is done.
    grid : ImageGrid
        Of the cutouts.

    Raises
    ------
    ConfigError
        When the crop is larger than the cutouts.
    """

    def __init__(self, augmentation: ImageAugmentation, grid: ImageGrid):
        if augmentation.crop > grid.side:
            raise ConfigError(f"a crop of {augmentation.crop} pixels from cutouts of {grid.side}", "ImageAugmentation",
                              "set crop to the cutouts' side or less")
        self.settings, self.side = augmentation, augmentation.crop or grid.side

    def __call__(self, x: Tensor, w: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """An augmented copy of a batch, x and w (B, n_bands, H, W); H and W of the copy are those of the crop."""
        do = self.settings
        x = torch.where(w > 0, x, 0.0)
        if do.flip or do.turn or do.shift or self.side != x.shape[-1]:
            x, w = _resampled(x, w, self._frames(x, generator), self.side)
        if do.blur:
            x = _broadened(x, w, do.blur * _uniform(generator, x, len(x)))
        if do.noise:
            x, w = _noisier(x, w, do.noise, generator)
        if do.bandless:
            x, w = _without_a_band(x, w, do.bandless, generator)
        return x, w

    def _frames(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Where each cutout's new axes and centre lie in the old one, (B, 2, 3), in `affine_grid`'s units."""
        do, n, side = self.settings, len(x), x.shape[-1]
        angle = 2 * math.pi * _uniform(generator, x, n) * (_uniform(generator, x, n) < do.turn)
        mirrored = torch.where(_uniform(generator, x, 2, n) < 0.5 * do.flip, -1.0, 1.0)
        ratio = self.side / side
        room = 2.0 * (do.shift + 0.5 * (side - self.side)) / side  # of the centre, half a side being 1
        centre = room * (2.0 * _uniform(generator, x, 2, n) - 1.0)
        c, s = ratio * angle.cos(), ratio * angle.sin()
        first = torch.stack([c * mirrored[0], -s * mirrored[1], centre[0]], dim=1)
        second = torch.stack([s * mirrored[0], c * mirrored[1], centre[1]], dim=1)
        return torch.stack([first, second], dim=1)


def _uniform(generator: torch.Generator, like: Tensor, *shape: int) -> Tensor:
    return torch.rand(shape, generator=generator, device=like.device, dtype=like.dtype)


def _noisier(x: Tensor, w: Tensor, most: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise along each pixel's own error, mostly small; the weight knows of it."""
    grow = most * _uniform(generator, x, len(x), 1, 1, 1).square()  # (B, 1, 1, 1), in units of the error
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    sigma = w.clamp_min(1e-12).rsqrt() * (w > 0)
    return x.addcmul(noise.mul_(sigma), grow), w / (1.0 + grow.square())


def _broadened(x: Tensor, w: Tensor, sigma: Tensor) -> Tensor:
    """Convolve all bands of each cutout with a Gaussian of its own width sigma (B,), pixels; masked ones are 0 and stay so.

    Along each axis that is a product with a matrix whose columns are Gaussians; those at the edge are of what is there.
    """
    n, bands, height, width = x.shape
    out = x.reshape(n, -1, width) @ _gaussians(width, sigma)
    out = out.reshape(x.shape).mT.reshape(n, -1, height) @ _gaussians(height, sigma)
    return torch.where(w > 0, out.reshape(n, bands, width, height).mT, 0.0)


def _gaussians(size: int, sigma: Tensor) -> Tensor:
    """Matrices (B, size, size) that smooth by sigma (B,)."""
    pixel = torch.arange(size, device=sigma.device, dtype=sigma.dtype)
    power = (pixel[:, None] - pixel).square() * (-0.5 / sigma.clamp_min(0.05).square())[:, None, None]
    columns = torch.exp(power.clamp_min(_LEAST_POWER))
    return columns / columns.sum(dim=1, keepdim=True)


def _resampled(x: Tensor, w: Tensor, frames: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Pixels along the new axes: flux bilinear between the four around each, weight that of the nearest."""
    places = F.affine_grid(frames, [len(x), 1, side, side], align_corners=False)  # (B, side, side, 2)
    good = w > 0
    if good.all():  # only what lies beyond the centres of the outermost pixels is missing
        whole = (places.abs() <= 1.0 - 1.0 / x.shape[-1] + 1e-6).all(dim=-1)[:, None]
    else:
        whole = F.grid_sample(good.to(x.dtype), places, align_corners=False) >= _WHOLE
    x = F.grid_sample(x, places, align_corners=False)
    w = F.grid_sample(w, places, mode="nearest", align_corners=False)
    return x.mul_(whole), w.mul_(whole)


def _without_a_band(x: Tensor, w: Tensor, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    n, bands = x.shape[:2]
    lost = torch.randint(bands, (n,), generator=generator, device=x.device)
    lost = torch.where(_uniform(generator, x, n) < share, lost, -1)
    keep = (torch.arange(bands, device=x.device) != lost[:, None]).to(x.dtype)[..., None, None]
    return x * keep, w * keep


def build_image_augmenter(augmentation: ImageAugmentation, grid: ImageGrid) -> ImageAugmenter | None:
    """The augmenter, or None where nothing is to be done."""
    return ImageAugmenter(augmentation, grid) if augmentation.any else None
