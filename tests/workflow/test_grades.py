"""Grades written as others read them, read as others write them, and nothing added by a second import."""

import csv
import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qsocore.cli import main
from qsocore.errors import ConfigError, StoreError
from qsocore.grid import WaveGrid
from qsocore.inspection import Verdict
from qsocore.inspection.standing import standing
from qsocore.inspection.vocabulary import VI_COLUMNS
from qsocore.store import StoreWriter
from qsocore.store.cells import safe, unsafe
from qsocore.store.labels import Labels
from qsocore.workflow.grades import export_grades, graded, import_grades
from qsocore.workflow.grades_sled import COLUMNS

GRID = WaveGrid("tiny", "linear", 4000.0, 4100.0, 8)


def make_store(path, ids, ra, dec):
    n = len(ids)
    writer = StoreWriter(path, GRID, {"command": "test"}, 1)
    catalog = {"object_id": np.array(ids, object), "survey": np.array(["sim"] * n, object),
               "native_id": np.array([name.rsplit(":", 1)[1] for name in ids], object), "ra": np.asarray(ra, float),
               "dec": np.asarray(dec, float), "z": np.linspace(0.5, 3, n), "class": np.array(["QSO"] * n, object)}
    writer.write_shard(0, np.ones((n, 8), np.float32), np.ones((n, 8), np.float32), np.zeros((n, 8), np.uint8), catalog)
    return writer.finish().path


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "s.store", [f"sim:1:{k}" for k in range(6)], np.arange(6) * 10.0, np.zeros(6))


VERDICTS = [
    Verdict("sim:1:0", "ada", "A", desk="lenses", comment="=HYPERLINK(1)"), Verdict("sim:1:0", "bob", "A", desk="lenses"),
    Verdict("sim:1:0", "eve", "B", desk="lenses", z=2.5), Verdict("sim:1:1", "ada", "X", desk="lenses", kind="merger"),
    Verdict("sim:1:1", "bob", "C", desk="lenses"), Verdict("sim:1:2", "ada", "X", desk="lenses"),
    Verdict("sim:1:2", "ada", "B", desk="lenses"),  # said anew
    Verdict("sim:1:3", "ada", "4", desk="spectra", z=1.234567, flags="R", kind="QSO", comment="y" * 140),
    Verdict("injected:c:7", "ada", "A", desk="lenses")]


@pytest.fixture
def labelled(store):
    with Labels.of(store) as labels:
        labels.extend(VERDICTS)
    return store


def _rows(file):
    with open(file, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_one_row_per_object(labelled, tmp_path):
    assert export_grades(labelled, tmp_path / "g.csv") == 4
    first, second, third, fourth = _rows(tmp_path / "g.csv")
    assert [first[name] for name in ("object_id", "label", "n_grades", "n_A", "n_B")] == ["sim:1:0", "A", "3", "2", "1"]
    assert float(first["grade"]) == pytest.approx(8 / 3) and float(first["z_graded"]) == 2.5
    assert first["comment"] == "'=HYPERLINK(1)"  # no formula
    assert (second["label"], second["kind"], float(second["grade"])) == ("X", "merger", 0.5)  # of two the worse
    assert third["label"] == "B" and third["n_grades"] == "1"
    assert (fourth["desk"], fourth["n_4"], fourth["n_A"], fourth["grade"]) == ("spectra", "1", "0", "4")
    about = json.loads((tmp_path / "g.csv.provenance.json").read_text())
    assert about["people"] == ["ada", "bob", "eve"] and about["last_verdict"] == 8
    assert any(column["name"] == "ra" and column["unit"] == "deg" for column in about["columns"])


def test_every_format_holds_the_same(labelled, tmp_path):
    for ending in ("parquet", "fits", "vot"):
        export_grades(labelled, tmp_path / f"g.{ending}", each=True)
    parquet = pq.read_table(tmp_path / "g.parquet")
    assert parquet.num_rows == 7 and b"qso_atlas" in parquet.schema.metadata
    assert parquet.column("comment").to_pylist()[0] == "=HYPERLINK(1)"  # only a CSV is opened by spreadsheets
    with fits.open(tmp_path / "g.fits") as file:
        assert list(file[1].data["person"]) == parquet.column("person").to_pylist()
        assert any("last_verdict" in line for line in map(str, file[1].header["HISTORY"]))
    assert list(Table.read(tmp_path / "g.vot")["label"]) == parquet.column("label").to_pylist()


def test_desi_columns_in_their_order(labelled, tmp_path):
    assert export_grades(labelled, tmp_path / "vi.csv", "desi") == 1
    (row,) = _rows(tmp_path / "vi.csv")
    assert tuple(row) == VI_COLUMNS
    assert (row["TARGETID"], row["VI_scanner"], row["VI_quality"], row["VI_issue"], row["VI_spectype"]) == \
        ("3", "ada", "4", "R", "QSO")
    assert float(row["VI_z"]) == 1.234567 and row["VI_comment"] == "y" * 100 and row["EXPID"] == ""


def test_desi_targets_are_numbers(tmp_path):
    ids = ["desi:dr1:39627652591521181", "desi:dr1:39627652591521182-00054321-12", "sdss:dr18:266-51602-3"]
    store = make_store(tmp_path / "d.store", ids, np.arange(3.0), np.zeros(3))
    with Labels.of(store) as labels:
        labels.extend([Verdict(name, "ada", "4", desk="spectra") for name in ids])
    export_grades(store, tmp_path / "vi.csv", "desi")
    assert [row["TARGETID"] for row in _rows(tmp_path / "vi.csv")] == \
        ["39627652591521181", "39627652591521182", "266-51602-3"]


def test_sled_says_what_grades_mean(labelled, tmp_path):
    assert export_grades(labelled, tmp_path / "sled.csv", "sled") == 3
    first, second, third = _rows(tmp_path / "sled.csv")
    assert tuple(first) == COLUMNS
    flags = [(row["flag_confirmed"], row["flag_candidate"], row["flag_contaminant"]) for row in (first, second, third)]
    assert flags == [("false", "true", "false"), ("false", "false", "true"), ("false", "true", "false")]
    assert float(first["score"]) == pytest.approx(8 / 3) and float(third["score"]) == 2
    assert second["contaminant_type"] == "GALAXY PAIR"  # what SLED calls a merger


@pytest.mark.parametrize(("layout", "options"), [("table", {"each": True}), ("desi", {}), ("sled", {})])
def test_a_second_import_adds_nothing(labelled, tmp_path, layout, options):
    export_grades(labelled, tmp_path / "g.csv", layout, **options)
    other = make_store(tmp_path / "other.store", [f"sim:1:{k}" for k in range(6)], np.arange(6) * 10.0, np.zeros(6))
    first = import_grades(other, tmp_path / "g.csv", person="ada")
    assert first.added == {"table": 7, "desi": 1, "sled": 3}[layout] and not first.unmatched
    second = import_grades(other, tmp_path / "g.csv", person="ada")
    assert (second.added, second.known) == (0, first.added)
    if layout == "table":  # back home every verdict is known by its token
        assert [v.label for v in standing(Labels.of(other).verdicts())] == \
            [v.label for v in standing(Labels.of(labelled).verdicts()) if not v.object_id.startswith("injected")]


def test_a_store_knows_its_own_verdicts_again(store, tmp_path):
    with Labels.of(store) as labels:
        labels.append(Verdict("sim:1:0", "ada", "A", desk="lenses", token="deed-1"))
    export_grades(store, tmp_path / "g.parquet", each=True)
    assert import_grades(store, tmp_path / "g.parquet").added == 0


def test_what_does_not_match_is_named(store, tmp_path):
    (tmp_path / "old.csv").write_text("object_id,ra,dec,desk,label\n"
                                      "elsewhere,123.0,45.0,lenses,A\nby place,20.0001,0.0,lenses,B\n"
                                      "sim:1:1,,,lenses,\n")
    found = import_grades(store, tmp_path / "old.csv", person="ada")
    assert (found.added, found.silent, found.unmatched) == (1, 1, ("elsewhere",))
    (verdict,) = Labels.of(store).verdicts()
    assert (verdict.object_id, verdict.person, verdict.label) == ("sim:1:2", "ada", "B")


def test_real_sled_files(real, tmp_path):
    folder = real / "catalogues" / "SLED_api"
    files = [folder / f"{name}.csv" for name in ("2022A&A...659A.140C", "2021MNRAS.502.1487J",
                                                 "silo_talbot_2021MNRAS.502.4617T")]
    tables = [[{key.strip(): value for key, value in row.items()} for row in _rows(file)] for file in files]
    listed = [row for rows in tables for row in rows]
    store = make_store(tmp_path / "sled.store", [f"sled:1:{k}" for k in range(len(listed))],
                       [float(row["ra"]) for row in listed], [float(row["dec"]) for row in listed])
    for file, rows in zip(files, tables, strict=True):
        found = import_grades(store, file)
        assert found.added + found.known + found.silent == len(rows) and not found.unmatched
        assert import_grades(store, file).added == 0
    said = graded(Labels.of(store).verdicts())
    contaminants = sum(row["flag_contaminant"] == "True" for row in listed)
    confirmed = sum(row["flag_confirmed"] == "True" and row["flag_contaminant"] != "True" for row in listed)
    assert sum(v.label == "X" for one in said for v in one.verdicts) >= contaminants > 0
    export_grades(store, tmp_path / "back.csv", "sled")
    back = _rows(tmp_path / "back.csv")
    assert sum(row["flag_confirmed"] == "true" for row in back) == confirmed > 0
    names = {row["name"].strip(): row for row in back}
    one = next(row for row in listed if row["image_sep"] and row["n_img"]) if "n_img" in listed[0] else listed[0]
    if one["name"].strip() in names:
        assert float(names[one["name"].strip()]["image_sep"]) == float(one["image_sep"])


@given(st.text(max_size=12))
def test_no_cell_begins_a_formula_and_none_is_changed(text):
    cell = safe(text)
    assert unsafe(cell) == text
    if cell[:1] in tuple("=+-@\t\r\n") and cell:
        assert math.isfinite(float(cell)) or "e" in cell.lower()  # a number, which is none


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ABCX"), _TEXT, st.one_of(st.none(), st.floats(0, 7))),
                min_size=1, max_size=6))
def test_a_csv_gives_back_what_was_said(tmp_path_factory, said):
    folder = tmp_path_factory.mktemp("round")
    ids = [f"sim:1:{k}" for k in range(6)]
    one, other = (make_store(folder / f"{name}.store", ids, np.arange(6.0), np.zeros(6)) for name in ("one", "other"))
    with Labels.of(one) as labels:
        labels.extend([Verdict(ids[k], f"p{n}", label, z, comment.strip(), desk="lenses")
                       for n, (k, label, comment, z) in enumerate(said)])
    export_grades(one, folder / "g.csv", each=True)
    import_grades(other, folder / "g.csv")
    want, got = ({(v.object_id, v.person, v.label, v.z, v.comment) for v in Labels.of(store).verdicts()}
                 for store in (one, other))
    assert got == want


def test_the_command_line_says_what_is_wrong(store, tmp_path, capsys):
    assert main(["grades", "export", str(store), "--out", str(tmp_path / "g.csv")]) == 1
    assert "no grades" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="known format"):
        export_grades(store, tmp_path / "g.doc")
    with pytest.raises(ConfigError, match="no layout"):
        export_grades(store, tmp_path / "g.csv", "dosi")
    with pytest.raises(StoreError, match="no campaign"):
        export_grades(store, tmp_path / "g.csv", campaign="none")
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    assert main(["grades", "import", str(store), str(tmp_path / "odd.csv")]) == 1
    assert "--format" in capsys.readouterr().err
