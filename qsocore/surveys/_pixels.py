"""Pixels: what the generic readers take out of a file before its flux unit is understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.preprocess.noise import NO_ERRORS, scatter_ivar
from qsocore.records import Mask
from qsocore.surveys.probe import Probe

if TYPE_CHECKING:
    from astropy.io.fits import Header


@dataclass(frozen=True)
class Pixels:
    """One spectrum in its file's flux unit.

    Parameters
    ----------
    wave : ndarray, shape (n,)
        Vacuum Angstrom.
    flux, ivar : ndarray, shape (n,)
        As in the file.
    mask : ndarray of uint8, shape (n,)
        `Mask` reasons.
    unit : str
        The file's word for its flux unit, "" for none.
    header : Header
        Primary header, overlaid by that of the HDU.
    notes : tuple of str
        What was assumed or mended.
    row : int or None
        Row of a table of several spectra.
    """

    wave: NDArray[np.float64]
    flux: NDArray[np.float64]
    ivar: NDArray[np.float64]
    mask: NDArray[np.uint8]
    unit: str
    header: Header
    notes: tuple[str, ...] = ()
    row: int | None = None


def overlaid(probe: Probe, number: int) -> Header:
    """The primary header, overlaid by that of an HDU."""
    header = probe.headers[0].copy()
    if number:
        header.update(probe.headers[number])
    return header


def with_errors(flux: NDArray, error: NDArray | None, kind: str, where: object) -> tuple[NDArray, NDArray, tuple[str, ...]]:
    """Inverse variance and mask from errors of any kind, or from the flux's own scatter when there are none.

    Parameters
    ----------
    flux : ndarray, shape (n,)
    error : ndarray, shape (n,), or None
    kind : {"ivar", "var", "error"}
        What `error` is.
    where : object
        File for messages.

    Returns
    -------
    ivar : ndarray, shape (n,)
    mask : ndarray of uint8, shape (n,)
        NO_COVERAGE where there are no errors and the flux is exactly 0, as in padding.
    notes : tuple of str
    """
    mask = np.zeros(flux.shape, np.uint8)
    if error is None:
        padding = flux == 0
        mask[padding] = Mask.NO_COVERAGE
        return scatter_ivar(flux, ~padding, where=where), mask, (NO_ERRORS,)
    return to_ivar(error, kind), mask, ()


def to_ivar(error: NDArray, kind: str) -> NDArray[np.float64]:
    """Inverse variance of an "ivar", "var" or "error" array; 0 where that is not positive and finite."""
    error = np.asarray(error, dtype=np.float64)
    good = np.isfinite(error) & (error > 0)
    if kind == "ivar":
        return np.where(good, error, 0.0)
    power = {"var": -1.0, "error": -2.0}[kind]
    return np.where(good, np.where(good, error, 1.0) ** power, 0.0)
