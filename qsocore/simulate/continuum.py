"""Quasar continua: power laws broken at fixed rest wavelengths, every segment's slope with scatter, reddened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.dust import LN_PER_MAG, smc

BREAKS = np.array([1100.0, 5700.0, 9730.0])  # rest Angstrom
# f_nu slopes before dust. Ross et al. (2013) have -0.30 +- 0.20 when dust is drawn apart; BOSS quasars look bluer still,
# for their fibres were set for blue light (Margala et al. 2016), and the slope here is the one that their composite asks for.
SLOPES = np.array([-1.00, -0.10, -0.20, -1.70])
SCATTER = np.array([0.30, 0.20, 0.30, 0.30])
PIVOT = 1450.0  # rest Angstrom where M_1450 fixes the flux


def draw_slopes(n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """f_nu slopes of the segments of `BREAKS`, shape (n, 4)."""
    return (SLOPES + SCATTER * rng.standard_normal((n, SLOPES.size))).astype(np.float32)


def flux_at_pivot(m_1450: NDArray, z: NDArray, modulus: NDArray) -> NDArray[np.float64]:
    """Observed f_lambda (1e-17 erg/s/cm2/Angstrom), (n,), at 1450 (1 + z) Angstrom of quasars of that absolute magnitude."""
    m_ab = m_1450 + modulus - 2.5 * np.log10(1 + z)
    f_nu = 10 ** (-0.4 * (m_ab + 48.60))
    return f_nu * 2.99792458e18 / (PIVOT * (1 + z)) ** 2 * 1e17


def log_continuum(log_wave: NDArray, z: NDArray, slopes: NDArray, ebv: NDArray) -> NDArray[np.float32]:
    """Natural log of the reddened f_lambda relative to its value at rest `PIVOT`.

    Parameters
    ----------
    log_wave : ndarray, shape (n_pix,) or (n, m)
        ln of observed wavelength, Angstrom; two-dimensional when every quasar has its own.
    z : ndarray, shape (n,)
        Redshift.
    slopes : ndarray, shape (n, 4)
        f_nu slopes of the segments.
    ebv : ndarray, shape (n,)
        E(B-V) of SMC dust at the quasar. Dust tilts the spectrum about the pivot: M_1450 is as observed.

    Returns
    -------
    ndarray, shape (n, n_pix) or (n, m)
    """
    z, ebv = np.asarray(z, np.float64)[:, None], np.asarray(ebv, np.float64)[:, None]
    log_wave = np.atleast_2d(log_wave)
    x = (log_wave - np.log(PIVOT * (1 + z))).astype(np.float32)  # ln of rest wavelength over the pivot
    slopes = -(2 + slopes.astype(np.float32))  # f_lambda
    breaks = np.log(BREAKS / PIVOT).astype(np.float32)
    out = x * slopes[:, 1:2]
    below = np.minimum(x - breaks[0], 0)
    below *= slopes[:, 0:1] - slopes[:, 1:2]
    out += below
    for number in (1, 2):
        above = x - breaks[number]
        if above.max(initial=0) > 0:
            np.maximum(above, 0, out=above)
            above *= slopes[:, number + 1:number + 2] - slopes[:, number:number + 1]
            out += above
    # A(lambda) is a power of lambda, so that (1 + z) factors out and the observed grid is raised to it only once
    curve = smc(np.exp(log_wave)).astype(np.float32)
    out -= curve * (LN_PER_MAG * ebv * (1 + z) ** 1.2).astype(np.float32)
    out += (LN_PER_MAG * ebv * smc(PIVOT)).astype(np.float32)
    return out
