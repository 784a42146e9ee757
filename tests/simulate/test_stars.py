"""Stars against the indices of the archetypes that a survey's redshift pipeline fits, and against physics."""

import numpy as np
import pytest

from qsocore.grid import DEFAULT_GRID
from qsocore.preprocess.indices import measure
from qsocore.simulate import stars
from qsocore.simulate.photometry import magnitudes
from qsocore.simulate.star_continuum import planck
from qsocore.simulate.star_hydrogen import balmer_wave
from qsocore.simulate.star_templates import redshifted, template_wave, templates
from qsocore.units import C_KM_S

N = 400
# Indices of 200 archetypes a class (redrock's star templates): median with its 16th and 84th percentile where a box was
# measured, else the median alone
BOXES = {
    "B": {"ca_k": (-1.8, .5), "h_delta": (3.4, 12.0), "h_beta": (3.9, 13.4), "h_alpha": (3.4, 9.9), "g_band": -1.0, "mg_b": 0.0,
          "na_d": -.3, "tio5": .96, "cah2": 1.11, "d4000n": (.99, 1.10), "f3850": (2.1, 3.0), "f4250": 2.3, "f6500": .57,
          "f7500": .36, "f8500": .23, "f9500": .17},
    "A": {"ca_k": (-2.6, 2.2), "h_delta": (6.3, 13.9), "h_beta": (6.3, 15.6), "h_alpha": (6.2, 11.2), "g_band": -1.8,
          "mg_b": .2, "na_d": 0.0, "tio5": .97, "cah2": 1.09, "d4000n": (1.06, 1.22), "f3850": (1.3, 2.2), "f4250": 1.9,
          "f6500": .63, "f7500": .43, "f8500": .30, "f9500": .25},
    "F": {"ca_k": (-.7, 7.8), "h_delta": (2.5, 8.7), "h_beta": (3.6, 10.3), "h_alpha": (3.6, 8.0), "g_band": -.3, "mg_b": .5,
          "na_d": .1, "tio5": .97, "cah2": 1.07, "d4000n": (1.10, 1.33), "f3850": (1.1, 1.6), "f4250": 1.4, "f6500": .73,
          "f7500": .54, "f8500": .42, "f9500": .32},
    "G": {"ca_k": (1.8, 10.8), "h_delta": (-.2, 3.0), "h_beta": (2.2, 4.2), "h_alpha": (2.2, 3.6), "g_band": (-.2, 4.9),
          "mg_b": (.2, 1.4), "na_d": .1, "tio5": .98, "cah2": 1.04, "d4000n": (1.12, 1.62), "f3850": (.75, 1.2), "f4250": 1.1,
          "f6500": .84, "f7500": .68, "f8500": .53, "f9500": .45},
    "K": {"ca_k": (3.4, 16.6), "h_delta": (-8.8, .5), "h_beta": (.1, 3.6), "h_alpha": (-.1, 1.3), "g_band": (1.5, 10.4),
          "mg_b": (.4, 4.4), "na_d": (-.3, 2.9), "tio5": (.87, 1.0), "cah2": (.95, 1.03), "d4000n": (1.26, 3.2),
          "f3850": (.14, .66), "f4250": .57, "f6500": 1.03, "f7500": .94, "f8500": .82, "f9500": .72},
    "M": {"ca_k": 9.1, "h_delta": -6.0, "h_beta": 14.0, "h_alpha": (-8.9, -1.7), "g_band": 5.7, "mg_b": (5.3, 11.3),
          "na_d": (8.5, 14.5), "tio5": (.23, .70), "cah2": (.29, .61), "d4000n": (2.6, 4.1), "f3850": (.07, .19), "f4250": .23,
          "f6500": 1.9, "f7500": 4.6, "f8500": 4.2, "f9500": 5.9},
    "L": {"cah2": .51, "na_8190": .80, "feh": .59, "f7500": 20.0, "f8500": 40.0, "f9500": 125.0},
    "WD": {"ca_k": -.7, "h_delta": (-2.2, 12.4), "h_beta": (-4.5, 19.5), "h_alpha": (-1.3, 14.4), "g_band": -.3, "mg_b": 0.0,
           "na_d": 0.0, "tio5": .97, "cah2": 1.12, "d4000n": (.92, 1.11), "f3850": (1.6, 2.8), "f4250": 2.1, "f6500": .55,
           "f7500": .36, "f8500": .23, "f9500": .16},
    "C": {"na_d": 4.9, "c2_swan": .45, "g_band": 7.2, "f3850": .10, "f6500": 1.8},
    "CV": {"h_alpha": -46.0, "h_beta": -23.0, "h_delta": -14.0},
}
WIDTHS = ("ca_k", "h_delta", "h_beta", "h_alpha", "g_band", "mg_b", "na_d")
# Where only a median is known: widths within 3 Angstrom or half their value, ratios within 30 %
WIDTH_FLOOR, WIDTH_SHARE, RATIO_SHARE = 3.0, 0.5, 0.3


def _limits(name, box):
    if isinstance(box, tuple):
        return box
    reach = max(WIDTH_FLOOR, WIDTH_SHARE * abs(box)) if name in WIDTHS else RATIO_SHARE * box
    return box - reach, box + reach


def _of_class(letter, n=N, seed=7):
    rng = np.random.default_rng(seed)
    truth = stars.draw_subclass(np.full(n, letter, object), rng)
    return truth, rng


@pytest.mark.parametrize("letter", BOXES)
def test_median_indices_lie_in_the_boxes_of_their_class(letter):
    truth, rng = _of_class(letter)
    truth["true_z"][:] = 0
    wave = np.arange(3600.0, 10200.0)
    found = measure(stars.spectra(truth, wave, rng), wave, BOXES[letter])
    outside = {}
    for name, box in BOXES[letter].items():
        low, high = _limits(name, box)
        median = float(np.median(found[name]))
        if not low <= median <= high:
            outside[name] = (median, low, high)
    assert not outside


def test_a_star_without_lines_is_planck():
    bare = templates("DA").spectra(np.array([20000.0]), np.zeros((1, 3), np.float32))[0]
    wave = template_wave()
    x = 1.438777e8 / (wave * 20000.0)
    expected = wave**-5.0 / np.expm1(x)
    expected /= np.interp(5500.0, wave, expected)
    np.testing.assert_allclose(bare, expected, rtol=1e-4)


def test_the_hottest_continuum_is_rayleigh_jeans():
    assert planck(np.array([4000.0]), 1e8)[0] == pytest.approx(4 * np.log(5500 / 4000), abs=1e-3)


def test_spectra_are_positive_reproducible_and_have_their_magnitude():
    def make():
        rng = np.random.default_rng(3)
        truth = stars.draw(500, rng)
        return truth, stars.spectra(truth, DEFAULT_GRID.wave, rng)

    (truth, flux), (_, again) = make(), make()
    assert flux.dtype == np.float32 and flux.shape == (500, 2048)
    assert np.isfinite(flux).all() and (flux > 0).all()
    np.testing.assert_array_equal(flux, again)
    np.testing.assert_allclose(magnitudes(flux, DEFAULT_GRID.wave)["mag_i"], truth["mag_i"], atol=0.01)


def test_radial_velocity_moves_lines_by_v_over_c():
    truth, rng = _of_class("A", 4)
    wave = 10 ** np.arange(np.log10(6400), np.log10(6750), 2e-5)
    truth["true_z"] = np.array([-400.0, -100.0, 100.0, 400.0]) / C_KM_S
    flux = stars.spectra(truth, wave, rng)
    near = np.abs(wave - 6564.6) < 40
    depth = flux[:, near].max(axis=1, keepdims=True) - flux[:, near]
    depth = np.where(depth > 0.5 * depth.max(axis=1, keepdims=True), depth, 0)
    centre = (depth * wave[near]).sum(axis=1) / depth.sum(axis=1)
    np.testing.assert_allclose((centre / balmer_wave(3) - 1) * C_KM_S, truth["true_z"] * C_KM_S, atol=15)


def test_redshifting_shifts_and_keeps_values():
    rest = np.sin(np.log10(template_wave()) * 200)[None].astype(np.float32) + 2
    wave = np.linspace(4000, 9000, 300)
    z = np.array([0.0123])
    expected = np.sin(np.log10(wave / 1.0123) * 200) + 2
    np.testing.assert_allclose(redshifted(rest, wave, z)[0], expected, atol=2e-3)


def test_velocities_scatter_by_a_hundred_km_s():
    truth = stars.draw(20000, np.random.default_rng(1))
    assert np.std(truth["true_z"]) * C_KM_S == pytest.approx(100, rel=0.03)


def test_classes_come_in_their_shares_within_their_temperatures():
    truth = stars.draw(40000, np.random.default_rng(2))
    total = sum(kind.share for kind in stars.KINDS.values())
    for name, kind in stars.KINDS.items():
        of_class = truth["subclass"] == name
        share = kind.share / total
        assert of_class.mean() == pytest.approx(share, abs=4 * np.sqrt(share / 40000))
        assert (truth["teff"][of_class] >= kind.teff[0]).all() and (truth["teff"][of_class] <= kind.teff[1]).all()


def test_o_stars_show_ionised_helium_and_b_stars_do_not():
    wave = template_wave()

    def depth(teff, line):
        flux = templates("dwarf").spectra(np.array([teff]), np.ones((1, 3), np.float32))[0]
        at, blue, red = (np.interp(place, wave, flux) for place in (line, line - 20, line + 20))
        return 1 - at / np.sqrt(blue * red)

    assert depth(40000.0, 4687.0) > 0.05 > 0.002 > abs(depth(18000.0, 4687.0))
    assert depth(19000.0, 4472.8) > 0.05


def test_white_dwarfs_have_the_broadest_balmer_lines():
    wave = template_wave()

    def width(family, teff):
        flux = templates(family).spectra(np.array([teff]), np.ones((1, 3), np.float32))[0]
        near = np.abs(wave - balmer_wave(4)) < 150
        edge = np.interp(wave[near], wave[near][[0, -1]], flux[near][[0, -1]])
        deep = 1 - flux[near] / edge
        return np.ptp(wave[near][deep > deep.max() / 2])

    assert 40 < width("DA", 13000.0) < 150
    assert width("DA", 13000.0) > 2 * width("dwarf", 9600.0)


def test_metal_poor_stars_have_weaker_metal_lines_and_bluer_colours():
    truth, rng = _of_class("G", 2)
    truth |= {"teff": np.full(2, 5700.0), "strength": np.array([[1, 1, 1], [1, 0.3, 0.3]], np.float32), "true_z": np.zeros(2)}
    wave = np.arange(3600.0, 10200.0)
    found = measure(stars.spectra(truth, wave, rng), wave)
    for name in ("ca_k", "mg_b", "g_band", "d4000n"):
        assert found[name][0] > found[name][1]
    assert found["f3850"][0] < found["f3850"][1]


def test_active_dwarfs_have_the_h_alpha_they_were_given():
    truth, rng = _of_class("M", 2)
    truth |= {"teff": np.full(2, 3000.0), "true_z": np.zeros(2), "ew_ha": np.array([0.0, 6.0]),
              "strength": np.ones((2, 3), np.float32)}
    wave = np.arange(6500.0, 8600.0, 0.5)
    flux = stars.spectra(truth, wave, rng)
    flux = flux / flux[:, wave < 6530].mean(axis=1, keepdims=True)
    near = np.abs(wave - balmer_wave(3)) < 15
    width = ((flux[1] / flux[0] - 1) * 0.5)[near].sum()
    assert width == pytest.approx(6.0, rel=0.02)
