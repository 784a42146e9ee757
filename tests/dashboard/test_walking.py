"""Walking meets every object of the selection once, in order, from wherever it starts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.walking import place_of


@given(st.lists(st.booleans(), min_size=1, max_size=70), st.data())
def test_the_place_is_that_of_a_walk_by_hand(member, data):
    row = data.draw(st.integers(-1, len(member) - 1))
    rows = np.flatnonzero(member)
    place = place_of(row, np.packbits(member, bitorder="little"))
    before, after = rows[rows < row], rows[rows > row]
    assert place.n == len(rows)
    assert place.k == (len(before) + 1 if row in rows else 0)
    assert place.before == (before[-1] if len(before) else -1)
    assert place.after == (after[0] if len(after) else -1)


def test_ten_million_rows_are_walked_without_listing_them():
    rows = np.array([3, 77, 9_999_999])
    bits = np.zeros(1_250_000, np.uint8)
    bits[rows // 8] |= (1 << rows % 8).astype(np.uint8)
    met, row = [], -1
    while (row := place_of(row, bits).after) >= 0:
        met.append(row)
    assert met == rows.tolist()
    assert place_of(77, bits).before == 3 and place_of(9_999_999, bits).k == 3
