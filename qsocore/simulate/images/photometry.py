"""The catalogue of a simulated survey: apertures on the noisy images, and what VHS and AllWISE see of the same light.

Magnitudes of grizY are those in the aperture of 1.95 arcsec, without a correction for the light outside, as in the crossmatch
of glq_mpia; those of J K W1 W2 are total ones. Below two sigma an object is not detected: magnitude and error 99, flux 0, and
the survey's limit as the error of the flux.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.simulate.bands import BANDS, fluxes_of, magnitudes_of
from qsocore.simulate.images.noise import APERTURE, DEPTH, correlation, weights

MISSING = 99.0
"""Magnitude, and its error, of what is not detected."""

DETECTED = 2.0
"""Sigma from which an object is."""

# Median errors (microjansky) of the crossmatched catalogue of glq_mpia, and the scatter of their logarithm
INFRARED = MappingProxyType({"J": (5.45, 0.33), "K": (13.1, 0.23), "W1": (4.43, 0.20), "W2": (8.71, 0.20)})
"""Noise of VHS and AllWISE: microjansky, and the scatter of its ln."""

_LIMITS = MappingProxyType({"J": 20.8, "K": 20.0})  # 5 sigma of VHS
_LIMITS_WISE = MappingProxyType({"W1": 54.0, "W2": 71.0})  # microjansky, 5 sigma
_LN_PER_ERROR = 2.5 / np.log(10)  # magnitude error of a relative error

COLUMNS = tuple(column for band in BANDS for column in (
    Column(f"mag_{band}", "float32", "magnitude", "mag", f"AB magnitude in {band}; 99 is not detected", (MISSING,)),
    Column(f"magerr_{band}", "float32", "error", "mag", f"Its error in {band}", (MISSING,)),
    Column(f"flux_{band}", "float32", "flux", "uJy", f"Flux in {band}; 0 is not detected"),
    Column(f"fluxerr_{band}", "float32", "error", "uJy", f"Error of the flux in {band}; the limit where not detected")))


def limits() -> NDArray[np.float64]:
    """Error of the flux (microjansky, per band of `BANDS`) that an undetected object gets: the survey's depth in sigma."""
    depth = {band: fluxes_of(magnitude) / 10 for band, magnitude in DEPTH.items()}
    depth |= {band: fluxes_of(magnitude) / 5 for band, magnitude in _LIMITS.items()}
    depth |= {band: flux / 5 for band, flux in _LIMITS_WISE.items()}
    return np.array([depth[band] for band in BANDS])


def aperture(image: NDArray, variance: NDArray, shift: NDArray, pixel_scale: float) -> tuple[NDArray, NDArray]:
    """Flux and its error in the aperture about the catalogue position.

    Parameters
    ----------
    image, variance : ndarray, shape (n, n_bands, side, side)
        Of each pixel.
    shift : ndarray, shape (n, 2)
        Position less centre of the cutout, x and y, pixels.
    pixel_scale : float
        Arcsec.

    Returns
    -------
    flux, error : ndarray, shape (n, n_bands)
        In the image's unit.
    """
    inside = weights(image.shape[-1], shift, APERTURE / 2 / pixel_scale)
    flux = np.einsum("nbyx,nyx->nb", image, inside, optimize=True)
    return flux, np.sqrt(correlation(pixel_scale) * np.einsum("nbyx,nyx->nb", variance, inside**2, optimize=True))


def infrared(flux: NDArray, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Measured flux and error (n, 4) in the bands of `INFRARED`, of true fluxes (n, 4) in microjansky."""
    median, scatter = np.array(list(INFRARED.values())).T
    error = median * np.exp(scatter * rng.standard_normal(flux.shape))
    return flux + error * rng.standard_normal(flux.shape), error


def catalogue(flux: NDArray, error: NDArray) -> dict[str, NDArray[np.float32]]:
    """The columns of `COLUMNS` from measured fluxes and errors (n, n_bands) in microjansky."""
    seen = flux > DETECTED * error
    values = {"mag": np.where(seen, magnitudes_of(flux), MISSING),
              "magerr": np.where(seen, _LN_PER_ERROR * error / np.where(seen, flux, 1), MISSING),
              "flux": np.where(seen, flux, 0.0), "fluxerr": np.where(seen, error, limits())}
    return {f"{kind}_{band}": values[kind][:, number].astype(np.float32)
            for number, band in enumerate(BANDS) for kind in values}
