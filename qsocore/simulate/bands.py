"""Fluxes in bands as a detector that counts photons sees them, with the measured filter curves of astro-sedpy."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, did_you_mean
from qsocore.units import C_KM_S

FILTERS = MappingProxyType({
    "u": "decam_u", "g": "decam_g", "r": "decam_r", "i": "decam_i", "z": "decam_z", "Y": "decam_Y", "J": "vista_vircam_J",
    "H": "vista_vircam_H", "K": "vista_vircam_Ks", "W1": "wise_w1", "W2": "wise_w2"})
"""Our short names and those of astro-sedpy: DECam, VISTA, WISE."""

BANDS = ("g", "r", "i", "z", "Y", "J", "K", "W1", "W2")
"""The nine of a crossmatch of DES, VHS and AllWISE."""

AB_MICROJANSKY = 23.9
"""AB magnitude of one microjansky."""

STEP = 1e-3
"""Pixel of `band_wave`, dex: enough for bands that are a hundred pixels wide."""

_C_ANGSTROM = C_KM_S * 1e13  # Angstrom / s
_TO_MICROJANSKY = 1e-17 * 1e29  # of f_lambda in 1e-17 erg/s/cm2/Angstrom, once it is f_nu


@cache
def band_wave() -> NDArray[np.float64]:
    """Observed vacuum wavelengths, Angstrom, that cover every band of `FILTERS`: 2950 to 60,000 in equal steps of log10."""
    wave = 10 ** np.arange(np.log10(2950), np.log10(60000), STEP)
    wave.flags.writeable = False
    return wave


@cache
def per_f_lambda() -> NDArray[np.float64]:
    """What turns f_lambda on `band_wave`, 1e-17 erg/s/cm2/Angstrom, into f_nu in microjansky, shape (n_wave,)."""
    return band_wave() ** 2 / _C_ANGSTROM * _TO_MICROJANSKY


@cache
def responses(bands: tuple[str, ...] = BANDS) -> NDArray[np.float32]:
    """What turns f_lambda on `band_wave` into band fluxes: ``flux @ responses()`` is in microjansky.

    Parameters
    ----------
    bands : tuple of str
        Of `FILTERS`.

    Returns
    -------
    ndarray, shape (n_wave, n_bands)
        Per 1e-17 erg/s/cm2/Angstrom. The flux of a band is the constant f_nu that gives as many photons,
        int(lambda f_lambda T) / int(c T / lambda), so that flat f_nu has the same flux in all of them.

    Raises
    ------
    ConfigError
        For a band that is not known.
    """
    return np.stack([_response(band) for band in bands], axis=1)


@cache
def _response(band: str) -> NDArray[np.float32]:
    from sedpy.observate import Filter

    if band not in FILTERS:
        raise ConfigError(f"no band is called {band!r}", "bands", did_you_mean(band, FILTERS))
    curve = Filter(FILTERS[band])
    return response_of(curve.wavelength, curve.transmission)


def response_of(wavelength: NDArray, transmission: NDArray) -> NDArray[np.float32]:
    """A column of `responses`, shape (n_wave,), for a filter curve: wavelengths (m,) in rising Angstrom, its transmission (m,).

    A detector that counts energy is one that counts photons through the curve ``transmission / wavelength``.
    """
    wave = band_wave()
    step = wave * np.log(10) * STEP
    # The mean over each pixel, by the integral of the curve: some curves have steps finer than our pixels
    fine = np.union1d(wavelength, np.linspace(wavelength[0], wavelength[-1], 4000))
    through = np.interp(fine, wavelength, np.maximum(transmission, 0.0))
    total = np.concatenate([[0.0], np.cumsum(np.diff(fine) * (through[1:] + through[:-1]) / 2)])
    low, high = (np.interp(wave * 10 ** (side * STEP / 2), fine, total) for side in (-1, 1))
    through = (high - low) / step
    weight = wave * through * step / (_C_ANGSTROM * np.sum(through * step / wave))
    return (weight * _TO_MICROJANSKY).astype(np.float32)


def band_fluxes(flux: NDArray, bands: tuple[str, ...] = BANDS) -> NDArray[np.float32]:
    """Fluxes (n, n_bands) in microjansky of spectra (n, n_wave) on `band_wave`, f_lambda in 1e-17 erg/s/cm2/Angstrom."""
    return np.einsum("nw,wb->nb", flux, responses(bands), optimize=True)


def magnitudes_of(flux: NDArray) -> NDArray[np.float64]:
    """AB magnitudes of fluxes in microjansky; NaN where there is none."""
    flux = np.asarray(flux, np.float64)
    return AB_MICROJANSKY - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))


def fluxes_of(magnitude: NDArray) -> NDArray[np.float64]:
    """Fluxes in microjansky of AB magnitudes."""
    return 10 ** (0.4 * (AB_MICROJANSKY - np.asarray(magnitude, np.float64)))
