"""InfoVAE: a variational autoencoder whose latents, taken together, are held to a normal distribution by their MMD.

Zhao, Song & Ermon (2017), arXiv:1706.02262; for spectra Portillo et al. (2020), AJ 160, 45. Per spectrum the loss is

    1/2 chi2 + (1 - alpha) KL(q(z|x) || N(0, 1)) + (alpha + lambda - 1) n_latent MMD^2(q(z), N(0, 1))

with chi2 summed over the good pixels, so that the three terms are in nats, and alpha = 0, lambda = 1 is the plain VAE.
Portillo et al. multiply the MMD by n_latent likewise. The kernel is Gaussian, k(a, b) = exp(-|a - b|^2 / n_latent).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models._components import leading_directions
from qsocore.models._refine import refine
from qsocore.models.base import Between, Labels, LatentModel, Model, half_chi2


@dataclass(frozen=True)
class InfoVAEConfig:
    """Settings of `InfoVAE`.

    Parameters
    ----------
    latents : int
        Number of latents.
    widths : tuple of int
        Widths of the encoder's hidden layers, outermost first; the decoder mirrors them.
    alpha, lam : float
        Weights of the loss, see the module.
    refine : int
        Steps of least squares by which `InfoVAE.encode` betters what the encoder says, see `qsocore.models._refine`.
    """

    latents: int = 16
    widths: tuple[int, ...] = (512, 256)
    alpha: float = 0.0
    lam: float = 10.0
    refine: int = 0

    def __post_init__(self):
        if self.latents < 1 or not self.widths or min(self.widths) < 1:
            raise ConfigError("latents and widths must be at least 1", "InfoVAE")
        if self.refine < 0:
            raise ConfigError("refine is a number of steps", "InfoVAE")
        if self.alpha > 1 or self.alpha + self.lam < 1:
            raise ConfigError("alpha <= 1 and alpha + lam >= 1 are needed, else a term of the loss turns round", "InfoVAE")


class InfoVAE(LatentModel):
    """See the module. Linear layers with GELU; the mean and scatter of the training spectra are kept with the weights.

    Besides its layers the decoder has a straight way from latents to flux, as principal components have: what is linear need
    not be learnt by the layers, and far from the training spectra the flux goes on as a sum of components does.

    The encoder sees each pixel's deviation from the training mean in units of the scatter s there, shrunk by
    w s^2 / (1 + w s^2) as a Wiener filter does: a noisy pixel says little and a masked one (w = 0) nothing.
    """

    def __init__(self, n_pix: int, config: InfoVAEConfig):
        super().__init__(n_pix, config.latents)
        self.alpha, self.lam, self.refine = config.alpha, config.lam, config.refine
        inward, outward = (n_pix, *config.widths), (config.latents, *reversed(config.widths))
        self.encoder = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(inward))
        self.to_mu = nn.Linear(config.widths[-1], config.latents)
        self.to_log_var = nn.Linear(config.widths[-1], config.latents)
        self.decoder = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(outward))
        self.to_flux = nn.Linear(config.widths[0], n_pix)
        self.straight = nn.Linear(config.latents, n_pix, bias=False)
        self.register_load_state_dict_pre_hook(_without_straight_way)
        self.register_buffer("mean", torch.zeros(n_pix))
        self.register_buffer("scatter", torch.ones(n_pix))

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """Take the mean and scatter of each pixel over the spectra that have it, and start beside principal components.

        The layers next to the spectrum, which are nearly all of the weights, start along the leading directions of the sample,
        so that the first epochs need not find them; everything else starts at random.
        """
        super().initialise(x, w)
        good = (w > 0).to(x.dtype)  # (B, n_pix)
        n = good.sum(dim=0).clamp_min(1.0)
        self.mean.copy_((good * x).sum(dim=0) / n)
        spread = (good * (x - self.mean).square()).sum(dim=0) / n
        self.scatter.copy_(spread.sqrt().clamp(0.1, 10.0))
        h = self._shrunk(x, w)
        directions = leading_directions(h, min(self.to_flux.in_features, self.n_pix))  # (m, n_pix), m up to the width
        size = (h @ directions.T).square().mean(dim=0).sqrt()  # (m,)
        size = size.clamp_min(0.02 * size.max().clamp_min(1e-3))[:, None]
        self.encoder[0].weight[: len(directions)] = directions / size
        self.to_flux.weight[:, : len(directions)] = (directions * size).T
        nn.init.zeros_(self.straight.weight)
        few = min(self.n_latent, len(directions))
        self.straight.weight[:, :few] = (directions * size)[:few].T

    def posterior(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z|x), (B, n_latent) each."""
        h = self._shrunk(x, w)
        for layer in self.encoder:
            h = F.gelu(layer(h))
        return self.to_mu(h).float(), self.to_log_var(h).float().clamp(-12.0, 6.0)  # halves do not add up well

    def _shrunk(self, x: Tensor, w: Tensor) -> Tensor:
        return (x - self.mean) * (w * self.scatter / (1.0 + w * self.scatter.square()))  # (B, n_pix)

    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Posterior means (B, n_latent), bettered by `refine` steps of least squares."""
        return refine(self.decode, self.posterior(x, w)[0], x, w, self.refine)

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised flux (B, n_pix)."""
        h = latents
        for layer in self.decoder:
            h = F.gelu(layer(h))
        return self.mean + self.scatter * (self.to_flux(h) + self.straight(latents))

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms (``half_chi2``, ``kl``, ``mmd``), means over the batch."""
        mu, log_var = self.posterior(x, w)
        drawn, prior = (torch.randn(mu.shape, generator=generator, device=mu.device, dtype=mu.dtype) for _ in range(2))
        z = mu + drawn * (0.5 * log_var).exp()
        fit = half_chi2(x, w, self.decode(z))
        kl = gaussian_kl(mu, log_var).mean()
        mmd = squared_mmd(z, prior)
        total = fit + (1.0 - self.alpha) * kl + (self.alpha + self.lam - 1.0) * self.n_latent * mmd
        return {"loss": total, "half_chi2": fit, "kl": kl, "mmd": mmd}


def _without_straight_way(model: InfoVAE, state: dict[str, Tensor], prefix: str, *_) -> None:
    """Runs trained before there was one had none: zeros are the same."""
    state.setdefault(f"{prefix}straight.weight", torch.zeros_like(model.straight.weight))


def gaussian_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mu, var) || N(0, 1)) in nats per spectrum, (B,)."""
    return 0.5 * (mu.square() + log_var.exp() - 1.0 - log_var).sum(dim=1)


def squared_mmd(a: Tensor, b: Tensor) -> Tensor:
    """Squared maximum mean discrepancy of two samples, (m, d) and (n, d), unbiased, so that it may be a little negative.

    Gretton et al. (2012), JMLR 13, 723, eq. 3, with the kernel exp(-|a - b|^2 / d).
    """
    m, n = len(a), len(b)
    if m < 2 or n < 2:
        return a.new_zeros(())
    within_a = (_kernel(a, a).sum() - m) / (m * (m - 1))  # the diagonal, all ones, is left out
    within_b = (_kernel(b, b).sum() - n) / (n * (n - 1))
    return within_a + within_b - 2.0 * _kernel(a, b).mean()


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    distance = (a[:, None] - b[None]).square().sum(dim=2)  # (m, n); no matrix product, which mixed precision would round
    return torch.exp(-distance / a.shape[1])


def build(config: InfoVAEConfig, grid: WaveGrid) -> InfoVAE:
    """An untrained InfoVAE for spectra on `grid`."""
    return InfoVAE(grid.n_pix, config)


MODEL = Model("infovae", "Variational autoencoder with an MMD term (InfoVAE)",
              "Zhao, Song & Ermon 2017, arXiv:1706.02262; Portillo et al. 2020, AJ 160, 45", InfoVAEConfig, build,
              search={"lam": Between(1.0, 64.0, log=True), "alpha": Between(0.0, 1.0), "lr": Between(5e-4, 8e-3, log=True),
                      "widths": ("256,128", "512,256", "768,384", "512,256,128")})
