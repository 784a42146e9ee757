"""Augmentation: what surveys do to spectra that the simulation of one of them does not, drawn anew for each training step.

A model trained on one simulated instrument meets others: noisier, with gaps, with a dead arm, with flux calibrations that
bend, with sky lines that were not subtracted well, with another resolution and another coverage. Each of these happens to a
share of the spectra of a batch, in the arrays that the model reads: normalised flux x and weight w, which stay consistent
(noise that is added is in w, pixels that are taken out have w = 0). Validation and test spectra are never augmented.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid

_NOISIEST = 4.0  # times the spectrum's own error, at most
_BEND = 0.35  # ln of the flux calibration's error at most, end to end
_NODES = 6  # of the curve along which it bends
_BLURRIEST = 1.6  # pixels, standard deviation
_SKY = ((5577.0, 8.0), (5892.0, 10.0), (6300.0, 8.0), (7260.0, 60.0), (7600.0, 60.0), (7930.0, 90.0), (8400.0, 130.0),
        (8850.0, 120.0), (9350.0, 150.0), (9800.0, 200.0))  # centre and half width of what the sky spoils, Angstrom
_COVERAGES = ((3600.0, 10400.0), (3800.0, 9200.0), (3600.0, 9824.0), (3700.0, 9100.0), (3900.0, 7500.0))
"""BOSS, SDSS-I/II, DESI, LAMOST, 6dFGS; Angstrom, vacuum."""
_ARMS = ((3000.0, 5900.0), (5700.0, 7600.0), (6000.0, 11000.0), (7450.0, 11000.0))  # blue, DESI's red, red, DESI's infrared


@dataclass(frozen=True)
class Augmentation:
    """Shares of the training spectra that each of these happens to; all zero (the default) changes nothing.

    Parameters
    ----------
    noisier : float
        Gaussian noise of up to four times the spectrum's own, along the shape of its own errors.
    bent : float
        The flux calibration errs smoothly by up to 35 % from one end to the other.
    gapped : float
        One to four stretches of up to 60 pixels are masked.
    armless : float
        An arm of the spectrograph is missing.
    shortened : float
        The coverage is that of another survey.
    skyed : float
        Residuals of sky lines, larger than the errors admit.
    blurred : float
        Lower resolution, a Gaussian of up to 1.6 pixels.
    """

    noisier: float = 0.0
    bent: float = 0.0
    gapped: float = 0.0
    armless: float = 0.0
    shortened: float = 0.0
    skyed: float = 0.0
    blurred: float = 0.0

    def __post_init__(self):
        for field in fields(self):
            if not 0 <= getattr(self, field.name) <= 1:
                raise ConfigError(f"{field.name} is a share of the spectra, 0 to 1", "Augmentation")

    @property
    def any(self) -> bool:
        """Whether anything is done at all."""
        return any(getattr(self, field.name) for field in fields(self))


class Augmenter:
    """Applies an `Augmentation` to batches on a grid; observed-frame grids only, since it is the instrument that errs."""

    def __init__(self, augmentation: Augmentation, grid: WaveGrid):
        if augmentation.any and grid.frame != "observed":
            raise ConfigError("instruments err in the observed frame", f"grid {grid.name}", "leave augmentation off there")
        self.settings = augmentation
        wave = torch.tensor(np.array(grid.wave), dtype=torch.float32)
        self._wave = wave
        place = torch.linspace(0.0, _NODES - 1.0, grid.n_pix)
        self._hats = (1.0 - (place - torch.arange(_NODES)[:, None]).abs()).clamp_min(0.0)  # (_NODES, n_pix)
        self._sky = torch.stack([torch.exp(-0.5 * ((wave - centre) / (width / 2)).square()) for centre, width in _SKY])
        self._arms = torch.stack([((wave >= low) & (wave <= high)).float() for low, high in _ARMS])
        self._coverages = torch.stack([((wave >= low) & (wave <= high)).float() for low, high in _COVERAGES])

    def __call__(self, x: Tensor, w: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """An augmented copy of a batch, x and w (B, n_pix); a spectrum keeps at least a twentieth of its good pixels."""
        do, n, device = self.settings, len(x), x.device

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, device=device)

        def happens(share: float) -> Tensor:
            return (uniform(n, 1) < share).to(x.dtype)  # (B, 1)

        if do.blurred:
            x = _blur(x, w, happens(do.blurred) * _BLURRIEST * uniform(n, 1))
        if do.bent:
            curve = (2.0 * uniform(n, _NODES) - 1.0) * _BEND * happens(do.bent) @ self._hats.to(x)  # (B, n_pix)
            x, w = x * curve.exp(), w * (-2.0 * curve).exp()
        if do.noisier:
            grow = happens(do.noisier) * _NOISIEST * uniform(n, 1).square()  # in units of the error, mostly small
            sigma = w.clamp_min(1e-12).rsqrt() * (w > 0)  # (B, n_pix)
            x = x + grow * sigma * torch.randn(x.shape, generator=generator, device=device)
            w = w / (1.0 + grow.square())
        if do.skyed:
            strength = happens(do.skyed) * 3.0 * (2.0 * uniform(n, len(_SKY)) - 1.0)
            sigma = w.clamp_min(1e-12).rsqrt() * (w > 0)
            rough = torch.randn(x.shape, generator=generator, device=device)
            x = x + (strength @ self._sky.to(x)) * sigma * rough
        keep = torch.ones_like(x)
        if do.gapped:
            keep = keep * (1.0 - happens(do.gapped) * self._gaps(uniform, n, x.shape[1]))
        if do.armless:
            lost = self._arms.to(x)[torch.randint(len(_ARMS), (n,), generator=generator, device=device)]
            keep = keep * (1.0 - happens(do.armless) * lost)
        if do.shortened:
            kept = self._coverages.to(x)[torch.randint(len(_COVERAGES), (n,), generator=generator, device=device)]
            keep = keep * (1.0 - happens(do.shortened) * (1.0 - kept))
        good = (w > 0).to(x.dtype)
        enough = (keep * good).sum(dim=1, keepdim=True) >= 0.05 * good.sum(dim=1, keepdim=True)
        keep = torch.where(enough, keep, torch.ones_like(keep)) * good
        return x * keep, w * keep

    def _gaps(self, uniform, n: int, n_pix: int) -> Tensor:
        """1 where masked, (n, n_pix)."""
        start, length = uniform(n, 4, 1) * n_pix, uniform(n, 4, 1) * 60.0
        used = uniform(n, 4, 1) < torch.tensor([1.0, 0.5, 0.3, 0.2])[:, None].to(start)
        pixel = torch.arange(n_pix, device=start.device)
        return ((pixel >= start) & (pixel < start + length) & used).any(dim=1).to(start.dtype)


def _blur(x: Tensor, w: Tensor, sigma: Tensor) -> Tensor:
    """Smooth each spectrum (B, n_pix) with a Gaussian of its own width (B, 1), pixels; masked ones take no part."""
    reach = 4
    step = torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype)
    kernel = torch.exp(-0.5 * (step / sigma.clamp_min(1e-3)).square())  # (B, 9)
    good = (w > 0).to(x.dtype)
    padded, known = (torch.nn.functional.pad(part, (reach, reach)).unfold(1, 2 * reach + 1, 1) for part in (x * good, good))
    total = torch.einsum("bpk,bk->bp", padded, kernel)
    weight = torch.einsum("bpk,bk->bp", known, kernel)
    return torch.where(weight > 0, total / weight.clamp_min(1e-6), x) * good


def build_augmenter(augmentation: Augmentation, grid: WaveGrid) -> Augmenter | None:
    """The augmenter, or None where nothing is to be done."""
    return Augmenter(augmentation, grid) if augmentation.any else None
