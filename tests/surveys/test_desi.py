"""DESI: every real fibre against the manifest, redshifts from beside, and what is odd or broken in made files."""

import numpy as np
import pytest
from astropy.io import fits

from qsocore.errors import ReadError
from qsocore.preprocess.snr import median_snr
from qsocore.records import Mask, Spectrum
from qsocore.surveys import SURVEYS, read_file
from tests.surveys.manifest import rows_of

ARMS = {"B": (3600.0, 100), "R": (3600.0 + 0.8 * 90, 100), "Z": (3600.0 + 0.8 * 185, 100)}
TARGETS = (39627866878511337, -2713437, 616088619186127404)


FIBRES = {"TARGETID": ("K", TARGETS), "TARGET_RA": ("D", (10.0, 11.0, 12.0)), "TARGET_DEC": ("D", (1.0, 2.0, 3.0)),
          "OBJTYPE": ("3A", ("TGT", "", "SKY")), "FLUX_G": ("E", (10.0, 0.0, -1.0)), "FLUX_R": ("E", (100.0, 0.0, 0.0))}
FUJI = {"DEPNAM00": "python", "DEPVER00": "3.9", "DEPNAM01": "SPECPROD", "DEPVER01": "fuji"}
UNIT = "10**-17 erg/(s cm2 Angstrom)"


def table(name, columns):
    columns = [fits.Column(key, form, array=values) for key, (form, values) in columns.items()]
    return fits.BinTableHDU.from_columns(columns, name=name)


def coadd(path, arms=ARMS, flux=2.0, ivar=4.0, mask=None, unit=UNIT, header=FUJI, fibres=FIBRES, without=()):
    """Three fibres: a target, the sky, and a sky target; flux, ivar and mask are filled in or given by arm."""
    hdus = [fits.PrimaryHDU(header=fits.Header(header)), table("FIBERMAP", fibres)]
    for arm, (start, n) in arms.items():
        shape = (len(fibres["TARGETID"][1]), n)

        def whole(value, arm=arm, shape=shape, dtype=np.float32):
            return np.array(np.broadcast_to(value[arm] if isinstance(value, dict) else value, shape), dtype)

        parts = {"WAVELENGTH": start + 0.8 * np.arange(n), "FLUX": whole(flux), "IVAR": whole(ivar),
                 "MASK": whole(0 if mask is None else mask, dtype=np.uint32)}
        for part, values in parts.items():
            header = fits.Header({"BUNIT": unit} if part == "FLUX" else {})
            hdus += [] if f"{arm}_{part}" in without else [fits.ImageHDU(values, header, f"{arm}_{part}")]
    fits.HDUList(hdus).writeto(path)
    return path


def redrock(path, targets=TARGETS[::-1], z=(0.1, 0.2, 2.5)):
    columns = {"TARGETID": ("K", targets), "Z": ("D", z), "ZERR": ("D", (1e-4,) * 3), "ZWARN": ("K", (0, 0, 4)),
               "SPECTYPE": ("6A", ("STAR", "GALAXY", "QSO")), "SUBTYPE": ("20A", ("M", "", ""))}
    fits.HDUList([fits.PrimaryHDU(), table("REDSHIFTS", columns)]).writeto(path)


@pytest.mark.real
def test_every_real_fibre_as_the_manifest_says(real):
    entries = [row for row in rows_of(real, "desi/") if row["format"] in ("DESI coadd", "DESI spectra")]
    assert len(entries) == 33
    good = dead = 0
    files = {name: list(read_file(real / name)) for name in dict.fromkeys(entry["file"] for entry in entries)}
    for entry in entries:
        spectrum, where = files[entry["file"]][int(entry["row"])], (entry["file"], entry["row"])
        if "all ivar==0" in entry["notes"]:
            assert isinstance(spectrum, ReadError) and spectrum.reason == "no-good-pixel", where
            assert entry["object_id"] in spectrum.where, where
            dead += 1
            continue
        assert isinstance(spectrum, Spectrum), where
        native = spectrum.object_id.native
        assert native.split("-")[0] == entry["object_id"] and ("spectra-" in entry["file"]) == ("-" in native), where
        assert int(float(entry["n_pix"])) == 7958 and spectrum.wave.size == 7781, where  # the arms overlap in 51 and 126 pixels
        assert (spectrum.wave[0], spectrum.wave[-1]) == pytest.approx((3600.0, 9824.0), abs=1e-6), where
        for key in ("ra", "dec"):
            if key in spectrum.row and np.isfinite(spectrum.row[key]):
                assert spectrum.row[key] == pytest.approx(float(entry[key]), abs=1e-6), where
        if entry["z_source"].startswith("redrock"):
            assert spectrum.row["z"] == pytest.approx(float(entry["z"]), abs=1e-9), where
            assert spectrum.row["class"] == entry["class"], where
        else:
            assert np.isnan(spectrum.row["z"]) and spectrum.row["class"] == "", where
        assert median_snr(spectrum.flux, spectrum.ivar) == pytest.approx(float(entry["snr_median"]), rel=0.15, abs=0.1), where
        good += 1
    assert (good, dead) == (18, 15)


@pytest.mark.real
def test_the_real_broken_file_is_refused_with_its_cause(real):
    with pytest.raises(ReadError, match="fibre map but no spectra") as error:
        list(read_file(real / "desi/picca/missing_z_color.fits"))
    assert error.value.reason == "no-arm" and "missing_z_color" in error.value.where


@pytest.mark.real
def test_the_real_stack_says_what_it_is(real):
    stack, = read_file(real / "desi/fastspecfit/stack-LRG.fits")
    assert stack.wave.size == 11217 and not stack.calibrated and any("rest frame" in note for note in stack.notes)
    assert stack.row["z"] == 0.0 and stack.row["z_median"] == pytest.approx(0.42636, abs=1e-4) and stack.row["n_stacked"] == 5


def test_arms_are_joined_and_the_gap_is_masked(tmp_path):
    flux, ivar = {"B": 2.0, "R": 4.0, "Z": 8.0}, {"B": 3.0, "R": 1.0, "Z": 1.0}
    target, _, _ = read_file(coadd(tmp_path / "coadd-a.fits", flux=flux, ivar=ivar))
    assert target.wave.size == 285 and (target.mask == 0).all()
    np.testing.assert_allclose(target.flux, [2.0] * 90 + [2.5] * 10 + [4.0] * 85 + [6.0] * 5 + [8.0] * 95)
    np.testing.assert_allclose(target.ivar, [3.0] * 90 + [4.0] * 10 + [1.0] * 85 + [2.0] * 5 + [1.0] * 95)
    target, _, _ = read_file(coadd(tmp_path / "coadd-b.fits", {"B": ARMS["B"], "Z": ARMS["Z"]}))
    assert (target.mask[100:185] & Mask.NO_COVERAGE > 0).all() and (np.delete(target.mask, range(100, 185)) == 0).all()


def test_one_arm_already_joined(tmp_path):
    target, _, _ = read_file(coadd(tmp_path / "coadd-a.fits", {"BRZ": (3600.0, 300)}))
    assert target.wave.size == 300 and (target.flux == 2).all()


@pytest.mark.parametrize(("bits", "reason"), [(1, Mask.FLAGGED), (4, Mask.COSMIC), (32, Mask.SKY), (256, Mask.NO_COVERAGE),
                                              (4 | 32, Mask.COSMIC | Mask.SKY)])
def test_any_mask_bit_drops_the_pixel(tmp_path, bits, reason):
    mask = np.zeros(300)
    mask[5] = bits
    target, _, _ = read_file(coadd(tmp_path / "coadd-a.fits", {"BRZ": (3600.0, 300)}, mask=mask))
    assert target.mask[5] == reason and target.ivar[5] == 0 and (np.delete(target.mask, 5) == 0).all()


def test_names_magnitudes_and_sky(tmp_path):
    redrock(tmp_path / "redrock-a.fits")
    target, sky, also_sky = read_file(coadd(tmp_path / "coadd-a.fits"))
    assert str(target.object_id) == "desi:fuji:39627866878511337" and target.notes == ()
    assert target.row["mag_g"] == pytest.approx(20.0) and target.row["mag_r"] == pytest.approx(17.5)
    assert (target.row["z"], target.row["class"], target.row["z_warn"]) == (2.5, "QSO", 4)
    for fibre in (sky, also_sky):
        assert fibre.notes == ("sky fibre",) and fibre.row["class"] == ""
        assert np.isnan(fibre.row["z"]) and np.isnan(fibre.row["mag_g"])


def test_single_exposures_have_names_of_their_own(tmp_path):
    fibres = {"TARGETID": ("K", (5, 5)), "EXPID": ("J", (100, 101)), "FIBER": ("J", (7, 8))}
    first, second = read_file(coadd(tmp_path / "spectra-a.fits", fibres=fibres))
    assert (first.object_id.native, second.object_id.native) == ("5-100-7", "5-101-8")


def test_blocks_of_fibres_keep_their_rows(tmp_path, monkeypatch):
    flux = {"B": np.array([[1.0], [2.0], [3.0]]), "R": np.array([[1.0], [2.0], [3.0]]), "Z": np.array([[1.0], [2.0], [3.0]])}
    whole = list(read_file(coadd(tmp_path / "coadd-a.fits", flux=flux)))
    monkeypatch.setattr("qsocore.surveys.desi._BLOCK", 2)
    for row, (one, same) in enumerate(zip(read_file(tmp_path / "coadd-a.fits"), whole, strict=True)):
        assert one.object_id == same.object_id and one.row["source_row"] == row and (one.flux == row + 1).all()


def test_redshifts_of_another_suffix_are_not_taken(tmp_path):
    redrock(tmp_path / "redrock-b.fits")
    target, _, _ = read_file(coadd(tmp_path / "coadd-a.fits"))
    assert np.isnan(target.row["z"]) and "z_warn" not in target.row


def test_a_damaged_redshift_file_is_noted_and_costs_no_spectrum(tmp_path):
    redrock(tmp_path / "redrock-a.fits")
    whole = (tmp_path / "redrock-a.fits").read_bytes()
    (tmp_path / "redrock-a.fits").write_bytes(whole[:5800])
    target, _, _ = read_file(coadd(tmp_path / "coadd-a.fits"))
    assert np.isnan(target.row["z"]) and "redrock-a.fits could not be read" in target.notes[0]


def test_a_file_of_redshifts_is_no_spectrum(tmp_path):
    redrock(tmp_path / "redrock-a.fits")
    with pytest.raises(ReadError) as error:
        list(read_file(tmp_path / "redrock-a.fits"))
    assert error.value.reason == "redshift-table"


def test_without_a_production_the_release_is_unknown(tmp_path):
    target, _, _ = read_file(coadd(tmp_path / "coadd-a.fits", header={"SURVEY": "main"}))
    assert target.object_id.release == "unknown"


@pytest.mark.parametrize(("broken", "reason"), [
    ({"without": ("R_IVAR",)}, "no-arm"), ({"without": ("R_FLUX",)}, "no-arm"), ({"unit": "Jy"}, "wrong-unit"),
    ({"arms": {"B": (-500.0, 100)}}, "bad-wavelength"), ({"arms": {"B": (3600.0, 100), "R": (3640.3, 100)}}, "bad-wavelength"),
    ({"arms": {}}, "no-arm"),
])
def test_broken_files_are_refused_with_their_cause(tmp_path, broken, reason):
    with pytest.raises(ReadError) as error:
        list(read_file(coadd(tmp_path / "coadd-a.fits", **broken)))
    assert error.value.reason == reason and error.value.what


def test_dead_and_half_dead_fibres(tmp_path):
    ivar = {"B": np.array([[0.0], [4.0], [0.0]]), "R": np.array([[4.0], [4.0], [0.0]]), "Z": np.array([[4.0], [4.0], [0.0]])}
    flux = {"B": 2.0, "R": np.array([[np.nan], [2.0], [2.0]]), "Z": 2.0}
    half, whole, dead = read_file(coadd(tmp_path / "coadd-a.fits", ivar=ivar, flux=flux))
    assert (half.mask[:90] == Mask.NO_IVAR).all() and (half.mask[100:185] & Mask.NOT_FINITE > 0).all()
    assert (half.mask[185:] == 0).all() and (whole.mask == 0).all()
    assert isinstance(dead, ReadError) and dead.reason == "no-good-pixel"
    assert "row 2 (TARGETID 616088619186127404)" in dead.where


def test_links_only_to_public_productions():
    row = {"native_id": "39627866878511337-83734-1566", "release": "fuji", "ra": 216.9, "dec": 3.3}
    assert SURVEYS.get("desi").links(row)["DESI spectrum"].endswith("/edr/targetid39627866878511337")
    assert "DESI spectrum" not in SURVEYS.get("desi").links(row | {"release": "dailytest"})
    assert "DESI spectrum" not in SURVEYS.get("desi").links(row | {"native_id": "-5"})
