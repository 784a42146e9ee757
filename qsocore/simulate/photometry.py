"""Synthetic AB magnitudes in SDSS g, r and i of noiseless spectra."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BANDS = ("g", "r", "i")
# Wavelength (Angstrom) and total throughput at 1.2 airmasses, sparsely sampled after Doi et al. (2010), AJ 139, 1628.
_CURVES = {
    "g": ((3800, 4000, 4200, 4400, 4700, 5000, 5250, 5350, 5450, 5550),
          (0.00, 0.06, 0.22, 0.28, 0.32, 0.35, 0.36, 0.27, 0.06, 0.00)),
    "r": ((5350, 5500, 5650, 5800, 6100, 6400, 6700, 6800, 6900, 7050),
          (0.00, 0.16, 0.38, 0.43, 0.46, 0.47, 0.46, 0.36, 0.09, 0.00)),
    "i": ((6750, 6900, 7050, 7200, 7500, 7800, 8100, 8200, 8350, 8550),
          (0.00, 0.13, 0.31, 0.35, 0.36, 0.36, 0.35, 0.28, 0.07, 0.00)),
}
_C_ANGSTROM = 2.99792458e18  # Angstrom / s
_AB_ZERO = 48.60


def magnitudes(flux: NDArray, wave: NDArray) -> dict[str, NDArray[np.float32]]:
    """AB magnitudes of spectra.

    Parameters
    ----------
    flux : ndarray, shape (n, n_pix)
        f_lambda, 1e-17 erg/s/cm2/Angstrom, without noise.
    wave : ndarray, shape (n_pix,)
        Observed wavelength, Angstrom.

    Returns
    -------
    dict
        ``mag_g``, ``mag_r``, ``mag_i``, each (n,); NaN for a band that the wavelengths do not cover, or without positive flux.
    """
    out = {}
    for band in BANDS:
        at, throughput = _CURVES[band]
        if wave[0] > at[1] or wave[-1] < at[-2]:
            out[f"mag_{band}"] = np.full(len(flux), np.nan, np.float32)
            continue
        part = slice(*np.searchsorted(wave, (at[0], at[-1])))
        response = np.interp(wave[part], at, throughput) * np.gradient(wave)[part]
        # A detector counts photons. Not a matrix product: its threads would cost more than they bring
        photons = np.einsum("ij,j->i", flux[:, part], (response * wave[part]).astype(flux.dtype))
        f_nu = np.maximum(photons, 0) * 1e-17 / (_C_ANGSTROM * np.sum(response / wave[part]))
        with np.errstate(divide="ignore"):
            magnitude = -2.5 * np.log10(f_nu) - _AB_ZERO
        out[f"mag_{band}"] = np.where(np.isfinite(magnitude), magnitude, np.nan).astype(np.float32)
    return out
