"""Air and vacuum wavelengths, velocities and the house's units.

Everything inside QSO Atlas is vacuum Angstrom and 1e-17 erg/s/cm2/Angstrom; conversions happen at the border, here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

C_KM_S = 299_792.458
"""Speed of light, km/s (exact, SI)."""

FLUX_UNIT = "1e-17 erg s-1 cm-2 Angstrom-1"
"""Flux density of calibrated spectra in a store."""

WAVE_UNIT = "Angstrom"

_AIR_LIMIT = 2000.0  # Ciddor's formula, and the custom of quoting air wavelengths, end there


def refractive_index(vacuum: ArrayLike) -> NDArray[np.float64]:
    """Refractive index of standard air (15 C, 1 atm, 450 ppm CO2) at a vacuum wavelength.

    Parameters
    ----------
    vacuum : array_like
        Vacuum wavelength, Angstrom.

    Returns
    -------
    ndarray
        n - dimensionless, same shape; 1 below 2000 Angstrom, where wavelengths are quoted in vacuum.

    References
    ----------
    Ciddor (1996), Applied Optics 35, 1566, eq. 1; the formula behind SDSS's ``airtovac``.
    """
    wave = np.asarray(vacuum, dtype=np.float64)
    sigma2 = (1e4 / np.maximum(wave, _AIR_LIMIT)) ** 2
    n = 1.0 + 5.792105e-2 / (238.0185 - sigma2) + 1.67917e-3 / (57.362 - sigma2)
    return np.where(wave < _AIR_LIMIT, 1.0, n)


def vacuum_to_air(vacuum: ArrayLike) -> NDArray[np.float64]:
    """Air wavelength (Angstrom) of a vacuum wavelength (Angstrom); see `refractive_index`."""
    return np.asarray(vacuum, dtype=np.float64) / refractive_index(vacuum)


def air_to_vacuum(air: ArrayLike) -> NDArray[np.float64]:
    """Vacuum wavelength (Angstrom) of an air wavelength (Angstrom).

    The inverse of `vacuum_to_air` by fixed-point iteration; three rounds leave less than 1e-9 Angstrom.
    """
    air = np.asarray(air, dtype=np.float64)
    vacuum = air.copy()
    for _ in range(3):
        vacuum = air * refractive_index(vacuum)
    # An air wavelength just under the limit belongs to the side on which it is its own vacuum value.
    return np.where(air < _AIR_LIMIT, air, vacuum)


def velocity(z: ArrayLike, z_true: ArrayLike) -> NDArray[np.float64]:
    """Redshift error as a velocity, c (z - z_true) / (1 + z_true), km/s."""
    z_true = np.asarray(z_true, dtype=np.float64)
    return C_KM_S * (np.asarray(z, dtype=np.float64) - z_true) / (1.0 + z_true)
