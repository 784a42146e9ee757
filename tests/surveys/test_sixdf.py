"""6dFGS: every real file against the manifest; the rest-frame trap; air wavelengths."""

import numpy as np
import pytest
from astropy.io import fits

from qsocore.errors import ReadError
from qsocore.surveys import read_file
from qsocore.units import air_to_vacuum
from tests.surveys.manifest import rows_of

WAVE = np.linspace(4000.0, 7500.0, 2001)
CARDS = {"TARGET": "g0000000-000000", "OBSRA": 1.5, "OBSDEC": -2.5, "Z": 0.05, "Z_HELIO": 0.05, "QUALITY": 4}


def image(path, wave=WAVE, variance=None, rows=4, **cards):
    rng = np.random.default_rng(2)
    flux = 500 + rng.normal(0, 5, wave.size)
    variance = np.full(wave.size, 25.0) if variance is None else variance
    header = fits.Header(list({**CARDS, **cards}.items()))
    fits.PrimaryHDU(np.array([flux, variance, np.zeros(wave.size), wave][:rows], np.float32), header).writeto(path)
    return path


@pytest.mark.real
def test_every_real_file_as_the_manifest_says(real):
    rows = rows_of(real, "6dfgs/")
    assert len(rows) == 81
    for entry in rows:
        spectrum, = read_file(real / entry["file"])
        assert spectrum.object_id.native == entry["object_id"] and not spectrum.calibrated
        assert abs(spectrum.wave.size - float(entry["n_pix"])) <= 20, entry["file"]  # the manifest counts good pixels
        assert spectrum.wave[0] == pytest.approx(air_to_vacuum(float(entry["wave_min"])), abs=35), entry["file"]
        for key in ("ra", "dec"):
            assert spectrum.row[key] == pytest.approx(float(entry[key]), abs=1e-6)
        if entry["z"] and spectrum.row["z"] == spectrum.row["z"]:
            assert spectrum.row["z"] == pytest.approx(float(entry["z"]), abs=1e-6), entry["file"]


@pytest.mark.real
def test_h_alpha_lies_at_its_vacuum_wavelength(real):
    """Median over the strong emitters; had air been taken for vacuum it would be 1.8 Angstrom off, a rest-frame axis 300."""
    offsets = []
    for entry in rows_of(real, "6dfgs/Gal"):
        spectrum, = read_file(real / entry["file"])
        rest = spectrum.wave / (1 + spectrum.row["z"])
        near = np.abs(rest - 6564.61) < 12
        if near.sum() < 8:
            continue
        continuum = np.median(spectrum.flux[np.abs(rest - 6564.61) < 60])
        line = np.clip(spectrum.flux[near] - continuum, 0, None)
        if line.max() > 0.8 * continuum:
            top = slice(max(line.argmax() - 2, 0), line.argmax() + 3)
            offsets.append((line[top] * rest[near][top]).sum() / line[top].sum() - 6564.61)
    assert len(offsets) >= 8 and abs(np.median(offsets)) < 0.6


def test_wavelengths_come_from_the_fourth_row_not_from_the_dopplered_wcs(tmp_path):
    spectrum, = read_file(image(tmp_path / "a.fits", CRVAL1=WAVE[0] / 1.05, CDELT1=1.75 / 1.05, CRPIX1=1, DOPCOR01="0.05 7"))
    assert spectrum.wave == pytest.approx(air_to_vacuum(WAVE), rel=1e-7)


def test_the_two_redshifts_make_wavelengths_heliocentric(tmp_path):
    spectrum, = read_file(image(tmp_path / "a.fits", Z=0.05, Z_HELIO=0.05007))
    assert spectrum.wave == pytest.approx(air_to_vacuum(WAVE) * 1.05007 / 1.05, rel=1e-7)
    spectrum, = read_file(image(tmp_path / "b.fits", Z=-9.999))  # no raw redshift: nothing to mend by
    assert spectrum.wave == pytest.approx(air_to_vacuum(WAVE), rel=1e-7)


@pytest.mark.parametrize("quality, z_warn, kind, has_z", [(4, 0, "", True), (3, 0, "", True), (2, 1, "", True),
                                                         (1, 1, "", False), (6, 0, "STAR", True)])
def test_quality(tmp_path, quality, z_warn, kind, has_z):
    spectrum, = read_file(image(tmp_path / "a.fits", QUALITY=quality))
    assert (spectrum.row["z_warn"], spectrum.row["class"], np.isfinite(spectrum.row["z"])) == (z_warn, kind, has_z)


def test_variance_becomes_ivar_and_bad_variance_is_masked(tmp_path):
    variance = np.full(WAVE.size, 25.0)
    variance[3:6] = 0.0, -1.0, np.nan
    spectrum, = read_file(image(tmp_path / "a.fits", variance=variance))
    assert np.flatnonzero(spectrum.mask).tolist() == [3, 4, 5] and spectrum.ivar[10] == pytest.approx(0.04)


def test_ascii_table_without_errors_gets_them_from_its_scatter(tmp_path):
    flux = 500 + np.random.default_rng(4).normal(0, 5, WAVE.size)
    table = fits.TableHDU.from_columns([fits.Column("WAVE", "F12.4", "Angstrom", array=WAVE),
                                        fits.Column("FLUX", "F12.4", "counts/s", array=flux)])
    fits.HDUList([fits.PrimaryHDU(header=fits.Header(list(CARDS.items()))), table]).writeto(tmp_path / "a.fits")
    spectrum, = read_file(tmp_path / "a.fits")
    assert np.median(spectrum.ivar) ** -0.5 == pytest.approx(5.0, rel=0.1)
    assert any("estimated from the scatter" in note for note in spectrum.notes)


def test_refusals(tmp_path):
    path = image(tmp_path / "a.fits", rows=3)
    with pytest.raises(ReadError, match=r"a\.fits.*4 x N") as caught:
        list(read_file(path))
    assert caught.value.reason == "wrong-hdu"
    fits.HDUList([fits.PrimaryHDU(header=fits.Header(list(CARDS.items()))),
                  fits.BinTableHDU.from_columns([fits.Column("X", "E", array=[1.0])])]).writeto(tmp_path / "b.fits")
    with pytest.raises(ReadError) as caught:
        list(read_file(tmp_path / "b.fits"))
    assert caught.value.reason == "wrong-hdu"
