"""Downloads from end to end, against real servers of this machine: what is missing is fetched, and nothing else."""

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from qsocore.archive.fetch import Manners
from qsocore.archive.ledger import Ledger
from qsocore.archive.local import ImageService
from qsocore.archive.retry import Patience
from qsocore.cli import main
from qsocore.errors import AtlasError, ConfigError, StoreError
from qsocore.store import open_store
from qsocore.workflow.download import download
from qsocore.workflow.download_objects import select_objects
from qsocore.workflow.ingest import ingest
from tests.archive.server import Server, fits_file, page, serve, status
from tests.images import make_images

QUICK = Manners(patience=Patience(tries=2, first=0.01, longest=0.02))
FILES = {f"/x/{k}.fits": fits_file(k) for k in range(8)}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def table(tmp_path):
    """Eight objects, called 0 to 7."""
    path = tmp_path / "table.csv"
    path.write_text("object_id,ra,dec,z\n" + "".join(f"test:r1:{k},{10 + k},{-k},{k / 2}\n" for k in range(8)))
    return path


def fetch(server, table, out, **options):
    return download("template", table, out, url=f"{server.url}/x/{{native}}.fits", manners=QUICK, **options)


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def asked(server):
    """Paths that were asked for since the last look."""
    paths = [path for _, path, _ in server.asked]
    server.asked.clear()
    return sorted(paths)


def test_a_second_call_fetches_what_is_missing(table, tmp_path):
    out = tmp_path / "out"
    with Server(FILES) as server:
        done = fetch(server, table, out)
        assert (done.n_objects, done.n_files, done.fetched, done.present, done.failures) == (8, 8, 8, 0, [])
        assert files_in(out) == {f"{k}.fits": FILES[f"/x/{k}.fits"] for k in range(8)}
        assert done.n_bytes == sum(map(len, FILES.values())) and asked(server) == sorted(FILES)
        again = fetch(server, table, out)
        assert (again.fetched, again.present) == (0, 8) and asked(server) == []
        (out / "3.fits").unlink()
        (out / "4.fits").write_bytes(b"short")
        (out / "5.fits").unlink()
        (out / "5.fits").symlink_to(out / "6.fits")
        assert fetch(server, table, out).fetched == 3 and asked(server) == [f"/x/{k}.fits" for k in (3, 4, 5)]
        assert files_in(out) == {f"{k}.fits": FILES[f"/x/{k}.fits"] for k in range(8)}


def test_what_fails_stops_no_other_and_is_said(table, tmp_path, capsys):
    out, report = tmp_path / "out", tmp_path / "report.json"
    gone = {path: content for path, content in FILES.items() if path != "/x/2.fits"}
    with Server(gone, {"/x/4.fits": [page], "/x/5.fits": [partial(status, code=503)] * 9}) as server:
        words = ["download", "template", str(table), "--out", str(out), "--url", f"{server.url}/x/{{native}}.fits",
                 "--tries", "1", "--report", str(report)]
        assert main(words) == 1
        said = capsys.readouterr().out
        assert "8 objects, 8 files: 5 fetched" in said and "0 there already, 3 failed" in said
        assert f"test:r1:2: {server.url}/x/2.fits: the server answers 404" in said and "look at id and settings" in said
        assert "'Down for maintenance'" in said and "503" in said
        told = json.loads(report.read_text())
        assert told["fetched"] == 5 and {one["object_ids"][0]: one["lasting"] for one in told["failures"]} == {
            "test:r1:2": True, "test:r1:4": False, "test:r1:5": False}
        asked(server)
        server.acts.clear()
        again = fetch(server, table, out)  # lasting failures are passed over, and still said
        assert asked(server) == ["/x/4.fits", "/x/5.fits"] and again.fetched == 2
        assert [(one.object_ids, one.lasting) for one in again.failures] == [(("test:r1:2",), True)]
        server.files["/x/2.fits"] = FILES["/x/2.fits"]
        assert fetch(server, table, out).failures and asked(server) == []
        assert not fetch(server, table, out, retry_failed=True).failures and asked(server) == ["/x/2.fits"]
        assert len(files_in(out)) == 8


def test_a_dry_run_fetches_nothing_and_knows_the_size(table, tmp_path, capsys):
    out = tmp_path / "out"
    gone = {path: content for path, content in FILES.items() if path != "/x/2.fits"}
    with Server(gone) as server:
        done = fetch(server, table, out, dry_run=True)
        assert (done.fetched, done.unknown, len(done.failures)) == (7, 0, 1)
        assert done.n_bytes == sum(map(len, gone.values())) and files_in(out) == {}
        assert {method for method, _, _ in server.asked} == {"HEAD"}
        fetch(server, table, out)
        assert fetch(server, table, out, dry_run=True).n_bytes == 0
        words = ["download", "template", str(table), "--out", str(tmp_path / "b"), "--url", f"{server.url}/x/{{native}}.fits"]
        assert main([*words, "--dry-run", "--ids", "1"]) == 0
    assert "1 objects, 1 files: 1 to fetch (5.8 kB)" in capsys.readouterr().out


def test_only_some_objects(table, tmp_path):
    with Server(FILES) as server:
        fetch(server, table, tmp_path / "a", where="z > 1 & ra < 16")
        assert asked(server) == ["/x/3.fits", "/x/4.fits", "/x/5.fits"]
        (tmp_path / "ids.txt").write_text("test:r1:7\n1\n")
        fetch(server, table, tmp_path / "b", ids=[str(tmp_path / "ids.txt")])
        assert asked(server) == ["/x/1.fits", "/x/7.fits"]


@pytest.mark.parametrize(("options", "why"), [
    ({"where": "z > 99"}, "no object is selected"), ({"ids": ["17"]}, "no object '17'"), ({"where": "q > 1"}, "no column 'q'"),
    ({"run": "demo"}, "a table has no runs")])
def test_selections_that_do_not_fit(table, options, why):
    with pytest.raises(ConfigError, match=why):
        select_objects(table, **options)


def test_settings_that_do_not_fit(table, tmp_path):
    with pytest.raises(ConfigError, match="no source is called 'sds'; did you mean sdss"):
        download("sds", table, tmp_path)
    with pytest.raises(ConfigError, match="SDSS spectra need no URL"):
        download("sdss", table, tmp_path, url="http://a.org")
    with pytest.raises(ConfigError, match="'dr99' is not one of dr16, dr17"):
        download("sdss", table, tmp_path, settings=["release=dr99"])
    assert not (tmp_path / ".qso-download").exists()


def test_the_objects_of_a_store_by_its_columns(tmp_path):
    store = make_images(tmp_path / "a.store", n=9, true_z=np.arange(9.0))
    objects = select_objects(store.path, where="true_z >= 4", ids=["00005", "test:one:00008"])
    assert objects.ids == ["test:one:00005", "test:one:00008"] and objects.position(1)[0] == store.column("ra")[8]
    with pytest.raises(StoreError, match="no column 'nothing'"):
        select_objects(store.path, where="nothing > 1")


def test_a_host_that_is_down_is_not_asked_for_ever(tmp_path):
    """Of sixty files ten are tried in vain, and those under way; the rest stay wanted, and come when it is up again."""
    table = tmp_path / "t.txt"
    table.write_text("".join(f"{k}\n" for k in range(60)))
    with Server({f"/x/{k}.fits": fits_file(k) for k in range(60)}) as server:
        server.act, act = lambda method, path, headers: server.asked.append(path) or status, server.act
        done = fetch(server, table, tmp_path / "out")
        assert len(done.failures) == 60 and len(server.asked) <= 2 * (10 + QUICK.per_host)
        left = [one for one in done.failures if "failed 10 times in a row, and was not asked" in one.why]
        assert len(left) >= 60 - 10 - QUICK.per_host
        server.act = act
        assert fetch(server, table, tmp_path / "out").fetched == 60


def test_a_service_that_is_down_is_not_asked_for_ever(tmp_path):
    pytest.importorskip("pyvo")
    table = tmp_path / "t.csv"
    table.write_text("object_id,ra,dec\n" + "".join(f"a:b:{k},{k},0\n" for k in range(40)))
    with Server() as server:
        done = download("sia", table, tmp_path / "out", url=f"{server.url}/sia", manners=QUICK)
        assert len(done.failures) == 40 and len(server.asked) <= 2 * (10 + QUICK.per_host)
        assert "40 objects, 0 files" in done.table() and "the service failed 10 times in a row" in done.table()


def test_sums_are_held_to(table, tmp_path):
    import hashlib

    sums = tmp_path / "sums"
    sums.write_text("".join(f"{hashlib.sha1(content).hexdigest() if path != '/x/3.fits' else '0' * 40}  {path[3:]}\n"
                            for path, content in FILES.items()))
    with Server(FILES) as server:
        done = fetch(server, table, tmp_path / "out", checksums=[sums])
        assert done.fetched == 7 and "its sha1 is" in done.failures[0].why and not (tmp_path / "out" / "3.fits").exists()


def test_a_list_of_urls_may_not_lead_into_this_machine_unless_allowed(tmp_path):
    with Server(FILES) as server:
        (tmp_path / "list.txt").write_text("".join(f"{server.url}{path}\n" for path in FILES) + "file:///etc/passwd\n")
        done = download("urls", tmp_path / "list.txt", tmp_path / "out", manners=QUICK)
        assert len(done.failures) == 9 and server.asked == []
        assert all("--allow-host" in one.why or "file: is not gone to" in one.why for one in done.failures)
        done = download("urls", tmp_path / "list.txt", tmp_path / "out", manners=QUICK, allow=[server.host])
        assert done.fetched == 8 and len(done.failures) == 1
        assert sorted(files_in(tmp_path / "out")) == [f"{k}.fits" for k in range(8)]


def test_names_that_would_leave_the_folder(tmp_path):
    wild = ["../../evil.fits", "/etc/evil.fits", "A.fits", "a.fits", ".qso-download/ledger.sqlite", "con.fits"]
    with Server(FILES) as server:
        lines = [f"test:r1:{k},{server.url}/x/{k}.fits,{name}\n" for k, name in enumerate(wild)]
        (tmp_path / "t.csv").write_text("object_id,url,file\n" + "".join(lines))
        out = tmp_path / "deep" / "out"
        done = download("urls", tmp_path / "t.csv", out, manners=QUICK, allow=[server.host])
    assert done.fetched == 6 and not done.failures
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "t.csv"]
    names = sorted(files_in(out))
    assert len({name.lower() for name in names}) == 6 and {"evil.fits", "A.fits", "_con.fits", "etc_evil.fits"} <= set(names)


def test_killed_in_the_middle_and_run_again(tmp_path):
    """kill -9: what was whole is not asked for again, what was partial goes on from where it was."""
    big = fits_file(99, 400)
    files = {f"/x/{k}.fits": big for k in range(6)}
    table, out = tmp_path / "t.txt", tmp_path / "out"
    table.write_text("".join(f"test:r1:{k}\n" for k in range(6)))
    slow = partial(serve, pause=0.01)  # 640 pieces: 6 s
    with Server(files, {f"/x/{k}.fits": [slow] for k in range(2, 6)}) as server:
        url = f"{server.url}/x/{{native}}.fits"
        words = [sys.executable, "-m", "qsocore.cli", "download", "template", str(table), "--out", str(out), "--url", url]
        aside = out / ".qso-download"
        with begun(words):
            until(lambda: aside.exists() and len(files_in(out)) == 2
                  and sum(part.stat().st_size > 20_000 for part in aside.glob("*.part")) >= 2)
        before = {part.name: part.stat().st_size for part in aside.glob("*.part")}
        assert len(before) >= 2 and len(files_in(out)) == 2
        asked(server)
        server.acts.clear()
        server.asked.clear()
        assert subprocess.run(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120).returncode == 0
        ranges = {path: headers.get("Range", "") for _, path, headers in server.asked}
        assert sorted(ranges) == [f"/x/{k}.fits" for k in range(2, 6)] and len(server.asked) == 4
        assert sorted(filter(None, ranges.values())) == sorted(f"bytes={size}-" for size in before.values() if size)
    assert files_in(out) == {f"{k}.fits": big for k in range(6)} and not list(aside.glob("*.part"))


def test_interrupted_by_the_user(tmp_path):
    """Ctrl-C ends within a moment, says what is kept, and leaves parts."""
    files = {f"/x/{k}.fits": fits_file(99, 400) for k in range(3)}
    table, out = tmp_path / "t.txt", tmp_path / "out"
    table.write_text("".join(f"test:r1:{k}\n" for k in range(3)))
    with Server(files, {path: [partial(serve, pause=0.2)] for path in files}) as server:
        words = [sys.executable, "-m", "qsocore.cli", "download", "template", str(table), "--out", str(out), "--url",
                 f"{server.url}/x/{{native}}.fits"]
        with begun(words) as process:
            until(lambda: len(list((out / ".qso-download").glob("*.part"))) == 3)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=30)[1]
        assert process.returncode == 130 and time.monotonic() - began < 30
        assert "qso: stopped; whole files are kept, and parts; the same command goes on from there" in said
    ledger = Ledger(out / ".qso-download" / "ledger.sqlite")
    assert {entry.state for entry in ledger.entries()} == {"partial"}
    ledger.close()


@contextmanager
def begun(words):
    """A process that is killed (-9) in the end, if it still runs."""
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@pytest.mark.parametrize("version", ["1", "2"])
def test_from_a_service_to_a_store_of_images(tmp_path, version):
    """Store -> SIA service -> download -> ingest: the same pixels, under the same ids, and no question is asked twice."""
    pytest.importorskip("pyvo")
    store = make_images(tmp_path / "images.store", n=12)
    frame = store.frame(["object_id", "ra", "dec"], rows=range(10))
    frame.loc[9, "dec"] = 89.0  # where the service has nothing
    frame.to_csv(tmp_path / "targets.csv", index=False)
    with ImageService(store) as service:
        options = {"url": service.sia if version == "1" else service.sia2, "settings": [f"version={version}", "size=5"],
                   "manners": QUICK}
        dry = download("sia", tmp_path / "targets.csv", tmp_path / "cutouts", dry_run=True, **options)
        assert (dry.fetched, dry.unknown, len(dry.failures)) == (27, 0, 1) and dry.n_bytes > 27 * 2880
        done = download("sia", tmp_path / "targets.csv", tmp_path / "cutouts", **options)
        assert (done.fetched, done.n_bytes) == (27, dry.n_bytes)
        assert "test:one:00009: the service has no such image of it; --retry-failed asks again" in done.table()
        assert (tmp_path / "cutouts" / "00003_g.fits").exists()
        service.images.answer = None  # whatever is asked now fails
        again = download("sia", tmp_path / "targets.csv", tmp_path / "cutouts", **options)
        assert (again.present, again.fetched, len(again.failures)) == (27, 0, 1)
    report = ingest([tmp_path / "cutouts"], tmp_path / "again.store", workers=1)
    assert report.store and "unrecognised" not in report.table()  # the ledger is no survey's file
    made = open_store(tmp_path / "again.store")
    assert made.n_rows == 9 and made.image_grid.bands == ("g", "r", "i")
    order = np.argsort(made.column("native_id"))
    np.testing.assert_allclose(made.images(order).flux, store.images(range(9)).flux, rtol=1e-6)
    np.testing.assert_allclose(made.images(order).ivar, store.images(range(9)).ivar, rtol=1e-6)
    np.testing.assert_allclose(made.column("ra")[order], store.column("ra")[:9], atol=1e-7)


def test_cutouts_by_a_template_find_their_objects_again(tmp_path):
    """URLs with a band, into images beside the spectra of a store, by object id."""
    from tests.spectra import small_store

    spectra = small_store(tmp_path / "spectra.store", n=6)
    ids = spectra.column("object_id")
    images = make_images(tmp_path / "images.store", n=6, ids=ids, ra=spectra.column("ra"), dec=spectra.column("dec"))
    with ImageService(images) as service:
        done = download("template", spectra.path, tmp_path / "cutouts", url=service.template, settings=["bands=g,r,i"],
                        manners=QUICK)
    assert done.fetched == 18 and not done.failures
    from qsocore.workflow.image_sources import Wish

    ingest([tmp_path / "cutouts"], workers=1, images=Wish(into=spectra.path))
    beside = open_store(spectra.path).image_store
    rows = beside.index_of(ids)
    assert (rows >= 0).all()
    np.testing.assert_allclose(beside.images(rows).flux, images.images(range(6)).flux, rtol=1e-6)


def test_spectra_from_a_mirror(real, tmp_path):
    """Real spec files, served as SDSS's archive has them, back into a store."""
    from qsocore.surveys import read_file

    paths = sorted((real / "boss").rglob("spec-????-*-????.fits"))[:3]
    ids = [str(next(read_file(path)).object_id) for path in paths]
    (tmp_path / "ids.txt").write_text("\n".join(ids))
    served = {f"/sas/dr17/eboss/spectro/redux/v5_13_2/spectra/lite/{path.name[5:9]}/{path.name}": path.read_bytes()
              for path in paths}
    with Server(served) as server:
        done = download("sdss", tmp_path / "ids.txt", tmp_path / "spectra", settings=[f"mirror={server.url}/sas"],
                        manners=QUICK)
    assert done.fetched == 3 and not done.failures
    ingest([tmp_path / "spectra"], tmp_path / "a.store", workers=1)
    assert sorted(open_store(tmp_path / "a.store").column("object_id")) == sorted(ids)


def test_one_folder_one_download(table, tmp_path):
    from qsocore.archive.fetch import Folder

    with Folder(tmp_path / "out"), Server(FILES) as server, pytest.raises(AtlasError, match="another download works"):
        fetch(server, table, tmp_path / "out")


def test_a_ledger_that_is_none_is_said(table, tmp_path):
    aside = tmp_path / "out" / ".qso-download"
    aside.mkdir(parents=True)
    (aside / "ledger.sqlite").write_bytes(b"no base" * 999)
    with Server(FILES) as server, pytest.raises(StoreError, match=r"cannot be opened \(.*; move it away"):
        fetch(server, table, tmp_path / "out")
    assert not Path(tmp_path / "out" / "0.fits").exists()
