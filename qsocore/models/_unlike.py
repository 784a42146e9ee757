"""How unlike all known spectra a spectrum is: sky fibres, dead fibres, artefacts, and what nobody has thought of.

Four measures are taken, each of them large for another way of being strange:

- distance: of the network's features from the nearest class mean, with the scatter that the classes share (Mahalanobis
  distance; Lee et al. 2018, arXiv:1807.03888),
- misfit: chi2 per pixel of what a few principal components of the training spectra leave over,
- faintness: how little of the spectrum stands above its noise, averaged over blocks of it,
- flatness: how little the blocks differ from one another.

Each is expressed as its place among known spectra, and so is the largest of the four: 0.99 is stranger than 99 % of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qsocore.models._calibration import Quantiles
from qsocore.models.pca import leading_directions

_BLOCKS = 64
_SHRINK = 0.1  # of the features' mean variance is added to all, since known spectra may be few
_RIDGE = 1e-3


class Unlike(nn.Module):
    """See the module.

    Parameters
    ----------
    n_pix : int
        Pixels of a spectrum.
    features : int
        Of the network.
    classes : int
        How many.
    components : int
        Principal components of the training spectra.
    """

    def __init__(self, n_pix: int, features: int, classes: int, components: int):
        super().__init__()
        components = min(components, n_pix // 2)
        self.register_buffer("mean", torch.zeros(n_pix))
        self.register_buffer("components", torch.zeros(components, n_pix))
        self.register_buffer("centres", torch.zeros(classes, features))
        self.register_buffer("filled", torch.zeros(classes))  # 1 for classes that were seen
        self.register_buffer("whiten", torch.zeros(features, features))
        self.places, self.place = Quantiles(4), Quantiles(1)

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """Take the mean and the principal components of a sample of the training spectra, (B, n_pix) each."""
        good = (w > 0).to(x.dtype)
        self.mean.copy_((good * x).sum(dim=0) / good.sum(dim=0).clamp_min(1.0))
        found = leading_directions(good * (x - self.mean), len(self.components))
        self.components[: len(found)] = found

    @torch.no_grad()
    def learn_classes(self, features: Tensor, kind: Tensor) -> None:
        """Take the mean of each class and the scatter they share from features (n, features) of known spectra."""
        deviation = torch.zeros_like(features)
        for number in range(len(self.centres)):
            here = kind == number
            self.filled[number] = float(here.any())
            if here.any():
                self.centres[number] = features[here].mean(dim=0)
                deviation[here] = features[here] - self.centres[number]
        covariance = deviation.double().T @ deviation.double() / max(len(features), 1)
        mean_variance = covariance.diagonal().mean().clamp_min(1e-6)
        covariance += _SHRINK * mean_variance * torch.eye(len(covariance), device=covariance.device)
        values, axes = torch.linalg.eigh(covariance)
        self.whiten.copy_(axes * values.rsqrt())

    @torch.no_grad()
    def learn_places(self, features: Tensor, x: Tensor, w: Tensor) -> None:
        """Take what is usual from known spectra, others than the classes were learnt from."""
        measures = self.measures(features, x, w)
        self.places.learn(measures)
        self.place.learn(self.places(measures).amax(dim=1, keepdim=True))

    def measures(self, features: Tensor, x: Tensor, w: Tensor) -> Tensor:
        """The four measures (B, 4), larger is stranger."""
        return torch.stack([self._distance(features), self._misfit(x, w), *_faint_and_flat(x, w)], dim=1)

    def forward(self, features: Tensor, x: Tensor, w: Tensor) -> Tensor:
        """Place (B,) of the strangest measure among known spectra, 0 to 1."""
        return self.place(self.places(self.measures(features, x, w)).amax(dim=1, keepdim=True)).squeeze(1)

    def _distance(self, features: Tensor) -> Tensor:
        """Log of the squared distance from the nearest class (B,)."""
        whiten = self.whiten.float()
        gaps = torch.cdist(features.float() @ whiten, self.centres.float() @ whiten)  # (B, classes)
        gaps = gaps.masked_fill(self.filled == 0, torch.inf)
        return gaps.amin(dim=1).nan_to_num(posinf=0.0).square().add(1e-6).log()

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
