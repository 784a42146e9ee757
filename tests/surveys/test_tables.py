"""Catalogues: formats, roles and units, sentinels, joins; truth is written out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.errors import ReadError
from qsocore.surveys.roles import coordinates, role_of
from qsocore.surveys.tables import joined, match, read_table
from tests.surveys.manifest import rows_of

FRAME = pd.DataFrame({"TARGETID": [2**60 + 1, 2**60 + 3, 5], "ra": [10.0, 20.0, 359.9999], "dec": [-5.0, 60.0, 0.0],
                      "z": [1.5, -9999.0, 2.5], "g_mag": [20.0, 99.0, 21.5], "class": ["QSO", "", "STAR"]})


def write(path):
    if path.suffix == ".parquet":
        FRAME.to_parquet(path)
    elif path.suffix == ".csv":
        FRAME.to_csv(path, index=False)
    else:
        table = Table.from_pandas(FRAME)
        table["ra"].unit = table["dec"].unit = "deg"
        table.write(path, format={".fits": "fits", ".vot": "votable"}[path.suffix])
    return path


@pytest.mark.real
def test_every_real_catalogue_is_read(real):
    rows = [row for row in rows_of(real, "catalogues/") if row["kind"] == "catalogue"]
    assert len(rows) > 170
    for row in rows:
        table = read_table(real / row["file"])
        assert len(table.frame) and list(table.columns) == list(table.frame.columns), row["file"]


@pytest.mark.real
def test_what_the_real_catalogues_columns_mean(real):
    island = read_table(real / "catalogues/glq_mpia/cut_crossmatched_objects.csv").columns
    assert island["COADD_OBJECT_ID"].role == "id" and island["COADD_OBJECT_ID"].dtype == "int64"
    assert island["g_mag"].sentinels == (99.0,) and island["i_mag"].sentinels == ()  # all are detected in i
    assert island["z_mag"].role == "magnitude" and island["z_magerr"].role == "error"
    sky = read_table(real / "catalogues/Data-Completion-and-Interpolation/Skyserver_SQL2_27_2018 6_51_39 PM.csv").columns
    assert sky["z"].role == "magnitude" and sky["redshift"].role == "redshift"
    assert sky["objid"].role != "id"  # written as 1.23764870457714E+018: a float that has lost digits names nothing
    known = read_table(real / "catalogues/glq_mpia/known_hzqs.csv")
    assert "Name" in known.columns and known.positions()[0][0] == pytest.approx(2.10739)
    quasars = read_table(real / "catalogues/dr16q_snr10_properties.parquet")
    assert len(quasars.frame) == 16_328 and quasars.positions() is not None


@pytest.mark.parametrize("ending", ["csv", "fits", "vot", "parquet"])
def test_every_format_gives_the_same_table(tmp_path, ending):
    table = read_table(write(tmp_path / f"a.{ending}"))
    assert table.frame["TARGETID"].tolist() == [2**60 + 1, 2**60 + 3, 5]
    assert table.frame["class"].tolist() == ["QSO", "", "STAR"] and table.frame["g_mag"].tolist() == [20.0, 99.0, 21.5]
    roles = {name: column.role for name, column in table.columns.items()}
    assert roles == {"TARGETID": "id", "ra": "coordinate", "dec": "coordinate", "z": "redshift", "g_mag": "magnitude",
                     "class": "label"}
    assert table.columns["ra"].unit == "deg" and table.columns["z"].sentinels == (-9999.0,)
    assert table.columns["g_mag"].sentinels == (99.0,)


def test_vector_columns_are_spread(tmp_path):
    Table({"id": [1, 2], "nhi": np.array([[1.0, 2], [3, 4]])}).write(tmp_path / "a.fits")
    frame = read_table(tmp_path / "a.fits").frame
    assert list(frame.columns) == ["id", "nhi_0", "nhi_1"] and frame["nhi_1"].tolist() == [2, 4]


def test_npz_of_ids_and_vectors_and_none_of_pickles(tmp_path):
    np.savez(tmp_path / "a.npz", ids=np.array(["a", "b"]), embedding=np.arange(4.0).reshape(2, 2))
    table = read_table(tmp_path / "a.npz")
    assert table.frame["ids"].tolist() == ["a", "b"] and table.frame["embedding_1"].tolist() == [1, 3]
    np.savez(tmp_path / "b.npz", ids=np.array([{"x": 1}], dtype=object))
    with pytest.raises(ReadError) as caught:
        read_table(tmp_path / "b.npz")
    assert caught.value.reason == "pickle"


@pytest.mark.parametrize("name, content", [("a.csv", b""), ("a.fits", b"not fits"), ("a.parquet", b"PAR1"), ("a.vot", b"<x/>"),
                                           ("a.npz", b"zip?"), ("a.xlsx", b"x"), ("b.csv", b"ra,dec\n")])
def test_what_is_no_table_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=name):
        read_table(tmp_path / name)
    with pytest.raises(ReadError, match="gone"):
        read_table(tmp_path / "gone.csv")


@pytest.mark.parametrize("names, pair", [
    (["RA", "DEC"], ("RA", "DEC")), (["x", "RAJ2000", "DEJ2000"], ("RAJ2000", "DEJ2000")),
    (["ra_1", "dec_1", "RA_2", "DEC_2"], ("ra_1", "dec_1")), (["TARGET_RA", "TARGET_DEC"], ("TARGET_RA", "TARGET_DEC")),
    (["RA [deg]", "DEC [deg]"], ("RA [deg]", "DEC [deg]")), (["ra_des", "dec_des"], ("ra_des", "dec_des")),
    (["DES_RA", "DES_DEC"], ("DES_RA", "DES_DEC")), (["radius", "decay"], None), (["ra"], None),
])
def test_coordinates_by_name(names, pair):
    assert coordinates(names) == pair


@pytest.mark.parametrize("name, values, role", [
    ("W1mag", [1.0], "magnitude"), ("e_W1mag", [1.0], "error"), ("FLUX_G", [1.0], "flux"), ("ZWARNING", [1], "flag"),
    ("objid", [1.2e18], "property"), ("objid", [12], "id"), ("SUBCLASS", ["x"], "label"), ("teff", [1.0], "property"),
    ("z", [1.0], "redshift"), ("zlens", ["-"], "label"),
])
def test_roles_by_name(name, values, role):
    assert role_of(name, np.array(values)) == role


def test_sexagesimal_positions(tmp_path):
    (tmp_path / "a.csv").write_text("name,ra,dec\nx,12:00:00,-30:30:00\n")
    ra, dec = read_table(tmp_path / "a.csv").positions()
    assert (ra[0], dec[0]) == pytest.approx((180.0, -30.5))


def test_match_by_id_first_then_by_position(tmp_path):
    table = read_table(write(tmp_path / "a.csv"))
    # by id; by position across 0h, 0.7 arcsec off; 2 arcsec off; no position
    ids = np.array([str(2**60 + 3), "x", "y", "z"], object)
    found = match(table, {"native_id": ids}, np.array([0.0, 359.9999 + 0.7 / 3600, 10 + 2 / 3600, np.nan]),
                  np.array([0.0, 0.0, -5.0, 1.0]))
    assert found.rows.tolist() == [1, 2, -1, -1] and found.by == {"TARGETID": 1, "position": 1}


def test_match_by_plate_mjd_fiber(tmp_path):
    (tmp_path / "a.csv").write_text("PLATE,MJD,FIBERID,x\n266,51602,13,1\n3655,55240,2,2\n")
    found = match(read_table(tmp_path / "a.csv"), {"native_id": np.array(["3655-55240-2", "266-51602-13"], object)},
                  np.array([np.nan] * 2), np.array([np.nan] * 2))
    assert found.rows.tolist() == [1, 0] and found.by == {"plate-mjd-fiber": 2}


def test_a_catalogue_without_ids_and_positions_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1.5,2.5\n")
    with pytest.raises(ReadError) as caught:
        match(read_table(tmp_path / "a.csv"), {"native_id": np.array(["1"], object)}, np.array([1.0]), np.array([1.0]))
    assert caught.value.reason == "no-key"


def test_joined_columns_get_free_names_and_missing_values(tmp_path):
    table = read_table(write(tmp_path / "a.parquet"))
    found = match(table, {"native_id": np.array([str(2**60 + 1), "none", str(2**60 + 3)], object)}, np.full(3, np.nan),
                  np.full(3, np.nan))
    values, columns = joined(table, found, {"object_id", "mag_g"})
    assert list(values) == ["targetid", "ra_cat", "dec_cat", "z_cat", "mag_g_cat", "class_cat"]
    assert values["targetid"].tolist() == [2**60 + 1, None, 2**60 + 3]  # exact: it did not go through a float
    assert values["class_cat"].tolist() == ["QSO", None, ""] and np.isnan(values["z_cat"][1])
    by_name = {column.name: column for column in columns}
    assert by_name["z_cat"].sentinels == (-9999.0,) and by_name["mag_g_cat"].unit == "mag"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 360, exclude_max=True), st.floats(-89.9, 89.9)), min_size=1, max_size=20, unique=True),
       st.floats(0, 2), st.floats(0, 360))
def test_position_match_is_the_great_circle_distance(places, offset, angle):
    """Objects moved by `offset` arcsec match their row exactly when nothing nearer is there and offset <= 1."""
    import tempfile

    from astropy import units as u
    from astropy.coordinates import SkyCoord

    ra, dec = np.array(places).T
    moved = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(angle * u.deg, offset * u.arcsec)
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame({"ra": ra, "dec": dec}).to_parquet(Path(folder) / "a.parquet")
        found = match(read_table(Path(folder) / "a.parquet"), {}, moved.ra.deg, moved.dec.deg)
    apart = moved[:, None].separation(SkyCoord(ra * u.deg, dec * u.deg)[None]).arcsec
    for i, row in enumerate(found.rows):
        if abs(apart[i].min() - 1) > 1e-6:
            assert (row >= 0) == (apart[i].min() < 1)
        if row >= 0:
            assert apart[i, row] == pytest.approx(apart[i].min(), abs=1e-6)
