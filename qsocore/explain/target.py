"""What of a model can be explained: numbers that follow from a spectrum smoothly."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from qsocore.models.base import LatentModel, Network, Predictor

Target = Callable[[Tensor, Tensor], Tensor]
"""``target(x, w)`` gives one number (B,) per spectrum of normalised flux and weight, (B, n_pix) each; x has gradients."""


def targets(model: Network) -> dict[str, Target]:
    """The numbers of a model that can be explained, by name: what a predictor offers, or ``latent 0`` and so on."""
    if isinstance(model, Predictor):
        return model.explainable()
    if isinstance(model, LatentModel):
        return {f"latent {k}": _latent(model, k) for k in range(model.n_latent)}
    return {}


def _latent(model: LatentModel, k: int) -> Target:
    return lambda x, w: model.encode(x, w)[:, k]
