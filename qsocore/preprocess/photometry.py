"""Photometry of a store's catalogue as fluxes with errors, whatever the catalogue holds: fluxes, or AB magnitudes.

Columns are found by name: ``flux_g`` and ``fluxerr_g`` in microjansky, else ``mag_g`` and ``magerr_g``. A flux of 0 with an
error is a non-detection and says how faint an object is at least; a missing magnitude without a flux says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import StoreError
from qsocore.store import Store

ZERO_POINT_UJY = 23.9
"""AB magnitude of 1 microjansky (Oke & Gunn 1983: 3631 Jy at magnitude 0)."""
_MAG = 2.5 / np.log(10)  # magnitudes in a relative error of 1
_CERTAIN = 0.01  # magnitudes: calibration leaves at least this error, the catalogue's own may be far below it


def bands_of(store: Store) -> tuple[str, ...]:
    """Bands in which a catalogue has photometry with errors, in the order of its columns."""
    names = store.columns
    bands = [name.removeprefix("flux_") for name in names
             if name.startswith("flux_") and f"fluxerr_{name.removeprefix('flux_')}" in names]
    bands += [name.removeprefix("mag_") for name in names
              if name.startswith("mag_") and f"magerr_{name.removeprefix('mag_')}" in names]
    return tuple(dict.fromkeys(bands))


def fluxes_of(store: Store, bands: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fluxes of all objects of a store.

    Returns
    -------
    flux, ivar : ndarray of float32, shape (n_rows, n_bands)
        Microjansky and its inverse variance, both 0 where nothing is known.

    Raises
    ------
    StoreError
        When the catalogue lacks a band; the message names those that it has.
    """
    parts = [_band(store, band) for band in bands]
    return tuple(np.stack(column, axis=1) for column in zip(*parts, strict=True))


def _band(store: Store, band: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if {f"flux_{band}", f"fluxerr_{band}"} <= store.columns.keys():
        flux, error = store.column(f"flux_{band}"), store.column(f"fluxerr_{band}")
    elif {f"mag_{band}", f"magerr_{band}"} <= store.columns.keys():
        flux = from_magnitude(store.column(f"mag_{band}"))
        error = flux * store.column(f"magerr_{band}") / _MAG
    else:
        raise StoreError(f"the catalogue has no flux or magnitude with an error in {band}", store.path,
                         f"it has {', '.join(bands_of(store)) or 'no photometry'}")
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.square(error, dtype=float) + np.square(_CERTAIN / _MAG * np.asarray(flux, float))
        known = np.isfinite(flux) & np.isfinite(error) & (error > 0)
        ivar = np.where(known, 1.0 / variance, 0.0)
    return np.where(known, flux, 0.0).astype(np.float32), ivar.astype(np.float32)


def from_magnitude(magnitude: NDArray) -> NDArray[np.float64]:
    """Microjansky of an AB magnitude; NaN, and the sentinel 99 of catalogues, are NaN."""
    magnitude = np.asarray(magnitude, float)
    return np.where(magnitude < 90, 10.0 ** (0.4 * (ZERO_POINT_UJY - np.where(magnitude < 90, magnitude, 0))), np.nan)
