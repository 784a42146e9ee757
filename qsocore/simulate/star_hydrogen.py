"""Hydrogen and helium in stars: the Balmer and Paschen series, the Balmer jump, He I and He II."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.star_profiles import wing_line
from qsocore.units import air_to_vacuum

# Equivalent width of H-beta (Angstrom), optical depth at its centre, and Balmer jump (dex) along the main sequence
_TEFF = (3500, 4200, 4600, 5200, 5800, 6500, 7200, 8000, 9000, 9600, 11000, 13500, 19000, 28000, 40000, 50000)
_WIDTH = (0.0, 0.4, 1.0, 2.1, 3.7, 5.5, 9.8, 13.5, 15.5, 15.5, 13.0, 10.0, 7.2, 4.1, 3.2, 2.6)
_DEPTH = (0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.1, 1.25, 1.3, 1.3, 1.2, 1.0, 0.8, 0.6, 0.5, 0.45)
_JUMP = (0.0, 0.0, 0.02, 0.06, 0.12, 0.19, 0.28, 0.42, 0.50, 0.49, 0.44, 0.33, 0.20, 0.10, 0.04, 0.02)
_H_ALPHA = (1.0, 1.0, 1.0, 1.0, 0.95, 0.85, 0.75, 0.72, 0.70, 0.68, 0.68, 0.70, 0.82, 0.85, 0.85, 0.85)  # over H-beta
# Width of H-beta, H-gamma, ... over that of H-beta; the last value holds for all higher lines
_SERIES = (1.0, 1.0, 0.95, 0.9, 0.8, 0.72, 0.64, 0.56, 0.5, 0.45, 0.4, 0.36, 0.33, 0.3, 0.28, 0.26, 0.25)
_N_LAST = 20
_RYDBERG = 911.7633  # Angstrom, hydrogen's ionisation edge (vacuum)

# White dwarfs of type DA, log g 8: pressure broadens the lines, most of all near 13,000 K, and takes the highest away
_DA_TEFF = (5000, 6000, 7500, 9000, 11000, 13000, 16000, 20000, 26000, 35000, 50000, 80000)
_DA_WIDTH = (0.0, 3.0, 12.0, 26.0, 42.0, 48.0, 41.0, 33.0, 26.0, 19.0, 13.0, 8.0)
_DA_SERIES = (0.62, 1.0, 0.92, 0.72, 0.45, 0.24, 0.12, 0.05)

# He I and He II, air wavelengths (NIST), with their weights
_HE_I = ((3819.6, .5), (3888.6, .6), (3964.7, .2), (4026.2, 1.0), (4120.8, .3), (4143.8, .5), (4387.9, .7), (4471.5, 1.1),
         (4713.1, .3), (4921.9, .6), (5015.7, .3), (5047.7, .2), (5875.6, .9), (6678.2, .6), (7065.2, .4), (7281.3, .2))
_HE_II = ((4199.8, .6), (4541.6, .8), (4685.7, 1.0), (5411.5, 1.0))
_HE_TEFF = (9500, 11000, 14000, 19000, 24000, 30000, 36000, 42000, 50000)
_HE_I_WIDTH = (0.0, 0.15, 0.6, 1.3, 1.3, 0.9, 0.7, 0.35, 0.1)
_HE_II_WIDTH = (0.0, 0.0, 0.0, 0.0, 0.0, 0.15, 0.6, 0.9, 1.1)


def balmer_wave(upper: int) -> float:
    """Vacuum wavelength (Angstrom) of the Balmer line from level `upper`."""
    return _RYDBERG / (1 / 4 - 1 / upper**2)


def _paschen_wave(upper: int) -> float:
    return _RYDBERG / (1 / 9 - 1 / upper**2)


def main_sequence(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Optical depth of hydrogen and helium of a dwarf, shape (n_pix,); wave in vacuum Angstrom."""
    width, depth, jump, alpha = (float(np.interp(teff, _TEFF, table)) for table in (_WIDTH, _DEPTH, _JUMP, _H_ALPHA))
    tau = series(wave, width, depth, (alpha, *_SERIES)) + balmer_jump(wave, jump)
    paschen = min(1.0, (teff / 9000) ** 6)
    for upper in range(9, 21):  # of the Paschen series only these lie in the optical
        fall = 0.82 ** (upper - 9)
        tau += wing_line(wave, _paschen_wave(upper), 0.6 * paschen * width * fall, 0.6 * fall)
    he_i, he_ii = (float(np.interp(teff, _HE_TEFF, table)) for table in (_HE_I_WIDTH, _HE_II_WIDTH))
    return tau + helium(wave, _HE_I, he_i, 0.3) + helium(wave, _HE_II, he_ii, 0.25)


def white_dwarf(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Optical depth of a DA white dwarf of log g 8, shape (n_pix,)."""
    width = float(np.interp(teff, _DA_TEFF, _DA_WIDTH))
    jump = 0.55 * float(np.interp(teff, _TEFF, _JUMP))
    return series(wave, width, 0.5 + 0.014 * width, _DA_SERIES, last=9, taper=0.7) + balmer_jump(wave, jump, 60.0)


def helium_dwarf(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Optical depth of a DB white dwarf: broad He I alone, shape (n_pix,)."""
    return helium(wave, _HE_I, 14.0 * np.exp(-0.5 * ((np.log(teff) - np.log(22000)) / 0.32) ** 2), 0.5)


def series(wave: NDArray, width: float, depth: float, ratios: tuple[float, ...], last: int = _N_LAST, taper: float = 0.0
           ) -> NDArray[np.float64]:
    """Optical depth of the Balmer lines from H-alpha up to level `last`.

    Parameters
    ----------
    wave : ndarray, shape (n_pix,)
        Vacuum wavelength, Angstrom.
    width, depth : float
        Equivalent width (Angstrom) and central optical depth of H-beta.
    ratios : tuple of float
        Width of each line over that of H-beta; the last one holds for all that follow.
    last : int
        Upper level of the last line.
    taper : float
        Exponent with which the depth follows the ratio: 0 leaves all lines equally deep, 1 equally broad.
    """
    tau = np.zeros_like(wave)
    for upper in range(3, last + 1):
        ratio = ratios[min(upper - 3, len(ratios) - 1)]
        tau += wing_line(wave, balmer_wave(upper), width * ratio, depth * min(ratio, 1.0) ** taper)
    return tau


def balmer_jump(wave: NDArray, jump: float, softness: float = 12.0) -> NDArray[np.float64]:
    """Optical depth beyond the Balmer limit: a step of `jump` dex, softened by the lines that merge towards it."""
    return jump * np.log(10) / (1 + np.exp(np.clip((wave - balmer_wave(_N_LAST)) / softness, -60, 60)))


def helium(wave: NDArray, lines: tuple[tuple[float, float], ...], width: float, depth: float) -> NDArray[np.float64]:
    """Optical depth of lines (air wavelength, weight) of `width` Angstrom times their weight."""
    tau = np.zeros_like(wave)
    for centre, weight in lines:
        tau += wing_line(wave, float(air_to_vacuum(centre)), width * weight, depth)
    return tau
