"""A contrastive training as it is usually written: every cutout is augmented by itself, by functional operations.

It does what glq_mpia does with torchvision (random crop, flips, a shift that wraps, rotation by any angle), and what our
training does besides (noise, PSF), one image and one operation at a time, as a ``Dataset`` in a ``DataLoader`` does; it is what
the speed of training on images is measured against. torchvision itself is not needed: its tensor operations are these.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset


def random_crop(image: Tensor, side: int) -> Tensor:
    """As ``torchvision.transforms.RandomCrop``."""
    top, left = (int(torch.randint(size - side + 1, (1,))) for size in image.shape[-2:])
    return image[..., top : top + side, left : left + side]


def random_flip(image: Tensor, axis: int) -> Tensor:
    """As ``RandomHorizontalFlip`` and ``RandomVerticalFlip``."""
    return image.flip(axis) if torch.rand(1) < 0.5 else image


def random_shift(image: Tensor, most: int = 2) -> Tensor:
    """A shift that wraps, as glq_mpia's."""
    by = torch.randint(-most, most + 1, (2,)).tolist()
    return image.roll(by, (-2, -1))


def random_rotation(image: Tensor) -> Tensor:
    """As ``RandomRotation(180)`` with bilinear interpolation: a grid and a `grid_sample` for each image."""
    angle = float(torch.empty(1).uniform_(-math.pi, math.pi))
    turn = torch.tensor([[[math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0]]])
    places = F.affine_grid(turn, [1, *image.shape], align_corners=False)
    return F.grid_sample(image[None], places, align_corners=False)[0]


def random_noise(image: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian noise of up to the image's own."""
    return image + torch.rand(1).square() * sigma * torch.randn_like(image)


def random_blur(image: Tensor, most: float = 0.5, reach: int = 2) -> Tensor:
    """As ``GaussianBlur(5)``: padded by reflection, and convolved."""
    step = torch.arange(-reach, reach + 1.0)
    profile = torch.exp(-0.5 * (step / (0.05 + most * float(torch.rand(1)))).square())
    profile = profile / profile.sum()
    kernel = torch.outer(profile, profile).expand(len(image), 1, -1, -1)
    return F.conv2d(F.pad(image[None], [reach] * 4, mode="reflect"), kernel, groups=len(image))[0]


class TwoViewsOf(Dataset):
    """Two augmented views of each cutout.

    Parameters
    ----------
    x, w : Tensor, shape (n, n_bands, H, W)
        Normalised cutouts and their weights.
    crop : int
        Side of the views.
    """

    def __init__(self, x: Tensor, w: Tensor, crop: int):
        self.x, self.sigma, self.crop = x, w.clamp_min(1e-12).rsqrt() * (w > 0), crop

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        """Two views (n_bands, crop, crop)."""
        return self._view(row), self._view(row)

    def _view(self, row: int) -> Tensor:
        image = random_blur(random_noise(self.x[row], self.sigma[row]))
        image = random_flip(random_flip(random_crop(image, self.crop), -1), -2)
        return random_rotation(random_shift(image))


def loader(x: Tensor, w: Tensor, crop: int = 24, batch: int = 256, workers: int = 0) -> DataLoader:
    """Shuffled batches of pairs of views, by processes of their own if `workers`."""
    return DataLoader(TwoViewsOf(x, w, crop), batch, shuffle=True, num_workers=workers, drop_last=True)
