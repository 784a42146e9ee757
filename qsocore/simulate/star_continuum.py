"""Continua of stars: Planck's law, and how the continuum between the bands of real dwarfs departs from it."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

PIVOT = 5500.0
"""Wavelength (Angstrom) at which continua are 1."""

_C2 = 1.438777e8  # h c / k, Angstrom K (CODATA 2018)
# ln of the departure from Planck's law relative to 5500 Angstrom: rows temperature, columns wavelength
_WAVE = (1700, 3100, 3850, 4250, 4550, 5000, 5500, 5810, 6050, 6550, 7040, 7500, 8150, 9600, 10500)
_DEPARTURE = MappingProxyType({
    40000: (.15, .15, .18, .12, .07, .03, 0, -.02, -.03, -.04, -.04, -.06, -.07, -.05, -.03),
    28000: (.25, .22, .20, .14, .08, .04, 0, -.02, -.03, -.05, -.05, -.06, -.07, -.06, -.06),
    19000: (.20, .17, .18, .14, .08, .05, 0, -.02, -.03, -.05, -.05, -.05, -.05, -.05, -.05),
    13500: (.40, .32, .22, .18, .13, .07, 0, -.03, -.05, -.06, -.08, -.08, -.08, -.06, -.08),
    9600: (.60, .42, .24, .26, .18, .08, 0, -.04, -.07, -.11, -.14, -.16, -.19, -.16, -.16),
    8500: (.45, .28, .20, .22, .14, .06, 0, -.04, -.07, -.11, -.13, -.13, -.15, -.10, -.08),
    7200: (.30, .18, .17, .18, .13, .05, 0, -.03, -.05, -.09, -.09, -.09, -.11, -.11, -.08),
    6530: (.20, .19, .26, .15, .11, .04, 0, -.02, -.03, -.06, -.08, -.08, -.08, -.08, -.07),
    5810: (.00, .15, .32, .20, .15, .05, 0, -.01, -.02, -.07, -.07, -.06, -.06, -.07, -.07),
    5200: (.00, .25, .22, .17, .14, .02, 0, .01, .01, -.03, -.05, -.06, -.06, -.10, -.05),
    4890: (.00, .25, .22, .15, .13, .03, 0, .02, .04, .01, -.02, -.02, -.03, -.05, -.02),
    4560: (.00, .10, .22, .09, .10, -.04, 0, .04, .07, .05, .05, .05, .05, .03, .07),
    4340: (.00, .00, .20, .04, .08, -.06, 0, .07, .12, .12, .08, .10, .10, .08, .09),
    4130: (.00, .00, .22, -.03, .04, -.08, 0, .04, .08, .15, .12, .15, .16, .16, .19),
    3800: (.00, .00, .40, .20, .07, .00, 0, .03, -.04, .04, .04, .06, .07, .08, .10),
    3550: (.00, .00, .38, .15, .05, .06, 0, .09, -.12, .08, .10, .16, .18, .23, .27),
    3380: (.00, .00, .35, .07, -.06, .17, 0, .12, -.28, .14, .24, .35, .43, .45, .50),
    3200: (.00, .00, .30, -.06, -.13, .28, 0, .12, -.45, .08, .32, .52, .55, .64, .65),
    3030: (.00, .00, .20, -.22, -.17, .40, 0, .10, -.58, .03, .30, .60, .71, .72, .80),
    2850: (.00, .00, .20, -.47, -.24, .56, 0, .10, -.70, .17, .42, .93, 1.15, 1.24, 1.35),
    2300: (.00, .00, .00, -.70, -.29, .50, 0, .10, -.10, .60, .90, 1.15, 1.40, 1.80, 2.00),
    1800: (.00, .00, .00, -.50, -.20, .10, 0, .15, .30, .55, .60, .70, .70, 1.18, 1.38),
    1300: (.00, .00, .00, .00, .00, .00, 0, .00, .00, .00, .00, .00, .00, .00, .00),
})


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
    """Spectrum (ln f_lambda) of a carbon star without bands: Planck's law, a little blanketed below 4800 Angstrom."""
    return planck(wave, teff) - 0.1 * np.clip((4800 - wave) / 1000, 0, None)
