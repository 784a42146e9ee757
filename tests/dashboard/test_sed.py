"""What is drawn of an SED is what was measured, and what was fitted."""

from dataclasses import replace

import numpy as np
import pytest

from dashboard import sed
from dashboard.library import Library
from dashboard.once import Recent
from dashboard.sed import OneRow, band, fitted, observed
from qsocore.sed.bandfluxes import BandFluxes, from_store
from qsocore.sed.fit import KINDS, fits_of
from qsocore.simulate.bands import BANDS, FILTERS, band_fluxes, band_wave

C_ANGSTROM = 2.99792458e18


def one(bands, flux, error, seen=None):
    flux, error = (np.array([values], float) for values in (flux, error))
    return BandFluxes(("o",), tuple(bands), flux, error, flux > 0 if seen is None else np.array([seen]))


@pytest.mark.parametrize("name", FILTERS)
def test_a_bands_pivot_is_that_of_its_measured_curve(name):
    from sedpy.observate import Filter

    curve = Filter(FILTERS[name])
    pivot = np.sqrt(np.trapezoid(curve.transmission * curve.wavelength, curve.wavelength)
                    / np.trapezoid(curve.transmission / curve.wavelength, curve.wavelength))
    here = band(name)
    assert here.at == pytest.approx(pivot * 1e-4, rel=2e-3)
    half = curve.wavelength[curve.transmission > curve.transmission.max() / 2] * 1e-4
    assert (here.low, here.high) == pytest.approx((half[0], half[-1]), rel=6e-3)


def test_points_stand_by_wavelength_and_what_was_not_observed_nowhere():
    found = observed(one(("W1", "g", "J", "z"), (30.0, 0.0, np.nan, 10.0), (3.0, 0.2, 1.0, 0.5)))
    assert [band.name for band in found.bands] == ["g", "z", "W1"]
    assert found.flux.tolist() == [0.0, 10.0, 30.0] and found.seen.tolist() == [False, True, True]
    assert found.limit[0] == pytest.approx(0.6), "three sigma above nothing"
    assert found.height.tolist() == pytest.approx([0.6, 10.0, 30.0])
    low, high = found.extent
    assert low < 0.6 and high > 30.0
    assert found.said() == ["< 0.6 µJy (3σ) · > 24.45 AB", "10 ± 0.5 µJy · 21.40 AB", "30 ± 3 µJy · 20.21 AB"]


def test_a_negative_flux_and_one_without_an_error_are_not_drawn_as_points():
    found = observed(one(("g", "r", "i"), (-1.0, 5.0, 5.0), (0.5, 0.0, 0.5), [True, True, True]))
    assert [band.name for band in found.bands] == ["g", "i"] and found.seen.tolist() == [False, True]
    assert found.limit[0] == pytest.approx(1.5)


def test_nothing_observed_is_an_sed_of_nothing():
    found = fitted(one(("g", "r"), (np.nan, np.nan), (1.0, 1.0)))
    assert not found.bands and not found.fits and sed.rows(found) == [] and sed.verdict(found.fits) == ""


def test_one_row_reads_as_the_whole_store_does(photometric):
    whole = from_store(photometric.store)
    for row in (0, 7, 119):
        alone, wanted = from_store(OneRow(photometric.table(), row)), whole.take(row)
        assert alone.object_ids == wanted.object_ids and alone.bands == wanted.bands
        for name in ("flux", "error", "seen"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(wanted, name))


def test_an_sed_holds_the_fits_and_their_band_fluxes_and_curves(photometric):
    found, fits = photometric.seds.of(5), fits_of(from_store(photometric.store), 5)
    assert found.preferred == fits[0].kind and {fit.kind for fit in found.fits} == set(KINDS)
    assert [repr(fit) for fit in found.fits] == [repr(fit) for fit in fits]
    for fit in fits:
        np.testing.assert_allclose(found.models[fit.kind], fit.model)
        chi2 = np.sum(found.residual(fit.kind) ** 2)
        assert chi2 == pytest.approx(fit.chi2, rel=1e-3), "the residuals are those that the fit has minimised"
        curve = found.curves[fit.kind]
        through = band_fluxes((curve.flux * C_ANGSTROM / band_wave() ** 2 / 1e12)[None], BANDS)[0]
        if fit.kind != "star":  # of stars without a spectrum the curve joins their bands
            np.testing.assert_allclose(through, fit.model, rtol=0.06, atol=0.02 * fit.model.max())
    both = found.curves["quasar+galaxy"]
    np.testing.assert_allclose(both.parts["quasar"] + both.parts["galaxy"], both.flux, rtol=1e-6)


def test_the_table_says_what_the_fits_are(photometric):
    found = photometric.seds.of(5)
    rows, best = sed.rows(found), found.fits[0].bic
    assert [row["kind"] for row in rows] == [fit.kind for fit in found.fits] and rows[0]["delta"] == "0.0"
    for row, fit in zip(rows, found.fits, strict=True):
        assert float(row["delta"].replace("−", "-").replace(",", "")) == pytest.approx(fit.bic - best, abs=0.5)
        assert (row["k"], row["n"]) == (str(fit.k), "9")
        assert row["z"] == ("—" if fit.kind == "star" else sed.redshift(fit.z, fit.z_low, fit.z_high))
        assert row["what"].startswith(fit.template.replace("-", "−"))
    best = found.fits[0]
    said = f"{best.kind} over {found.fits[1].kind}: ΔBIC {rows[1]['delta']}, "
    assert sed.verdict([replace(best, chi2=10.0 * best.n), *found.fits[1:]]).startswith(said)
    unlike = sed.verdict([replace(best, chi2=1234.0), *found.fits[1:]])
    assert unlike.startswith(f"none fits (χ² 1,234 in {best.n} bands) · {said}")


@pytest.mark.parametrize(("delta", "word"), [(0.0, "barely worth a mention"), (1.99, "barely worth a mention"),
                                             (2.0, "positive"), (6.0, "strong"), (10.0, "very strong"), (158.0, "very strong")])
def test_words_change_where_kass_and_raftery_say(delta, word):
    assert sed.strength(delta) == word


def test_a_bare_table_may_call_its_columns_otherwise(tmp_path):
    flux = {"g": 1.0, "i": 2.0, "z": 20.0, "W1": 30.0}
    names = ["object_id", "ra", "dec"] + [f"{band}_{kind}" for band in flux for kind in ("mag", "magerr")]
    values = ["a", 1.0, 2.0] + [x for f in flux.values() for x in (23.9 - 2.5 * np.log10(f), 0.1)]
    file = tmp_path / "bare.csv"
    file.write_text("\n".join(",".join(map(str, line)) for line in (names, values, ["b", *values[1:]])))
    library = Library.open(file)
    assert set(library.seds.bands) == set(flux)
    found = library.seds.of(1)
    assert {band.name: value for band, value in zip(found.bands, found.flux, strict=True)} == pytest.approx(flux)


def test_spectra_without_photometry_have_no_sed(library):
    assert not library.seds, "a magnitude without its error is none"


def test_what_was_asked_for_of_late_is_kept_and_no_more():
    recent, made = Recent(2), []

    def make(key):
        return recent(key, lambda: made.append(key) or key)

    assert [make("a"), make("b"), make("a"), make("c"), make("a"), make("b")] == ["a", "b", "a", "c", "a", "b"]
    assert made == ["a", "b", "c", "b"], "b was asked for longest ago when c came"
    assert recent.get("c") is None and recent.get("a") == "a"
