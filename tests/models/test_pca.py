"""Weighted PCA: finds a known subspace through noise and gaps, never gets worse, and does not look at masked pixels."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models._components import ComponentsConfig
from qsocore.models.pca import MODEL

GRID = WaveGrid("tiny", "linear", 4000.0, 4790.0, 80)


def truth(n=600, missing=0.5, seed=0):
    """Spectra of three components with falling variance, noise of 0.01, and half of the pixels gone."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(80, 3)))[0].T
    mean = np.sin(np.linspace(0, 6, 80))
    latents = rng.normal(size=(n, 3)) * [5.0, 3.0, 1.0]
    x = mean + latents @ basis + 0.01 * rng.normal(size=(n, 80))
    w = np.where(rng.random((n, 80)) < missing, 0.0, 1e4)
    return basis, mean, latents, torch.tensor(np.where(w > 0, x, 0), dtype=torch.float32), torch.tensor(w, dtype=torch.float32)


def trained(x, w, passes=30, size=100):
    model = MODEL.build(ComponentsConfig(3), GRID)
    model.initialise(x, w)
    losses = []
    for _ in range(passes):
        for begin in range(0, len(x), size):
            model.accumulate(x[begin : begin + size], w[begin : begin + size])
        losses.append(model.update())
    return model, losses


def test_recovers_a_known_subspace_with_half_of_the_pixels_missing():
    basis, _, latents, x, w = truth()
    model, losses = trained(x, w)
    cosines = np.linalg.svd(basis @ model.components.numpy().T, compute_uv=False)
    assert cosines.min() > 0.9999
    # of 40 seen pixels a spectrum spends 3 on its latents; the components are shared by 600 spectra
    assert losses[-1] == pytest.approx(0.5 * (w > 0).sum(dim=1).float().mean().item() * (1 - 3 / 40), rel=0.03)
    found = model.encode(x, w).numpy()
    for k, axis in enumerate(model.components.numpy()):
        assert abs(np.corrcoef(found[:, k], latents @ (basis @ axis))[0, 1]) > 0.999


def test_each_pass_is_no_worse_than_the_last():
    _, _, _, x, w = truth(seed=1)
    _, losses = trained(x, w, passes=12)
    assert all(later <= earlier * (1 + 1e-5) for earlier, later in pairwise(losses))
    assert losses[-1] < 0.1 * losses[0]


def test_components_are_orthonormal_in_falling_order_and_latents_centred():
    _, _, _, x, w = truth(seed=2)
    model, _ = trained(x, w)
    assert torch.allclose(model.components @ model.components.T, torch.eye(3), atol=1e-5)
    latents = model.encode(x, w)
    assert (latents.var(dim=0).diff() < 0).all()
    assert latents.mean(dim=0).abs().max() < 0.1


def test_batches_do_not_change_the_result():
    _, _, _, x, w = truth(n=300, seed=3)
    one, many = trained(x, w, 5, 300)[0], trained(x, w, 5, 7)[0]
    assert torch.allclose(one.components, many.components, atol=1e-4)
    assert torch.allclose(one.mean, many.mean, atol=1e-4)


def test_masked_pixels_are_not_looked_at():
    _, _, _, x, w = truth(n=100, seed=4)
    model, _ = trained(x, w, 3)
    wild = torch.where(w > 0, x, torch.tensor(1e4))
    assert torch.allclose(model.encode(wild, w), model.encode(x, w))
    assert (model.encode(x, torch.zeros_like(w)) == 0).all()


def test_a_pixel_that_no_spectrum_has_stays_finite():
    _, _, _, x, w = truth(n=100, seed=5)
    w[:, 10] = 0
    model, losses = trained(x, w, 5)
    assert torch.isfinite(model.components).all()
    assert np.isfinite(losses).all()


def test_more_components_than_pixels_are_refused():
    with pytest.raises(ConfigError, match="fewer latents"):
        MODEL.build(ComponentsConfig(80), GRID)
