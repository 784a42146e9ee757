"""Wall time of the demo without the installation, of its second call, and of ``qso --help``, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from qsocore.workflow.demo import SIZE
from tests.bench import Row, best_of


def rows() -> Iterator[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        demo = ["demo", "--no-serve", "--store", str(Path(folder) / "demo.store")]
        before = os.times()
        wall = best_of(1, lambda: _qso(demo, folder))
        after = os.times()
        work = after.children_user + after.children_system - before.children_user - before.children_system
        yield Row(f"`qso demo --no-serve`, {SIZE:,} objects: simulate, train, embed",
                  f"{wall:.0f} s, {work:.0f} s of processor time", "at most 120 s on two quiet cores")
        yield Row("the same again", f"{best_of(3, lambda: _qso(demo, folder)):.1f} s", "")
        yield Row("`qso --help`", f"{1e3 * best_of(10, lambda: _qso(['--help'], folder)):.0f} ms",
                  f"an empty Python {1e3 * best_of(10, lambda: _python(['-c', ''], folder)):.0f} ms; at most 300 ms")


def _qso(words: list[str], home: str) -> None:
    _python(["-m", "qsocore.cli", *words], home)


def _python(words: list[str], home: str) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env=os.environ | {"QSO_ATLAS_HOME": home})
