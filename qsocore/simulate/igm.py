"""What the intergalactic medium lets through on average, at low resolution and every redshift that bands can see."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.simulate.forest import LYMAN_ALPHA, LYMAN_LIMIT, PROXIMITY, SERIES
from qsocore.units import C_KM_S

# Effective optical depths of the series over Ly-alpha's of the same gas. They are nearer to it than the lines' strengths (0.16,
# 0.056) are, for what is opaque cannot become more so: 1 / 2.25 and 1 / 4.4 (Fan et al. 2006, AJ 132, 117), then ours
_EFFECTIVE = (0.44, 0.23, 0.14, 0.10)
_JOIN = 4.8  # redshift at which Bosman's measurement takes over from Becker's
_LEAST = 1.45  # redshift below which Becker's formula is not positive


def effective_optical_depth(z: ArrayLike) -> NDArray[np.float64]:
    """Effective optical depth of Ly-alpha: Becker et al. (2013) below z = 4.8, Bosman et al. (2022) above.

    0.751 ((1 + z) / 4.5)^2.90 - 0.132, and 0.30 ((1 + z) / 5.8)^13.7 + 1.35, which holds to z = 6 and is nearly opaque beyond.
    """
    z = np.asarray(z, dtype=np.float64)
    low = 0.751 * ((1 + z) / 4.5) ** 2.90 - 0.132
    return np.where(z < _JOIN, np.where(z > _LEAST, np.maximum(low, 0.0), 0.0), 0.30 * ((1 + z) / 5.8) ** 13.7 + 1.35)


def transmission(wave: NDArray, z: NDArray, opacity: ArrayLike = 1.0) -> NDArray[np.float32]:
    """Mean transmission towards sources: the Lyman series, thinned near the source by its own light, and the Lyman limit.

    Parameters
    ----------
    wave : ndarray, shape (n_pix,)
        Observed vacuum wavelength, Angstrom.
    z : ndarray, shape (n,)
        Redshift of the sources.
    opacity : array_like, shape (n,)
        Factor on the optical depth: sight lines differ.

    Returns
    -------
    ndarray, shape (n, n_pix)
    """
    z = np.asarray(z, np.float64)[:, None]
    tau = np.zeros((len(z), wave.size))
    for line, strength in zip((LYMAN_ALPHA, *(line for line, _ in SERIES)), (1.0, *_EFFECTIVE), strict=True):
        at = wave / line - 1  # redshift of the gas that absorbs here in this line
        away = np.maximum(C_KM_S * (z - at) / (1 + z), 0.0)  # km/s in front of the source
        tau += strength * effective_optical_depth(at) * (away / (away + PROXIMITY))
    tau *= np.broadcast_to(np.asarray(opacity, np.float64), z.shape[:1])[:, None]
    return np.where(wave < LYMAN_LIMIT * (1 + z), 0.0, np.exp(-tau)).astype(np.float32)
