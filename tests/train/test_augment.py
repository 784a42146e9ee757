"""Each effect does what it says to the arrays that a model reads, and nothing else; truth is analytic."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.errors import ConfigError
from qsocore.grid import DEFAULT_GRID, GRIDS, get_grid
from qsocore.train.augment import _ARMS, _COVERAGES, _SKY, Augmentation, Augmenter, build_augmenter

GRID = get_grid("log10:3.5563:4.0170:512")
wave = torch.tensor(np.array(GRID.wave))
EFFECTS = [field.name for field in dataclasses.fields(Augmentation)]
SMOOTH = ("bent", "blurred")  # which take no pixel out and add no noise


def flat(n=400, level=1.0, w=25.0, masked=0.1, seed=0):
    """Spectra without noise, of which some pixels are masked."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.where(torch.rand(n, GRID.n_pix, generator=generator) < masked, 0.0, w)
    return torch.full((n, GRID.n_pix), level) * (weight > 0), weight


def augmented(x, w, seed=1, **shares):
    return Augmenter(Augmentation(**shares), GRID)(x, w, torch.Generator().manual_seed(seed))


def test_nothing_is_asked_and_nothing_is_done():
    x, w = flat()
    assert build_augmenter(Augmentation(), GRID) is None and not Augmentation().any
    same_x, same_w = augmented(x, w)
    assert torch.equal(same_x, x) and torch.equal(same_w, w)


@pytest.mark.parametrize("effect", EFFECTS)
def test_draws_follow_from_the_seed_and_change_something(effect):
    x, w = flat()
    x = x * torch.linspace(0.5, 1.5, GRID.n_pix) * (1 + 0.3 * torch.sin(wave.float() / 5.0))  # so that blurring shows
    one, two, other = (augmented(x, w, seed, **{effect: 1.0}) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0], other[0])
    assert not torch.equal(one[0], x)


@pytest.mark.parametrize("effect", EFFECTS)
def test_what_was_masked_stays_masked(effect):
    x, w = flat()
    wild = torch.where(w > 0, x, torch.tensor(1e4))
    out_x, out_w = augmented(wild, w, **{effect: 1.0})
    assert (out_w[w == 0] == 0).all() and (out_x[w == 0] == 0).all()
    assert torch.isfinite(out_x).all() and torch.isfinite(out_w).all() and (out_w >= 0).all()
    assert out_x.abs().max() < 100  # nothing of the wild pixels leaks into their neighbours


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_share_is_that_of_the_spectra(effect):
    x, w = flat(n=1500)
    x = x * (1 + 0.3 * torch.sin(wave.float() / 5.0))
    out_x, out_w = augmented(x, w, **{effect: 0.3})
    changed = ((out_x != x) | (out_w != w)).any(dim=1).float().mean()
    lowest = 0.18 if effect == "shortened" else 0.25  # one of the coverages is that of the grid
    assert lowest < changed < 0.35


@pytest.mark.parametrize("effect", SMOOTH)
def test_smooth_effects_take_no_pixel_out(effect):
    x, w = flat()
    assert torch.equal(augmented(x, w, **{effect: 1.0})[1] > 0, w > 0)


def test_added_noise_is_what_the_weights_say():
    """The scatter about the noiseless flux has a chi2 of one: of noise that was there (w) and of noise that was added."""
    x, w = flat(n=2000)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(3)) * torch.where(w > 0, 1 / 5.0, 0.0)
    out_x, out_w = augmented(x + noise, w, noisier=1.0)
    good = w > 0
    chi2 = (out_w * (out_x - 1.0).square())[good]
    assert chi2.mean() == pytest.approx(1.0, abs=0.005)
    grown = (w[good] / out_w[good]).sqrt()
    assert grown.min() >= 1.0 and 3.5 < grown.max() <= 17**0.5 + 1e-4
    per_spectrum = (out_w * (out_x - 1.0).square()).sum(dim=1) / good.sum(dim=1)
    assert per_spectrum.std() == pytest.approx((2 / 460) ** 0.5, rel=0.1)  # in each one, not on the average of all
    for row in (0, 1, 2):  # along the shape of its own errors
        ratio = (out_w[row] / w[row])[good[row]]
        assert torch.allclose(ratio, ratio[0].expand_as(ratio), rtol=1e-5)


def test_bending_keeps_the_signal_to_noise():
    x, w = flat()
    x = x * torch.linspace(0.5, 2.0, GRID.n_pix)
    out_x, out_w = augmented(x, w, bent=1.0)
    assert torch.allclose(out_x * out_w.sqrt(), x * w.sqrt(), rtol=1e-4)
    curve = torch.where(w > 0, out_x / torch.where(w > 0, x, 1.0), torch.nan).log()
    assert torch.nan_to_num(curve).abs().max() <= 0.35 + 1e-5 and torch.nan_to_num(curve).abs().max() > 0.3
    assert torch.nan_to_num(curve.diff(dim=1)).abs().max() < 2 * 0.35 * 5 / 511 + 1e-4  # smooth: five straight pieces


def test_gaps_are_stretches_and_leave_the_rest_alone():
    x, w = flat(masked=0.0)
    out_x, out_w = augmented(x, w, gapped=1.0)
    gone = out_w == 0
    assert torch.equal(out_x[~gone], x[~gone]) and torch.equal(out_w[~gone], w[~gone])
    edges = gone.float().diff(dim=1).abs().sum(dim=1)
    assert edges.max() <= 8 and 0.02 < gone.float().mean() < 0.2
    assert gone.sum(dim=1).max() <= 4 * 60


def test_an_arm_is_missing_or_the_coverage_is_anothers():
    x, w = flat(masked=0.0)
    arms = {tuple(((wave >= low) & (wave <= high)).tolist()) for low, high in _ARMS}
    lost = {tuple(row.tolist()) for row in augmented(x, w, armless=1.0)[1] == 0}
    assert lost == arms
    coverages = {tuple(((wave >= low) & (wave <= high)).tolist()) for low, high in _COVERAGES}
    assert {tuple(row.tolist()) for row in augmented(x, w, shortened=1.0)[1] > 0} == coverages


def test_sky_residuals_are_larger_than_the_errors_admit_and_only_at_the_sky():
    x, w = flat(masked=0.0)
    out_x, out_w = augmented(x, w, skyed=1.0)
    assert torch.equal(out_w, w)
    pull = (out_x - x) * w.sqrt()  # (n, n_pix)
    scatter = pull.std(dim=0)
    at_sky = torch.stack([(wave - centre).abs() < width / 4 for centre, width in _SKY]).any(dim=0)
    far = torch.stack([(wave - centre).abs() > 3 * width for centre, width in _SKY]).all(dim=0)
    assert at_sky.any() and far.any()
    assert scatter[at_sky].min() > 1.0 and scatter[far].max() < 0.1


def test_blurring_lowers_the_resolution_and_keeps_the_flux():
    x, w = torch.zeros(300, GRID.n_pix), torch.ones(300, GRID.n_pix)
    x[:, 250] = 1.0
    out = augmented(x, w, blurred=1.0)[0]
    assert torch.allclose(out.sum(dim=1), torch.ones(300), atol=1e-4)
    place = torch.arange(GRID.n_pix) - 250.0
    width = (out * place.square()).sum(dim=1).sqrt()
    assert width.max() <= 1.6 + 0.05 and width.max() > 1.4 and width.min() < 0.2
    assert (out * place).sum(dim=1).abs().max() < 1e-3  # no shift
    level, w = flat()
    assert torch.allclose(augmented(level, w, blurred=1.0)[0], level, atol=1e-5)  # masked neighbours take no part


@settings(max_examples=25, deadline=None)
@given(shares=st.fixed_dictionaries({name: st.sampled_from([0.0, 0.5, 1.0]) for name in EFFECTS}),
       masked=st.floats(0.0, 0.999), seed=st.integers(0, 2**31))
def test_a_spectrum_keeps_a_twentieth_of_its_good_pixels(shares, masked, seed):
    x, w = flat(n=40, masked=masked, seed=seed)
    out_x, out_w = augmented(x, w, seed, **shares)
    before, after = (w > 0).sum(dim=1), (out_w > 0).sum(dim=1)
    assert (after >= 0.05 * before).all() and (after <= before).all()
    assert torch.isfinite(out_x).all() and torch.isfinite(out_w).all()


def test_a_batch_is_not_changed_in_place():
    x, w = flat()
    before = x.clone(), w.clone()
    augmented(x, w, **dict.fromkeys(EFFECTS, 1.0))
    assert torch.equal(x, before[0]) and torch.equal(w, before[1])


def test_the_rest_frame_and_wrong_shares_are_refused():
    with pytest.raises(ConfigError, match="observed frame"):
        Augmenter(Augmentation(noisier=0.5), GRIDS["rest-uv1500"])
    Augmenter(Augmentation(), GRIDS["rest-uv1500"])
    for share in (-0.1, 1.1):
        with pytest.raises(ConfigError, match="share of the spectra"):
            Augmentation(gapped=share)


def test_the_default_grid_has_every_arm_and_coverage():
    """No arm takes all of the default grid, and every coverage leaves much of it."""
    whole = np.asarray(DEFAULT_GRID.wave)
    assert all(0.1 < ((whole >= low) & (whole <= high)).mean() < 0.7 for low, high in _ARMS)
    assert all(((whole >= low) & (whole <= high)).mean() > 0.5 for low, high in _COVERAGES)
