"""What every model must do, whatever it reads, and what the models with latents must; predictors have a suite of their own."""

import dataclasses
import math

import pytest
import torch

from qsocore.config import from_dict, to_dict
from qsocore.grid import WaveGrid
from qsocore.models import MODELS
from qsocore.models.base import FeatureModel, LatentModel, Network, Predictor
from qsocore.sampling import Bands, ImageGrid
from qsocore.workflow.train import sort_settings

GRIDS = {"spectra": WaveGrid("tiny", "linear", 4000.0, 4490.0, 50), "images": ImageGrid(("g", "r", "i"), 12),
         "photometry": Bands(("g", "r", "i", "z", "Y"))}


def small_config(member):
    """Four latents or features where the model has any, and crops that fit the small cutouts."""
    fields = {field.name for field in dataclasses.fields(member.Config)}
    latent = isinstance(member.build(member.Config(**{"crop": 12} if "crop" in fields else {}), grid_of(member)), FeatureModel)
    small = {"latents": 4, "features": 4, "crop": 10} if latent else {"crop": 10}
    return from_dict(member.Config, {name: value for name, value in small.items() if name in fields})


def grid_of(member):
    """What the member reads."""
    return GRIDS[member.reads]


def build(member):
    """An untrained model that has seen a sample."""
    torch.manual_seed(0)
    model = member.build(small_config(member), grid_of(member))
    model.initialise(*objects(model.shape))
    return model.eval()


def objects(shape, n=30):
    """Normalised flux and weight (n, *shape) of mixtures of four; a fifth of the pixels is masked."""
    generator = torch.Generator().manual_seed(1)
    n_pix = math.prod(shape)
    x = torch.randn(n, 4, generator=generator) @ torch.randn(4, n_pix, generator=generator)
    w = torch.rand(n, n_pix, generator=generator)
    return x.reshape(n, *shape), torch.where(w < 0.2, 0.0, 10 * w).reshape(n, *shape)


def members(kind):
    """Names of the members of one kind."""
    return [member.name for member in MODELS if isinstance(member.build(small_config(member), grid_of(member)), kind)]


@pytest.fixture(params=MODELS.names())
def member(request):
    return MODELS.get(request.param)


@pytest.fixture(params=members(FeatureModel))
def feature_member(request):
    return MODELS.get(request.param)


@pytest.fixture
def network(feature_member):
    return build(feature_member)


@pytest.fixture(params=members(LatentModel))
def decoding(request):
    return build(MODELS.get(request.param))


def test_names_and_citation(member):
    assert MODELS.get(member.name) is member
    assert member.title
    assert member.citation


def test_config_is_frozen_with_defaults_and_survives_json(member):
    config = member.Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.latents = 5
    assert from_dict(member.Config, to_dict(config)) == config


def test_settings_by_default_are_known(member):
    assert sort_settings(member, ())


def test_is_of_one_kind_and_knows_what_was_seen(member):
    model = build(member)
    assert isinstance(model, Network)
    assert isinstance(model, FeatureModel) != isinstance(model, Predictor)
    assert member.labels is not None or not isinstance(model, Predictor)
    assert model.shape == model.seen.shape == grid_of(member).shape
    assert model.n_pix == grid_of(member).n_pix
    x, w = objects(model.shape)
    lost = torch.arange(model.n_pix).reshape(model.shape) < model.n_pix // 10
    model.initialise(x, torch.where(lost, 0.0, w + 0.1))
    assert torch.equal(model.seen > 0, ~lost)


def test_shapes(network):
    latents = network.encode(*objects(network.shape))
    assert network.n_latent == 4
    assert latents.shape == (30, 4)


def test_what_is_decoded_has_the_shape_of_what_was_encoded(decoding):
    x, w = objects(decoding.shape)
    assert decoding.decode(decoding.encode(x, w)).shape == decoding(x, w).shape == x.shape
    assert decoding.chi2_pix(x, w).shape == (30,)


def test_encoding_does_not_depend_on_the_company(network):
    x, w = objects(network.shape)
    with torch.no_grad():
        assert torch.allclose(network.encode(x, w)[3:5], network.encode(x[3:5], w[3:5]), atol=1e-4)


def test_masked_pixels_change_nothing(network):
    x, w = objects(network.shape)
    wild = torch.where(w > 0, x, torch.tensor(-1e5))
    assert torch.allclose(network.encode(wild, w), network.encode(x, w))
    same = [network.loss(part, w, torch.Generator().manual_seed(0))["loss"].item() for part in (x, wild)]
    assert same[0] == pytest.approx(same[1])


def test_nothing_good_is_still_finite(network):
    empty = torch.zeros(30, *network.shape)
    assert torch.isfinite(network.encode(empty, empty)).all()


def test_nothing_good_is_decoded_to_something_finite(decoding):
    empty = torch.zeros(30, *decoding.shape)
    assert torch.isfinite(decoding(empty, empty)).all()


def test_terms_of_the_loss_are_finite_scalars(network):
    terms = network.loss(*objects(network.shape), torch.Generator().manual_seed(0))
    assert {"loss", "half_chi2" if isinstance(network, LatentModel) else "alike"} <= set(terms)
    assert all(value.ndim == 0 and torch.isfinite(value) for value in terms.values())


def test_state_makes_the_same_model(feature_member, network):
    other = feature_member.build(small_config(feature_member), grid_of(feature_member))
    other.load_state_dict(network.state_dict())
    some = objects(network.shape)
    assert torch.equal(other.eval().encode(*some), network.encode(*some))
