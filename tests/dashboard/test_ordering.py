"""Pages of an order equal slices of the whole sorted list, and ranks lead back to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.ordering import RANDOM, Order, can_order, page, places, rank


@pytest.fixture
def table(library):
    return library.table("small")


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=60), st.data())
def test_places_are_a_slice_of_the_stable_sort(values, data):
    start = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(start + 1, len(values)))
    wanted = np.argsort(values, kind="stable")[start:stop]
    assert places(np.array(values), start, stop).tolist() == wanted.tolist()


@pytest.mark.parametrize("order", [Order(), Order(descending=True), Order("z"), Order("z", True), Order("class"),
                                   Order("class", True), Order("z_warn"), Order(RANDOM, seed=3)])
def test_pages_show_every_row_once_and_ranks_lead_back(table, order):
    rows = np.flatnonzero(np.arange(table.n_rows) % 3 > 0)
    pages = [page(table, rows, order, start, start + 50) for start in range(0, len(rows), 50)]
    shown = np.concatenate(pages)
    assert sorted(shown) == rows.tolist()
    assert [rank(table, rows, order, row) for row in shown[::37]] == list(range(0, len(shown), 37))
    assert rank(table, rows, order, 0) == -1
    assert page(table, rows, order, len(rows), len(rows) + 50).size == 0


def test_numbers_rise_or_fall_and_classes_go_by_name(table):
    rows = np.arange(table.n_rows)
    z = table.numbers("z")
    assert (np.diff(z[page(table, rows, Order("z"), 0, 100)]) >= 0).all()
    falling = page(table, rows, Order("z", True), 0, 100)
    assert (np.diff(z[falling]) <= 0).all() and z[falling[0]] == z.max()
    classes = table.classes("class")
    first = page(table, rows, Order("class"), 0, 10)
    assert {classes.names[code] for code in classes.codes[first]} == {"QSO"}
    last = page(table, rows, Order("class", True), 0, 10)
    assert {classes.names[code] for code in classes.codes[last]} == {"STAR"}


def test_a_seed_gives_the_same_order_to_fewer_rows(table):
    rows = np.arange(table.n_rows)
    whole = page(table, rows, Order(RANDOM, seed=1), 0, table.n_rows)
    some = rows[::2]
    assert page(table, some, Order(RANDOM, seed=1), 0, table.n_rows).tolist() == [row for row in whole if row % 2 == 0]
    assert page(table, rows, Order(RANDOM, seed=2), 0, 20).tolist() != whole[:20].tolist()
    assert abs(np.corrcoef(whole, np.arange(len(whole)))[0, 1]) < 0.2


def test_what_has_no_value_comes_last(table):
    class Gaps:
        columns = table.columns

        def is_numeric(self, _):
            return True

        def numbers(self, _):
            return np.array([2, np.nan, 1, np.nan, 3], np.float32)

    rows = np.arange(5)
    assert page(Gaps(), rows, Order("z"), 0, 5).tolist() == [2, 0, 4, 1, 3]
    assert page(Gaps(), rows, Order("z", True), 0, 5).tolist() == [4, 0, 2, 1, 3]


def test_text_of_many_values_gives_no_order(table):
    assert can_order(table, "z") and can_order(table, "class")
    assert not can_order(table, "object_id") and not can_order(table, "absent")
