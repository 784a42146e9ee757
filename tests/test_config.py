"""Configurations from ``key=value`` words and from JSON, types checked."""

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.config import from_dict, from_words, to_dict
from qsocore.errors import ConfigError


@dataclass(frozen=True)
class Oven:
    """One field of each kind."""

    heat: float = 200.0
    trays: int = 2
    fan: bool = False
    name: str = "oven"
    mode: Literal["bake", "grill"] = "bake"
    steps: tuple[int, ...] = (1, 2)
    clock: int | None = None


def test_words():
    oven = from_words(Oven, ["heat=1e2", "trays=1_000", "fan=yes", "mode=grill", "steps=3, 4,5", "clock=7", "name=a=b"])
    assert oven == Oven(100.0, 1000, True, "a=b", "grill", (3, 4, 5), 7)
    assert from_words(Oven, ["clock=none"]).clock is None
    assert from_words(Oven) == Oven()


@pytest.mark.parametrize(("word", "message"), [
    ("heat", "key=value"), ("heta=3", "did you mean heat"), ("trays=2.5", "not a int"), ("fan=perhaps", "not a bool"),
    ("mode=fry", "bake, grill"), ("steps=1,x", "not a int"), ("heat=hot", "not a float"),
])
def test_refused(word, message):
    with pytest.raises(ConfigError, match=message):
        from_words(Oven, [word])


@given(st.builds(Oven, heat=st.floats(allow_nan=False), trays=st.integers(), fan=st.booleans(), name=st.text(),
                 mode=st.sampled_from(["bake", "grill"]), steps=st.lists(st.integers(), min_size=1).map(tuple),
                 clock=st.none() | st.integers()))
def test_round_trip(oven):
    assert from_dict(Oven, to_dict(oven)) == oven
