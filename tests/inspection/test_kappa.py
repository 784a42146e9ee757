"""Kappas against textbooks, against scikit-learn, and against what must hold of any grades."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from qsocore.inspection.kappa import cohen_kappa, confusion, fleiss_kappa, krippendorff_alpha
from qsocore.shares import wilson

FLEISS_1971 = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0],
               [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]  # 14 raters, 10 subjects, 5 categories
KRIPPENDORFF = ["1 2 3 3 2 1 4 1 2 * * *", "1 2 3 3 2 2 4 1 2 5 * 3", "* 3 3 3 2 3 4 2 2 5 1 *", "1 2 3 3 2 4 4 1 2 5 1 *"]

COUNTS = arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(2, 5)), elements=st.integers(0, 4))
GRADES = st.lists(st.tuples(st.sampled_from("XCBA"), st.sampled_from("XCBA")), min_size=2, max_size=30)


def same(a, b):
    """Equal, or both not known."""
    return (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, abs=1e-9)


def test_fleiss_1971():
    assert fleiss_kappa(FLEISS_1971) == pytest.approx(0.210, abs=5e-4)


def test_krippendorff_four_observers_of_twelve_units():
    units = zip(*map(str.split, KRIPPENDORFF), strict=True)
    counts = [[unit.count(label) for label in "12345"] for unit in units]
    assert krippendorff_alpha(counts, "nominal") == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(counts, "ordinal") == pytest.approx(0.815, abs=5e-4)


def test_cohen_1960_and_1968():
    assert cohen_kappa([[20, 5], [10, 15]]) == pytest.approx(0.4)
    assert cohen_kappa([[45, 15], [25, 15]]) == pytest.approx(0.1304, abs=5e-5)
    assert cohen_kappa([[25, 35], [5, 35]]) == pytest.approx(0.2593, abs=5e-5)
    assert cohen_kappa(np.diag([3, 4, 5]), "quadratic") == 1.0
    assert cohen_kappa([[0, 5], [5, 0]]) == -1.0


@settings(deadline=None)
@given(GRADES, st.sampled_from(["none", "linear", "quadratic"]))
def test_cohen_is_that_of_scikit_learn(grades, weights):
    a, b = zip(*grades, strict=True)
    ours = cohen_kappa(confusion(a, b, "XCBA"), weights)
    if len({*a, *b}) > 1:  # else it is not defined, and scikit-learn warns
        theirs = cohen_kappa_score(a, b, labels=list("XCBA"), weights=None if weights == "none" else weights)
        assert same(ours, float(theirs))
    else:
        assert math.isnan(ours)


@settings(deadline=None)
@given(COUNTS, st.randoms(use_true_random=False))
def test_neither_the_order_of_objects_nor_the_names_of_labels_matter(counts, random):
    rows, columns = list(range(counts.shape[0])), list(range(counts.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    assert same(fleiss_kappa(counts), fleiss_kappa(counts[rows][:, columns]))
    assert same(krippendorff_alpha(counts, "nominal"), krippendorff_alpha(counts[rows][:, columns], "nominal"))
    assert same(krippendorff_alpha(counts), krippendorff_alpha(counts[rows][:, ::-1]))  # an order may be read backwards


@settings(deadline=None)
@given(COUNTS)
def test_bounds(counts):
    for value in (fleiss_kappa(counts), krippendorff_alpha(counts), krippendorff_alpha(counts, "nominal")):
        assert math.isnan(value) or value <= 1 + 1e-12
    agreed = 4 * np.eye(counts.shape[1], dtype=int)[counts.argmax(axis=1)]
    if len(set(agreed.argmax(axis=1))) > 1:
        assert fleiss_kappa(agreed) == pytest.approx(1) and krippendorff_alpha(agreed) == pytest.approx(1)
    else:
        assert math.isnan(fleiss_kappa(agreed)) and math.isnan(krippendorff_alpha(agreed))


def test_grades_by_chance_agree_as_chance_does():
    rng = np.random.default_rng(3)
    counts = np.stack([np.bincount(rng.integers(0, 4, n), minlength=4) for n in rng.integers(2, 8, 20_000)])
    for value in (fleiss_kappa(counts), krippendorff_alpha(counts), krippendorff_alpha(counts, "nominal")):
        assert abs(value) < 0.01


@pytest.mark.parametrize("measure", [fleiss_kappa, krippendorff_alpha])
def test_what_cannot_be_said_is_nan(measure):
    assert math.isnan(measure(np.zeros((0, 4)))) and math.isnan(measure([[1, 0], [0, 1]])) and math.isnan(measure([[3, 0]]))
    assert math.isnan(cohen_kappa(np.zeros((2, 2))))


def test_wilson_at_the_ends():
    low, high = wilson([0, 10, 5], [10, 10, 10])
    assert low[0] == 0 and high[1] == 1
    assert high[0] == pytest.approx(1 / 11) and low[1] == pytest.approx(10 / 11)  # z^2 / (n + z^2) with z = 1
    assert (low[2], high[2]) == pytest.approx((0.5 - math.sqrt(11 / 4) / 11, 0.5 + math.sqrt(11 / 4) / 11))
