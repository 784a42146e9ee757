"""Distances in the flat cosmology of the luminosity functions (h = 0.70, matter 0.30)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.units import C_KM_S

H0, OMEGA_M = 70.0, 0.30
_Z_MAX, _N_TABLE = 12.0, 6001


@cache
def _table() -> tuple[NDArray, NDArray]:
    z = np.linspace(0.0, _Z_MAX, _N_TABLE)
    inverse = C_KM_S / (H0 * np.sqrt(OMEGA_M * (1 + z) ** 3 + 1 - OMEGA_M))  # c / H(z), Mpc
    steps = 0.5 * (inverse[1:] + inverse[:-1]) * np.diff(z)
    return z, np.concatenate([[0.0], np.cumsum(steps)])


def comoving_distance(z: ArrayLike) -> NDArray[np.float64]:
    """Line-of-sight comoving distance, Mpc, for 0 <= z <= 12."""
    return np.interp(z, *_table())


def distance_modulus(z: ArrayLike) -> NDArray[np.float64]:
    """Apparent less absolute magnitude of a source whose flux is not redshifted, 5 log10(d_L / 10 pc)."""
    z = np.asarray(z, dtype=np.float64)
    return 5 * np.log10((1 + z) * comoving_distance(z)) + 25


def volume_per_redshift(z: ArrayLike) -> NDArray[np.float64]:
    """Comoving volume per unit redshift and steradian, Mpc3."""
    z = np.asarray(z, dtype=np.float64)
    hubble = H0 * np.sqrt(OMEGA_M * (1 + z) ** 3 + 1 - OMEGA_M)
    return comoving_distance(z) ** 2 * C_KM_S / hubble
