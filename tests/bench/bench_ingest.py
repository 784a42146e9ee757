"""Ingest of every SDSS and BOSS spec file among the real ones, beside specutils reading the same files."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from qsocore.errors import ReadError
from qsocore.surveys import read_file
from qsocore.workflow.ingest import ingest
from tests.bench import Row, best_of
from tests.conftest import REAL


def rows() -> Iterator[Row]:
    """Files a second: reading, and reading + resampling + writing a store, beside specutils reading."""
    files = sorted([*REAL.glob("sdss/*/spec-*.fits"), *REAL.glob("boss/*/spec-*.fits")])
    if not files:
        yield Row("ingest", f"no real survey files in {REAL}; set QSO_ATLAS_REAL", "")
        return
    n, megabytes = len(files), sum(file.stat().st_size for file in files) / 1e6
    what = f"{n} SDSS and BOSS spec files ({megabytes:.0f} MB)"
    peer = _specutils(files)
    read = best_of(3, lambda: [_read(file) for file in files])
    beside = f"specutils {n / peer:,.0f} files/s: {peer / read:.1f} times faster" if peer else "specutils is not installed"
    yield Row(f"read {what}, one process", f"{n / read:,.0f} files/s", beside)
    stored = best_of(3, lambda: _ingest(files))
    beside = f"specutils, reading only: {n / peer:,.0f} files/s" if peer else "specutils is not installed"
    yield Row(f"ingest {what} to a store, one process", f"{n / stored:,.0f} files/s", beside)


def _read(file: Path) -> list:
    try:
        return list(read_file(file))
    except ReadError:  # one of the real files holds a dead fibre
        return []


def _ingest(files: list[Path]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        assert len(ingest(files, folder / "bench.store", workers=1).files) == len(files)
    finally:
        shutil.rmtree(folder)


def _specutils(files: list[Path]) -> float | None:
    """Seconds in which specutils reads the same files to flux, uncertainty and wavelength; None when it is absent."""
    try:
        from specutils import Spectrum
    except ImportError:
        try:
            from specutils import Spectrum1D as Spectrum
        except ImportError:
            return None

    def work() -> None:
        for file in files:
            spectrum = Spectrum.read(str(file), format="SDSS-III/IV spec")
            assert spectrum.flux.size == spectrum.spectral_axis.size and spectrum.uncertainty is not None

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return best_of(3, work)
