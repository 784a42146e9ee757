"""Confusion of classes by hand."""

import numpy as np
import pytest

from qsocore.evaluate.classes import PREVALENCE, Confusion

NAMES = ("QSO", "F", "L")
COUNTS = np.array([[80, 20, 0], [10, 190, 0], [0, 0, 0]])


def words(counts=COUNTS):
    pairs = [(NAMES[i], NAMES[j]) for i in range(3) for j in range(3) for _ in range(counts[i, j])]
    return zip(*pairs, strict=True)


@pytest.fixture
def found():
    return Confusion.of(*words(), NAMES)


def test_counts_are_raw(found):
    np.testing.assert_array_equal(found.counts, COUNTS)
    assert found.n == 300
    assert found.to_dict()["counts"] == COUNTS.tolist()


def test_recall_by_row_and_precision_by_column(found):
    np.testing.assert_allclose(found.recall, [0.8, 0.95, np.nan])
    np.testing.assert_allclose(found.precision, [80 / 90, 190 / 210, np.nan])
    np.testing.assert_allclose(found.by_row()[:2].sum(axis=1), 1)
    np.testing.assert_allclose(found.by_column()[:, :2].sum(axis=0), 1)


def test_macro_recall_counts_classes_alike_and_leaves_out_empty_ones(found):
    assert found.macro_recall == pytest.approx((0.8 + 0.95) / 2)
    assert found.accuracy == pytest.approx(270 / 300)


def test_precision_at_another_prevalence_is_that_of_a_survey_so_composed(found):
    np.testing.assert_allclose(found.precision_at({"QSO": 1, "F": 2}), found.precision)  # as it is here
    survey = Confusion.of(*words(COUNTS * np.array([[10], [1], [1]])), NAMES)  # ten times the quasars
    np.testing.assert_allclose(found.precision_at({"QSO": 10, "F": 2}), survey.precision)
    expected = np.average(survey.precision[:2], weights=[10, 2])
    assert found.weighted_precision({"QSO": 10, "F": 2}) == pytest.approx(expected)


def test_words_of_no_class_are_left_out():
    assert Confusion.of(["QSO", "", "X", "F"], ["QSO", "QSO", "F", ""], NAMES).n == 1


def test_nothing_is_not_a_number():
    found = Confusion.of([], [], NAMES)
    assert found.n == 0
    assert np.isnan([found.macro_recall, found.accuracy, found.weighted_precision()]).all()


def test_prevalence_is_that_of_thirteen_classes():
    assert len(PREVALENCE) == 13
    assert sum(PREVALENCE.values()) == 788_608  # 788,539 by mqc-nets, whose A stars and galaxies are not all counted
