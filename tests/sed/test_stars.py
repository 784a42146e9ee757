"""Libraries of stars: our own, and those that LePHARE lists."""

import numpy as np
import pytest

from qsocore.errors import ConfigError, ReadError
from qsocore.sed.grids import star_grid
from qsocore.sed.stars import own_stars, read_stars
from qsocore.simulate.bands import BANDS, band_fluxes, band_wave, magnitudes_of, per_f_lambda
from qsocore.simulate.images.dwarfs import colours


def test_dwarfs_have_the_colours_of_their_types():
    stars = own_stars()
    for name, kind in (("M8", 8.0), ("L5", 15.0), ("T6", 26.0)):
        found = -np.diff(magnitudes_of(band_fluxes(stars.spectrum(name)[None])[0]))
        np.testing.assert_allclose(found, colours(np.array([kind]))[0], atol=2e-3)


def test_our_stars_are_bluer_when_hotter_and_of_one_scale():
    stars = own_stars()
    assert len(set(stars.names)) == len(stars.names) and np.isfinite(stars.flux).all() and (stars.flux > 0).all()
    np.testing.assert_allclose((stars.flux * per_f_lambda()).max(axis=1), 1, rtol=1e-5)
    grid = star_grid(BANDS)
    blue = [grid.flux[grid.templates.index(name), 0] / grid.flux[grid.templates.index(name), 2]
            for name in ("K 4400 K", "G 5800 K", "A 9000 K", "O 40000 K")]
    assert blue == sorted(blue)
    with pytest.raises(ConfigError, match="no star"):
        stars.spectrum("Q7")


def test_a_listed_library_is_read(tmp_path):
    (tmp_path / "LIB").mkdir()
    wave = np.arange(2000.0, 70000.0, 7.0)
    for name, slope in (("one.sed", -2.0), ("two.sed", -4.0)):
        np.savetxt(tmp_path / "LIB" / name, np.column_stack([wave, (wave / 5500) ** slope]))
    (tmp_path / "MY.list").write_text("# mine\nLIB/one.sed A\nLIB/two.sed A\n")
    stars = read_stars(tmp_path)
    assert stars.names == ("one", "two")
    flat = band_fluxes(stars.flux)[0]
    np.testing.assert_allclose(flat, flat[0], rtol=1e-3)  # f_lambda ~ lambda^-2 is flat in f_nu
    f_nu = stars.flux[1] * per_f_lambda()
    at = np.array([6000.0, 9000.0])
    np.testing.assert_allclose(np.interp(at, band_wave(), f_nu), f_nu[0] * (band_wave()[0] / at) ** 2, rtol=1e-3)


@pytest.mark.parametrize(("text", "reason"), [("", "empty"), ("lost.sed A\n", "unreadable"), ("bad.sed A\n", "not-a-table")])
def test_a_broken_library_is_refused(tmp_path, text, reason):
    (tmp_path / "bad.sed").write_text("a b\n")
    (tmp_path / "MY.list").write_text(text)
    with pytest.raises(ReadError) as caught:
        read_stars(tmp_path)
    assert caught.value.reason == reason
    with pytest.raises(ReadError):
        read_stars(tmp_path / "nowhere")
