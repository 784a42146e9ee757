"""Candidate redshifts from a network's columns."""

import numpy as np

from qsocore.redshift.candidates import LINES, candidates_from, distinct, mistaken
from qsocore.units import C_KM_S


def has(candidates, z, within=500.0):
    return (np.abs(candidates - np.asarray(z)[:, None]) * C_KM_S < within * (1 + candidates)).any(axis=1)


def test_what_the_network_says_comes_first():
    columns = {"z_pred": np.array([2.2, 0.5]), "z_2nd": np.array([1.1, np.nan]), "z_MGII": np.array([3.3, 0.9]),
               "c_MGII": np.array([0.9, 0.01])}
    got = candidates_from(columns)
    assert got[0, :3].tolist() == [2.2, 1.1, 3.3]
    assert got[1, 0] == 0.5 and not has(got[1:], [0.9])[0]  # a line without confidence is none


def test_lines_taken_for_another_are_undone():
    true = np.array([1.9, 2.6, 1.0])
    taken = (("CIV", "LYA"), ("LYA", "CIV"), ("MGII", "CIII"))
    z_pred = np.array([LINES[right] * (1 + z) / LINES[called] - 1 for z, (right, called) in zip(true, taken, strict=True)])
    assert has(candidates_from({"z_pred": z_pred}), true).all()


def test_a_line_that_is_not_seen_is_not_mistaken():
    assert np.isnan(mistaken(np.array([0.0]))[0, 0])  # C IV at redshift 0 lies in the far ultraviolet
    assert np.isfinite(mistaken(np.array([2.5]))).any()


def test_no_candidate_twice_and_none_beyond_the_range():
    got = distinct(np.array([[2.0, 2.001, np.nan, 9.0, 0.3], [np.nan, np.nan, np.nan, np.nan, 1.0]]))
    np.testing.assert_array_equal(got, [[2.0, 0.3], [1.0, np.nan]])


def test_no_redshift_gives_no_candidate():
    got = candidates_from({"z_pred": np.array([np.nan, np.nan])})
    assert got.shape == (2, 1) and np.isnan(got).all()
