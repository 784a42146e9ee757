"""run.py: standard library only, the right torch, clear words; the installation itself is tested by every use of it."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import run

ROOT = Path(__file__).resolve().parents[1]


def call(*words, **env):
    """run.py in a process of its own: exit status, standard output, standard error."""
    done = subprocess.run([sys.executable, ROOT / "run.py", *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **env})
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """An environment that looks finished for this Python and the CPU torch, with an interpreter that prints its words."""
    monkeypatch.setenv("QSO_ATLAS_TORCH", "cpu")
    variant = run.torch_variant("cpu", run.platform.system(), False)
    python = run.python_of(tmp_path / "venv")
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    run.write_stamp(tmp_path / "venv", run.wanted_stamp(variant) | {"finished": True, "extras": ["test"]})
    return tmp_path / "venv"


def test_imports_the_standard_library_only():
    nodes = list(ast.walk(ast.parse((ROOT / "run.py").read_text())))
    names = {name.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module.split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert "subprocess" in names and names <= sys.stdlib_module_names


@pytest.mark.parametrize(("choice", "system", "gpu", "variant"), [
    ("", "Linux", False, "cpu"), ("", "Linux", True, "cuda"), ("cpu", "Linux", True, "cpu"), ("cuda", "Linux", False, "cuda"),
    ("", "Darwin", False, "plain"), ("cpu", "Windows", True, "plain"),
])
def test_which_torch(choice, system, gpu, variant):
    assert run.torch_variant(choice, system, gpu) == variant


def test_the_cpu_torch_is_pinned_to_its_build():
    constraints = (ROOT / "constraints.txt").read_text()
    assert run.torch_requirement("cpu", constraints) == run.torch_requirement("cuda", constraints) + "+cpu"
    assert "+cpu\n" not in constraints  # the same file serves a GPU


def test_a_wrong_choice_of_torch():
    with pytest.raises(run.Missing, match="QSO_ATLAS_TORCH=rocm is neither cpu nor cuda"):
        run.torch_variant("rocm", "Linux", False)


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_other_pythons_are_refused(version):
    with pytest.raises(run.Missing, match=r"3\.11 to 3\.13, this is .*install one of them"):
        run.check_python(version, which=lambda name: None)
    with pytest.raises(run.Missing, match=r"use python3\.12 run\.py"):
        run.check_python(version, which=lambda name: name if name == "python3.12" else None)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_fitting_pythons(version):
    run.check_python(version)


def test_a_finished_environment_is_reused(finished):
    assert run.ensure_venv(finished, {"test"}) == run.python_of(finished)
    assert call("demo", "--size", "5", QSO_ATLAS_VENV=str(finished)) == (0, "-m qsocore.cli demo --size 5\n", "")
    assert call("test", "-k", "name", QSO_ATLAS_VENV=str(finished)) == (0, "-m pytest -k name\n", "")


@pytest.mark.parametrize("change", [{"finished": False}, {"torch": "cuda"}, {"python": "3.9"}, {"root": "/elsewhere"}])
def test_an_unfinished_or_unfit_environment_is_made_anew(finished, change, monkeypatch):
    made = []
    monkeypatch.setattr(run, "make_venv", lambda venv, wanted: made.append(venv))
    monkeypatch.setattr(run, "pip", lambda *words: True)
    run.write_stamp(finished, run.read_stamp(finished) | change)
    run.ensure_venv(finished, set())
    assert made == [finished]
    assert run.read_stamp(finished)["finished"]


def test_new_dependencies_are_installed_over_the_old(finished, monkeypatch):
    calls = []
    monkeypatch.setattr(run, "make_venv", lambda *_: pytest.fail("made anew"))
    monkeypatch.setattr(run, "pip", lambda venv, *words: calls.append(words) or True)
    run.write_stamp(finished, run.read_stamp(finished) | {"hash": "of older constraints"})
    run.ensure_venv(finished, {"dev"})
    assert calls[-1] == ("--editable", f"{ROOT}[dev,test]")
    assert run.read_stamp(finished)["extras"] == ["dev", "test"]


def test_a_failed_install_stays_unfinished_and_says_so(finished, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(run, "make_venv", lambda *_: None)
    monkeypatch.setattr(run, "pip", lambda venv, *words: bool(asked.append(words)))
    monkeypatch.setattr(run.platform, "system", lambda: "Linux")
    run.write_stamp(finished, run.read_stamp(finished) | {"finished": False})
    with pytest.raises(run.Missing, match="no network"):
        run.ensure_venv(finished, set())
    assert [words[1:] for words in asked] == [(), ("--extra-index-url", run.TORCH_CPU_INDEX)]  # the user's own indexes first
    assert not json.loads((finished / run.STAMP).read_text())["finished"]


def test_a_foreign_environment_is_not_touched(tmp_path):
    (tmp_path / "keep.txt").write_text("mine")
    status, out, err = call("venv", QSO_ATLAS_VENV=str(tmp_path))
    assert (status, out) == (1, "") and err.count("\n") == 1
    assert "was not made by run.py" in err and (tmp_path / "keep.txt").read_text() == "mine"


def test_a_missing_venv_module_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(run.Missing, match="apt install python3-venv"):
        run.make_venv(tmp_path / "venv", {})
