"""What follows from State, and what events do to it; two sessions share the table and nothing else."""

import numpy as np
import pyarrow as pa
import pytest

from dashboard import actions, glyphs, rare, selecting
from dashboard.library import Library
from dashboard.raster import View
from dashboard.session import Session
from dashboard.state import SLOTS, State
from dashboard.tablefile import open_table
from qsocore.store import StoreWriter
from tests.dashboard.survey import in_memory

WHOLE = View(-50, 50, -50, 50, 800, 600)


def box(session, x0, x1, y0, y1):
    selecting.select_geometry(session, {"type": "rect", "x0": x0, "x1": x1, "y0": y0, "y1": y1}, session.axes)


def n_drawn(session):
    return session.n_drawn(session.plane())


def brute(session, x0, x1, y0, y1):
    x, y = session.coordinates
    return np.flatnonzero((x > x0) & (x < x1) & (y > y0) & (y < y1))


def test_a_new_session_shows_the_run_and_its_first_map(session):
    assert session.state.run == "small" and session.state.maps == ("pca",)
    assert session.axes == ("pca_x", "pca_y") and n_drawn(session) == session.table.n_rows
    x0, x1, y0, y1 = session.extent_of("pca")
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
    selecting.draw_only_selected(session)
    assert session.state.selection == "" and n_drawn(session) == expected.size and session.drawn.tolist() == expected.tolist()
    box(session, -50, 0.5, -50, 50)
    assert session.selected.tolist() == [row for row in expected if session.coordinates[0][row] < 0.5]
    selecting.draw_all(session)
    assert n_drawn(session) == session.table.n_rows
    selecting.clear(session)
    assert session.selected is None


@pytest.mark.parametrize("geometry", [
    {"type": "rect", "x0": 1, "x1": 1, "y0": 0, "y1": 2}, {"type": "poly", "x": [1, 2], "y": [1, 2]},
    {"type": "poly", "x": [1, 1, 1], "y": [1, 2, 3]}, {"type": "point", "x": 1, "y": 1}])
def test_a_gesture_without_an_area_selects_nothing(session, geometry):
    selecting.select_geometry(session, geometry, session.axes)
    assert session.state.selection == ""


def test_a_selection_outlives_the_map_it_was_drawn_on(session):
    box(session, -1, 2, -1.5, 1)
    before = session.selected
    actions.choose_map(session, 0, "sky")
    assert session.axes == ("ra", "dec") and np.array_equal(session.selected, before)
    actions.choose_map(session, 0, "latent_0,z")
    assert session.axes == ("latent_0", "z") and np.array_equal(session.selected, before)


def test_a_tap_focuses_the_object_under_it_by_its_id(session):
    x, y = session.coordinates
    row = int(np.argmax(x))
    actions.tap(session, 0, float(x[row]), float(y[row]), WHOLE)
    assert session.state.focus == session.table.ids[row].as_py() and session.focus_row == row
    actions.tap(session, 0, 40.0, 40.0, WHOLE)
    assert session.focus_row == row and session.probe == (0, 40.0, 40.0), "a tap beside everything asks about the place"


def test_a_tap_after_draw_only_finds_only_what_is_drawn(session):
    x, y = session.coordinates
    row = int(np.argmax(x))
    box(session, -50, float(np.median(x)), -50, 50)
    selecting.draw_only_selected(session)
    actions.tap(session, 0, float(x[row]), float(y[row]), View(-50, 50, -50, 50, 100, 100))
    assert session.focus_row in (-1, *session.drawn)


@pytest.mark.parametrize("window", [(1, 1, 0, 2), (0, 1, 3, 2), (0, float("nan"), 0, 1), (0, float("inf"), 0, 1)])
def test_what_is_no_window_is_left_alone(session, window):
    actions.zoom(session, 0, window)
    assert session.state.window(0) is None
    actions.zoom(session, 0, (0, 1, 2, 3))
    assert session.state.window(0) == (0, 1, 2, 3)
    actions.show_all(session, 0)
    assert session.state.window(0) is None


def test_an_address_of_another_store_is_mended_and_said(library):
    made, said = Session(library, State(store="s")), []
    made.tell = lambda text, kind="info": said.append(text)
    actions.start(made, {"run": "gone", "maps": "tsne;no,such", "selection": '{"op":"missing","column":"gone"}',
                         "colour_by": "nothing", "focus": "no:such:object"})
    assert made.state.run == "small" and made.state.maps == ("pca",)
    assert made.state.colour_by == "density" and made.state.focus == ""
    assert made.state.selection == "" and made.state.windows == (None,)
    assert len(said) == 2 and "no run 'gone'" in said[1] and "selection" in said[0]


def test_colour_limits_come_from_the_whole_catalogue_until_the_user_sets_them(session):
    actions.choose_colour(session, "z")
    robust = session.scale
    actions.zoom(session, 0, (0, 0.1, 0, 0.1))
    assert session.scale == robust and robust.low >= 0 and robust.high < 3.6
    session.state.limits = (1.0, 2.0)
    assert (session.scale.low, session.scale.high) == (1.0, 2.0)
    actions.choose_colour(session, "class")
    assert session.scale.n_classes == 2 and session.state.limits is None


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
        assert made.axes == axes and made.state.run == "" and n_drawn(made) == 20


def test_a_bare_table_is_a_library_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,x,y\na,1,2\nb,3,4\n")
    made = Session(Library(path, table=open_table(path)), State())
    actions.start(made, {})
    assert made.axes == ("x", "y") and made.library.runs() == []
    actions.tap(made, 0, 3, 4, View(0, 5, 0, 5, 100, 100))
    assert made.state.focus == "b"


def test_maps_come_and_go_with_their_windows(session):
    actions.zoom(session, 0, (0, 1, 0, 1))
    actions.add_map(session)
    assert session.state.maps == ("pca", "sky") and session.state.windows == ((0, 1, 0, 1), None)
    actions.zoom(session, 1, (10, 20, 0, 5))
    actions.choose_map(session, 0, "latent_0,latent_1")
    assert session.axes_of(session.state.maps[0]) == ("latent_0", "latent_1")
    assert session.state.windows == (None, (10, 20, 0, 5))
    actions.close_map(session, 0)
    assert session.state.maps == ("sky",) and session.state.windows == ((10, 20, 0, 5),)
    actions.close_map(session, 0)
    assert session.state.maps == ("sky",), "the last one stays"
    for _ in range(6):
        actions.add_map(session)
    assert len(session.state.maps) == 4


def test_linked_maps_follow_to_the_objects_in_view(session):
    session.state.maps = ("pca", "sky", "pca")
    actions.zoom(session, 0, (-1, 1, -1, 1))
    assert session.state.window(1) is None
    actions.link(session, True)
    actions.zoom(session, 0, (-1, 0.5, -1, 1))
    assert session.state.window(2) == session.state.window(0), "the same plane shows the same"
    rows = brute(session, -1, 0.5, -1, 1)
    x0, x1, y0, y1 = session.state.window(1)
    ra, dec = (session.table.numbers(name)[rows] for name in ("ra", "dec"))
    assert ((ra >= x0) & (ra <= x1) & (dec >= y0) & (dec <= y1)).mean() > 0.9


def test_a_hidden_class_is_drawn_no_more_and_its_colour_stays(session):
    actions.choose_colour(session, "class")
    names, counts = session.classes.names, session.classes.counts
    actions.hide_class(session, "STAR")
    assert n_drawn(session) == counts[names.index("QSO")] and session.classes.names == names
    actions.hide_class(session, "STAR")
    assert n_drawn(session) == session.table.n_rows
    actions.isolate_class(session, "STAR")
    assert session.state.hidden == ("QSO",) and n_drawn(session) == counts[names.index("STAR")]
    actions.isolate_class(session, "STAR")
    assert session.state.hidden == ()
    actions.hide_class(session, "STAR")
    actions.choose_colour(session, "z")
    assert session.state.hidden == () and n_drawn(session) == session.table.n_rows


def test_slots_are_a_colouring_of_their_own(session):
    box(session, -50, 0, -50, 50)
    selecting.keep(session, "a")
    box(session, -1, 50, -50, 50)
    selecting.keep(session, "b")
    actions.choose_colour(session, SLOTS)
    in_a, in_b = (session.rows(rule) for rule in (session.state.a, session.state.b))
    both = np.intersect1d(in_a, in_b)
    assert session.classes.counts.tolist()[1:] == [in_a.size - both.size, in_b.size - both.size, both.size]
    plane = session.plane()
    assert np.array_equal(session.value_by_place(plane), session.classes.codes[plane.order])
    assert session.colouring.kind == "classes" and session.scale.n_classes == 4


def test_rules_reach_the_maps_as_bits(session):
    box(session, -1, 1, -1, 1)
    plane, rows = session.plane(), session.selected
    bits = np.unpackbits(session.by_place(plane, session.state.selection), count=plane.n_placed, bitorder="little")
    assert np.array_equal(np.sort(plane.order[bits.astype(bool)]), rows)
    assert session.count(session.state.selection) == session.n_selected == rows.size
    assert session.by_place(plane, "").size == 0, "no bits stand for everything"


def test_what_is_rare_is_drawn_one_by_one_as_long_as_it_is_in_view(session):
    table, plane = session.table, session.plane()
    x, _ = session.coordinates
    box(session, -1, 50, -50, 50)
    for rule, rows in (("", np.arange(table.n_rows)), (session.state.selection, session.selected)):
        session.state.only = rule
        points = glyphs.rare_points(session, plane, WHOLE)
        worst = rows[np.argsort(-table.numbers(rare.score_column(table))[rows], kind="stable")]
        assert points["id"] == table.ids_of(worst[: rare.MOST]), "few objects are all drawn, the rarest first"
        assert np.array_equal(points["x"], x[worst]) and len(points["facts"]) == len(points["why"]) == worst.size
        assert points["facts"][0].startswith(str(table.row(int(worst[0]))["class"]))
    session.state.only = ""
    half = View(0, 50, -50, 50, 10, 10)
    assert set(glyphs.rare_points(session, plane, half)["id"]) == set(table.ids_of(np.flatnonzero(x >= 0)))


@pytest.mark.parametrize("few", [0, 10**9])
def test_the_rarest_in_view_are_found_by_rank_as_by_search(session, monkeypatch, few):
    monkeypatch.setattr(rare, "_FEW", few)
    plane, score = session.plane(), session.table.numbers("chi2_pix")
    window = (-1.0, 1.0, -1.0, 1.0)
    rows = brute(session, *window)
    wanted = rows[np.argsort(-score[rows], kind="stable")][:25]
    found = rare.rarest(plane, session.coordinates, window, score, rare.ranking(score), most=25)
    assert found.tolist() == wanted.tolist()


def test_flags_and_rare_classes_are_rare(session):
    warned = session.table.numbers("z_warn") > 0
    assert np.array_equal(np.isfinite(rare.scores(session.table, "flag")), warned)
    assert rare.scores(session.table, "") is None
    assert not np.isfinite(rare.scores(session.table, "class")).any(), "two classes, none of them rare"
    names = ["common"] * 995 + ["odd"] * 3 + ["odder"] * 2
    table = in_memory({"class": pa.array(names)}, {"class": "label"})
    assert rare.ranking(rare.scores(table, "class")).tolist() == [998, 999, 995, 996, 997]
