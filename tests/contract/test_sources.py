"""What holds for every source: notes, citation, settings, and requests that are safe to fetch, or a reason."""

import dataclasses
import inspect
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.archive import SOURCES, Objects, Request, Source
from qsocore.archive.address import origin
from qsocore.archive.names import safe
from qsocore.config import from_dict, to_dict
from qsocore.errors import AtlasError, ReadError

NAMES = SOURCES.names()
every_source = pytest.mark.parametrize("name", NAMES)
OFFLINE = [name for name in NAMES if not SOURCES.get(name).online]


def objects_of(**columns):
    """Objects with the given columns and whatever else a source may need."""
    n = len(next(iter(columns.values()), [0]))
    usual = {"plate": 4055, "mjd": 55359, "fiberid": np.arange(1, n + 1), "survey": "main", "program": "dark", "healpix": 10016,
             "url": [f"https://a.org/{k}.fits" for k in range(n)]}
    frame = pd.DataFrame(usual | columns, index=range(n))
    return Objects(Path("test.csv"), [f"test:r1:{k}" for k in range(n)], np.linspace(0, 359, n), np.linspace(-90, 90, n), frame)


@every_source
def test_a_source_says_what_it_is(name):
    source = SOURCES.get(name)
    assert isinstance(source, Source) and source.name == name and source.title and len(source.citation) > 10
    notes = inspect.getdoc(sys.modules[type(source).__module__])
    assert "Layout" in notes and "Citation:" in notes
    config = source.Config()
    assert dataclasses.fields(config) and from_dict(source.Config, to_dict(config)) == config
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.url = "x"
    if source.online:
        assert "url" in to_dict(config)


@pytest.mark.parametrize("name", OFFLINE)  # what asks a service is asked of a real one: tests/archive/test_sia.py
def test_requests_are_complete_and_safe(name):
    source = SOURCES.get(name)
    objects, config = objects_of(a=[1, 2, 3]), source.Config()
    source.check(objects, config)
    found = [request for row in range(3) for request in source.find(objects, row, config)]
    assert found and all(isinstance(request, Request) for request in found)
    for request in found:
        assert origin(request.url) and safe(request.file) == request.file and request.object_id in objects.ids
    assert found == [request for row in range(3) for request in source.find(objects, row, config)]


WORDS = st.one_of(st.none(), st.text(max_size=20), st.integers(-10, 10**20), st.floats())


@pytest.mark.parametrize("name", OFFLINE)
@given(values=st.lists(WORDS, min_size=7, max_size=7))
@settings(max_examples=60, deadline=None)
def test_any_row_gives_requests_or_a_reason(name, values):
    """Whatever stands in a row, no other host is gone to than the source's, and no folder is left."""
    source, columns = SOURCES.get(name), ("plate", "mjd", "fiberid", "survey", "program", "healpix", "url")
    objects = objects_of(**{column: np.array([value], object) for column, value in zip(columns, values, strict=True)})
    config = source.Config()
    try:
        requests = source.find(objects, 0, config)
    except ReadError as error:
        assert error.reason and str(error).startswith("test:r1:0")
        return
    home = {text.split("/")[2] for text in to_dict(config).values() if isinstance(text, str) and "://" in text}
    for request in requests:
        assert not home or request.url.split("/")[2] in home
        assert "/" not in safe(request.file)


@every_source
def test_an_object_without_anything_is_refused(name):
    source = SOURCES.get(name)
    nothing = Objects(Path("test.csv"), ["x"], np.array([np.nan]), np.array([np.nan]), pd.DataFrame({"a": [1]}))
    config = from_dict(source.Config, {"url": "http://127.0.0.1:1/x"}) if source.online else source.Config()
    with pytest.raises(AtlasError) as caught:
        source.check(nothing, config)
        source.find(nothing, 0, config)
    assert caught.value.remedy
