"""Redshifts and luminosities of quasars: the luminosity function of Ross et al. (2013) seen through a survey's selection."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.errors import ConfigError, did_you_mean
from qsocore.simulate.cosmology import distance_modulus, volume_per_redshift

ALPHA_NU = -0.5  # f_nu slope behind the K-corrections of the selection
I_FROM_1450 = -1.486  # M_i(z=2) - M_1450 (Richards et al. 2006, eq. 1 and 3 with that slope)
BANDS = {"g": 4686.0, "i": 7481.0}  # effective wavelengths of SDSS bands, Angstrom

Z_RANGE = (0.1, 4.3)
Z_LIMITS = (0.02, 5.6)  # beyond them nothing here holds
FLAT = "flat"
_Z_STEP, _M_STEP = 0.02, 0.05

SELECTIONS = {
    "all": ((0.0, 1.0),),
    # DR16Q joins SDSS-I/II, BOSS (z > 2.15) and eBOSS (0.8 < z < 2.2); the forest quasars are the most complete
    "dr16q": ((0.0, 0.6), (0.8, 0.7), (2.15, 1.5), (3.5, 1.0)),
    # one early BOSS plate: CORE targets above 2.15, some low-redshift ones let in by the colours
    "boss": ((0.0, 1.2), (0.9, 0.10), (2.0, 0.5), (2.15, 1.3), (2.7, 0.9)),
}
"""Relative completeness from each redshift on, by name of the selection; "flat" besides takes as many of every redshift."""


def luminosity_function(m_1450: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
    """Quasars per Mpc3 and magnitude.

    Parameters
    ----------
    m_1450 : array_like
        Absolute AB magnitude at rest 1450 Angstrom.
    z : array_like
        Redshift, broadcast against it.

    Notes
    -----
    Double power law of Ross et al. (2013), ApJ 773, 14: pure luminosity evolution below z = 2.2, luminosity and density
    evolution above, pivoted there.
    """
    z = np.asarray(z, dtype=np.float64)
    low = z < 2.2
    m_star = np.where(low, -21.134 - 2.5 * (1.293 * z - 0.268 * z**2), -25.004 - 0.809 * (z - 2.2))
    log_phi = np.where(low, -5.83, -5.83 - 0.689 * (z - 2.2))
    x = np.asarray(m_1450) - m_star
    return 10**log_phi / (10 ** (0.4 * (-1.3 + 1) * x) + 10 ** (0.4 * (-3.5 + 1) * x))


def apparent(m_1450: ArrayLike, z: ArrayLike, band: str) -> NDArray[np.float64]:
    """AB magnitude of a pure power law in an SDSS band, no lines, no forest; broadcast shape of the arguments."""
    z = np.asarray(z, dtype=np.float64)
    k_correction = -2.5 * np.log10(1 + z) - 2.5 * ALPHA_NU * np.log10(1450 * (1 + z) / BANDS[band])
    return np.asarray(m_1450) + distance_modulus(z) + k_correction


def draw(n: int, rng: np.random.Generator, selection: str = "dr16q", g_range: tuple[float, float] = (17.0, 22.2),
         z_range: tuple[float, float] = Z_RANGE) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw redshifts and absolute magnitudes M_1450 of quasars a survey would have taken.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        Source of chance.
    selection : str
        Key of `SELECTIONS`, or "flat": as many quasars of every redshift, of the luminosities that the limits let in.
    g_range : (float, float)
        Bright and faint limit in g; the faint one is softened over 0.2 mag.
    z_range : (float, float)
        Lowest and highest redshift, within `Z_LIMITS`.

    Returns
    -------
    z, m_1450 : ndarray, shape (n,)

    Raises
    ------
    ConfigError
        When the selection is unknown, or the redshifts are out of range.
    """
    if selection not in (*SELECTIONS, FLAT):
        raise ConfigError(f"no selection is called {selection!r}", remedy=did_you_mean(selection, (*SELECTIONS, FLAT)))
    check_redshifts(z_range)
    z_cells, m_cells, cumulative = _cells(selection, *g_range, *z_range)
    cell = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    row, column = np.divmod(cell, m_cells.size)
    jitter = rng.random((2, n)) - 0.5
    return z_cells[row] + _Z_STEP * jitter[0], m_cells[column] + _M_STEP * jitter[1]


def check_redshifts(z_range: tuple[float, float]) -> tuple[float, float]:
    """Limits of redshift, as given.

    Raises
    ------
    ConfigError
        When they hold no cell of the luminosity function, or lie beyond `Z_LIMITS`.
    """
    low, high = z_range
    if not (Z_LIMITS[0] <= low and low + _Z_STEP <= high <= Z_LIMITS[1]):
        raise ConfigError(f"{low:g} to {high:g} is no range of redshift",
                          "quasars", f"within {Z_LIMITS[0]:g} to {Z_LIMITS[1]:g}, at least {_Z_STEP:g} wide")
    return low, high


@cache
def _cells(selection: str, bright: float, faint: float, z_low: float, z_high: float) -> tuple[NDArray, NDArray, NDArray]:
    z = np.arange(z_low + _Z_STEP / 2, z_high, _Z_STEP)
    m = np.arange(-31.0, -16.0 if selection == FLAT else -20.0, _M_STEP)  # only nearby does the flux limit let fainter ones in
    g = apparent(m, z[:, None], "g")  # (n_z, n_m)
    taken = (g > bright) / (1 + np.exp((g - faint) / 0.1))
    density = luminosity_function(m, z[:, None]) * volume_per_redshift(z)[:, None] * taken
    if selection == FLAT:
        density /= density.sum(axis=1, keepdims=True)
    else:
        starts, levels = np.array(SELECTIONS[selection]).T
        density *= levels[np.searchsorted(starts, z, side="right") - 1][:, None]
    return z, m, np.cumsum(density.ravel())
