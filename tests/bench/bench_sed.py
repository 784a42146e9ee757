"""Fits of photometry: the real table through all grids, beside its count of multiplications and LePHARE on the same machine."""

from __future__ import annotations

import os
import tarfile
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from qsocore.sed import pairs
from qsocore.sed.backends.base import Settings
from qsocore.sed.backends.lephare import run
from qsocore.sed.bandfluxes import BandFluxes, from_table
from qsocore.sed.fit import KINDS, fit, grids_of
from qsocore.sed.sample import sample
from tests.bench import Row

REAL = Path(os.environ.get("QSO_ATLAS_REAL") or Path(__file__).resolve().parents[3] / "shared" / "real")
_TABLE = REAL / "catalogues" / "glq_mpia" / "cut_crossmatched_objects.csv"
_SOME = 100  # objects that LePHARE is given
_STEPS = 1_000


def rows() -> Iterator[Row]:
    """Seconds of the whole table, of a chain, and milliseconds an object of LePHARE."""
    if not _TABLE.exists():
        return
    fluxes = from_table(_TABLE)
    fit(fluxes.take(np.arange(64)))  # grids are made and loops compiled
    start = time.perf_counter()
    fit(fluxes)
    seconds = time.perf_counter() - start
    products = _products(fluxes)
    beside = f"{products:.1e} multiply-adds: {2 * products / seconds / 1e9:.0f} GFLOP/s of {_peak():.0f} of a matrix product"
    yield Row(f"SED: {len(fluxes):,} objects, 9 bands, {', '.join(KINDS)}", f"{seconds:.0f} s", beside + _lephare(fluxes))
    row = fluxes.object_ids.index("1143273115")
    start = time.perf_counter()
    sample(fluxes, row, KINDS[3], fixed_z=6.074, steps=_STEPS, burn=_STEPS // 2)
    seconds = time.perf_counter() - start
    yield Row(f"SED: optimum and {_STEPS:,} steps of 32 walkers, quasar+galaxy", f"{seconds:.1f} s",
              f"{32 * _STEPS / seconds:,.0f} likelihoods/s; a galaxy of BAGPIPES alone takes 42 ms")


def _products(fluxes: BandFluxes) -> float:
    """Multiplications and additions: two products a model and band; of pairs one a band, and ten for the closed form."""
    grids, bands = grids_of(fluxes.bands, KINDS), len(fluxes.bands)
    single = sum(2 * bands * len(grids[kind].flux) for kind in KINDS[:3])
    coarse = [len(grid.flux) for grid in pairs.coarse(fluxes.bands)]
    return len(fluxes) * (single + (bands + 10) * coarse[0] * coarse[1])


def _peak() -> float:
    """GFLOP/s of single-precision matrix products here."""
    a = np.ones((2_000, 2_000), np.float32)
    best = np.inf
    for _ in range(4):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * 2_000**3 / best / 1e9


def _lephare(fluxes: BandFluxes) -> str:
    packed = REAL.parent / "lephare.tar.xz"
    if not packed.exists() or find_spec("lephare") is None:
        return ""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
        job = Path(folder) / "job"
        job.mkdir()
        found = run(fluxes.take(np.arange(_SOME)), Settings(data=Path(folder) / "lephare"), job)
    per_object = float(found["process_s"]) / _SOME
    return (f"; LePHARE, single kinds: {per_object * 1e3:.1f} ms an object, {per_object * len(fluxes):.0f} s for as many, "
            f"after {float(found['prepare_s']):.0f} s")
