"""Confidence against what makes objects hard."""

from itertools import pairwise

import numpy as np
import pytest

from qsocore.evaluate.binned import against


def test_bins_hold_equally_many_and_count_what_is_right():
    quantity = np.arange(80.0)
    right, said = (quantity < 40).astype(float), 1 - quantity / 100
    found = against(quantity, right, said, bins=4)
    assert [part["n"] for part in found] == [20] * 4
    assert [part["right"] for part in found] == [20, 20, 0, 0]
    assert found[0]["confidence"] == pytest.approx(1 - 9.5 / 100)
    assert found[0]["low"] == 0 and found[-1]["high"] == 79
    assert all(one["high"] == other["low"] for one, other in pairwise(found))


def test_what_is_not_known_is_left_out_and_one_value_is_one_bin():
    found = against([1, 1, np.nan, 1], [1, 0, 1, np.nan], [0.5, 0.7, 0.9, 0.9])
    assert found == [{"low": 1.0, "high": 1.0, "n": 2, "right": 1, "confidence": pytest.approx(0.6)}]
    assert against([], [], []) == [] and against([np.nan], [1], [1]) == []
