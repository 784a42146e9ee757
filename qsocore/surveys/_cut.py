"""Cutouts from frames: around a position, upright, all bands on the pixels of the first; nothing is resampled without need.

A cutout of the first band is its frame's own pixels, turned by quarters and mirrored until north is nearest to up and east to
the left. Other bands whose pixels fall on those of the first within `_ALIGNED` are cut out the same way; others are resampled
on them by cubic splines, and scaled by the areas of the pixels, because a pixel's value is the light in it. Frames are needed
one at a time, so that the bands of a large tile need not be in memory together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import atan2, degrees
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.records import Mask

if TYPE_CHECKING:
    from astropy.wcs import WCS

_ALIGNED = 0.02  # pixels by which two grids may differ and be called one
_REACH = 4  # pixels around a cutout that splines see

Part = tuple[NDArray, NDArray, NDArray]  # flux, ivar, mask, (side, side) each


@dataclass(frozen=True)
class Field:
    """Where a frame lies.

    Parameters
    ----------
    wcs : WCS
        Celestial.
    shape : tuple of int
        Rows and columns.
    """

    wcs: WCS
    shape: tuple[int, int]

    def place(self, ra: float, dec: float) -> tuple[float, float] | None:
        """Pixel (x, y) of a position in degrees; None where it is not on the frame."""
        try:
            x, y = map(float, self.wcs.all_world2pix(ra, dec, 0))
        except (ValueError, RuntimeError):  # no convergence far from the frame
            return None
        return (x, y) if -0.5 <= x < self.shape[1] - 0.5 and -0.5 <= y < self.shape[0] - 0.5 else None


@dataclass(frozen=True)
class Frame:
    """One band of a field.

    Parameters
    ----------
    band : str
    flux, ivar : ndarray, shape (H, W)
        Calibrated flux per pixel and its inverse variance.
    mask : ndarray of uint8, shape (H, W)
        `Mask` reasons.
    wcs : WCS
        Celestial.
    """

    band: str
    flux: NDArray
    ivar: NDArray
    mask: NDArray[np.uint8]
    wcs: WCS


def window(fields: Sequence[Field], ra: float, dec: float, side: int) -> WCS | None:
    """World coordinates of the square of pixels around a position, of the first field that holds it; None when none does.

    The position is in the middle to half a pixel; of an even side, on the upper one of the two pixels in the middle.
    """
    from astropy.nddata import Cutout2D

    for field in fields:
        place = field.place(ra, dec)
        if place is not None:
            return Cutout2D(np.broadcast_to(np.float32(0.0), field.shape), place, side, wcs=field.wcs, mode="partial").wcs
    return None


def upright(wcs: WCS) -> tuple[Callable[[NDArray], NDArray], float]:
    """How to turn an image by quarters, and mirror it, so that north is nearest to up (y) and east to the left (-x).

    Returns
    -------
    turn : callable
        Of arrays (..., H, W); gives a view.
    angle : float
        Position angle of up afterwards, degrees from north through east: -45 to 45.
    """
    east, north = wcs.pixel_scale_matrix  # each by x and y
    swap = abs(north[0]) > abs(north[1])
    if swap:
        east, north = east[::-1], north[::-1]
    rows = slice(None, None, -1 if north[1] < 0 else 1)
    columns = slice(None, None, -1 if east[0] > 0 else 1)
    sign = -1 if north[1] < 0 else 1

    def turn(array: NDArray) -> NDArray:
        return (np.swapaxes(array, -1, -2) if swap else array)[..., rows, columns]

    return turn, degrees(atan2(sign * east[1], sign * north[1]))


def onto(wcs: WCS, shape: tuple[int, int], frame: Frame) -> Part:
    """A frame on the pixels of another's, (H, W): cut out where they fall together, else resampled."""
    x, y = _pixels_in(frame, wcs, shape)
    if not np.isfinite(x + y).all():
        return np.zeros(shape), np.zeros(shape), np.full(shape, Mask.NO_COVERAGE, np.uint8)
    right, up = x[0, 0], y[0, 0]
    straight = max(np.abs(x - right - np.arange(shape[1])).max(), np.abs(y - up - np.arange(shape[0])[:, None]).max())
    if straight < _ALIGNED and max(abs(right - round(right)), abs(up - round(up))) < _ALIGNED:
        return _taken(frame, np.rint(x).astype(np.int64), np.rint(y).astype(np.int64))
    return _resampled(frame, x, y, _area(wcs) / _area(frame.wcs))


def _taken(frame: Frame, columns: NDArray, rows: NDArray) -> Part:
    """Pixels by their numbers; those outside are masked."""
    height, width = frame.flux.shape
    outside = (columns < 0) | (columns >= width) | (rows < 0) | (rows >= height)
    place = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    flux, ivar, mask = frame.flux[place], frame.ivar[place], frame.mask[place].copy()
    mask[outside] = Mask.NO_COVERAGE
    return np.where(outside, 0.0, flux), np.where(outside, 0.0, ivar), mask


def _pixels_in(frame: Frame, wcs: WCS, shape: tuple[int, int]) -> tuple[NDArray, NDArray]:
    """Where another grid's pixels lie in the frame, (H, W) each."""
    rows, columns = np.mgrid[:shape[0], :shape[1]]
    ra, dec = wcs.all_pix2world(columns.ravel(), rows.ravel(), 0)
    x, y = frame.wcs.wcs_world2pix(ra, dec, 0) if not frame.wcs.has_distortion else frame.wcs.all_world2pix(ra, dec, 0)
    return np.reshape(x, shape), np.reshape(y, shape)


def _resampled(frame: Frame, x: NDArray, y: NDArray, area: float) -> Part:
    """Cubic splines of the flux; the variance goes linearly, so that sums over apertures keep their error.

    Bad pixels are given their nearest good neighbour's value, so that the splines do not ring, and those that see them are
    masked as they are.
    """
    from scipy.ndimage import distance_transform_edt, map_coordinates

    x0, y0 = (int(np.floor(axis.min())) - _REACH for axis in (x, y))
    width, height = (int(np.ceil(axis.max())) + _REACH - low + 1 for axis, low in ((x, x0), (y, y0)))
    rows, columns = np.mgrid[y0:y0 + height, x0:x0 + width]
    flux, ivar, mask = _taken(frame, columns, rows)
    if (mask > 0).all():
        return np.zeros(x.shape), np.zeros(x.shape), np.full(x.shape, Mask.NO_COVERAGE, np.uint8)
    variance = 1.0 / np.where(ivar > 0, ivar, 1.0)
    if (mask > 0).any():
        nearest = tuple(distance_transform_edt(mask > 0, return_distances=False, return_indices=True))
        flux, variance = flux[nearest], variance[nearest]
    there = np.array([y - y0, x - x0])
    new = map_coordinates(flux, there, order=3, mode="nearest") * area
    spread = map_coordinates(variance, there, order=1, mode="nearest") * area**2
    worst = np.zeros(x.shape, np.uint8)
    for dy in (0, 1):
        for dx in (0, 1):
            worst |= mask[np.floor(there[0]).astype(int) + dy, np.floor(there[1]).astype(int) + dx]
    return new, np.where(worst == 0, 1.0 / spread, 0.0), worst


def _area(wcs: WCS) -> float:
    return float(abs(np.linalg.det(wcs.pixel_scale_matrix)))
