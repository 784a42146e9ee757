"""What every model must do, whichever it is, and what the models with latents must; predictors have a suite of their own."""

import dataclasses

import numpy as np
import pytest
import torch

from qsocore.config import from_dict, to_dict
from qsocore.grid import WaveGrid
from qsocore.models import MODELS
from qsocore.models.base import LatentModel, Predictor, Network

GRID = WaveGrid("tiny", "linear", 4000.0, 4490.0, 50)


def small_config(member):
    """Four latents where the model has latents."""
    fields = {field.name for field in dataclasses.fields(member.Config)}
    return from_dict(member.Config, {"latents": 4} if "latents" in fields else {})


def build(member):
    """An untrained model that has seen a sample."""
    torch.manual_seed(0)
    model = member.build(small_config(member), GRID)
    model.initialise(*spectra())
    return model.eval()


def spectra(n=30):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, 4, generator=generator) @ torch.randn(4, 50, generator=generator)
    w = torch.rand(n, 50, generator=generator)
    return x, torch.where(w < 0.2, 0.0, 10 * w)


def members(kind):
    """Names of the members of one kind."""
    return [name for name in MODELS.names() if isinstance(MODELS.get(name).build(small_config(MODELS.get(name)), GRID), kind)]


@pytest.fixture(params=MODELS.names())
def member(request):
    return MODELS.get(request.param)


@pytest.fixture(params=members(LatentModel))
def latent_member(request):
    return MODELS.get(request.param)


@pytest.fixture
def network(latent_member):
    return build(latent_member)


def test_names_and_citation(member):
    assert MODELS.get(member.name) is member
    assert member.title
    assert member.citation


def test_config_is_frozen_with_defaults_and_survives_json(member):
    config = member.Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.latents = 5
    assert from_dict(member.Config, to_dict(config)) == config


def test_is_of_one_kind_and_knows_what_was_seen(member):
    model = build(member)
    assert isinstance(model, Network)
    assert isinstance(model, LatentModel) != isinstance(model, Predictor)
    assert member.labels is not None or not isinstance(model, Predictor)
    assert model.n_pix == len(model.seen) == 50
    x, w = spectra()
    model.initialise(x, torch.where(torch.arange(50) < 5, 0.0, w + 0.1))
    assert np.array_equal(model.seen.numpy(), np.arange(50) >= 5)


def test_shapes(network):
    x, w = spectra()
    latents = network.encode(x, w)
    assert (network.n_pix, network.n_latent) == (50, 4)
    assert latents.shape == (30, 4)
    assert network.decode(latents).shape == network(x, w).shape == (30, 50)


def test_encoding_does_not_depend_on_the_company(network):
    x, w = spectra()
    with torch.no_grad():
        assert torch.allclose(network.encode(x, w)[3:5], network.encode(x[3:5], w[3:5]), atol=1e-4)


def test_masked_pixels_change_nothing(network):
    x, w = spectra()
    wild = torch.where(w > 0, x, torch.tensor(-1e5))
    assert torch.allclose(network.encode(wild, w), network.encode(x, w))
    same = [network.loss(part, w, torch.Generator().manual_seed(0))["loss"].item() for part in (x, wild)]
    assert same[0] == pytest.approx(same[1])


def test_nothing_good_is_still_finite(network):
    x, w = spectra()
    latents = network.encode(torch.zeros_like(x), torch.zeros_like(w))
    assert torch.isfinite(latents).all()
    assert torch.isfinite(network.decode(latents)).all()


def test_terms_of_the_loss_are_finite_scalars(network):
    terms = network.loss(*spectra(), torch.Generator().manual_seed(0))
    assert {"loss", "half_chi2"} <= set(terms)
    assert all(value.ndim == 0 and torch.isfinite(value) for value in terms.values())


def test_state_makes_the_same_model(latent_member, network):
    other = latent_member.build(small_config(latent_member), GRID)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other.eval().encode(*spectra()), network.encode(*spectra()))
