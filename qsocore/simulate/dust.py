"""Dust curves A(lambda) per E(B-V): SMC for quasars, the Galaxy's, and Calzetti's for star-forming galaxies."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LN_PER_MAG = 0.4 * np.log(10.0)
"""Natural-log optical depth of one magnitude."""


def smc(wave: ArrayLike) -> NDArray[np.float64]:
    """A(lambda) / E(B-V) of the Small Magellanic Cloud, 1.39 (lambda / 1 um)^-1.2.

    Parameters
    ----------
    wave : array_like
        Rest wavelength, Angstrom.

    References
    ----------
    Richards et al. (2003), AJ 126, 1131; fit to Prevot et al. (1984).
    """
    return 1.39 * (np.asarray(wave, dtype=np.float64) / 1e4) ** -1.2


def galactic(wave: ArrayLike, r_v: float = 3.1) -> NDArray[np.float64]:
    """A(lambda) / E(B-V) of the Milky Way, optical and near infrared (3030 Angstrom to 3.3 um).

    Parameters
    ----------
    wave : array_like
        Observed wavelength, Angstrom.
    r_v : float
        A_V / E(B-V).

    References
    ----------
    Cardelli, Clayton & Mathis (1989), ApJ 345, 245, with the optical coefficients of O'Donnell (1994), ApJ 422, 158.
    """
    x = 1e4 / np.asarray(wave, dtype=np.float64)
    y = x - 1.82
    a = np.polyval([-0.505, 1.647, -0.827, -1.718, 1.137, 0.701, -0.609, 0.104, 1.0], y)
    b = np.polyval([3.347, -10.805, 5.491, 11.102, -7.985, -3.989, 2.908, 1.952, 0.0], y)
    infrared = x < 1.1
    a = np.where(infrared, 0.574 * x**1.61, a)
    b = np.where(infrared, -0.527 * x**1.61, b)
    return r_v * a + b


def calzetti(wave: ArrayLike) -> NDArray[np.float64]:
    """A(lambda) / E(B-V) of starbursts (0.12 to 2.2 um), R_V = 4.05.

    Parameters
    ----------
    wave : array_like
        Rest wavelength, Angstrom.

    References
    ----------
    Calzetti et al. (2000), ApJ 533, 682, eq. 4.
    """
    inverse = 1e4 / np.asarray(wave, dtype=np.float64)
    blue = -2.156 + 1.509 * inverse - 0.198 * inverse**2 + 0.011 * inverse**3
    red = -1.857 + 1.040 * inverse
    return np.maximum(2.659 * np.where(inverse > 1 / 0.63, blue, red) + 4.05, 0.0)
