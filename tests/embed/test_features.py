"""Features of a run: what is kept of them, and that their components are theirs."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qsocore.embed import features
from qsocore.embed.stream import read_latents
from qsocore.errors import StoreError
from qsocore.store import RunFolder


@pytest.fixture
def run(tmp_path):
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(50, 3)) * [5, 2, 1]) @ np.linalg.qr(rng.normal(size=(80, 3)))[0].T
    values = values.astype(np.float32)
    values[7] = np.nan
    ids = [f"a:b:{k}" for k in range(50)]
    tables = [pa.table({"object_id": ids[a:b]} | {f"latent_{k}": values[a:b, k] for k in range(80)}
                       | {"n_pix_good": np.arange(a, b, dtype=np.int32)}) for a, b in ((0, 20), (20, 50))]
    made = RunFolder(tmp_path)
    features.write(50, 80, tables, made, {"store": "x"})
    return made, values


def test_features_are_kept_as_they_are_and_read_instead_of_the_components(run):
    made, values = run
    ids, read = read_latents(made)
    np.testing.assert_array_equal(read, values)
    assert ids.to_pylist()[49] == "a:b:49"


def test_the_columns_are_their_principal_components(run):
    made, values = run
    table = pq.read_table(made.latents)
    assert [name for name in table.column_names if name.startswith("latent_")] == [f"latent_{k}" for k in range(16)]
    scores = np.stack([table.column(f"latent_{k}").to_numpy() for k in range(16)], axis=1)
    known = np.isfinite(values[:, 0])
    assert np.isnan(scores[7]).all() and table.column("n_pix_good").to_pylist() == list(range(50))
    spread = scores[known].std(axis=0)
    assert (np.diff(spread[:3]) < 0).all() and spread[3:].max() < 1e-4  # three dimensions are all there are
    apart = np.linalg.norm(values[known][0] - values[known][5])
    assert np.linalg.norm(scores[known][0] - scores[known][5]) == pytest.approx(apart, rel=1e-4)


def test_features_of_other_objects_are_refused(run):
    with pytest.raises(StoreError, match="49 objects"):
        features.read(run[0], 49)
