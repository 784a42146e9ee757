"""Predictions in a store and in files: columns with their meaning, rows in the store's order, missing values, bad input."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from qsocore.cli import main
from qsocore.errors import ConfigError, StoreError
from qsocore.grid import get_grid
from qsocore.store import find_run, open_store
from qsocore.store.check import check
from qsocore.store.columns import from_field
from qsocore.store.runs import RunFolder
from qsocore.workflow.joined import Joined
from qsocore.workflow.predict import NAME, predict
from qsocore.workflow.train import train
from tests.toy import LINES, quasars

WORDS = ["batch=16", "epochs=15", "seed=5", "device=cpu"]


@pytest.fixture
def trained(tmp_path, toy, monkeypatch):
    """A store with a finished run of a predictor."""
    monkeypatch.setenv("QSO_ATLAS_HOME", str(tmp_path / "home"))
    store = quasars(tmp_path / "q.store")
    train("toy", store.path, "toy", WORDS)
    return store


def test_columns_are_kept_in_the_store_s_order_with_their_meaning(trained):
    table = predict(trained.path, "toy", device="cpu")
    file = trained.run("toy").column_file(NAME)
    kept = pq.read_table(file)
    assert kept.schema.metadata[b"store"].decode() == trained.manifest.fingerprint
    assert kept["object_id"].to_pylist() == trained.column("object_id").tolist()
    assert kept.column_names == table.column_names and kept.column_names[:3] == ["object_id", "z_pred", "z_err"]
    types = {"z_pred": pa.float64(), "z_err": pa.float32(), "z_warn_pred": pa.int32(), "class_pred": pa.string()}
    assert {name: kept.schema.field(name).type for name in types} == types
    meant = from_field(kept.schema.field("class_pred"))
    assert (meant.role, meant.description) == ("label", "A word")
    row = kept.slice(7, 1).to_pylist()[0]  # without a good pixel
    assert row["z_pred"] is row["z_err"] is row["class_pred"] is None and row["z_warn_pred"] == 4
    known = np.isfinite(trained.column("z")) & (np.arange(trained.n_rows) != 7)
    assert np.corrcoef(kept["z_pred"].to_numpy()[known], trained.column("z")[known])[0, 1] > 0.8
    assert check(trained.path) == []
    np.testing.assert_array_equal(Joined(trained, trained.run("toy")).values("z_pred"), kept["z_pred"].to_numpy())


def test_a_file_has_the_names_of_the_outside(trained, tmp_path):
    for ending in ("parquet", "csv", "fits"):
        predict(trained.path, "toy", tmp_path / f"p.{ending}", device="cpu")
    names = pq.read_schema(tmp_path / "p.parquet").names
    assert "bal_prob" in names and "bal_prob_pred" not in names
    assert names == (tmp_path / "p.csv").read_text().splitlines()[0].replace('"', "").split(",") == \
        Table.read(tmp_path / "p.fits").colnames
    assert "bal_prob_pred" in pq.read_schema(trained.run("toy").column_file(NAME)).names


def test_another_store_adopts_the_run(trained, tmp_path, capsys):
    """On another grid: the spectra are resampled, and the user is told."""
    other = quasars(tmp_path / "other.store", 60, get_grid("log10:3.59:3.91:150"))
    assert main(["predict", str(other.path), "--run", "toy"]) == 0
    assert "resampled from log10:3.59:3.91:150 to toy" in capsys.readouterr().err
    kept = pq.read_table(other.run("toy").column_file(NAME))
    known = np.isfinite(other.column("z")) & (np.arange(60) != 7)
    assert np.corrcoef(kept["z_pred"].to_numpy()[known], other.column("z")[known])[0, 1] > 0.8
    assert main(["predict", str(trained.path), "--run", "toy"]) == 0
    assert "resampled" not in capsys.readouterr().err


@pytest.mark.parametrize(("grid", "message"), [("log10:4.2:4.3:50", "covers"), ("log10:3.6:3.9:64:rest", "rest frame")])
def test_a_grid_that_cannot_be_reached_is_refused(trained, tmp_path, grid, message):
    other = quasars(tmp_path / "other.store", 20, get_grid(grid))
    with pytest.raises(ConfigError, match=message):
        predict(other.path, "toy", tmp_path / "p.parquet", device="cpu")
    assert not (tmp_path / "p.parquet").exists() and not other.runs()


# ---- ZBEST


def test_zbest_has_quasarnet_s_and_redrock_s_columns(trained, tmp_path):
    table = predict(trained.path, "toy", tmp_path / "z.fits", device="cpu", layout="zbest")
    with fits.open(tmp_path / "z.fits") as hdus:
        hdus.verify("exception")
        data, header = hdus["ZBEST"].data, hdus["ZBEST"].header
        formats = dict(zip(hdus["ZBEST"].columns.names, hdus["ZBEST"].columns.formats, strict=True))
        rows = {name: np.array(data[name]) for name in formats}
    expected = {"TARGETID": "K", "RA": "D", "DEC": "D", "ZBEST": "D", "ZERR": "D", "ZWARN": "K", "SPECTYPE": "6A",
                "IS_QSO": "K", "C_LINES": "6E", "Z_LINES": "6D", "C_LINES_BAL": "1E"}
    assert expected.items() <= formats.items() and "PLATE" not in formats
    assert rows["TARGETID"].tolist() == list(range(4000, 4200))
    np.testing.assert_array_equal(rows["ZBEST"], table["z_pred"].to_numpy())
    for k, line in enumerate(LINES):
        np.testing.assert_array_equal(rows["Z_LINES"][:, k], table[f"z_{line}"].to_numpy())
        assert header.comments[f"LINE_{k}"] == line
    known = np.isfinite(rows["ZBEST"])
    assert not known[7] and rows["ZWARN"][7] == 4 and rows["SPECTYPE"][7] == "" and rows["IS_QSO"][7] == 0
    assert set(rows["SPECTYPE"][known]) == {"QSO", "GALAXY"}
    np.testing.assert_array_equal(rows["IS_QSO"][known] == 1, rows["ZBEST"][known] > 1)
    np.testing.assert_allclose(rows["RA"], trained.column("ra"))


def test_zbest_names_spectra_as_sdss_does(trained, tmp_path):
    ids = [f"sdss:v5:{7000 + k}-57518-{k}" for k in range(30)]
    ids[3] = "desi:x:39633345008634465"
    other = quasars(tmp_path / "s.store", 30, object_id=ids, thing_id=np.arange(500, 530))
    predict(other.path, "toy", tmp_path / "z.fits", device="cpu", layout="zbest")
    table = Table.read(tmp_path / "z.fits")
    assert [table[name][5] for name in ("PLATE", "MJD", "FIBERID", "THING_ID", "TARGETID")] == [7005, 57518, 5, 505, 505]
    assert table["PLATE"][3] == -1 and table["OBJECT_ID"][3].strip() == ids[3]


def test_zbest_needs_redshifts_and_a_fits_file(trained, tmp_path, make_store):
    for out in (None, tmp_path / "z.csv"):
        with pytest.raises(ConfigError, match="--out FILE.fits"):
            predict(trained.path, "toy", out, layout="zbest")
    with pytest.raises(ConfigError, match="layout 'sbest'"):
        predict(trained.path, "toy", tmp_path / "z.fits", layout="sbest")
    store = make_store()
    train("pca", store.path, "latents", ["latents=2", "epochs=1"])
    with pytest.raises(ConfigError, match="latents and no redshifts"):
        predict(store.path, "latents", tmp_path / "z.fits", layout="zbest")
    assert not list(tmp_path.glob("z.*"))


# ---- bad input


def test_a_predictor_gives_no_latents_and_latents_are_no_columns(trained, make_store, capsys):
    assert main(["embed", str(trained.path), "--run", "toy"]) == 1
    assert "it predicts columns; qso predict writes" in capsys.readouterr().err
    store = make_store()
    train("pca", store.path, "latents", ["latents=2", "epochs=1"])
    assert main(["predict", str(store.path), "--run", "latents"]) == 1
    assert "say --out FILE, or keep them in the store: qso embed" in capsys.readouterr().err
    assert not store.run("latents").columns()


def test_a_run_without_weights_says_how_to_go_on(trained, capsys):
    run = trained.run("toy")
    library = find_run("toy")
    for folder in (run, library):
        folder.weights.unlink()
    assert main(["predict", str(trained.path), "--run", "toy"]) == 1
    error = capsys.readouterr().err
    assert "'toy' is not finished: it has no weights" in error and "qso train toy STORE --run toy" in error


@pytest.mark.parametrize("damage", ["cut", "noise", "shape", "missing", "config", "grid"])
def test_a_damaged_run_says_so(trained, damage, tmp_path):
    from safetensors.torch import load_file, save_file

    run = trained.run("toy")
    content, state = run.weights.read_bytes(), load_file(run.weights)
    if damage == "cut":
        run.weights.write_bytes(content[: len(content) // 2])
    elif damage == "noise":
        run.weights.write_bytes(b"\xff" * 1000)
    elif damage == "shape":
        save_file({name: value[..., :1].contiguous() if value.ndim else value for name, value in state.items()}, run.weights)
    elif damage == "missing":
        save_file({name: value for name, value in state.items() if name != "net.0.weight"}, run.weights)
    else:
        config = dict(run.config)
        config.pop(damage) if damage == "config" else config["grid"].update(n_pix=63)
        (run.path / "run.json").write_text(json.dumps(config))
    says = r"(?s)cannot be loaded .*train it again|does not fit its numbers"
    with pytest.raises((StoreError, ConfigError), match=says) as caught:
        predict(trained.path, str(run.path), tmp_path / "p.parquet", device="cpu")
    assert str(run.path.parent) in str(caught.value) or "grid" in str(caught.value)
    assert not (tmp_path / "p.parquet").exists()


def test_a_model_that_is_not_there_is_named(trained, tmp_path):
    run = trained.run("toy")
    (run.path / "run.json").write_text(json.dumps(run.config | {"model": "tooy"}))
    with pytest.raises(ConfigError, match="no model is called 'tooy'; did you mean toy"):
        predict(trained.path, str(run.path), device="cpu")


def test_a_class_that_the_model_does_not_know_is_refused(tmp_path):
    store = quasars(tmp_path / "q.store")
    with pytest.raises(ConfigError, match="QSOO"):
        train("classifier", store.path, "run", ["classes=QSO,QSOO", "epochs=1"])
    assert not store.runs()


def test_weights_as_halves_are_read(trained):
    """What is shipped with the package is rounded; buffers keep their types."""
    from qsocore.models.load import Loaded
    from qsocore.train.checkpoint import write_tensors
    from qsocore.workflow.defaults import halved

    run = trained.run("toy")
    whole = predict(trained.path, str(run.path), device="cpu")["z_pred"].to_numpy()
    state = halved(Loaded(run).model)
    assert {str(value.dtype) for name, value in state.items() if name.startswith("net")} == {"torch.float16"}
    assert state["rounds"].dtype.is_floating_point is False and str(state["scatter"].dtype) == "torch.float32"
    write_tensors(run.weights, state)
    rounded = predict(trained.path, str(RunFolder(run.path).path), device="cpu")["z_pred"].to_numpy()
    np.testing.assert_allclose(rounded, whole, atol=0.01)
    assert not np.array_equal(rounded, whole)
    assert open_store(trained.path).run("toy").columns() == [NAME]


def test_a_store_on_another_grid_is_embedded_with_a_note(tmp_path, make_store, capsys, monkeypatch):
    monkeypatch.setenv("QSO_ATLAS_HOME", str(tmp_path / "home"))
    train("pca", make_store().path, "latents", ["latents=2", "epochs=1"])
    other = quasars(tmp_path / "other.store", 40, get_grid("linear:4000:7780:90"))
    assert main(["embed", str(other.path), "--run", "latents", "--projection", "pca"]) == 0
    assert "resampled from linear:4000:7780:90 to small" in capsys.readouterr().err


def test_evaluating_without_truth_says_what_is_missing(trained, tmp_path, capsys):
    bare = quasars(tmp_path / "bare.store", 40, z=None, **{"class": None})
    assert main(["evaluate", "toy", str(bare.path)]) == 1
    error = capsys.readouterr().err
    assert "bare.store" in error and "redshift" in error and "defect" not in error
