"""What holds for every survey: notes, citation, cheap and harmless recognition, honest spectra."""

import inspect
import sys
from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qsocore.catalog import STANDARD_BY_NAME
from qsocore.errors import ConfigError, ReadError
from qsocore.records import ImageCube, Spectrum
from qsocore.surveys import SURVEYS, Survey, read_file, recognise
from qsocore.surveys.probe import Probe

NAMES = SURVEYS.names()
every_survey = pytest.mark.parametrize("name", NAMES)
CLASSES = ("QSO", "GALAXY", "STAR", "")
NOT_AT_HAND = {"mqc-nets", "quasarnet", "weiss-hui",  # no file of theirs is among the real ones; their tests write them
               "frames", "catalogue"}  # read at positions, and as a whole


@cache
def read_all(root):
    """Every file under the folder of real data: its path and what came of it."""
    found = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        try:
            with Probe(path) as probe:
                survey = recognise(probe).name
            found[path] = survey, list(read_file(path))
        except ReadError as error:
            found[path] = None, error
    return found


@every_survey
def test_a_survey_says_what_it_is(name):
    survey = SURVEYS.get(name)
    assert isinstance(survey, Survey) and survey.name == name and survey.title and len(survey.citation) > 10
    notes = inspect.getdoc(sys.modules[type(survey).__module__])
    assert "Product notes" in notes and "Citation:" in notes
    for method in ("identify", "read"):
        assert getattr(type(survey), method).__doc__


@every_survey
def test_links_of_an_unknown_row_are_none_and_of_any_row_are_urls(name):
    survey = SURVEYS.get(name)
    assert survey.links({}) == {}
    for release in ("dr5", "fuji", "v5_13_0", "unknown"):
        row = {"native_id": "266-51602-13", "release": release, "ra": 10.0, "dec": -1.0}
        assert all(url.startswith(("https://", "http://")) and label for label, url in survey.links(row).items())


@pytest.mark.parametrize("data", [b"", b"\0" * 5000, b"SIMPLE  =                    T" + b" " * 50, b"ra,dec\n1,2\n",
                                  b"\x1f\x8b", b"PK\x03\x04junk", b"SIMPLE  =" + b"\xff" * 6000,
                                  b"SIMPLE  =" + b"END".rjust(80) * 40])
def test_foreign_bytes_are_no_survey_s(tmp_path, data):
    path = tmp_path / "foreign.fits"
    path.write_bytes(data)
    try:
        probe = Probe(path)
    except ReadError:
        return
    assert not any(SURVEYS.get(name).identify(probe) for name in NAMES)
    with pytest.raises(ReadError) as error:
        recognise(probe)
    assert error.value.reason and error.value.remedy


def card(key, value) -> bytes:
    return f"{key:8}= {value!s:>20}"[:80].ljust(80).encode("latin-1", "replace")


KEYS = st.sampled_from(["NAXIS", "NAXIS1", "NAXIS2", "BITPIX", "TFIELDS", "TTYPE1", "EXTNAME", "CTYPE1", "CRVAL1", "CD1_1",
                        "COEFF0", "PLATEID", "TELESCOP", "INSTRUME", "TARGET", "XTENSION", "DC-FLAG", "WAT2_001", "Z_HELIO"])
VALUES = st.one_of(st.integers(-3, 3), st.floats(), st.text("ABCflux'/ \t", max_size=30))


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cards=st.lists(st.one_of(st.binary(min_size=80, max_size=80), st.builds(card, KEYS, VALUES)), max_size=30))
def test_no_header_makes_recognition_raise(tmp_path, cards):
    """Whatever stands in the cards, a survey says yes or no."""
    header = (b"SIMPLE  =                    T".ljust(80) + b"".join(cards) + b"END".ljust(80))
    path = tmp_path / "odd.fits"
    path.write_bytes(header.ljust(-(-len(header) // 2880) * 2880))
    probe = Probe(path)
    for name in NAMES:
        assert SURVEYS.get(name).identify(probe) in (True, False)


@pytest.mark.real
def test_recognition_reads_headers_only(real, monkeypatch):
    """No survey touches data to recognise a file: opening it by astropy or reading a table fails here."""
    def refuse(*_):
        raise AssertionError("identify read data")

    monkeypatch.setattr(Probe, "hdus", refuse)
    monkeypatch.setattr(Probe, "table", refuse)
    for path in sorted((real / "boss").rglob("*.fits"))[::20] + sorted((real / "desi").rglob("*.fits")):
        with Probe(path) as probe:
            for name in NAMES:
                SURVEYS.get(name).identify(probe)


@pytest.mark.real
@pytest.mark.slow
def test_every_real_file_is_of_one_survey_at_most(real):
    for path in sorted(path for path in real.rglob("*") if path.is_file()):
        with Probe(path) as probe:
            claims = [name for name in NAMES if not SURVEYS.get(name).general and SURVEYS.get(name).identify(probe)]
            assert len(claims) <= 1, (path, claims)


@pytest.mark.real
@pytest.mark.slow
def test_every_real_file_is_read_or_refused_with_a_reason(real):
    found = read_all(real)
    assert len(found) > 600
    for path, (survey, result) in found.items():
        if isinstance(result, ReadError):
            assert result.reason not in ("damaged", "unrecognised") and result.what and str(path) in str(result), (path, result)
        else:
            assert result, (path, survey)
            assert all(isinstance(item, (Spectrum, ImageCube)) or (item.reason and str(path) in item.where)
                       for item in result), path
    assert {survey for survey, _ in found.values()} - {None} == set(NAMES) - NOT_AT_HAND


@pytest.mark.real
@pytest.mark.slow
def test_every_spectrum_is_honest(real):
    """Wavelengths that rise, no pixel good without a number, fixed names with fixed types, ids without doubles in a file."""
    for path, (survey, result) in read_all(real).items():
        spectra = [] if isinstance(result, ReadError) else [item for item in result if isinstance(item, Spectrum)]
        assert max(Counter(str(spectrum.object_id) for spectrum in spectra).values(), default=1) == 1, path
        for spectrum in spectra:
            where = (path, survey, spectrum.object_id)
            assert (np.diff(spectrum.wave) > 0).all(), where
            assert 900 < spectrum.wave[0] < spectrum.wave[-1] < 60_000, where
            arrays = (spectrum.wave, spectrum.flux, spectrum.ivar, spectrum.mask)
            assert [array.dtype for array in arrays] == ["f8", "f4", "f4", "u1"], where
            assert all(array.shape == spectrum.wave.shape for array in arrays), where
            assert np.isfinite(spectrum.flux).all() and np.isfinite(spectrum.ivar).all(), where
            assert ((spectrum.mask == 0) == (spectrum.ivar > 0)).all() and (spectrum.ivar > 0).any(), where
            check_row(spectrum.row, where)
            assert all(isinstance(note, str) and note for note in spectrum.notes), where


@pytest.mark.real
@pytest.mark.slow
def test_every_image_is_honest(real):
    """Named bands, no pixel good without a number and an error, fixed names with fixed types, ids without doubles in a file."""
    seen = 0
    for path, (survey, result) in read_all(real).items():
        cubes = [] if isinstance(result, ReadError) else [item for item in result if isinstance(item, ImageCube)]
        assert max(Counter(str(cube.object_id) for cube in cubes).values(), default=1) == 1, path
        for cube in cubes:
            where = (path, survey, cube.object_id)
            assert SURVEYS.get(survey).holds == "images" and len(set(cube.bands)) == len(cube.bands) == len(cube.flux), where
            assert [array.dtype for array in (cube.flux, cube.ivar, cube.mask)] == ["f4", "f4", "u1"], where
            assert cube.flux.shape == cube.ivar.shape == cube.mask.shape and cube.flux.ndim == 3, where
            assert np.isfinite(cube.flux).all() and np.isfinite(cube.ivar).all(), where
            assert ((cube.mask == 0) == (cube.ivar > 0)).all() and (cube.ivar > 0).any(), where
            check_row(cube.row, where)
            seen += 1
    assert seen > 200  # the 46 galaxies in five bands, each file by itself


def check_row(row, where):
    assert row.get("class", "") in CLASSES, where
    for name, value in row.items():
        assert name == name.lower(), (where, name)
        column = STANDARD_BY_NAME.get(name)
        if column and column.dtype.startswith("float"):
            assert isinstance(value, (float, np.floating)), (where, name)
            assert value not in column.sentinels, (where, name, value)
        elif column and column.dtype == "string":
            assert isinstance(value, str), (where, name)
        elif column and column.dtype.startswith("int"):
            assert isinstance(value, (int, np.integer)), (where, name)
    if np.isfinite(row.get("ra", np.nan)):
        assert 0 <= row["ra"] <= 360 and -90 <= row["dec"] <= 90, where
    assert not row.get("z", 0.0) < -0.02 and not row.get("z", 0.0) > 10, (where, row.get("z"))


def test_a_named_survey_is_not_guessed(tmp_path):
    path = tmp_path / "a.fits"
    path.write_bytes(b"")
    assert recognise(Probe(path), "desi").name == "desi"
    with pytest.raises(ConfigError, match="did you mean desi"):
        recognise(Probe(path), "dezi")
