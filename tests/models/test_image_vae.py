"""The autoencoder of images: gives back what is usual, leaves over what is not, whatever is masked."""

import numpy as np
import torch

from qsocore.models.image_vae import MODEL, ImageVAEConfig
from qsocore.sampling import ImageGrid

GRID = ImageGrid(("g", "r", "i"), 12)


def sources(n, seed=0, noise=0.05):
    """Round sources of any colour and width, each a little off the centre."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:12, :12] - 5.5
    dx, dy, wide = (rng.uniform(low, high, (n, 1, 1)) for low, high in ((-0.7, 0.7), (-0.7, 0.7), (1.2, 2.0)))
    shape = np.exp(-0.5 * ((x - dx) ** 2 + (y - dy) ** 2) / wide**2)
    flux = rng.uniform(0.1, 1, (n, 3, 1, 1)) * shape[:, None] + rng.normal(0, noise, (n, 3, 12, 12))
    return torch.tensor(flux, dtype=torch.float32), torch.full((n, 3, 12, 12), noise**-2)


def trained(steps=150):
    torch.manual_seed(0)
    model = MODEL.build(ImageVAEConfig(latents=8, widths=(64, 32)), GRID).train()
    x, w = sources(800)
    model.initialise(x, w)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        some = torch.randint(len(x), (64,), generator=generator)
        optimiser.zero_grad()
        model.loss(x[some], w[some], generator)["loss"].backward()
        optimiser.step()
    return model.eval()


def test_usual_sources_come_back_and_a_neighbour_is_left_over():
    model = trained().requires_grad_(False)
    x, w = sources(200, seed=1)
    assert model.chi2_pix(x, w).mean() < 1.5
    other = x.clone()
    other[:, 0, 8:10, 8:10] += 1.0
    left = (other - model(other, w))[:, 0, 8:10, 8:10].mean(dim=(1, 2))
    assert left.median() > 0.5
    assert (model.chi2_pix(other, w) > 2 * model.chi2_pix(x, w)).float().mean() > 0.9
    half = w.clone()
    half[:, :, :3] = 0.0  # a missing edge changes little of the rest
    assert (x - model(torch.where(half > 0, x, 9.0), half))[:, :, 3:].square().mean() < 1.6 * 0.05**2
