"""Match a million positions with a million, as a user does, beside astropy on the same arrays; and cut by a recipe."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.coordinates import SkyCoord, search_around_sky
from numpy.typing import NDArray

from qsocore.simulate.bands import BANDS
from qsocore.simulate.images.photometry import catalogue, limits
from qsocore.workflow.crossmatch import crossmatch
from qsocore.workflow.select import select
from tests.bench import Row

N = 1_000_000
_JITTER = 0.3  # arcsec, each coordinate


def rows() -> Iterator[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = _write(folder)
        files = folder / "a.parquet", folder / "b.parquet"
        report, seconds = timed(lambda: crossmatch(*files, folder / "best.parquet", "1arcsec"))
        _, bare = timed(lambda: crossmatch(*files, folder / "bare.parquet", "1arcsec", shifts=False))
        one, other = (SkyCoord(ra * u.deg, dec * u.deg) for ra, dec in places)
        (_, apart, _), nearest = timed(lambda: one.match_to_catalog_sky(other))
        (pairs, *_), around = timed(lambda: search_around_sky(*(SkyCoord(ra * u.deg, dec * u.deg) for ra, dec in places),
                                                              1 * u.arcsec))
        assert report.matched_a == int((apart.arcsec <= 1).sum()) == np.unique(pairs).size
        yield Row(f"crossmatch of {N:,} with {N:,} positions within 1 arcsec, from file to file, with the chance of each",
                  f"{seconds:.1f} s; with `--no-shifts` {bare:.1f} s",
                  f"at most 30 s; astropy, the match alone: match_to_catalog_sky {nearest:.1f} s, "
                  f"search_around_sky {around:.1f} s")
        _photometry(folder / "p.parquet")
        funnel, seconds = timed(lambda: select(folder / "p.parquet", folder / "cut.parquet", "glq-mpia"))
        yield Row(f"select by the recipe glq-mpia, {N:,} rows in nine bands, {funnel.n_out:,} left",
                  f"{seconds:.1f} s, {N / seconds:,.0f} rows a second", "Parquet to Parquet, block by block")


def timed(work: Callable):
    """What some work gives, and its wall time, seconds."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _write(folder: Path) -> list[tuple[NDArray, NDArray]]:
    """Two catalogues of the same sources over an eighth of the sky, in orders of their own."""
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(300, 420, N) % 360, np.degrees(np.arcsin(rng.uniform(-0.75, 0, N)))
    order, step = rng.permutation(N), _JITTER / 3600
    again = (ra + rng.normal(0, step, N) / np.cos(np.radians(dec)))[order] % 360, (dec + rng.normal(0, step, N))[order]
    for name, place in (("a", (ra, dec)), ("b", again)):
        pd.DataFrame({"id": np.arange(N), "ra": place[0], "dec": place[1], "mag": rng.normal(20, 1, N)}).to_parquet(
            folder / f"{name}.parquet")
    return [(ra, dec), again]


def _photometry(path: Path) -> None:
    """A catalogue in nine bands about the cuts of glq_mpia."""
    rng = np.random.default_rng(2)
    faint = rng.uniform([21, 21, 21, 19, 19, 18, 18, 18, 18], [26, 26, 23, 22, 23.5, 22, 22, 22, 22], (N, len(BANDS)))
    flux, error = 10 ** (0.4 * (23.9 - faint)), np.broadcast_to(limits(), (N, len(BANDS)))
    pd.DataFrame({"id": np.arange(N)} | catalogue(flux + error * rng.standard_normal(flux.shape), error)).to_parquet(path)
