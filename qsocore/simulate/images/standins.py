"""Stand-ins: images of the objects of a real catalogue, simulated where the real ones are not at hand.

Each is a point of its object's own fluxes behind the PSF and the noise of DES. They let a whole search be walked through, with
the right brightness and colours; of shapes, neighbours and lensed images they know nothing, and no result may rest on them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.sampling import ImageGrid
from qsocore.simulate.bands import BANDS
from qsocore.simulate.images import noise
from qsocore.simulate.images.block import ObservedImages
from qsocore.simulate.images.observe import counts_per_microjansky
from qsocore.simulate.images.psf import enclosed
from qsocore.simulate.images.scene import Scene, render

SURVEY = "standin"


def stand_ins(flux: NDArray[np.float64], grid: ImageGrid, rng: np.random.Generator) -> ObservedImages:
    """Images of points.

    Parameters
    ----------
    flux : ndarray, shape (n, n_bands)
        Microjansky in the bands of the grid, in the aperture of 1.95 arcsec; NaN is no light.
    grid : ImageGrid
        Bands, of those that DES has, size and scale.
    rng : numpy.random.Generator
        Of the PSF's width, the place within a pixel and the noise.

    Returns
    -------
    ObservedImages
        Arrays (n, n_bands, side, side) in the unit of the grid's zero point.
    """
    n = len(flux)
    fwhm, sigma = noise.draw_conditions(n, grid.bands, rng, grid.pixel_scale)
    total = np.zeros((n, len(BANDS)), np.float32)
    columns = np.array([BANDS.index(band) for band in grid.bands])
    total[:, columns] = np.maximum(np.nan_to_num(flux), 0) / enclosed(noise.APERTURE / 2, fwhm)
    image = render(Scene.make(n, total), grid, columns, fwhm, rng.uniform(-0.5, 0.5, (n, 2)))
    variance = noise.add(image, sigma, grid.bands, rng, grid.pixel_scale)
    unit = np.float32(counts_per_microjansky(grid.zero_point))
    return ObservedImages(image * unit, (1 / (unit**2 * variance)).astype(np.float32), np.zeros(image.shape, np.uint8))
