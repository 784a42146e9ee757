"""Noise of a coadd: the sky's, correlated over neighbours by the resampling, and the sources' own photons."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.bands import fluxes_of

APERTURE = 1.95
"""Diameter (arcsec) of the aperture in which depths and magnitudes are meant (MAG_APER_4 of DES)."""

DEPTH = MappingProxyType({"g": 24.7, "r": 24.4, "i": 23.8, "z": 23.1, "Y": 21.7})
"""Magnitudes of 10 sigma in `APERTURE`: DES DR2 (Abbott et al. 2021, ApJS 255, 20)."""

FWHM = MappingProxyType({"g": 1.11, "r": 0.95, "i": 0.88, "z": 0.83, "Y": 0.90})
"""Median widths of the PSF, arcsec (DES DR2)."""

PIXEL_SCALE, ZERO_POINT = 0.263, 30.0

# Variance (microjansky squared) per microjansky of light: the ratio of excess variance to flux of a star of 15.3 to 16.7 mag
# in the crossmatched catalogue of glq_mpia
_PHOTONS = MappingProxyType({"g": 6.6e-5, "r": 5.9e-5, "i": 9.4e-5, "z": 8.7e-5, "Y": 5.4e-4})
_KERNEL = 0.15  # weight of a neighbour on each side in what smooths white noise: 0.29 between neighbours, 0.02 two pixels on
DEPTH_SCATTER, FWHM_SCATTER = 0.12, 0.07
"""Scatter of ln of the noise and of ln of the PSF's width from place to place."""


def weights(side: int, shift: NDArray, radius: float) -> NDArray[np.float32]:
    """Share of each pixel (n, side, side) inside circles of a radius in pixels, good to a percent of the area.

    Parameters
    ----------
    side : int
        Pixels.
    shift : ndarray, shape (n, 2)
        Of the circles' centres from the middle, x and y, pixels.
    radius : float
        Pixels.
    """
    axis = np.arange(side) - (side - 1) / 2
    away = np.hypot(axis - shift[:, 0, None, None], axis[:, None] - shift[:, 1, None, None])
    return np.clip(radius - away + 0.5, 0, 1).astype(np.float32)


@cache
def aperture_pixels(pixel_scale: float) -> tuple[float, float]:
    """Variance of the sum over the aperture in units of a pixel's: were pixels independent, and as they are correlated."""
    radius = APERTURE / 2 / pixel_scale
    inside = weights(2 * int(radius + 4), np.zeros((1, 2)), radius)
    return float((inside**2).sum()), float((_smooth(np.pad(inside, ((0, 0), (2, 2), (2, 2)))) ** 2).sum())


def correlation(pixel_scale: float) -> float:
    """By how much correlation raises the variance of the sum over the aperture: 2.4 at 0.263 arcsec a pixel."""
    independent, together = aperture_pixels(pixel_scale)
    return together / independent


def sky_sigma(bands: tuple[str, ...], pixel_scale: float = PIXEL_SCALE) -> NDArray[np.float64]:
    """Noise of a pixel, microjansky, (n_bands,), such that the aperture has the survey's depth, correlation included."""
    return fluxes_of([DEPTH[band] for band in bands]) / 10 / np.sqrt(aperture_pixels(pixel_scale)[1])


def draw_conditions(n: int, bands: tuple[str, ...], rng: np.random.Generator, scale: float) -> tuple[NDArray, NDArray]:
    """Widths of the PSF (arcsec) and noise of a pixel (microjansky) where n objects lie, each (n, n_bands)."""
    def scatter(sigma):  # half of it common to the bands
        return np.exp(sigma * (rng.standard_normal((n, 1)) + rng.standard_normal((n, len(bands)))) / np.sqrt(2))

    return np.array([FWHM[band] for band in bands]) * scatter(FWHM_SCATTER), sky_sigma(bands, scale) * scatter(DEPTH_SCATTER)


def add(image: NDArray[np.float32], sigma: NDArray, bands: tuple[str, ...], rng: np.random.Generator,
        pixel_scale: float = PIXEL_SCALE) -> NDArray[np.float32]:
    """Add noise to images (n, n_bands, side, side) in microjansky, in place.

    Parameters
    ----------
    image : ndarray, shape (n, n_bands, side, side)
        Without noise.
    sigma : ndarray, shape (n, n_bands)
        Of the sky in a pixel.
    bands : tuple of str
        Names of the bands.
    rng : numpy.random.Generator
        Source of chance.
    pixel_scale : float
        Arcsec.

    Returns
    -------
    ndarray, shape (n, n_bands, side, side)
        Variance of each pixel. The photons of sources add to it as the correlated noise does to the sky.
    """
    photons = np.array([_PHOTONS[band] for band in bands], np.float32) / np.float32(correlation(pixel_scale))
    variance = np.maximum(image, 0) * photons[:, None, None]
    variance += np.square(sigma, dtype=np.float32)[:, :, None, None]
    noise = correlated(image.shape, rng)
    noise *= np.sqrt(variance)
    image += noise
    return variance


def correlated(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Gaussian noise of unit variance, correlated between neighbours along the last two axes."""
    white = rng.standard_normal((*shape[:-2], shape[-2] + 2, shape[-1] + 2), dtype=np.float32)
    return _smooth(white)


def _smooth(white: NDArray[np.float32]) -> NDArray[np.float32]:
    """White noise as the resampling leaves it, of the same variance, less a pixel at each edge."""
    weight = np.float32(_KERNEL)
    rows = white[..., 1:-1, :] + weight * (white[..., 2:, :] + white[..., :-2, :])
    both = rows[..., 1:-1] + weight * (rows[..., 2:] + rows[..., :-2])
    both /= np.float32(1 + 2 * _KERNEL**2)
    return both
