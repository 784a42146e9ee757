"""Names from services and templates: a piece that is safe on every file system, and no two alike."""

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.archive import Request
from qsocore.archive.ledger import Ledger
from qsocore.archive.names import LONGEST, apart, safe

WILD = st.one_of(st.text(max_size=300), st.from_regex(r"(\.\./|/|\\|\0|con|nul|[a-z.]| ){0,12}\.fits", fullmatch=True))


def is_safe(name):
    return (re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", name) and ".." not in name and len(name) <= LONGEST
            and name[-1] not in "." and not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name, re.IGNORECASE))


@given(WILD)
@settings(max_examples=300)
def test_any_name_is_made_safe_and_stays_so(name):
    assert is_safe(safe(name)) and safe(safe(name)) == safe(name)
    assert os.path.basename(safe(name)) == safe(name)


@pytest.mark.parametrize(("name", "made"), [
    ("a.fits", "a.fits"), ("/etc/passwd", "etc_passwd"), ("..\\..\\a.fits", "a.fits"), (".hidden", "hidden"), ("-rf", "rf"),
    ("CON.fits", "_CON.fits"), ("a\0b.fits", "a_b.fits"), ("", "file"), ("...", "file"), ("é.fits", "e.fits"), ("日本", "file"),
    ("a.fits. ", "a.fits"), ("J0004+0102.fits.gz", "J0004+0102.fits.gz"),
])
def test_names(name, made):
    assert safe(name) == made


def test_long_names_differ_where_the_originals_do():
    first, second = (safe("x" * 400 + end + ".fits.gz") for end in "ab")
    assert first != second and first.endswith(".fits.gz") and len(first) <= LONGEST


@given(WILD, st.text(max_size=50))
def test_apart_stays_safe(name, key):
    assert is_safe(apart(safe(name), key))


@given(st.lists(WILD, min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_no_two_files_of_a_folder_have_one_name_whatever_its_case(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("names")
    ledger = Ledger(folder / "ledger.sqlite")
    ledger.want([Request("a:b:c", f"http://a.org/{number}", name) for number, name in enumerate(names)], folder)
    files = [entry.file.lower() for entry in ledger.entries()]
    assert len(files) == len(set(files)) == len(names) and all(map(is_safe, files))
    ledger.close()


def test_a_file_that_is_another_s_keeps_its_name(tmp_path):
    (tmp_path / "a.fits").write_text("mine")
    (tmp_path / "b.fits").symlink_to("/nowhere")
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.want([Request("a:b:c", f"http://a.org/{name}", name) for name in ("a.fits", "B.fits", "b.fits")], tmp_path)
    files = [entry.file for entry in ledger.entries()]
    assert len(set(files)) == 3 and not {"a.fits", "b.fits"} & set(files)
    ledger.want([Request("a:b:c", "http://a.org/a.fits", "a.fits")], tmp_path)  # and keeps the name that it got
    assert [entry.file for entry in ledger.entries()] == files
    ledger.close()
