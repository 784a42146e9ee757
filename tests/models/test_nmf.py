"""NMF: finds known parts through noise and gaps, never gets worse, holds everything above zero, leaves negative flux be."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models._components import ComponentsConfig
from qsocore.models.nmf import MODEL, solve_above_zero

GRID = WaveGrid("tiny", "linear", 4000.0, 4790.0, 80)


def truth(n=600, missing=0.5, noise=0.02, seed=0):
    """Spectra of three bumps that only add, each alone somewhere; half of the pixels are gone, faint ones are negative."""
    rng = np.random.default_rng(seed)
    place = np.arange(80)
    parts = np.stack([np.exp(-0.5 * ((place - centre) / 6) ** 2) for centre in (18, 40, 62)])
    latents = rng.exponential(size=(n, 3)) * (rng.random((n, 3)) < 0.7)
    x = latents @ parts + noise * rng.normal(size=(n, 80))
    w = np.where(rng.random((n, 80)) < missing, 0.0, noise**-2)
    return parts, latents, *(torch.tensor(part, dtype=torch.float32) for part in (np.where(w > 0, x, 0), w))


def trained(x, w, passes=40, size=150, k=3):
    model = MODEL.build(ComponentsConfig(k), GRID)
    model.initialise(x, w)
    losses = []
    for _ in range(passes):
        for begin in range(0, len(x), size):
            model.accumulate(x[begin : begin + size], w[begin : begin + size])
        losses.append(model.update())
    return model, losses


def test_finds_the_parts_with_half_of_the_pixels_missing():
    parts, latents, x, w = truth()
    model, losses = trained(x, w)
    found = model.components.numpy()
    cosines = (parts / np.linalg.norm(parts, axis=1)[:, None]) @ (found / np.linalg.norm(found, axis=1)[:, None]).T
    assert sorted(cosines.argmax(axis=1)) == [0, 1, 2] and cosines.max(axis=1).min() > 0.999
    codes = model.encode(x, w).numpy()
    for k, other in enumerate(cosines.argmax(axis=1)):
        assert np.corrcoef(codes[:, other], latents[:, k])[0, 1] > 0.999
    # of 40 seen pixels a spectrum spends about 2 of its 3 latents, the others being held at zero
    assert losses[-1] == pytest.approx(0.5 * (w > 0).sum(dim=1).float().mean().item() * (1 - 2.2 / 40), rel=0.04)


def test_each_pass_is_no_worse_than_the_last_and_nothing_falls_below_zero():
    _, _, x, w = truth(seed=1)
    model, losses = trained(x, w, passes=12)
    assert all(later <= earlier * (1 + 1e-4) for earlier, later in pairwise(losses))
    assert losses[-1] < 0.2 * losses[0]
    assert model.components.min() >= 0 and model.encode(x, w).min() >= 0
    assert torch.allclose(model.components.mean(dim=1), torch.ones(3), atol=1e-5)


def test_negative_flux_is_noise_and_brings_no_bias():
    _, _, x, w = truth(n=2000, missing=0.0, noise=0.5, seed=2)
    model, _ = trained(x, w, passes=10)
    free = [pixel for pixel in range(80) if abs(pixel - 18) > 20 and abs(pixel - 40) > 20 and abs(pixel - 62) > 15]
    assert (x < 0).float().mean() > 0.3
    assert model(x, w)[:, free].mean().item() == pytest.approx(x[:, free].mean().item(), abs=0.02)


def test_coordinate_descent_is_nnls():
    rng = np.random.default_rng(3)
    for _ in range(20):
        a, b = rng.normal(size=(30, 6)), rng.normal(size=30)
        wanted, _ = nnls(a, b)
        found = solve_above_zero(torch.tensor(a.T @ a)[None], torch.tensor(a.T @ b)[None], torch.zeros(1, 6).double(), 400)
        np.testing.assert_allclose(found[0].numpy(), wanted, atol=1e-8)


def test_too_many_components_are_refused():
    with pytest.raises(ConfigError, match="80 components of 80 pixels"):
        MODEL.build(ComponentsConfig(80), GRID)
    with pytest.raises(ConfigError, match="at least 1"):
        ComponentsConfig(0)
