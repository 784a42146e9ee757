"""LePHARE run for real, on a cut of its data; and our own grid with LePHARE's stars, held to the published chi2."""

import os

import numpy as np
import pytest

from qsocore.errors import AtlasError
from qsocore.sed import fit as fitting
from qsocore.sed.backends import BACKENDS
from qsocore.sed.backends.base import Settings
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.fit import chi2_of
from qsocore.sed.stars import read_stars
from qsocore.simulate.bands import BANDS, response_of

NAMES = ("1143273115", "1599741416", "1695974542")
GALAXY, STAR = (3913.73, 1887.70, 3933.25), (3208.79, 687.077, 1693.91)
CURVES = ("CTIO_DECam.g", "CTIO_DECam.r", "CTIO_DECam.i", "CTIO_DECam.z", "CTIO_DECam.Y", "Paranal_VISTA.J", "Paranal_VISTA.Ks",
          "WISE_WISE.W1", "WISE_WISE.W2")


@pytest.fixture(scope="module")
def three(published):
    return published.take([published.object_ids.index(name) for name in NAMES])


def test_lephare_gives_the_published_chi2_and_leaves_no_trace(three, lephare_data, monkeypatch, tmp_path):
    pytest.importorskip("lephare")
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    lephare = BACKENDS.get("lephare")
    found = lephare.fit(three, Settings(data=lephare_data, limits="censored"))
    assert dict(os.environ) == before and not list(tmp_path.iterdir())
    np.testing.assert_allclose(found["chi2_star"], STAR, rtol=1e-3)
    np.testing.assert_allclose(found["chi2_gal"], GALAXY, rtol=1e-3)
    # the publication has 484, 20.1 and 51.2 of quasars, of a list of templates that it does not name
    assert (found["chi2_qso"] < found["chi2_star"]).all() and found["sed_kind"].tolist() == ["quasar"] * 3
    np.testing.assert_allclose(found["z_phot"], [6.074, 5.941, 5.986], atol=0.06)
    assert (found["z_phot_low"] <= found["z_phot"] + 0.04).all() and (found["k_star"] == 2).all()


def test_our_grid_with_the_same_stars_gives_the_published_chi2(three, lephare_data, monkeypatch):
    # the publication's bands count energy, which is photons through T / lambda, and its limits say nothing of fainter models
    curves = [np.loadtxt(lephare_data / "filt" / "glq" / f"{name}.dat", unpack=True) for name in CURVES]
    response = np.stack([response_of(wave, through / wave) for wave, through in curves], axis=1)
    stars = read_stars(lephare_data / "sed" / "STAR")
    assert len(stars.names) == 135
    grid = fitting.star_grid(BANDS, stars)
    grid = type(grid)(grid.kind, (stars.flux @ response).astype(np.float32), grid.z, grid.tilt, grid.ebv, grid.opacity,
                      grid.templates)
    monkeypatch.setattr(fitting, "star_grid", lambda bands, stars=None: grid)
    flux = np.where(three.seen, three.flux, np.nan)
    free = BandFluxes(three.object_ids, BANDS, flux, three.error, three.seen)
    table = fitting.fit(free, ("star",))
    np.testing.assert_allclose(table.found["star"].chi2, STAR, rtol=5e-3)
    np.testing.assert_allclose(chi2_of(free, table.model("star")), STAR, rtol=5e-3)


def test_data_that_are_not_whole_are_told(three, lephare_data, tmp_path):
    lephare = BACKENDS.get("lephare")
    assert lephare.missing(Settings(data=lephare_data)) == ""
    assert "STAR_MOD.list" in lephare.missing(Settings(data=tmp_path))
    pytest.importorskip("lephare")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "alloutputkeys.txt").write_text("")
    with pytest.raises(AtlasError, match="LePHARE stopped"):
        lephare.fit(three, Settings(data=broken))


def test_without_a_folder_it_says_how_to_give_one(monkeypatch):
    pytest.importorskip("lephare")
    monkeypatch.delenv("LEPHAREDIR", raising=False)
    assert "--lephare FOLDER" in BACKENDS.get("lephare").missing(Settings())
