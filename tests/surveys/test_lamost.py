"""LAMOST: every real file against the manifest, both layouts, and what is odd in them."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from qsocore.errors import ReadError
from qsocore.records import Mask
from qsocore.surveys import SURVEYS, read_file
from tests.surveys.manifest import rows_of

LOG_WAVE = 3.5682 + 1e-4 * np.arange(600)


def header(**cards):
    out = fits.Header()
    for key, value in {"TELESCOP": "LAMOST", "OBSID": 12345, "DATA_V": "LAMOST DR5", "RA": 10.0, "DEC": -2.0, "CLASS": "STAR",
                       "SUBCLASS": "G2", "Z": 1e-4, "Z_ERR": 1e-5, "VACUUM": True, "COEFF0": 3.5682, "COEFF1": 1e-4,
                       "MAG_PS_G": -999.0, **cards}.items():
        out[key] = value
    return out


def image(path, flux=None, ivar=None, third=None, and_mask=None, rows=5, **cards):
    rng = np.random.default_rng(5)
    flux = 100 + rng.normal(0, 2, LOG_WAVE.size) if flux is None else flux
    ivar = np.full(LOG_WAVE.size, 0.25) if ivar is None else ivar
    third = 10**LOG_WAVE if third is None else third
    and_mask = np.zeros(LOG_WAVE.size) if and_mask is None else and_mask
    data = np.array([flux, ivar, third, and_mask, np.ones(LOG_WAVE.size)][:rows], np.float32)
    fits.PrimaryHDU(data, header(**cards)).writeto(path)
    return path


@pytest.mark.real
@pytest.mark.parametrize("number", range(4))
def test_every_real_file_as_the_manifest_says(real, number):
    """Split in four, so that a failure names a quarter."""
    rows = rows_of(real, "lamost/")
    assert len(rows) == 158
    for entry in rows[number::4]:
        spectrum, = read_file(real / entry["file"])
        assert spectrum.object_id.survey == "lamost" and not spectrum.calibrated, entry["file"]
        assert spectrum.wave.size == int(float(entry["n_pix"])), entry["file"]
        assert spectrum.wave[0] == pytest.approx(3699.985, abs=0.01), entry["file"]
        if float(entry["wave_min"]) > 3000:  # for the pilot files the manifest took a row of flux for wavelengths
            assert spectrum.wave[-1] == pytest.approx(float(entry["wave_max"]), abs=0.1), entry["file"]
        for key in ("ra", "dec", "z"):
            if entry[key]:
                assert spectrum.row[key] == pytest.approx(float(entry[key]), abs=1e-6), (entry["file"], key)
        if entry["class"] != "Unknown":
            kind = entry["class"], entry["subclass"].replace("Non", "")
            assert (spectrum.row["class"], spectrum.row["subclass"]) == kind, entry["file"]
        identity = entry["object_id"].split(" obsid ")
        assert spectrum.object_id.native == identity[-1], entry["file"]


@pytest.mark.real
def test_promised_noise_that_the_pixels_belie_is_noted(real):
    """The manifest's own measure singles out the worst; S/N 1100 a pixel is beyond any flat field."""
    folder = real / "lamost/lamost-manifold-dr-cluster"
    worst, = read_file(folder / "spec-59644-TD084806N172341H01_sp14-226.fits.gz")
    usual, = read_file(folder / "spec-59522-GACII052N48B2_sp05-168.fits.gz")
    assert any("inverse variance disagrees" in note for note in worst.notes) and not usual.notes


def test_pilot_layout_has_no_wavelength_row(tmp_path):
    """The third row is flux without continuum there: wavelengths come from the coefficients."""
    spectrum, = read_file(image(tmp_path / "a.fits", third=np.random.default_rng(1).normal(size=LOG_WAVE.size)))
    assert spectrum.wave == pytest.approx(10**LOG_WAVE, rel=1e-12)
    assert spectrum.row["mag_g"] != spectrum.row["mag_g"]  # -999 is no magnitude


def test_both_layouts_give_the_same_spectrum(tmp_path):
    old = image(tmp_path / "old.fits")
    data = fits.getdata(old)
    columns = [fits.Column(name, f"{LOG_WAVE.size}E", array=data[i:i + 1])
               for i, name in enumerate(("FLUX", "IVAR", "WAVELENGTH", "ANDMASK", "ORMASK"))]
    new = tmp_path / "new.fits"
    fits.HDUList([fits.PrimaryHDU(header=header()), fits.BinTableHDU.from_columns(columns, name="COADD")]).writeto(new)
    packed = tmp_path / "new.fits.gz"
    packed.write_bytes(gzip.compress(new.read_bytes()))
    first, = read_file(old)
    for path in (new, packed):
        other, = read_file(path)
        assert other.object_id == first.object_id and (other.flux == first.flux).all() and (other.ivar == first.ivar).all()


def test_masks(tmp_path):
    """The and-mask masks, the or-mask (all ones here) does not; negative inverse variance is masked and noted."""
    ivar, and_mask = np.full(LOG_WAVE.size, 0.25), np.zeros(LOG_WAVE.size)
    ivar[7], and_mask[11] = -1.0, 1.0
    spectrum, = read_file(image(tmp_path / "a.fits", ivar=ivar, and_mask=and_mask))
    assert np.flatnonzero(spectrum.mask).tolist() == [7, 11]
    assert spectrum.mask[7] == Mask.NO_IVAR and spectrum.mask[11] == Mask.FLAGGED and (spectrum.ivar[[7, 11]] == 0).all()
    assert spectrum.notes == ("1 pixels have a negative inverse variance and are masked",)


def test_pilot_files_are_named_by_plan_and_fibre(tmp_path):
    path = image(tmp_path / "a.fits", LMJD=55862, PLANID="B6212", SPID=6, FIBERID=3, VERSPIPE="v2.6.4", DATA_V="")
    head = fits.getheader(path)
    del head["OBSID"]
    fits.writeto(path, fits.getdata(path), head, overwrite=True)
    spectrum, = read_file(path)
    assert str(spectrum.object_id) == "lamost:v2.6.4:55862-B6212-sp06-003"


@pytest.mark.parametrize("change, reason", [
    ({"rows": 3}, "wrong-hdu"), ({"ivar": np.zeros(LOG_WAVE.size)}, "no-good-pixel"),
    ({"flux": np.full(LOG_WAVE.size, np.nan)}, "no-good-pixel"), ({"VACUUM": False}, "bad-wavelength"),
    ({"COEFF1": 0.0}, "bad-wavelength"),
])
def test_refusals(tmp_path, change, reason):
    path = image(tmp_path / "a.fits", **change)
    with pytest.raises(ReadError) as caught:
        list(read_file(path))
    assert caught.value.reason == reason and str(path) in str(caught.value)


def test_links_only_for_public_ids():
    survey = SURVEYS.get("lamost")
    assert survey.links({"release": "dr10", "native_id": "938605168"})["LAMOST"].endswith("obsid=938605168")
    assert survey.links({"release": "v2.6.4", "native_id": "55862-B6212-sp06-003"}) == {}
