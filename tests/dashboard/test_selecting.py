"""Effects on the selection: sets put together, the way back and forth, slots, filters; two sessions apart."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard import actions, selecting
from dashboard.session import Session
from dashboard.state import MODES, State
from dashboard.views.filters import boxes_of, choice_of, first_columns, kept_of
from qsocore.selection import Coded, evaluate, from_json, parse

RULES = ("selection", "a", "b", "only", "filters")
TEXTS = ["z > 2", 'class == "QSO"', "snr_median < 8", "cone(180, 20, 40 deg)", "all"]


def rows(session):
    return set() if session.selected is None else set(session.selected.tolist())


def rows_of(session, text):
    return set(np.flatnonzero(evaluate(parse(text), session.table.values, session.table.n_rows)).tolist())


def everything(session):
    return tuple(getattr(session.state, name) for name in RULES)


effects = st.one_of(
    st.tuples(st.just("choose"), st.sampled_from(TEXTS), st.sampled_from(MODES)),
    st.tuples(st.just("filter_by"), st.sampled_from(TEXTS)),
    st.tuples(st.sampled_from(["keep", "empty", "select_slot"]), st.sampled_from("ab")),
    st.tuples(st.sampled_from(["clear", "invert", "swap", "draw_only_selected", "draw_all", "select_filtered"])),
)


def do(session, effect):
    name, *words = effect
    rules = [parse(word) if word in TEXTS else word for word in words]
    getattr(selecting, name)(session, *rules)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(effects, max_size=12), st.data())
def test_every_effect_can_be_taken_back_and_done_again(library, effects, data):
    """State after any undo and redo is that of a list of snapshots with a pointer."""
    session = Session(library, State(store="s"))
    actions.start(session, {})
    snapshots, at = [everything(session)], 0
    for effect in effects:
        do(session, effect)
        if everything(session) != snapshots[at]:
            snapshots[at + 1:], at = [everything(session)], at + 1
        for step in data.draw(st.lists(st.sampled_from(["undo", "redo"]), max_size=2)):
            getattr(selecting, step)(session)
            at = max(at - 1, 0) if step == "undo" else min(at + 1, len(snapshots) - 1)
            assert everything(session) == snapshots[at]


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_joins_the_new_to_the_old(session, mode):
    one, other = "z > 1.5", 'class == "QSO" & snr_median > 8'
    selecting.choose(session, parse(one))
    session.state.mode = mode
    selecting.choose(session, parse(other))
    old, new = rows_of(session, one), rows_of(session, other)
    assert rows(session) == {"replace": new, "add": old | new, "subtract": old - new, "intersect": old & new}[mode]


def test_inverting_twice_brings_the_same_back(session):
    selecting.choose(session, parse("z > 2"))
    before, n = session.state.selection, session.table.n_rows
    inside = rows(session)
    selecting.invert(session)
    assert rows(session) == set(range(n)) - inside
    selecting.invert(session)
    assert session.state.selection == before
    selecting.clear(session)
    selecting.invert(session)
    assert rows(session) == set(range(n)), "what is not selected is everything"


def test_one_drag_is_one_step_back(session):
    for k in range(20):
        selecting.filter_by(session, parse(f"z >= {1 + k / 10}"), "z 1")
    selecting.filter_by(session, parse("z >= 0.5"), "z 2")
    selecting.undo(session)
    assert json.loads(session.state.filters)["value"] == pytest.approx(2.9)
    selecting.undo(session)
    assert session.state.filters == ""
    selecting.redo(session)
    assert json.loads(session.state.filters)["value"] == pytest.approx(2.9)


def test_held_keys_lend_a_mode_and_give_it_back(session):
    session.state.mode = "intersect"
    for mode in ("add", "subtract", ""):
        selecting.hold(session, mode)
        assert session.state.mode == (mode or "intersect")
    selecting.hold(session, "")
    assert session.state.mode == "intersect"


def test_slots_are_swapped_emptied_and_selected(session):
    selecting.choose(session, parse("z > 2"))
    selecting.keep(session, "a")
    selecting.clear(session)
    selecting.swap(session)
    assert (session.state.a, from_json(session.state.b)) == ("", parse("z > 2"))
    selecting.select_slot(session, "b")
    assert rows(session) == rows_of(session, "z > 2")
    selecting.empty(session, "b")
    assert session.state.b == "" and rows(session)


def test_what_passes_the_filters_becomes_a_selection(session):
    selecting.filter_by(session, parse('1 <= z <= 2'))
    assert session.n_drawn(session.plane()) == len(rows_of(session, "1 <= z <= 2"))
    selecting.select_filtered(session)
    selecting.filter_by(session, None)
    assert session.state.filters == "" and rows(session) == rows_of(session, "1 <= z <= 2")


def test_two_sessions_share_no_step(library):
    one, other = (Session(library, State(store="s")) for _ in range(2))
    for made in (one, other):
        actions.start(made, {})
    selecting.choose(one, parse("z > 2"))
    selecting.undo(other)
    assert one.state.selection and not other.state.selection and not other.history.past


def test_first_filters_are_those_that_are_there(session):
    assert first_columns(session.table) == ["z", "mag_r", "snr_median", "chi2_pix", "class"]


LABELS = ["", *[f"kind {k}" for k in range(12)]]
kept_some = st.sets(st.sampled_from(range(10)))


@given(kept_some, st.integers(2, 13), st.booleans())
def test_ticked_boxes_are_what_the_filter_keeps(kept, n_labels, missing):
    """Ticks become a filter, the filter becomes the same ticks, and it passes exactly the ticked labels."""
    labels = LABELS[:n_labels] if missing else LABELS[1:n_labels]
    codes = np.repeat(np.arange(len(labels)), np.arange(len(labels), 0, -1)).astype(np.uint16)
    axis = Coded(codes, labels)
    boxes = boxes_of(axis, np.bincount(codes, minlength=len(labels)))
    assert sorted(code for *_, codes in boxes for code in codes) == list(range(len(labels)))
    keys = {boxes[k][0] for k in kept if k < len(boxes)}
    choice = choice_of(keys, boxes)
    assert kept_of(choice, boxes) == keys
    from dashboard.crossfilter import OPEN, rule_of

    rule = rule_of({"kind": choice}) or {"op": "all"}
    assert (choice in OPEN) == (len(keys) == len(boxes))
    passes = evaluate(rule, lambda _: axis, codes.size)
    expected = np.isin(codes, [code for key, _, some in boxes if key in keys for code in some])
    assert (passes == expected).all()
