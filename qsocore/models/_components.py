"""What models of additive components share: a few spectra, each spectrum a sum of them, trained by passes over the data."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from qsocore.errors import ConfigError
from qsocore.models.base import Labels, LatentModel, half_chi2


@dataclass(frozen=True)
class ComponentsConfig:
    """Settings of `qsocore.models.pca` and `qsocore.models.nmf`.

    Parameters
    ----------
    latents : int
        Number of components.
    """

    latents: int = 16

    def __post_init__(self):
        if self.latents < 1:
            raise ConfigError("latents must be at least 1", "components")


class Components(LatentModel):
    """Alternating least squares: a pass gathers, for every pixel, the normal equations of `n_terms` terms.

    Memory is that of one batch and of those equations, n_pix n_terms^2 numbers, whatever the number of spectra.
    """

    trained_by = "passes"

    def __init__(self, n_pix: int, config: ComponentsConfig, n_terms: int):
        super().__init__(n_pix, config.latents)
        if config.latents >= n_pix:
            raise ConfigError(f"{config.latents} components of {n_pix} pixels", "components", "ask for fewer latents")
        self.gather("normal", n_pix, n_terms * n_terms)  # sum of w c c^T per pixel
        self.gather("right", n_pix, n_terms)  # sum of w c x per pixel
        self.gather("total", 2)  # sum of losses, number of spectra

    def gather(self, name: str, *shape: int) -> None:
        """Something a pass sums up, in double precision; a checkpoint falls between passes and leaves it out."""
        self.register_buffer(name, torch.zeros(shape, dtype=torch.float64), persistent=False)

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """Half chi2 per spectrum; nothing is random."""
        fit = half_chi2(x, w, self(x, w))
        return {"loss": fit, "half_chi2": fit}

    def add(self, x: Tensor, w: Tensor, latents: Tensor, c: Tensor) -> Tensor:
        """Add a batch with coefficients c (B, n_terms) of the terms to the normal equations; returns its loss."""
        self.normal += w.T @ (c[:, :, None] * c[:, None, :]).flatten(1)
        self.right += (w * x).T @ c
        fit = half_chi2(x, w, self.decode(latents))
        self.total += torch.stack([fit * len(x), fit.new_tensor(len(x))])
        return fit

    def begin_anew(self) -> float:
        """Empty what was gathered; the mean loss of the pass that ends."""
        loss = float(self.total[0] / self.total[1].clamp_min(1.0))
        for name, gathered in self.named_buffers():
            if name in self._non_persistent_buffers_set:
                gathered.zero_()
        return loss


def products(components: Tensor) -> Tensor:
    """All products of two components (k, n_pix), as (k k, n_pix)."""
    return (components[:, None] * components[None]).flatten(0, 1)


def leading_directions(x: Tensor, k: int, rounds: int = 4) -> Tensor:
    """Orthonormal rows (k, n_pix) near the leading right singular vectors of x (B, n_pix), by subspace iteration.

    Halko, Martinsson & Tropp (2011), SIAM Review 53, 217; the start is drawn with a fixed seed.
    """
    start = torch.randn(x.shape[1], k + 8, generator=torch.Generator().manual_seed(0)).to(x)
    basis = torch.linalg.qr(start).Q
    for _ in range(rounds):
        basis = torch.linalg.qr(x.T @ (x @ basis)).Q
    scores = x @ basis
    _, axes = torch.linalg.eigh(scores.T @ scores)  # in rising order
    return (basis @ axes.flip(1))[:, :k].T
