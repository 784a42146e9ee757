"""Photometry of a table or a store against stars, galaxies, quasars and pairs: a table, columns of the store, samples."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.errors import ConfigError, did_you_mean
from qsocore.progress import Progress
from qsocore.sed.backends import BACKENDS
from qsocore.sed.backends.base import Settings
from qsocore.sed.bandfluxes import BandFluxes, called, from_store, from_table
from qsocore.sed.columns import to_arrow
from qsocore.sed.fit import BOTH, KINDS, Limits
from qsocore.sed.sample import Sample, sample
from qsocore.selection import columns_of, evaluate, parse
from qsocore.store import Store, open_store, paths
from qsocore.store.beside import keep_columns
from qsocore.store.columns import to_field
from qsocore.store.files import write_whole
from qsocore.surveys.tables import CatalogTable, read_table
from qsocore.workflow.joined import Joined
from qsocore.workflow.tablefile import check_ending, write_table

NAME = "sed"
"""The file of columns that a store keeps."""
log = logging.getLogger(__name__)


def sed(source: str | Path, out: str | Path | None = None, *, ids: Sequence[str] = (), where: str | None = None,
        kinds: Sequence[str] = KINDS, samples: int = 0, backend: str = "own", stars: str | Path | None = None,
        limits: Limits = "gaussian", floor: float = 0.0, data: str | Path | None = None, seed: int = 0) -> pa.Table:
    """Fit the photometry of objects.

    Of a store the columns are kept beside its catalogue too (``columns/sed.parquet``), so that every map can be coloured and
    selected by them.

    Parameters
    ----------
    source : path
        A store, or a table of any format that `qsocore.surveys.tables.read_table` knows.
    out : path, optional
        Table to write: ``.parquet``, ``.csv`` or ``.fits``. Needed for a table, and for samples.
    ids : sequence of str, optional
        Only these objects: object ids, or the survey's own names.
    where : str, optional
        Only those that a rule selects, see `qsocore.selection`.
    kinds : sequence of str
        Of `qsocore.sed.fit.KINDS`.
    samples : int
        Of how many objects, those with the most evidence for a lens first, the physical parameters of the preferred kind are
        sampled; each into ``OUT.samples/OBJECT.npz``.
    backend : str
        Of `qsocore.sed.backends.BACKENDS`.
    stars : path, optional
        A library of stars as LePHARE lists it.
    limits : {"gaussian", "censored"}
        What upper limits mean, see `qsocore.sed.fit`.
    floor : float
        Relative error that is added to all in quadrature.
    data : path, optional
        Folder of the back end's own data.
    seed : int
        Of the samples.

    Returns
    -------
    pyarrow.Table
        ``object_id`` and `qsocore.sed.columns.COLUMNS`.

    Raises
    ------
    ConfigError
        When nothing is to be fitted, an id is not there, or the back end lacks something.
    """
    out = None if out is None else Path(out)
    store, fluxes, rows = _chosen(Path(source), ids, where)
    _check(out, store, samples)
    code = BACKENDS.get(backend)
    settings = Settings(tuple(kinds), Path(stars) if stars else None, limits, Path(data) if data else None, True)
    missing = code.missing(settings)
    if missing:
        raise ConfigError(f"the back end {backend} cannot run", "--backend", missing)
    some = fluxes.take(rows).with_floor(floor)
    columns = to_arrow(code.fit(some, settings))
    table = columns.add_column(0, to_field(Column("object_id", "string", "id", "", "As the table or store calls it")),
                               pa.array(some.object_ids, pa.string()))
    if store is not None:
        keep_columns(store, NAME, columns, rows, f"{NAME} {backend}")
    if out:
        write_table(table, out)
    if samples:
        _write_samples(some, table, samples, limits, seed, out.with_name(f"{out.stem}.samples"))
    return table


def _check(out: Path | None, store: Store | None, samples: int) -> None:
    if out:
        check_ending(out)
    elif store is None or samples:
        raise ConfigError("a table's fits, and samples, go to a file", "--out", "say --out FILE, such as fits.parquet")


def _chosen(source: Path, ids: Sequence[str], where: str | None) -> tuple[Store | None, BandFluxes, NDArray[np.int64]]:
    """The store if it is one, all photometry, and the rows that are meant."""
    store = open_store(source) if (source / paths.MANIFEST).exists() or source.is_dir() else None
    table = None if store else read_table(source)
    fluxes = from_store(store) if store else from_table(table)
    wanted = np.ones(len(fluxes), bool)
    if ids:
        wanted &= _by_name(fluxes, ids, source)
    if where:
        wanted &= _by_rule(where, store, table)
    if not wanted.any():
        raise ConfigError("no object is selected", source, "look at --ids and --where")
    return store, fluxes, np.flatnonzero(wanted)


def _by_name(fluxes: BandFluxes, ids: Sequence[str], source: Path) -> NDArray[np.bool_]:
    wanted, native = set(ids), [called(name) for name in fluxes.object_ids]
    unknown = wanted - set(fluxes.object_ids) - set(native)
    if unknown:
        name = min(unknown)
        raise ConfigError(f"no object is called {name!r}", source, did_you_mean(name, native[:10_000]))
    return np.array([full in wanted or short in wanted for full, short in zip(fluxes.object_ids, native, strict=True)])


def _by_rule(where: str, store: Store | None, table: CatalogTable | None) -> NDArray[np.bool_]:
    rule = parse(where)
    if store is not None:
        joined = Joined(store)
        joined.known(columns_of(rule))
        return evaluate(rule, joined.values, store.n_rows)
    unknown = [name for name in columns_of(rule) if name not in table.columns]
    if unknown:
        raise ConfigError(f"the table has no column {unknown[0]!r}", table.path, did_you_mean(unknown[0], table.columns))
    return evaluate(rule, lambda name: table.frame[name].to_numpy(), len(table.frame))


def _write_samples(fluxes: BandFluxes, table: pa.Table, n: int, limits: Limits, seed: int, folder: Path) -> None:
    """Samples of the objects with the most evidence for a lens, then of the best quasars and galaxies."""
    kinds = np.array(table.column("sed_kind").fill_null("").to_pylist(), object)
    evidence = (table.column("delta_bic_lens").fill_null(-np.inf).to_numpy() if "delta_bic_lens" in table.column_names
                else np.zeros(len(kinds)))
    possible = np.flatnonzero(np.isin(kinds.astype(str), KINDS[1:]))
    rows = possible[np.lexsort((-evidence[possible], kinds[possible] != BOTH))][:n]
    if len(rows) < n:
        log.info(f"{len(rows)} of {n} objects are no stars and can be sampled")
    with Progress(len(rows), "sample") as progress:
        for row in rows:
            write_sample(sample(fluxes, int(row), kinds[row], seed=seed, limits=limits),
                         folder / f"{re.sub(r'[^A-Za-z0-9.-]', '_', fluxes.object_ids[row])}.npz")
            progress.update(1, fluxes.object_ids[row])


def write_sample(drawn: Sample, file: Path) -> None:
    """Write a sample as plain arrays: ``names``, ``units``, ``chain``, ``log_likelihood``, ``bic``, ``best`` ..."""
    best = np.array([drawn.best.parameters[name] for name in drawn.names])
    write_whole(file, lambda open_file: np.savez_compressed(
        open_file, kind=np.array(drawn.kind), names=np.array(drawn.names), units=np.array(drawn.units), chain=drawn.chain,
        log_likelihood=drawn.log_likelihood, bic=np.array(drawn.bic), best=best, acceptance=np.array(drawn.acceptance),
        autocorrelation=np.array(drawn.autocorrelation), z=np.array([drawn.best.z, drawn.best.z_low, drawn.best.z_high])))
