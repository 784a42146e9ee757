"""State is small, strict, and survives an address."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.state import PAGES, PALETTES, RULES, SCALES, STATISTICS, THEMES, State
from qsocore.selection import to_json

number = st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.6g}"))
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
rules = st.lists(st.tuples(number, number), min_size=3, max_size=30).map(
    lambda corners: to_json({"op": "polygon", "projection": "umap", "vertices": [list(corner) for corner in corners]}))
names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=9)
windows = st.none() | st.tuples(number, number, number, number)
choices = st.fixed_dictionaries({}, optional={
    "run": words, "colour_by": words, "focus": words, "palette": st.sampled_from(PALETTES), "theme": st.sampled_from(THEMES),
    "statistic": st.sampled_from(STATISTICS), "scale": st.sampled_from(SCALES), "limits": st.none() | st.tuples(number, number),
    "maps": st.lists(names | st.tuples(names, names).map(",".join), max_size=4).map(tuple),
    "windows": st.lists(windows, min_size=1, max_size=4).map(tuple), "hidden": st.lists(words, max_size=5).map(tuple),
    "page": st.sampled_from(PAGES), "tab": words, "islands": st.booleans(), "spokes": st.booleans(), "linked": st.booleans(),
    "rare": words, "drawer": st.booleans()} | dict.fromkeys(RULES, rules | st.just("")))


@given(choices)
def test_an_address_brings_every_choice_back(chosen):
    state, again = State(**chosen), State()
    address = urlencode(state.to_query())
    assert again.apply_query(dict(parse_qsl(address, keep_blank_values=True))) == []
    for name, value in chosen.items():
        given = getattr(again, name)
        assert given == value or (name == "windows" and not any(value) and not any(given)), name


def test_what_was_not_chosen_needs_no_words():
    assert State().to_query() == {} and State(windows=(None, None)).to_query() == {}
    assert State(mode="add").to_query() == {}, "a key that is held down is no choice to share"


@pytest.mark.parametrize(("name", "text"), [
    ("palette", "rainbow"), ("theme", "pink"), ("limits", "1"), ("limits", "1,x"), ("windows", "1,2,3"),
    ("windows", ";1,2,3,inf"), ("hidden", "QSO"), ("hidden", "[1]"), ("islands", "yes"), ("page", "9"), ("selection", "{}"),
    ("selection", "[" * 9999), ("only", '{"op":"eval"}')])
def test_what_an_address_cannot_mean_is_said_and_left_out(name, text):
    state = State()
    said = state.apply_query({name: text, "colour_by": "z"})
    assert len(said) == 1 and name in said[0]
    assert getattr(state, name) == State.param[name].default and state.colour_by == "z"


def test_a_mistyped_attribute_is_refused():
    state = State()
    with pytest.raises(AttributeError, match="did you mean colour_by"):
        state.color_by = "z"
    with pytest.raises(TypeError):
        State(colourby="z")


def test_state_is_small_and_holds_no_data():
    values = {name: value for name, value in State().param.values().items() if name != "name"}
    assert len(json.dumps(values)) < 800
