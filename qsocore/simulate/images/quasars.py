"""Quasars at z = 5.3 to 6.9 as points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate import quasar_light
from qsocore.simulate.bands import band_fluxes
from qsocore.simulate.cosmology import distance_modulus
from qsocore.simulate.images.dwarfs import counts
from qsocore.simulate.images.scene import Scene

Z_RANGE = 5.3, 6.9
_DENSITY = -0.47  # log10 of the space density per unit redshift (Fan et al. 2001)
_M_1450 = 18.8, 21.6  # apparent magnitudes at rest 1450 Angstrom
_COUNTS = 0.7  # slope of their log10 counts: the bright end of the luminosity function falls as L^-2.8


def light(n: int, rng: np.random.Generator, z_from: float = Z_RANGE[0]) -> tuple[NDArray[np.float32], dict[str, NDArray]]:
    """Band fluxes (n, n_bands) in microjansky of n quasars beyond a redshift, and what they are."""
    low, high = (10 ** (_DENSITY * z) for z in (z_from, Z_RANGE[1]))
    z = np.log10(low + (high - low) * rng.random(n)) / _DENSITY
    apparent = counts(n, rng, *_M_1450, _COUNTS)
    m_1450 = apparent - distance_modulus(z) + 2.5 * np.log10(1 + z)
    truth = quasar_light.draw(z, m_1450, rng)
    flux = band_fluxes(quasar_light.spectra(truth))
    return flux, {"true_z": z, "true_m_1450": m_1450, "true_ebv": truth["ebv"]}


def draw(n: int, rng: np.random.Generator, z_from: float = Z_RANGE[0]) -> tuple[Scene, dict[str, NDArray]]:
    """Quasars alone: points."""
    flux, truth = light(n, rng, z_from)
    return Scene.make(n, flux), truth
