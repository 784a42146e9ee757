"""What leaves the page is opened again by other readers, and is what was selected."""

import json
import shlex

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from dashboard import exporting
from dashboard.exporting import FORMATS, command, map_figure, provenance, report_of, write_rows
from dashboard.library import Library
from dashboard.session import Session
from dashboard.state import State
from dashboard.tablefile import open_table
from qsocore.cli import main
from qsocore.errors import AtlasError
from qsocore.selection import from_json
from qsocore.store.columns import from_field

RULE = '{"column": "z", "high": 2.0, "low": 1.0, "op": "range"}'
NAMES = ["object_id", "class", "z", "mag_r", "calibrated", "z_warn", "latent_2", "pca_x"]


@pytest.fixture
def chosen(session):
    """A session with a selection, its rows, and what its table says of them."""
    session.state.selection = RULE
    rows = session.rows(session.selected_rule)
    z = session.table.numbers("z")
    assert rows.tolist() == np.flatnonzero((z >= 1) & (z <= 2)).tolist() and 20 < rows.size < 400
    return session, rows, session.table.frame(rows, NAMES)


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pandas()
    if path.suffix == ".csv":
        import pandas

        return pandas.read_csv(path)
    frame = Table.read(path, format={".fits": "fits", ".vot": "votable"}[path.suffix]).to_pandas()
    return frame.map(lambda value: value.decode() if isinstance(value, bytes) else value)


@pytest.mark.parametrize("ending", [ending for ending in FORMATS.values() if ending != ".txt"])
def test_every_format_holds_the_selected_rows(chosen, tmp_path, ending):
    session, rows, wanted = chosen
    path = tmp_path / f"out{ending}"
    assert write_rows(session, session.selected_rule, NAMES, path) == len(rows)
    found = read(path)
    assert list(found.columns) == NAMES and len(found) == len(rows)
    for name in NAMES:
        if wanted[name].dtype.kind in "fi":
            np.testing.assert_allclose(found[name].astype(float), wanted[name].astype(float), rtol=1e-6)
        else:
            assert found[name].astype(str).tolist() == wanted[name].astype(str).tolist()


def test_ids_are_one_a_line(chosen, tmp_path):
    session, rows, wanted = chosen
    assert write_rows(session, session.selected_rule, NAMES, tmp_path / "a.txt") == len(rows)
    assert (tmp_path / "a.txt").read_text().splitlines() == wanted["object_id"].tolist()


def test_files_say_where_they_come_from(chosen, tmp_path):
    session, rows, _ = chosen
    about = provenance(session, session.selected_rule, len(rows))
    assert from_json(about["rule"]) == json.loads(RULE) and about["rows"] == len(rows) and about["run"].endswith("-small")
    write_rows(session, session.selected_rule, NAMES, tmp_path / "a.parquet")
    schema = pq.read_schema(tmp_path / "a.parquet")
    told = json.loads(schema.metadata[b"qso_atlas"])
    assert {name: about[name] for name in told} == told, "the page and the command line tell the same"
    assert from_field(schema.field("latent_2")).role == "latent" and from_field(schema.field("z")).role == "redshift"
    write_rows(session, session.selected_rule, NAMES, tmp_path / "a.fits")
    history = "".join(fits.getheader(tmp_path / "a.fits", 1)["HISTORY"])
    assert about["store_fingerprint"] in history.replace("\n", "") and "where: " in history


def test_the_rule_goes_into_a_file_that_the_command_line_replays(chosen, tmp_path):
    session, _, wanted = chosen
    session.state.only = '{"op": "compare", "column": "class", "cmp": "==", "value": "QSO"}'
    (tmp_path / "rule.json").write_text(exporting.kept(session, session.selected_rule, "rule"))
    line = shlex.split(command(session, ".csv", NAMES, "rule"))
    assert main([*(str(tmp_path / word) if word.startswith("rule.") else word for word in line[1:])]) == 0
    assert read(tmp_path / "rule.csv")["object_id"].tolist() == wanted["object_id"][wanted["class"] == "QSO"].tolist()


def test_a_bare_table_is_written_by_the_same_writers(tmp_path):
    source = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"x": np.arange(5.0), "y": np.ones(5), "kind": list("aabbc")}), source)
    library = Library(source, table=open_table(source))
    session = Session(library, State(store=str(source)))
    rule = '{"op": "compare", "column": "x", "cmp": ">", "value": 2}'
    assert write_rows(session, rule, list(exporting.Rows(session.table).columns), tmp_path / "a.fits") == 2
    found = read(tmp_path / "a.fits")
    assert found["object_id"].tolist() == ["mine:row:3", "mine:row:4"] and found["kind"].tolist() == ["b", "c"]
    assert write_rows(session, rule, [], tmp_path / "a.txt") == 2
    assert (tmp_path / "a.txt").read_text() == "mine:row:3\nmine:row:4\n"
    assert command(session, ".fits", None, "selection") == "", "a bare table is no store"


def test_the_command_line_can_be_pasted(chosen):
    session, *_ = chosen
    session.library.path = type(session.library.path)("/a b/my.store")
    try:
        line = command(session, ".csv", ["object_id", "z"], "selection")
    finally:
        session.library.path = type(session.library.path)(session.state.store)
    assert line == "qso export '/a b/my.store' --selection selection.json --run small --columns object_id z --out selection.csv"


@pytest.mark.parametrize("changes", [{"colour_by": "density"}, {"colour_by": "z", "statistic": "std"},
                                     {"colour_by": "class", "hidden": ("STAR",)}, {"colour_by": "z", "scale": "rank"}])
def test_the_map_is_drawn_in_every_colouring(chosen, changes):
    session, *_ = chosen
    session.state.param.update(focus="test:one:00003", **changes)
    axes = map_figure(session).axes
    assert axes[0].get_xlabel() == "PCA x" and len(axes[0].images) == 2, "what is not selected is faint behind"
    assert len(axes) == (1 if changes["colour_by"] == "class" else 2), "a bar, but for classes"
    if changes["colour_by"] == "class":
        assert [text.get_text().split()[0] for text in axes[0].get_legend().get_texts()] == ["QSO"]


def test_a_report_of_the_selection_holds_its_first_objects(chosen):
    session, rows, wanted = chosen
    text = report_of(session, session.selected_rule, "A title")
    assert "Composite" in text and text.count("data:image/png") == 3
    assert wanted["object_id"][0] in text and f"{len(rows)} of 400" in text


def test_without_a_focus_there_is_no_spectrum_to_draw(session):
    with pytest.raises(AtlasError, match="no object is in focus"):
        exporting.figure(session, "spectrum")
    with pytest.raises(AtlasError, match="nothing is selected"):
        exporting.figure(session, "composite")
