"""InfoVAE: every weight learns, masked pixels do not count, and the terms of the loss have the values they should."""

import math

import pytest
import torch

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models.infovae import MODEL, InfoVAEConfig, gaussian_kl, squared_mmd

GRID = WaveGrid("tiny", "linear", 4000.0, 4630.0, 64)


def network(**settings):
    torch.manual_seed(3)
    return MODEL.build(InfoVAEConfig(**{"latents": 3, "widths": (32, 16), **settings}), GRID)


def spectra(n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=generator) @ torch.randn(3, 64, generator=generator)
    return x, torch.rand(n, 64, generator=generator) * 5


def draws():
    return torch.Generator().manual_seed(11)


def test_every_weight_moves_in_one_step():
    model = network()
    before = {name: value.clone() for name, value in model.named_parameters()}
    assert sum(value.numel() for value in before.values()) == (
        64 * 32 + 32 + 32 * 16 + 16 + 2 * (16 * 3 + 3) + 3 * 16 + 16 + 16 * 32 + 32 + 32 * 64 + 64 + 3 * 64)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    model.loss(*spectra(), draws())["loss"].backward()
    optimiser.step()
    for name, value in model.named_parameters():
        assert (value != before[name]).float().mean() > 0.9, f"{name} did not move"


def test_masked_pixels_weigh_nothing():
    model, (x, w) = network(), spectra()
    w[:, 20:40] = 0
    model.initialise(x, w)
    x = x.requires_grad_()
    loss = model.loss(x, w, draws())["loss"]
    loss.backward()
    assert (x.grad[:, 20:40] == 0).all()
    assert (x.grad[:, :20] != 0).float().mean() > 0.99
    wild = torch.where(w > 0, x.detach(), torch.tensor(1e6))
    assert model.loss(wild, w, draws())["loss"].item() == loss.item()
    assert torch.equal(model.encode(wild, w), model.encode(x.detach(), w))


def test_a_spectrum_without_good_pixels_is_the_mean_to_the_encoder_and_the_centre_of_the_prior_to_least_squares():
    x, w = spectra()
    model, refined = network(refine=0), network(refine=4)
    for each in (model, refined):
        each.initialise(x, w)
    typical = model.encode(model.mean[None], torch.ones(1, 64))
    assert torch.allclose(model.encode(x[:1], torch.zeros(1, 64)), typical)
    assert refined.encode(x[:1], torch.zeros(1, 64)).abs().max() < 1e-3


def test_a_run_without_the_straight_way_decodes_as_it_did():
    model = network()
    state = {name: value for name, value in model.state_dict().items() if not name.startswith("straight")}
    other = network()
    other.load_state_dict(state)
    z = torch.randn(4, 3)
    h = z
    for layer in model.decoder:
        h = torch.nn.functional.gelu(layer(h))
    assert torch.equal(other.decode(z), model.mean + model.scatter * model.to_flux(h))


def test_refined_latents_fit_every_spectrum_at_least_as_well():
    x, w = spectra()
    model, refined = network(refine=0), network(refine=3)
    model.initialise(x, w)
    refined.load_state_dict(model.state_dict())

    def cost(one):
        latents = one.encode(x, w)
        return (w * (x - one.decode(latents)).square()).sum(dim=1) + latents.square().sum(dim=1)

    assert (cost(refined) <= cost(model) * (1 + 1e-5)).all()
    assert cost(refined).mean() < cost(model).mean()


def test_terms_against_numbers_by_hand():
    mu, log_var = torch.tensor([[1.0, -2.0]]), torch.log(torch.tensor([[0.5, 2.0]]))
    by_hand = 0.5 * ((1 + 0.5 - 1 - math.log(0.5)) + (4 + 2 - 1 - math.log(2)))
    assert gaussian_kl(mu, log_var).item() == pytest.approx(by_hand, rel=1e-6)
    a, b = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [2.0]])
    within = math.exp(-1) + math.exp(-4)
    across = (1 + math.exp(-4) + math.exp(-1) + math.exp(-1)) / 4
    assert squared_mmd(a, b).item() == pytest.approx(within - 2 * across, rel=1e-6)


def test_the_loss_is_the_stated_sum():
    model, (x, w) = network(alpha=0.25, lam=7.0), spectra()
    terms = model.loss(x, w, draws())
    mu, log_var = model.posterior(x, w)
    generator = draws()
    z = mu + torch.randn(mu.shape, generator=generator) * (0.5 * log_var).exp()
    prior = torch.randn(mu.shape, generator=generator)
    chi2 = (w * (x - model.decode(z)) ** 2).sum(dim=1)
    by_hand = (0.5 * chi2 + 0.75 * gaussian_kl(mu, log_var)).mean() + 6.25 * 3 * squared_mmd(z, prior)
    assert terms["loss"].item() == pytest.approx(by_hand.item(), rel=1e-5)
    assert terms["half_chi2"].item() == pytest.approx(0.5 * chi2.mean().item(), rel=1e-5)


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_mmd_of_shifted_gaussians(shift):
    # E exp(-|a - b|^2 / d) over a - b ~ N(m, 2): (d / (d + 4))^(d/2) exp(-|m|^2 / (d + 4))
    n, d = 3000, 4
    generator = torch.Generator().manual_seed(5)
    a, b = (torch.randn(n, d, generator=generator) for _ in range(2))
    a[:, 0] += shift
    analytic = 2 * (d / (d + 4)) ** (d / 2) * (1 - math.exp(-(shift**2) / (d + 4)))
    assert squared_mmd(a, b).item() == pytest.approx(analytic, abs=0.01)


def test_mixed_precision_gives_nearly_the_same_loss_and_gradient():
    model, (x, w) = network(), spectra()
    model.initialise(x, w)
    found = []
    for mixed in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            terms = model.loss(x, w, draws())
        terms["loss"].backward()
        found.append((terms, torch.cat([value.grad.ravel() for value in model.parameters()])))
    (plain, gradient), (half, half_gradient) = found
    assert all(value.dtype == torch.float32 for value in half.values())
    for name, tolerance in (("loss", 0.02), ("kl", 0.02), ("half_chi2", 0.02)):
        assert half[name].item() == pytest.approx(plain[name].item(), rel=tolerance)
    assert half["mmd"].item() == pytest.approx(plain["mmd"].item(), abs=0.01)
    assert torch.cosine_similarity(gradient, half_gradient, dim=0) > 0.99


def test_training_lowers_the_loss():
    model, (x, w) = network(), spectra()
    model.initialise(x, w)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    start = model.loss(x, w, draws())["loss"].item()
    for _ in range(200):
        optimiser.zero_grad()
        loss = model.loss(x, w, draws())["loss"]
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.2 * start


@pytest.mark.parametrize("wrong", [{"latents": 0}, {"widths": ()}, {"alpha": 1.5}, {"alpha": 0.0, "lam": 0.5}, {"refine": -1}])
def test_settings_without_sense_are_refused(wrong):
    with pytest.raises(ConfigError):
        InfoVAEConfig(**wrong)
