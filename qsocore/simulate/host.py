"""Starlight of quasar hosts: an old population, the brighter against the nucleus the fainter the nucleus is."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.profiles import add_gaussians

REFERENCE = 4500.0  # rest Angstrom where the ratio to the nucleus is meant
_FRACTION, _SLOPE = 0.244, 0.684  # Temple et al. (2021): share of light at M_i = -23, L_host ~ L_quasar^0.684
_SCATTER = 0.20  # dex
_Z_MOST = 1.3  # beyond, the old population has left the optical
# f_lambda of an S0 galaxy relative to 5500 Angstrom: anchors of the continuum and equivalent widths of its features
_WAVE = (2000, 2600, 3000, 3300, 3650, 3850, 3980, 4080, 4250, 4400, 4600, 5000, 5500, 6000, 6700, 7500, 8500, 9500, 11000)
_FLUX = (.05, .08, .16, .25, .30, .34, .40, .62, .70, .78, .92, .97, 1.0, 1.02, 1.02, 1.00, .95, .88, .78)
_FEATURES = ((3934.8, 7.0, 9.0), (3969.6, 6.0, 9.0), (4305.6, 5.5, 13.0), (4384.0, 3.0, 10.0), (5176.0, 5.0, 16.0),
             (5271.0, 2.5, 10.0), (5894.6, 3.5, 8.0), (8544.0, 3.5, 9.0), (8665.0, 3.0, 9.0))  # wave, EW, sigma (Angstrom)


@cache
def _template() -> tuple[NDArray, NDArray]:
    wave = np.exp(np.arange(np.log(_WAVE[0]), np.log(_WAVE[-1]), 5e-4))
    flux = np.interp(wave, _WAVE, _FLUX)[None]
    for centre, width, sigma in _FEATURES:
        add_gaussians(flux, wave, centre, sigma, -width * np.interp(centre, _WAVE, _FLUX))
    return wave, (flux[0] / np.interp(REFERENCE, wave, flux[0])).astype(np.float32)


def draw_ratio(m_i: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Host over nucleus at `REFERENCE`, shape (n,), from M_i(z=2) of the nuclei."""
    luminosity = 10 ** (-0.4 * (m_i + 23))
    scatter = 10 ** (_SCATTER * rng.standard_normal(m_i.size))
    return (_FRACTION / (1 - _FRACTION) * luminosity ** (_SLOPE - 1) * scatter).astype(np.float32)


def add_host(flux: NDArray, wave: NDArray, z: NDArray, at_reference: NDArray) -> None:
    """Add starlight to observed-frame spectra, in place.

    Parameters
    ----------
    flux : ndarray, shape (n, n_pix)
        Spectra of the nuclei.
    wave : ndarray, shape (n_pix,)
        Observed wavelength, Angstrom.
    z, at_reference : ndarray, shape (n,)
        Redshift, and f_lambda of the host at rest `REFERENCE` (observed flux units).
    """
    rows = np.flatnonzero(z < _Z_MOST)
    rest, template = _template()
    starlight = np.interp(wave / (1 + z[rows, None]), rest, template)  # (m, n_pix)
    flux[rows] += (starlight * at_reference[rows, None]).astype(flux.dtype)
