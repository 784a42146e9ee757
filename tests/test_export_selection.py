"""Selections replayed by export: on the catalogue and on a run, the count held against the kept one, provenance everywhere."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse as parse_votable

from qsocore.catalog import Column
from qsocore.cli import main
from qsocore.errors import AtlasError, ConfigError, StoreError
from qsocore.selection import parse, to_json
from qsocore.store import StoreWriter, open_store
from qsocore.store.columns import to_field
from qsocore.store.runs import in_row_order, new_run
from qsocore.store.selections import Kept, Selections
from qsocore.workflow.export import export, provenance_file

N = 40
IDS = np.array([f"sim:1:{i}" for i in range(N)])
Z = np.arange(N) / 10
X, Y = np.cos(np.arange(N)), np.sin(np.arange(N))
SCORE = np.where(np.arange(N) % 4 == 0, np.nan, np.arange(N) / 2)
LASSO = {"op": "polygon", "projection": "umap", "vertices": [[0, -2], [2, -2], [2, 2], [0, 2]]}
IN_LASSO = IDS[X > 0].tolist()


def _write(file, columns, fields, order, metadata):
    file.parent.mkdir(exist_ok=True)
    table = pa.table([IDS[order], *(np.asarray(values)[order] for values in columns)],
                     pa.schema([pa.field("object_id", pa.string()), *fields], metadata))
    pq.write_table(table, file)


@pytest.fixture(scope="module", params=["the store's order", "another order"])
def store(request, tmp_path_factory):
    """Forty objects; a run whose tables lie in the store's order, or in another and without two of the objects."""
    writer = StoreWriter(tmp_path_factory.mktemp("export") / "in.store", None, {"citation": "Nobody (2000)"}, 1)
    writer.write_shard(0, None, None, None, {"object_id": IDS.tolist(), "survey": ["sim"] * N, "z": Z,
                                             "class": ["QSO", "STAR", None, "QSO"] * 10})
    store = writer.finish()
    run = new_run(store.path / "runs", "demo")
    (run.path / "run.json").write_text('{"model": null, "code_version": "9.9"}')
    same = request.param == "the store's order"
    order = np.arange(N) if same else np.random.default_rng(0).permutation(N)
    metadata = in_row_order(store) if same else None
    _write(run.projection("umap"), [np.float32(X), np.float32(Y)], [("x", pa.float32()), ("y", pa.float32())], order, metadata)
    _write(run.latents, [np.float32(Y)], [("latent_0", pa.float32())], order if same else order[order != 7], metadata)
    field = to_field(Column("anomaly", "float32", "quality", "sigma", "How odd it is"))
    _write(run.column_file("explore"), [np.float32(SCORE)], [field], order, metadata)
    return store


def ids_of(file):
    """What a .txt export holds."""
    return file.read_text().split()


def test_a_lasso_is_replayed_from_a_file(store, tmp_path):
    (tmp_path / "rule.json").write_text(to_json(LASSO))
    words = ["--out", str(tmp_path / "a.txt"), "--selection", str(tmp_path / "rule.json"), "--run", "demo"]
    assert main(["export", str(store.path), *words]) == 0
    assert ids_of(tmp_path / "a.txt") == IN_LASSO


def test_a_kept_selection_is_replayed_by_its_name_its_file_and_as_it_is(store, tmp_path):
    kept = Kept("lasso", LASSO, len(IN_LASSO), store.manifest.fingerprint, "demo")
    file = Selections.of(store.path).save(kept, replace=True)
    for number, selection in enumerate(("lasso", file, kept)):
        out = tmp_path / f"{number}.txt"
        assert export(store.path, out, selection=selection) == len(IN_LASSO)
        assert ids_of(out) == IN_LASSO


@pytest.mark.parametrize("change, why", [
    ({"store": "other"}, "kept for another store"), ({"run": ""}, "kept under the run none, this is demo"),
    ({}, "made again since"),
])
def test_another_count_is_an_error_that_names_both_and_may_be_overruled(store, tmp_path, change, why):
    kept = Kept(**{"name": "lasso", "rule": LASSO, "count": 3, "store": store.manifest.fingerprint, "run": "demo"} | change)
    with pytest.raises(ConfigError, match=rf"selects {len(IN_LASSO)} objects here, and 3 when it was kept.*{why}"):
        export(store.path, tmp_path / "a.txt", selection=kept, run="demo")
    assert not list(tmp_path.iterdir())
    assert export(store.path, tmp_path / "a.txt", selection=kept, run="demo", force=True) == len(IN_LASSO)


def test_where_narrows_a_selection_whose_own_count_is_checked(store, tmp_path):
    kept = Kept("lasso", LASSO, len(IN_LASSO), store.manifest.fingerprint, "demo")
    export(store.path, tmp_path / "a.csv", ["object_id"], 'class == "QSO" & z >= 2', kept)
    truth = [i for i in IN_LASSO if int(i[6:]) >= 20 and int(i[6:]) % 4 in (0, 3)]
    assert (tmp_path / "a.csv").read_text().replace('"', "").split()[1:] == truth
    about = json.loads(provenance_file(tmp_path / "a.csv").read_text())
    rule = json.loads(about["rule"])
    assert rule == {"op": "and", "rules": [LASSO, parse('class == "QSO" & z >= 2')]} and parse(about["where"]) == rule


@pytest.mark.parametrize("where, truth", [
    ("anomaly > 10", SCORE > 10), ("anomaly is missing", np.isnan(SCORE)), ("latent_0 < -0.5", Y < -0.5),
    ("umap_x > 0.5 | z < 0.5", (X > 0.5) | (Z < 0.45)), ("class is missing", np.arange(N) % 4 == 2),
    ('object_id in ["sim:1:3", "sim:1:39", "x"]', np.isin(np.arange(N), [3, 39])),
    ('ids ["sim:1:0"]', np.arange(N) == 0), ('object_id != "sim:1:0"', np.arange(N) != 0),
])
def test_where_sees_the_run_and_every_kind_of_text(store, tmp_path, where, truth):
    export(store.path, tmp_path / "a.txt", where=where, run="demo")
    assert ids_of(tmp_path / "a.txt") == IDS[truth & ~((np.arange(N) == 7) & ("latent" in where))].tolist()


def test_columns_of_a_run_keep_their_meaning_and_gaps(store, tmp_path):
    names = ["object_id", "umap_y", "anomaly", "latent_0", "z"]
    export(store.path, tmp_path / "a.parquet", names, "z > 0.45 & z < 1.05", run="demo")
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == names
    rows = np.arange(5, 11)
    assert table["umap_y"].to_pylist() == np.float32(Y)[rows].tolist()
    np.testing.assert_array_equal(table["anomaly"].to_pandas(), np.float32(SCORE)[rows])
    gone = table["latent_0"].is_null().to_pylist()
    order_is_other = store.run("demo").latents.exists() and pq.read_metadata(store.run("demo").latents).num_rows < N
    assert gone == [bool(order_is_other and row == 7) for row in rows]
    meaning = {name: {k.decode(): v.decode() for k, v in table.schema.field(name).metadata.items()} for name in names}
    assert (meaning["anomaly"]["unit"], meaning["anomaly"]["role"]) == ("sigma", "quality")
    assert meaning["latent_0"]["role"] == "latent" and meaning["umap_y"]["role"] == "coordinate"


@pytest.mark.parametrize("text", [
    "z == 2.1", "z >= 2.1", "anomaly > 3.5", "polygon(umap; 0 -2, 2 -2, 2 2, 0 2)", "polygon(z, latent_0; 0 -1, 3 -1, 3 0.3)",
    'class != "QSO"', 'class in ["STAR", "none"] | latent_0 is missing', 'ids ["sim:1:7", "sim:1:8"]', "~(umap_x > 0)"])
def test_the_dashboard_selects_the_same_rows(store, text):
    from dashboard.library import Library
    from qsocore.selection import evaluate
    from qsocore.workflow.joined import Joined

    table, source = Library.open(store.path).table("demo"), Joined(store, store.run("demo"))
    ours, theirs = (evaluate(parse(text), part.values, N) for part in (source, table))
    np.testing.assert_array_equal(ours, theirs)
    assert ours.any()


def _said(file):
    """Provenance of an export, by key."""
    if file.suffix == ".parquet":
        return json.loads(pq.read_schema(file).metadata[b"qso_atlas"])
    if file.suffix == ".vot":
        return {info.name: info.value for info in parse_votable(file).infos}
    if file.suffix == ".fits":
        history = "".join(f"{line:72}" for line in fits.getheader(file, 1)["HISTORY"])
        return {key: history.split(f"{key}: ", 1)[1].split("  ")[0] for key in ("store_fingerprint", "run", "rule", "citation")}
    return json.loads(provenance_file(file).read_text())


@pytest.mark.parametrize("ending", ["parquet", "csv", "fits", "vot", "txt"])
def test_every_format_says_where_its_rows_come_from(store, tmp_path, ending):
    out = tmp_path / f"a.{ending}"
    export(store.path, out, ["object_id"], "z > 3", run="demo")
    about = _said(out)
    assert about["store_fingerprint"] == store.manifest.fingerprint
    assert about["run"] == store.run("demo").path.name
    assert json.loads(about["rule"]) == parse("z > 3")
    assert "Nobody (2000)" in str(about["citation"])


def test_a_rule_of_many_ids_fits_into_a_header(store, tmp_path):
    rule = {"op": "ids", "ids": [f"sim:1:{i}" for i in range(20_000)]}
    assert export(store.path, tmp_path / "a.fits", ["object_id", "z"], selection=rule) == N
    assert "characters, cut here" in "".join(fits.getheader(tmp_path / "a.fits", 1)["HISTORY"])


@pytest.mark.parametrize("selection, error, says", [
    ("nothing", StoreError, "no selection is kept as 'nothing'"), ("no/file.json", ConfigError, "no such file"),
    ({"op": "none"}, ConfigError, "no op 'none'"), ({"op": "compare", "column": "umap_x", "cmp": ">", "value": 1}, StoreError,
                                                   "no column 'umap_x'.*--run: demo"),
])
def test_refusals_write_nothing(store, tmp_path, selection, error, says):
    with pytest.raises(error, match=says):
        export(store.path, tmp_path / "a.csv", selection=selection)
    with pytest.raises(AtlasError, match="no run is called 'dmo'"):
        export(store.path, tmp_path / "a.csv", run="dmo")
    with pytest.raises(ConfigError, match="object ids and no other"):
        export(store.path, tmp_path / "a.txt", ["z"])
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_selection_is_named(store, tmp_path):
    for name, content in (("a.json", b"{"), ("b.json", b"\xff\xfe"), ("c.json", b"3")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AtlasError, match=name):
            export(store.path, tmp_path / "a.csv", selection=tmp_path / name)


def test_no_store_is_touched(store, tmp_path):
    before = sorted((file, file.stat().st_mtime_ns) for file in store.path.rglob("*"))
    export(store.path, tmp_path / "a.vot", selection=LASSO, run="demo")
    assert sorted((file, file.stat().st_mtime_ns) for file in store.path.rglob("*")) == before
    assert open_store(store.path).n_rows == N
