"""Explaining networks of images: by pixel and band, by made-up objects, by examples."""

import numpy as np
import pytest
import torch
from torch import nn

from qsocore.errors import ConfigError
from qsocore.explain import examples, integrated_gradients, occlusion, targets
from qsocore.explain.attribute import blank
from qsocore.explain.optimise import layers, wanted_by_channels, wanted_by_targets
from qsocore.explain.target import LIKENESS
from qsocore.models.base import FeatureModel, Predictor
from qsocore.preprocess.prepare import Block

SHAPE = (3, 12, 12)


def dot(x0, y0, side=12):
    y, x = np.mgrid[:side, :side]
    return np.exp(-0.5 * ((x - x0) ** 2 + (y - y0) ** 2) / 1.5**2).astype(np.float32)


class Edges(Predictor):
    """Two classes: whether there is light in band 1 right of the middle."""

    def __init__(self):
        super().__init__(SHAPE)
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4, 2)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
            self.first.weight[0, 1, 1, 1] = 1.0  # channel 0 is band 1, channel 1 is band 2
            self.first.weight[1, 2, 1, 1] = 1.0
            self.head.weight[:, 0] = torch.tensor([3.0, -3.0])

    def numbers(self, x, w):
        right = torch.where(w > 0, x, 0.0) * torch.linspace(0, 1, 12)
        return self.head(self.first(right).relu().mean(dim=(2, 3)))

    def loss(self, x, w, generator=None, labels=None):
        return {"loss": self.numbers(x, w).square().mean()}

    def columns(self):
        return ()

    def predict(self, x, w):
        return {}

    def explainable(self):
        return {f"class {name}": lambda x, w, k=k: self.numbers(x, w)[:, k] for k, name in enumerate("ab")}


class Many(FeatureModel):
    """More features than are offered one by one."""

    def __init__(self):
        super().__init__(SHAPE, 64)
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.first = nn.Conv2d(3, 64, 3, padding=1)

    def encode(self, x, w):
        views = torch.cat([torch.where(w > 0, x, 0.0).rot90(k, (2, 3)) for k in range(4)])
        return self.first(views).relu().mean(dim=(2, 3)).unflatten(0, (4, -1)).mean(dim=0)

    def loss(self, x, w, generator=None, labels=None):
        return {"loss": self.encode(x, w).square().mean()}


@pytest.fixture
def image():
    x = torch.from_numpy(np.stack([dot(3, 5), dot(8, 5), dot(5, 9)]))[None]
    w = torch.full_like(x, 100.0)
    w[:, :, :2] = 0.0
    return torch.where(w > 0, x, 0.0), w


def test_the_sky_is_blank_where_it_is_seen(image):
    x, w = image
    x[:, :, 0] = 7.0
    base = blank(x, w)
    assert (base[:, :, 2:] == 0).all() and (base[:, :, 0] == 7.0).all()


def test_gradients_speak_for_the_band_and_the_pixels_that_are_looked_at(image):
    x, w = image
    made = integrated_gradients(targets(Edges())["class a"], x, w)
    assert made.pixels.shape == SHAPE and abs(made.missing) < 1e-3 * made.value
    wanted = (3 * x[0, 1] * torch.linspace(0, 1, 12) / 144).numpy()  # what is linear is shared exactly
    np.testing.assert_allclose(made.pixels[1], wanted, atol=1e-5)
    assert (made.pixels[[0, 2]] == 0).all() and (made.pixels[:, :2] == 0).all()


def test_occlusion_hides_one_band_at_a_time(image):
    x, w = image
    number = targets(Edges())["class a"]
    made = occlusion(number, x, w, window=1)
    np.testing.assert_allclose(made.pixels, integrated_gradients(number, x, w).pixels, atol=1e-5)
    wide = occlusion(number, x, w, window=4)
    assert np.unravel_index(wide.pixels.argmax(), SHAPE)[0] == 1 and np.abs(wide.pixels[[0, 2]]).max() < 1e-6
    assert wide.pixels.sum() == pytest.approx(wide.value - wide.baseline, rel=0.2)
    with pytest.raises(ConfigError, match="an image with sides of 12"):
        occlusion(number, x, w, window=13)


def test_many_features_are_explained_by_what_makes_it_like_itself(image):
    x, w = image
    model = Many()
    assert list(targets(model)) == [LIKENESS]
    made = integrated_gradients(targets(model)[LIKENESS], x, w)
    assert made.value == pytest.approx(1.0, abs=1e-5) and abs(made.missing) < 0.05
    assert np.abs(made.pixels).max() > 0
    assert occlusion(targets(model)[LIKENESS], x, w, window=3).value == pytest.approx(1.0, abs=1e-5)
    with pytest.raises(ConfigError, match="ask for one object"):
        targets(model)[LIKENESS](x, w)


def test_a_channel_is_wanted_where_it_looks():
    model = Edges()
    assert layers(model) == {"first": 4}
    found = wanted_by_channels(model, "first", (0, 1), steps=40)
    assert found.names == ("first 0", "first 1") and found.x.shape == (2, *SHAPE)
    assert (found.after > found.before + 0.2).all()
    light = found.x.mean(axis=(2, 3))  # (channel, band)
    assert light[0].argmax() == 1 and light[1].argmax() == 2
    assert found.x.min() >= -0.1 - 1e-6 and found.x.max() <= 1.0 + 1e-6
    assert all(parameter.requires_grad for parameter in model.parameters())
    again = wanted_by_channels(model, "first", (0, 1), steps=40)
    np.testing.assert_array_equal(found.x, again.x)


def test_a_number_is_wanted_and_unknown_ones_are_refused():
    model = Edges()
    found = wanted_by_targets(model, ["class b", "class a"], steps=20)
    assert found.after[1] > found.before[1] + 0.3  # class b wants darkness
    assert found.x[1, 1].mean() > 0.4
    with pytest.raises(ConfigError, match="first"):
        wanted_by_channels(model, "frist")
    with pytest.raises(ConfigError, match="channels 0 to 3"):
        wanted_by_channels(model, "first", [4])
    with pytest.raises(ConfigError, match="class c"):
        wanted_by_targets(model, ["class c"])
    turned = wanted_by_channels(Many(), "first", range(6), steps=20)  # every image's own, not another's
    assert (turned.after > turned.before).all()


class Held:
    """Dots in one of three bands, as a reader gives them."""

    def __init__(self, n=60):
        rng = np.random.default_rng(5)
        self.band = np.arange(n) % 3
        self.x = np.zeros((n, *SHAPE), np.float32)
        for k in range(n):
            self.x[k, self.band[k]] = dot(*rng.uniform(4, 8, 2))
        self.w = np.full_like(self.x, 100.0)
        self.w[7] = 0

    def read(self, rows):
        return Block(rows, self.x[rows], self.w[rows], self.w[rows], np.ones(len(rows), np.float32))

    def stream(self, rows, size):
        return (self.read(rows[begin : begin + size]) for begin in range(0, len(rows), size))


@pytest.mark.parametrize("model", [Many(), Edges()])
def test_the_examples_nearest_are_of_its_kind(model):
    held = Held()
    if isinstance(model, Edges):
        with torch.no_grad():
            for channel in range(3):
                model.first.weight[channel] = 0.0
                model.first.weight[channel, channel, 1, 1] = 1.0
    known = examples.Examples(model, held, np.arange(40))
    assert 7 not in known.rows and len(known.rows) == 39
    rows, distance = known.nearest(held.read(np.arange(40, 60)), k=4)
    assert (held.band[rows] == held.band[40:60, None]).mean() > 0.9 and rows.max() < 40
    assert (np.diff(distance, axis=1) >= 0).all()
    itself, none = known.nearest(held.read(np.array([12])), k=1)
    assert itself.tolist() == [[12]] and none[0, 0] == pytest.approx(0, abs=1e-3)
