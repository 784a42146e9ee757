"""Objects whose nature is known: light of our own simulator, which the fits' templates are not made of one by one."""

import numpy as np
import pytest

from qsocore.sed.bandfluxes import BandFluxes, from_table
from qsocore.simulate import quasar_light
from qsocore.simulate.bands import BANDS, band_fluxes
from qsocore.simulate.cosmology import distance_modulus

NOISE = np.array([0.05, 0.06, 0.1, 0.2, 0.7, 5.5, 13.0, 4.4, 8.7])
"""Errors of the crossmatched catalogue, microjansky."""


def observed(light, seed, noise=NOISE, calibration=0.03):
    """Photometry of true fluxes (n, n_bands): noise of the survey, and of the zero points."""
    rng = np.random.default_rng(seed)
    error = np.hypot(noise, calibration * light)
    flux = light + error * rng.standard_normal(light.shape)
    return BandFluxes(tuple(map(str, range(len(light)))), BANDS, flux, error, np.ones(light.shape, bool))


@pytest.fixture(scope="session")
def quasars():
    """Simulated quasars with their redshifts: lines, slopes, dust and sight lines all scattered."""
    rng = np.random.default_rng(7)
    z = rng.uniform(0.5, 6.8, 400)
    m_1450 = rng.uniform(18.5, 20.5, 400) - distance_modulus(z) + 2.5 * np.log10(1 + z)
    light = band_fluxes(quasar_light.spectra(quasar_light.draw(z, m_1450, rng))).astype(float)
    return z, observed(light, 8)


@pytest.fixture(scope="session")
def published(real):
    """The crossmatched table of glq_mpia."""
    return from_table(real / "catalogues" / "glq_mpia" / "cut_crossmatched_objects.csv")
