"""Simulate a survey into a store, shard by shard, in as many processes as there are processors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from qsocore.catalog import Column
from qsocore.errors import ConfigError
from qsocore.grid import DEFAULT_GRID, WaveGrid
from qsocore.progress import Progress
from qsocore.simulate.block import BLOCK, Survey, make_block
from qsocore.simulate.columns import COLUMNS
from qsocore.simulate.images import columns as image_columns
from qsocore.simulate.images import kinds
from qsocore.simulate.images.block import ImageSurvey, des_grid, make_image_block
from qsocore.simulate.instruments import INSTRUMENTS
from qsocore.simulate.observe import Observer
from qsocore.simulate.population import DEFAULT_SAMPLE, DEMO_MIXTURE, PARTS, SOURCES, Sample, check_mixture
from qsocore.store import Store, StoreWriter
from qsocore.workflow.processes import shared

_LEAST_SHARD, _MOST_SHARD, _SHARDS = 2048, 16_384, 32  # rows, rows, and how many shards are meant between the two


def simulate(out: str | Path, n: int, seed: int = 0, instrument: str = "boss", grid: WaveGrid = DEFAULT_GRID,
             workers: int | None = None, mixture: Mapping[str, float] = DEMO_MIXTURE, sample: Sample = DEFAULT_SAMPLE) -> Store:
    """Simulate n objects observed by an instrument and write them to a store.

    Parameters
    ----------
    out : path
        The store to be; an interrupted call that is repeated goes on where it was.
    n : int
        How many objects.
    seed : int
        Everything follows from it and the other settings; the number of workers changes nothing.
    instrument : str
        "boss" or "desi".
    grid : WaveGrid
        Observed-frame grid.
    workers : int, optional
        Processes; one per processor unless stated.
    mixture : mapping
        Weights of QSO, STAR and GALAXY, or of their parts: BAL and the letters of stars.
    sample : Sample
        Which quasars at which redshifts, and how many labels are wrong.

    Returns
    -------
    Store
        Open, read-only.

    Raises
    ------
    ConfigError
        When `n` or `seed` is out of range, or an instrument, class or grid does not fit.
    StoreError
        When `out` exists.
    """
    if n < 1 or seed < 0:
        raise ConfigError(f"n = {n} and seed = {seed}: one object at least, and no negative seed", "simulate")
    Observer(INSTRUMENTS.get(instrument), grid)  # refuses what cannot be observed before anything is written
    survey = Survey(seed, instrument, grid, tuple(check_mixture(mixture).items()), sample)
    return _write(out, n, survey, INSTRUMENTS.get(instrument).citation, workers)


def simulate_images(out: str | Path, n: int, seed: int = 0, workers: int | None = None,
                    mixture: Mapping[str, float] = kinds.MIXTURES["des"], sample: kinds.ImageSample = kinds.DEFAULT_SAMPLE,
                    cutout: int = 28) -> Store:
    """Simulate cutouts of n objects in five bands, with photometry in nine, as the Dark Energy Survey would have them.

    Parameters
    ----------
    out, n, seed, workers
        As for `simulate`.
    mixture : mapping
        Weights of the classes of `qsocore.simulate.images.kinds.KINDS`.
    sample : ImageSample
        Which cuts the sample has passed, and how many labels are wrong.
    cutout : int
        Pixels along a side.

    Returns
    -------
    Store
        Of images, open, read-only.

    Raises
    ------
    ConfigError
        When a number is out of range, or a class does not fit or hardly passes the cuts.
    StoreError
        When `out` exists.
    """
    if n < 1 or seed < 0:
        raise ConfigError(f"n = {n} and seed = {seed}: one object at least, and no negative seed", "simulate")
    if not 16 <= cutout <= 128:
        raise ConfigError(f"cutouts of {cutout} pixels", "--cutout", "from 16, which hold the aperture and the PSF, to 128")
    survey = ImageSurvey(seed, des_grid(cutout), tuple(kinds.check_mixture(mixture).items()), sample)
    return _write(out, n, survey, "Depth and PSF: DES DR2, Abbott et al. (2021), ApJS 255, 20", workers)


def _write(out: str | Path, n: int, survey: Survey | ImageSurvey, citation: str, workers: int | None) -> Store:
    """A store of the first n objects of a survey, made in blocks by as many processes as are asked for."""
    rows = shard_rows(n)
    shards = [(number, start, min(start + rows, n)) for number, start in enumerate(range(0, n, rows))]
    provenance = {"command": "simulate", "n": n, "citation": citation} | survey.to_dict()
    writer = StoreWriter(out, survey.grid, provenance, len(shards))
    todo = [(writer, survey, *shard) for shard in shards if not writer.has(shard[0])]
    with Progress(sum(stop - start for *_, start, stop in todo), f"simulate {n:,} objects") as progress:
        for done in shared(_write_shard, todo, workers or os.cpu_count() or 1):
            progress.update(done)
    return writer.finish()


def shard_rows(n: int) -> int:
    """Rows of a shard in a store of n objects: whole blocks, and shards enough to share among processes."""
    return int(np.clip(-(-n // (_SHARDS * BLOCK)) * BLOCK, _LEAST_SHARD, _MOST_SHARD))


def _write_shard(task: tuple[StoreWriter, Survey | ImageSurvey, int, int, int]) -> int:
    writer, survey, number, start, stop = task
    images = isinstance(survey, ImageSurvey)
    make = make_image_block if images else make_block
    with threadpool_limits(limits=1):  # blocks are small: more threads in a product of matrices only wait for each other
        blocks = [make(survey, block) for block in range(start // BLOCK, -(-stop // BLOCK))]
    rows = stop - start
    flux, ivar, mask = (np.concatenate([getattr(observed, name) for observed, _ in blocks])[:rows]
                        for name in ("flux", "ivar", "mask"))
    catalog = join_catalogs([catalog for _, catalog in blocks])
    writer.write_shard(number, flux, ivar, mask, {name: values[:rows] for name, values in catalog.items()},
                       image_columns.COLUMNS if images else declared_columns(survey.mixture))
    return rows


def join_catalogs(catalogs: list[dict]) -> dict[str, np.ndarray]:
    """Catalogues of blocks one after the other; a column that a block lacks is missing in its rows."""
    names = list(dict.fromkeys(name for catalog in catalogs for name in catalog))
    kinds = {name: next(catalog[name].dtype for catalog in catalogs if name in catalog) for name in names}
    fill = {name: np.full(BLOCK, "", object) if kind.kind == "O" else np.full(BLOCK, np.nan) for name, kind in kinds.items()}
    return {name: np.concatenate([catalog.get(name, fill[name]) for catalog in catalogs]) for name in names}


def declared_columns(mixture: tuple[tuple[str, float], ...]) -> tuple[Column, ...]:
    """Meaning of the columns of a store of these classes, beyond the standard ones."""
    kinds = dict.fromkeys(PARTS[name][0] if name in PARTS else name for name, _ in mixture)
    own = (getattr(import_module(f"qsocore.simulate.{SOURCES[kind]}"), "COLUMNS", ()) for kind in kinds)
    return tuple({column.name: column for part in (*own, COLUMNS) for column in part}.values())
