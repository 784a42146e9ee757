"""What follows from State, and what events do to it; two sessions share the table and nothing else."""

import numpy as np
import pytest

from dashboard import actions
from dashboard.library import Library
from dashboard.raster import View
from dashboard.session import Session
from dashboard.state import State
from dashboard.tablefile import open_table
from qsocore.store import StoreWriter

WHOLE = View(-50, 50, -50, 50, 800, 600)


def box(session, x0, x1, y0, y1):
    actions.select(session, {"type": "rect", "x0": x0, "x1": x1, "y0": y0, "y1": y1})


def brute(session, x0, x1, y0, y1):
    x, y = session.coordinates
    return np.flatnonzero((x > x0) & (x < x1) & (y > y0) & (y < y1))


def test_a_new_session_shows_the_run_and_its_first_map(session):
    assert session.state.run == "small" and session.state.projection == "pca"
    assert session.axes == ("pca_x", "pca_y") and session.n_drawn == session.table.n_rows
    x0, x1, y0, y1 = session.extent
    x, y = session.coordinates
    assert x0 < x.min() and x.max() < x1 and y0 < y.min() and y.max() < y1


def test_two_sessions_share_the_table_and_no_choice(library):
    one, other = (Session(library, State(store="s")) for _ in range(2))
    for made in (one, other):
        actions.start(made, {})
    box(one, -1, 1, -1, 1)
    actions.choose_colour(one, "z")
    actions.focus(one, 3)
    assert one.selected is not None and other.selected is None
    assert (other.state.selection, other.state.focus, other.state.colour_by) == ("", "", "density")
    assert one.table is other.table and one.state is not other.state


def test_a_box_selects_its_rows_and_draw_only_keeps_the_rest_away(session):
    box(session, -1, 2, -1.5, 1)
    expected = brute(session, -1, 2, -1.5, 1)
    assert session.selected.tolist() == expected.tolist() and 0 < expected.size < session.table.n_rows
    actions.draw_only_selected(session)
    assert session.state.selection == "" and session.n_drawn == expected.size and len(session.points) == expected.size
    box(session, -50, 0.5, -50, 50)
    assert session.selected.tolist() == [row for row in expected if session.coordinates[0][row] < 0.5]
    actions.draw_all(session)
    assert session.n_drawn == session.table.n_rows
    actions.clear_selection(session)
    assert session.selected is None


@pytest.mark.parametrize("geometry", [
    {"type": "rect", "x0": 1, "x1": 1, "y0": 0, "y1": 2}, {"type": "poly", "x": [1, 2], "y": [1, 2]},
    {"type": "poly", "x": [1, 1, 1], "y": [1, 2, 3]}, {"type": "point", "x": 1, "y": 1}])
def test_a_gesture_without_an_area_selects_nothing(session, geometry):
    actions.select(session, geometry)
    assert session.state.selection == ""


def test_a_selection_outlives_the_map_it_was_drawn_on(session):
    box(session, -1, 2, -1.5, 1)
    before = session.selected
    actions.choose_map(session, "sky")
    assert session.axes == ("ra", "dec") and np.array_equal(session.selected, before)
    actions.choose_map(session, "", "latent_0", "z")
    assert session.axes == ("latent_0", "z") and np.array_equal(session.selected, before)


def test_a_tap_focuses_the_object_under_it_by_its_id(session):
    x, y = session.coordinates
    row = int(np.argmax(x))
    actions.tap(session, float(x[row]), float(y[row]), WHOLE)
    assert session.state.focus == session.table.ids[row].as_py() and session.focus_row == row
    actions.tap(session, 40.0, 40.0, WHOLE)
    assert session.focus_row == row, "a tap beside everything changes nothing"


def test_a_tap_after_draw_only_finds_only_what_is_drawn(session):
    x, y = session.coordinates
    row = int(np.argmax(x))
    box(session, -50, float(np.median(x)), -50, 50)
    actions.draw_only_selected(session)
    actions.tap(session, float(x[row]), float(y[row]), View(-50, 50, -50, 50, 100, 100))
    assert session.focus_row in (-1, *session.drawn)


@pytest.mark.parametrize("window", [(1, 1, 0, 2), (0, 1, 3, 2), (0, float("nan"), 0, 1), (0, float("inf"), 0, 1)])
def test_what_is_no_window_is_left_alone(session, window):
    actions.zoom(session, *window)
    assert session.state.window is None
    actions.zoom(session, 0, 1, 2, 3)
    assert session.state.window == (0, 1, 2, 3)


def test_an_address_of_another_store_is_mended_and_said(library):
    made, said = Session(library, State(store="s")), []
    made.tell = lambda text, kind="info": said.append(text)
    actions.start(made, {"run": "gone", "projection": "tsne", "colour_by": "nothing", "focus": "no:such:object"})
    assert made.state.run == "small" and made.state.projection == "pca"
    assert made.state.colour_by == "density" and made.state.focus == ""
    assert len(said) == 1 and "gone" in said[0]


def test_colour_limits_come_from_the_whole_catalogue_until_the_user_sets_them(session):
    actions.choose_colour(session, "z")
    robust = session.scale
    actions.zoom(session, 0, 0.1, 0, 0.1)
    assert session.scale == robust and robust.low >= 0 and robust.high < 3.6
    session.state.limits = (1.0, 2.0)
    assert (session.scale.low, session.scale.high) == (1.0, 2.0)
    actions.choose_colour(session, "class")
    assert session.scale is None and session.state.limits is None


def test_a_store_without_runs_shows_the_sky_and_one_without_places_its_numbers(tmp_path):
    rng = np.random.default_rng(0)
    base = {"object_id": [f"a:1:{k}" for k in range(20)], "survey": ["a"] * 20}
    for name, extra, axes in (("sky", {"ra": rng.random(20), "dec": rng.random(20)}, ("ra", "dec")),
                              ("bare", {"b": rng.random(20), "c": rng.random(20)}, ("b", "c"))):
        writer = StoreWriter(tmp_path / f"{name}.store", None, {}, 1)
        writer.write_shard(0, None, None, None, base | extra)
        writer.finish()
        made = Session(Library.open(tmp_path / f"{name}.store"), State())
        actions.start(made, {})
        assert made.axes == axes and made.state.run == "" and made.n_drawn == 20


def test_a_bare_table_is_a_library_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x,y\na,1,2\nb,3,4\n")
    made = Session(Library(path, table=open_table(path)), State())
    actions.start(made, {})
    assert made.axes == ("x", "y") and made.library.runs() == []
    actions.tap(made, 3, 4, View(0, 5, 0, 5, 100, 100))
    assert made.state.focus == "b"
