"""Sums that archives and servers offer; waits that they ask for."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.archive.retry import Patience, asked_wait
from qsocore.archive.verify import Sums, check, offered
from qsocore.errors import ReadError


@pytest.mark.parametrize("program", ["md5sum", "sha1sum", "sha256sum", "sha512sum"])
def test_lists_as_the_programs_write_them(tmp_path, program):
    (tmp_path / "lite").mkdir()
    for name in ("a.fits", "b.fits", "lite/a.fits"):
        (tmp_path / name).write_text(name)
    names = ["a.fits", "b.fits", "./lite/a.fits"]
    done = subprocess.run([program, *names], cwd=tmp_path, capture_output=True, text=True, check=True)
    (tmp_path / "sums").write_text(f"# made by hand\n\n{done.stdout}")
    sums, kind = Sums([tmp_path / "sums"]), program.removesuffix("sum")
    assert sums.of("https://a.org/x/b.fits?y=1") == f"{kind}:{hashlib.new(kind, b'b.fits').hexdigest()}"
    assert sums.of("https://a.org/x/lite/a.fits") == f"{kind}:{hashlib.new(kind, b'lite/a.fits').hexdigest()}"
    assert sums.of("https://a.org/x/c.fits") == ""
    check(tmp_path / "b.fits", "b.txt", [6, None], [sums.of("https://a.org/b.fits"), ""])
    with pytest.raises(ReadError, match=f"its {kind} is"):
        check(tmp_path / "a.fits", "b.txt", [6], [sums.of("https://a.org/b.fits")])
    with pytest.raises(ReadError, match="it has 6 bytes and should have 7"):
        check(tmp_path / "a.fits", "b.txt", [None, 7])


@pytest.mark.parametrize("line", ["hello", "abc  a.fits", "z" * 32 + "  a.fits", "0" * 32])
def test_lines_that_are_no_sums(tmp_path, line):
    (tmp_path / "sums").write_text(f"{'0' * 32}  b.fits\n{line}\n")
    with pytest.raises(ReadError, match=r"line 2: it reads neither"):
        Sums([tmp_path / "sums"])


def test_what_servers_offer():
    tag = '"d41d8cd98f00b204e9800998ecf8427e"'
    assert offered({"ETag": tag, "Server": "AmazonS3"}) == "md5:d41d8cd98f00b204e9800998ecf8427e"
    assert offered({"ETag": tag, "Server": "nginx"}) == ""  # a tag that looks like one
    assert offered({"ETag": tag[:-1] + '-3"', "Server": "AmazonS3"}) == ""
    assert offered({"ETag": tag, "Server": "AmazonS3", "x-amz-server-side-encryption": "aws:kms"}) == ""
    assert offered({"Content-MD5": "nonsense"}) == offered({"Digest": "SHA-256=short"}) == offered({}) == ""
    both = {"Digest": "md5=1B2M2Y8AsgTpgAmY7PhCfg==, sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}
    assert offered(both) == "sha256:" + hashlib.sha256(b"").hexdigest()


@given(st.dictionaries(st.sampled_from(["Digest", "Repr-Digest", "Content-MD5", "ETag", "Server"]), st.text(max_size=60)))
def test_any_header_offers_a_sum_or_none(headers):
    kind, _, digits = offered(headers).partition(":")
    assert not kind or len(digits) == 2 * hashlib.new(kind).digest_size


@given(st.text(max_size=40))
def test_any_retry_after_is_a_wait_or_none(text):
    assert (asked_wait(text) or 0) >= 0


def test_retry_after_as_a_date():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 95 < asked_wait(soon) <= 100 and asked_wait(None) is None


@given(st.integers(1, 20), st.floats(0.01, 10), st.floats(0.01, 100))
def test_back_off_doubles_to_its_limit(failures, first, longest):
    patience = Patience(30, first, longest)
    wait, whole = patience.wait(failures), min(first * 2 ** (failures - 1), longest)
    assert whole / 2 <= wait <= whole and patience.wait(failures, 200.0) >= 200 and patience.wait(failures, 301.0) is None
