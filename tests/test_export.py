"""Exports read back by other readers: values, missing values, units, roles, provenance, selections."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table

from qsocore.catalog import Column
from qsocore.cli import main
from qsocore.errors import ConfigError, StoreError
from qsocore.grid import WaveGrid
from qsocore.store import StoreWriter
from qsocore.store.columns import from_field
from qsocore.workflow import export as module
from qsocore.workflow.export import export

N = 25
GRID = WaveGrid("tiny", "linear", 4000.0, 4100.0, 8)
IDS = [f"sim:1:{i}" for i in range(N)]
Z = np.where(np.arange(N) % 5 == 4, np.nan, 0.2 * np.arange(N))
CLASS = np.array(["QSO", "STAR", "", "GALAXY", 'odd, "quoted"'] * 5, dtype=object)
BIG = np.array([None if i % 7 == 3 else 2**60 + i for i in range(N)], dtype=object)  # would lose digits as a float
COLUMNS = (Column("big", "int64", "flag", "", "Target bits"),
           Column("mag_g", "float32", "magnitude", "mag", "g magnitude", (99.0,)))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    provenance = {"command": "test", "citation": "Nobody (2000)"}
    writer = StoreWriter(tmp_path_factory.mktemp("export") / "in.store", GRID, provenance, 2)
    arrays = np.ones((N, 8), np.float32), np.ones((N, 8), np.float32), np.zeros((N, 8), np.uint8)
    catalog = {"object_id": np.array(IDS, object), "survey": np.array(["sim"] * N, object), "ra": np.linspace(0, 350, N),
               "dec": np.linspace(-30, 30, N), "z": Z, "class": CLASS, "calibrated": np.arange(N) % 2 == 0, "big": BIG,
               "mag_g": np.where(np.arange(N) % 4 == 0, 99.0, 20.0 + np.arange(N)).astype(np.float32)}
    for shard, rows in enumerate((slice(0, 10), slice(10, N))):
        writer.write_shard(shard, *(array[rows] for array in arrays), {k: v[rows] for k, v in catalog.items()}, COLUMNS)
    return writer.finish().path


def test_parquet_keeps_values_meaning_and_provenance(store, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 7)  # several pieces, over the borders of row groups
    assert export(store, tmp_path / "a.parquet") == N
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column("object_id").to_pylist() == IDS
    assert table.column("z").to_pylist() == [None if z != z else z for z in Z]
    assert table.column("big").to_pylist() == list(BIG)
    column = from_field(table.schema.field("mag_g"))
    assert (column.unit, column.role, column.description, column.sentinels) == ("mag", "magnitude", "g magnitude", (99.0,))
    assert table.column("mag_g").null_count == 7
    about = json.loads(table.schema.metadata[b"qso_atlas"])
    assert about["store"] == "in.store" and about["citation"][0] == "Nobody (2000)" and about["where"] == "all"


def test_csv_is_read_back_by_another_reader(store, tmp_path):
    export(store, tmp_path / "a.csv", ["object_id", "class", "z", "big"])
    with open(tmp_path / "a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == CLASS.tolist() and list(rows[0]) == ["object_id", "class", "z", "big"]
    assert [row["big"] for row in rows] == ["" if b is None else str(b) for b in BIG]
    assert [float(row["z"]) if row["z"] else None for row in rows] == [None if z != z else z for z in Z]


def test_fits_is_read_back_by_astropy(store, tmp_path):
    export(store, tmp_path / "a.fits")
    table = Table.read(tmp_path / "a.fits")
    assert [str(value) for value in table["class"].filled("")] == CLASS.tolist()
    assert np.asarray(table["z"].filled(np.nan)) == pytest.approx(Z, nan_ok=True)
    assert [None if masked else int(value) for value, masked in zip(table["big"].data.data, table["big"].mask, strict=True)] \
        == list(BIG)
    header = fits.getheader(tmp_path / "a.fits", "CATALOG")
    place = table.colnames.index("mag_g") + 1
    assert (header[f"TUNIT{place}"], header[f"TROLE{place}"], header[f"TCOMM{place}"]) == ("mag", "magnitude", "g magnitude")
    assert any("Nobody (2000)" in line for line in header["HISTORY"])
    assert fits.open(tmp_path / "a.fits").verify("exception") is None


def test_votable_is_valid_and_knows_what_its_columns_are(store, tmp_path):
    export(store, tmp_path / "a.vot")
    votable = parse(tmp_path / "a.vot", verify="exception")
    table = votable.get_first_table()
    by_name = {field.name: field for field in table.fields}
    assert str(by_name["ra"].unit) == "deg" and by_name["ra"].ucd == "pos.eq.ra;meta.main"
    assert by_name["mag_g"].description == "g magnitude"
    values = table.to_table()
    assert [str(v) for v in values["object_id"]] == IDS
    assert np.asarray(values["z"].filled(np.nan), float) == pytest.approx(Z, nan_ok=True)
    assert [None if value is np.ma.masked else int(value) for value in values["big"]] == list(BIG)
    assert any(info.name == "citation" and "Nobody" in info.value for info in votable.infos)


@pytest.mark.parametrize("ending", ["parquet", "csv", "fits", "vot"])
@pytest.mark.parametrize("where, truth", [
    ('class == "QSO" & z > 2', [i for i in range(N) if CLASS[i] == "QSO" and Z[i] > 2]),
    ("z is missing", [i for i in range(N) if np.isnan(Z[i])]),
    ("z > 1000", []),
])
def test_where_selects_rows(store, tmp_path, ending, where, truth):
    out = tmp_path / f"a.{ending}"
    assert export(store, out, ["object_id"], where) == len(truth)
    reader = {"parquet": lambda: pq.read_table(out).column(0).to_pylist(), "csv": lambda: out.read_text().split()[1:]}
    found = reader.get(ending, lambda: [str(value) for value in Table.read(out)["object_id"]])()
    assert [value.strip('"') for value in found] == [IDS[i] for i in truth]


@pytest.mark.parametrize("kind, columns, where, error, says", [
    ("a.xlsx", None, None, ConfigError, "known format"), ("a.csv", ["zz"], None, StoreError, "no column 'zz'"),
    ("a.csv", None, "zz > 2", StoreError, "no column 'zz'"), ("a.csv", None, "z >", ConfigError, "selection"),
    ("a.csv", None, "__import__('os')", ConfigError, "selection"), ("a.csv", None, "class > 2", ConfigError, "holds text"),
])
def test_refusals_write_nothing(store, tmp_path, kind, columns, where, error, says):
    with pytest.raises(error, match=says):
        export(store, tmp_path / kind, columns, where)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(store, tmp_path):
    (tmp_path / "a.csv").write_text("mine")
    with pytest.raises(ConfigError, match="exists"):
        export(store, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "mine"


def test_command_line(store, tmp_path, capsys):
    out = tmp_path / "q.csv"
    assert main(["export", str(store), "--out", str(out), "--columns", "object_id,z", "class", "--where", "z < 1"]) == 0
    assert out.read_text().splitlines()[0] == '"object_id","z","class"' or out.read_text().startswith("object_id,z,class")
    assert "rows" in capsys.readouterr().out
    assert main(["export", str(tmp_path / "none.store"), "--out", str(tmp_path / "b.csv")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
