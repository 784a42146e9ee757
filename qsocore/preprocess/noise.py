"""Noise read off a spectrum itself: for files without errors, and to hold stated errors to what the pixels show."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.errors import ReadError

NO_ERRORS = "the file gives no errors: inverse variance estimated from the scatter between pixels"
"""Note that goes with every spectrum whose ivar was made here."""

_TO_SIGMA = 1.482602 / np.sqrt(6.0)  # median of |2a - b - c| of unit normals to one sigma
_FEWEST = 5  # good triplets from which a median is worth taking


def scatter_ivar(flux: ArrayLike, good: ArrayLike | None = None, *, block: int = 64,
                 where: object = None) -> NDArray[np.float64]:
    """Inverse variance from the high-pass scatter of the flux, following the noise along the spectrum.

    Parameters
    ----------
    flux : array_like, shape (n,)
        Flux in pixel order.
    good : array_like of bool, shape (n,), optional
        Pixels to use; others get 0. Pixels that are not finite are never used.
    block : int
        Pixels over which one value of the noise is taken; between blocks it is interpolated.
    where : object
        File for messages.

    Returns
    -------
    ndarray
        Inverse variance, shape (n,), in the inverse square of the flux's unit.

    Raises
    ------
    ReadError
        ``no-noise`` when the flux does not scatter at all (constant, or too few good pixels).

    References
    ----------
    Stoehr et al. (2008), ADASS XVII, ASP Conf. 394, 505 (DER_SNR): 1.482602 / sqrt(6) median|2 f_i - f_{i-2} - f_{i+2}|;
    the lag of two pixels makes it insensitive to the correlation of neighbours that resampling leaves.
    """
    flux = np.asarray(flux, dtype=np.float64)
    good = np.isfinite(flux) if good is None else np.asarray(good, bool) & np.isfinite(flux)
    deviation, usable = _deviation(flux, good)
    starts = np.arange(0, flux.size, block)
    pieces = [deviation[start:start + block][usable[start:start + block]] for start in starts]
    sigma = np.array([_TO_SIGMA * np.median(piece) if piece.size >= _FEWEST else np.nan for piece in pieces])
    known = sigma > 0
    if not known.any():
        raise ReadError("no-noise", "the flux does not scatter, so no error can be estimated", where,
                        "give a file with errors")
    middle = starts + block / 2
    sigma = np.interp(np.arange(flux.size), middle[known], sigma[known])
    return np.where(good, sigma**-2.0, 0.0)


def scatter_ratio(flux: ArrayLike, ivar: ArrayLike) -> float:
    """Median pixel-to-pixel scatter over what the inverse variance promises; 1 when the errors are honest.

    Parameters
    ----------
    flux, ivar : array_like, shape (n,)
        Pixels with ivar 0 are not used.

    Returns
    -------
    float
        Above 1: errors too small (or real structure between pixels, as in bright stars); below 1: too large, or the
        pixels are correlated. NaN when there are too few good pixels.
    """
    flux, ivar = np.asarray(flux, np.float64), np.asarray(ivar, np.float64)
    good = np.isfinite(flux) & np.isfinite(ivar) & (ivar > 0)
    variance = np.divide(1.0, ivar, out=np.zeros_like(flux), where=good)
    deviation, usable = _deviation(np.where(good, flux, 0.0), good)
    expected = np.zeros_like(flux)
    expected[2:-2] = np.sqrt((4 * variance[2:-2] + variance[:-4] + variance[4:]) / 6)
    if usable.sum() < _FEWEST:
        return float("nan")
    return float(_TO_SIGMA * np.median(deviation[usable] / expected[usable]))


def _deviation(flux: NDArray, good: NDArray) -> tuple[NDArray, NDArray]:
    """|2 f_i - f_{i-2} - f_{i+2}| and where all three pixels are good, both (n,)."""
    deviation, usable = np.zeros(flux.shape), np.zeros(flux.shape, bool)
    flux = np.where(good, flux, 0.0)
    deviation[2:-2] = np.abs(2 * flux[2:-2] - flux[:-4] - flux[4:])
    usable[2:-2] = good[2:-2] & good[:-4] & good[4:]
    return deviation, usable
