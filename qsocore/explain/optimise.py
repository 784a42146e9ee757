"""What a network looks for: an object made up so that one of its numbers, or a channel of a layer, is as large as can be.

Activation maximisation (Erhan, Bengio, Courville & Vincent 2009) from noise by gradient steps. Left alone it finds patterns
that no sky has; so the object is moved about by a few pixels at every step (Olah, Mordvintsev & Schubert 2017), smoothed as it
grows (Yosinski et al. 2015, arXiv:1506.06579), and held to the range that normalised objects have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from qsocore.errors import ConfigError, did_you_mean
from qsocore.explain.target import LIKENESS, targets
from qsocore.models.base import Network, Predictor

Number = Callable[[Tensor, Tensor], Tensor]
"""``number(x, w)`` gives (B, B): row i is made larger by making its entry i larger; only the diagonal is used."""

_SEED = 0
_REACH = 2  # pixels by which the object is moved about
_SMOOTHED_EVERY = 8  # steps
_KERNEL = (0.25, 0.5, 0.25)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)


@dataclass(frozen=True)
class Wanted:
    """What some numbers of a model are largest for.

    Parameters
    ----------
    names : tuple of str
        Of the numbers, (n,).
    x : ndarray of float32, shape (n, *shape)
        Normalised objects.
    before, after : ndarray of float32, shape (n,)
        The number for the noise that was begun with, and for `x`.
    """

    names: tuple[str, ...]
    x: NDArray[np.float32]
    before: NDArray[np.float32]
    after: NDArray[np.float32]


def layers(model: Network) -> dict[str, int]:
    """The convolutions of a model by name, each with its number of channels, in the order in which they were made."""
    return {name: part.out_channels for name, part in model.named_modules() if isinstance(part, _CONVOLUTIONS)}


def wanted_by_channels(model: Network, layer: str, channels: Sequence[int] | None = None, **options) -> Wanted:
    """Objects for which the mean of a channel of a convolution is largest; all its channels by default.

    Raises
    ------
    ConfigError
        When the model has no such layer or channel.
    """
    known = layers(model)
    if layer not in known:
        raise ConfigError(f"no convolution of the model is called {layer!r}", "explain", did_you_mean(layer, known))
    channels = list(range(known[layer])) if channels is None else list(channels)
    if not channels or not all(0 <= channel < known[layer] for channel in channels):
        raise ConfigError(f"the layer {layer} has channels 0 to {known[layer] - 1}", "explain")
    module = model.get_submodule(layer)
    names = tuple(f"{layer} {channel}" for channel in channels)
    return _optimised(model, names, lambda x, w: _activation(model, module, x, w)[:, channels], **options)


@torch.no_grad()
def responses(model: Network, x: Tensor, w: Tensor, layer: str | None = None) -> dict[str, NDArray[np.float32]]:
    """What objects make of that which `wanted_by_channels`, or without a layer `wanted_by_targets`, makes large.

    Returns
    -------
    dict of str to ndarray of float32, shape (B,)
        By name of the channel or number.
    """
    if layer is None:
        found = {name: number(x, w) for name, number in targets(model).items() if name != LIKENESS}  # which asks for one object
    else:
        means = _activation(model, model.get_submodule(layer), x, w)
        found = {f"{layer} {channel}": mean for channel, mean in enumerate(means.unbind(dim=1))}
    return {name: values.cpu().numpy().astype(np.float32) for name, values in found.items()}


def wanted_by_targets(model: Network, names: Sequence[str] | None = None, **options) -> Wanted:
    """Objects for which numbers of the model are largest: those that `qsocore.explain.targets` knows, all by default.

    Raises
    ------
    ConfigError
        When the model has no such number.
    """
    known = targets(model)
    for name in names or ():
        if name not in known:
            raise ConfigError(f"no number of the model is called {name!r}", "explain", did_you_mean(name, known))
    names = tuple(names or known)
    return _optimised(model, names, lambda x, w: torch.stack([known[name](x, w) for name in names], dim=1), **options)


def _optimised(model: Network, names: tuple[str, ...], numbers: Number, steps: int = 128, rate: float = 0.05,
               limits: tuple[float, float] = (-0.1, 1.0), weight: float = 1e4) -> Wanted:
    """Steps of Adam up the diagonal of `numbers`.

    Parameters
    ----------
    steps, rate : int, float
        Of Adam.
    limits : (float, float)
        Of a normalised object's values.
    weight : float
        w of every pixel: how well the made-up object is known.
    """
    draw = torch.Generator().manual_seed(_SEED)
    device = model.seen.device
    start = 0.1 * torch.randn((len(names), *model.shape), generator=draw).to(device)
    w = torch.full_like(start, weight) * model.seen
    x = start.clone().requires_grad_(True)
    adam = torch.optim.Adam([x], rate)
    parameters = [part for part in model.parameters() if part.requires_grad]
    for part in parameters:
        part.requires_grad_(False)
    try:
        before = numbers(start, w).diagonal().detach()
        for step in range(steps):
            adam.zero_grad()
            (-numbers(_moved(x, draw), w).diagonal().sum()).backward()
            adam.step()
            with torch.no_grad():
                if step % _SMOOTHED_EVERY == _SMOOTHED_EVERY - 1 and step < steps - _SMOOTHED_EVERY:
                    x.copy_(_smoothed(x))
                x.clamp_(*limits)
        with torch.no_grad():
            after = numbers(x, w).diagonal()
    finally:
        for part in parameters:
            part.requires_grad_(True)
    return Wanted(names, *(part.detach().cpu().numpy().astype(np.float32) for part in (x, before, after)))


def _activation(model: Network, module: nn.Module, x: Tensor, w: Tensor) -> Tensor:
    """Mean (B, n_channels) of a layer's output over its pixels, and over the times that it is asked (turned views)."""
    seen: list[Tensor] = []
    hook = module.register_forward_hook(lambda _module, _given, out: seen.append(out))
    try:
        _run(model, x, w)
    finally:
        hook.remove()
    means = torch.cat([out.flatten(2).mean(dim=2) for out in seen])  # (views * B, n_channels), view by view
    return means.unflatten(0, (-1, len(x))).mean(dim=0)


def _run(model: Network, x: Tensor, w: Tensor) -> None:
    if isinstance(model, Predictor):
        next(iter(model.explainable().values()))(x, w)
    else:
        model.encode(x, w)


def _moved(x: Tensor, draw: torch.Generator) -> Tensor:
    """Rolled by up to `_REACH` pixels along each side."""
    sides = tuple(range(2, x.ndim)) or (1,)
    return x.roll(torch.randint(-_REACH, _REACH + 1, (len(sides),), generator=draw).tolist(), sides)


def _smoothed(x: Tensor) -> Tensor:
    """Each side by a kernel of three pixels; bands are not mixed."""
    kernel = torch.tensor(_KERNEL, device=x.device)
    for side in tuple(range(2, x.ndim)) or (1,):
        last = x.transpose(side, -1)
        flat = F.pad(last.reshape(-1, 1, last.shape[-1]), (1, 1), mode="replicate")
        x = F.conv1d(flat, kernel[None, None]).reshape(last.shape).transpose(side, -1)
    return x
