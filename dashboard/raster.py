"""A plane and a view make levels: aggregate what is visible, place it on a scale, enlarge what is alone. Colours come after.

Only `aggregate` touches points, and only those in view. Nothing here knows a GUI.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard import _kernels
from dashboard.colourings import EMPTY, Aggregate
from dashboard.plane import NO_BITS, Plane
from dashboard.share import share

KINDS = ("count", "mean", "min", "max", "std", "classes")
"""What a pixel can say of its objects."""

_MAX_RADIUS = 3
_MOST_COVERED = 0.2  # of the picture's pixels, when points are enlarged


@dataclass(frozen=True)
class View:
    """A rectangle of the plane and the pixels that show it.

    Parameters
    ----------
    x0, x1, y0, y1 : float
        Borders in data units.
    width, height : int
        Pixels.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    width: int
    height: int

    @property
    def window(self) -> tuple[float, float, float, float]:
        """Its borders."""
        return self.x0, self.x1, self.y0, self.y1

    def rows(self, low: int, high: int) -> tuple[float, float]:
        """Borders of the pixel rows low <= row < high, a hair wider, since what lies on a border may be rounded either way."""
        step = (self.y1 - self.y0) / self.height
        return self.y0 + (low - 1e-6) * step, self.y0 + (high + 1e-6) * step


def aggregate(plane: Plane, kind: str, view: View, value: NDArray | None = None, bits: NDArray[np.uint8] = NO_BITS,
              shift: float = 0.0) -> Aggregate:
    """Sum up the objects in each pixel of a view.

    Parameters
    ----------
    plane : Plane
        The points.
    kind : str
        One of `KINDS`.
    view : View
        Where.
    value : ndarray, shape (n_placed,), optional
        By place: numbers (NaN is unknown), or class codes of uint8; None for "count".
    bits : ndarray of uint8, optional
        Which places are drawn; all by default.
    shift : float
        A typical value, by which "std" keeps its digits.

    Returns
    -------
    Aggregate
        Its count's sum is the number of drawn rows whose coordinates lie in the view (borders included).
    """
    shape = view.height, view.width
    count = np.zeros(shape, np.uint32)

    def bands(kernel: Callable, values: tuple, *out: NDArray, extra: tuple = ()) -> None:
        def draw(low: int, high: int) -> None:
            stretches = plane.stretches(view.x0, view.x1, *view.rows(low, high))
            kernel(plane.x, plane.y, *values, *stretches, bits, *view.window, low, high, *extra, *out)

        first, last = plane.stretches(*view.window)
        share(draw, view.height, int((last - first).sum()))

    if kind == "count":
        bands(_kernels.count_band, (), count)
        return Aggregate(count)
    if kind == "classes":
        best = np.zeros(shape, np.uint8)
        bands(_kernels.class_band, (value,), count, best)
        return Aggregate(count, best)
    if kind in ("min", "max"):
        sign, best = np.float32(1 if kind == "max" else -1), np.full(shape, -np.inf, np.float32)
        bands(_kernels.extreme_band, (value,), count, best, extra=(sign,))
        return Aggregate(count, np.where(np.isinf(best), np.float32(np.nan), sign * best))
    known, total = np.zeros(shape, np.uint32), np.zeros(shape)
    square = np.zeros(shape if kind == "std" else (0, 0))
    bands(_kernels.sum_band, (value,), count, known, total, square, extra=(shift,))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / known
        result = mean + shift if kind == "mean" else np.sqrt(np.maximum(square / known - mean**2, 0))
    return Aggregate(count, result.astype(np.float32))


def presence(plane: Plane, view: View, bits: NDArray[np.uint8] = NO_BITS) -> NDArray[np.uint8]:
    """Where there is any object at all: 0 there, `EMPTY` elsewhere, single ones enlarged; shape (height, width)."""
    return spread(np.where(aggregate(plane, "count", view, bits=bits).count > 0, 0, EMPTY).astype(np.uint8))


def spread(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge points into small discs while few are in view, so that a single object can be seen.

    Only empty pixels are filled, nearest point first, so that nothing that was there changes.

    Parameters
    ----------
    levels : ndarray of uint8, shape (height, width)
        `EMPTY` where there is nothing.
    """
    taken = int(np.count_nonzero(levels != EMPTY))
    radius = radius_for(taken, levels.size)
    if not radius or not taken:
        return levels
    height, width = levels.shape
    out, frame = levels.copy(), np.full((height + 2 * radius, width + 2 * radius), EMPTY, np.uint8)
    frame[radius:-radius, radius:-radius] = levels
    for dy, dx in _disc(radius):
        shifted = frame[radius + dy : radius + dy + height, radius + dx : radius + dx + width]
        np.copyto(out, shifted, where=out == EMPTY)
    return out


def radius_for(taken: int, size: int) -> int:
    """Radius in pixels, 0 to 3, at which `taken` discs cover less than a fifth of a picture of `size` pixels."""
    fits = [radius for radius in range(1, _MAX_RADIUS + 1) if taken * 3.2 * radius**2 < _MOST_COVERED * size]
    return max(fits, default=0)


def _disc(radius: int) -> list[tuple[int, int]]:
    reach = range(-radius, radius + 1)
    inside = [(dy, dx) for dy in reach for dx in reach if 0 < dy * dy + dx * dx <= (radius + 0.4) ** 2]
    return sorted(inside, key=lambda step: step[0] ** 2 + step[1] ** 2)


def warm_up() -> None:
    """Compile what draws ahead of its first use, or load it where an earlier run has compiled it."""
    place = np.linspace(0, 1, 9, dtype=np.float32)
    plane, view = Plane.build(("x", "y"), place, place), View(0, 1, 0, 1, 2, 2)
    bits = plane.bits(np.full(2, 255, np.uint8))
    for kind in KINDS:
        aggregate(plane, kind, view, np.zeros(9, np.uint8) if kind == "classes" else place, bits)
    plane.nearest((0.5, 0.5), (0.1, 0.1))
    plane.count(view.window)
    for exact in (None, (place, place), (place.astype(float), place.astype(float))):
        plane.inside(np.array([[0, 0], [1, 0], [1, 1]]), exact)
    _kernels.first_of(np.zeros(1, np.uint32), place, place, bits, 0.0, 1.0, 0.0, 1.0, np.empty(1, np.int64))
