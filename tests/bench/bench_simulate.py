"""Simulate a survey as the demo does, in one process, writing included; what of that the noiseless spectra cost; and images.

Per core means per second of processor time, which other work on the machine cannot lengthen by making it wait.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from qsocore.grid import DEFAULT_GRID
from qsocore.simulate import population
from qsocore.simulate.images.kinds import MIXTURES, ImageSample
from qsocore.workflow.simulate import simulate, simulate_images
from tests.bench import Row

N, ROUNDS = 4096, 3
N_IMAGES = 2048


def rows() -> Iterator[Row]:
    """Spectra per second and core of the demo's mixture."""
    with tempfile.TemporaryDirectory() as folder:
        names = iter(range(ROUNDS + 1))

        def whole():
            simulate(Path(folder) / f"{next(names)}.store", N, seed=1, workers=1)

        whole()  # templates are made once in a process
        cpu, wall = _best(whole)
    noiseless, _ = _best(lambda: population.draw(1024, DEFAULT_GRID.wave, np.random.default_rng(1)))
    yield Row(f"simulate {N:,} spectra of {DEFAULT_GRID.n_pix:,} pixels into a store, one process",
              f"{N / cpu:,.0f} spectra/s per core ({N / wall:,.0f} by the clock)", "required: 1,000 per core")
    yield Row("of that, the noiseless spectra alone", f"{1024 / noiseless:,.0f} spectra/s per core")
    for mixture, selection in (("des", "none"), ("morphology", "none"), ("glq", "glq")):
        cpu = _images(mixture, ImageSample(selection))
        cuts = ", cut as glq_mpia does" if selection == "glq" else ""
        yield Row(f"simulate {N_IMAGES:,} cutouts of 28 x 28 x 5 (mixture {mixture}{cuts}) with 9-band photometry into a store",
                  f"{N_IMAGES / cpu:,.0f} cutouts/s per core", "required: 300 per core")


def _images(mixture: str, sample: ImageSample) -> float:
    """Least processor time to simulate `N_IMAGES` cutouts in one process, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        names = iter(range(ROUNDS + 1))

        def whole():
            simulate_images(Path(folder) / f"{next(names)}.store", N_IMAGES, 1, 1, MIXTURES[mixture], sample)

        whole()  # tables are made once in a process
        return _best(whole)[0]


def _best(work: Callable[[], object]) -> tuple[float, float]:
    """Least processor time and least wall time of several calls, seconds."""
    spent = []
    for _ in range(ROUNDS):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        spent.append((time.process_time() - cpu, time.perf_counter() - wall))
    return tuple(np.min(spent, axis=0))
