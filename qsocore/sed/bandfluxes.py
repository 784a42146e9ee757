"""Fluxes in bands with their errors, as the fits read them, from a store or a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.errors import AtlasError, ConfigError
from qsocore.preprocess.photometry import bands_of
from qsocore.records import ObjectId
from qsocore.simulate.bands import FILTERS, fluxes_of
from qsocore.surveys._photometry import in_microjansky, photometry
from qsocore.surveys.tables import CatalogTable, read_table, row_names

if TYPE_CHECKING:
    from qsocore.store import Store

_PER_MAG = np.log(10.0) / 2.5  # relative error of an error of one magnitude
_NO_MAGNITUDE = 90.0  # magnitudes from here on (99 ...) are "not detected"
_JANSKY = 1e-6  # of a microjansky


@dataclass(frozen=True)
class BandFluxes:
    """Photometry of some objects.

    Parameters
    ----------
    object_ids : tuple of str
        One an object.
    bands : tuple of str
        Of `qsocore.simulate.bands.FILTERS`.
    flux, error : ndarray, shape (n, n_bands)
        Microjansky. A NaN flux was not observed and takes no part.
    seen : ndarray of bool, shape (n, n_bands)
        False where only an upper limit is known: the flux is 0 and the error a third of the flux of three sigma.
    """

    object_ids: tuple[str, ...]
    bands: tuple[str, ...]
    flux: NDArray[np.float64]
    error: NDArray[np.float64]
    seen: NDArray[np.bool_]

    def __post_init__(self):
        shape = (len(self.object_ids), len(self.bands))
        if not self.flux.shape == self.error.shape == self.seen.shape == shape:
            raise ConfigError(f"fluxes {self.flux.shape}, errors {self.error.shape} and seen {self.seen.shape} are not {shape}",
                              "photometry")

    def __len__(self) -> int:
        return len(self.object_ids)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which bands take part, shape (n, n_bands): those with a flux and a positive error."""
        return np.isfinite(self.flux) & (self.error > 0) & np.isfinite(self.error)

    @property
    def n(self) -> NDArray[np.int64]:
        """Bands that take part, limits among them, shape (n,)."""
        return self.used.sum(axis=1)

    @property
    def log_errors(self) -> NDArray[np.float64]:
        """Sum of ln sigma^2 with sigma in jansky, shape (n,): what a likelihood holds beside chi2."""
        return np.sum(2 * np.log(np.where(self.used, self.error, 1 / _JANSKY) * _JANSKY), axis=1)

    def take(self, rows: ArrayLike) -> BandFluxes:
        """Some of the objects, in the order given; a single number gives one."""
        rows = np.atleast_1d(np.asarray(rows))
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        return BandFluxes(tuple(self.object_ids[row] for row in rows), self.bands, self.flux[rows], self.error[rows],
                          self.seen[rows])

    def with_floor(self, floor: float) -> BandFluxes:
        """The same with a relative error added in quadrature: what templates and calibrations cannot do better than."""
        return replace(self, error=np.hypot(self.error, floor * self.flux)) if floor else self


def from_store(store: Store, rows: ArrayLike | None = None) -> BandFluxes:
    """Photometry of a store's objects.

    Parameters
    ----------
    store : Store
        Its catalogue has ``flux_g`` and ``fluxerr_g`` (microjansky) or ``mag_g`` and ``magerr_g`` (AB) of some bands.
    rows : array_like of int, optional
        Which, all by default.

    Raises
    ------
    ConfigError
        When it has photometry in no known band.
    """
    bands = tuple(band for band in bands_of(store) if band in FILTERS)
    whole = _made(store.column, store.columns, bands, tuple(store.column("object_id")), store.path)
    return whole if rows is None else whole.take(rows)


def from_table(table: str | Path | CatalogTable) -> BandFluxes:
    """Photometry of a table, its columns found as ``qso ingest --survey catalogue`` finds them: g_mag, MAG_G, flux_g ...

    Fluxes without a unit that agree with the table's AB magnitudes are microjansky; others are not taken, magnitudes are.

    Raises
    ------
    ReadError
        When the table cannot be read.
    ConfigError
        When it has photometry in no known band.
    """
    table = table if isinstance(table, CatalogTable) else read_table(table)
    fixed = {new: old for old, new in photometry(table.columns).items()}
    in_unit = in_microjansky(table) | {name for name, column in table.columns.items() if column.unit in ("uJy", "µJy")}
    known = {new: old for new, old in fixed.items() if not new.startswith("flux") or old in in_unit}
    bands = tuple(band for band in FILTERS if {f"flux_{band}", f"fluxerr_{band}"} <= known.keys()
                  or {f"mag_{band}", f"magerr_{band}"} <= known.keys())
    names, _ = row_names(table)
    return _made(lambda name: table.frame[known[name]].to_numpy(np.float64), known, bands, tuple(names), table.path)


def called(name: str) -> str:
    """The survey's own name within an object id, or the name itself."""
    try:
        return ObjectId.parse(name).native
    except AtlasError:
        return name


def _made(column, names, bands: tuple[str, ...], ids: tuple[str, ...], where: Path) -> BandFluxes:
    """`BandFluxes` of columns by fixed names."""
    if not bands:
        raise ConfigError("it has no photometry with errors in a known band", where,
                          f"name columns flux_g, fluxerr_g (microjansky) or mag_g, magerr_g (AB); bands: {', '.join(FILTERS)}")
    parts = [_band(column, names, band) for band in bands]
    flux, error, seen = (np.stack(arrays, axis=1) for arrays in zip(*parts, strict=True))
    return BandFluxes(ids, bands, flux, error, seen)


def _band(column, names, band: str) -> tuple[NDArray, NDArray, NDArray]:
    if {f"flux_{band}", f"fluxerr_{band}"} <= set(names):
        flux, error = (np.asarray(column(f"{kind}_{band}"), np.float64) for kind in ("flux", "fluxerr"))
        if f"mag_{band}" in names:  # 99 beside a flux of 0, or missing in a store
            magnitude = np.asarray(column(f"mag_{band}"), np.float64)
            seen = (magnitude < _NO_MAGNITUDE) | (flux != 0)
        else:
            seen = flux != 0
        return flux, error, seen & np.isfinite(flux)
    magnitude, error = (np.asarray(column(f"{kind}_{band}"), np.float64) for kind in ("mag", "magerr"))
    flux = np.where(magnitude < _NO_MAGNITUDE, fluxes_of(np.where(magnitude < _NO_MAGNITUDE, magnitude, 0.0)), np.nan)
    return flux, flux * error * _PER_MAG, np.isfinite(flux)
