"""Light of stellar populations of six ages, summed from our own stars."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from qsocore.simulate.star_templates import STEP, template_wave, templates
from qsocore.units import C_KM_S

AGES = (0.01, 0.1, 0.4, 1.0, 3.0, 10.0)
"""Ages of the populations, Gyr."""

# Temperature (K) and share of the light at 5500 Angstrom of the stars that make each population: upper main sequence,
# turn-off, giants; chosen so that D4000n rises from 1.0 to 1.9 and H-delta peaks near 0.4 Gyr as in Kauffmann et al. (2003)
_STARS = (
    ((32000, .35), (24000, .35), (16000, .20), (3900, .10)),
    ((15500, .35), (12500, .35), (9500, .20), (4300, .10)),
    ((10500, .30), (9300, .40), (8000, .15), (4700, .15)),
    ((8600, .30), (7600, .30), (6700, .15), (4700, .25)),
    ((6900, .20), (6400, .25), (5700, .15), (4700, .25), (4300, .15)),
    ((6100, .26), (5400, .22), (4800, .26), (4450, .18), (3850, .05), (3450, .03)),
)
_STRENGTH = (1.0, 1.2, 1.2)  # of hydrogen, metals, molecules: massive galaxies are metal-rich
DISPERSIONS = (60.0, 130.0, 200.0, 270.0, 350.0)
"""Velocity dispersions (km/s) at which the populations are kept."""


@cache
def populations() -> NDArray[np.float32]:
    """Spectra at rest, 1 at 5500 Angstrom, shape (n_dispersions, n_ages, n_wave), read-only."""
    wave = template_wave()
    sharp = np.stack([_population(stars, wave) for stars in _STARS])
    pixel = STEP * np.log(10) * C_KM_S
    broad = np.stack([gaussian_filter1d(sharp, sigma / pixel, axis=1, mode="nearest") for sigma in DISPERSIONS])
    broad = broad.astype(np.float32)
    broad.flags.writeable = False
    return broad


def _population(stars: tuple[tuple[float, float], ...], wave: NDArray) -> NDArray:
    teff, share = np.array(stars, float).T
    flux = templates("dwarf").spectra(teff, np.tile(np.float32(_STRENGTH), (teff.size, 1)))
    near = np.abs(wave - 5500) < 50
    return share @ (flux / flux[:, near].mean(axis=1, keepdims=True))


def starlight(ages: NDArray, sigma: NDArray) -> NDArray[np.float32]:
    """Rest-frame starlight on the wavelengths of the templates, shape (n, n_wave).

    Parameters
    ----------
    ages : ndarray, shape (n, n_ages)
        Shares of the populations in the light at 5500 Angstrom.
    sigma : ndarray, shape (n,)
        Velocity dispersion, km/s; held at the ends of `DISPERSIONS`.
    """
    place = np.interp(np.square(sigma), np.square(DISPERSIONS), np.arange(len(DISPERSIONS)))  # variances add
    low = np.minimum(place.astype(int), len(DISPERSIONS) - 2)
    share, rows = place - low, np.arange(len(sigma))
    weight = np.zeros((len(sigma), len(DISPERSIONS), 1), np.float32)
    weight[rows, low, 0], weight[rows, low + 1, 0] = 1 - share, share
    table = populations()
    return (weight * ages[:, None].astype(np.float32)).reshape(len(sigma), -1) @ table.reshape(-1, table.shape[2])
