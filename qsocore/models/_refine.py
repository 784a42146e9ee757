"""Latents by least squares: from what an encoder says of a spectrum to the latents that the decoder fits it best with.

An encoder learns one function for all spectra and misses each one's best latents by a little (the amortisation gap; Cremer,
Li & Duvenaud 2018, arXiv:1801.03558), most so for spectra unlike those it was trained on. A few steps of Levenberg and
Marquardt (1963, J. SIAM 11, 431) from there close most of it. The decoder's slopes are exact, by forward differentiation along
each latent: latents are few.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_CHUNK = 128  # spectra whose slopes are in memory together
_DAMPING = 1e-2  # at first, in units of the curvature


def refine(decode: Callable[[Tensor], Tensor], latents: Tensor, x: Tensor, w: Tensor, steps: int,
           prior: Tensor | float = 1.0) -> Tensor:
    """Latents with a lower chi2 + sum of prior latents^2: towards the mode of the posterior under a normal prior.

    Parameters
    ----------
    decode : callable
        Flux (n, n_pix) of latents (n, k).
    latents : Tensor, shape (B, k)
        Where to start; a spectrum that no step makes better stays there.
    x, w : Tensor, shape (B, n_pix)
        Normalised flux and its weight.
    steps : int
        Evaluations of the slopes.
    prior : Tensor, shape (k,), or float
        Inverse variance of each latent's prior around zero.

    Returns
    -------
    Tensor, shape (B, k)
    """
    if steps < 1 or not len(x):
        return latents
    prior = torch.as_tensor(prior).to(latents).expand(latents.shape[1])
    parts = zip(latents.split(_CHUNK), x.split(_CHUNK), w.split(_CHUNK), strict=True)
    return torch.cat([_descend(decode, *part, steps, prior) for part in parts])


def _descend(decode: Callable[[Tensor], Tensor], latents: Tensor, x: Tensor, w: Tensor, steps: int,
             prior: Tensor) -> Tensor:
    damping = torch.full_like(latents[:, :1], _DAMPING)  # (B, 1)
    model = decode(latents)
    cost = _cost(latents, x, w, model, prior)  # (B,)
    for _ in range(steps):
        slopes = _slopes(decode, latents)  # (B, k, n_pix)
        weighted = slopes * w[:, None]
        curvature = weighted @ slopes.transpose(1, 2) + torch.diag(prior)  # (B, k, k)
        downhill = (weighted @ (x - model)[:, :, None])[:, :, 0] - prior * latents  # (B, k)
        diagonal = curvature.diagonal(dim1=1, dim2=2).clamp_min(1e-6)
        step = torch.linalg.solve_ex(curvature + torch.diag_embed(damping * diagonal), downhill)[0]
        tried = latents + step
        its_model = decode(tried)
        its_cost = _cost(tried, x, w, its_model, prior)
        better = (its_cost < cost)[:, None]  # never so for what is not finite
        latents, model = torch.where(better, tried, latents), torch.where(better, its_model, model)
        cost = torch.where(better[:, 0], its_cost, cost)
        damping = torch.where(better, damping / 5.0, damping * 10.0)
    return latents


def _cost(latents: Tensor, x: Tensor, w: Tensor, model: Tensor, prior: Tensor) -> Tensor:
    return (w * (x - model).square()).sum(dim=1) + (prior * latents.square()).sum(dim=1)


def _slopes(decode: Callable[[Tensor], Tensor], latents: Tensor) -> Tensor:
    """Change of the decoded flux with each latent, (B, k, n_pix)."""

    def along(direction: Tensor) -> Tensor:  # (k,)
        return torch.func.jvp(decode, (latents,), (direction.expand_as(latents),))[1]

    return torch.func.vmap(along, out_dims=1)(torch.eye(latents.shape[1]).to(latents))
