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

import tests.bench
from tests.bench import Row

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


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


def rewritten(readme: str, text: str) -> str:
    """README with what stands between the markers replaced."""
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    if not tail:
        raise ValueError(f"README has no {BEGIN} ... {END}")
    return f"{head}{BEGIN}\n{text}\n{END}{tail}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(benches())}")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    args = parser.parse_args()
    if unknown := set(args.names) - set(benches()):
        parser.error(f"no bench is called {', '.join(sorted(unknown))}")
    if args.write and args.names:
        parser.error("--write replaces the whole table, so it needs all benches")
    header, rows = machine(), []
    print(header, file=sys.stderr)
    for name in args.names or benches():
        print(f"{name} ...", file=sys.stderr, flush=True)
        for row in importlib.import_module(f"tests.bench.bench_{name}").rows():
            print(f"  {row.what}: {row.value}  ({row.beside})", file=sys.stderr, flush=True)
            rows.append(row)
    text = f"Measured with `python -m tests.bench --write`: {header}.\n\n{table(rows)}"
    print(text)
    if args.write:
        README.write_text(rewritten(README.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main()
