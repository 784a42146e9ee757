"""Neighbours in the space of latents are those of brute force, from any thread, and never the object itself."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from qsocore.explore.neighbours import Neighbours


def blobs(n, d=8, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(20, d))
    return (centres[rng.integers(0, 20, n)] + 0.5 * rng.normal(size=(n, d))).astype("f4")


def by_hand(latents, row, k):
    distance = np.linalg.norm(latents - latents[row], axis=1)
    distance[row] = np.inf
    rows = np.argsort(distance)[:k]
    return rows, distance[rows]


@pytest.mark.parametrize("with_faiss", [True, False])
def test_a_small_set_is_exact(monkeypatch, with_faiss):
    if not with_faiss:
        monkeypatch.setitem(sys.modules, "faiss", None)
    latents = blobs(500)
    near = Neighbours(latents)
    for row in (0, 17, 499):
        rows, distances = near.of(row, 12)
        wanted, apart = by_hand(latents, row, 12)
        assert rows.tolist() == wanted.tolist() and rows.dtype == np.int64
        assert distances == pytest.approx(apart, abs=1e-4)


def test_a_large_set_finds_nearly_all_from_several_threads():
    latents = blobs(120_000)
    near, asked = Neighbours(lambda: latents), range(0, 120_000, 1201)
    assert not near.ready
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(near.of, asked))
    assert near.ready
    recall, off = [], []
    for row, (rows, distances) in zip(asked, found, strict=True):
        wanted, apart = by_hand(latents, row, 12)
        recall.append(len(set(rows) & set(wanted)) / 12)
        off.append(abs(distances[0] / apart[0] - 1))
        assert row not in rows and (np.diff(distances) >= 0).all()
    assert np.mean(recall) > 0.97
    assert np.median(off) < 0.005  # half precision


def test_objects_without_latents_are_neither_found_nor_asked():
    latents = blobs(300)
    latents[[5, 299]] = np.nan
    near = Neighbours(latents)
    assert all(len(part) == 0 for part in near.of(5)) and all(len(part) == 0 for part in near.of(299))
    rows, _ = near.of(6, 500)
    assert sorted(rows) == sorted(set(range(300)) - {5, 6, 299})
    none = Neighbours(np.full((4, 3), np.nan))
    assert len(none.of(2)[0]) == 0 and none.to([0, 0, 0])[0].shape == (0,)


def test_twins_and_places():
    latents = np.zeros((30, 2), np.float32)
    latents[29] = 9
    near = Neighbours(latents)
    rows, distances = near.of(3, 12)
    assert len(rows) == 12 and 3 not in rows and not distances.any()
    rows, distances = near.to([[8.0, 9.0], [0.0, 0.1]], 1)
    assert rows[0, 0] == 29 and distances[:, 0] == pytest.approx([1.0, 0.1])
