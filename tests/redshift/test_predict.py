"""The template step behind a trained network, by the command's library call."""

import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.grid import DEFAULT_GRID
from qsocore.redshift.columns import refined
from qsocore.redshift.refine import Warn
from qsocore.simulate import quasars
from qsocore.simulate.population import Sample
from qsocore.units import velocity
from qsocore.workflow.predict import predict
from qsocore.workflow.simulate import simulate
from qsocore.workflow.train import train


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("refine") / "quasars.store"
    made = simulate(path, 256, seed=4, mixture={"QSO": 1.0}, sample=Sample("flat", (1.9, 3.2)), workers=1)
    train("redshift", path, "net", ("epochs=1", "batch=32"), publish=False)
    train("pca", path, "latent", ("epochs=1", "latents=2"), publish=False)
    return made


def test_refined_redshifts_are_written_with_the_network_s_beside(store, tmp_path):
    plain = predict(store.path, "net")
    table = predict(store.path, "net", tmp_path / "z.parquet", refine=True)
    assert set(plain.column_names) <= set(table.column_names)
    np.testing.assert_array_equal(table["z_net"].to_numpy(), plain["z_pred"].to_numpy())
    assert str(table.schema.field("z_warn_pred").type) == "int32" and str(table.schema.field("delta_chi2").type) == "float"
    assert set(table["spectype_pred"].to_pylist()) <= {"QSO", "GALAXY", "STAR", None}
    true, got = store.column("true_z"), table["z_pred"].to_numpy()
    near = np.abs(velocity(table["z_net"].to_numpy(), true)) < 3000  # a network of one epoch is right by chance
    if near.any():
        assert np.median(np.abs(velocity(got[near], true[near]))) < 1000
    sure = table["z_warn_pred"].to_numpy() & int(Warn.NO_DATA | Warn.BAD_MINFIT) == 0
    assert sure.mean() > 0.8 and np.isfinite(got[sure]).all() and (table["z_err"].to_numpy()[sure] > 0).all()


def test_a_run_with_latents_has_nothing_to_refine(store, tmp_path):
    with pytest.raises(ConfigError, match="no redshifts"):
        predict(store.path, "latent", tmp_path / "z.parquet", refine=True)


def test_a_certain_network_is_sharpened_but_not_overruled():
    """The templates fit one redshift; said with certainty of another, that one stays, with a warning and theirs second."""
    store_grid, true = DEFAULT_GRID, np.array([2.0, 2.4])
    truth = quasars.draw(2, np.random.default_rng(3), "flat", (2.0, 2.5))
    truth["true_z"][:] = true
    flux = quasars.spectra(truth, store_grid.wave, np.random.default_rng(4))
    ivar = np.full(flux.shape, 1.0, np.float32) / (0.03 * np.median(flux, axis=1, keepdims=True)) ** 2
    near = true + (1 + true) * 800 / 299_792.458
    said = {"z_pred": near, "z_err": np.full(2, 0.01), "z_2nd": np.full(2, np.nan), "z_conf": np.full(2, 0.999)}
    sharp = refined(said, flux, ivar, store_grid)
    assert (np.abs(velocity(sharp["z_pred"], true)) < 700).all()
    assert not (sharp["z_warn_pred"] & int(Warn.OVERRULED)).any()
    wrong = said | {"z_pred": true * 0 + 3.3, "z_2nd": near}
    kept, moved = refined(wrong, flux, ivar, store_grid), refined(wrong | {"z_conf": np.full(2, 0.6)}, flux, ivar, store_grid)
    assert (kept["z_pred"] == 3.3).all() and (kept["z_warn_pred"] & int(Warn.OVERRULED) > 0).all()
    assert (np.abs(velocity(kept["z_2nd"], true)) < 3000).all() and (kept["delta_chi2"] < 0).all()
    assert (np.abs(velocity(moved["z_pred"], true)) < 3000).all() and not (moved["z_warn_pred"] & int(Warn.OVERRULED)).any()
