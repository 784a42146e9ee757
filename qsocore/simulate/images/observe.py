"""One survey's look at scenes: cutouts with their noise in five bands, and fluxes in nine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.sampling import ImageGrid
from qsocore.simulate.bands import AB_MICROJANSKY, BANDS
from qsocore.simulate.images import noise, photometry
from qsocore.simulate.images.scene import Scene, render


@dataclass
class Seen:
    """n objects as they are seen.

    Parameters
    ----------
    image, variance : ndarray of float32, shape (n, n_bands, side, side)
        Microjansky per pixel, and its variance.
    fwhm : ndarray, shape (n, n_bands)
        Of the PSF, arcsec.
    flux, error : ndarray, shape (n, len(BANDS))
        Measured photometry, microjansky; NaN in optical bands that the images have not.
    total : ndarray, shape (n, len(BANDS))
        True total fluxes.
    """

    image: NDArray[np.float32]
    variance: NDArray[np.float32]
    fwhm: NDArray[np.float64]
    flux: NDArray[np.float64]
    error: NDArray[np.float64]
    total: NDArray[np.float64]

    def take(self, rows: NDArray) -> Seen:
        """Some of the objects."""
        return Seen(*(values[rows] for values in vars(self).values()))

    @staticmethod
    def join(parts: list[Seen]) -> Seen:
        """One after the other."""
        return Seen(*(np.concatenate(values) for values in zip(*(vars(part).values() for part in parts), strict=True)))


def look(scene: Scene, total: NDArray, infrared: tuple[NDArray, NDArray], grid: ImageGrid, rng: np.random.Generator) -> Seen:
    """Make the images of scenes and measure them.

    Parameters
    ----------
    scene : Scene
        n objects.
    total : ndarray, shape (n, len(BANDS))
        Their fluxes, from `Scene.total`.
    infrared : (ndarray, ndarray)
        Fluxes and errors (n, 4) in the bands that have no images, from `qsocore.simulate.images.photometry.infrared`.
    grid : ImageGrid
        Bands, size and scale of the cutouts.
    rng : numpy.random.Generator
        Source of chance.
    """
    fwhm, sigma = noise.draw_conditions(scene.n, grid.bands, rng, grid.pixel_scale)
    shift = rng.uniform(-0.5, 0.5, (scene.n, 2))  # a cutout is made of whole pixels
    columns = np.array([BANDS.index(band) for band in grid.bands])
    image = render(scene, grid, columns, fwhm, shift)
    variance = noise.add(image, sigma, grid.bands, rng, grid.pixel_scale)
    flux, error = np.full((2, scene.n, len(BANDS)), np.nan)
    flux[:, columns], error[:, columns] = photometry.aperture(image, variance, shift, grid.pixel_scale)
    flux[:, -4:], error[:, -4:] = infrared
    return Seen(image, variance, fwhm, flux, error, total)


def counts_per_microjansky(zero_point: float) -> float:
    """Flux in units of a zero point, of one microjansky."""
    return 10 ** (0.4 * (zero_point - AB_MICROJANSKY))
