"""SDSS spec and spPlate files: every real one against the manifest, and what is odd or broken in made ones."""

import numpy as np
import pytest
from astropy.io import fits

from qsocore.errors import ReadError
from qsocore.preprocess.noise import NO_ERRORS
from qsocore.preprocess.snr import median_snr
from qsocore.records import Mask, Spectrum
from qsocore.surveys import SURVEYS, read_file
from qsocore.surveys._sdss import reasons
from tests.surveys.manifest import rows_of

N = 500
LOGLAM = (3.58 + 1e-4 * np.arange(N)).astype(np.float32)
CATALOGUE = {"PLATE": ("J", 266), "MJD": ("J", 51602), "FIBERID": ("J", 13), "RUN2D": ("16A", "v5_13_2"),
             "CLASS": ("6A", "QSO"), "SUBCLASS": ("21A", "BROADLINE"),
             "Z": ("E", 2.5), "Z_ERR": ("E", 3e-4), "ZWARNING": ("J", 4),
             "PLUG_RA": ("D", 146.9341), "PLUG_DEC": ("D", -0.6704), "PSFMAG": ("5E", [22.0, 21.0, 20.0, 19.0, 18.0])}


def spec(path, catalogue=None, header=None, **pixels):
    """A spec file of one object, a little line on a continuum."""
    columns = {"flux": np.full(N, 3.0), "loglam": LOGLAM, "ivar": np.full(N, 4.0), "and_mask": np.zeros(N, np.int32), **pixels}
    coadd = fits.BinTableHDU.from_columns([
        fits.Column(name, "J" if name == "and_mask" else "E", array=values) for name, values in columns.items()], name="COADD")
    row = CATALOGUE if catalogue is None else catalogue
    hdus = [fits.PrimaryHDU(header=fits.Header(header or {"BUNIT": "1E-17 erg/cm^2/s/Ang"})), coadd]
    if row:
        columns = [fits.Column(name, form, array=[value]) for name, (form, value) in row.items()]
        hdus.append(fits.BinTableHDU.from_columns(columns))
    fits.HDUList(hdus).writeto(path)
    return path


def one(path) -> Spectrum:
    spectrum, = read_file(path)
    return spectrum


@pytest.mark.real
@pytest.mark.parametrize("number", range(4))
def test_every_real_spec_file_as_the_manifest_says(real, number):
    """Split in four, so that a failure names a quarter."""
    entries = [row for row in rows_of(real, "sdss/") + rows_of(real, "boss/") if "spec" in row["format"]]
    assert len(entries) == 175
    read = 0
    for entry in entries[number::4]:
        if float(entry["snr_median"] or 0) == 0:
            with pytest.raises(ReadError) as error:
                one(real / entry["file"])
            assert error.value.reason == "no-good-pixel", entry["file"]
            continue
        spectrum = one(real / entry["file"])
        read += 1
        assert spectrum.object_id.survey == "sdss" and spectrum.object_id.native == entry["object_id"], entry["file"]
        assert spectrum.wave.size == int(float(entry["n_pix"])) and spectrum.calibrated, entry["file"]
        assert spectrum.wave[0] == pytest.approx(float(entry["wave_min"]), abs=0.1), entry["file"]
        assert spectrum.wave[-1] == pytest.approx(float(entry["wave_max"]), abs=0.1), entry["file"]
        for key in ("ra", "dec", "z"):
            assert spectrum.row[key] == pytest.approx(float(entry[key]), abs=2e-6), (entry["file"], key)
        assert (spectrum.row["class"], spectrum.row["subclass"]) == (entry["class"], entry["subclass"]), entry["file"]
        assert spectrum.row["z_warn"] == int(entry["zwarning"]), entry["file"]
        snr = median_snr(spectrum.flux, spectrum.ivar)  # bright sky is masked, which the manifest did not
        assert snr == pytest.approx(float(entry["snr_median"]), rel=0.1, abs=0.1), entry["file"]
        assert spectrum.object_id.release not in ("", "unknown"), entry["file"]
    assert read > 40


@pytest.mark.real
def test_releases_come_from_where_they_are(real):
    assert one(real / "sdss/PyQSOFit/spec-0266-51602-0013.fits").object_id.release == "26"  # in HDU 2 only
    assert one(real / "boss/picca/spec-3655-55240-0002.fits").object_id.release == "v5_13_0"  # in the header
    stripped = one(real / "boss/picca/spec-5400-56308-0792.fits")
    assert str(stripped.object_id) == "sdss:v5_10_0:5400-56308-792"


@pytest.mark.real
def test_the_plate_without_errors_is_read_and_says_so(real):
    entries = [row for row in rows_of(real, "boss/") if "spPlate" in row["format"]]
    spectra = list(read_file(real / entries[0]["file"]))
    assert len(spectra) == len(entries) == 20
    for entry in entries:
        spectrum = spectra[int(entry["row"])]
        assert spectrum.object_id.native == entry["object_id"] and spectrum.row["source_row"] == int(entry["row"])
        assert spectrum.wave.size == int(float(entry["n_pix"])) and NO_ERRORS in spectrum.notes
        assert spectrum.wave[-1] == pytest.approx(float(entry["wave_max"]), abs=0.1)
        noise = np.diff(spectrum.flux) * np.sqrt(spectrum.ivar[1:] / 2)
        assert 0.7 < np.median(np.abs(noise)) / 0.6745 < 1.4


def test_values_and_names(tmp_path):
    spectrum = one(spec(tmp_path / "spec.fits"))
    assert str(spectrum.object_id) == "sdss:v5_13_2:266-51602-13"
    assert spectrum.row == {"ra": 146.9341, "dec": -0.6704, "z": 2.5, "z_err": pytest.approx(3e-4), "z_warn": 4, "class": "QSO",
                            "subclass": "BROADLINE", "mag_g": 21.0, "mag_r": 20.0, "mag_i": 19.0}
    np.testing.assert_allclose(spectrum.wave, 10 ** LOGLAM.astype(float))


def test_what_means_missing_is_missing(tmp_path):
    row = CATALOGUE | {"CLASS": ("6A", ""), "Z": ("E", 0.0), "Z_ERR": ("E", -1.0), "PSFMAG": ("5E", [-9999.0] * 5)}
    values = one(spec(tmp_path / "spec.fits", row)).row
    assert all(np.isnan(values[name]) for name in ("z", "z_err", "mag_g", "mag_r", "mag_i")) and values["class"] == ""


def test_calibration_fluxes_stand_in_for_psf_magnitudes(tmp_path):
    row = {name: value for name, value in CATALOGUE.items() if name != "PSFMAG"}
    row["CALIBFLUX"] = ("5E", [1.0, 10.0, 100.0, -3.0, 1.0])
    values = one(spec(tmp_path / "spec.fits", row)).row
    assert values["mag_g"] == pytest.approx(20.0) and values["mag_r"] == pytest.approx(17.5) and np.isnan(values["mag_i"])


def test_header_names_the_object_where_the_catalogue_is_gone(tmp_path):
    header = {"PLATEID": 5400, "MJD": 56308, "FIBERID": 7, "VERS2D": "v5_7_0", "PLUG_RA": 12.5, "PLUG_DEC": -1.5}
    spectrum = one(spec(tmp_path / "spec.fits", {}, header))
    assert str(spectrum.object_id) == "sdss:v5_7_0:5400-56308-7" and spectrum.row == {"ra": 12.5, "dec": -1.5}


def test_a_file_that_names_no_object_is_refused(tmp_path):
    with pytest.raises(ReadError, match="plate, MJD and fibre") as error:
        one(spec(tmp_path / "spec.fits", {}, {"MJD": 5}))
    assert error.value.reason == "no-id"


@pytest.mark.parametrize(("bit", "reason"), [(18, Mask.FLAGGED), (22, Mask.SKY), (23, Mask.SKY), (24, Mask.NO_COVERAGE),
                                             (25, Mask.COSMIC), (27, Mask.SKY), (16, 0), (2, 0), (19, 0)])
def test_each_mask_bit_has_its_reason(tmp_path, bit, reason):
    bits = np.zeros(N, np.int32)
    bits[7] = 1 << bit
    spectrum = one(spec(tmp_path / "spec.fits", and_mask=bits))
    assert spectrum.mask[7] == reason and (np.delete(spectrum.mask, 7) == 0).all()
    assert spectrum.ivar[7] == (0 if reason else 4)


def test_two_bits_give_two_reasons():
    assert reasons(np.array([1 << 23 | 1 << 25, 0]))[0] == Mask.SKY | Mask.COSMIC


def test_odd_pixels_are_masked_and_odd_files_refused(tmp_path):
    flux, ivar = np.full(N, 3.0), np.full(N, 4.0)
    flux[3], ivar[5] = np.nan, 0.0
    spectrum = one(spec(tmp_path / "odd.fits", flux=flux, ivar=ivar))
    assert spectrum.mask[[3, 5]].tolist() == [Mask.NOT_FINITE, Mask.NO_IVAR] and np.isfinite(spectrum.flux).all()
    turned = one(spec(tmp_path / "turned.fits", loglam=LOGLAM[::-1], flux=np.arange(N)))
    assert (np.diff(turned.wave) > 0).all() and turned.flux[0] == N - 1 and turned.notes
    for name, pixels, reason in (
        ("nan", {"flux": np.full(N, np.nan)}, "no-good-pixel"), ("dead", {"ivar": np.zeros(N)}, "no-good-pixel"),
        ("same", {"loglam": np.full(N, 3.6)}, "bad-wavelength"), ("infinite", {"loglam": np.full(N, np.nan)}, "bad-wavelength"),
    ):
        with pytest.raises(ReadError) as error:
            one(spec(tmp_path / f"{name}.fits", **pixels))
        assert error.value.reason == reason and name in error.value.where


def test_another_flux_unit_is_refused(tmp_path):
    with pytest.raises(ReadError, match="Jy") as error:
        one(spec(tmp_path / "spec.fits", header={"BUNIT": "Jy"}))
    assert error.value.reason == "wrong-unit"


def test_truncated_names_the_hdu(tmp_path):
    path = spec(tmp_path / "spec.fits")
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(ReadError, match="HDU 1") as error:
        one(path)
    assert error.value.reason == "truncated"


def plate(path, plug_map=True, ivar=None, **cards):
    rng = np.random.default_rng(2)
    flux = rng.normal(3, 0.5, (3, N)).astype(np.float32)
    ivar = np.full((3, N), 4.0, np.float32) if ivar is None else ivar
    bits = np.zeros((3, N), np.int32)
    bits[1, 4] = 1 << 23
    header = fits.Header({"PLATEID": 4055, "MJD": 55359, "COEFF0": 3.58, "COEFF1": 1e-4, "RUN2D": "v5_7_0", **cards})
    hdus = [fits.PrimaryHDU(flux, header), fits.ImageHDU(ivar), fits.ImageHDU(bits), fits.ImageHDU(bits), fits.ImageHDU(flux)]
    if plug_map:
        hdus.append(fits.BinTableHDU.from_columns([
            fits.Column("FIBERID", "J", array=[501, 502, 503]), fits.Column("RA", "D", array=[10.0, 11.0, 12.0]),
            fits.Column("DEC", "D", array=[-1.0, -2.0, -3.0]), fits.Column("OBJTYPE", "16A", array=["QSO", "SKY", "NA"])]))
    fits.HDUList(hdus).writeto(path)
    return path


def test_a_whole_plate(tmp_path):
    ivar = np.full((3, N), 4.0, np.float32)
    ivar[2] = 0
    first, sky, dead = read_file(plate(tmp_path / "spPlate.fits", ivar=ivar))
    assert str(first.object_id) == "sdss:v5_7_0:4055-55359-501" and first.notes == ()
    assert first.row == {"ra": 10.0, "dec": -1.0, "source_row": 0}
    assert sky.notes == ("sky fibre",) and sky.mask[4] == Mask.SKY
    assert isinstance(dead, ReadError) and dead.reason == "no-good-pixel" and "fibre 503" in dead.where


def test_a_plate_whose_parts_do_not_fit_is_refused(tmp_path):
    with pytest.raises(ReadError) as error:
        list(read_file(plate(tmp_path / "shape.fits", ivar=np.ones((3, 7), np.float32))))
    assert error.value.reason == "wrong-shape"
    with pytest.raises(ReadError) as error:
        list(read_file(plate(tmp_path / "wave.fits", COEFF1=-1e-4)))
    assert error.value.reason == "bad-wavelength"


def test_links_need_a_name():
    links = SURVEYS.get("sdss-spec").links({"native_id": "266-51602-13", "ra": 146.9, "dec": -0.67})
    assert links["SDSS SkyServer"].endswith("plate=266&mjd=51602&fiber=13") and "ra=146.9" in links["Legacy Surveys"]
    assert SURVEYS.get("sdss-spec").links({"native_id": "x", "ra": np.nan, "dec": 1.0}) == {}
