"""Simulate a survey as the demo does, on one processor, writing included; and what of that the noiseless spectra cost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qsocore.grid import DEFAULT_GRID
from qsocore.simulate import population
from qsocore.workflow.simulate import simulate
from tests.bench import Row, best_of

N, ROUNDS = 4096, 3


def rows() -> Iterator[Row]:
    """Spectra per second and processor of the demo's mixture."""
    with tempfile.TemporaryDirectory() as folder:
        names = iter(range(ROUNDS + 1))

        def whole():
            simulate(Path(folder) / f"{next(names)}.store", N, seed=1, workers=1)

        whole()  # templates are made once in a process
        seconds = best_of(ROUNDS, whole)
    noiseless = best_of(ROUNDS, lambda: population.draw(1024, DEFAULT_GRID.wave, np.random.default_rng(1))) / 1024
    yield Row(f"simulate {N:,} spectra of {DEFAULT_GRID.n_pix:,} pixels into a store, one process",
              f"{N / seconds:,.0f} spectra/s", "required: 1,000")
    yield Row("of that, the noiseless spectra alone", f"{1 / noiseless:,.0f} spectra/s")
