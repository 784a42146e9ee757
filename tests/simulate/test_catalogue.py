"""A catalogue without spectra is that of the same survey with spectra, and its latents are what they say they are."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import ks_2samp

from qsocore.cli import main
from qsocore.errors import ConfigError, StoreError
from qsocore.grid import DEFAULT_GRID
from qsocore.projections import PROJECTIONS
from qsocore.simulate import catalogue
from qsocore.simulate import latents as made
from qsocore.simulate.block import Survey, make_block
from qsocore.simulate.relations import Relation
from qsocore.store import open_store
from qsocore.store.check import check
from qsocore.store.columns import to_numpy
from qsocore.workflow import simulate_catalogue as module
from qsocore.workflow.simulate import join_catalogs, simulate
from qsocore.workflow.simulate_catalogue import simulate_catalogue

SURVEY = Survey(3, "boss", DEFAULT_GRID)
CLASSES = ("QSO", "STAR", "GALAXY")


@pytest.fixture(scope="module")
def learned():
    return catalogue.learn(SURVEY)


@pytest.fixture(scope="module")
def drawn(learned):
    """A portion of 131,072 objects."""
    return {name: values if isinstance(values, np.ndarray) else to_numpy(values)
            for name, values in catalogue.draw(SURVEY, learned, 0).items()}


@pytest.fixture(scope="module")
def observed():
    """1,536 objects whose spectra were made and measured."""
    return join_catalogs([make_block(SURVEY, number)[1] for number in range(6)])


@pytest.fixture
def small(learned, monkeypatch):
    """Portions of 2,048 objects, and nothing learned anew."""
    for where in (catalogue, module):
        monkeypatch.setattr(where, "ROWS", 2048)
    monkeypatch.setattr(catalogue, "learn", lambda survey: learned)
    return lambda out, n=5000, **others: simulate_catalogue(out, n, 3, workers=1, **others)


@pytest.mark.parametrize("name", CLASSES)
def test_every_column_is_distributed_as_with_spectra(drawn, observed, name):
    ours, theirs = drawn["class"] == name, observed["class"] == name
    numbers = [column for column, values in observed.items() if values.dtype.kind == "f"]
    assert {"mag_g", "mag_r", "mag_i", "snr_median", "true_z", "ra"} <= set(numbers)
    for column in numbers:
        a, b = drawn[column][ours], observed[column][theirs]
        assert np.isnan(a).mean() == pytest.approx(np.isnan(b).mean(), abs=4 * np.sqrt(0.25 / b.size)), column
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        if b.size > 50:  # one in a million by chance
            assert ks_2samp(a, b).statistic < 2.7 / np.sqrt(b.size), column


def test_colours_follow_redshift_as_with_spectra(drawn, observed):
    """Quasars' g - r changes by half a magnitude with redshift, as lines and the forest cross the bands."""
    for low, high in ((0.5, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 2.5), (2.5, 3.2)):
        colour = [(part["mag_g"] - part["mag_r"])[(part["class"] == "QSO") & (part["true_z"] >= low) & (part["true_z"] < high)]
                  for part in (drawn, observed)]
        error = 1.25 * np.nanstd(colour[1]) / np.sqrt(colour[1].size)
        assert np.nanmedian(colour[0]) == pytest.approx(np.nanmedian(colour[1]), abs=4 * error + 0.01)


def test_signal_to_noise_falls_with_magnitude_as_with_spectra(drawn, observed):
    for name in CLASSES:
        slopes = []
        for part in (drawn, observed):
            used = (part["class"] == name) & (part["mag_r"] > 17) & (part["mag_r"] < 21)
            slopes.append(np.polyfit(part["mag_r"][used], np.log10(part["snr_median"][used]), 1))
        assert slopes[0][0] == pytest.approx(slopes[1][0], abs=0.03) and slopes[0][0] < -0.2
        assert np.polyval(slopes[0], 19) == pytest.approx(np.polyval(slopes[1], 19), abs=0.05)


def test_shares_and_subclasses(drawn, observed):
    for name in CLASSES:
        assert (drawn["class"] == name).mean() == pytest.approx(dict(SURVEY.mixture)[name], abs=0.006)
    kinds = {column: set(part["subclass"]) for column, part in (("drawn", drawn), ("observed", observed))}
    assert kinds["observed"] <= kinds["drawn"]
    assert (drawn["z_warn"] == 0).all() and drawn["calibrated"].all()


def test_a_relation_recovers_a_linear_law_and_its_scatter():
    rng = np.random.default_rng(0)
    x, features = rng.uniform(0, 3, 4096), rng.standard_normal((4096, 2))
    outputs = np.stack([np.sin(x) + 2 * features[:, 0], x - features[:, 1]], axis=1)
    relation = Relation.learn(x, features, outputs + 0.1 * rng.standard_normal(outputs.shape), 32)
    x, features = rng.uniform(0.1, 2.9, 20_000), rng.standard_normal((20_000, 2))
    truth = np.stack([np.sin(x) + 2 * features[:, 0], x - features[:, 1]], axis=1)
    left = relation.draw(x, features, rng) - truth
    assert np.abs(left.mean(axis=0)).max() < 0.01
    assert left.std(axis=0) == pytest.approx([0.1, 0.1], abs=0.02)


def test_the_store_has_the_columns_of_one_with_spectra(small, tmp_path):
    ours, theirs = small(tmp_path / "a.store"), simulate(tmp_path / "b.store", 256, 3, workers=1)
    assert ours.grid is None and ours.n_rows == 5000
    assert ours.columns == theirs.columns
    assert not {*ours.column("object_id")} & {*theirs.column("object_id")}  # other objects, other names
    assert check(ours.path) == []


def test_a_short_catalogue_is_the_beginning_of_a_long_one(small, tmp_path):
    long, short = small(tmp_path / "a.store"), small(tmp_path / "b.store", 3000)
    rows = np.arange(3000)
    assert short.table().equals(long.table(rows=rows))
    latents = [pq.read_table(store.run(module.RUN).latents) for store in (short, long)]
    assert latents[0].equals(latents[1].slice(0, 3000))


def test_the_run_holds_latents_and_maps_in_the_store_s_order(small, tmp_path):
    store = small(tmp_path / "a.store")
    run = store.run(module.RUN)
    assert (run.finished, run.has_model, run.projections()) == (False, False, ["pca"])
    assert "no model" in run.config["about"] and run.config["data"]["sha256"] == store.manifest.fingerprint
    table = pq.read_table(run.latents)
    assert table.column_names == ["object_id", *(f"latent_{k}" for k in range(8))]
    for file in (run.latents, run.projection("pca")):
        written = pq.read_table(file)
        assert written.schema.metadata[b"store"].decode() == store.manifest.fingerprint
        assert written["object_id"].to_pylist() == store.column("object_id").tolist()
    latents = np.stack([table[f"latent_{k}"].to_numpy() for k in range(8)], axis=1)
    assert np.isfinite(latents).all() and latents.dtype == np.float32
    places = pq.read_table(run.projection("pca"))
    own = PROJECTIONS.get("pca").fit(latents[:2048])  # by the first portion
    np.testing.assert_allclose(np.stack([places["x"], places["y"]], axis=1), PROJECTIONS.get("pca").place(latents, own),
                               atol=1e-4)


def test_an_interrupted_call_goes_on_where_it_was(small, tmp_path, monkeypatch):
    whole = small(tmp_path / "whole.store")
    out, write_shard, write_run = tmp_path / "a.store", module._write_shard, module._write_run
    drawn = []

    def stop(task):
        if len(drawn) == 2:
            raise KeyboardInterrupt
        drawn.append(task[3])
        write_shard(task)

    monkeypatch.setattr(module, "_write_shard", stop)
    with pytest.raises(KeyboardInterrupt):
        small(out)
    with pytest.raises(StoreError, match="unfinished"):
        open_store(out)
    monkeypatch.setattr(module, "_write_shard", lambda task: (drawn.append(task[3]), write_shard(task)))

    def stop_again(store, *others):
        write_run(store, *others)
        store.run(module.RUN).path.rename(store.path / "runs" / f".{module.RUN}.partial")  # as a killed call leaves it
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_write_run", stop_again)
    with pytest.raises(KeyboardInterrupt):
        small(out)
    assert drawn == [0, 1, 2] and open_store(out).runs() == []
    monkeypatch.setattr(module, "_write_run", write_run)
    store = small(out)
    assert drawn == [0, 1, 2] and store.table().equals(whole.table())
    latents = [pq.read_table(part.run(module.RUN).latents) for part in (store, whole)]
    assert latents[0].equals(latents[1])
    assert [file.name for file in (store.path / "runs").iterdir()] == [store.run(module.RUN).path.name]
    with pytest.raises(StoreError, match="exists already"):
        small(out)


def test_the_command(small, tmp_path, capsys):
    words = ["--n", "3_000", "--out", str(tmp_path / "a.store"), "--seed", "3", "--workers", "1"]
    assert main(["simulate", "--catalog-only", "--projection", "pca", *words]) == 0
    assert capsys.readouterr().out.endswith("a.store: 3,000 simulated objects\n")
    assert open_store(tmp_path / "a.store").run(module.RUN).projections() == ["pca"]
    assert main(["simulate", "--projection", "pca", "--n", "5", "--out", str(tmp_path / "b.store")]) == 1
    assert "use it with --catalog-only" in capsys.readouterr().err and not (tmp_path / "b.store").exists()


def test_another_call_does_not_go_on_with_a_store(small, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_write_run", lambda *_: None)
    small(tmp_path / "a.store")
    with pytest.raises(StoreError, match="exists already"):
        small(tmp_path / "a.store", 4000)


@pytest.mark.parametrize("n, seed", [(0, 1), (5, -1)])
def test_refusals(tmp_path, n, seed):
    with pytest.raises(ConfigError, match="one object at least"):
        simulate_catalogue(tmp_path / "a.store", n, seed)


def test_a_class_alone(small, tmp_path):
    store = small(tmp_path / "a.store", 50, mixture={"STAR": 1.0})
    assert set(store.column("class")) == {"STAR"} and "m_i" not in store.columns and "teff" in store.columns
    assert check(store.path) == []


def test_latents_are_smooth_and_scatter_with_noise(drawn):
    rows = slice(0, 4000)
    kind = np.array([CLASSES.index(name) for name in drawn["true_class"][rows]])
    catalog = {name: drawn[name][rows] for name in made.COLUMNS if name != "true_class"} | {"true_class": kind}

    def latents(**changed):
        return made.latents(catalog | changed, np.random.default_rng(1))

    base = latents()
    assert base.std(axis=0) == pytest.approx(np.ones(8), abs=0.5) and np.isfinite(base).all()
    step = [np.abs(latents(true_z=catalog["true_z"] + dz)[kind == 0] - base[kind == 0]).max() for dz in (1e-3, 2e-3)]
    assert 0 < step[0] < 0.05 and step[1] == pytest.approx(2 * step[0], rel=0.1)
    bright, faint = (latents(snr_median=np.full(4000, snr)) - latents(snr_median=np.full(4000, 1e9)) for snr in (100.0, 2.0))
    assert faint.std() > 20 * bright.std()
    z = np.where(kind == 0, catalog["true_z"], np.nan)
    away = np.abs([np.corrcoef(base[kind == 0][:, k], z[kind == 0])[0, 1] for k in range(8)])
    assert away.max() > 0.6  # redshift is what sets quasars apart
