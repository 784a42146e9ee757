"""Magnitudes, microjansky and limits; the truth is written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.cuts.photometry import PER_ERROR, Band, Source, colour, depth_of, first, measure

BAND = Band("K", depth=depth_of(5, mag=20.0))


def measured(sigma=2.0, band=BAND, source=None, **columns):
    """The columns of a band, by what comes before its name."""
    columns = {name: np.array(values, float) for name, values in columns.items()}
    source = source or Source(("m", "e" if "e" in columns else ""), 0.0, None)
    values = measure(band, source, sigma, columns.__getitem__)
    assert list(values) == [column.name for column in band.columns(sigma)]
    return {name.rpartition("_")[0]: value for name, value in values.items()}


def test_an_ab_magnitude_in_microjansky():
    got = measured(m=[23.9, 8.9, 21.4], e=[0.1, 0.1, 0.01])
    assert got["flux"] == pytest.approx([1.0, 1e6, 10.0])  # 23.9 is a microjansky, 8.9 a jansky
    assert got["fluxerr"] == pytest.approx(got["flux"] * [0.1, 0.1, 0.01] * np.log(10) / 2.5)
    assert got["mag"].tolist() == [23.9, 8.9, 21.4] and got["magerr"].tolist() == [0.1, 0.1, 0.01]
    assert got["snr"] == pytest.approx([10.857, 10.857, 108.57], rel=1e-4) and np.isnan(got["maglim"]).all()


def test_vega_is_brought_to_ab():
    got = measured(m=[16.0], e=[0.05], source=Source(("m", "e"), 2.699, None))
    assert got["mag"] == pytest.approx([18.699]) and got["magerr"] == pytest.approx([0.05])
    assert got["flux"] == pytest.approx([10 ** (0.4 * (23.9 - 18.699))])


def test_what_is_not_detected_has_a_limit_and_no_magnitude():
    got = measured(m=[99.0, 24.0], e=[99.0, 0.8])  # said so; and 1.36 sigma
    sigma = 10 ** (0.4 * (23.9 - 20.0)) / 5
    assert np.isnan(got["mag"]).all() and np.isnan(got["magerr"]).all()
    assert got["flux"].tolist() == [0.0, 0.0] and got["fluxerr"] == pytest.approx([sigma, sigma])
    assert got["maglim"] == pytest.approx(20.0 + 2.5 * np.log10(5 / 2))  # two of the five sigma of the depth
    assert got["snr"] == pytest.approx([0.0, PER_ERROR / 0.8])


def test_what_is_missing_is_unknown_and_no_limit():
    got = measured(m=[np.nan, -99.0, 20.0], e=[np.nan, 0.1, np.nan])
    for name in ("mag", "flux", "maglim"):
        assert np.isnan(got[name][:2]).all()
    assert got["mag"][2] == 20.0 and np.isnan(got["snr"]).all()  # without an error nobody knows whether it is detected


def test_without_a_depth_the_flux_stays_as_it_was_measured():
    got = measured(band=Band("K"), source=Source(None, 0.0, ("f", "s"), 3.631), f=[1.0, -2.0, 50.0], s=[1.0, 1.0, 1.0])
    assert got["flux"] == pytest.approx(np.array([1.0, -2.0, 50.0]) * 3.631) and np.isnan(got["mag"][:2]).all()
    assert got["mag"][2] == pytest.approx(22.5 - 2.5 * np.log10(50), abs=1e-4)  # a nanomaggy is AB 22.5
    assert got["maglim"][:2] == pytest.approx(22.5 - 2.5 * np.log10(2), abs=1e-4)


def test_fluxes_fill_what_magnitudes_leave_open():
    source = Source(("m", "e"), 0.0, ("f", "s"))
    got = measured(source=source, m=[20.0, np.nan, np.nan, 99.0], e=[0.1, np.nan, np.nan, 99.0], f=[1e9, 10.0, np.nan, -999.0],
                   s=[1.0, 1.0, 1.0, 1.0])
    assert got["mag"] == pytest.approx([20.0, 21.4, np.nan, np.nan], nan_ok=True)
    assert got["flux"] == pytest.approx([10 ** 1.56, 10.0, np.nan, 0.0], nan_ok=True)


@given(st.lists(st.tuples(st.floats(10, 28), st.floats(1e-4, 0.5)), min_size=1), st.floats(-1, 4))
def test_no_magnitude_is_lost_between_flux_and_magnitude(rows, offset):
    magnitude, error = np.array(rows).T
    got = measured(source=Source(("m", "e"), offset, None), m=magnitude, e=error)
    again = measured(source=Source(None, 0.0, ("f", "s")), f=got["flux"], s=got["fluxerr"])
    seen = np.isfinite(got["mag"])
    assert (seen == (PER_ERROR / error > 2.0)).all()
    assert again["mag"][seen] == pytest.approx(magnitude[seen] + offset, abs=1e-9)
    assert again["magerr"][seen] == pytest.approx(error[seen])


def test_a_colour_on_a_limit_lies_on_it():
    assert 17.0 - 17.14 != -0.14 and colour(np.array([17.0]), np.array([17.14]))[0] == -0.14


def test_the_first_columns_that_are_there():
    pairs = (("a", "da"), ("b", "db"), ("c", "dc"))
    assert first(pairs, {"c", "b", "dc"}) == ("b", "") and first(pairs, {"c", "dc"}) == ("c", "dc")
    assert first(pairs, {"x"}) is None
