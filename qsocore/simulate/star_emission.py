"""Emission lines of stars: the discs of cataclysmic variables and the chromospheres of active M dwarfs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.star_hydrogen import balmer_jump, balmer_wave
from qsocore.units import C_KM_S, air_to_vacuum

# Equivalent widths (Angstrom) of H-alpha to H-9 and of helium (air wavelengths) at unit strength
_DISC_BALMER = (46.0, 25.0, 18.0, 14.0, 10.5, 8.0, 6.0)
_DISC_HELIUM = ((4471.5, 5.0), (4685.7, 5.0), (4921.9, 2.5), (5015.7, 2.5), (5875.6, 9.0), (6678.2, 5.0), (7065.2, 4.0))
_DISC_SPEED, _DISC_SIGMA = 420.0, 330.0  # km/s: offset of each of the two peaks, and their width
_DISC_JUMP = 0.12  # dex, in emission


def accretion_lines(wave: NDArray, teff: float) -> NDArray[np.float64]:
    """Emission of an optically thin disc as *negative* optical depth, -ln(1 + line / continuum), shape (n_pix,).

    Two peaks for the two sides of the disc (Horne & Marsh 1986, MNRAS 218, 761).
    """
    lines = [(balmer_wave(3 + place), width) for place, width in enumerate(_DISC_BALMER)]
    lines += [(float(air_to_vacuum(centre)), width) for centre, width in _DISC_HELIUM]
    over = np.zeros_like(wave)
    for centre, width in lines:
        sigma = centre * _DISC_SIGMA / C_KM_S
        for side in (-1, 1):
            u = (wave - centre * (1 + side * _DISC_SPEED / C_KM_S)) / sigma
            over += 0.5 * width / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * u * u)
    return -np.log1p(over) - balmer_jump(wave, _DISC_JUMP, 25.0)


def chromosphere(wave: NDArray, centre_velocity: float = 0.0, sigma: float = 75.0) -> NDArray[np.float64]:
    """Balmer lines of an active dwarf over the continuum, H-alpha of 1 Angstrom equivalent width, shape (n_pix,)."""
    over = np.zeros_like(wave)
    for upper, width in ((3, 1.0), (4, 1.2), (5, 1.0), (6, 0.8)):
        centre = balmer_wave(upper) * (1 + centre_velocity / C_KM_S)
        width_a = centre * sigma / C_KM_S
        over += width / (width_a * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((wave - centre) / width_a) ** 2)
    return over
