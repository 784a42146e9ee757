"""Losses that bring two views of one object together and keep the objects apart, over batches of pairs (B, d).

- `nt_xent`: each view must pick its partner among all other views of the batch (SimCLR; Chen et al. 2020, arXiv:2002.05709).
- `vicreg`: partners agree, every number keeps a scatter, and no two numbers say the same; nothing is compared between
  objects, so that small batches do as well (Bardes, Ponce & LeCun 2022, arXiv:2105.04906).
- `sup_con`: every object of the same tag is a partner (Khosla et al. 2020, arXiv:2004.11362, its L_out); one without a tag
  has only its other view.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_EPS = 1e-4


def nt_xent(a: Tensor, b: Tensor, temperature: float = 0.1) -> Tensor:
    """Normalised temperature-scaled cross entropy of partners `a` and `b`, a scalar."""
    score = _scores(a, b, temperature)  # (2B, 2B)
    partner = torch.arange(len(score), device=score.device).roll(len(a))
    return F.cross_entropy(score, partner)


def sup_con(a: Tensor, b: Tensor, tag: Tensor, temperature: float = 0.1, balance: float = 1.0) -> Tensor:
    """Supervised contrast of partners `a` and `b` with tags (B,), whole numbers, -1 for none; a scalar.

    Parameters
    ----------
    a, b : Tensor, shape (B, d)
        Two views of each object.
    tag : Tensor of int64, shape (B,)
        What it is.
    temperature : float
        Of the scores.
    balance : float
        Weight of an object by how many of the batch share its tag, to the power -balance.
    """
    score = _scores(a, b, temperature)
    log_p = score.log_softmax(dim=1).masked_fill(score == -torch.inf, 0.0)
    tag = torch.cat([tag, tag])
    same = (tag[:, None] == tag) & (tag >= 0)[:, None]
    n = torch.arange(len(score), device=score.device)
    same[n, n.roll(len(a))] = True
    many = same.sum(dim=1)  # itself too, where it has a tag
    weight = many.to(score.dtype).pow(-balance)
    same[n, n] = False
    of_each = -(log_p * same).sum(dim=1) / same.sum(dim=1)
    return (weight * of_each).sum() / weight.sum()


def _scores(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Cosines of all pairs over the temperature, (2B, 2B); minus infinity for each with itself."""
    views = F.normalize(torch.cat([a, b]).float(), dim=1)
    return (views @ views.T / temperature).fill_diagonal_(-torch.inf)


def vicreg(a: Tensor, b: Tensor, agree: float = 25.0, spread: float = 25.0, apart: float = 1.0) -> dict[str, Tensor]:
    """``loss`` and its terms: ``agree`` (invariance), ``spread`` (variance), ``apart`` (covariance)."""
    a, b = a.float(), b.float()
    terms = {"agree": F.mse_loss(a, b),
             "spread": sum(F.relu(1.0 - (part.var(dim=0) + _EPS).sqrt()).mean() for part in (a, b)) / 2,
             "apart": sum(_off_diagonal(part) for part in (a, b))}
    return {"loss": agree * terms["agree"] + spread * terms["spread"] + apart * terms["apart"]} | terms


def _off_diagonal(a: Tensor) -> Tensor:
    """Sum of the squared covariances of different numbers, over how many numbers there are."""
    centred = a - a.mean(dim=0)
    covariance = centred.T @ centred / max(len(a) - 1, 1)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / a.shape[1]
