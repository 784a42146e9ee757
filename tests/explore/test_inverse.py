"""From a map back to latents: exact where an object lies and within a plane; emptiness and paths where the truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.explore import inverse, path
from qsocore.explore.inverse import Linear
from qsocore.explore.neighbours import Neighbours
from qsocore.projections import PROJECTIONS

RNG = np.random.default_rng(0)
LATENTS = RNG.normal(size=(2000, 5)).astype("f4") * np.array([3, 2, 1, 0.3, 0.1], "f4")
PCA = PROJECTIONS.get("pca").fit(LATENTS)
X, Y = PROJECTIONS.get("pca").place(LATENTS, PCA).T


def latents_of(rows):
    return LATENTS[rows]


def test_where_an_object_lies_are_its_own_latents():
    for row in (3, 1500):
        place = inverse.on_map(X, Y, (X[row], Y[row]), latents_of)
        assert place.rows[0] == row and place.distances[0] == 0 and not place.empty
        assert place.latents == pytest.approx(LATENTS[row], abs=1e-4)


@given(st.floats(-4, 4), st.floats(-3, 3))
def test_the_inverse_of_principal_axes_lands_at_the_place(x, y):
    place = inverse.on_map(X, Y, (x, y), latents_of, Linear(PCA["mean"], PCA["axes"]))
    assert PROJECTIONS.get("pca").place(place.latents[None], PCA)[0] == pytest.approx([x, y], abs=1e-3)


@given(st.floats(-3, 3), st.floats(-1, 1))
def test_two_latents_are_fixed_and_the_others_come_from_beside(x, y):
    place = inverse.on_map(LATENTS[:, 1], LATENTS[:, 3], (x, y), latents_of, Linear.of_latents(1, 3, 5))
    assert place.latents[[1, 3]] == pytest.approx([x, y], abs=1e-5)
    beside = LATENTS[place.rows]
    for k in (0, 2, 4):
        assert beside[:, k].min() - 1e-5 <= place.latents[k] <= beside[:, k].max() + 1e-5


def test_nearest_on_map_is_brute_force_across_blocks(monkeypatch):
    monkeypatch.setattr(inverse, "_BLOCK", 300)
    x = X.copy()
    x[5] = np.nan
    rows, distances = inverse.nearest_on_map(x, Y, (0.5, 0.2), k=9, units=(2.0, 0.5))
    apart = np.hypot((x - 0.5) / 2, (Y - 0.2) / 0.5)
    assert rows.tolist() == np.argsort(np.where(np.isnan(apart), np.inf, apart))[:9].tolist()
    assert distances == pytest.approx(apart[rows], rel=1e-5)


def test_a_place_is_empty_far_from_all_and_hardly_ever_among_them():
    x, y = RNG.uniform(0, 1, (2, 5000)).astype("f4")
    inside = [inverse.on_map(x, y, (a, b), lambda rows: np.zeros((len(rows), 2))) for a, b in RNG.uniform(0.05, 0.95, (500, 2))]
    assert sum(place.empty for place in inside) <= 2  # one in 2,000
    spacing = 0.5 * np.sqrt(np.log(2) / (np.pi * 5000)) * 2  # median distance to the nearest of a Poisson process
    assert np.median([place.reach for place in inside]) == pytest.approx(4 * spacing, rel=0.15)
    beside = inverse.on_map(x, y, (1.5, 0.5), lambda rows: np.zeros((len(rows), 2)))
    assert beside.empty and beside.distances[0] == pytest.approx(0.5, abs=0.02)
    near = Neighbours(LATENTS)
    assert not inverse.in_latents(LATENTS[9] + 1e-3, near).empty
    away = inverse.in_latents([30, 0, 0, 0, 0], near)
    assert away.empty and 0 < away.reach < away.distances[0]


def test_spacing_is_the_distance_to_the_nearest():
    near = Neighbours(np.array([[0.0], [np.nan], [1.0], [3.0], [100.0]]))
    assert near.spacing(np.array([0, 2, 3])) == 1.0
    assert near.spacing(np.array([4])) == 97.0 and near.spacing(np.empty(0, int)) == 0.0


def test_without_latents_a_place_has_none():
    place = inverse.on_map(X, Y, (0, 0), lambda rows: np.full((len(rows), 3), np.nan))
    assert np.isnan(place.latents).all()
    nowhere = inverse.on_map(X * np.nan, Y, (0, 0), lambda rows: np.zeros((len(rows), 3)))
    assert nowhere.empty and np.isnan(nowhere.latents).all()


def test_a_path_is_straight_even_and_knows_who_is_beside_it():
    frames = path.along(LATENTS[0], LATENTS[1], 7, Neighbours(LATENTS))
    a, b = LATENTS[:2]
    assert frames.latents[[0, 3, 6]] == pytest.approx(np.stack([a, (a + b) / 2, b]), abs=1e-5)
    assert frames.rows[[0, 6]].tolist() == [0, 1] and frames.distances[[0, 6]] == pytest.approx([0, 0], abs=1e-3)
    for point, row, distance in zip(frames.latents, frames.rows, frames.distances, strict=True):
        apart = np.linalg.norm(LATENTS - point, axis=1)
        assert row == apart.argmin() and distance == pytest.approx(apart.min(), abs=1e-3)


def test_the_middle_of_a_group():
    group = np.array([[0, 0], [1, 1], [2, 0], [np.nan, 5], [90, 90]])
    assert path.middle(group) == 1 and path.middle(group[3:4]) == -1
    rows = np.arange(10_000)
    assert len(set(path.drawn(rows))) == path.MOST and path.drawn(rows[:9]).tolist() == list(range(9))
