"""Signal to noise of spectra."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray


def median_snr(flux: ArrayLike, ivar: ArrayLike) -> NDArray[np.float32]:
    """Median of flux / sigma per pixel over good pixels.

    Parameters
    ----------
    flux, ivar : array_like, shape (..., n)
        Pixels with ivar 0 are not good.

    Returns
    -------
    ndarray of float32, shape (...)
        NaN where there is no good pixel; negative where the flux mostly is.
    """
    ivar = np.asarray(ivar, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        snr = np.where(ivar > 0, np.asarray(flux, dtype=np.float64) * np.sqrt(ivar), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all-NaN rows
        return np.nanmedian(snr, axis=-1).astype(np.float32)
