"""What columns mean: UCD before unit before name; units and magnitude systems; coordinates in any unit."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from qsocore.catalog import Column
from qsocore.errors import ReadError
from qsocore.store.columns import from_field, to_field, to_table
from qsocore.surveys._meaning import kind_of, microjansky_per, system_of
from qsocore.surveys.roles import column_of, coordinates, positions, role_of
from qsocore.surveys.tables import read_table

NUMBERS = np.array([1.0, 2.0])


@pytest.mark.parametrize("ucd, role", [
    ("pos.eq.ra;meta.main", "coordinate"), ("POS_EQ_DEC_MAIN", "coordinate"), ("phot.mag;em.opt.i", "magnitude"),
    ("stat.error;phot.mag", "error"), ("phot.flux.density;em.radio", "flux"), ("phot.flux;em.IR", "flux"),
    ("stat.max;phot.mag", "limit"), ("src.redshift", "redshift"), ("stat.snr", "quality"), ("meta.code.qual", "flag"),
    ("time.epoch", "redshift"),  # which says nothing to us, so that the name is asked
])
def test_a_ucd_goes_before_the_name(ucd, role):
    assert role_of("z", NUMBERS, ucd=ucd) == role


def test_a_ucd_cannot_make_an_id_of_a_float():
    assert role_of("objid", NUMBERS, ucd="meta.id;meta.main") == "property"
    assert role_of("whatever", np.array([1, 2]), ucd="meta.id;meta.main") == "id"
    assert role_of("whatever", np.array(["a"], object), ucd="phot.mag") == "label"


@pytest.mark.parametrize("name, unit, role", [
    ("z", "mag", "magnitude"), ("z", "kpc", "property"), ("z", "", "redshift"), ("j", "km/s", "property"),
    ("ra", "mm", "property"), ("ra", "h", "coordinate"), ("W1", "Jy", "flux"), ("g_mag", "nanomaggy", "flux"),
    ("e_W1", "mag", "error"), ("magerr_g", "mag", "error"), ("peak", "mJy", "flux"), ("peak", "ABmag", "magnitude"),
    ("peak", "1e-17 erg / (Angstrom s cm2)", "flux"),
    ("mag_lim", "mag", "limit"), ("snr_g", "", "quality"), ("flux", "no unit at all", "flux"),
    ("ra", "hourangle", "coordinate"),
])
def test_a_unit_goes_before_the_name(name, unit, role):
    assert role_of(name, NUMBERS, unit=unit) == role


@pytest.mark.parametrize("unit, kind", [("", ""), ("mag(AB)", "magnitude"), ("mag", "magnitude"), ("uJy", "flux"), ("%", ""),
                                        ("nanomaggies", "flux"), ("rad", "angle"), ("K", "other"), ("h:m:s", ""),
                                        ("s", "time")])
def test_kinds_of_units(unit, kind):
    assert kind_of(unit) == kind


@pytest.mark.parametrize("unit, factor", [("Jy", 1e6), ("mJy", 1e3), ("uJy", 1.0), ("nanomaggy", 3.631), ("nmgy", 3.631),
                                          ("Nanomaggies", 3.631), ("maggy", 3.631e9), ("erg / (s cm2 Hz)", 1e29), ("ct", None),
                                          ("erg / (s cm2 Angstrom)", None), ("mag", None), ("", None), ("ABmag", None)])
def test_microjansky(unit, factor):
    assert microjansky_per(unit) == (pytest.approx(factor) if factor else None)


def test_magnitude_systems_where_they_are_stated_and_nowhere_else():
    assert system_of("mag(AB)", "") == system_of("mag", "AB magnitude in g") == system_of("ABmag", "") == "AB"
    assert system_of("mag", "Vega magnitude") == "Vega" and system_of("mag", "g, ABsorbed") == ""
    assert system_of("mag", "converted from Vega to AB") == ""  # both are named: nobody knows
    assert column_of("w1", NUMBERS, "mag", "W1 in the Vega system").system == "Vega"


def test_coordinates_by_ucd_the_main_ones_first():
    names = ["ra", "dec", "RA_1", "x", "y", "lon", "lat"]
    ucds = {"ra": "pos.eq.ra", "dec": "pos.eq.dec", "lon": "pos.eq.ra;meta.main", "lat": "pos.eq.dec;meta.main", "x": "time"}
    assert coordinates(names, ucds) == ("lon", "lat")
    assert coordinates(names, {name: ucd for name, ucd in ucds.items() if "main" not in ucd}) == ("ra", "dec")
    assert coordinates(names, {"ra": "stat.error;pos.eq.ra"}) == ("ra", "dec")  # by name


@pytest.mark.parametrize("unit, per_degree", [("", 1), ("deg", 1), ("rad", np.pi / 180), ("arcsec", 3600)])
def test_positions_in_any_unit(unit, per_degree):
    columns = {name: Column(name, "float64", "coordinate", unit) for name in ("ra", "dec")}
    values = {"ra": np.array([150.0]) * per_degree, "dec": np.array([2.0]) * per_degree}
    assert positions(columns, values) == (pytest.approx([150.0]), pytest.approx([2.0]))


def test_hours_texts_and_gaps():
    meant = {"ra": Column("ra", "float64", "coordinate", "h"), "dec": Column("dec", "string", "coordinate")}
    ra, dec = positions(meant, {"ra": np.array([10.0, np.nan]), "dec": np.array(["-30:30:00", ""], object)})
    np.testing.assert_allclose(ra, [150.0, np.nan])
    np.testing.assert_allclose(dec, [-30.5, np.nan])
    text = {name: Column(name, "string", "coordinate") for name in ("ra", "dec")}
    ra, dec = positions(text, {"ra": np.array(["10:00:00", ""], object), "dec": np.array(["1.5", ""], object)})
    assert ra[0] == pytest.approx(150.0) and dec[0] == 1.5 and np.isnan(ra[1])
    assert positions({}, {}) is None


def test_what_is_no_angle_is_refused():
    meant = {name: Column(name, "float64", "coordinate", "Jy") for name in ("ra", "dec")}
    with pytest.raises(ReadError, match="ra is in 'Jy', which is no angle"):
        positions(meant, {"ra": NUMBERS, "dec": NUMBERS})
    meant = {name: Column(name, "string", "coordinate") for name in ("ra", "dec")}
    with pytest.raises(ReadError, match="which is no angle"):
        positions(meant, {"ra": np.array(["ten o'clock"], object), "dec": np.array(["1"], object)})


def write(path):
    """Names that mislead: the position is in lon and lat (hours and degrees), z is a height, m a redshift, g is in Vega."""
    units = {"lon": "h", "lat": "deg", "z": "kpc", "g": "mag"}
    said = {"lon": "pos.eq.ra;meta.main", "lat": "pos.eq.dec;meta.main", "m": "src.redshift"}
    values = {"ra": [1.0], "dec": [2.0], "lon": [10.0], "lat": [20.0], "z": [3.0], "m": [4.0], "g": [21.0]}
    if path.suffix == ".parquet":
        meant = [Column(name, "float64", "property", units.get(name, ""), "Vega magnitude" if name == "g" else "",
                        ucd=said.get(name, "")) for name in values]
        pq.write_table(to_table({name: np.array(column) for name, column in values.items()}, meant), path)
        return
    table = Table(values)
    table["g"].description = "Vega magnitude"
    for name in values:
        table[name].unit, table[name].meta["ucd"] = units.get(name), said.get(name, "")
    table.write(path, format={".vot": "votable", ".fits": "fits"}[path.suffix])
    if path.suffix == ".fits":
        with fits.open(path, mode="update") as hdus:
            for number, name in enumerate(values, 1):
                hdus[1].header[f"TUCD{number}"] = said.get(name, "")
            hdus[1].header["TCOMM7"] = "Vega magnitude"


@pytest.mark.parametrize("ending", ["vot", "fits", "parquet"])
def test_files_that_say_what_their_columns_mean(ending, tmp_path):
    write(tmp_path / f"t.{ending}")
    read = read_table(tmp_path / f"t.{ending}")
    assert read.positions() == (pytest.approx([150.0]), pytest.approx([20.0]))
    roles = {name: column.role for name, column in read.columns.items()}
    assert (roles["z"], roles["m"], roles["g"], roles["lon"]) == ("property", "redshift", "magnitude", "coordinate")
    assert read.columns["g"].system == "Vega" and read.columns["m"].ucd == "src.redshift"


def test_a_column_keeps_its_ucd_and_system_in_a_parquet_field():
    column = Column("g", "float64", "magnitude", "mag", "x", (99.0,), "phot.mag;em.opt.B", "AB")
    assert from_field(to_field(column)) == column
    assert set(Column("g", "float64", "magnitude").to_metadata()) == {"role", "unit", "description", "sentinels"}
