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

_ACTIVE_BALMER = (1.0, 1.3, 1.2, 1.1, 1.0, 0.9)  # H-alpha to H-8 (Bochanski et al. 2007, AJ 133, 531: about equal widths)
_ACTIVE_SIGMA = 75.0  # km/s, unresolved at a resolution of 2000


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


def chromosphere(wave: NDArray) -> NDArray[np.float64]:
    """Balmer lines of an active dwarf over its continuum where H-alpha has 1 Angstrom equivalent width, shape (n_pix,)."""
    over = np.zeros_like(wave)
    for upper, width in zip(range(3, 3 + len(_ACTIVE_BALMER)), _ACTIVE_BALMER, strict=True):
        sigma = balmer_wave(upper) * _ACTIVE_SIGMA / C_KM_S
        over += width / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((wave - balmer_wave(upper)) / sigma) ** 2)
    return over
