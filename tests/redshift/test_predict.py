"""The template step behind a trained network, by the command's library call."""

import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.redshift.refine import Warn
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
