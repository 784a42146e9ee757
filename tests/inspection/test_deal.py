"""A queue is dealt once and for all: everything in it, nothing twice, repeats far enough."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.inspection.deal import deal, how_many
from qsocore.inspection.queue import APART


@settings(deadline=None)
@given(n=st.integers(0, 60), injected=st.integers(0, 8), repeats=st.integers(0, 12), seed=st.integers(0, 2**32))
def test_everything_is_in_it_once(n, injected, repeats, seed):
    ids = [f"t:r:{k}" for k in range(n)]
    items = deal("c", ids, injected, repeats, seed)
    assert items == deal("c", ids, injected, repeats, seed)
    assert [item.number for item in items] == list(range(len(items)))
    assert [item.object_id for item in items if item.what == "object"] == ids  # in the order given
    assert [item.object_id for item in items if item.what == "injected"] == [f"injected:c:{k}" for k in range(injected)]
    again = [item for item in items if item.what == "repeat"]
    assert len(again) <= repeats and max(Counter(item.of for item in again).values(), default=1) == 1
    once = [item.number for item in items if item.what != "repeat"]
    for item in again:
        assert items[item.of].object_id == item.object_id and items[item.of].what == "object"
        between = sum(item.of < number < item.number for number in once)
        assert between >= min(APART, (n + injected) // 2) >= 1
    assert n + injected < 2 or repeats == 0 or n < n + injected or again


def test_injected_ones_and_repeats_are_anywhere():
    places = Counter()
    for seed in range(300):
        items = deal("c", [f"t:r:{k}" for k in range(95)], 5, 0, seed)
        places.update(item.number // 20 for item in items if item.what == "injected")
    assert all(abs(places[part] - 300) < 75 for part in range(5))  # 1,500 in five parts of the queue, 5 sigma


@pytest.mark.parametrize(("share", "n", "count"), [(0.05, 100, 5), (0.05, 101, 6), (0.05, 3, 1), (0, 100, 0), (1, 7, 7),
                                                   (0.07, 100, 7)])
def test_shares(share, n, count):
    assert how_many(share, n) == count
