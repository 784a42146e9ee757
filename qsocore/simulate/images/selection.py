"""The cuts of glq_mpia on its crossmatch of DES, VHS and AllWISE: what red, faint points a search for quasars looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.bands import BANDS, fluxes_of
from qsocore.simulate.images.photometry import DETECTED

_Z_FAINT, _Y_FAINT, _RED = 21.0, 22.45, 1.0  # z, Y, i - z
_MOST_ERROR = 0.1  # magnitudes, in z and Y
_W1_W2 = -0.14  # AB; 0.5 in Vega
_MARGIN = 0.1  # magnitudes by which colours in apertures may differ from total ones


def taken(flux: NDArray, error: NDArray) -> NDArray[np.bool_]:
    """Which objects (n,) of measured fluxes and errors (n, n_bands), microjansky, are in the sample.

    z < 21, Y < 22.45, errors of z and Y below 0.1 mag, i - z > 1, W1 - W2 > -0.14, and i, J, K, W1 and W2 detected.
    """
    at = BANDS.index
    seen = (flux > DETECTED * error)[:, [at(band) for band in ("i", "z", "Y")]].all(axis=1)
    sharp = (error < _MOST_ERROR / 1.0857 * flux)[:, [at("z"), at("Y")]].all(axis=1)
    return seen & sharp & _cut(flux, 0.0, ("i", "z", "Y")) & infrared(flux[:, -4:], error[:, -4:])


def infrared(flux: NDArray, error: NDArray) -> NDArray[np.bool_]:
    """Which objects (n,) of fluxes and errors (n, 4) in J, K, W1 and W2 are detected in all, with W1 - W2 > -0.14."""
    return (flux > DETECTED * error).all(axis=1) & (flux[:, 3] > flux[:, 2] * 10 ** (0.4 * _W1_W2))


def hopeful(flux: NDArray) -> NDArray[np.bool_]:
    """Which objects (n,) of true total fluxes (n, n_bands) may be in the sample: the others need not be observed."""
    return _cut(flux, _MARGIN, ("i", "z", "Y"))


def _cut(flux: NDArray, margin: float, bands: tuple[str, str, str]) -> NDArray[np.bool_]:
    i, z, y = (flux[:, BANDS.index(band)] for band in bands)
    faint = fluxes_of(_Z_FAINT + margin), fluxes_of(_Y_FAINT + margin)
    return (z > faint[0]) & (y > faint[1]) & (z > i * 10 ** (0.4 * (_RED - margin)))
