"""Latents by least squares: exact where the decoder is linear, never worse where it is not, and blind to masked pixels."""

import itertools

import pytest
import torch

from qsocore.models._refine import refine


def problem(n=200, k=3, n_pix=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    basis = torch.randn(k, n_pix, generator=generator)
    truth = torch.randn(n, k, generator=generator)
    w = torch.rand(n, n_pix, generator=generator) * 50 + 1
    w[torch.rand(n, n_pix, generator=generator) < 0.2] = 0
    noise = torch.randn(n, n_pix, generator=generator) * w.clamp_min(1e-9).rsqrt() * (w > 0)
    return basis, truth, w, noise


def cost(model, latents, x, w):
    return (w * (x - model(latents)).square()).sum(dim=1) + latents.square().sum(dim=1)


def test_of_a_linear_decoder_the_posterior_mode_is_found():
    basis, truth, w, noise = problem()
    x = truth @ basis + noise
    found = refine(lambda latents: latents @ basis, torch.zeros_like(truth), x, w, steps=5)
    normal = torch.einsum("kp,bp,lp->bkl", basis, w, basis) + torch.eye(3)
    exact = torch.linalg.solve(normal, (w * x) @ basis.T)
    assert torch.allclose(found, exact, atol=1e-4)


def test_of_a_curved_decoder_each_step_helps_and_the_truth_is_found():
    basis, truth, w, _noise = problem(seed=1)

    def decode(latents):
        return (latents @ basis).sin() + 0.5 * latents @ basis

    x, start = decode(truth), truth + 0.2 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(2))
    costs = [cost(decode, refine(decode, start, x, w, steps), x, w) for steps in range(6)]
    assert all((later <= earlier * (1 + 1e-5)).all() for earlier, later in itertools.pairwise(costs))
    assert costs[-1].median() < 0.05 * costs[0].median()
    assert (refine(decode, start, x, w, 6) - truth).abs().median() < 0.02  # the prior draws it a little to zero


def test_masked_pixels_and_company_change_nothing():
    basis, truth, w, noise = problem(n=300, seed=3)
    x = truth @ basis + noise
    wild = torch.where(w > 0, x, torch.tensor(1e5))
    start = torch.zeros_like(truth)
    found = refine(lambda latents: latents @ basis, start, x, w, 3)
    assert torch.equal(refine(lambda latents: latents @ basis, start, wild, w, 3), found)
    alone = refine(lambda latents: latents @ basis, start[120:140], x[120:140], w[120:140], 3)
    assert torch.allclose(alone, found[120:140], atol=1e-5)


def test_where_nothing_is_known_the_prior_decides_and_no_step_is_no_change():
    basis, truth, w, _ = problem(n=10, seed=4)
    nothing = torch.zeros_like(w)
    found = refine(lambda latents: latents @ basis, truth, nothing, nothing, 6)
    assert found.abs().max() < 1e-4
    assert refine(lambda latents: latents @ basis, truth, nothing, w, 0) is truth


def test_latents_may_have_scales_and_priors_of_their_own():
    basis, truth, w, noise = problem(seed=5)
    scale = torch.tensor([1e-3, 1.0, 1.0])  # the first latent counts in thousandths
    x = truth @ basis + noise
    found = refine(lambda latents: (latents / scale) @ basis, torch.zeros_like(truth), x, w, 6,
                   prior=torch.tensor([0.0, 1.0, 1.0]))
    assert (found / scale - truth).abs().median() == pytest.approx(0, abs=0.05)


def test_refined_latents_have_slopes_in_the_spectrum():
    basis, truth, w, noise = problem(n=4, seed=6)
    x = (truth @ basis + noise).requires_grad_()
    refine(lambda latents: latents @ basis, torch.zeros_like(truth), x, w, 6)[:, 0].sum().backward()
    normal = torch.einsum("kp,bp,lp->bkl", basis, w, basis) + torch.eye(3)
    exact = torch.linalg.solve(normal, basis.expand(4, -1, -1) * w[:, None])[:, 0]  # of the posterior mode
    assert torch.allclose(x.grad, exact, atol=1e-3 * float(exact.abs().max()))
