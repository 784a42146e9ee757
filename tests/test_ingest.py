"""Ingest: real files accounted for one by one, bad input, doubles, kill and resume, a full disk, joined catalogues."""

import csv
import gzip
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from qsocore.cli import main
from qsocore.errors import AtlasError, StoreError
from qsocore.grid import get_grid
from qsocore.store import open_store
from qsocore.store.check import check
from qsocore.surveys.probe import Probe
from qsocore.workflow import ingest as module
from qsocore.workflow.ingest import ingest

N = 1200
WAVE = 4000 + 4.0 * np.arange(N)
UNIT = "1e-17 erg/s/cm2/Angstrom"


def spectrum(path, seed=0, flux=None, wave=WAVE, ivar=None, unit=UNIT, wave_unit="Angstrom", **cards):
    """A generic one-dimensional FITS table at a position of its own."""
    rng = np.random.default_rng(seed)
    flux = 10 + rng.normal(0, 1, N) if flux is None else flux
    ivar = np.ones(N) if ivar is None else ivar
    columns = [fits.Column("wave", "D", wave_unit, array=wave), fits.Column("flux", "D", unit, array=flux),
               fits.Column("ivar", "D", array=ivar)]
    header = fits.Header([("RA", 10.0 + seed), ("DEC", -5.0), ("OBJECT", f"object {seed}"), *cards.items()])
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([fits.PrimaryHDU(header=header), fits.BinTableHDU.from_columns(columns, header)]).writeto(path)
    return path


def bytes_of(store):
    """Everything that a store's objects consist of, without the date in its manifest."""
    manifest = json.loads((store / "manifest.json").read_text())
    manifest.pop("created")
    files = {str(file.relative_to(store)): file.read_bytes() for file in sorted(store.rglob("*"))
             if file.is_file() and file.name != "manifest.json"}
    return manifest, files


def qso(*words, **options):
    return subprocess.Popen([sys.executable, "-m", "qsocore.cli", *map(str, words)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1], **options)


@pytest.fixture(scope="module")
def real_report(real, tmp_path_factory):
    out = tmp_path_factory.mktemp("real") / "real.store"
    report = ingest([real], out, report=out.with_suffix(".json"), workers=2)
    return out, report


@pytest.mark.real
def test_every_real_file_is_accounted_for(real, real_report):
    out, report = real_report
    on_disk = sorted(str(path) for path in real.rglob("*") if path.is_file())
    assert [file.path for file in report.files] == sorted(on_disk, key=Path)
    assert all(file.read or file.refused for file in report.files)
    assert json.loads(out.with_suffix(".json").read_text()) == report.to_dict()
    assert open_store(out).n_rows == report.read - report.doubled
    assert not [finding for finding in check(out) if finding.severity == "error"]


@pytest.mark.real
def test_every_real_spectrum_of_the_manifest_is_read_or_refused_by_row(real, real_report):
    """A file of k spectra in the manifest gives k objects and refusals; other kinds are refused as what they are."""
    _, report = real_report
    files = {str(Path(file.path).relative_to(real)): file for file in report.files}
    with open(real / "manifest.csv", newline="") as manifest:
        rows = list(csv.DictReader(manifest))
    reasons = {"image": {"image"}, "catalogue": {"catalogue"}, "redshift table": {"redshift-table"}}
    expected: dict[str, int] = {}
    for row in rows:
        file = files[row["file"]]
        if row["kind"] in reasons:
            assert {entry["reason"] for entry in file.refused} == reasons[row["kind"]], row["file"]
            assert file.read == 0
        else:
            expected[row["file"]] = expected.get(row["file"], 0) + 1
    for name, count in expected.items():
        read, refused = files[name].read, len(files[name].refused)
        assert read + refused >= count or (read == 0 and refused == 1), name  # row by row, or the file as a whole
        assert all(entry["what"] and entry["where"] for entry in files[name].refused)


@pytest.mark.real
def test_real_objects_keep_position_redshift_and_class_of_the_manifest(real, real_report):
    out, _ = real_report
    frame = open_store(out).frame(["source_file", "source_row", "ra", "dec", "z", "class", "survey"])
    found = {(str(Path(row.source_file).relative_to(real))): row for row in frame.itertuples() if row.source_row == 0}
    with open(real / "manifest.csv", newline="") as manifest:
        rows = [row for row in csv.DictReader(manifest) if row["kind"] == "spectrum" and row["file"] in found and
                row["row"] in ("", "0") and not row["file"].startswith(("desi/", "other/"))]
    assert len(rows) > 380
    for row in rows:
        got = found[row["file"]]
        if row["ra"] and got.ra == got.ra:
            assert got.ra == pytest.approx(float(row["ra"]), abs=1e-3), row["file"]
        if row["z"] and got.z == got.z and row["z_source"].lower().find("header") < 0:
            assert got.z == pytest.approx(float(row["z"]), abs=2e-4), row["file"]


def test_bad_input_in_every_form(tmp_path, monkeypatch):
    """One directory with everything that goes wrong: each file's reason, and the good ones are read."""
    data = tmp_path / "data"
    good = spectrum(data / "good.fits", 1)
    (data / "truncated.fits").write_bytes(good.read_bytes()[:9000])
    (data / "empty.fits").write_bytes(b"")
    (data / "text.fits").write_text("this is no FITS file\n" * 50)
    (data / "picked.pkl").write_bytes(pickle.dumps({"flux": [1, 2]}))
    np.savez(data / "object.npz", flux=np.array([{"a": 1}], dtype=object))
    monkeypatch.setattr(Probe.__init__, "__defaults__", (32 << 20,))  # the limit, lowered so that the bomb may be small
    (data / "bomb.fits.gz").write_bytes(gzip.compress(b"SIMPLE  =" + bytes(64 << 20), 1))
    (data / "cut.fits.gz").write_bytes(gzip.compress(good.read_bytes())[:-2000])
    (data / "table.csv").write_text("ra,dec,z\n1,2,3\n")
    spectrum(data / "nan.fits", 2, flux=np.full(N, np.nan))
    spectrum(data / "zero_ivar.fits", 3, ivar=np.zeros(N))
    spectrum(data / "unsorted.fits", 4, wave=WAVE[::-1])
    spectrum(data / "repeated.fits", 5, wave=np.full(N, 5000.0))
    spectrum(data / "negative.fits", 6, wave=WAVE - 5000)
    spectrum(data / "seconds.fits", 7, unit="s")
    spectrum(data / "wave_seconds.fits", 8, wave_unit="s")
    spectrum(data / "infrared.fits", 9, wave=WAVE + 20_000)
    spectrum(data / "sub" / "copy.fits", 1)
    (data / "sub" / "copy.fits").rename(data / "sub" / "good.fits")
    fits.PrimaryHDU(np.ones((30, 30))).writeto(data / "image.fits")
    fits.PrimaryHDU().writeto(data / "nothing.fits")
    os.mkfifo(data / "pipe")
    (data / "dangling.fits").symlink_to(data / "gone.fits")
    report = ingest([data], tmp_path / "out.store", workers=1)
    reasons = {Path(file.path).name: [entry["reason"] for entry in file.refused] for file in report.files}
    assert reasons == {
        "good.fits": [], "unsorted.fits": [], "truncated.fits": ["truncated"], "empty.fits": ["empty"],
        "text.fits": ["unknown-format"], "picked.pkl": ["pickle"], "object.npz": ["pickle"], "bomb.fits.gz": ["too-large"],
        "cut.fits.gz": ["truncated"], "table.csv": ["catalogue"], "nan.fits": ["no-good-pixel"],
        "zero_ivar.fits": ["no-good-pixel"], "repeated.fits": ["bad-wavelength"], "negative.fits": ["bad-wavelength"],
        "seconds.fits": ["wrong-unit"], "wave_seconds.fits": ["wrong-unit"], "infrared.fits": ["no-coverage"],
        "image.fits": ["image"], "nothing.fits": ["unrecognised"], "pipe": ["not-a-file"], "dangling.fits": ["unreadable"],
    }
    assert (report.read, report.doubled, report.flagged) == (3, 1, 3)
    assert sum(file.doubled for file in report.files if "sub" in file.path) == 1
    store = open_store(tmp_path / "out.store")
    assert store.n_rows == 2 and not any("sub" in name for name in store.column("source_file"))
    for file in report.files:
        for entry in file.refused:
            assert Path(file.path).name in entry["where"] and entry["what"], entry


def test_unreadable_files_and_folders_are_refused(tmp_path):
    """By a forked child without privileges, because root may read everything."""
    data = tmp_path / "data"
    spectrum(data / "a.fits", 1)
    ingest([data], tmp_path / "warm.store", workers=1)  # everything is imported before the child loses its rights
    spectrum(data / "locked.fits", 2).chmod(0)
    (data / "closed").mkdir(mode=0)
    for folder in (tmp_path, *tmp_path.parents):
        if not os.access(folder, os.W_OK) or folder == Path("/tmp"):
            break
        folder.chmod(folder.stat().st_mode | 0o011)
    tmp_path.chmod(0o777)
    child = os.fork()
    if child == 0:
        status = 1
        signal.alarm(60)
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            report = ingest([data], tmp_path / "out.store", workers=1)
            status = 0 if report.read == 1 and report.refused == {"unreadable": 2} else 2
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    (data / "closed").chmod(0o755)
    assert status == 0


def test_the_store_is_what_the_reader_gave(tmp_path):
    """Constant flux density stays what it is on the grid, and the row carries units and roles."""
    spectrum(tmp_path / "data" / "flat.fits", 3, flux=np.where(np.arange(N) % 2, 6.0, 4.0), ivar=np.full(N, 4.0))
    report = ingest([tmp_path / "data"], tmp_path / "out.store")
    store = open_store(report.store)
    block = store.spectra([0])
    good = block.mask[0] == 0
    assert np.median(block.flux[0][good]) == pytest.approx(5.0, abs=0.6) and (block.ivar[0][~good] == 0).all()
    covered = (store.grid.wave > WAVE[0]) & (store.grid.wave < WAVE[-1])
    assert (good == covered).mean() > 0.998
    row = store.row(0)
    assert (row["ra"], row["dec"], row["target"]) == (13.0, -5.0, "object 3") and row["calibrated"]
    assert row["snr_median"] == pytest.approx(10.0, abs=2.1) and store.columns["ra"].unit == "deg"
    assert row["source_file"].endswith("flat.fits") and store.manifest.provenance["command"] == "ingest"


def test_workers_and_order_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LEAST_BLOCK", 100_000)
    paths = [spectrum(tmp_path / "data" / f"{i:02d}.fits", i) for i in range(12)]
    ingest([tmp_path / "data"], tmp_path / "a.store", workers=1)
    ingest([*reversed(paths), tmp_path / "data"], tmp_path / "b.store", workers=2)
    assert bytes_of(tmp_path / "a.store") == bytes_of(tmp_path / "b.store")
    assert open_store(tmp_path / "a.store").n_rows == 12 and len(open_store(tmp_path / "a.store").manifest.shards) > 3


def test_many_rows_spill_into_the_blocks_other_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_ROWS", 3)
    monkeypatch.setattr(module, "_ROW_BYTES", 15_000)
    monkeypatch.setattr(module, "SHARD_ROWS", 4)
    for i in range(10):
        spectrum(tmp_path / "data" / f"{i:02d}.fits", i)
    report = ingest([tmp_path / "data"], tmp_path / "out.store", workers=1)
    store = open_store(report.store)
    assert report.read == 10 and [shard.rows for shard in store.manifest.shards] == [3, 3, 3, 1]
    assert store.column("target").tolist() == [f"object {i}" for i in range(10)]
    monkeypatch.setattr(module, "_ROW_BYTES", 1 << 40)  # no room to spill: what is over is refused, not lost
    report = ingest([tmp_path / "data"], tmp_path / "full.store", workers=1)
    assert report.read == 4 and report.refused == {"too-many": 6}


def test_a_killed_ingest_resumes_to_the_same_bytes(tmp_path):
    """kill -9 in the middle, of a process with workers; the workers end too, and the second call makes the same store."""
    data = tmp_path / "data"
    for i in range(160):
        spectrum(data / f"{i:03d}.fits", i)
    with open(data / "zzz.fits", "wb") as file:  # a second block, of a file that nothing can be read from
        file.truncate(9 << 20)
    slow = qso("ingest", data, "--out", tmp_path / "a.store", "--workers", 2, start_new_session=True)
    partial = tmp_path / "a.store.partial"
    children: list[int] = []
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and slow.poll() is None:
        children = _children(slow.pid) or children
        if list(partial.glob("fragments/*.parquet")):
            break
        time.sleep(0.002)
    os.kill(slow.pid, signal.SIGKILL)
    slow.communicate()
    assert not (tmp_path / "a.store").exists() and partial.exists()
    for _ in range(100):
        if not any(Path(f"/proc/{child}").exists() and "qsocore" in _command(child) for child in children):
            break
        time.sleep(0.1)
    else:
        pytest.fail("a worker outlived its parent")
    (partial / "arrays").mkdir(exist_ok=True)
    (partial / "arrays" / ".flux-00000.npy.1.tmp").write_bytes(b"killed in the middle of a file")
    again = qso("ingest", data, "--out", tmp_path / "a.store", "--report", tmp_path / "a.json", "--workers", 1)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    ingest([data], tmp_path / "b.store", workers=1)
    assert bytes_of(tmp_path / "a.store") == bytes_of(tmp_path / "b.store")
    assert json.loads((tmp_path / "a.json").read_text())["read"] == 160 and "160" in out
    assert not partial.exists()


def test_an_interrupted_ingest_says_one_line_and_goes_on(tmp_path):
    """Ctrl-C reaches the whole process group, workers included: no traceback of any of them."""
    data = tmp_path / "data"
    for i in range(400):
        spectrum(data / f"{i:03d}.fits", i)
    with open(data / "zzz.fits", "wb") as file:
        file.truncate(9 << 20)
    words = ("ingest", data, "--out", tmp_path / "a.store", "--workers", 2)
    slow = qso(*words, start_new_session=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _children(slow.pid) and slow.poll() is None:
        time.sleep(0.01)
    time.sleep(0.3)  # the workers are importing, or reading already
    os.killpg(slow.pid, signal.SIGINT)
    _, err = slow.communicate(timeout=60)
    assert slow.returncode == 130 and "Traceback" not in err and "stopped" in err, err
    assert not (tmp_path / "a.store").exists()
    assert main(list(map(str, words))) == 0 and open_store(tmp_path / "a.store").n_rows == 400


def _children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_whole_blocks_are_not_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LEAST_BLOCK", 100_000)
    for i in range(9):
        spectrum(tmp_path / "data" / f"{i:02d}.fits", i)
    real_read, seen = module.read_block, []

    def stopping(job, block):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(block.shards[0])
        return real_read(job, block)

    monkeypatch.setattr(module, "read_block", stopping)
    with pytest.raises(KeyboardInterrupt):
        ingest([tmp_path / "data"], tmp_path / "out.store", workers=1)
    monkeypatch.setattr(module, "read_block", lambda job, block: seen.append(block.shards[0]) or real_read(job, block))
    report = ingest([tmp_path / "data"], tmp_path / "out.store", workers=1)
    assert sorted(set(seen)) == sorted(seen) and report.read == 9 and len(report.files) == 9


def test_other_inputs_do_not_go_on_with_an_unfinished_store(tmp_path, monkeypatch):
    spectrum(tmp_path / "data" / "a.fits", 1)
    monkeypatch.setattr(module, "read_block", lambda job, block: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        ingest([tmp_path / "data"], tmp_path / "out.store", workers=1)
    monkeypatch.undo()
    spectrum(tmp_path / "data" / "b.fits", 2)
    with pytest.raises(StoreError, match="other inputs"):
        ingest([tmp_path / "data"], tmp_path / "out.store", workers=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_one_line_and_nothing_half_written(tmp_path, workers):
    """No file may grow beyond 100 kB: the arrays cannot be written."""
    for i in range(160 if workers == 2 else 20):
        spectrum(tmp_path / "data" / f"{i:03d}.fits", i)
    if workers == 2:
        (tmp_path / "data" / "zzz").write_bytes(bytes(9 << 20))
    words = ("ingest", tmp_path / "data", "--out", tmp_path / "out.store", "--workers", workers)
    full = qso(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)))
    _, err = full.communicate(timeout=120)
    lines = [line for line in err.splitlines() if not line.startswith("ingest")]
    assert full.returncode == 1 and len(lines) == 1 and lines[0].startswith("qso: ") and "Traceback" not in err, err
    assert not (tmp_path / "out.store").exists()
    assert not list(tmp_path.rglob("*.npy")) and not list(tmp_path.rglob("*.tmp"))
    assert main(list(map(str, words))) == 0  # room again: the same command goes on
    assert open_store(tmp_path / "out.store").n_rows == (160 if workers == 2 else 20)


def test_nothing_readable_leaves_nothing_and_fails(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("ra,dec\n1,2\n")
    data, out, report = (str(tmp_path / name) for name in ("data", "out.store", "r.json"))
    assert main(["ingest", data, "--out", out, "--report", report]) == 1
    assert "catalogue" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "r.json"]


@pytest.mark.parametrize("words, says", [
    (["nowhere"], "no such file"), (["data", "--survey", "sdsss"], "no survey is called"),
    (["data", "--grid", "atlas"], "grid"), (["data", "--catalog", "nowhere.csv"], "nowhere.csv"),
])
def test_wrong_words_are_one_line(tmp_path, monkeypatch, capsys, words, says):
    spectrum(tmp_path / "data" / "a.fits", 1)
    monkeypatch.chdir(tmp_path)
    assert main(["ingest", *words, "--out", "out.store"]) == 1
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1 and not list(tmp_path.glob("out*"))


def test_an_existing_store_is_not_touched(tmp_path):
    spectrum(tmp_path / "data" / "a.fits", 1)
    ingest([tmp_path / "data"], tmp_path / "out.store", workers=1)
    before = bytes_of(tmp_path / "out.store")
    with pytest.raises(AtlasError, match="exists"):
        ingest([tmp_path / "data"], tmp_path / "out.store", workers=1)
    assert bytes_of(tmp_path / "out.store") == before


def test_a_store_among_the_inputs_is_left_out(tmp_path):
    spectrum(tmp_path / "data" / "a.fits", 1)
    ingest([tmp_path / "data"], tmp_path / "data" / "old.store", workers=1)
    report = ingest([tmp_path / "data"], tmp_path / "data" / "new.store", workers=1)
    assert [Path(file.path).name for file in report.files] == ["a.fits"]


def test_a_catalogue_is_joined_by_id_and_by_position(tmp_path):
    for i in range(4):
        spectrum(tmp_path / "data" / f"{i}.fits", i)
    table = tmp_path / "more.csv"
    # object 0 and 2 by name, object 3 by position (0.5 arcsec off), object 1 not at all; 99 is no magnitude
    table.write_text("target_name,ra,dec,z,class,g_mag,COUNT\nobject 0,200,0,1.5,QSO,20.5,9007199254740993\n"
                     f"object 2,200,0,2.5,STAR,99,5\nelse,{13 + 0.5 / 3600:.7f},-5,3.5,QSO,21.0,7\n")
    report = ingest([tmp_path / "data"], tmp_path / "out.store", catalog=table, workers=1)
    assert report.joined["by"] == {"target_name": 2, "position": 1}
    store = open_store(tmp_path / "out.store")
    order = np.argsort(store.column("target"))
    assert store.column("z")[order] == pytest.approx([1.5, np.nan, 2.5, 3.5], nan_ok=True)
    assert store.column("class")[order].tolist() == ["QSO", "", "STAR", "QSO"]
    assert store.column("mag_g")[order] == pytest.approx([20.5, np.nan, np.nan, 21.0], nan_ok=True)
    assert store.columns["mag_g"].role == "magnitude" and store.columns["mag_g"].unit == "mag"
    assert store.columns["count"].dtype == "int64" and "3 " in report.table()


def test_rest_frame_grid_needs_redshifts(tmp_path):
    spectrum(tmp_path / "data" / "a.fits", 1, REDSHIFT=1.0)
    spectrum(tmp_path / "data" / "b.fits", 2)
    report = ingest([tmp_path / "data"], tmp_path / "out.store", grid=get_grid("rest-uv1500"), workers=1)
    assert report.read == 1 and report.refused == {"no-redshift": 1}
