"""README, help and code say the same."""

import argparse
import re
import shlex
import sys
from pathlib import Path

import pytest

import run
from qsocore.cli import parser_of
from qsocore.commands import COMMANDS
from qsocore.figures import FIGURES
from qsocore.surveys import SURVEYS
from tests.bench.__main__ import BEGIN, END, benches, rewritten, table

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [line.strip() for language, block in re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL) if not language
          for line in block.splitlines()]
WRITTEN = [code for code in BLOCKS + re.findall(r"`([^`\n]+)`", README) if not re.search(r"\b[A-Z]{4,}\b", code)]
README_QSO = sorted({code for code in WRITTEN if code.startswith("qso ")}
                    - {"qso serve", "qso sed", "qso propose", "qso --help"})  # bare names in sentences; what is no command's
EXAMPLES = [line for name in COMMANDS.names() for line in COMMANDS.get(name).example.strip().splitlines()]
EXAMPLES += [FIGURES.get(name).example for name in FIGURES.names()]


def parse(line: str) -> argparse.Namespace:
    """What a ``qso`` command line means; wrong usage exits."""
    program, name, *words = shlex.split(line)
    assert program == "qso"
    return parser_of(name).parse_args(words)


@pytest.mark.parametrize("line", README_QSO)
def test_every_command_line_of_readme_parses(line):
    parse(line)


@pytest.mark.parametrize("line", [line for line in README_QSO + EXAMPLES if line.startswith("qso ingest")])
def test_a_reader_named_in_an_example_exists(line):
    assert (parse(line).survey or "sdss-spec") in SURVEYS


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_parses(line):
    parse(line)


@pytest.mark.parametrize("name", COMMANDS.names())
def test_every_command_is_in_readme_and_has_help(name):
    assert any(line.split()[1] == name for line in README_QSO)
    assert any(line.split()[1] == name for line in COMMANDS.get(name).example.strip().splitlines())
    for action in parser_of(name)._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), f"{action.dest} has no help"


@pytest.mark.parametrize("line", [line for line in WRITTEN if line.startswith("python3 run.py")])
def test_every_run_command_of_readme_exists(line, monkeypatch):
    monkeypatch.setattr(run, "ensure_venv", lambda venv, extras: Path(sys.executable))
    monkeypatch.setattr(run, "hand_over", lambda python, words: 0)
    assert run.main(shlex.split(line)[2:]) == 0


def test_links_of_readme_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert "constraints.txt" in links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_paths_of_readme_exist():
    named = [code for code in WRITTEN if re.fullmatch(r"(\.ci|dashboard|qsocore|tests)/[\w./-]+", code)]
    assert ".ci/run" in named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_pinned_torch_of_readme_is_the_tested_one():
    requirement = run.torch_requirement("cpu", (ROOT / "constraints.txt").read_text())
    assert set(re.findall(r"torch==[\w.+]+", README)) == {requirement}


def test_bench_table():
    from tests.bench import Row

    assert "store" in benches()
    text = table([Row("a", "1 ms", "2 ms")])
    readme = rewritten(README, text)
    assert f"{BEGIN}\n{text}\n{END}" in readme
    assert rewritten(readme, "") == rewritten(README, "")
    with pytest.raises(ValueError, match="README has no"):
        rewritten("nothing", text)
