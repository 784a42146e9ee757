"""A place in the space of latents: its plane, its units, its words."""

import numpy as np
import pytest

from dashboard.space import Look, Object, Space, in_words, marks
from qsocore.explore.inverse import Place


@pytest.fixture(scope="module")
def space(library):
    return Space(library.table("small"), library.decoder("small"), library.neighbours("small"))


def test_ranges_hold_nearly_all(space):
    latents = space.table.latents()
    low, below, middle, above, high = space.ranges
    assert (low < below).all() and (below < middle).all() and (middle < above).all() and (above < high).all()
    assert ((latents >= low) & (latents <= high)).mean() > 0.99
    assert middle == pytest.approx(np.median(latents, axis=0), abs=1e-5)


def test_what_is_seen_at_an_object(space):
    look = space.look(space.of(7))
    assert look.objects[0].row == 7 and look.objects[0].distance < 1e-3 and not look.place.empty
    assert look.objects[0].object_id == "test:one:00007"
    assert np.corrcoef(look.flux, np.nan_to_num(look.observed))[0, 1] > 0.8
    assert space.of(-1) is None


def test_a_place_on_the_map_of_two_principal_axes_is_exact(space):
    axes = space.table.maps["pca"]
    place = space.at(axes, (0.3, -0.2))
    assert space.plane(axes).axes @ (place.latents - space.plane(axes).mean) == pytest.approx([0.3, -0.2], abs=1e-3)
    place = space.at(("latent_2", "latent_0"), (0.5, 0.25))
    assert place.latents[[2, 0]] == pytest.approx([0.5, 0.25], abs=1e-5)
    assert space.plane(("mag_r", "z")) is None and space.at(("ra", "dec"), (1.0, 2.0)) is None


def test_columns_of_different_kinds_are_measured_by_their_scatter(space):
    z, mag = (space.table.numbers(name) for name in ("z", "mag_r"))
    place = space.at(("z", "mag_r"), (float(z[3]), float(mag[3])))
    assert place.rows[0] == 3 and place.latents == pytest.approx(space.of(3), abs=1e-2)
    far = space.at(("z", "mag_r"), (float(z[3]), float(mag.max()) + 3 * float(np.diff(np.percentile(mag, [16, 84]))[0]) / 2))
    assert far.empty and far.distances[0] == pytest.approx(3, abs=0.8)


def test_a_path_and_the_middle_of_a_group(space):
    a, b = space.of(1), space.of(2)
    latents, objects = space.along(a, b)
    assert len(latents) == 11 and [objects[0].row, objects[-1].row] == [1, 2]
    group = space.table.latents(np.arange(9))
    sums = np.linalg.norm(group[:, None] - group, axis=2).sum(axis=1)
    assert space.middle(np.arange(9)) == pytest.approx(group[sums.argmin()]) and space.middle(np.arange(0)) is None


def test_lines_are_marked_only_where_the_nearest_agree(space):
    def look(z, star=False):
        place = Place(np.zeros(2), np.array([0]), np.array([0.0]), 1.0)
        return Look(place, np.zeros(3), np.zeros(3), [Object(0, "a", "QSO", 0.0)], z, star)

    wave = np.array([3600.0, 5000.0, 10400.0])
    assert {line.name for line, _ in marks(look(2.2), wave)} >= {"Lyα", "C III]"}
    assert all(line.kind == "absorption" or line.name.startswith("H") for line, _ in marks(look(0.0, True), wave))
    assert marks(look(np.nan), wave) == []
    redshifts = space.table.exact("z")
    quasars = np.flatnonzero(space.table.classes("class").codes == 0)
    alike = quasars[np.argsort(np.abs(redshifts[quasars] - 1.5))[:12]]
    assert space._redshift(alike)[0] == pytest.approx(1.5, abs=0.1) and not space._redshift(alike)[1]
    assert np.isnan(space._redshift(quasars[np.argsort(redshifts[quasars])[:: len(quasars) // 12]])[0])


def test_words():
    assert in_words({"class": "GALAXY", "z": 0.1}) == "GALAXY 0.10"
    assert in_words({"class": "STAR", "z": 0.0}) == "STAR" and in_words({"z": float("nan")}) == ""
