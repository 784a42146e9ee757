"""Any table with two coordinate columns goes straight into the map."""

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from dashboard.tablefile import open_table
from qsocore.errors import AtlasError, ReadError


@pytest.fixture(params=["t.parquet", "t.csv", "t.fits", "t.fits.gz"])
def table_file(request, tmp_path):
    path = tmp_path / request.param
    made = Table({"targetid": np.array([39627, 2**60 + 1, 5]), "umap_1": np.array([1.5, -2, 3], "f4"),
                  "umap_2": np.array([4.0, 5, np.nan]), "class": ["QSO", "STAR", "QSO"], "ra": [10.0, 20, 30]})
    made["ra"].unit = "deg"
    if ".fits" in path.name:
        made.write(path)
    else:
        frame = made.to_pandas()
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


def test_each_kind_of_file_gives_the_same_table(table_file):
    table = open_table(table_file)
    assert table.maps == {"map": ("umap_1", "umap_2")}
    assert table.ids.to_pylist() == ["39627", str(2**60 + 1), "5"], "ids keep all their digits"
    np.testing.assert_array_equal(table.numbers("umap_1"), np.array([1.5, -2, 3], "f4"))
    assert np.isnan(table.numbers("umap_2")[2])
    assert table.classes("class").names == ("QSO", "STAR")
    assert table.columns["ra"].unit == "deg" and table.row(1)["class"] == "STAR"


def test_the_user_says_which_columns(table_file):
    table = open_table(table_file, x="ra", y="umap_1", object_id="class")
    assert table.maps["map"] == ("ra", "umap_1") and table.ids[0].as_py() == "QSO"
    with pytest.raises(AtlasError, match="did you mean umap_2 or umap_1"):
        open_table(table_file, x="umap_l", y="umap_2")
    with pytest.raises(AtlasError, match="text, not numbers"):
        open_table(table_file, x="class", y="ra")


def test_without_ids_a_row_is_called_by_its_place(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("a,b\n1.5,2.5\n3.5,4.5\n")
    table = open_table(path)
    assert table.maps["map"] == ("a", "b") and table.ids.to_pylist() == ["plain:row:0", "plain:row:1"]


@pytest.mark.parametrize(("name", "content", "said"), [
    ("no.csv", None, "no such file"), ("a.txt", b"x", "no Parquet, CSV or FITS"), ("a.parquet", b"junk", "cannot be read"),
    ("a.fits", b"junk", "cannot be read"), ("a.csv", b"", "cannot be read"), ("words.csv", b"a,b\nx,y\n", "no two numeric")])
def test_what_is_no_table_is_refused_in_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AtlasError, match=said) as caught:
        open_table(path)
    assert name in str(caught.value) and "\n" not in str(caught.value)


@given(st.binary(max_size=300))
def test_a_damaged_file_never_ends_in_anything_but_a_refusal(tmp_path_factory, junk):
    path = tmp_path_factory.getbasetemp() / "junk.parquet"
    path.write_bytes(junk)
    with pytest.raises(ReadError):
        open_table(path)
