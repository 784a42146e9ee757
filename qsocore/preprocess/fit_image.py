"""Cutouts on the grid of a store: its bands in its order, its size around the middle, its zero point.

Pixels are neither resampled nor invented: what the cutout does not have is masked NO_COVERAGE, what does not fit is cut off.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError
from qsocore.records import ImageCube, Mask
from qsocore.sampling import ImageGrid

SAME_SCALE = 0.02
"""Fraction by which pixel scales may differ and be called one."""


def fit_image(cube: ImageCube, grid: ImageGrid) -> tuple[NDArray, NDArray, NDArray, tuple[str, ...]]:
    """A cutout on a grid.

    Parameters
    ----------
    cube : ImageCube
        Of any size and any bands.
    grid : ImageGrid

    Returns
    -------
    flux, ivar : ndarray of float32, shape grid.shape
        Flux in units of the grid's zero point where both are known.
    mask : ndarray of uint8, shape grid.shape
        `Mask` reasons; flux is 0 outside the cutout, ivar where the mask is not 0.
    notes : tuple of str
        What is missing or was left away.

    Raises
    ------
    AtlasError
        When none of its bands is the grid's, or its pixels are of another scale.
    """
    shared = [band for band in grid.bands if band in cube.bands]
    if not shared:
        raise AtlasError(f"it has bands {', '.join(cube.bands)}, none of {', '.join(grid.bands)}", cube.object_id,
                         "choose other --bands")
    if isfinite(cube.pixel_scale + grid.pixel_scale) and abs(cube.pixel_scale / grid.pixel_scale - 1.0) > SAME_SCALE:
        raise AtlasError(f"its pixels are of {cube.pixel_scale:.4g} arcsec, the store's of {grid.pixel_scale:.4g}",
                         cube.object_id, "images of each pixel scale need a store of their own")
    flux, ivar = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    mask = np.full(grid.shape, Mask.NO_COVERAGE, np.uint8)
    rows, there_rows = _middle(cube.flux.shape[1], grid.side)
    columns, there_columns = _middle(cube.flux.shape[2], grid.side)
    factor = _factor(cube, grid)
    for band in shared:
        source, target = (cube.bands.index(band), rows, columns), (grid.bands.index(band), there_rows, there_columns)
        flux[target], ivar[target], mask[target] = cube.flux[source] * factor, cube.ivar[source] / factor**2, cube.mask[source]
    mask[~np.isfinite(flux)] |= np.uint8(Mask.NOT_FINITE)  # too large for single precision, as are errors next
    mask[(mask == 0) & ~((ivar > 0) & np.isfinite(ivar))] = Mask.NO_IVAR
    flux[~np.isfinite(flux)], ivar[mask > 0] = 0.0, 0.0
    return flux, ivar, mask, _notes(cube, grid)


def _middle(have: int, want: int) -> tuple[slice, slice]:
    """The pixels that stay, and where they go; the middle pixel (of an even number the upper one of two) stays the middle."""
    offset = have // 2 - want // 2
    count = min(have - max(offset, 0), want - max(-offset, 0))
    return slice(max(offset, 0), max(offset, 0) + count), slice(max(-offset, 0), max(-offset, 0) + count)


def _factor(cube: ImageCube, grid: ImageGrid) -> float:
    difference = grid.zero_point - cube.zero_point
    return 10.0 ** (0.4 * difference) if isfinite(difference) else 1.0


def _notes(cube: ImageCube, grid: ImageGrid) -> tuple[str, ...]:
    """What the grid has and the cutout lacks, and the other way round."""
    gone = [band for band in cube.bands if band not in grid.bands]
    missing = [band for band in grid.bands if band not in cube.bands]
    small = min(cube.flux.shape[1:]) < grid.side
    return (((f"no image in {', '.join(missing)}",) if missing else ())
            + ((f"left away {', '.join(gone)}",) if gone else ())
            + (("smaller than the store's cutouts",) if small else ())
            + (("its zero point is not stated",) if isfinite(grid.zero_point) and not isfinite(cube.zero_point) else ())
            + (("its pixel scale is not stated",) if isfinite(grid.pixel_scale) and not isfinite(cube.pixel_scale) else ()))
