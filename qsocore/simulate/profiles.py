"""Gaussian lines added to many spectra at once, each only where it is not negligible."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

REACH = 4.5  # standard deviations beyond which a Gaussian (4e-5 of its peak) is left out


def window(wave: NDArray, low: NDArray, high: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Pixels of a common grid between two wavelengths that differ from spectrum to spectrum.

    Parameters
    ----------
    wave : ndarray, shape (n_pix,)
        Rising wavelengths.
    low, high : ndarray, shape (n,)
        Limits of each spectrum's window.

    Returns
    -------
    rows : ndarray of int, shape (m, 1)
        Spectra whose window meets the grid.
    pixels : ndarray of int, shape (m, w)
        Pixel numbers; the windows are padded to one width and lie inside the grid, no pixel twice in a row.
    inside : ndarray of bool, shape (m, w)
        Which of them are within the limits.
    """
    first, last = np.searchsorted(wave, low), np.searchsorted(wave, high)
    rows = np.flatnonzero(last > first)
    first, last = first[rows], last[rows]
    width = int((last - first).max(initial=0))
    pixels = np.minimum(first, wave.size - width)[:, None] + np.arange(width)
    return rows[:, None], pixels, (pixels >= first[:, None]) & (pixels < last[:, None])


def add_gaussians(flux: NDArray, wave: NDArray, centre: ArrayLike, sigma: ArrayLike, area: ArrayLike) -> None:
    """Add one Gaussian line to each spectrum, in place.

    Parameters
    ----------
    flux : ndarray, shape (n, n_pix)
        Spectra.
    wave : ndarray, shape (n_pix,)
        Their common wavelengths, Angstrom.
    centre, sigma, area : array_like, shape (n,)
        Centre and standard deviation in Angstrom and area in flux x Angstrom, in the frame of `wave`; a line of area 0 costs
        nothing.
    """
    shape = flux.shape[:1]
    centre, sigma, area = (np.broadcast_to(np.asarray(value, np.float32), shape) for value in (centre, sigma, area))
    reach = np.where(area != 0, REACH * sigma, -1.0)
    rows, pixels, _ = window(wave, centre - reach, centre + reach)
    if not rows.size:
        return
    u = wave.astype(np.float32)[pixels]
    u -= centre[rows]
    u /= sigma[rows]
    np.square(u, out=u)
    u *= np.float32(-0.5)
    np.exp(u, out=u)
    u *= area[rows] / (sigma[rows] * np.float32(np.sqrt(2 * np.pi)))
    flux[rows, pixels] += u
