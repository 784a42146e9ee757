"""Simulated images in place of those of a catalogue, as a store; see `qsocore.simulate.images.standins`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from qsocore.errors import ConfigError
from qsocore.records import ObjectId
from qsocore.sed.bandfluxes import from_table
from qsocore.simulate.images.block import des_grid
from qsocore.simulate.images.standins import SURVEY, stand_ins
from qsocore.store import SHARD_ROWS, Store, StoreWriter
from qsocore.surveys.tables import read_table

_CITATION = "Simulated: points of the catalogue's own fluxes. Depth and PSF: DES DR2, Abbott et al. (2021), ApJS 255, 20"


def simulate_stand_ins(out: str | Path, table: str | Path, seed: int = 0, cutout: int = 28) -> Store:
    """Simulate a cutout of each object of a table, as a point of its fluxes in g, r, i, z and Y as DES would see it.

    Parameters
    ----------
    out : path
        The store to be.
    table : path
        With positions and photometry by role, see `qsocore.sed.bandfluxes.from_table`.
    seed : int
        Of the noise.
    cutout : int
        Pixels along a side.

    Returns
    -------
    Store
        Of images; objects are called as in the table, of the survey ``standin``.

    Raises
    ------
    ConfigError
        When the table has no positions, or photometry in none of the bands.
    ReadError
        When it cannot be read.
    """
    read = read_table(table)
    fluxes, positions, grid = from_table(read), read.positions(), des_grid(cutout)
    if positions is None:
        raise ConfigError("it has no ra and dec", table, "add them in degrees")
    flux = np.full((len(fluxes), len(grid.bands)), np.nan)
    for at, band in enumerate(grid.bands):
        if band in fluxes.bands:
            flux[:, at] = fluxes.flux[:, fluxes.bands.index(band)]
    if np.isnan(flux).all():
        raise ConfigError(f"it has photometry in none of {', '.join(grid.bands)}", table, "give magnitudes or fluxes in them")
    digest = hashlib.sha256("\n".join(fluxes.object_ids).encode()).hexdigest()
    release = f"{seed}-{digest[:8]}"
    names = [str(ObjectId.make(SURVEY, release, name)) for name in fluxes.object_ids]
    n_shards = -(-len(names) // SHARD_ROWS)
    provenance = {"command": "simulate", "like": Path(table).name, "n": len(names), "seed": seed, "grid": grid.name,
                  "citation": _CITATION}
    writer = StoreWriter(out, grid, provenance, n_shards)
    for shard in range(n_shards):
        if writer.has(shard):
            continue
        here = slice(shard * SHARD_ROWS, min((shard + 1) * SHARD_ROWS, len(names)))
        made = stand_ins(flux[here], grid, np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(shard,))))
        rows = len(made.flux)
        writer.write_shard(shard, *made, {
            "object_id": names[here], "survey": [SURVEY] * rows, "release": [release] * rows,
            "native_id": list(fluxes.object_ids[here]), "ra": positions[0][here], "dec": positions[1][here],
            "notes": ["simulated in place of the real image"] * rows})
    return writer.finish()
