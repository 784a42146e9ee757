"""Galaxies as fits know them: stellar populations of six ages with their gas, behind dust and the intergalactic medium."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.simulate import galaxy_light, igm
from qsocore.simulate.bands import band_wave
from qsocore.simulate.cosmology import distance_modulus
from qsocore.simulate.starlight import AGES

TEMPLATES = MappingProxyType({
    # shares of the populations of `AGES` in the light at 5500 Angstrom
    "starburst": (0.75, 0.15, 0.05, 0.03, 0.01, 0.01),
    "irregular": (0.30, 0.30, 0.15, 0.10, 0.10, 0.05),
    "late spiral": (0.14, 0.18, 0.16, 0.16, 0.18, 0.18),
    "early spiral": (0.04, 0.06, 0.10, 0.15, 0.30, 0.35),
    "post-starburst": (0.00, 0.03, 0.72, 0.20, 0.03, 0.02),
    "young elliptical": (0.00, 0.00, 0.00, 0.25, 0.50, 0.25),
    "elliptical": (0.00, 0.00, 0.00, 0.00, 0.20, 0.80),
    "old": (0.00, 0.00, 0.00, 0.00, 0.00, 1.00),
})
"""Star formation histories of the grid, the bluest first."""

_YOUNG = 2  # populations whose light the gas answers to
_SUN = 3.828e33  # erg/s
_TEN_PARSEC = 4 * np.pi * 3.0856775814913673e19**2  # cm2
# Light at 5500 Angstrom of the populations per solar mass formed, solar luminosities per Angstrom: Bruzual & Charlot (2003),
# MNRAS 344, 1000 (MILES, solar metallicity, Kroupa's initial mass function)
_LIGHT = np.array([4.64e-3, 8.35e-4, 3.42e-4, 1.67e-4, 5.60e-5, 1.99e-5])
_WORTHEY = 1.5  # populations look alike along d ln(age) = -3/2 d ln(metallicity): Worthey (1994), ApJS 95, 107
_STEPS = 80  # ages over which a history is summed


def components(shares: ArrayLike) -> NDArray[np.float64]:
    """Shares (n, n_ages) and that of the gas, shape (n, n_ages + 1): what `galaxy_light.components` is multiplied by."""
    shares = np.atleast_2d(np.asarray(shares, np.float64))
    return np.concatenate([shares, shares[:, :_YOUNG].sum(axis=1, keepdims=True)], axis=1)


def spectra(shares: NDArray, z: NDArray, ebv: NDArray) -> NDArray[np.float32]:
    """Observed f_lambda (n, n_wave) on `band_wave`, in units of rest f_lambda at 5500 Angstrom.

    Parameters
    ----------
    shares : ndarray, shape (n, n_ages)
        Of the populations in the light at 5500 Angstrom.
    z, ebv : ndarray, shape (n,)
        Redshift, E(B-V) of Calzetti's dust.
    """
    light = galaxy_light.spectra({"ages": np.asarray(shares), "true_z": np.asarray(z), "ebv": np.asarray(ebv)})
    return light * igm.transmission(band_wave(), np.asarray(z))


def band_table(z: NDArray, ebv: NDArray, response: NDArray) -> NDArray[np.float64]:
    """Band fluxes of the populations and the gas alone, shape (n_z, n_ebv, n_ages + 1, n_bands), per rest f_lambda at 5500.

    Parameters
    ----------
    z, ebv : ndarray
        Axes.
    response : ndarray, shape (n_wave, n_bands)
        `qsocore.simulate.bands.responses`.
    """
    parts = galaxy_light.components()
    out = np.empty((z.size, ebv.size, len(parts), response.shape[1]))
    through = igm.transmission(band_wave(), z)
    for number, value in enumerate(ebv):
        rest = parts * galaxy_light.reddening(np.array([value]))
        for other, light in enumerate(rest):
            seen = galaxy_light.redshifted(np.broadcast_to(light, (z.size, light.size)), z)
            out[:, number, other] = (seen * through) @ response
    return out


def history(oldest: NDArray, youngest: NDArray, metallicity: NDArray) -> NDArray[np.float64]:
    """Light at 5500 Angstrom of the populations of `AGES` (n, n_ages) per solar mass formed at a constant rate.

    Parameters
    ----------
    oldest, youngest : ndarray, shape (n,)
        Ages between which stars formed, Gyr.
    metallicity : ndarray, shape (n,)
        Solar units. A population looks as one of solar metallicity does that is older or younger by Worthey's rule.

    Returns
    -------
    ndarray, shape (n, n_ages)
        Solar luminosities per Angstrom and solar mass formed.
    """
    oldest, youngest = np.asarray(oldest, np.float64)[:, None], np.asarray(youngest, np.float64)[:, None]
    when = youngest + (oldest - youngest) * (np.arange(_STEPS) + 0.5) / _STEPS  # (n, n_steps): as many stars each
    looks = when * np.maximum(np.asarray(metallicity, np.float64)[:, None], 1e-2) ** _WORTHEY
    log_ages = np.log(AGES)
    light = np.exp(np.interp(np.log(looks), log_ages, np.log(_LIGHT)))
    place = np.interp(np.log(looks), log_ages, np.arange(len(AGES)))
    hats = np.maximum(1 - np.abs(place[:, :, None] - np.arange(len(AGES))), 0.0)
    return np.einsum("ns,nsa->na", light, hats) / _STEPS


def scale(log_mass: NDArray, z: NDArray) -> NDArray[np.float64]:
    """What turns `history`'s light of galaxies (n,) into observed f_lambda, 1e-17 erg/s/cm2/Angstrom, before 1 / (1 + z)."""
    return 10.0 ** np.asarray(log_mass) * _SUN / _TEN_PARSEC * 1e17 * 10 ** (-0.4 * distance_modulus(z))
