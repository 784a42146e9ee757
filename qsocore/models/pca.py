"""Principal components of spectra with noise and gaps, by alternating weighted least squares (Bailey 2012, PASP 124, 1015).

A spectrum is the mean plus a sum of components; each pixel counts with its weight, so that a masked pixel is neither
filled nor guessed. One pass over the data solves the coefficients of every spectrum with the components held, and
gathers for every pixel the normal equations of the components with the coefficients held. Memory is that of one batch and
of the normal equations, n_pix (n_latent + 1)^2, whatever the number of spectra.
"""

from __future__ import annotations

import torch
from torch import Tensor

from qsocore.grid import WaveGrid
from qsocore.models._components import Components, ComponentsConfig, leading_directions, products
from qsocore.models.base import Model

_RIDGE = 1e-6  # of the mean diagonal; holds spectra with fewer good pixels than components


class PCA(Components):
    """See the module. Latents are coefficients of orthonormal components in falling order of variance."""

    def __init__(self, n_pix: int, config: ComponentsConfig):
        super().__init__(n_pix, config, config.latents + 1)  # the mean goes with the coefficient 1
        self.register_buffer("mean", torch.zeros(n_pix))
        self.register_buffer("components", torch.eye(config.latents, n_pix))  # (k, n_pix), orthonormal rows
        self.gather("spread", config.latents + 1, config.latents + 1)  # sum of c c^T

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """Start from the leading directions of the sample with its gaps at the mean."""
        super().initialise(x, w)
        good = (w > 0).to(x.dtype)
        self.mean.copy_((good * x).sum(dim=0) / good.sum(dim=0).clamp_min(1.0))
        self.components.copy_(leading_directions(good * (x - self.mean), self.n_latent))

    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Weighted least-squares coefficients (B, k); zero for a spectrum without a good pixel."""
        k = self.n_latent
        normal = (w @ products(self.components).T).reshape(-1, k, k)  # (B, k, k)
        right = (w * (x - self.mean)) @ self.components.T  # (B, k)
        ridge = _RIDGE * normal.diagonal(dim1=1, dim2=2).mean(dim=1) + torch.finfo(x.dtype).tiny
        normal = normal + ridge[:, None, None] * torch.eye(k, device=x.device)
        return torch.linalg.solve(normal, right)

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised flux (B, n_pix)."""
        return self.mean + latents @ self.components

    @torch.no_grad()
    def accumulate(self, x: Tensor, w: Tensor) -> Tensor:
        """Add a batch to the normal equations of the components; returns its loss."""
        latents = self.encode(x, w)
        c = torch.cat([torch.ones_like(latents[:, :1]), latents], dim=1)  # (B, k + 1)
        self.spread += c.T @ c
        return self.add(x, w, latents, c)

    @torch.no_grad()
    def update(self) -> float:
        """Solve the mean and components from what was gathered, order them, and start anew; mean loss of the pass."""
        size = self.n_latent + 1
        normal = self.normal.reshape(-1, size, size)
        seen = normal[:, 0, 0] > 0  # pixels that no spectrum has keep what they had
        ridge = _RIDGE * normal.diagonal(dim1=1, dim2=2).mean(dim=1)[:, None, None] * torch.eye(size, device=normal.device)
        solved = torch.linalg.solve((normal + ridge)[seen], self.right[seen])  # (n_seen, k + 1)
        self.mean[seen] = solved[:, 0].float()
        self.components[:, seen] = solved[:, 1:].T.float()
        self._order()
        return self.begin_anew()

    def _order(self) -> None:
        """Turn the components to orthonormal ones along the axes of the coefficients' scatter, the mean to their centre."""
        n = self.spread[0, 0].clamp_min(1.0)
        centre = self.spread[0, 1:] / n
        covariance = self.spread[1:, 1:] / n - centre[:, None] * centre
        components = self.components.double()
        self.mean += (centre @ components).float()
        basis, mixing = torch.linalg.qr(components.T)  # components.T = basis @ mixing
        _, axes = torch.linalg.eigh(mixing @ covariance @ mixing.T)
        ordered = (basis @ axes.flip(1)).T  # (k, n_pix)
        ordered *= torch.where(ordered.sum(dim=1) < 0, -1.0, 1.0)[:, None]  # a sign that does not depend on the solver
        self.components.copy_(ordered.float())


def build(config: ComponentsConfig, grid: WaveGrid) -> PCA:
    """Untrained principal components for spectra on `grid`."""
    return PCA(grid.n_pix, config)


MODEL = Model("pca", "Principal components with weights and gaps (EMPCA)", "Bailey 2012, PASP 124, 1015", ComponentsConfig,
              build)
