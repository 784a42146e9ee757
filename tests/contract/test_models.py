"""What every model must do, whichever it is."""

import dataclasses

import pytest
import torch

from qsocore.config import from_dict, to_dict
from qsocore.grid import WaveGrid
from qsocore.models import MODELS
from qsocore.models.base import SpectrumModel

GRID = WaveGrid("tiny", "linear", 4000.0, 4490.0, 50)


@pytest.fixture(params=MODELS.names())
def member(request):
    return MODELS.get(request.param)


@pytest.fixture
def network(member):
    torch.manual_seed(0)
    model = member.build(from_dict(member.Config, {"latents": 4}), GRID)
    model.initialise(*spectra())
    return model.eval()


def spectra(n=30):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, 4, generator=generator) @ torch.randn(4, 50, generator=generator)
    w = torch.rand(n, 50, generator=generator)
    return x, torch.where(w < 0.2, 0.0, 10 * w)


def test_names_and_citation(member):
    assert MODELS.get(member.name) is member
    assert member.title
    assert member.citation


def test_config_is_frozen_with_defaults_and_survives_json(member):
    config = member.Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.latents = 5
    assert from_dict(member.Config, to_dict(config)) == config


def test_shapes(network):
    x, w = spectra()
    latents = network.encode(x, w)
    assert isinstance(network, SpectrumModel)
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


def test_state_makes_the_same_model(member, network):
    other = member.build(from_dict(member.Config, {"latents": 4}), GRID)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other.eval().encode(*spectra()), network.encode(*spectra()))
