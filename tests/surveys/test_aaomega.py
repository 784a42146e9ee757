"""2dfdr: five wavelength conventions of one object agree; fibres, heliocentric correction, refusals."""

import numpy as np
import pytest
from astropy.io import fits

from qsocore.errors import ReadError
from qsocore.records import Spectrum
from qsocore.surveys import read_file
from qsocore.surveys.aaomega import heliocentric
from qsocore.units import C_KM_S, air_to_vacuum, vacuum_to_air
from tests.surveys.manifest import rows_of

WAVE = np.linspace(4000.0, 8000.0, 1001)
HEADER = {"INSTRUME": "AAOMEGA-2dF", "UTDATE": "2015:12:17", "UTMJD": 57373.559, "CRVAL1": 6000.0, "CDELT1": 4.0,
          "CRPIX1": 501.0, "CTYPE1": "Wavelength", "CUNIT1": "Angstroms"}


def write(path, n=2, types="PP", wavelengths=None, variance=None, **cards):
    rng = np.random.default_rng(6)
    flux = (50 + rng.normal(0, 2, (n, WAVE.size))).astype(np.float32)
    variance = np.full((n, WAVE.size), 4.0, np.float32) if variance is None else variance
    fibres = fits.BinTableHDU.from_columns([
        fits.Column("NAME", "20A", array=[f"target{i}" for i in range(n)]), fits.Column("RA", "D", array=np.full(n, 0.6)),
        fits.Column("DEC", "D", array=np.full(n, -0.5)), fits.Column("TYPE", "1A", array=list(types))], name="FIBRES")
    header = fits.Header(list({**HEADER, **cards}.items()))
    hdus = [fits.PrimaryHDU(flux, header), fits.ImageHDU(variance, name="VARIANCE"), fibres]
    if wavelengths is not None:
        hdus.append(fits.ImageHDU(wavelengths, name="WAVELENGTH"))
    fits.HDUList(hdus).writeto(path)
    return path


def orbital(mjd, ra, dec):
    """Heliocentric correction (km/s) of a circular orbit, from the Sun's mean longitude: good to 1 km/s."""
    sun = np.radians(280.46 + 0.9856474 * (mjd - 51544.5) + 1.915 * np.sin(np.radians(357.53 + 0.9856003 * (mjd - 51544.5))))
    ra, dec, tilt = np.radians([ra, dec, 23.44])
    x, y = np.cos(dec) * np.cos(ra), np.cos(tilt) * np.cos(dec) * np.sin(ra) + np.sin(tilt) * np.sin(dec)
    return 29.78 * (x * np.sin(sun) - y * np.cos(sun))


@pytest.mark.real
def test_every_real_fibre_as_the_manifest_says(real):
    rows = rows_of(real, "other/Marz/")
    assert len(rows) == 10
    for entry in rows:
        spectrum = list(read_file(real / entry["file"]))[int(entry["row"])]
        assert spectrum.object_id.native == entry["object_id"] and not spectrum.calibrated
        assert spectrum.row["ra"] == pytest.approx(float(entry["ra"]), abs=1e-5)
        assert spectrum.row["dec"] == pytest.approx(float(entry["dec"]), abs=1e-5)
        assert spectrum.wave.size == int(float(entry["n_pix"]))


@pytest.mark.real
def test_five_conventions_of_one_object_agree(real):
    """Air or vacuum, linear or logarithmic: one wavelength scale; those that ask for it are heliocentric."""
    folder = real / "other/Marz"
    waves = {path.stem: next(iter(read_file(path))).wave for path in sorted(folder.glob("eml*.fits"))}
    reference = waves["emlLinearVacuumNoHelio"]
    for name, wave in waves.items():
        corrected = name != "emlLinearVacuumNoHelio" and "Helio" in name and "NoHelio" not in name
        shift = np.median(wave / reference - 1) * C_KM_S
        if corrected:
            assert shift == pytest.approx(orbital(57373.559, 35.414, -28.909), abs=1.0), name
        else:
            assert np.abs(wave - reference).max() < 0.02, name


def test_air_by_default_vacuum_when_said(tmp_path):
    air, = list(read_file(write(tmp_path / "a.fits", 1, "P")))
    vacuum, = list(read_file(write(tmp_path / "b.fits", 1, "P", VACUUM=True)))
    assert air.wave == pytest.approx(air_to_vacuum(WAVE), abs=1e-6) and vacuum.wave == pytest.approx(WAVE, abs=1e-6)


def test_wavelength_hdu_linear_and_logarithmic(tmp_path):
    table = np.stack([vacuum_to_air(WAVE + 1), vacuum_to_air(WAVE + 2)])
    linear = list(read_file(write(tmp_path / "a.fits", wavelengths=table)))
    log = list(read_file(write(tmp_path / "b.fits", wavelengths=np.log10(table))))
    for i in (0, 1):
        assert linear[i].wave == pytest.approx(WAVE + 1 + i, abs=1e-5)
        assert log[i].wave == pytest.approx(WAVE + 1 + i, abs=1e-5)


def test_heliocentric_velocity_is_bounded_seasonal_and_absent_without_a_date():
    """Towards the ecliptic it swings by twice the orbital 29.8 km/s in a year, at its pole hardly."""
    days = 57000 + np.arange(0, 365, 15)
    in_plane = [heliocentric({"UTMJD": day}, 0.0, 0.0) for day in days]
    at_pole = [heliocentric({"UTMJD": day}, 270.0, 66.56) for day in days]
    assert 55 < np.ptp(in_plane) < 62 and np.ptp(at_pole) < 2.5
    assert heliocentric({}, 10.0, 10.0) == 0.0


def test_only_object_fibres_are_read(tmp_path):
    first, second, third = read_file(write(tmp_path / "a.fits", 3, "PSN"))
    assert isinstance(first, Spectrum) and first.row["source_row"] == 0
    assert {error.reason for error in (second, third)} == {"no-object"} and "fibre 2" in str(third)


def test_a_dead_fibre_does_not_stop_the_others(tmp_path):
    variance = np.full((2, WAVE.size), 4.0, np.float32)
    variance[0] = 0.0
    dead, alive = read_file(write(tmp_path / "a.fits", variance=variance))
    assert isinstance(dead, ReadError) and dead.reason == "no-good-pixel" and alive.object_id.native == "target1"


def test_shapes_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(ReadError) as caught:
        list(read_file(write(tmp_path / "a.fits", variance=np.ones((2, 7), np.float32))))
    assert caught.value.reason == "wrong-shape"
