"""Placing very many objects looks for neighbours in cells: nearly all are found, and places are those of the full search."""

import numpy as np
import pytest

from qsocore.projections import _placing, umap
from qsocore.projections.neighbours import nearest


@pytest.fixture(scope="module")
def reference():
    """A curved sheet in eight dimensions with its two coordinates."""
    rng = np.random.default_rng(0)
    places = rng.uniform(-3, 3, (20_000, 2)).astype(np.float32)
    latents = np.tanh(places @ rng.standard_normal((2, 24))) @ rng.standard_normal((24, 8)) / 3
    return {"latents": (latents + 0.1 * rng.standard_normal(latents.shape)).astype(np.float32), "coordinates": places}


def test_nearly_all_neighbours_are_found(reference):
    known = reference["latents"]
    wanted = known[:2000] + np.float32(0.05)
    truth, _ = nearest(known, wanted, 15)
    found, distance = _placing._in_cells(known)(wanted, 15)
    assert (np.diff(distance, axis=1) >= 0).all()
    assert np.mean([np.isin(mine, theirs).mean() for mine, theirs in zip(found, truth, strict=True)]) > 0.97


def test_places_are_those_of_the_full_search(reference, monkeypatch):
    wanted = reference["latents"][:3000] + np.float32(0.02)
    exact = umap.PROJECTION.place(wanted, reference)
    monkeypatch.setattr(_placing, "_MANY", 1000)
    close = umap.PROJECTION.place(wanted, reference)
    off = np.linalg.norm(exact - close, axis=1)
    assert not np.array_equal(exact, close)  # the other way was taken
    assert np.median(off) < 1e-3 and np.quantile(off, 0.99) < 0.3
    own = umap.PROJECTION.place(reference["latents"][:1500], reference)
    np.testing.assert_array_equal(own, reference["coordinates"][:1500])
