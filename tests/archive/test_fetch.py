"""A file comes whole and verified, or not at all, whatever the server does."""

import base64
import hashlib
import os
import time
from functools import partial
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qsocore.archive import Request
from qsocore.archive.address import Guard
from qsocore.archive.client import Client
from qsocore.archive.fetch import Fault, Fetcher, Folder, Manners, Stopped, measured
from qsocore.archive.retry import Patience
from qsocore.errors import AtlasError, ConfigError
from tests.archive.conftest import QUICK
from tests.archive.server import Server, fits_file, hang_up, page, redirect, serve, status, tag_of

CONTENT = fits_file(1, 60)
PATH = "/x/a.fits"


def serving(*acts, content=CONTENT):
    """A server with one file, whose first answers are these."""
    return Server({PATH: content}, {PATH: list(acts)})


def test_a_good_server(fetch, folder):
    with serving() as server:
        assert fetch(server.url + PATH) == CONTENT
        entry = folder.ledger.entry(server.url + PATH)
        assert (entry.state, entry.bytes, entry.tries, entry.error) == ("done", len(CONTENT), 1, "")
        assert sorted(os.listdir(folder.path)) == [".qso-download", "a.fits"]
        assert not list(folder.aside.glob("*.part"))


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(fetch, code):
    with serving(partial(status, code=code), partial(status, code=code)) as server:
        assert fetch(server.url + PATH) == CONTENT
        assert len(server.asked) == 3


def test_retry_after_is_waited_for(fetch):
    with serving(partial(status, code=503, Retry_After="1")) as server:
        began = time.monotonic()
        assert fetch(server.url + PATH) == CONTENT
        assert time.monotonic() - began >= 1.0


def test_who_asks_for_too_long_a_wait_is_left_for_another_call(fetch, folder):
    with serving(partial(status, code=429, Retry_After="3600")) as server:
        with pytest.raises(Fault, match=r"429.*3,600 s; run the same command again later"):
            fetch(server.url + PATH)
        assert len(server.asked) == 1 and not folder.ledger.entry(server.url + PATH).lasting
        assert fetch(server.url + PATH) == CONTENT


def test_patience_ends(fetch, folder):
    with serving(*[partial(status, code=503)] * 9) as server:
        with pytest.raises(Fault, match="503"):
            fetch(server.url + PATH)
        entry = folder.ledger.entry(server.url + PATH)
        assert (entry.state, entry.tries, entry.lasting) == ("failed", 3, False) and "503" in entry.error


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 451])
def test_what_lasts_is_not_tried_again(fetch, folder, code):
    with serving(partial(status, code=code)) as server:
        with pytest.raises(Fault, match=f"{code}.*--retry-failed"):
            fetch(server.url + PATH)
        assert len(server.asked) == 1 and folder.ledger.entry(server.url + PATH).lasting


def test_a_cut_connection_is_resumed_where_it_broke(fetch):
    with serving(partial(serve, cut=5000), partial(serve, cut=4000)) as server:
        assert fetch(server.url + PATH) == CONTENT
        assert server.ranges(PATH) == ["", "bytes=5000-", "bytes=9000-"]
        assert server.asked[1][2]["If-Range"] == tag_of(CONTENT)


def test_a_large_file_comes_in_the_end(fetch):
    """As long as every connection brings a megabyte, none of those that are cut counts against patience."""
    big, patience = fits_file(4, 1200), Patience(tries=2, first=0.01, longest=0.02)
    with serving(*[partial(serve, cut=1_100_000)] * 5, content=big) as server:
        assert fetch(server.url + PATH, manners=Manners(patience=patience)) == big
        assert len(server.asked) == 6


def test_without_an_etag_the_date_tells_the_version(fetch):
    date = "Thu, 05 Nov 2026 10:00:00 GMT"
    with serving(partial(serve, cut=5000, tag="", Last_Modified=date),
                 partial(serve, check=False, tag="", Last_Modified=date)) as server:
        assert fetch(server.url + PATH) == CONTENT
        assert server.ranges(PATH) == ["", "bytes=5000-"] and server.asked[1][2]["If-Range"] == date


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_what_nothing_confirms_is_not_resumed(fetch, tag):
    with serving(partial(serve, cut=5000, tag=tag), partial(serve, tag=tag)) as server:
        assert fetch(server.url + PATH) == CONTENT
        assert server.ranges(PATH) == ["", ""]


def test_a_stated_sum_confirms_as_well(fetch):
    total = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
    with serving(partial(serve, cut=5000, tag=""), partial(serve, tag="", check=False)) as server:
        assert fetch(server.url + PATH, checksum=total) == CONTENT
        assert server.ranges(PATH) == ["", "bytes=5000-"]


def test_a_server_without_range_sends_it_all_again(fetch):
    with serving(partial(serve, cut=5000), partial(serve, ranges=False)) as server:
        assert fetch(server.url + PATH) == CONTENT
        assert server.ranges(PATH) == ["", "bytes=5000-"]


@pytest.mark.parametrize("options", [{}, {"check": False}, {"check": False, "tag": ""}])
def test_two_versions_are_never_glued_together(fetch, options):
    """Between two parts the file changes: servers that look at If-Range, that do not, and that do not even say so."""
    new = fits_file(2, 60)
    with serving(partial(serve, cut=5000)) as server:
        def change(handler, content):
            server.files[PATH] = new
            return serve(handler, new, **options)

        server.acts[PATH].append(change)
        assert fetch(server.url + PATH) == new


def test_a_part_that_is_whole_needs_no_byte(fetch, folder):
    with serving() as server:
        url = server.url + PATH
        folder.ledger.want([Request("test:r1:1", url, "a.fits")], folder.path)
        folder.ledger.begun(url, len(CONTENT), "", tag_of(CONTENT))
        folder.part(url).write_bytes(CONTENT)
        assert fetch(url) == CONTENT
        assert server.ranges(PATH) == [f"bytes={len(CONTENT)}-"]


def test_a_part_longer_than_the_file_is_begun_anew(fetch, folder):
    with serving() as server:
        url = server.url + PATH
        folder.ledger.want([Request("test:r1:1", url, "a.fits")], folder.path)
        folder.ledger.begun(url, len(CONTENT), "", tag_of(CONTENT))
        folder.part(url).write_bytes(CONTENT + b"more")
        assert fetch(url) == CONTENT


def test_a_wrong_length_is_never_a_file(fetch, folder):
    with serving(*[partial(serve, announce=len(CONTENT) + 10, tag="")] * 9) as server:
        with pytest.raises(Fault, match=r"failed \(.*17280 bytes read, 10 more expected"):
            fetch(server.url + PATH)
        assert not (folder.path / "a.fits").exists()


def test_a_length_other_than_stated(fetch):
    with serving() as server, pytest.raises(Fault, match=r"announces 17,280 bytes and 5 were stated"):
        fetch(server.url + PATH, size=5)


def test_a_body_without_length_must_be_whole_fits(fetch, folder):
    with serving(partial(serve, length=False, cut=9000, tag=""), partial(serve, length=False)) as server:
        assert fetch(server.url + PATH) == CONTENT
        assert len(server.asked) == 2


def test_a_slow_server_has_its_time(fetch):
    """Drips that never stall are ended by the time for one try; the next one resumes."""
    manners = Manners(read=2.0, total=0.15, patience=QUICK.patience)
    with serving(partial(serve, pause=0.03)) as server:
        assert fetch(server.url + PATH, manners=manners) == CONTENT
        assert len(server.ranges(PATH)) == 2 and server.ranges(PATH)[1].startswith("bytes=")


def test_a_stalled_server_is_left(fetch):
    with serving(partial(serve, pause=0.6)) as server:
        assert fetch(server.url + PATH, manners=Manners(read=0.2, patience=QUICK.patience)) == CONTENT


def test_a_head_that_drips_is_left(fetch):
    """A byte now and then, and never an answer: no pause is too long, the whole is."""
    def drip(handler, content):
        for sign in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 999:
            handler.wfile.write(bytes([sign]))
            time.sleep(0.05)

    began = time.monotonic()
    with serving(drip) as server:
        assert fetch(server.url + PATH, manners=Manners(read=0.3, patience=QUICK.patience)) == CONTENT
    assert time.monotonic() - began < 30


def test_a_page_is_no_file(fetch, folder):
    with serving(page) as server:
        with pytest.raises(Fault, match=r"web page in the place of FITS: 'Down for maintenance'; open the URL"):
            fetch(server.url + PATH)
        assert len(server.asked) == 1 and os.listdir(folder.path) == [".qso-download"]
        assert fetch(server.url + PATH) == CONTENT  # the next call


def test_a_page_is_no_file_of_another_kind_either(fetch):
    with serving(page) as server, pytest.raises(Fault, match="web page"):
        fetch(server.url + PATH, file="a.csv")


def test_other_kinds_are_kept_as_they_are(fetch):
    with serving(content=b"ra,dec\n1,2\n") as server:
        assert fetch(server.url + PATH, file="a.csv") == b"ra,dec\n1,2\n"


@pytest.mark.parametrize("content", [b"", b"junk" * 999, CONTENT[:-2880], CONTENT[:1500]])
def test_what_does_not_open_as_fits_is_refused(fetch, folder, content):
    with serving(content=content) as server:
        with pytest.raises(Fault):
            fetch(server.url + PATH)
        assert not (folder.path / "a.fits").exists()


def test_gzip_stays_as_it_was_served(fetch):
    """Content-Encoding is not undone: lengths and sums are those of what was sent."""
    import gzip

    packed = gzip.compress(CONTENT)
    with serving(partial(serve, Content_Encoding="gzip"), content=packed) as server:
        assert fetch(server.url + PATH, file="a.fits.gz", checksum="md5:" + hashlib.md5(packed).hexdigest()) == packed
        assert server.asked[0][2]["Accept-Encoding"] == "identity"


def header(kind, name):
    digest = hashlib.new(kind, CONTENT).digest()
    text = base64.b64encode(digest).decode()
    return {name: f"sha-256=:{text}:" if name == "Repr_Digest" else f"SHA-256={text}" if name == "Digest" else text}


@pytest.mark.parametrize(("kind", "name"), [("sha256", "Repr_Digest"), ("sha256", "Digest"), ("md5", "Content_MD5")])
def test_a_sum_that_the_server_offers_is_verified(fetch, kind, name):
    damaged = CONTENT[:6000] + b"\0" + CONTENT[6001:]
    with serving(partial(serve, **header(kind, name)), content=damaged) as server:
        server.acts[PATH].append(lambda handler, content: serve(handler, CONTENT, **header(kind, name)))
        assert fetch(server.url + PATH) == CONTENT
        assert len(server.asked) == 2


def test_a_wrong_sum_is_said(fetch, folder):
    with serving() as server:
        with pytest.raises(Fault, match=r"its sha1 is [0-9a-f]{40} and should be 0{40}; if the list"):
            fetch(server.url + PATH, checksum="sha1:" + "0" * 40)
        assert not (folder.path / "a.fits").exists() and not list(folder.aside.glob("*.part"))


def test_large_files_are_refused_before_and_while_they_come(fetch):
    small = Manners(largest=9000, patience=QUICK.patience)
    with serving() as server, pytest.raises(Fault, match="17,280 bytes, over the limit"):
        fetch(server.url + PATH, manners=small)
    with serving(partial(serve, length=False)) as server, pytest.raises(Fault, match="longer than the limit of 9,000"):
        fetch(server.url + PATH, manners=small)


VERSIONS = [CONTENT, fits_file(2, 60)]  # as long as each other
ACTS = st.one_of(
    st.builds(partial, st.just(serve), cut=st.integers(0, 20_000), tag=st.sampled_from([None, "", 'W/"x"']),
              check=st.booleans(), length=st.booleans()),
    st.builds(partial, st.just(serve), ranges=st.booleans(), announce=st.integers(1, 20_000)),
    st.builds(partial, st.just(status), code=st.sampled_from([206, 302, 404, 416, 429, 500, 503])),
    st.just(page), st.just(partial(redirect, to=PATH)), st.just(hang_up))


@example([(partial(serve, announce=len(CONTENT) + 1), 0)])  # after which all of it is there, and never enough
@given(st.lists(st.tuples(ACTS, st.integers(0, 1)), max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_server_does_a_file_is_one_version_whole_or_is_not(tmp_path_factory, acts):
    """Any order of misdeeds, the file changing between them; then the same command again, on a good server."""
    with Folder(tmp_path_factory.mktemp("any")) as folder, Server({PATH: VERSIONS[0]}) as server:
        def versioned(act, version):
            return lambda handler, _: act(handler, VERSIONS[version])

        server.acts[PATH] = [versioned(*one) for one in acts]
        url, place = server.url + PATH, folder.path / "a.fits"
        folder.ledger.want([Request("test:r1:1", url, "a.fits")], folder.path)
        with Client(Guard([url]), 1, (2.0, 0.5)) as client:
            fetcher = Fetcher(client, folder, Manners(patience=Patience(tries=3, first=0.001, longest=0.002)), Event())
            for _ in range(9):
                try:
                    fetcher.fetch(url)
                    break
                except Fault:
                    assert not place.exists() and folder.ledger.entry(url).state == "failed"
        assert place.read_bytes() in VERSIONS and folder.ledger.entry(url).state == "done"


def test_redirects_within_a_server_and_their_end(fetch):
    with serving(partial(redirect, to="/x/b.fits")) as server:
        server.files["/x/b.fits"] = CONTENT
        assert fetch(server.url + PATH) == CONTENT
    with serving(*[partial(redirect, to=PATH)] * 9) as server:
        with pytest.raises(Fault, match="redirects more than 5 times"):
            fetch(server.url + PATH)
        assert len(server.asked) == 6


def test_a_redirect_to_a_private_address_is_refused(fetch):
    """Even from a host that the user named: another port of this machine is another origin."""
    with serving() as other, serving(partial(redirect, to=other.url + PATH)) as server:
        with pytest.raises(Fault, match=r"leads to 127\.0\.0\.1, which is no public address; .*--allow-host"):
            fetch(server.url + PATH)
        assert other.asked == []
        server.acts[PATH].append(partial(redirect, to=other.url + PATH))
        assert fetch(server.url + PATH, allow=[other.host]) == CONTENT


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/", "http://169.254.169.254/x",
                                "http://[::1]:1/x", "http://[::ffff:127.0.0.1]:1/x", "http://2130706433:1/x", "http://0x7f.1:1/x",
                                "http://localhost:1/x", "http://0.0.0.0:1/x", "//10.0.0.1/x", "http://u:p@127.0.0.1:1/x",
                                "http://192.168.1.1/x", "http://[fe80::1]/x", "http://100.64.0.1/x", "http://[fd00::1]/x"])
def test_redirects_that_are_refused(fetch, to):
    with serving(partial(redirect, to=to)) as server:
        with pytest.raises(Fault):
            fetch(server.url + PATH)
        assert len(server.asked) == 1


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(fetch, folder, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    with serving() as server:
        url = server.url + PATH
        folder.ledger.want([Request("test:r1:1", url, "a.fits")], folder.path)
        (folder.path / "a.fits").symlink_to(victim)
        folder.part(url).symlink_to(victim)
        folder.ledger.begun(url, None, "", tag_of(CONTENT))
        assert fetch(url) == CONTENT
    assert victim.read_bytes() == b"precious" and not (folder.path / "a.fits").is_symlink()


@pytest.mark.parametrize("name", ["", "lock", "ledger.sqlite"])
def test_a_folder_aside_that_leads_elsewhere_is_refused(tmp_path, name):
    victim, aside = tmp_path / "elsewhere", tmp_path / "out" / ".qso-download"
    (aside if name else aside.parent).mkdir(parents=True)
    if name:
        victim.write_text("precious")
    else:
        victim.mkdir()
    (aside / name).symlink_to(victim)
    with pytest.raises(AtlasError, match="link"):
        Folder(tmp_path / "out")
    assert victim.read_text() == "precious" if name else list(victim.iterdir()) == []


def test_two_downloads_in_one_folder(folder):
    with pytest.raises(AtlasError, match="another download works in this folder"):
        Folder(folder.path)


def test_stopping_cuts_what_is_under_way(folder):
    """A thread that waits for a byte ends at once, not after its time, and its part stays."""
    with serving(lambda handler, content: serve(handler, content, pause=0.2)) as server:
        url, stop, seen = server.url + PATH, Event(), []
        folder.ledger.want([Request("test:r1:1", url, "a.fits")], folder.path)
        client = Client(Guard([url]), 1, (2.0, 60.0))
        fetcher = Fetcher(client, folder, Manners(), stop)

        def run():
            try:
                fetcher.fetch(url)
            except Stopped as stopped:
                seen.append(stopped)

        thread = Thread(target=run)
        thread.start()
        while fetcher.moved < 1000:
            pass
        stop.set()
        client.abort()
        thread.join(30)
        assert seen and folder.part(url).stat().st_size >= 1000 and folder.ledger.entry(url).state == "partial"


def test_how_large_a_file_is():
    with serving() as server, Client(Guard([server.url])) as client:
        assert measured(client, server.url + PATH) == len(CONTENT)
        with pytest.raises(Fault, match="404"):
            measured(client, server.url + "/x/none")


def test_nobody_answers(fetch):
    with serving() as server:
        url = server.url + PATH
    with pytest.raises(Fault, match=r"connection failed \(.*refused"):
        fetch(url)


def test_manners_are_positive():
    with pytest.raises(ConfigError):
        Manners(per_host=0)
    assert Patience(tries=3).wait(3) is None
