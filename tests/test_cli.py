"""The command line as a user meets it, mostly in processes of its own."""

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import qsocore
from qsocore import cli
from qsocore.cli import Command, explain, main, overview, parser_of
from qsocore.commands import COMMANDS
from qsocore.errors import StoreError
from qsocore.grid import WaveGrid
from qsocore.store import StoreWriter

HEAVY = ("torch", "numpy", "pandas", "pyarrow", "astropy", "matplotlib", "scipy", "panel", "bokeh", "holoviews", "umap")


def qso(*words, **options):
    """``qso`` in a process of its own: exit status, standard output, standard error."""
    done = subprocess.run([sys.executable, "-m", "qsocore.cli", *map(str, words)], capture_output=True, text=True, timeout=120,
                          **options)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def store(tmp_path):
    """A clean store of six spectra on eight pixels."""
    grid = WaveGrid("tiny", "linear", 4000.0, 4070.0, 8)
    writer = StoreWriter(tmp_path / "six.store", grid, {"citation": "Ada et al. 1843"}, 1)
    ones = np.ones((6, 8), np.float32)
    writer.write_shard(0, ones, ones, np.zeros((6, 8), np.uint8), {
        "object_id": [f"toy:r1:{i}" for i in range(6)], "survey": ["toy"] * 6, "class": ["QSO"] * 4 + ["STAR", None],
        "z": [0.1, 0.2, 0.3, 0.4, 0.0, np.nan]})
    return writer.finish()


@pytest.fixture
def raising(monkeypatch):
    """Make ``qso info`` raise an error."""
    def make(error: BaseException):
        def run(args):
            raise error
        info = Command("says", "qso info a.store", lambda parser: parser.add_argument("store"), run, kept="all is kept")
        monkeypatch.setattr(cli.COMMANDS, "get", lambda name: info)
    return make


def test_help_lists_every_command_and_imports_nothing_heavy():
    code = f"""
import sys
from qsocore.cli import main
status = main(["--help"])
heavy = [name for name in {HEAVY} if name in sys.modules]
sys.exit(f"imported {{heavy}}" if heavy or status else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for name in COMMANDS.names():
        assert f"  {name} " in done.stdout
    assert "cannot be imported" not in done.stdout


@pytest.mark.parametrize("name", COMMANDS.names())
def test_help_of_each_ends_with_its_example(name):
    status, out, err = qso(name, "--help")
    assert (status, err) == (0, "")
    tail = [line.strip() for line in out.rstrip().splitlines()]
    example = COMMANDS.get(name).example.strip().splitlines()
    assert tail[-len(example):] == [line.strip() for line in example]
    assert tail[-len(example) - 1] == "example:"
    assert "\n" not in COMMANDS.get(name).summary


def test_version():
    assert qso("--version") == (0, f"qso {qsocore.__version__}\n", "")


def test_no_words_is_help(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == overview() + "\n"


def test_unknown_command_names_the_nearest():
    status, out, err = qso("inof", "a.store")
    assert (status, out) == (1, "")
    assert err == "qso: no command is called 'inof'; did you mean info?\n"


@pytest.mark.parametrize("words", [["info"], ["info", "a", "b"], ["info", "a", "--jsn"]])
def test_wrong_usage_is_one_line(words):
    status, out, err = qso(*words)
    assert (status, out) == (2, "") and err.startswith("qso info: ") and err.count("\n") == 1
    assert err.endswith("see qso info --help\n")


def test_an_error_is_one_line_without_traceback():
    status, out, err = qso("info", "nowhere.store")
    assert (status, out) == (1, "")
    assert err == "qso: nowhere.store: there is no such store; make one with 'qso ingest' or 'qso simulate'\n"


def test_debug_shows_the_traceback():
    status, _, err = qso("info", "nowhere.store", "--debug")
    assert status == 1 and "Traceback" in err and "StoreError" in err


@pytest.mark.parametrize(("error", "line"), [
    (StoreError("it is\nbroken", "a.store", "mend it"), "a.store: it is broken; mend it"),
    (OSError(errno.ENOSPC, "No space left on device", "x.npy"),
     "x.npy: no space left on device; make room and run the same command again"),
    (PermissionError(errno.EACCES, "Permission denied", "/root/x"),
     "/root/x: permission denied; look at the permissions, or choose another place"),
    (MemoryError(), "not enough memory; try a smaller batch, fewer workers or fewer objects"),
    (KeyError("x"), "a defect of QSO Atlas (KeyError: 'x'); run again with --debug and report what it prints"),
])
def test_every_error_is_explained(error, line, raising, capsys):
    assert explain(error) == line
    raising(error)
    assert main(["info", "a.store"]) == 1
    assert capsys.readouterr().err == f"qso: {line}\n"


def test_interrupted(raising, capsys):
    raising(KeyboardInterrupt())
    assert main(["info", "a.store"]) == 130
    assert capsys.readouterr().err == "qso: stopped; all is kept\n"


def test_a_reader_that_has_seen_enough(store):
    """``qso info STORE | true``: a closed pipe is no error."""
    read, write = os.pipe()
    os.close(read)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run([sys.executable, "-m", "qsocore.cli", "info", store.path], stdout=write, stderr=subprocess.PIPE,
                          text=True, env=buffered)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_foreign_command_that_cannot_be_imported_does_not_take_help_away(monkeypatch):
    def get(name):
        raise ImportError("no module 'their'")
    monkeypatch.setattr(cli.COMMANDS, "get", get)
    assert "(cannot be imported: no module 'their')" in overview()


def test_parser_of_an_unknown_command():
    with pytest.raises(qsocore.errors.ConfigError, match="no command"):
        parser_of("nothing")


def test_info(store):
    status, out, err = qso("info", store.path)
    assert (status, err) == (0, "")
    for words in ("6 objects", "tiny (8 pixels, observed frame", "toy 6", "QSO 4, STAR 1, none 1", "Ada et al. 1843"):
        assert words in out
    status, out, _ = qso("info", store.path, "--json")
    info = json.loads(out)
    assert info["rows"] == 6 and info["classes"] == {"QSO": 4, "STAR": 1, "": 1} and info["surveys"] == {"toy": 6}
    assert info["grid"] == store.grid.to_dict()
    assert {column["name"]: column["role"] for column in info["columns"]}["z"] == "redshift"
    assert info["bytes"] == sum(file.stat().st_size for file in store.path.rglob("*") if file.is_file())


def test_check(store):
    assert qso("check", store.path) == (0, f"{store.path}: clean\n", "")
    flux = next((store.path / "arrays").glob("flux-*"))
    content = bytearray(flux.read_bytes())
    content[-1] ^= 1
    flux.chmod(0o644)
    flux.write_bytes(content)
    status, out, _ = qso("check", store.path)
    assert status == 1 and "checksum" in out and out.endswith("1 errors, 0 warnings\n")
    status, out, _ = qso("check", store.path / "nothing")
    assert status == 1 and "no such store" in out


def test_figure_formats(tmp_path):
    from matplotlib.figure import Figure

    from qsocore.figures import save

    save(Figure(), tmp_path / "empty.pdf")
    assert (tmp_path / "empty.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(qsocore.errors.ConfigError, match=r"\.fits is no format of a figure"):
        save(Figure(), tmp_path / "empty.fits")
    assert [file.name for file in tmp_path.iterdir()] == ["empty.pdf"]
