"""What of a model can be explained: numbers that follow from an object smoothly."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from qsocore.errors import ConfigError
from qsocore.models.base import FeatureModel, Network, Predictor

Target = Callable[[Tensor, Tensor], Tensor]
"""``target(x, w)`` gives one number (B,) per object of normalised flux and weight, (B, *shape) each; x has gradients."""

LIKENESS = "likeness"
"""How like itself an object is, see `Likeness`."""
_NAMED = 32  # latents that are offered one by one


def targets(model: Network) -> dict[str, Target]:
    """The numbers of a model that can be explained, by name: what a predictor offers, or ``latent 0`` and so on.

    A model of many features, none of which means anything alone, offers `LIKENESS`, see `Likeness`.
    """
    if isinstance(model, Predictor):
        return model.explainable()
    if isinstance(model, FeatureModel):
        if model.n_latent > _NAMED:
            return {LIKENESS: Likeness(model)}
        return {f"latent {k}": _latent(model, k) for k in range(model.n_latent)}
    return {}


class Likeness:
    """Cosine between the features of objects and those of one, by which it is asked what makes that one what it is.

    Parameters
    ----------
    model : FeatureModel
    own : Tensor, shape (1, n_latent), optional
        Features of the one, which `of` finds.
    """

    def __init__(self, model: FeatureModel, own: Tensor | None = None):
        self.model, self.own = model, own

    def of(self, x: Tensor, w: Tensor) -> Likeness:
        """To an object of normalised flux and weight, (1, *shape) each."""
        return Likeness(self.model, self.model.encode(x, w).detach())

    def __call__(self, x: Tensor, w: Tensor) -> Tensor:
        """See `Target`."""
        if self.own is None:
            raise ConfigError("it is not said what objects should be like", LIKENESS, "ask for one object")
        return F.cosine_similarity(self.model.encode(x, w), self.own)


def bound(target: Target, x: Tensor, w: Tensor) -> Target:
    """A target as it is asked of an object, (1, *shape) each."""
    return target.of(x, w) if isinstance(target, Likeness) else target


def _latent(model: FeatureModel, k: int) -> Target:
    return lambda x, w: model.encode(x, w)[:, k]
