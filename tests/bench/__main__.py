"""Run the benches and print their table: ``python -m tests.bench [NAME ...] [--write]``; ``--write`` puts it into README."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import tests.bench
from tests.bench import Row

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
GROUPS = MappingProxyType({"candidates": ("crossmatch", "download", "sed", "desks", "verdicts", "active")})
"""Benches that are measured one after the other into one table, under a name for all."""


def benches() -> list[str]:
    """Names of the benches there are."""
    names = (module.name for module in pkgutil.iter_modules(tests.bench.__path__))
    return sorted(name.removeprefix("bench_") for name in names if name.startswith("bench_"))


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | measured | beside |", "|---|---|---|"]
    return "\n".join(lines + [f"| {row.what} | {row.value} | {row.beside} |" for row in rows])


def machine() -> str:
    """On what it was measured."""
    return (f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}, "
            f"load {os.getloadavg()[0]:.1f} at the start")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def rewritten(readme: str, text: str, name: str = "bench") -> str:
    """README with what stands between the markers of a table replaced: of all benches, or of one that has its own."""
    begin, end = marks(name)
    head, _, rest = readme.partition(begin)
    _, _, tail = rest.partition(end)
    if not tail:
        raise ValueError(f"README has no {begin} ... {end}")
    return f"{head}{begin}\n{text}\n{end}{tail}"


def marks(name: str) -> tuple[str, str]:
    """What stands before and after a table in README."""
    return BEGIN.replace("bench", name), END.replace("bench", name)


def has_own(name: str, readme: str) -> bool:
    """Whether README has a table for a bench alone."""
    return marks(f"bench {name}")[0] in readme


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    known = [*benches(), *GROUPS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(known)}")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    args = parser.parse_args()
    if unknown := set(args.names) - set(known):
        parser.error(f"no bench is called {', '.join(sorted(unknown))}")
    readme = README.read_text(encoding="utf-8")
    own = [name for name in known if has_own(name, readme)]
    if args.write and (shared := [name for name in args.names if name not in own]):
        parser.error(f"{', '.join(shared)} shares a table with others; --write needs all of them, or one of {', '.join(own)}")
    grouped = {name for names in GROUPS.values() for name in names}
    common = [] if args.names else [name for name in benches() if name not in own and name not in grouped]
    for title, names in ([("bench", common)] if common else []) + [(f"bench {name}", [name]) for name in args.names or own]:
        text = f"Measured with `python -m tests.{title} --write`: {machine()}.\n\n{table(measured(names))}"
        print(text)
        if args.write:
            README.write_text(rewritten(README.read_text(encoding="utf-8"), text, title), encoding="utf-8")


def measured(names: Iterable[str]) -> list[Row]:
    """The rows of some benches, or groups of them."""
    rows = []
    for name in (part for given in names for part in GROUPS.get(given, (given,))):
        print(f"{name} ...", file=sys.stderr, flush=True)
        for row in importlib.import_module(f"tests.bench.bench_{name}").rows():
            print(f"  {row.what}: {row.value}  ({row.beside})", file=sys.stderr, flush=True)
            rows.append(row)
    return rows


if __name__ == "__main__":
    main()
