"""Quasars from the Lyman limit to the hot dust, for bands: the mean spectrum of Temple et al. (2021) with our own lines.

`qsocore.simulate.quasars` makes the spectra that a spectrograph resolves, to redshift 4.3; this is for photometry at any.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate import emission
from qsocore.simulate.bands import band_wave
from qsocore.simulate.continuum import flux_at_pivot
from qsocore.simulate.cosmology import distance_modulus
from qsocore.simulate.dust import LN_PER_MAG, smc
from qsocore.simulate.igm import transmission
from qsocore.simulate.luminosity import I_FROM_1450

# Slopes of f_nu (in nu) and where they break, rest Angstrom: Temple, Hewett & Banerji (2021), MNRAS 508, 737. Their red slope
# is +0.593, beside line templates and hosts of their own; with our lines, that of Ross et al. (2013), ApJ 773, 14, gives
# W1 - W2 of z = 6 quasars (0.2 mag redder)
_BREAK, _BLUE, _RED = 3880.0, -0.349, -0.37
_STEEP_BELOW, _STEEPER = 1200.0, -1.0
_DUST_T, _DUST_2UM = 1243.6, 3.961  # K, and f_nu at 2 um where the power law is 1 at 5500 Angstrom
_HC_K = 1.438777e8  # Angstrom kelvin
_PIVOT = 1450.0
SLOPE_SCATTER = 0.25
"""Scatter of the slope among quasars, between those that surveys quote (0.2 to 0.3)."""
OPACITY_SCATTER = 0.25
"""Scatter of ln of the optical depth of sight lines, about what averages over 50 Mpc show at z = 5.5 (Bosman et al. 2022)."""
_EBV = 0.027  # mean, as in `qsocore.simulate.quasars`


def draw(z: NDArray, m_1450: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Draw what quasars of given redshift and absolute magnitude look like.

    Parameters
    ----------
    z, m_1450 : ndarray, shape (n,)
        Redshift, and absolute AB magnitude at rest 1450 Angstrom, with the dust.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    dict of ndarray, first axis n
        ``true_z``, ``m_1450``, ``tilt`` (added to the slopes), ``ebv``, ``opacity``, and lines as `emission.draw_lines`.
    """
    n = z.size
    return {"true_z": z, "m_1450": m_1450, "tilt": SLOPE_SCATTER * rng.standard_normal(n), "ebv": rng.exponential(_EBV, n),
            "opacity": np.exp(OPACITY_SCATTER * rng.standard_normal(n)),
            **emission.draw_lines(m_1450 + I_FROM_1450, rng)}


def continuum(rest: NDArray, tilt: NDArray | float = 0.0) -> NDArray[np.float64]:
    """f_nu of the mean quasar without lines, 1 at 5500 Angstrom of the power law.

    Parameters
    ----------
    rest : ndarray, shape (..., n_pix)
        Rest wavelength, Angstrom.
    tilt : ndarray, broadcast against `rest`
        Added to both slopes.
    """
    x = np.log(rest / _BREAK)
    slope = np.where(x < 0, _BLUE, _RED) + tilt
    log_f = -slope * x + (_RED + tilt) * np.log(5500.0 / _BREAK)  # nu falls as lambda rises
    log_f = log_f - _STEEPER * np.minimum(np.log(rest / _STEEP_BELOW), 0.0)
    ratio = rest / 2e4
    dust = _DUST_2UM * ratio**-3 * np.expm1(_HC_K / (2e4 * _DUST_T)) / np.expm1(np.minimum(_HC_K / (rest * _DUST_T), 600.0))
    return np.exp(log_f) + dust


def spectra(truth: dict[str, NDArray]) -> NDArray[np.float32]:
    """f_lambda (n, n_wave) on `qsocore.simulate.bands.band_wave`, 1e-17 erg/s/cm2/Angstrom, of quasars from `draw`."""
    return emitted(truth) * transmission(band_wave(), truth["true_z"], truth["opacity"])


def emitted(truth: dict[str, NDArray]) -> NDArray[np.float32]:
    """What `spectra` are before the intergalactic medium; ``opacity`` is not looked at."""
    wave, z = band_wave(), truth["true_z"]
    scale = _at_pivot(truth)
    flux = (_f_lambda(wave / (1 + z[:, None]), truth) * scale[:, None]).astype(np.float32)
    emission.add_balmer_continuum(flux, wave, z, truth["balmer"])
    lines = np.broadcast_to(np.array([line.wave for line in emission.LINES]), truth["line_ew"].shape)
    emission.add_lines(flux, wave, z, truth, _f_lambda(lines, truth) * scale[:, None])
    return flux


def _f_lambda(rest: NDArray, truth: dict[str, NDArray]) -> NDArray[np.float64]:
    """Reddened f_lambda (n, m) at rest wavelengths (n, m), relative to rest 1450 Angstrom."""
    tilt, ebv = truth["tilt"][:, None], truth["ebv"][:, None]
    dust = np.exp(-LN_PER_MAG * ebv * (smc(rest) - smc(_PIVOT)))
    pivot = continuum(np.full_like(tilt, _PIVOT), tilt)
    return continuum(rest, tilt) / pivot * dust * (_PIVOT / rest) ** 2


def _at_pivot(truth: dict[str, NDArray]) -> NDArray[np.float64]:
    """Observed f_lambda (n,), 1e-17 erg/s/cm2/Angstrom, at 1450 (1 + z) Angstrom."""
    return flux_at_pivot(truth["m_1450"], truth["true_z"], distance_modulus(truth["true_z"]))
