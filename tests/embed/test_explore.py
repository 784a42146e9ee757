"""The columns that exploring adds to a run: of every object, in the store's order, exact where the store is small."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qsocore.errors import StoreError
from qsocore.explore.islands import read_islands
from qsocore.store import RunFolder
from qsocore.store.columns import from_field
from qsocore.workflow import explore as workflow
from qsocore.workflow.explore import explore

K = 30


@pytest.fixture
def embedded(make_store):
    """A store with a run whose latents are three clusters in four dimensions; its map shows the first two truly."""
    store = make_store("first", n=600)
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], 200)
    latents = (np.eye(3, 4)[kind] * 30 + rng.normal(size=(600, 4)) * [1, 1, 0.05, 0.05]).astype("f4")
    latents[11] = 200.0
    latents[7] = np.nan
    run = RunFolder(store.path / "runs" / "20270101T000000-made")
    (run.path / "projections").mkdir(parents=True)
    ids = pa.array(store.column("object_id"), pa.string())
    pq.write_table(pa.table({"object_id": ids} | {f"latent_{k}": latents[:, k] for k in range(4)}), run.latents)
    pq.write_table(pa.table({"object_id": ids, "x": latents[:, 0], "y": latents[:, 1]}), run.projection("plane"))
    return store, latents, kind


def by_hand(points, row, k):
    distance = np.linalg.norm(points - points[row], axis=1)
    distance[row] = np.inf
    order = np.argsort(np.where(np.isfinite(distance), distance, np.inf))[:k]
    return set(order), distance[order]


def test_every_object_is_held_to_the_others(embedded):
    store, latents, kind = embedded
    file = explore(store.path, "made").column_file("explore")
    table = pd.read_parquet(file)
    assert list(table.object_id) == list(store.column("object_id"))
    assert list(table.columns) == ["object_id", "anomaly", "plane_trust", "plane_island"]
    assert table.loc[7, ["anomaly", "plane_trust"]].isna().all() and table.plane_island[7] == -1
    for row in (0, 11, 250, 599):
        (near, _), (beside, _) = by_hand(latents, row, K), by_hand(latents[:, :2], row, K)
        assert table.plane_trust[row] == pytest.approx(len(near & beside) / K, abs=1e-6)
    assert table.plane_trust.median() > 0.9
    assert table.anomaly.idxmax() == 11 and abs(table.anomaly.median()) < 0.01 and table.plane_island[11] == -1
    settled = table[table.plane_island >= 0]
    assert len(settled) > 500 and settled.groupby("plane_island").apply(lambda g: set(kind[g.index])).map(len).eq(1).all()
    islands = read_islands(file, "plane")
    assert [island.n for island in islands] == settled.plane_island.value_counts().sort_index().tolist()
    for island in islands:
        assert table.plane_island[island.row] == island.number
        assert latents[island.row, :2] == pytest.approx([island.x, island.y])
    schema = pq.read_schema(file)
    assert schema.metadata[b"store"].decode() == store.manifest.fingerprint
    assert {field.name: from_field(field).role for field in schema} == {
        "object_id": "property", "anomaly": "quality", "plane_trust": "quality", "plane_island": "label"}


def test_objects_outside_the_reference_are_held_to_it(embedded, monkeypatch):
    store, latents, _ = embedded
    whole = pd.read_parquet(explore(store.path, "made").column_file("explore"))
    monkeypatch.setattr(workflow, "sample", lambda n, size=300, seed=0: np.arange(0, n, 2)[:size])
    monkeypatch.setattr(workflow, "_BLOCK", 77)
    half = pd.read_parquet(explore(store.path, "made").column_file("explore"))
    for row in (13, 14):
        reference = np.where((np.arange(600) % 2 == 0)[:, None] | (np.arange(600) == row)[:, None], latents, np.nan)
        near, beside = by_hand(reference, row, K)[0], by_hand(reference[:, :2], row, K)[0]
        assert half.plane_trust[row] == pytest.approx(len(near & beside) / K, abs=1e-6)
    assert half.anomaly.idxmax() == 11 and half.anomaly.corr(whole.anomaly, method="spearman") > 0.8
    both = (half.plane_island >= 0) & (whole.plane_island >= 0)
    assert pd.crosstab(half.plane_island[both], whole.plane_island[both]).gt(0).sum().eq(1).all()


def test_what_cannot_be_explored_says_so(embedded, make_store):
    store, _, _ = embedded
    run = store.run("made")
    table = pq.read_table(run.latents)
    pq.write_table(table.take(np.arange(600)[::-1]), run.latents)
    with pytest.raises(StoreError, match="embed the store again"):
        explore(store.path, "made")
    run.latents.unlink()
    with pytest.raises(StoreError, match="no latents yet.*qso embed"):
        explore(store.path, "made")
    assert read_islands(run.column_file("explore"), "plane") == []


def test_a_store_of_two_objects(make_store):
    store = make_store("tiny", n=2)
    run = RunFolder(store.path / "runs" / "20270101T000000-made")
    run.path.mkdir(parents=True)
    ids = pa.array(store.column("object_id"), pa.string())
    pq.write_table(pa.table({"object_id": ids, "latent_0": pa.array([0.0, 1.0])}), run.latents)
    table = pd.read_parquet(explore(store.path, "made").column_file("explore"))
    assert len(table) == 2 and list(table.columns) == ["object_id", "anomaly"]
