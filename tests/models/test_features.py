"""Models of features: images that are turned, noise that is drawn, tags that are known."""

import numpy as np
import pytest
import torch

from qsocore.embed.stream import read_latents as read_features
from qsocore.errors import ConfigError, TrainError
from qsocore.models import contrastive, photometric
from qsocore.models._image_trunk import ImageTrunk, _asinh, symmetries
from qsocore.models.contrastive import ContrastiveConfig
from qsocore.models.photometric import PhotometricConfig
from qsocore.sampling import Bands, ImageGrid
from qsocore.store import open_store
from qsocore.workflow.embed import embed
from qsocore.workflow.train import train
from tests.images import make_images

GRID = ImageGrid(("g", "r", "i"), 14)
SMALL = {"crop": 12, "channels": (8, 16), "features": 24, "projector": (16, 16)}


def pictures(n, seed=0):
    """Sources of four colours, round or long, at any angle; which of the eight kinds each is."""
    rng = np.random.default_rng(seed)
    colour = np.array([[1, 0.3, 0.1], [0.1, 0.4, 1], [0.6, 1, 0.2], [1, 1, 1]])
    kind, angle = rng.integers(0, 8, n), rng.uniform(0, np.pi, (n, 1, 1))
    y, x = np.mgrid[:14, :14] - 6.5
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    long = np.where(kind >= 4, 3.5, 1.5)[:, None, None]
    shape = np.exp(-0.5 * ((along / long) ** 2 + (across / 1.5) ** 2))
    x = colour[kind % 4][:, :, None, None] * shape[:, None] + rng.normal(0, 0.05, (n, 3, 14, 14))
    return torch.tensor(x, dtype=torch.float32), torch.full((n, 3, 14, 14), 400.0), torch.tensor(kind)


def trained(model, objects, labels=None, steps=60):
    """After a few steps on the same objects."""
    torch.manual_seed(0)
    optimiser = torch.optim.AdamW(model.train().parameters(), lr=3e-3)
    for step in range(steps):
        optimiser.zero_grad()
        model.loss(*objects, torch.Generator().manual_seed(step), labels)["loss"].backward()
        optimiser.step()
    return model.eval()


def share_of_own_kind(model, objects, kind, k=5):
    with torch.no_grad():
        features = model.encode(*objects)
    near = torch.cdist(features, features).topk(k + 1, largest=False).indices[:, 1:]
    return float((kind[near] == kind[:, None]).float().mean())


def network(**settings):
    torch.manual_seed(0)
    return contrastive.build(ContrastiveConfig(**SMALL | settings), GRID)


@pytest.mark.parametrize("loss", ["ntxent", "vicreg", "supcon"])
def test_like_goes_to_like(loss):
    x, w, kind = pictures(256)
    model = trained(network(loss=loss), (x, w), {"tag": kind})
    new_x, new_w, new_kind = pictures(256, seed=1)
    assert share_of_own_kind(model, (new_x, new_w), new_kind) > (0.9 if loss == "supcon" else 0.75)


def test_half_of_the_tags_are_enough():
    x, w, kind = pictures(256)
    tag = torch.where(torch.arange(256) % 2 == 0, kind, -1)
    model = trained(network(loss="supcon"), (x, w), {"tag": tag})
    assert share_of_own_kind(model, (x, w), kind) > 0.9


def test_features_have_length_one_and_are_those_of_the_turned_image():
    model = network().eval()
    x, w, _ = pictures(20)
    w[3, 1], w[4, :, 2:5, 3] = 0.0, 0.0
    with torch.no_grad():
        features = model.encode(x, w)
        assert torch.allclose(features.norm(dim=1), torch.ones(20), atol=1e-5)
        for k in range(1, 4):
            assert torch.allclose(model.encode(x.rot90(k, (2, 3)), w.rot90(k, (2, 3))), features, atol=1e-5)
        assert torch.allclose(model.encode(x.flip(3), w.flip(3)), features, atol=1e-5)
        one = network(views=1).eval()
        assert not torch.allclose(one.encode(x.rot90(1, (2, 3)), w.rot90(1, (2, 3))), one.encode(x, w), atol=1e-3)


def test_an_odd_crop_is_centred_so_that_it_may_be_turned():
    model = network(crop=11).eval()
    x, w, _ = pictures(5)
    assert model.trunk.side == 10
    with torch.no_grad():
        assert torch.allclose(model.encode(x.rot90(1, (2, 3)), w.rot90(1, (2, 3))), model.encode(x, w), atol=1e-5)


def test_the_eight_symmetries_are_different_and_closed():
    image = torch.arange(9.0).reshape(1, 3, 3)
    for n in (1, 2, 4, 8):
        found = {tuple(part[0].flatten().tolist()) for part in symmetries(n, image)}
        turned = {tuple(part[0].flatten().tolist()) for part in symmetries(n, image.rot90(2, (1, 2)))}
        assert len(found) == n and (turned == found or n == 1)


def test_a_missing_band_is_no_dark_one():
    torch.manual_seed(0)
    trunk = ImageTrunk((3, 14, 14), 0, (8, 16), 24).eval()
    x, w, _ = pictures(10)
    x[:, 1] = 0.0
    lost = w.clone()
    lost[:, 1] = 0.0
    with torch.no_grad():
        assert not torch.allclose(trunk(x, w), trunk(x, lost), atol=1e-3)


def test_the_stretch_is_an_asinh():
    x = torch.cat([torch.linspace(-30, 30, 601), torch.tensor([1e-4, -1e-3, 1e4])])
    torch.testing.assert_close(_asinh(x), x.asinh(), rtol=1e-5, atol=3e-7)


def test_tags_come_from_the_catalogue(tmp_path):
    names = np.array(["QSO", "STAR", "STAR", "", "STAR"] * 8, object)
    subclass = np.array(["", "M", "L", "M", "M"] * 8, object)
    store = make_images(tmp_path / "tags.store", **{"class": names, "subclass": subclass})
    config = ContrastiveConfig(loss="supcon", tags=("class", "subclass"))
    assert contrastive.labels(config, store)["tag"].tolist() == [0, 2, 1, -1, 2] * 8
    assert contrastive.labels(ContrastiveConfig(), store) == {}
    with pytest.raises(TrainError, match="lacks 'kind'"):
        contrastive.labels(ContrastiveConfig(loss="supcon", tags=("kind",)), store)


def test_a_supervised_loss_needs_tags():
    x, w, _ = pictures(4)
    with pytest.raises(TrainError, match="tag"):
        network(loss="supcon").loss(x, w)


def photometry(n, seed=0):
    """Fluxes in four bands of three kinds of sources, normalised to the brightest, of very different errors."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    true = np.array([[0.02, 0.1, 1.0, 0.9], [0.1, 0.4, 0.8, 1.0], [0.7, 0.8, 0.9, 1.0]])[kind]
    error = 10 ** rng.uniform(-2.3, -1.3, (n, 1)) * np.ones((1, 4))
    x = true + error * rng.normal(size=true.shape)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(error**-2.0, dtype=torch.float32), torch.tensor(kind)


@pytest.mark.parametrize("loss", ["vicreg", "supcon"])
def test_photometry_of_one_kind_goes_together(loss):
    torch.manual_seed(0)
    model = photometric.build(PhotometricConfig(loss=loss, widths=(32,), features=8, projector=(8,)), Bands(tuple("griz")))
    x, w, kind = photometry(256)
    trained(model, (x, w), {"tag": kind}, steps=80)
    new_x, new_w, new_kind = photometry(256, seed=1)
    assert share_of_own_kind(model, (new_x, new_w), new_kind) > 0.93


def test_photometry_joined_to_images_has_its_share_of_the_distance():
    """Two objects alike in their image differ by their photometry, and what has none by its image alone."""
    bands = ("g", "r", "i", "z")
    model = network(photometry=0.36, bands=bands).eval()
    x, w, _ = pictures(20)
    flux, weight, _ = photometry(20)
    weight[3] = 0.0
    with torch.no_grad():
        both, image = model.encode(x, w, flux, weight), model.encode(x, w)
        colours = model.colours.encode(flux, weight)
    assert model.beside.bands == bands and both.shape == image.shape == (20, model.n_latent) == (20, 24 + 32)
    assert torch.allclose(both.norm(dim=1), torch.ones(20), atol=1e-5)
    assert torch.allclose(both[:3, :24], 0.8 * image[:3, :24]) and torch.allclose(both[:3, 24:], 0.6 * colours[:3])
    assert torch.equal(both[3], image[3]) and not image[:, 24:].any()
    terms = model.loss(x, w, torch.Generator().manual_seed(0), {"flux": flux, "flux_weight": weight})
    terms["loss"].backward()
    assert "photometry" in terms and model.colours.layers[0].weight.grad.abs().sum() > 0


def test_what_the_projector_is_by_default():
    assert ContrastiveConfig().widths_behind == (128, 128) and ContrastiveConfig(projector=(32,)).widths_behind == (32,)
    assert ContrastiveConfig(loss="supcon").widths_behind == ContrastiveConfig(projector=(0,)).widths_behind == ()
    two = ContrastiveConfig(loss="supcon", photometry=0.4, photometry_loss="vicreg").of_photometry
    assert two.loss == "vicreg" and two.widths_behind == (128, 128)


def test_a_run_with_photometry_embeds_a_store_by_both(tmp_path):
    rng = np.random.default_rng(0)
    fluxes = {f"{kind}_{band}": rng.uniform(1, 2, 60) for band in "gri" for kind in ("flux", "fluxerr")}
    store = make_images(tmp_path / "both.store", 60, 14, **fluxes)
    words = ["crop=12", "channels=8,16", "features=70", "projector=16", "photometry=0.5", "bands=g,r,i", "epochs=1", "batch=16"]
    run = train("contrastive", store.path, "both", words, publish=False)
    embed(store.path, "both", ["pca"])
    _, found = read_features(open_store(store.path).run("both"))
    assert run.finished and found.shape == (60, 70 + 32)
    np.testing.assert_allclose(np.linalg.norm(found[:, 70:], axis=1), 0.5**0.5, rtol=1e-4)


def test_a_view_of_photometry_is_noisier_and_its_weight_knows():
    model = photometric.build(PhotometricConfig(noisier=2.0, lost=0.25), Bands(tuple("griz")))
    w = torch.full((4000, 4), 100.0)
    w[:, 0] = 0.0
    x, weight = model.view(torch.zeros_like(w), w, torch.Generator().manual_seed(0))
    assert (weight[:, 0] == 0).all() and (x[weight == 0] == 0).all()
    good = weight > 0
    assert abs(good[:, 1:].float().mean() - 0.75) < 0.02
    assert abs(x[good].square().sum() / (1 / weight[good] - 0.01).sum() - 1) < 0.05


@pytest.mark.parametrize("settings", [{"loss": "simclr"}, {"views": 3}, {"channels": ()}, {"temperature": 0.0},
                                      {"projector": (-8,)}, {"photometry": 1.0}, {"photometry_loss": "x"}, {"tags": ()},
                                      {"noise": -1.0}, {"stretch": -0.1}])
def test_nonsense_is_refused(settings):
    with pytest.raises(ConfigError):
        ContrastiveConfig(**settings)


@pytest.mark.parametrize("settings", [{"widths": ()}, {"soft": 0.0}, {"lost": 1.0}, {"noisier": -1.0}, {"features": 0}])
def test_nonsense_of_photometry_is_refused(settings):
    with pytest.raises(ConfigError):
        PhotometricConfig(**settings)
