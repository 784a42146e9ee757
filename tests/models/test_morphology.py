"""Classes of images: learnt from wrong labels too, named by any list, as sure as they are right, better by own conviction."""

import numpy as np
import pytest
import torch

from qsocore.errors import ConfigError, TrainError
from qsocore.models import morphology
from qsocore.models.labels import among
from qsocore.models.morphology import SETS, MorphologyConfig
from qsocore.sampling import ImageGrid
from qsocore.train.augment_images import ImageAugmentation, ImageAugmenter
from tests.images import make_images

GRID = ImageGrid(("g", "r"), 14)
CLASSES = ("A", "B", "C")
SMALL = {"classes": CLASSES, "channels": (8, 16), "features": 24, "dropout": 0.0}


def pictures(n, seed=0, noise=0.3):
    """Discs, needles and rings at any angle, (n, 2, 14, 14), with their weights and which they are."""
    rng = np.random.default_rng(seed)
    kind, angle = rng.integers(0, 3, n), rng.uniform(0, np.pi, (n, 1, 1))
    y, x = np.mgrid[:14, :14] - 6.5
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    r = np.hypot(x, y)
    shape = np.select([kind[:, None, None] == 0, kind[:, None, None] == 1],
                      [np.exp(-0.5 * (r / 2.5) ** 2)[None].repeat(n, 0), np.exp(-0.5 * ((along / 4) ** 2 + across**2))],
                      np.exp(-0.5 * (r - 4.0) ** 2)[None].repeat(n, 0))
    flux = shape[:, None] * rng.uniform(0.5, 1, (n, 2, 1, 1)) + rng.normal(0, noise, (n, 2, 14, 14))
    return torch.tensor(flux, dtype=torch.float32), torch.full((n, 2, 14, 14), noise**-2), torch.tensor(kind)


TURNED = ImageAugmenter(ImageAugmentation(flip=1.0, turn=1.0, noise=0.5), GRID)


def trained(x, w, kind, steps=80, size=64, augment=TURNED, **settings):
    torch.manual_seed(0)
    model = morphology.build(MorphologyConfig(**SMALL | settings), GRID).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        some = torch.randint(len(x), (size,), generator=generator)
        optimiser.zero_grad()
        model.loss(*augment(x[some], w[some], generator), generator, {"kind": kind[some]})["loss"].backward()
        optimiser.step()
    return model.eval()


def accuracy(model, seed=7, **how):
    x, w, kind = pictures(600, seed, **how)
    said = model.predict(x, w)["class_pred"]
    return float((said == np.array(CLASSES, object)[kind.numpy()]).mean())


def test_shapes_are_told_apart_though_a_tenth_of_the_labels_is_wrong():
    x, w, kind = pictures(900)
    wrong = torch.rand(900, generator=torch.Generator().manual_seed(1)) < 0.1
    model = trained(x, w, torch.where(wrong, (kind + 1) % 3, kind))
    assert accuracy(model) > 0.95


def test_a_turned_galaxy_is_the_same_galaxy():
    x, w, kind = pictures(200)
    model = trained(x, w, kind, steps=20)
    one, two = model.predict(x, w), model.predict(x.rot90(1, (2, 3)), w.rot90(1, (2, 3)))
    for name in CLASSES:
        np.testing.assert_allclose(one[f"p_{name}"], two[f"p_{name}"], atol=1e-5)


def test_the_temperature_mends_a_network_that_is_too_sure():
    x, w, kind = pictures(1200, noise=1.2)
    model = trained(x[:300], w[:300], kind[:300], steps=300, forgiving=0.0,
                    augment=lambda x, w, _: (x, w))
    model.calibrate(x[300:], w[300:], {"kind": kind[300:]})
    before, after = model.calibration.tolist()
    assert model.temperature > 1.1 and after < before


def test_the_network_s_own_conviction_helps_where_labels_are_few():
    """Thirty labels of 900; the others' is -1."""
    x, w, kind = pictures(900, noise=0.5)
    few = torch.where(torch.arange(900) < 30, kind, -1)
    alone = accuracy(trained(x, w, few, 250, 128), noise=0.5)
    helped = accuracy(trained(x, w, few, 250, 128, self_training=3.0, sure=0.9), noise=0.5)
    assert helped > alone + 0.02


def test_rare_classes_count_like_common_ones():
    model = morphology.build(MorphologyConfig(**SMALL), GRID)
    model.share.copy_(torch.tensor([0.8, 0.15, 0.05]))
    weight = model._weight(torch.tensor([0, 1, 2]))
    torch.testing.assert_close(weight * model.share, torch.full((3,), 1 / 3))


def test_log_odds_are_explained():
    x, w, _ = pictures(5)
    model = morphology.build(MorphologyConfig(**SMALL), GRID).eval()
    told = model.explainable()
    assert list(told) == ["class A", "class B", "class C"]
    p = model.predict(x, w)["p_B"]
    np.testing.assert_allclose(told["class B"](x, w).detach().numpy(), np.log(p / (1 - p)), rtol=1e-3, atol=1e-4)


def test_any_list_of_classes_by_class_or_subclass(tmp_path):
    names = np.array(["QSO", "STAR", "GALAXY", "GALAXY", "GALAXY", ""] * 6, object)
    subclass = np.array(["", "L", "SPIRAL", "EDGEON", "ROUND", ""] * 6, object)
    store = make_images(tmp_path / "k.store", 36, **{"class": names, "subclass": subclass, "true_class": names[::-1].copy()})
    kinds = {classes: morphology.labels(MorphologyConfig(classes=classes), store)["kind"][:6].tolist()
             for classes in (("star-galaxy",), ("spiral-elliptical",), ("L", "DISC:SPIRAL+EDGEON"), ("GALAXY", "SPIRAL"))}
    assert list(kinds.values()) == [[0, 0, 1, 1, 1, -1], [-1, -1, 0, 0, 1, -1], [-1, 0, 1, 1, -1, -1], [-1, -1, 1, 0, 0, -1]]
    assert among(store, ("QSO", "GALAXY"), true=True)[:6].tolist() == [-1, 1, 1, 1, -1, 0]
    assert MorphologyConfig(classes=("star-galaxy",)).names == ["STAR", "GALAXY"]
    with pytest.raises(TrainError, match="CIGAR"):
        morphology.labels(MorphologyConfig(classes=("ROUND", "CIGAR")), store)


@pytest.mark.parametrize("settings", [{"classes": ("A",)}, {"classes": ("A", "A")}, {"classes": ("A", "B:A+C")}, {"views": 5},
                                      {"classes": ("A", "")}, {"forgiving": 2.0}, {"dropout": 1.0}, {"sure": 1.0},
                                      {"channels": ()}, {"side": -1}, {"self_training": -1.0}])
def test_nonsense_is_refused(settings):
    with pytest.raises(ConfigError):
        MorphologyConfig(**settings)


@pytest.mark.parametrize("name", SETS)
def test_lists_have_names(name):
    assert MorphologyConfig(classes=(name,)).entries == SETS[name]
