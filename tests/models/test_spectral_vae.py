"""Spectral VAE: a redshift is a shift, exactly; the encoder finds it; and least squares makes it sharp."""

import math

import numpy as np
import pytest
import torch

from qsocore.errors import ConfigError
from qsocore.grid import GRIDS, WaveGrid
from qsocore.models.spectral_vae import MODEL, SpectralVAEConfig
from qsocore.simulate.forest import mean_optical_depth
from tests.spectra import small_store

GRID = WaveGrid("log", "log10", math.log10(4000.0), math.log10(8000.0), 256)
SMALL = {"latents": 3, "widths": (32, 16), "z_max": 1.0, "boxes": 64, "channels": (8, 12, 16, 16, 16), "features": 12}


def network(grid=GRID, **settings):
    torch.manual_seed(0)
    return MODEL.build(SpectralVAEConfig(**(SMALL | settings)), grid)


def toy(n, seed=0, noise=0.1):
    """A slope and two lines, one of them of any strength, at redshifts up to 0.9; x, w, z."""
    generator = torch.Generator().manual_seed(seed)
    z, tilt, strength = (torch.rand(n, 1, generator=generator) for _ in range(3))
    z = 0.9 * z
    rest = torch.tensor(np.array(GRID.wave), dtype=torch.float32).log() - torch.log1p(z)  # (n, n_pix)

    def line(wave):
        return torch.exp(-0.5 * ((rest - math.log(wave)) / 0.006) ** 2)

    clean = 1.0 + 0.5 * (tilt - 0.5) * (rest - 8.3) + (1.0 + 2.0 * strength) * line(3800.0) + 2.0 * line(4250.0)
    scale = clean.square().mean(dim=1, keepdim=True).sqrt()
    x = clean / scale + noise * torch.randn(n, GRID.n_pix, generator=generator)
    return x, torch.full_like(x, noise**-2), z[:, 0]


@pytest.fixture(scope="module")
def trained():
    model = network()
    x, w, z = toy(2000)
    model.initialise(x, w)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(1)
    for step in range(240):
        for group in optimiser.param_groups:
            group["lr"] = 5e-3 * (1.02 - step / 240)
        chosen = torch.randperm(len(x), generator=generator)[:100]
        optimiser.zero_grad()
        model.loss(x[chosen], w[chosen], generator, {"z": z[chosen]})["loss"].backward()
        optimiser.step()
    return model.eval()


def test_a_redshift_is_a_shift_of_the_rest_frame():
    decoder = network().decoder
    rest = decoder.rest(torch.randn(5, 2))
    step = math.log(2.0) / 255
    for pixels in (0, 3, 100):
        moved = decoder.observed(rest, torch.full((5,), pixels * step))
        assert torch.allclose(moved[:, pixels:], decoder.observed(rest, torch.zeros(5))[:, : 256 - pixels], atol=1e-4)
    between = decoder.observed(rest, torch.full((5,), 10.25 * step))  # linear between pixels
    ends = (decoder.observed(rest, torch.full((5,), pixels * step)) for pixels in (10.0, 11.0))
    assert torch.allclose(between, sum(part * end for part, end in zip((0.75, 0.25), ends, strict=True)), atol=1e-4)


def test_the_slope_in_redshift_is_that_of_the_spectrum():
    model = network().eval()
    latents = torch.cat([torch.full((4, 1), 0.3001), torch.randn(4, 2)], dim=1)
    along = torch.tensor([1.0, 0.0, 0.0]).expand(4, -1)
    slope = torch.func.jvp(model.decode, (latents,), (along,))[1]
    differences = (model.decode(latents + 1e-4 * along) - model.decode(latents - 1e-4 * along)) / 2e-4
    assert torch.allclose(slope, differences, atol=0.02 * float(slope.abs().max()))


def test_the_forest_absorbs_on_the_blue_side_of_lyman_alpha_only():
    grid = WaveGrid("blue", "log10", math.log10(3600.0), math.log10(9000.0), 300)
    decoder = network(grid, z_max=5.0).decoder
    seen = decoder.observed(torch.ones(1, decoder.n_rest), torch.tensor([math.log(4.5)]))[0]
    wave = np.array(grid.wave)
    expected = np.exp(-mean_optical_depth(wave / 1215.67 - 1))
    blue, red = wave < 1200 * 4.5, wave > 1230 * 4.5
    assert np.allclose(seen[torch.from_numpy(blue)].detach(), expected[blue], rtol=0.01)
    assert np.allclose(seen[torch.from_numpy(red)].detach(), 1.0, atol=0.01)


def test_decoded_spectra_have_the_scale_of_normalised_ones():
    model = network()
    flux = model.decode(torch.cat([torch.rand(6, 1) * 0.6, torch.randn(6, 2)], dim=1))
    assert torch.allclose(flux.square().mean(dim=1), torch.ones(6), rtol=1e-3)


def test_every_weight_moves_in_one_step():
    model, (x, w, z) = network(), toy(40)
    before = {name: value.clone() for name, value in model.named_parameters()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    model.loss(x, w, torch.Generator().manual_seed(0), {"z": z})["loss"].backward()
    optimiser.step()
    for name, value in model.named_parameters():
        if not name.startswith(("decoder.to_flux", "template")):  # which reach redshifts that none of these has
            assert (value != before[name]).float().mean() > 0.5, f"{name} did not move"


def test_redshifts_are_found_without_being_told(trained):
    x, w, z = toy(300, seed=7)
    with torch.inference_mode():
        latents = trained.encode(x, w)
        trained.refine, kept = 0, trained.refine
        rough = trained.encode(x, w)
        trained.refine = kept
    error, before = ((found[:, 0].expm1() - z).abs() / (1 + z) for found in (latents, rough))
    pixel = math.log(2.0) / 255
    assert (error < 2 * pixel).float().mean() > 0.95
    assert error.median() < 0.3 * pixel
    assert error.median() < 0.7 * before.median()  # least squares is sharper than the shifts that are tried
    assert trained.chi2_pix(x, w).median() < 1.3


def test_the_other_latents_say_nothing_of_the_redshift(trained):
    x, w, z = toy(600, seed=8)
    with torch.inference_mode():
        latents = trained.encode(x, w)
    right = (latents[:, 0].expm1() - z).abs() < 0.01
    for k in (1, 2):
        assert abs(np.corrcoef(latents[right, k], z[right])[0, 1]) < 0.35


def test_spectra_without_a_redshift_are_learnt_from_too():
    model, (x, w, z) = network(), toy(40)
    some = torch.where(torch.arange(40) < 20, z, torch.nan)
    terms = model.loss(x, w, torch.Generator().manual_seed(0), {"z": some})
    assert all(torch.isfinite(value) for value in terms.values())
    none = model.loss(x, w, torch.Generator().manual_seed(0), {"z": torch.full((40,), torch.nan)})
    assert none["redshift"] == 0
    assert none["half_chi2"] > 0


def test_what_it_cannot_work_with_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="finds the redshift itself"):
        MODEL.build(SpectralVAEConfig(), GRIDS["rest-uv1500"])
    for wrong in ({"latents": 1}, {"widths": ()}, {"alpha": 2.0}, {"z_max": 0.0}, {"tried": 0}):
        with pytest.raises(ConfigError):
            SpectralVAEConfig(**wrong)
    store = small_store(tmp_path / "known.store", n=20)
    assert set(MODEL.labels(SpectralVAEConfig(), store)) == {"z"}
