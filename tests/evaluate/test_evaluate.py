"""Evaluation of real, if small, runs: the right rows, the right truth, the counts kept, and clear words where it cannot be."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qsocore.cli import main
from qsocore.config import from_dict
from qsocore.errors import ConfigError, StoreError
from qsocore.evaluate.truth import truth_of
from qsocore.store import open_store
from qsocore.store.runs import in_row_order
from qsocore.train.loop import TrainSettings
from qsocore.units import velocity
from qsocore.workflow.evaluate import Evaluation, evaluate, measure
from qsocore.workflow.judge import judge
from qsocore.workflow.train import split_store, train
from tests.judged import CLASSES
from tests.spectra import make_store  # noqa: F401 - a fixture


def test_the_run_s_own_test_split_is_taken(trained):
    judged = judge("classes", trained.path)
    own = split_store(trained.store, from_dict(TrainSettings, judged.run.config["settings"])).test
    np.testing.assert_array_equal(judged.rows, own)
    assert (judged.split, len(judged.truth)) == ("test", len(own))
    assert f"{len(own)} of 500 objects" in judged.note
    assert len(judge("classes", trained.path, "all")) == 500


def test_classes_are_measured_against_the_truth_with_raw_counts(trained):
    found = evaluate("classes", trained.path)
    judged = judge("classes", trained.path)
    counts = np.array(found.measures["classes"]["counts"])
    assert tuple(found.measures["classes"]["names"]) == CLASSES
    assert counts.sum() == len(judged)
    for k, name in enumerate(CLASSES):
        assert counts[k].sum() == (judged.truth.kind == name).sum()
        assert counts[:, k].sum() == (judged.columns["class_pred"] == name).sum()
    right = (judged.columns["class_pred"] == judged.truth.kind).mean()
    assert found.measures["classes"]["accuracy"] == pytest.approx(right)
    assert sum(found.measures["calibration"]["class_conf"]["n"]) == len(judged)
    assert found.measures["unlike"]["all"]["n"] == len(judged)
    quasars = judged.truth.quasar == 1
    called = np.isin(judged.columns["class_pred"], ["QSO", "BAL"])
    assert found.measures["called"]["quasars"] == {"n": quasars.sum(), "called": (quasars & called).sum()}
    assert found.measures["called"]["others"] == {"n": (~quasars).sum(), "called": (~quasars & called).sum()}


def test_what_is_kept_says_where_it_is_from(trained):
    found = evaluate("classes", trained.path)
    kept = json.loads((found.run.path / "evaluation.json").read_text())
    assert kept["sha256"] == trained.store.manifest.fingerprint
    assert (kept["split"], kept["n_rows"], kept["model"]) == ("test", len(judge("classes", trained.path)), "classifier")
    assert kept["command"].startswith("qso evaluate classes ")
    assert {"seed", "code_version", "created", "note", "run", "store"} <= set(kept)
    again = Evaluation.read(found.run)
    assert [table.to_text() for table in again.tables()] == [table.to_text() for table in found.tables()]


def test_redshifts_are_those_of_quasars(trained):
    found, judged = measure(judge("redshifts", trained.path)), judge("redshifts", trained.path)
    truth = judged.truth
    dv = velocity(judged.columns["z_pred"], truth.z)[truth.quasar == 1]
    assert found["redshift"]["all"]["n"] == (truth.quasar == 1).sum()
    assert found["redshift"]["all"]["beyond_6000"] == (np.abs(dv) > 6000).sum()
    assert sum(part["n"] for part in found["redshift"]["by_redshift"]) == found["redshift"]["all"]["n"]
    assert sum(part["n"] for part in found["redshift"]["by_snr"]) == found["redshift"]["all"]["n"]
    assert found["quasars"]["all"]["quasars"] == found["called"]["quasars"]["n"] == found["redshift"]["all"]["n"]
    assert found["quasars"]["low_z"]["quasars"] + found["quasars"]["high_z"]["quasars"] == found["redshift"]["all"]["n"]
    assert found["troughs"]["all"]["bal"] == ((truth.troughs == 1) & (truth.quasar == 1)).sum()
    assert {"is_qso", "z_conf"} <= set(found["calibration"])


def test_kept_predictions_of_these_rows_are_used(trained):
    judged = judge("redshifts", trained.path, "all")
    assert judged.note.endswith("predictions made for them")
    perfect = trained.store.column("true_z")
    table = pa.table({"object_id": trained.store.table(["object_id"]).column(0), "z_pred": perfect,
                      "is_qso": np.ones(500, np.float32)}).replace_schema_metadata(in_row_order(trained.store))
    file = judged.run.column_file("predictions")
    file.parent.mkdir(exist_ok=True)
    try:
        pq.write_table(table, file)
        kept = judge("redshifts", trained.path)
        assert kept.note.endswith("predictions kept in the store")
        np.testing.assert_array_equal(kept.columns["z_pred"], perfect[kept.rows])
        assert measure(kept)["redshift"]["all"]["beyond_3000"] == 0
        assert measure(kept)["quasars"]["all"]["completeness"] == 1.0
        pq.write_table(table.slice(0, 300), file)  # of fewer rows: not of this store's objects
        assert judge("redshifts", trained.path).note.endswith("predictions made for them")
    finally:
        shutil.rmtree(file.parent)


def test_latents_are_measured_by_class(trained):
    found, judged = measure(judge("latents", trained.path)), judge("latents", trained.path)
    parts = found["latents"]["by_class"]
    assert sum(part["n"] for name, part in parts.items() if name != "all") == parts["all"]["n"] == len(judged)
    assert parts["all"]["chi2_pix"]["median"] == pytest.approx(np.median(judged.columns["chi2_pix"]), rel=1e-5)
    assert all(len(ids) == 50 for ids in found["anomalies"]["top"].values())
    known = set(trained.store.table(["object_id"], judged.rows).column(0).to_pylist())
    assert all(set(ids) <= known for ids in found["anomalies"]["top"].values())


def test_the_chi2_is_that_of_embedding(trained):
    from qsocore.embed.decoder import Decoder
    from qsocore.embed.stream import encode_store

    judged = judge("latents", trained.path, "all")
    embedded = pa.concat_tables(encode_store(trained.store, Decoder(judged.run)))
    for name in ("latent_0", "chi2_pix", "mse"):
        np.testing.assert_allclose(judged.columns[name], embedded[name].to_numpy(), rtol=2e-3)


def test_another_store_is_taken_whole_and_the_run_adopted(trained, tmp_path):
    other = tmp_path / "other.store"
    shutil.copytree(trained.path, other, ignore=shutil.ignore_patterns("runs"))
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["catalog_sha256"] = "0" * 64  # another fingerprint
    (other / "manifest.json").write_text(json.dumps(manifest))
    found = evaluate(str(judge("latents", trained.path).run.path), other)
    assert found.about["split"] == "all"
    assert "not trained on this store" in found.about["note"]
    assert found.file.is_relative_to(other)


def test_the_truth_is_preferred_to_labels(tmp_path):
    from qsocore.simulate.population import Sample
    from qsocore.workflow.simulate import simulate

    store = simulate(tmp_path / "noisy.store", 60, seed=1, workers=1, mixture={"O": 0.5, "B": 0.5},
                     sample=Sample(label_noise=0.5))
    truth = truth_of(store)
    np.testing.assert_array_equal(truth.kind == "O", np.char.startswith(store.column("true_subclass").astype(str), "O"))
    labels = np.char.startswith(store.column("subclass").astype(str), "O")
    assert (labels != (truth.kind == "O")).any()
    assert not (truth.quasar == 1).any()


def test_faults_are_said_with_a_remedy(trained, make_store, tmp_path):  # noqa: F811
    with pytest.raises(ConfigError, match="no split is called 'rest'"):
        judge("classes", trained.path, "rest")
    with pytest.raises(StoreError, match="no finished run is called 'clases'"):
        judge("clases", trained.path)
    with pytest.raises(ConfigError, match="gives no redshifts"):
        judge("latents", trained.path).redshifts()
    with pytest.raises(ConfigError, match="gives no latents"):
        _ = judge("classes", trained.path).latents
    bare = shutil.copytree(trained.path, tmp_path / "bare.store")
    _without(bare, ["z", "true_z", "class", "true_class"])
    with pytest.raises(StoreError, match="no object has a redshift"):
        evaluate("redshifts", bare)
    with pytest.raises(StoreError, match="no object has a class"):
        evaluate("classes", bare)


def test_a_training_that_did_not_end_is_told(make_store):  # noqa: F811
    store = make_store(n=200)

    def stop(epoch, terms):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("pca", store.path, "begun", ["latents=2", "epochs=3"], watch=stop)
    with pytest.raises(StoreError, match="is not finished: it has no weights"):
        judge("begun", store.path)


def test_latents_without_a_model_are_told(tmp_path):
    from qsocore.workflow.simulate_catalogue import simulate_catalogue

    store = simulate_catalogue(tmp_path / "many.store", 300)
    with pytest.raises(StoreError, match="latents of no model"):
        judge(store.runs()[0].name, store.path)


def test_the_command_prints_tables_and_writes_json(trained, tmp_path, capsys):
    out = tmp_path / "measures.json"
    assert main(["evaluate", "classes", trained.path, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "macro recall" in printed and "true \\ called" in printed and "evaluation.json" in printed
    assert json.loads(out.read_text())["measures"]["classes"]["n"] == len(judge("classes", trained.path))
    assert main(["evaluate", "nobody", trained.path]) == 1
    assert "no finished run is called 'nobody'" in capsys.readouterr().err


def _without(path, names):
    """Empty some columns of a store's catalogue in place."""
    table = pq.read_table(path / "catalog.parquet")
    for name in names:
        place = table.column_names.index(name)
        table = table.set_column(place, table.schema.field(name), pa.nulls(len(table), table.schema.field(name).type))
    pq.write_table(table, path / "catalog.parquet")
    assert open_store(path).n_rows == len(table)
