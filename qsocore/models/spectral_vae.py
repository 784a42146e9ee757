"""Spectral VAE: a variational autoencoder cut where the physics cuts, instrument -> rest frame -> observed, after spender.

Melchior et al. (2023), arXiv:2211.07890: a galaxy's spectrum depends on what the galaxy is, and its redshift only moves it. So
the decoder makes a spectrum in the rest frame, on logarithmic pixels from the bluest to the reddest that any redshift brings
into view, and what follows is no network: absorption by the mean Lyman-alpha forest, the shift by ln(1 + z) between pixels
(linear, so that chi2 has a slope in z), the instrument's pixels, and the scale that normalisation gives every spectrum.

Spender is told the redshift. Here it is a latent like the others, ``latent_0`` = ln(1 + z), so that encoding needs nothing but
the spectrum, and `n_latent` counts it. The encoder finds it as `qsocore.models.redshift` does, by correlating a map of features
with a learnt template at every shift; the map is then read at rest, by attention over wavelength, for the other latents, which
therefore say nothing of z. Of a few redshifts the one with the least chi2 is kept, and least squares betters all latents.

Training needs redshifts where the catalogue has them; a spectrum without one is shifted by the encoder's own. The loss is that
of `qsocore.models.infovae` for all latents but the redshift, plus the cross-entropy of its shift.

Of quasars it makes less chi2 than the InfoVAE with as many latents, and it takes some ten times as long to train and to encode.
The InfoVAE needs no redshifts, knows stars as well, and works on any grid: it is the one that ships.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models._refine import refine
from qsocore.models._shift import Correlation, FeatureMap, LogFrame, at_rest, box_width
from qsocore.models._trunk import standardised
from qsocore.models.base import Between, Labels, LatentModel, Model, half_chi2
from qsocore.models.infovae import gaussian_kl, squared_mmd
from qsocore.models.labels import redshifts
from qsocore.simulate.forest import LYMAN_ALPHA, mean_optical_depth
from qsocore.store import Store

_HEADS = 12  # of the attention
_APART = 4  # boxes between two redshifts that are tried
_Z_WEIGHT = 20.0  # of the cross-entropy in the loss: chi2 is a sum over more than a thousand pixels
_Z_PRIOR = 1e-3  # inverse variance of ln(1 + z): next to nothing


@dataclass(frozen=True)
class SpectralVAEConfig:
    """Settings of `SpectralVAE`.

    Parameters
    ----------
    latents : int
        Number of latents, the redshift included.
    widths : tuple of int
        Widths of the decoder's hidden layers, outermost first.
    z_max : float
        Highest redshift.
    boxes : int
        Shifts and features are found in about so many stretches of a spectrum.
    channels, features : tuple of int, int
        Of the convolutions: the stem's, then from the finest map to the coarsest; of the map they end in.
    alpha, lam : float
        Weights of the loss, see `qsocore.models.infovae`.
    tried : int
        Redshifts that are tried in encoding.
    refine : int
        Steps of least squares after it.
    """

    latents: int = 10
    widths: tuple[int, ...] = (256, 128)
    z_max: float = 6.0
    boxes: int = 256
    channels: tuple[int, ...] = (16, 32, 48, 64, 64)
    features: int = 24
    alpha: float = 0.0
    lam: float = 10.0
    tried: int = 3
    refine: int = 4

    def __post_init__(self):
        if self.latents < 2 or not self.widths or min(self.widths) < 1:
            raise ConfigError("latents must be at least 2, the redshift and one more, and widths at least 1", "SpectralVAE")
        if self.alpha > 1 or self.alpha + self.lam < 1:
            raise ConfigError("alpha <= 1 and alpha + lam >= 1 are needed, else a term of the loss turns round", "SpectralVAE")
        if not self.z_max > 0 or self.tried < 1 or self.refine < 0:
            raise ConfigError("z_max and tried must be positive, and refine not negative", "SpectralVAE")


class RestFrameDecoder(nn.Module):
    """Latents to a spectrum in the rest frame, and that to the observed pixels."""

    def __init__(self, grid: WaveGrid, frame: LogFrame, config: SpectralVAEConfig):
        super().__init__()
        log_wave = np.log(np.asarray(grid.wave, np.float64))
        self.step, reach = frame.step, float(np.log1p(config.z_max))
        start = log_wave[0] - reach - self.step  # ln of the bluest rest wavelength
        self.n_rest = int(np.ceil((log_wave[-1] - start) / self.step)) + 3
        outward = (config.latents - 1, *reversed(config.widths))
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(outward))
        self.to_flux = nn.Linear(config.widths[0], self.n_rest)
        nn.init.ones_(self.to_flux.bias)
        place = (log_wave - start) / self.step
        self.register_buffer("place", torch.tensor(place, dtype=torch.float32), persistent=False)  # (n_pix,), at z = 0
        seen_at = np.maximum(np.asarray(grid.wave) / LYMAN_ALPHA - 1.0, 0.0)
        self.register_buffer("depth", torch.tensor(mean_optical_depth(seen_at), dtype=torch.float32), persistent=False)
        self.edge = float((np.log(LYMAN_ALPHA) - start) / self.step)  # rest pixel of Lyman alpha

    def rest(self, s: Tensor) -> Tensor:
        """Flux in the rest frame (B, n_rest) of the latents without redshift (B, K - 1)."""
        for layer in self.hidden:
            s = F.gelu(layer(s))
        return self.to_flux(s)

    def observed(self, rest: Tensor, log_stretch: Tensor) -> Tensor:
        """As it is seen, (B, n_pix), at ln(1 + z) (B,), behind the forest."""
        place = self.place - log_stretch[:, None] / self.step  # (B, n_pix)
        left = place.detach().floor().clamp(0, self.n_rest - 2)
        index, right = left.long(), (place - left).clamp(0.0, 1.0)
        flux = rest.gather(1, index) * (1.0 - right) + rest.gather(1, index + 1) * right
        return flux * torch.exp(-self.depth * torch.sigmoid(self.edge - place))


class SpectralVAE(LatentModel):
    """See the module."""

    def __init__(self, grid: WaveGrid, config: SpectralVAEConfig):
        super().__init__(grid.n_pix, config.latents)
        self.alpha, self.lam, self.tried, self.refine = config.alpha, config.lam, config.tried, config.refine
        self.frame = LogFrame(grid)
        box = box_width(self.frame.n_pix, config.boxes)
        self.box_step = box * self.frame.step
        self.map = FeatureMap(box, config.channels, config.features)
        with torch.no_grad():
            self.positions = self.map.eval()(torch.zeros(2, 2, self.frame.n_pix))[0].shape[2]
        self.map.train()
        self.shifts = max(2, int(np.ceil(np.log1p(config.z_max) / self.box_step)) + 1)  # shift s is ln(1 + z) = s box_step
        self.template = Correlation(config.features, self.positions, self.shifts)
        self.places = self.positions + self.shifts - 1  # of the map at rest
        self.attend = nn.Conv1d(config.features, _HEADS, 1)
        self.where = nn.Parameter(torch.randn(_HEADS, self.places))
        self.dense = nn.Sequential(nn.Linear(_HEADS * config.features + 1, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU())
        self.to_mu, self.to_log_var = (nn.Linear(128, config.latents - 1) for _ in range(2))
        self.decoder = RestFrameDecoder(grid, self.frame, config)

    def features(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map of features (B, F, P), log10 of the signal to noise squared (B, 1), and a score of every shift (B, shifts)."""
        channels, strength = standardised(*self.frame(x, w))
        maps = self.map(channels)[0][:, :, : self.positions]
        return maps, strength, self.template(maps).float()

    def posterior(self, maps: Tensor, strength: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latents without redshift, (B, K - 1) each, for a spectrum at a shift (B,)."""
        known = at_rest(torch.ones_like(maps[:, :1]), shift - self.shifts + 1, 0, self.places)  # (B, 1, places)
        rest = at_rest(maps, shift - self.shifts + 1, 0, self.places)  # (B, F, places)
        weight = (self.attend(rest) + self.where).masked_fill(known == 0, -1e4).softmax(dim=2)
        pooled = weight @ rest.transpose(1, 2)  # (B, heads, F): what each head finds where it looks
        h = self.dense(torch.cat([pooled.flatten(1), strength], dim=1))
        return self.to_mu(h).float(), self.to_log_var(h).float().clamp(-12.0, 6.0)

    def log_stretch(self, scores: Tensor, shift: Tensor) -> Tensor:
        """ln(1 + z), (B,), between shifts: the mean over the shift and its two neighbours."""
        near = (shift[:, None] + torch.arange(-1, 2, device=shift.device)).clamp(0, self.shifts - 1)  # (B, 3)
        return (scores.gather(1, near).softmax(dim=1) * near).sum(dim=1) * self.box_step

    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Latents (B, n_latent), ln(1 + z) first: the best of `tried` redshifts, bettered by least squares."""
        maps, strength, scores = self.features(x, w)
        best, least, left = None, None, scores
        for _ in range(self.tried):
            shift = left.argmax(dim=1)  # (B,)
            s = self.posterior(maps, strength, shift)[0]
            latents = torch.cat([self.log_stretch(scores, shift)[:, None], s], dim=1)
            cost = (w * (x - self.decode(latents)).square()).sum(dim=1)
            better = torch.ones_like(cost, dtype=torch.bool) if best is None else cost < least
            best = latents if best is None else torch.where(better[:, None], latents, best)
            least = cost if least is None else torch.where(better, cost, least)
            near = (torch.arange(self.shifts, device=x.device) - shift[:, None]).abs() < _APART
            left = left.masked_fill(near, -1e9)
        prior = torch.ones_like(best[0])
        prior[0] = _Z_PRIOR
        return refine(self.decode, best, x, w, self.refine, prior)

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised flux (B, n_pix)."""
        return self._scaled(self.decoder.observed(self.decoder.rest(latents[:, 1:]), latents[:, 0]))

    def _scaled(self, flux: Tensor) -> Tensor:
        """In units of its root mean square, as normalisation leaves every spectrum."""
        power = (flux.square() * self.seen).sum(dim=1, keepdim=True) / self.seen.sum().clamp_min(1.0)
        return flux * (power + 1e-6).rsqrt()

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms (``half_chi2``, ``kl``, ``mmd``, ``redshift``), means over the batch; label ``z``."""
        maps, strength, scores = self.features(x, w)
        guess = scores.detach().argmax(dim=1)
        z = labels["z"] if labels else torch.full_like(x[:, 0], torch.nan)
        known = (z > -1) & (torch.log1p(z) <= (self.shifts - 1) * self.box_step)
        truth = torch.where(known, torch.log1p(torch.where(known, z, 0.0)).clamp_min(0.0), 0.0)  # (B,)
        shift = torch.where(known, (truth / self.box_step).round().long(), guess)
        stretch = torch.where(known, truth, self.log_stretch(scores, guess))
        mu, log_var = self.posterior(maps, strength, shift)
        drawn, prior = (torch.randn(mu.shape, generator=generator, device=mu.device, dtype=mu.dtype) for _ in range(2))
        s = mu + drawn * (0.5 * log_var).exp()
        fit = half_chi2(x, w, self.decode(torch.cat([stretch[:, None], s], dim=1)))
        kl = gaussian_kl(mu, log_var).mean()
        mmd = squared_mmd(s, prior)
        entropy = (self._cross_entropy(scores, truth) * known).sum() / len(x)
        total = fit + (1.0 - self.alpha) * kl + (self.alpha + self.lam - 1.0) * (self.n_latent - 1) * mmd + _Z_WEIGHT * entropy
        return {"loss": total, "half_chi2": fit, "kl": kl, "mmd": mmd, "redshift": entropy}

    def _cross_entropy(self, scores: Tensor, truth: Tensor) -> Tensor:
        """Of the shift, shared by the two next to the true ln(1 + z), (B,)."""
        place = (truth / self.box_step).clamp(0, self.shifts - 1)
        left = place.floor().clamp(max=self.shifts - 2).long()
        right = place - left
        log_p = scores.log_softmax(dim=1)
        return -(log_p.gather(1, left[:, None])[:, 0] * (1.0 - right) + log_p.gather(1, left[:, None] + 1)[:, 0] * right)


def build(config: SpectralVAEConfig, grid: WaveGrid) -> SpectralVAE:
    """Untrained, for spectra on `grid`, which must be an observed one."""
    if grid.frame != "observed":
        raise ConfigError("this model finds the redshift itself, so it reads spectra as observed", f"grid {grid.name}",
                          "leave the setting grid away, or train an infovae in the rest frame")
    return SpectralVAE(grid, config)


def labels(config: SpectralVAEConfig, store: Store) -> dict[str, NDArray]:
    """Redshifts, where they are known."""
    return {"z": redshifts(store)}


MODEL = Model("spectral-vae", "Convolutional variational autoencoder with a rest-frame decoder (spender)",
              "Melchior et al. 2023, arXiv:2211.07890", SpectralVAEConfig, build, labels,
              search={"lam": Between(1.0, 64.0, log=True), "alpha": Between(0.0, 1.0), "lr": Between(5e-4, 8e-3, log=True),
                      "widths": ("128,64", "256,128", "512,256")})
