"""Each thing that may happen to a cutout does what it says and nothing else; truth is analytic."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.errors import ConfigError
from qsocore.sampling import ImageGrid
from qsocore.train.augment_images import ImageAugmentation, ImageAugmenter, build_image_augmenter

GRID = ImageGrid(("g", "r", "i"), 28)
EFFECTS = {"flip": 1.0, "turn": 1.0, "shift": 2.0, "crop": 24, "noise": 1.0, "blur": 1.0, "bandless": 1.0}
LOSSLESS = ("turn", "shift", "crop", "blur", "flip")  # of colour


def stars(n=60, sigma=2.0, masked=0.0, seed=0):
    """Round sources a little off the centre, of any colour and without noise, of which some pixels are masked."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    dx, dy = (2 * torch.rand(n, 1, 1, generator=generator) - 1 for _ in range(2))
    shape = torch.exp(-0.5 * ((x - 13.5 - dx).square() + (y - 13.5 - dy).square()) / sigma**2)
    colour = 0.1 + torch.rand(n, 3, 1, 1, generator=generator)
    w = torch.where(torch.rand(n, 3, 28, 28, generator=generator) < masked, 0.0, 400.0)
    return colour * shape[:, None] * (w > 0), w


def augmented(x, w, seed=1, **what):
    return ImageAugmenter(ImageAugmentation(**what), GRID)(x, w, torch.Generator().manual_seed(seed))


def test_nothing_is_asked_and_nothing_is_done():
    x, w = stars()
    assert build_image_augmenter(ImageAugmentation(), GRID) is None and not ImageAugmentation().any
    assert all(torch.equal(a, b) for a, b in zip(augmented(x, w), (x, w), strict=True))


@pytest.mark.parametrize("effect", EFFECTS)
def test_draws_follow_from_the_seed_and_change_something(effect):
    x, w = stars()
    x[:, :, 4:8, 2:20] += 0.3  # so that it is seen to be mirrored
    one, two, other = (augmented(x, w, seed, **{effect: EFFECTS[effect]}) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0], other[0])
    assert one[0].shape == one[1].shape == (60, 3, *2 * [24 if effect == "crop" else 28])
    assert build_image_augmenter(ImageAugmentation(**{effect: EFFECTS[effect]}), GRID)


@pytest.mark.parametrize("effect", EFFECTS)
def test_what_was_masked_leaks_nowhere(effect):
    x, w = stars(masked=0.05)
    wild = torch.where(w > 0, x, torch.tensor(1e4))
    out_x, out_w = augmented(wild, w, **{effect: EFFECTS[effect]})
    assert (out_x[out_w == 0] == 0).all() and out_x.abs().max() < 5
    assert torch.isfinite(out_x).all() and torch.isfinite(out_w).all() and (out_w >= 0).all()
    assert (out_w > 0).any()


@pytest.mark.parametrize("effect", LOSSLESS)
def test_colours_stay(effect):
    x, w = stars()
    out, weight = augmented(x, w, **{effect: EFFECTS[effect]})
    good = (weight > 0).all(dim=1, keepdim=True)
    before = x.sum(dim=(2, 3))
    after = (out * good).sum(dim=(2, 3))
    torch.testing.assert_close(after / after[:, :1], before / before[:, :1], rtol=1e-4, atol=0)


def test_a_mirrored_image_is_one_of_its_four_and_comes_as_often():
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(400, 3, 28, 28, generator=generator)
    out, _ = augmented(x, torch.ones_like(x), flip=1.0)
    images = [x, x.flip(-1), x.flip(-2), x.flip(-1).flip(-2)]
    same = torch.stack([(out - image).abs().amax(dim=(1, 2, 3)) < 1e-4 for image in images])
    assert (same.sum(dim=0) == 1).all()
    assert (same.float().mean(dim=1) - 0.25).abs().max() < 0.08


def test_a_turned_source_keeps_its_distance_from_the_centre():
    x, w = stars()
    x = x.roll(5, -1)
    out, _ = augmented(x, w, turn=1.0)
    place = torch.arange(28.0) - 13.5

    def distance(image):
        total = image.sum(dim=(1, 2, 3))
        return torch.hypot((image.sum(dim=(1, 2)) @ place) / total, (image.sum(dim=(1, 3)) @ place) / total)

    torch.testing.assert_close(distance(out), distance(x), rtol=0.02, atol=0.02)


def test_a_shift_is_at_most_what_it_says_and_what_comes_in_is_masked():
    x, w = stars()
    out, weight = augmented(x, w, shift=2.0)
    place = torch.arange(28.0)
    moved = [(a.sum(dim=(1, axis)) @ place) / a.sum(dim=(1, 2, 3)) for a in (out, x) for axis in (2, 3)]
    by = torch.stack([moved[0] - moved[2], moved[1] - moved[3]])
    assert by.abs().max() < 2.05 and by.abs().max() > 1.5
    lost = (weight == 0).all(dim=1).float().mean(dim=(1, 2))
    assert 0 < lost.mean() < 0.15


def test_a_crop_holds_the_middle_and_all_of_it_is_known():
    x, w = stars()
    out, weight = augmented(x, w, crop=24)
    assert (weight > 0).all()
    torch.testing.assert_close(out.sum(dim=(2, 3)), x.sum(dim=(2, 3)), rtol=0.01, atol=0)


def test_noise_is_what_the_weight_says():
    w = torch.full((500, 3, 28, 28), 25.0)
    out, weight = augmented(torch.zeros_like(w), w, noise=2.0)
    added = 1.0 / weight - 1.0 / w  # variance
    assert abs(out.square().sum() / added.sum() - 1) < 0.01
    assert 0 < added.max() <= 4.0 / 25 * 1.001


def test_blurring_adds_its_variance_and_keeps_the_flux():
    x, w = stars(sigma=1.5)
    out, weight = augmented(x, w, blur=1.0)
    assert torch.equal(weight, w)
    torch.testing.assert_close(out.sum(dim=(2, 3)), x.sum(dim=(2, 3)), rtol=2e-3, atol=0)
    place = torch.arange(28.0)

    def variance(image):
        profile = image.sum(dim=(1, 2))
        mean = (profile @ place) / profile.sum(dim=1)
        return (profile * (place - mean[:, None]).square()).sum(dim=1) / profile.sum(dim=1)

    grown = variance(out) - variance(x)
    assert (grown > -1e-3).all() and 0.8 < grown.max() < 1.02
    assert abs(grown.mean() - 1 / 3) < 0.1  # of u squared


def test_a_lost_band_is_lost_for_good():
    x, w = stars(400)
    out, weight = augmented(x, w, bandless=0.5)
    lost = (weight == 0).all(dim=(2, 3)).sum(dim=1)
    assert set(lost.tolist()) == {0, 1} and abs(lost.float().mean() - 0.5) < 0.08
    assert (out[weight == 0] == 0).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**40), turn=st.booleans(), noise=st.floats(0, 3), blur=st.floats(0, 2),
       crop=st.sampled_from([0, 16, 25, 28]))
def test_everything_at_once_stays_finite(seed, turn, noise, blur, crop):
    x, w = stars(8, masked=0.02)
    out = augmented(x, w, seed, flip=1.0, turn=float(turn), shift=3.0, noise=noise, blur=blur, crop=crop, bandless=0.2)
    assert all(torch.isfinite(part).all() and part.shape[-1] == (crop or 28) for part in out)
    assert (out[1] >= 0).all()


@pytest.mark.parametrize("what", [{"flip": 1.5}, {"turn": -0.1}, {"shift": -1.0}, {"noise": np.inf}, {"crop": -4}])
def test_nonsense_is_refused(what):
    with pytest.raises(ConfigError):
        ImageAugmentation(**what)


def test_a_crop_larger_than_the_cutouts_is_refused():
    with pytest.raises(ConfigError, match="30 pixels"):
        ImageAugmenter(ImageAugmentation(crop=30), GRID)
