"""The two-colour diagram: every object once, tracks where the models are, limits that point the right way."""

from itertools import pairwise

import numpy as np
import pytest

from dashboard import twocolours
from dashboard.colourings import EMPTY
from dashboard.sed import observed
from dashboard.twocolours import CUTS, TO_VEGA, spot
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.simulate.bands import BANDS
from qsocore.simulate.images import dwarfs


def an_object(**magnitudes):
    """One object by its magnitudes; a band whose magnitude is a string is not detected, and that is its limit of 3 sigma."""
    flux = {band: 10 ** (0.4 * (23.9 - float(m))) for band, m in magnitudes.items()}
    seen = np.array([[not isinstance(m, str) for m in magnitudes.values()]])
    values = np.array([list(flux.values())])
    return observed(BandFluxes(("o",), tuple(flux), np.where(seen, values, 0.0), np.where(seen, values / 20, values / 3), seen))


def test_an_objects_colours_are_its_magnitudes():
    here = spot(an_object(i=23.0, z=20.5, W1=19.3, W2=19.2))
    assert (here.x, here.y, here.dx, here.dy) == pytest.approx((0.1, 2.5, 0, 0))
    assert here.x_error == pytest.approx(2.5 / np.log(10) * np.hypot(0.05, 0.05))


def test_limits_point_to_where_the_object_may_be():
    assert spot(an_object(i="24.0", z=20.5, W1=19.3, W2=19.2)).dy == 1, "fainter in i is redder"
    here = spot(an_object(i=23.0, z="22.0", W1=19.3, W2="20.0"))
    assert (here.dx, here.dy) == (-1, -1) and here.y == pytest.approx(1.0) and here.x == pytest.approx(-0.7)
    assert spot(an_object(i="24.0", z="23.0", W1=19.3, W2=19.2)) is None
    assert spot(an_object(i=23.0, z=20.5, W1=19.3)) is None


def test_the_cut_is_half_a_magnitude_in_vega():
    assert CUTS[0] + TO_VEGA == pytest.approx(0.5)


def test_tracks_are_those_of_the_models():
    tracks = {track.kind: track for track in twocolours.tracks()}
    at = {name: (x, y) for name, x, y in tracks["star"].marks}
    mean = dict(zip(pairwise(BANDS), dwarfs.colours(np.array([20.0]))[0], strict=True))
    assert at["T0"] == pytest.approx((mean["W1", "W2"], mean["i", "z"]), abs=0.02)
    marks = {name: (x, y) for name, x, y in tracks["quasar"].marks}
    assert marks["z = 5"][1] < CUTS[1] < marks["z = 6"][1] < marks["z = 6.5"][1], "the break leaves i for z"
    assert all(x > CUTS[0] for x, _ in marks.values()) and (tracks["galaxy"].x[:5] < CUTS[0]).all()


def test_every_object_with_both_colours_is_drawn(photometric):
    table = photometric.table()
    assert twocolours.lacking(table) == []
    points = twocolours.plane(table)
    seen = np.all([np.isfinite(table.numbers(f"mag_{band}")) for band in ("i", "z", "W1", "W2")], axis=0)
    assert 0 < seen.sum() < table.n_rows and points.n_placed == seen.sum()
    row = int(points.order[3])
    assert points.y[3] == pytest.approx(table.numbers("mag_i")[row] - table.numbers("mag_z")[row], abs=1e-5)
    picture = twocolours.diagram(points, 300, 200)
    assert (picture.n, picture.n_rows) == (seen.sum(), table.n_rows) and picture.levels.shape == (200, 300)
    view = picture.view
    for track in twocolours.tracks():
        assert (view.x0 < track.x).all() and (track.x < view.x1).all()
    column = int((points.x[3] - view.x0) / (view.x1 - view.x0) * 300)
    line = int((points.y[3] - view.y0) / (view.y1 - view.y0) * 200)
    assert picture.levels[line, column] != EMPTY


def test_a_catalogue_without_infrared_has_no_diagram(library):
    assert twocolours.lacking(library.table("small")) == ["i", "z", "W1", "W2"]
