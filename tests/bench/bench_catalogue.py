"""Simulate a catalogue of ten million objects without spectra, with latents and a map, as a user does; then replay a lasso."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from qsocore.workflow.export import export
from tests.bench import Row

N = 10_000_000
_LASSO = {"op": "polygon", "projection": "pca", "vertices": [[-3, 0], [0, 2], [1, -1], [-2, -2]]}


def rows() -> Iterator[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "ten.store"
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run([sys.executable, "-m", "qsocore.cli", "simulate", "--catalog-only", "--n", str(N), "--out", str(out)],
                       check=True, capture_output=True)
        wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        yield Row(f"`qso simulate --catalog-only --n {N:_}`: catalogue, latents and one map",
                  f"{wall:.0f} s, {cpu:.0f} s of processor time", "at most 60 s on two quiet cores")
        start = time.monotonic()
        n = export(out, Path(folder) / "lasso.parquet", selection=_LASSO, run="made-up")
        yield Row(f"replay a lasso on {N:,} objects and export {n:,} of them, all columns", f"{time.monotonic() - start:.1f} s")
