"""The losses of two views against what they are by definition, on small batches."""

import math

import pytest
import torch
from torch.nn import functional as F

from qsocore.models._contrast import nt_xent, sup_con, vicreg


def pairs(n=6, d=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator), torch.randn(n, d, generator=generator)


def by_hand(a, b, tag, temperature):
    """Khosla et al. 2020, eq. 2, term by term."""
    views = F.normalize(torch.cat([a, b]), dim=1)
    n, tags = len(a), [*tag.tolist(), *tag.tolist()]
    losses = []
    for i in range(2 * n):
        others = [j for j in range(2 * n) if j != i]
        partners = [j for j in others if j % n == i % n or (tags[i] >= 0 and tags[j] == tags[i])]
        below = sum(math.exp(float(views[i] @ views[j]) / temperature) for j in others)
        losses.append(-sum(math.log(math.exp(float(views[i] @ views[j]) / temperature) / below) for j in partners)
                      / len(partners))
    return sum(losses) / (2 * n)


def test_supervised_contrast_is_that_of_its_paper():
    (a, b), tag = pairs(), torch.tensor([0, 0, 1, -1, -1, 1])
    assert float(sup_con(a, b, tag, 0.3, balance=0.0)) == pytest.approx(by_hand(a, b, tag, 0.3), rel=1e-5)


def test_without_tags_it_is_nt_xent():
    a, b = pairs()
    torch.testing.assert_close(sup_con(a, b, torch.full((6,), -1), 0.2), nt_xent(a, b, 0.2))
    assert float(nt_xent(a, b, 0.2)) == pytest.approx(by_hand(a, b, torch.full((6,), -1), 0.2), rel=1e-5)


def test_nt_xent_of_perfect_views_is_small_and_knows_no_length():
    eye = 20.0 * torch.eye(8)
    assert float(nt_xent(eye, 3 * eye, 0.1)) == pytest.approx(math.log(1 + 14 * math.exp(-10)), rel=1e-3)


def test_balance_lets_rare_tags_count_as_common_ones():
    """Of a common tag that agrees perfectly and a rare one that does not, each has half of the loss."""
    common, rare = torch.eye(4)[0].expand(30, 4), torch.eye(4)[1:3]
    a = torch.cat([common, rare])
    tag = torch.cat([torch.zeros(30), torch.ones(2)]).long()
    each, all_alike = (float(sup_con(a, a, tag, 0.1, balance)) for balance in (1.0, 0.0))
    of_common = math.log(59 + 4 * math.exp(-10))
    of_rare = (64 * all_alike - 60 * of_common) / 4
    assert of_rare > of_common + 2
    assert each == pytest.approx((of_common + of_rare) / 2, rel=1e-4)


def test_terms_of_vicreg():
    a = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0], [0.0, -2.0]])  # uncorrelated, of variance 8 / 3
    terms = vicreg(a, a)
    assert all(float(value) == pytest.approx(0.0, abs=1e-6) for value in terms.values())
    assert float(vicreg(a, a + 1)["agree"]) == pytest.approx(1.0)
    assert float(vicreg(torch.zeros(4, 2), torch.zeros(4, 2))["spread"]) == pytest.approx(1 - 1e-2, rel=1e-3)
    same = a.sum(dim=1, keepdim=True).expand(4, 2)  # both numbers say the same
    assert float(vicreg(same, same)["apart"]) == pytest.approx(2 * 2 * (16 / 3) ** 2 / 2)


def test_slopes_are_finite():
    for loss in (lambda a, b: nt_xent(a, b), lambda a, b: vicreg(a, b)["loss"],
                 lambda a, b: sup_con(a, b, torch.tensor([0, 1, -1, 0, 1, 2]))):
        a, b = (part.requires_grad_() for part in pairs())
        loss(a, b).backward()
        assert torch.isfinite(a.grad).all() and a.grad.abs().sum() > 0
