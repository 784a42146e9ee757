"""Discrete hydrogen absorbers in front of quasars: Lyman limit systems and damped Ly-alpha systems."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import wofz

from qsocore.simulate.forest import LYMAN_ALPHA, LYMAN_LIMIT
from qsocore.units import C_KM_S

TRANSITIONS = (  # rest wavelength (vacuum Angstrom), oscillator strength, damping constant (1/s); Morton (2003), ApJS 149, 205
    (LYMAN_ALPHA, 0.4164, 6.265e8), (1025.722, 0.07912, 1.897e8), (972.537, 0.02900, 8.127e7),
)
DOPPLER = 30.0  # km/s
DAMPED = 19.5  # log10 of the column density from which damping wings are drawn
_MOST = 8  # absorbers kept per quasar, those of highest column density
_Z_DAMPED, _Z_LIMIT = 1.9, 2.7  # below which Ly-alpha or the Lyman limit lies blueward of every spectrograph simulated
_FAINTEST_WING = 0.002  # optical depth at which a wing is cut


def voigt(a: ArrayLike, u: ArrayLike) -> NDArray[np.float64]:
    """Voigt-Hjerting function H(a, u): damping over Doppler width `a`, offset in Doppler widths `u`; H(0, 0) = 1."""
    return wofz(np.asarray(u) + 1j * np.asarray(a)).real


def line_optical_depth(velocity: ArrayLike, log_n: float, transition: tuple[float, float, float], b: float = DOPPLER
                       ) -> NDArray[np.float64]:
    """Optical depth of one line at a velocity (km/s) from its centre.

    Parameters
    ----------
    velocity : array_like
        km/s.
    log_n : float
        log10 of the column density in 1/cm2.
    transition : (float, float, float)
        Wavelength (Angstrom), oscillator strength, damping constant (1/s).
    b : float
        Doppler parameter, km/s.

    Notes
    -----
    tau = sqrt(pi) e^2 / (m_e c) N f lambda / b H(a, u), with 1.4974e-15 for N in 1/cm2, lambda in Angstrom, b in km/s.
    """
    a, peak = _voigt_parameters(log_n, transition, b)
    return peak * voigt(a, np.asarray(velocity) / b)


def _voigt_parameters(log_n: float, transition: tuple[float, float, float], b: float) -> tuple[float, float]:
    """Damping over Doppler width, and the optical depth at the centre of an undamped line."""
    wave, strength, damping = transition
    return damping * wave * 1e-13 / (4 * np.pi * b), 1.4974e-15 * 10.0**log_n * strength * wave / b


def draw(z: NDArray, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Absorbers in front of quasars.

    Parameters
    ----------
    z : ndarray, shape (n,)
        Redshifts of the quasars.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    z_abs, log_n : ndarray, shape (n, 8)
        Redshift and log10 column density (1/cm2), NaN where there is none.

    Notes
    -----
    Damped systems: dn/dz = 0.6 exp(-7 / z^2) above 20.3 (Prochaska & Wolfe 2009), times 1.6 down to 19.5, columns as N^-1.48
    up to 22. Lyman limit systems: dn/dz = 0.27 (1 + z)^1.55, columns as N^-1.25 from 17.3 to 19.5.
    """
    systems = [
        _poisson(z, _Z_DAMPED, lambda at: 0.6 * np.exp(-7 / at**2), (20.3, 22.0, 1.48), rng),
        _poisson(z, _Z_DAMPED, lambda at: 0.36 * np.exp(-7 / at**2), (DAMPED, 20.3, 1.48), rng),
        _poisson(z, _Z_LIMIT, lambda at: 0.27 * (1 + at) ** 1.55, (17.3, DAMPED, 1.25), rng),
    ]
    row, z_abs, log_n = (np.concatenate(parts) for parts in zip(*systems, strict=True))
    order = np.lexsort((-log_n, row))
    row, z_abs, log_n = row[order], z_abs[order], log_n[order]
    place = np.arange(row.size) - np.searchsorted(row, row)
    kept = place < _MOST
    out = np.full((2, z.size, _MOST), np.nan)
    out[0, row[kept], place[kept]], out[1, row[kept], place[kept]] = z_abs[kept], log_n[kept]
    return out[0], out[1]


def _poisson(z, z_min, density, columns, rng):
    """Rows, redshifts and columns of a Poisson process of `density` per dz between `z_min` and each quasar."""
    rows = np.flatnonzero(z > z_min)
    ceiling = density(z[rows])  # both densities rise with redshift
    row = np.repeat(rows, rng.poisson(ceiling * (z[rows] - z_min)))
    at = z_min + (z[row] - z_min) * rng.random(row.size)
    kept = rng.random(row.size) * density(z[row]) < density(at)
    low, high, slope = columns
    power = 1 - slope
    ends = 10.0 ** (low * power), 10.0 ** (high * power)
    log_n = np.log10(ends[0] + (ends[1] - ends[0]) * rng.random(row.size)) / power
    return row[kept], at[kept], log_n[kept]


def add_optical_depth(tau: NDArray, log_cells: NDArray, z_abs: NDArray, log_n: NDArray) -> None:
    """Add damped lines and Lyman continua to the forest's optical depth, in place.

    The Ly-alpha lines of Lyman limit systems are part of the forest's own distribution and are not added again.

    Parameters
    ----------
    tau : ndarray, shape (n, n_cells)
        Optical depth on cells.
    log_cells : ndarray, shape (n_cells,)
        ln of observed wavelength of the cells.
    z_abs, log_n : ndarray, shape (n, k)
        From `draw`.
    """
    for row, place in zip(*np.nonzero(np.isfinite(log_n)), strict=True):
        z, column = z_abs[row, place], log_n[row, place]
        limit = np.log(LYMAN_LIMIT * (1 + z))
        below = np.searchsorted(log_cells, limit)
        if below:  # tau = N / 10^17.2 (lambda / lambda_limit)^3
            tau[row, :below] += (10 ** (column - 17.2) * np.exp(3 * (log_cells[:below] - limit))).astype(tau.dtype)
        if column >= DAMPED:
            for transition in TRANSITIONS:
                a, peak = _voigt_parameters(column, transition, DOPPLER)
                # Far from the centre H(a, u) = a / (sqrt(pi) u^2)
                reach = DOPPLER * np.sqrt(peak * a / np.sqrt(np.pi) / _FAINTEST_WING) / C_KM_S
                centre = np.log(transition[0] * (1 + z))
                part = slice(*np.searchsorted(log_cells, (centre - reach, centre + reach)))
                velocity = C_KM_S * np.expm1(log_cells[part] - centre)
                tau[row, part] += line_optical_depth(velocity, column, transition).astype(tau.dtype)
