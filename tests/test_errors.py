"""Errors say what, where and what next, and survive the way back from a worker process."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from qsocore.errors import AtlasError, ConfigError, ReadError, did_you_mean


def test_one_line():
    error = AtlasError("the file is cut off", "spec-1.fits[2]", "download it again")
    assert str(error) == "spec-1.fits[2]: the file is cut off; download it again"
    assert str(AtlasError("something")) == "something"


@given(st.text(), st.none() | st.text(), st.none() | st.text())
def test_rebuilt_whole(what, where, remedy):
    """Worker processes hand errors back through ``__reduce__``, as copying does."""
    for error in (ConfigError(what, where, remedy), ReadError("truncated", what, where, remedy)):
        back = copy.copy(error)
        assert type(back) is type(error) and back.__dict__ == error.__dict__ and str(back) == str(error)


def test_did_you_mean():
    assert did_you_mean("snr_medain", ["snr_median", "z"]) == "did you mean snr_median?"
    assert did_you_mean("qqqq", ["z", "ra"]) == "known: ra, z"
    assert did_you_mean("x", []) == "none is known"
