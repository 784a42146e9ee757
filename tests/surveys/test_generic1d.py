"""Generic one-dimensional FITS: axes, units, errors in every guise, and refusals; truth is analytic."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.errors import ReadError
from qsocore.preprocess.noise import scatter_ivar, scatter_ratio
from qsocore.surveys import read_file
from qsocore.surveys._axis import from_wcs, to_angstrom
from qsocore.surveys._fluxunit import flux_factor
from qsocore.surveys._table1d import roles
from qsocore.units import air_to_vacuum
from tests.surveys.manifest import rows_of

N = 800
RNG = np.random.default_rng(11)
FLUX = 20 + RNG.normal(0, 2, N)


def image(path, flux=FLUX, others=(), **cards):
    header = fits.Header(list({"CRVAL1": 4000.0, "CDELT1": 2.0, "CRPIX1": 1.0, "CTYPE1": "WAVE", "CUNIT1": "Angstrom",
                               "BUNIT": "1E-17 erg/cm^2/s/Ang", **cards}.items()))
    hdus = [fits.PrimaryHDU(np.asarray(flux), header)]
    hdus += [fits.ImageHDU(np.asarray(data), name=name) for name, data in others]
    fits.HDUList(hdus).writeto(path)
    return path


def table(path, rows=None, **columns):
    """Columns as name=(values, unit)."""
    made = []
    for name, (values, unit) in columns.items():
        values = np.asarray(values, np.float64)
        made.append(fits.Column(name, f"{values.size}D", unit, array=values[None]) if rows == 1 else
                    fits.Column(name, "D", unit, array=values))
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(made, name="SPECTRUM")]).writeto(path)
    return path


def only(path):
    spectrum, = read_file(path)
    return spectrum


def refusal(path):
    with pytest.raises(ReadError) as caught:
        for item in read_file(path):
            if isinstance(item, ReadError):
                raise item
    assert str(path) in str(caught.value)
    return caught.value.reason


@pytest.mark.real
def test_every_real_file_is_read_or_refused_by_name(real):
    rows = [row for row in rows_of(real, "other/") if "Marz" not in row["file"]]
    assert len(rows) == 13
    for entry in rows:
        path = real / entry["file"]
        if path.name in ("PH957_e.fits", "UM184_nE.fits"):
            assert refusal(path) == "companion"
            continue
        spectrum = only(path)
        if entry["n_pix"] and float(entry["n_pix"]) > 1:  # for vectors in one row the manifest counts rows
            assert spectrum.wave.size == int(float(entry["n_pix"])), entry["file"]
        if entry["ra"] and spectrum.row["ra"] == spectrum.row["ra"]:
            assert spectrum.row["ra"] == pytest.approx(float(entry["ra"]), abs=0.01), entry["file"]
        assert 0.3 < scatter_ratio(spectrum.flux, spectrum.ivar) < 3, entry["file"]  # the errors are errors, of this flux


@pytest.mark.real
def test_multispec_ends_where_the_observer_cut_it(real):
    """The Palomar spectra were cut at 3200 and 5500 Angstrom (air): the Chebyshev axis and its offset come out there."""
    spectrum = only(real / "other/CIV_CLQs/j2228p2201_b.f.fits")
    assert spectrum.wave[[0, -1]] == pytest.approx(air_to_vacuum([3200.0, 5500.0]), abs=1.5) and spectrum.calibrated
    assert 0.5 < np.median(spectrum.flux) < 10  # erg/cm2/s/Hz of a 19th magnitude quasar


@pytest.mark.real
def test_a_normalised_spectrum_is_not_taken_for_a_flux_density(real):
    spectrum = only(real / "other/linetools/PH957_f.fits")  # BUNIT erg/cm2/s/A, values near 1
    assert not spectrum.calibrated and 0.5 < np.median(spectrum.flux) < 1.5 and any("normalised" in n for n in spectrum.notes)


def test_linear_log_and_natural_log_axes(tmp_path):
    linear = only(image(tmp_path / "a.fits"))
    assert linear.wave == pytest.approx(4000 + 2.0 * np.arange(N)) and linear.calibrated
    dc_flag = only(image(tmp_path / "b.fits", CRVAL1=3.6, CDELT1=1e-4, CTYPE1="LINEAR", **{"DC-FLAG": 1, "VACUUM": True}))
    assert dc_flag.wave == pytest.approx(10 ** (3.6 + 1e-4 * np.arange(N)))
    paper = only(image(tmp_path / "c.fits", CTYPE1="WAVE-LOG", CRPIX1=5.0))
    assert paper.wave == pytest.approx(4000 * np.exp(2.0 * (np.arange(N) - 4) / 4000))


def test_log_axis_of_paper_iii_against_wcslib():
    from astropy.wcs import WCS

    header = fits.Header([("NAXIS", 1), ("CTYPE1", "WAVE-LOG"), ("CUNIT1", "Angstrom"), ("CRVAL1", 4000.0), ("CDELT1", 2.0),
                          ("CRPIX1", 5.0)])
    truth = WCS(header).all_pix2world(np.arange(N), 0)[0] * 1e10
    assert from_wcs(header, N, "x").wave == pytest.approx(truth, rel=1e-10)


@pytest.mark.parametrize("cards, medium", [
    ({"CTYPE1": "AWAV"}, "air"), ({"CTYPE1": "WAVE"}, "vacuum"), ({"CTYPE1": "LINEAR", "VACUUM": False}, "air"),
    ({"CTYPE1": "AWAV", "VACUUM": True}, "vacuum"), ({"CTYPE1": "LINEAR", "AIRORVAC": "air"}, "air"),
])
def test_medium_as_stated(tmp_path, cards, medium):
    spectrum = only(image(tmp_path / "a.fits", **cards))
    file = 4000 + 2.0 * np.arange(N)
    assert spectrum.wave == pytest.approx(air_to_vacuum(file) if medium == "air" else file, abs=1e-6)
    assert not any("taken as" in note and "wavelengths" in note for note in spectrum.notes)


def test_medium_assumed_is_noted(tmp_path):
    iraf = only(image(tmp_path / "a.fits", CTYPE1="LINEAR", ORIGIN="NOAO-IRAF FITS Image Kernel"))
    silent = only(image(tmp_path / "b.fits", CTYPE1="LINEAR"))
    assert iraf.wave[0] == pytest.approx(float(air_to_vacuum(4000.0))) and any("taken as air" in n for n in iraf.notes)
    assert silent.wave[0] == 4000 and any("taken as vacuum" in n for n in silent.notes)


@pytest.mark.parametrize("unit, factor", [("Angstrom", 1), ("Angstroms", 1), ("nm", 10), ("um", 1e4), ("micron", 1e4),
                                          ("m", 1e10)])
def test_wavelength_units(unit, factor):
    wave, notes = to_angstrom(np.array([1.0, 2.0]), unit, "x")
    assert wave.tolist() == [factor, 2 * factor] and notes == ()


@pytest.mark.parametrize("values, expected", [([0.4, 0.9], [4000, 9000]), ([400, 900], [4000, 9000]),
                                              ([4000, 9000], [4000, 9000]), ([3.6, 4.0], [10**3.6, 10**4])])
def test_wavelengths_without_a_unit_are_guessed_and_noted(values, expected):
    wave, notes = to_angstrom(np.array(values), "", "x")
    assert wave == pytest.approx(expected) and len(notes) == 1


@pytest.mark.parametrize("unit, value, factor", [
    ("1E-17 erg/cm^2/s/Ang", 1.0, 1.0), ("erg/s/cm2/A", 1e-17, 1e17), ("10**(-17) erg/s/cm2/Angstrom", 1.0, 1.0),
    ("erg s**(-1) cm**(-2) nm**(-1)", 1e-16, 1e16), ("W m-2 um-1", 1e-16, 1e16),
    ("erg/cm2/s/Hz", 1e-28, 299792458e10 / 5000.0**2 * 1e17), ("Jy", 1e-5, 1e-23 * 299792458e10 / 5000.0**2 * 1e17),
])
def test_flux_units_against_their_definition(unit, value, factor):
    """f_lambda = f_nu c / lambda^2, written out."""
    wave = np.array([5000.0])
    found, calibrated, notes = flux_factor(unit, wave, np.array([value]), "x")
    assert calibrated and not notes and np.allclose(found, factor, rtol=1e-9)


@pytest.mark.parametrize("unit", ["counts", "ct/s", "DU/PIXEL", "adu", "electron", "normalized", "", "quux"])
def test_units_that_are_no_flux_density_are_kept(unit):
    factor, calibrated, _ = flux_factor(unit, np.array([5000.0]), np.array([3.0]), "x")
    assert (factor, calibrated) == (1.0, False)


@pytest.mark.parametrize("unit", ["s", "K", "m", "mag"])
def test_wrong_flux_units_are_refused(tmp_path, unit):
    assert refusal(image(tmp_path / "a.fits", BUNIT=unit)) == "wrong-unit"


def test_wrong_wavelength_units_are_refused(tmp_path):
    assert refusal(table(tmp_path / "a.fits", wave=(4000 + np.arange(N), "s"), flux=(FLUX, ""), err=(FLUX * 0 + 2, "")))\
        == "wrong-unit"


def test_errors_in_every_guise_give_one_ivar(tmp_path):
    sigma = np.full(N, 2.0)
    wave = 4000 + 2.0 * np.arange(N)
    for i, (name, values) in enumerate([("err", sigma), ("ivar", sigma**-2), ("variance", sigma**2), ("flux_err", sigma),
                                        ("E_FLUX", sigma), ("FLUX_IVAR", sigma**-2)]):
        spectrum = only(table(tmp_path / f"{i}.fits", rows=1 if i % 2 else None, WAVE=(wave, "Angstrom"),
                              FLUX=(FLUX, "1e-17 erg/s/cm2/Angstrom"), **{name: (values, "")}))
        assert spectrum.ivar == pytest.approx(0.25) and spectrum.flux == pytest.approx(FLUX.astype(np.float32)), name


@pytest.mark.parametrize("values", [np.full(N, 2.0), np.full(N, 0.25), np.full(N, 4.0)], ids=["error", "ivar", "variance"])
def test_an_unnamed_second_image_is_told_by_the_scatter(tmp_path, values):
    spectrum = only(image(tmp_path / "a.fits", others=[("", values), ("", 4000 + 2.0 * np.arange(N))]))
    assert spectrum.ivar == pytest.approx(0.25) and any("scatter" in note for note in spectrum.notes)


def test_errors_in_a_file_beside(tmp_path):
    image(tmp_path / "obj_e.fits", flux=np.full(N, 2.0))
    spectrum = only(image(tmp_path / "obj_f.fits"))
    assert spectrum.ivar == pytest.approx(0.25)
    assert refusal(tmp_path / "obj_e.fits") == "companion"


def test_no_errors_at_all_are_estimated_and_zero_padding_is_no_coverage(tmp_path):
    flux = FLUX.copy()
    flux[:100] = 0.0
    spectrum = only(image(tmp_path / "a.fits", flux=flux))
    assert (spectrum.ivar[:100] == 0).all() and np.median(spectrum.ivar[100:]) ** -0.5 == pytest.approx(2.0, rel=0.1)
    assert any("estimated from the scatter" in note for note in spectrum.notes)


def test_flux_factor_scales_the_errors_too(tmp_path):
    """f_nu in Jansky: signal to noise stays."""
    wave = 4000 + 2.0 * np.arange(N)
    spectrum = only(table(tmp_path / "a.fits", wave=(wave, "nm"), flux=(FLUX * 1e-5, "Jy"), err=(np.full(N, 2e-5), "Jy")))
    assert spectrum.flux * np.sqrt(spectrum.ivar) == pytest.approx(FLUX / 2, rel=1e-4)
    assert spectrum.flux[3] == pytest.approx(FLUX[3] * 1e-5 * 1e-23 * 299792458e10 / (wave[3] * 10) ** 2 * 1e17, rel=1e-5)


def test_deep2_arms_are_joined_with_the_gap_masked(tmp_path):
    def arm(first, name):
        wave = first + 0.3 * np.arange(500.0)
        columns = [fits.Column(n, "500E", array=v[None]) for n, v in
                   (("SPEC", FLUX[:500]), ("LAMBDA", wave), ("IVAR", np.full(500, 0.25)))]
        return fits.BinTableHDU.from_columns(columns, name=name)

    path = tmp_path / "spec1d.fits"
    arms = [arm(first, f"{name}-{arm_}") for name in ("Bxspf", "Horne") for arm_, first in (("B", 6500), ("R", 6700))]
    fits.HDUList([fits.PrimaryHDU(), *arms]).writeto(path)
    spectrum = only(path)
    assert spectrum.wave.size == 1002 and np.flatnonzero(spectrum.mask).tolist() == [500, 501]
    assert spectrum.wave[500] < 6652 and spectrum.wave[501] > 6701


def test_a_table_of_spectra_gives_one_object_a_row(tmp_path):
    wave = np.tile(4000 + 2.0 * np.arange(N), (3, 1))
    flux = np.stack([FLUX, FLUX + 5, np.full(N, np.nan)])
    columns = [fits.Column(n, f"{N}D", u, array=a) for n, u, a in
               (("wave", "Angstrom", wave), ("flux", "", flux), ("ivar", "", np.full((3, N), 0.25)))]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(tmp_path / "a.fits")
    first, second, third = read_file(tmp_path / "a.fits")
    assert first.object_id.native == "a[0]" and second.row["source_row"] == 1 and first.object_id != second.object_id
    assert isinstance(third, ReadError) and "row 2" in str(third)


def test_same_name_but_other_light_is_another_object(tmp_path):
    """Two observers' target.fits are not doubles; a copy is."""
    for folder, flux in (("a", FLUX), ("b", FLUX + 1), ("c", FLUX)):
        (tmp_path / folder).mkdir()
        image(tmp_path / folder / "target.fits", flux=flux)
    a, b, c = (only(tmp_path / folder / "target.fits").object_id for folder in "abc")
    assert a == c != b


@pytest.mark.parametrize("flux, cards, reason", [
    (np.full(N, np.nan), {}, "no-noise"), (np.ones(N), {}, "no-noise"), (FLUX, {"CRVAL1": -5000.0}, "bad-wavelength"),
    (FLUX, {"CDELT1": 0.0}, "bad-wavelength"), (np.ones((30, 30)), {"CTYPE1": "RA---TAN"}, "no-bands"),
])
def test_refusals(tmp_path, flux, cards, reason):
    assert refusal(image(tmp_path / "a.fits", flux=flux, **cards)) == reason


def test_falling_wavelengths_are_sorted_and_noted(tmp_path):
    spectrum = only(image(tmp_path / "a.fits", CRVAL1=8000.0, CDELT1=-2.0))
    assert (np.diff(spectrum.wave) > 0).all() and spectrum.flux[-1] == pytest.approx(FLUX[0], rel=1e-6)
    assert any("sorted" in note for note in spectrum.notes)


def test_position_of_the_telescope_is_not_the_objects(tmp_path):
    path = image(tmp_path / "a.fits", RA="12:05:47.00", DEC="-34:22:46.6")
    assert only(path).row["ra"] == pytest.approx(181.445833) and only(path).row["dec"] == pytest.approx(-34.379611)
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.comments["RA"] = "RA of telescope boresight (deg)"
    assert np.isnan(only(path).row["ra"])


@pytest.mark.parametrize("names, expected", [
    (["lambda", "spec", "ivar"], {"wave": "lambda", "flux": "spec", "ivar": "ivar"}),
    (["LOGLAM", "FLUX", "IVAR", "AND_MASK"], {"wave": "LOGLAM", "flux": "FLUX", "ivar": "IVAR", "mask": "AND_MASK"}),
    (["WAVE", "FLUX", "ERR_FLUX", "CONTINUUM", "FLUX_TELL_CORR"], {"wave": "WAVE", "flux": "FLUX", "error": "ERR_FLUX"}),
    (["wavelength_air", "flam", "sigma"], {"wave": "wavelength_air", "flux": "flam", "error": "sigma"}),
    (["ra", "dec", "z", "flux_g"], {}),
])
def test_columns_by_name(names, expected):
    assert roles(names) == expected


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-3, 1e3), st.integers(0, 2**31), st.integers(200, 2000))
def test_scatter_ivar_finds_white_noise_under_any_smooth_light(sigma, seed, n):
    noise = np.random.default_rng(seed).normal(0, sigma, n)
    smooth = 100 * sigma * (1 + np.sin(np.linspace(0, 6, n)))
    ivar = scatter_ivar(smooth + noise)
    assert np.median(ivar) ** -0.5 == pytest.approx(sigma, rel=0.35)
    assert scatter_ratio(smooth + noise, np.full(n, sigma**-2.0)) == pytest.approx(1.0, abs=0.3)
