"""Attributions: complete, exact for what is linear, silent where a spectrum is masked."""

import sys

import numpy as np
import pytest
import torch

from qsocore import open_store
from qsocore.errors import ConfigError
from qsocore.explain import METHODS, Explainer, continuum, integrated_gradients, occlusion, targets
from qsocore.explain.attribute import window_of
from qsocore.grid import WaveGrid
from qsocore.models import MODELS
from qsocore.models.base import Predictor
from tests.dashboard.survey import GRID, make_run, make_store

N = 256


@pytest.fixture
def spectrum():
    """One spectrum with a line at pixel 100 and no pixels at 40 to 60, (1, N) each."""
    rng = np.random.default_rng(3)
    at = np.arange(N)
    x = 1 + 0.002 * at + np.exp(-0.5 * ((at - 100) / 3) ** 2) + rng.normal(0, 0.05, N)
    w = rng.uniform(50, 100, N)
    x[40:60] = w[40:60] = 0
    return torch.tensor(x[None], dtype=torch.float32), torch.tensor(w[None], dtype=torch.float32)


def linear(a):
    return lambda x, w: x @ a


def test_the_continuum_is_smooth_keeps_a_level_and_leaves_masked_pixels(spectrum):
    x, w = spectrum
    base = continuum(x, w)
    assert base[0, 40:60].abs().max() == 0
    assert continuum(torch.full((2, N), 3.0), torch.ones(2, N)).numpy() == pytest.approx(3, rel=1e-5)
    assert float((x - base)[0, 97:104].min()) > 0.3  # the line is no part of it
    assert float(base[0, 61:].diff().abs().max()) < 0.03


def test_gradients_of_a_linear_number_are_exact_and_masked_pixels_say_nothing(spectrum):
    x, w = spectrum
    a = torch.linspace(-1, 2, N)
    made = integrated_gradients(linear(a), x, w)
    wanted = (a * (x - continuum(x, w))[0]).numpy()
    assert made.pixels == pytest.approx(wanted, abs=1e-4)
    assert (made.pixels[40:60] == 0).all()
    assert made.value == pytest.approx(float(x @ a), rel=1e-5) and abs(made.missing) < 1e-3


def test_gradients_are_complete_for_what_is_not_linear(spectrum):
    x, w = spectrum
    a = torch.linspace(-0.1, 0.2, N)
    made = integrated_gradients(lambda x, w: torch.tanh(x @ a) + (x.square() @ a), x, w)
    change = made.value - made.baseline
    assert abs(change) > 0.1 and abs(made.missing) < 1e-3 * abs(change)


@pytest.mark.parametrize("name", ["infovae", "pca"])
def test_gradients_are_complete_for_networks(name, spectrum):
    x, w = spectrum
    member = MODELS.get(name)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = member.build(member.Config(latents=4), WaveGrid("n256", "log10", 3.56, 4.0, N))
        for parameter in [*model.parameters(), *model.buffers()]:
            if parameter.is_floating_point() and parameter.ndim == 2:
                parameter.data.normal_(0, 0.05)
    numbers = targets(model.eval())
    assert list(numbers) == ["latent 0", "latent 1", "latent 2", "latent 3"]
    made = integrated_gradients(numbers["latent 2"], x, w)
    assert np.isfinite(made.pixels).all() and np.abs(made.pixels).max() > 0
    assert abs(made.missing) < 1e-2 * np.abs(made.pixels).sum()


def test_occlusion_finds_the_line_and_is_exact_pixel_by_pixel(spectrum):
    x, w = spectrum
    a = torch.linspace(-1, 2, N)
    one = occlusion(linear(a), x, w, window=1)
    assert one.pixels == pytest.approx((a * (x - continuum(x, w))[0]).numpy(), abs=1e-4)
    area = torch.zeros(N)
    area[90:111] = 1.0
    wide = occlusion(linear(area), x, w, window=8)
    assert 92 < np.argmax(wide.pixels) < 108 and (wide.pixels[40:60] == 0).all()
    assert wide.pixels.sum() == pytest.approx(wide.value - wide.baseline, rel=0.05)
    assert np.abs(wide.pixels[:80]).max() < 1e-3  # captum's windows, nothing farther away
    with pytest.raises(ConfigError, match="window of 0 pixels"):
        occlusion(linear(a), x, w, window=0)


def test_a_window_in_angstrom():
    assert window_of(GRID.wave, 120.0) == round(120 / np.diff(GRID.wave)[255])
    assert window_of(GRID.wave, 0.1) == 1


def test_without_captum_it_says_what_to_install(spectrum, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(ConfigError, match=r"qso-atlas\[explain\]"):
        integrated_gradients(linear(torch.ones(N)), *spectrum)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("explained") / "small.store"
    make_store(path, 120)
    make_run(path)
    return open_store(path)


def test_a_run_explains_an_object_of_the_store(store):
    explainer = Explainer(store.run("small"), store.grid)
    spectra, row = store.spectra([10]), 0
    for method in METHODS:
        made = explainer.explain(spectra.flux[row], spectra.ivar[row], spectra.mask[row], "latent 1", method)
        assert made.wave == pytest.approx(store.grid.wave) and made.attribution.pixels.shape == (512,)
        assert (made.attribution.pixels[200:215] == 0).all()  # masked in every tenth spectrum
        change = made.attribution.value - made.attribution.baseline
        assert made.attribution.pixels.sum() == pytest.approx(change, abs=0.1 * abs(change) + 1e-3)
    with pytest.raises(ConfigError, match="did you mean latent 1"):
        explainer.explain(spectra.flux[row], spectra.ivar[row], spectra.mask[row], "latent1")


def test_spectra_of_another_grid_are_brought_to_the_runs(store):
    coarse = WaveGrid("coarse", "log10", 3.57, 4.0, 300)
    made = Explainer(store.run("small"), coarse).explain(np.ones(300), np.ones(300), np.zeros(300), "latent 0")
    assert made.attribution.pixels.shape == (512,) and (made.attribution.pixels[:5] == 0).all()


def predictors():
    with torch.random.fork_rng():
        torch.manual_seed(2)
        for name in MODELS.names():
            member = MODELS.get(name)
            if member.reads != "spectra":
                continue
            model = member.build(member.Config(), WaveGrid("n512", "log10", 3.56, 4.0, 512)).eval()
            if isinstance(model, Predictor):
                yield name, model


def test_every_predictors_numbers_have_gradients_and_are_complete():
    rng, found = np.random.default_rng(4), set()
    x = torch.tensor(1 + np.exp(-0.5 * ((np.arange(512) - 200) / 5) ** 2) + rng.normal(0, 0.05, 512)).float()[None]
    w = torch.full((1, 512), 100.0)
    w[:, 300:320] = 0
    for name, model in predictors():
        for target, number in list(targets(model).items())[:3]:
            made = integrated_gradients(number, x, w)
            assert np.abs(made.pixels).max() > 0 and (made.pixels[300:320] == 0).all(), (name, target)
            assert abs(made.missing) < 0.05 * np.abs(made.pixels).sum(), (name, target)
            found.add(name)
    assert {"classifier", "redshift"} <= found


def test_a_predictor_offers_nothing_unless_it_says_so():
    assert Predictor.explainable(None) == {}
