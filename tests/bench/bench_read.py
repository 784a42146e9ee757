"""Reading survey files and resampling spectra, held to astropy, to spectres and to the bytes alone, on one processor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy.io import fits
from spectres import spectres

from qsocore.errors import ReadError
from qsocore.grid import GRIDS
from qsocore.preprocess.resample import rebin
from qsocore.surveys import read_file
from tests.bench import Row, best_of

REAL = Path(os.environ.get("QSO_ATLAS_REAL") or Path(__file__).resolve().parents[3] / "shared" / "real")
_COLUMNS = ("flux", "ivar", "loglam", "and_mask"), ("z", "class", "plug_ra", "plug_dec")


def rows() -> Iterator[Row]:
    """Rates of reading real files, where there are some, and of resampling."""
    if (REAL / "manifest.csv").exists():
        files = sorted((REAL / "sdss").rglob("spec-*.fits"))
        yield _rate("SDSS spec files, recognised and read", files, read_file)
        files = sorted((REAL / "desi").rglob("coadd-*.fits"))
        yield _rate("DESI coadd files (1 to 5 fibres), arms joined", files, read_file)
    yield from _resampling()


def _rate(what: str, files: list[Path], read) -> Row:
    mine = best_of(5, lambda: [list(_quietly(read, path)) for path in files])
    plain = best_of(5, lambda: [_astropy(path) for path in files])
    raw = best_of(5, lambda: [path.read_bytes() for path in files])
    return Row(what, f"{len(files) / mine:.0f} files/s",
               f"astropy, same columns: {len(files) / plain:.0f}; bytes alone: {len(files) / raw:.0f}")


def _quietly(read, path: Path) -> list:
    """What a file holds; nothing for one without a good pixel."""
    try:
        return list(read(path))
    except ReadError:
        return []


def _astropy(path: Path) -> None:
    """The same columns by astropy alone, its fastest way of opening."""
    with fits.open(path, memmap=False, lazy_load_hdus=True) as hdus:
        if "COADD" in hdus:
            for number, names in enumerate(_COLUMNS, 1):
                [hdus[number].data[name] for name in names]
        elif "B_FLUX" in hdus:
            [hdus[f"{arm}_{part}"].data for arm in "BRZ" for part in ("WAVELENGTH", "FLUX", "IVAR", "MASK")]


def _resampling() -> Iterator[Row]:
    rng = np.random.default_rng(1)
    wave = 10 ** (3.55 + 1e-4 * np.arange(4600))
    flux, ivar = rng.normal(3, 1, (64, wave.size)), np.ones((64, wave.size))
    for name in ("atlas2048", "vae1500"):
        grid = GRIDS[name]
        grid.edges  # noqa: B018 - computed once, outside the clock
        mine = best_of(30, lambda grid=grid: rebin(wave, flux[0], ivar[0], None, grid.edges))
        block = best_of(10, lambda grid=grid: rebin(wave, flux, ivar, None, grid.edges)) / len(flux)
        peer = best_of(5, lambda grid=grid: spectres(grid.wave, wave, flux[0], ivar[0], fill=0.0, verbose=False))
        yield Row(f"resample 4,600 pixels to {name}", f"{mine * 1e3:.2f} ms a spectrum, {block * 1e3:.2f} ms in blocks of 64",
                  f"spectres: {peer * 1e3:.0f} ms")
