"""Non-negative matrix factorisation of spectra with noise and gaps: each a sum of parts that only add.

Lee & Seung (1999), Nature 401, 788; with weights Blanton & Roweis (2007), AJ 133, 734, and Zhu (2016), arXiv:1612.06037. The
flux itself may be negative, as noise is (Green & Bailey 2024, IEEE Access 12, 73694): only components and latents are held to
zero or more, and chi2 is lowered over all good pixels. Latents and components are solved in turn by coordinate descent
(Cichocki & Phan 2009, IEICE Trans. E92-A, 708), of which no step raises chi2. As with `qsocore.models.pca`, one pass over the
data gathers the normal equations of the components at every pixel, so that memory does not grow with the number of spectra.
"""

from __future__ import annotations

import torch
from torch import Tensor

from qsocore.grid import WaveGrid
from qsocore.models._components import Components, ComponentsConfig, leading_directions, products
from qsocore.models.base import Model

_SWEEPS = 60
"""Of the coordinates: what is left after as many is far below the noise of any spectrum."""
_LEAST = 1e-3  # where a component starts, in units of the mean flux: at zero it could not say in which direction to go


class NMF(Components):
    """See the module. Components have a mean of 1 and stand in falling order of the flux that they bring."""

    def __init__(self, n_pix: int, config: ComponentsConfig):
        super().__init__(n_pix, config, config.latents)
        self.register_buffer("components", torch.ones(config.latents, n_pix))  # (k, n_pix), none below zero
        self.gather("brought", config.latents)  # sum of c

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """Start from the means of as many groups of alike spectra: equal parts along the sample's leading direction."""
        super().initialise(x, w)
        good = (w > 0).to(x.dtype)  # (B, n_pix)
        mean = (good * x).sum(dim=0) / good.sum(dim=0).clamp_min(1.0)
        score = (good * (x - mean)) @ leading_directions(good * (x - mean), 1)[0]  # (B,)
        for k, group in enumerate(torch.argsort(score).tensor_split(self.n_latent)):
            n = good[group].sum(dim=0)
            part = torch.where(n > 0, (good[group] * x[group]).sum(dim=0) / n.clamp_min(1.0), mean)
            self.components[k] = part.clamp_min(_LEAST * mean.abs().mean().clamp_min(1e-6))
        self.components /= self.components.mean(dim=1, keepdim=True)

    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Non-negative least-squares coefficients (B, k); zero for a spectrum without a good pixel."""
        k = self.n_latent
        normal = (w @ products(self.components).T).reshape(-1, k, k)  # (B, k, k)
        right = (w * x) @ self.components.T  # (B, k)
        return solve_above_zero(normal, right, torch.zeros_like(right))

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised flux (B, n_pix)."""
        return latents @ self.components

    @torch.no_grad()
    def accumulate(self, x: Tensor, w: Tensor) -> Tensor:
        """Add a batch to the normal equations of the components; returns its loss."""
        c = self.encode(x, w)  # (B, k)
        self.brought += c.sum(dim=0)
        return self.add(x, w, c, c)

    @torch.no_grad()
    def update(self) -> float:
        """Solve the components from what was gathered, scale and order them, and start anew; mean loss of the pass."""
        k = self.n_latent
        solved = solve_above_zero(self.normal.reshape(-1, k, k), self.right, self.components.T.double())  # (n_pix, k)
        size = solved.mean(dim=0)
        kept = size > 0  # a component that nothing asks for keeps what it had
        self.components[kept] = (solved[:, kept] / size[kept]).T.float()
        self.components.copy_(self.components[torch.argsort(self.brought * torch.where(kept, size, 1.0), descending=True)])
        return self.begin_anew()


def solve_above_zero(normal: Tensor, right: Tensor, start: Tensor, sweeps: int = _SWEEPS) -> Tensor:
    """The c >= 0 with the least c^T N c / 2 - r^T c, for many N and r at once, by coordinate descent.

    Parameters
    ----------
    normal : Tensor, shape (n, k, k)
        Symmetric, positive semi-definite.
    right : Tensor, shape (n, k)
    start : Tensor, shape (n, k)
        From where; a coordinate that N says nothing of stays there.
    sweeps : int
        Rounds over all coordinates.

    Returns
    -------
    Tensor, shape (n, k)
    """
    c, curvature = start.clone(), normal.diagonal(dim1=1, dim2=2)
    for _ in range(sweeps):
        for j in range(c.shape[1]):
            known = curvature[:, j] > 0
            step = (right[:, j] - (normal[:, j] * c).sum(dim=1)) / torch.where(known, curvature[:, j], 1.0)
            c[:, j] = torch.where(known, (c[:, j] + step).clamp_min(0.0), c[:, j])
    return c


def build(config: ComponentsConfig, grid: WaveGrid) -> NMF:
    """Untrained components for spectra on `grid`."""
    return NMF(grid.n_pix, config)


MODEL = Model("nmf", "Non-negative matrix factorisation with weights and gaps", "Zhu 2016, arXiv:1612.06037", ComponentsConfig,
              build)
