import numpy as np
import pytest

from qsocore import open_store
from qsocore.errors import ConfigError, StoreError
from qsocore.grid import DEFAULT_GRID, get_grid
from qsocore.records import ObjectId
from qsocore.simulate import population
from qsocore.simulate.block import BLOCK, Survey, make_block
from qsocore.workflow import simulate as workflow
from qsocore.workflow.simulate import shard_rows, simulate

COARSE = get_grid("log10:3.56:4.01:434")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("sim") / "sim.store", 2500, seed=7, grid=COARSE, workers=1)


def same(a, b, rows):
    rows = np.arange(rows)
    one, other = a.spectra(rows), b.spectra(rows)
    for name in ("flux", "ivar", "mask"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in a.columns:
        np.testing.assert_array_equal(a.column(name)[rows], b.column(name)[rows])


def test_number_of_workers_changes_nothing(store, tmp_path):
    same(store, simulate(tmp_path / "two.store", 2500, seed=7, grid=COARSE, workers=2), 2500)


def test_a_short_survey_is_the_beginning_of_a_long_one(store, tmp_path):
    same(simulate(tmp_path / "short.store", 300, seed=7, grid=COARSE, workers=1), store, 300)


def test_another_seed_is_another_survey(store, tmp_path):
    other = simulate(tmp_path / "other.store", 300, seed=8, grid=COARSE, workers=1)
    assert not set(other.column("object_id")) & set(store.column("object_id"))
    assert not np.array_equal(other.spectra(np.arange(5)).flux, store.spectra(np.arange(5)).flux)


def test_an_interrupted_survey_goes_on(store, tmp_path, monkeypatch):
    out = tmp_path / "resumed.store"
    whole = workflow.make_block

    def stop_in_the_second_shard(survey, number):
        if number * BLOCK >= shard_rows(2500):
            raise KeyboardInterrupt
        return whole(survey, number)

    monkeypatch.setattr(workflow, "make_block", stop_in_the_second_shard)
    with pytest.raises(KeyboardInterrupt):
        simulate(out, 2500, seed=7, grid=COARSE, workers=1)
    assert not out.exists()
    made = []
    monkeypatch.setattr(workflow, "make_block", lambda survey, number: made.append(number) or whole(survey, number))
    same(simulate(out, 2500, seed=7, grid=COARSE, workers=1), store, 2500)
    assert min(made) == shard_rows(2500) // BLOCK  # the first shard was whole


def test_object_ids_are_the_survey_s_and_unique(store):
    ids = store.column("object_id")
    assert len(set(ids)) == store.n_rows == 2500
    first = ObjectId.parse(ids[0])
    assert first.survey == "sim-boss"
    assert first.release.startswith("7-")
    assert first.native == "0"
    assert set(store.column("survey")) == {"sim-boss"}


def test_columns_have_units_roles_and_the_names_of_dr16q(store):
    columns = store.columns
    for name in ("true_z", "true_class", "m_i", "ebv", "bi_civ", "ai_civ", "bal_prob", "n_hi_dla", "z_dla"):
        assert columns[name].role == "truth", name
        assert columns[name].description
    assert columns["bi_civ"].unit == "km s-1"
    assert columns["n_hi_dla"].unit == "dex(cm-2)"
    assert {columns[f"mag_{band}"].role for band in "gri"} == {"magnitude"}
    assert all(column.role != "property" for column in columns.values())  # none is left undeclared


def test_mixture_is_the_demo_s(store):
    names, counts = np.unique(store.column("class").astype(str), return_counts=True)
    assert dict(zip(names, counts / 2500, strict=True)) == pytest.approx({"QSO": 0.55, "STAR": 0.25, "GALAXY": 0.20}, abs=0.03)
    assert set(population.DEMO_MIXTURE) == set(names)


def test_every_class_of_star_comes():
    survey = Survey(1, "boss", COARSE, (("STAR", 1.0),))
    seen = set(np.concatenate([make_block(survey, number)[1]["subclass"] for number in range(10)]))
    assert seen == {"O", "B", "A", "F", "G", "K", "M", "L", "WD", "C", "CV"}


def test_redshifts_scatter_as_a_pipeline_s_and_never_fail(store):
    pull = (store.column("z") - store.column("true_z")) / store.column("z_err")
    assert np.std(pull) == pytest.approx(1, abs=0.06)
    assert np.abs(pull).max() < 6
    assert (store.column("z_warn") == 0).all()


def test_truth_of_other_classes_is_missing(store):
    frame = store.frame()
    assert frame.loc[frame["class"] != "QSO", ["m_i", "bi_civ", "n_hi_dla"]].isna().all(axis=None)
    assert frame.loc[frame["class"] == "QSO", ["m_i", "ebv", "alpha_nu", "true_z"]].notna().all(axis=None)
    assert (frame["true_class"] == frame["class"]).all()


def test_spectra_are_sound(store):
    spectra = store.spectra(np.arange(2500))
    assert np.isfinite(spectra.flux).all()
    assert (spectra.ivar >= 0).all()
    assert ((spectra.ivar > 0) == (spectra.mask == 0)).all()
    snr = store.column("snr_median")
    assert np.isfinite(snr).all()
    assert 1 < np.median(snr) < 30


def test_desi_observes_too(tmp_path):
    store = simulate(tmp_path / "desi.store", 100, seed=1, instrument="desi", grid=COARSE, workers=1)
    assert store.column("object_id")[0].startswith("sim-desi:1-")


def test_block_of_the_default_grid_is_finite():
    observed, catalog = make_block(Survey(3, "boss", DEFAULT_GRID), 0)
    assert observed.flux.shape == (BLOCK, DEFAULT_GRID.n_pix)
    assert np.isfinite(observed.flux).all()
    assert all(len(values) == BLOCK for values in catalog.values())


@pytest.mark.parametrize(("settings", "message"), [
    ({"n": 0}, "one object at least"), ({"seed": -1}, "no negative seed"), ({"instrument": "bos"}, "boss"),
    ({"mixture": {"QSR": 1.0}}, "QSO"), ({"mixture": {"QSO": -1.0}}, "zero or more"), ({"mixture": {"QSO": 0.0}}, "all"),
    ({"grid": get_grid("rest-uv1500")}, "observed frame"),
])
def test_what_cannot_be_simulated_is_refused_before_anything_is_written(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        simulate(tmp_path / "no.store", **{"n": 10, "seed": 1} | settings)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_store_is_not_overwritten(store):
    with pytest.raises(StoreError, match="exists already"):
        simulate(store.path, 10, seed=1)
    assert open_store(store.path).n_rows == 2500


def test_mixture_words():
    assert population.parse_mixture(["QSO=0.6", "STAR=2"]) == {"QSO": 0.6, "STAR": 2.0}
    with pytest.raises(ConfigError, match="CLASS=WEIGHT"):
        population.parse_mixture(["QSO"])
