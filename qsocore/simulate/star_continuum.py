"""Continua of stars: Planck's law, and how the continuum between the bands of real dwarfs departs from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIVOT = 5500.0
"""Wavelength (Angstrom) at which continua are 1."""

_C2 = 1.438777e8  # h c / k, Angstrom K (CODATA 2018)
# ln of the departure from Planck's law relative to 5500 Angstrom: rows temperature, columns wavelength
_WAVE = (3000, 3850, 4250, 5500, 6500, 7500, 8500, 9500, 10500)
_DEPARTURE = {
    60000: (0, 0, 0, 0, 0, 0, 0, 0, 0),
    1300: (0, 0, 0, 0, 0, 0, 0, 0, 0),
}


def planck(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Planck's law per unit wavelength as a logarithm, 0 at `PIVOT`; shape as `wave` (Angstrom)."""
    def log_b(at):
        x = _C2 / (at * teff)
        return -5 * np.log(at) - x - np.log1p(-np.exp(-x))

    return log_b(np.asarray(wave, np.float64)) - log_b(PIVOT)


def dwarf_continuum(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Spectrum (ln f_lambda) of a dwarf without lines and bands, 0 at `PIVOT`.

    Blanketing by lines too many to list and the opacity of H- and molecules redden cool stars in the blue; the departures are
    those that give the colours of the dwarfs of Pickles (1998), PASP 110, 863.
    """
    temperatures = sorted(_DEPARTURE)
    rows = np.array([_DEPARTURE[t] for t in temperatures], float)
    place = np.interp(np.log(teff), np.log(temperatures), np.arange(len(temperatures)))
    low = min(int(place), len(temperatures) - 2)
    departure = rows[low] + (place - low) * (rows[low + 1] - rows[low])
    return planck(wave, teff) + np.interp(wave, _WAVE, departure)


def continuum(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Spectrum (ln f_lambda) of a carbon star without bands: Planck's law, blanketed below 4800 Angstrom."""
    return planck(wave, teff) - 1.2 * np.clip((4800 - wave) / 1000, 0, None)
