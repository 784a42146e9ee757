"""How unlike all known spectra a spectrum is: sky fibres, dead fibres, artefacts, and what nobody has thought of.

Four measures are taken, each of them large for another way of being strange:

- distance: of the network's features, by their direction alone, from the nearest of a thousand known spectra (Sun et al.
  2022, arXiv:2204.06507; on artefacts it ranked far better than the Mahalanobis distance from the class means),
- misfit: chi2 per pixel of what a few principal components of the training spectra leave over,
- faintness: how little of the spectrum stands above its noise, averaged over blocks of it,
- flatness: how little the blocks differ from one another.

Each is expressed as its surprise, minus the log of the chance of a larger one among known spectra. A spectrum is as strange
as it is faint, or flat, or far and misfit together; and the score is the place of that among known spectra: 0.99 is stranger
than 99 % of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qsocore.models._calibration import Quantiles
from qsocore.models.pca import leading_directions

_BLOCKS = 64
_RIDGE = 1e-3


class Unlike(nn.Module):
    """See the module.

    Parameters
    ----------
    n_pix : int
        Pixels of a spectrum.
    features : int
        Of the network.
    components : int
        Principal components of the training spectra.
    references : int
        Known spectra that others are compared with.
    """

    def __init__(self, n_pix: int, features: int, components: int, references: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_pix))
        self.register_buffer("components", torch.zeros(min(components, n_pix // 2), n_pix))
        self.register_buffer("references", torch.zeros(references, features))
        self.usual, self.place = Quantiles(4), Quantiles(1)

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """Take the mean and the principal components of a sample of the training spectra, (B, n_pix) each."""
        good = (w > 0).to(x.dtype)
        self.mean.copy_((good * x).sum(dim=0) / good.sum(dim=0).clamp_min(1.0))
        found = leading_directions(good * (x - self.mean), len(self.components))
        self.components[: len(found)] = found

    @torch.no_grad()
    def learn_references(self, features: Tensor, weight: Tensor) -> None:
        """Draw the spectra to compare with from features (n, features) of known ones, by weight (n,)."""
        many = min(len(self.references), len(features))
        drawn = torch.multinomial(weight.cpu().double(), many, generator=torch.Generator().manual_seed(0))
        self.references.zero_()
        self.references[:many] = _direction(features[drawn.to(features.device)])

    @torch.no_grad()
    def learn_usual(self, features: Tensor, x: Tensor, w: Tensor) -> None:
        """Take what is usual from known spectra, others than the references."""
        measures = self.measures(features, x, w)
        self.usual.learn(measures)
        self.place.learn(self._strangeness(measures))

    def measures(self, features: Tensor, x: Tensor, w: Tensor) -> Tensor:
        """The four measures (B, 4), larger is stranger."""
        return torch.stack([self._distance(features), self._misfit(x, w), *_faint_and_flat(x, w)], dim=1)

    def forward(self, features: Tensor, x: Tensor, w: Tensor) -> Tensor:
        """Place (B,) of each spectrum's strangeness among known ones, 0 to 1."""
        return self.place(self._strangeness(self.measures(features, x, w))).squeeze(1)

    def _strangeness(self, measures: Tensor) -> Tensor:
        """Surprise (B, 1) of the four measures together."""
        distance, misfit, faint, flat = self.usual.surprise(measures).unbind(dim=1)
        return torch.stack([distance + misfit, faint, flat], dim=1).amax(dim=1, keepdim=True)

    def _distance(self, features: Tensor) -> Tensor:
        """Log of the cosine distance from the nearest reference (B,)."""
        cosine = _direction(features.float()) @ self.references.float().T  # (B, references)
        return (1.0 - cosine.amax(dim=1)).clamp_min(1e-6).log()

    def _misfit(self, x: Tensor, w: Tensor) -> Tensor:
        """Log of chi2 per pixel (B,) over the principal components, fitted by weighted least squares."""
        parts, k = self.components.float(), len(self.components)
        pairs = (parts[:, None] * parts[None]).reshape(k * k, -1)  # (k k, n_pix)
        normal = (w @ pairs.T).reshape(-1, k, k)  # (B, k, k)
        ridge = _RIDGE * normal.diagonal(dim1=1, dim2=2).mean(dim=1).clamp_min(1e-6)
        normal = normal + ridge[:, None, None] * torch.eye(k, device=x.device)
        right = (w * (x - self.mean.float())) @ parts.T  # (B, k)
        left = x - self.mean.float() - torch.linalg.solve(normal, right) @ parts
        return ((w * left.square()).sum(dim=1) / (w > 0).sum(dim=1).clamp_min(1)).add(1e-6).log()


def _direction(features: Tensor) -> Tensor:
    return features / features.norm(dim=1, keepdim=True).clamp_min(1e-6)


def _faint_and_flat(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Minus the logs of the blocks' mean squared signal to noise, and of their scatter in units of their mean, (B,) each."""
    blocks = min(_BLOCKS, x.shape[1])
    edges = torch.linspace(0, x.shape[1], blocks + 1).long()
    sizes = edges.diff()
    weight = torch.stack([part.sum(dim=1) for part in w.split(sizes.tolist(), dim=1)], dim=1)  # (B, blocks)
    flux = torch.stack([part.sum(dim=1) for part in (w * x).split(sizes.tolist(), dim=1)], dim=1)
    seen = weight > 0
    mean = torch.where(seen, flux / weight.clamp_min(1e-30), 0.0)
    many = seen.sum(dim=1).clamp_min(1)
    power = (weight * mean.square()).sum(dim=1) / many  # 1 for noise alone
    middle = (mean.sum(dim=1) / many)[:, None]
    spread = (seen * (mean - middle).square()).sum(dim=1) / many
    noise = (seen / weight.clamp_min(1e-30)).sum(dim=1) / many
    level = middle.squeeze(1).square() + spread + noise
    return -power.add(1e-3).log(), -(spread / level.clamp_min(1e-30)).add(1e-6).log()
