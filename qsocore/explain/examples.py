"""The training examples that an object is most like, as the network sees them: what it has gone by.

A model with latents is asked for these; of a predictor it is what its last layer is given.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qsocore.errors import ConfigError
from qsocore.explore.reference import sample
from qsocore.models.base import FeatureModel, Network
from qsocore.preprocess.prepare import Block
from qsocore.projections.neighbours import index_of

MOST = 20_000
"""Training objects that are held; of more, so many at random."""
_BLOCK = 512


class Examples:
    """Training objects by what a network makes of them.

    Parameters
    ----------
    model : Network
        In evaluation mode.
    prepared : Prepared
        Reads the store that it was trained on; `qsocore.preprocess.prepare`.
    rows : ndarray of int64, shape (n,)
        Of its training side.

    Attributes
    ----------
    rows : ndarray of int64, shape (m,)
        Those that are held: the ones with a good pixel, at most `MOST`.
    """

    def __init__(self, model: Network, prepared, rows: NDArray[np.int64]):
        self.model = model
        self._layer = last_linear(model)
        held = rows[sample(len(rows), MOST)]
        features = np.concatenate([self.features(block) for block in prepared.stream(held, _BLOCK)])
        known = np.isfinite(features).all(axis=1)
        self.rows = held[known]
        self._index = index_of(features[known], exact=True)

    @torch.no_grad()
    def features(self, block: Block) -> NDArray[np.float32]:
        """What the network makes of prepared objects, (n, d); NaN without a good pixel."""
        where = self.model.seen.device
        x, w = torch.from_numpy(block.x).to(where), torch.from_numpy(block.w).to(where) * self.model.seen
        found = represent(self.model, x, w, self._layer).cpu().numpy().astype(np.float32)
        found[~(block.w.reshape(len(block.w), -1) > 0).any(axis=1)] = np.nan
        return found

    def nearest(self, block: Block, k: int = 8) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows and distances (n, k) of the training objects that prepared objects are most like, the most alike first."""
        number, distance = self._index.search(np.nan_to_num(self.features(block)), min(k, len(self.rows)))
        return self.rows[number], distance


def last_linear(model: Network) -> nn.Linear | None:
    """The layer that a predictor's first number comes from, None for a model with latents.

    Raises
    ------
    ConfigError
        When the model has no such layer.
    """
    if isinstance(model, FeatureModel):
        return None
    number = next(iter(model.explainable().values()), None)
    called: list[nn.Linear] = []
    hooks = [part.register_forward_pre_hook(lambda module, _given: called.append(module))
             for part in model.modules() if isinstance(part, nn.Linear)]
    try:
        if number is not None:
            with torch.no_grad():
                number(*(torch.ones((1, *model.shape), device=model.seen.device) for _ in range(2)))
    finally:
        for hook in hooks:
            hook.remove()
    if not called:
        raise ConfigError("the model has no last layer by which its examples could be compared", "examples")
    return called[-1]


def represent(model: Network, x: Tensor, w: Tensor, layer: nn.Linear | None) -> Tensor:
    """Latents (B, d) of a model that has them; of a predictor what is given to `layer`, averaged over turned views."""
    if layer is None:
        return model.encode(x, w)
    given: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _module, inputs: given.append(inputs[0]))
    try:
        next(iter(model.explainable().values()))(x, w)
    finally:
        hook.remove()
    return torch.cat(given).unflatten(0, (-1, len(x))).mean(dim=0)
