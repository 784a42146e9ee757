"""Projections: neighbours stay neighbours, new points land beside theirs, a seed gives one map."""

import sys

import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.projections import PROJECTIONS
from qsocore.projections.neighbours import nearest


def clusters(n=300, seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    centres = 12 * np.eye(3, 5)
    return (centres[kind] + rng.normal(size=(n, 5))).astype("f4"), kind


@pytest.fixture(params=PROJECTIONS.names())
def projection(request):
    return PROJECTIONS.get(request.param)


def test_contract(projection):
    latents, _ = clusters()
    reference = projection.fit(latents, seed=1)
    places = projection.place(latents, reference)
    assert PROJECTIONS.get(projection.name) is projection
    assert projection.title
    assert projection.citation
    assert places.shape == (300, 2)
    assert places.dtype == np.float32
    assert np.isfinite(places).all()
    assert all(array.dtype == np.float32 for array in reference.values())
    again = projection.place(latents, projection.fit(latents, seed=1))
    assert np.array_equal(places, again)


def test_new_points_land_in_their_own_cluster(projection):
    (latents, kind), (new, new_kind) = clusters(), clusters(100, seed=1)
    reference = projection.fit(latents)
    index, _ = nearest(projection.place(latents, reference), projection.place(new, reference), 5)
    assert (kind[index] == new_kind[:, None]).mean() > 0.98


@pytest.mark.parametrize("name", ["umap", "tsne"])
def test_neighbours_are_kept(name):
    latents, kind = clusters()
    places = PROJECTIONS.get(name).fit(latents)["coordinates"]
    index, _ = nearest(places, places, 11)
    assert (kind[index[:, 1:]] == kind[:, None]).mean() > 0.98


@pytest.mark.parametrize("name", ["umap", "tsne"])
def test_too_few_are_refused(name):
    with pytest.raises(ConfigError, match="pca"):
        PROJECTIONS.get(name).fit(np.zeros((3, 4), "f4"))


def test_tsne_sees_features_by_their_leading_components():
    """Two clusters along one of 100 directions, with little scatter in the others."""
    rng = np.random.default_rng(3)
    kind = np.arange(200) % 2
    latents = 0.05 * rng.normal(size=(200, 100)).astype("f4")
    latents[:, 7] += 3.0 * kind
    places = PROJECTIONS.get("tsne").fit(latents)["coordinates"]
    index, _ = nearest(places, places, 6)
    assert (kind[index[:, 1:]] == kind[:, None]).mean() == 1.0


def test_pca_axes_are_those_of_largest_variance():
    rng = np.random.default_rng(0)
    latents = (rng.normal(size=(500, 4)) * [1, 5, 2, 0.1] + 7).astype("f4")
    reference = PROJECTIONS.get("pca").fit(latents)
    assert np.abs(reference["axes"]).argmax(axis=1).tolist() == [1, 2]
    assert PROJECTIONS.get("pca").place(latents, reference).mean(axis=0) == pytest.approx([0, 0], abs=1e-3)
    assert PROJECTIONS.get("pca").place(latents[:, :1], PROJECTIONS.get("pca").fit(latents[:, :1])).shape == (500, 2)


@pytest.mark.parametrize("with_faiss", [True, False])
def test_nearest_is_right_with_and_without_faiss(monkeypatch, with_faiss):
    if with_faiss:
        pytest.importorskip("faiss")
    else:
        monkeypatch.setitem(sys.modules, "faiss", None)
    rng = np.random.default_rng(0)
    known, points = rng.normal(size=(400, 6)).astype("f4"), rng.normal(size=(50, 6)).astype("f4")
    index, distance = nearest(known, points, 4)
    by_hand = np.linalg.norm(known[None] - points[:, None], axis=2)
    assert np.array_equal(index, by_hand.argsort(axis=1)[:, :4])
    assert distance == pytest.approx(np.sort(by_hand, axis=1)[:, :4], abs=1e-4)
    assert nearest(known[:2], points, 4)[0].shape == (50, 2)
