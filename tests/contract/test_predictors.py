"""What every predictor must do, whichever it is; what all models must is in `test_models`."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from qsocore.config import from_dict, to_dict
from qsocore.errors import TrainError
from qsocore.grid import WaveGrid
from qsocore.models import MODELS
from qsocore.models.base import Predictor
from qsocore.sampling import Bands, ImageGrid
from qsocore.store import StoreWriter
from tests.images import make_images

GRIDS = {"spectra": WaveGrid("short", "log10", 3.57, 4.00, 160), "images": ImageGrid(("g", "r", "i"), 28),
         "photometry": Bands(("g", "r", "i"))}
OTHERS = {"spectra": WaveGrid("short-linear", "linear", 3700.0, 9500.0, 160), "images": ImageGrid(("g", "r"), 36),
          "photometry": Bands(("z", "Y"))}
N = 120


def members():
    labelled = [member for member in MODELS if member.labels]
    return [member.name for member in labelled if isinstance(build(member), Predictor)]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Of spectra and of images, by what is read."""
    return {"spectra": _spectra(tmp_path_factory.mktemp("spectra")), "images": _images(tmp_path_factory.mktemp("images"))}


@pytest.fixture
def store(stores, member):
    return stores[member.reads]


def _images(folder):
    """Galaxies of five shapes by catalogue; what they look like does not matter here."""
    shapes = np.array(["ROUND", "BETWEEN", "CIGAR", "EDGEON", "SPIRAL", ""] * (N // 6), object)
    return make_images(folder / "i.store", N, 28, **{"class": np.where(shapes == "", "", "GALAXY"), "subclass": shapes})


def _spectra(folder):
    """Quasars, galaxies and stars by catalogue, with redshifts; what their spectra look like does not matter here."""
    rng, grid = np.random.default_rng(0), GRIDS["spectra"]
    kind = np.array(["QSO", "QSO", "GALAXY", "STAR"] * (N // 4))
    bi = np.where(kind == "QSO", np.where(np.arange(N) % 3 == 0, 900.0, 0.0), np.nan)
    catalog = {"object_id": [f"s:r:{i}" for i in range(N)], "survey": ["s"] * N,
               "z": np.where(kind == "QSO", rng.uniform(0.5, 4.5, N), np.where(kind == "GALAXY", 0.3, 0.0)),
               "class": kind, "subclass": np.where(kind == "STAR", rng.choice(["A0", "G2", "M3", "WD"], N), ""),
               "bi_civ": bi.astype(np.float32), "ai_civ": bi.astype(np.float32)}
    writer = StoreWriter(folder / "s.store", grid, {}, 1)
    flux = rng.normal(1.0, 0.3, (N, grid.n_pix)).astype(np.float32)
    writer.write_shard(0, flux, np.full_like(flux, 25.0), np.zeros(flux.shape, np.uint8), catalog)
    return writer.finish()


@pytest.fixture
def labels(member, store):
    return {name: torch.from_numpy(values) for name, values in member.labels(member.Config(), store).items()}


@pytest.fixture
def network(member):
    return build(member)


def build(member, grid=None):
    torch.manual_seed(0)
    model = member.build(member.Config(), grid or GRIDS[member.reads])
    model.initialise(*objects(model.shape))
    return model.eval()


def objects(shape, n=N):
    """Normalised flux and weight (n, *shape) of smooth curves with noise; a tenth of the pixels is masked, and some bands."""
    generator = torch.Generator().manual_seed(1)
    n_pix = math.prod(shape)
    curves = torch.randn(8, n_pix, generator=generator).cumsum(dim=1) / 5.0
    w = torch.rand(n, n_pix, generator=generator)
    x = torch.randn(n, 8, generator=generator) @ curves + 0.3 * torch.randn(n, n_pix, generator=generator)
    x, w = torch.where(w < 0.1, 0.0, x).reshape(n, *shape), torch.where(w < 0.1, 0.0, 10.0 * w).reshape(n, *shape)
    if len(shape) == 3:
        x[::7, 0] = w[::7, 0] = 0.0
    return x, w


def same(one, other, **tolerance):
    """Whether two tables of predictions agree, missing values in the same places."""
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) if one[name].dtype.kind in "OUi"
        else np.allclose(one[name], other[name], equal_nan=True, **tolerance) for name in one)


@pytest.fixture(params=members())
def member(request):
    return MODELS.get(request.param)


def test_it_is_a_predictor_and_labels_are_rows_of_the_store(network, labels):
    assert isinstance(network, Predictor)
    assert labels
    assert all(values.shape == (N,) for values in labels.values())


def test_config_survives_json_and_makes_a_model(member):
    config = from_dict(member.Config, to_dict(member.Config()))
    assert config == member.Config()
    assert isinstance(member.build(config, OTHERS[member.reads]), Predictor)


def test_settings_by_default_are_known(member):
    from qsocore.workflow.train import sort_settings

    assert sort_settings(member, ())


def test_labels_are_refused_where_nothing_is_known(member, store, tmp_path):
    grid = GRIDS[member.reads]
    writer = StoreWriter(tmp_path / "blank.store", grid, {}, 1)
    flux = np.ones((4, *grid.shape), np.float32)
    writer.write_shard(0, flux, flux, np.zeros(flux.shape, np.uint8), {"object_id": [f"s:r:{i}" for i in range(4)],
                                                                       "survey": ["s"] * 4})
    with pytest.raises(TrainError):
        member.labels(member.Config(), writer.finish())


def test_columns_agree_with_what_is_predicted(network):
    columns, predicted = network.columns(), network.predict(*objects(network.shape))
    assert [column.name for column in columns] == list(predicted)
    for column in columns:
        assert column.description
        assert predicted[column.name].shape == (N,)
        if column.dtype == "string":
            assert all(isinstance(value, str) for value in predicted[column.name])
        else:
            assert predicted[column.name].dtype == np.dtype(column.dtype)


def test_probabilities_are_probabilities(network):
    for name, values in network.predict(*objects(network.shape)).items():
        if name.startswith(("p_", "c_", "is_", "bal_")) or name in ("z_conf", "class_conf", "unlike"):
            known = values[~np.isnan(values)]
            assert ((known >= 0) & (known <= 1)).all(), name


def test_masked_pixels_change_nothing(network, labels):
    x, w = objects(network.shape)
    wild = torch.where(w > 0, x, torch.tensor(-1e5))
    assert same(network.predict(wild, w), network.predict(x, w), atol=1e-5)
    with torch.no_grad():
        losses = [network.loss(part, w, torch.Generator().manual_seed(0), labels)["loss"].item() for part in (x, wild)]
    assert losses[0] == pytest.approx(losses[1])


def test_a_spectrum_without_a_good_pixel_has_missing_values(network):
    x, w = (part.clone() for part in objects(network.shape))
    x[3], w[3] = 0.0, 0.0
    for values in network.predict(x, w).values():
        assert not values[3] or np.isnan(values[3])


def test_predictions_do_not_depend_on_the_company(network):
    x, w = objects(network.shape)
    whole, part = network.predict(x, w), network.predict(x[3:5], w[3:5])
    assert same({name: values[3:5] for name, values in whole.items()}, part, atol=1e-4)


def test_predicting_changes_nothing_in_the_model(network):
    before = copy.deepcopy(network.state_dict())
    first = network.predict(*objects(network.shape))
    assert same(network.predict(*objects(network.shape)), first)
    after = network.state_dict()
    assert all(torch.allclose(value, before[name], rtol=0, atol=0, equal_nan=True) for name, value in after.items())


def test_state_makes_the_same_model(member, network):
    other = member.build(member.Config(), GRIDS[member.reads])
    other.load_state_dict(network.state_dict())
    assert same(other.eval().predict(*objects(network.shape)), network.predict(*objects(network.shape)))


def test_the_loss_is_finite_whatever_is_not_known(network, labels):
    nothing = {name: torch.full_like(values, torch.nan if values.is_floating_point() else -1)
               for name, values in labels.items()}
    half = {name: torch.where(torch.arange(N) % 2 == 0, values, nothing[name]) for name, values in labels.items()}
    for known in (labels, half, nothing):
        terms = network.loss(*objects(network.shape), torch.Generator().manual_seed(0), known)
        assert "loss" in terms
        assert all(value.ndim == 0 and torch.isfinite(value) for value in terms.values())
    empty = torch.zeros(N, *network.shape)
    assert torch.isfinite(network.loss(empty, empty, torch.Generator().manual_seed(0), labels)["loss"])


def test_every_layer_learns(network, labels):
    network.train()
    layers = {name: module for name, module in network.named_modules() if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d))}
    loose = dict(network.named_parameters())
    before = {name: value.detach().clone() for name, value in loose.items()}
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    network.loss(*objects(network.shape), torch.Generator().manual_seed(0), labels)["loss"].backward()
    optimiser.step()
    frozen = [name for name in layers if torch.equal(before[f"{name}.weight"], loose[f"{name}.weight"])]
    assert layers
    assert not frozen
    assert not [name for name, value in loose.items() if value.ndim > 1 and torch.equal(before[name], value)]


def test_training_lowers_the_loss_in_both_modes(network, labels):
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)

    def in_evaluation():
        network.eval()
        with torch.no_grad():
            return network.loss(*objects(network.shape), torch.Generator().manual_seed(0), labels)["loss"].item()

    before = in_evaluation()
    for step in range(15):
        network.train()
        optimiser.zero_grad()
        network.loss(*objects(network.shape), torch.Generator().manual_seed(step), labels)["loss"].backward()
        optimiser.step()
    assert in_evaluation() < before - 0.2


def test_calibration_leaves_the_weights_alone(network, labels):
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    network.calibrate(*objects(network.shape), labels)
    assert all(torch.equal(value, before[name]) for name, value in network.named_parameters())
    assert [column.name for column in network.columns()] == list(network.predict(*objects(network.shape)))
