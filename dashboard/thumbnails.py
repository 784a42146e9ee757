"""Spectra so small that only their shape is seen: paths for an SVG."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 120, 36
_POINTS = 100


def paths(flux: NDArray, ivar: NDArray) -> list[str]:
    """The `d` of a path `WIDTH` x `HEIGHT` for each spectrum, from its blocks' means weighted by inverse variance.

    Parameters
    ----------
    flux, ivar : ndarray, shape (n, n_pix)
        As in the store; inverse variance is 0 where a pixel is masked.
    """
    edges = np.linspace(0, flux.shape[1], min(_POINTS, flux.shape[1]) + 1).astype(int)[:-1]
    weight = np.add.reduceat(ivar, edges, axis=1, dtype=float)  # (n, n_points)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(np.where(ivar > 0, flux, 0) * ivar, edges, axis=1, dtype=float) / weight
    return [_path(line) for line in mean]


def _path(line: NDArray) -> str:
    good = np.flatnonzero(np.isfinite(line))
    if good.size < 2:
        return ""
    low, high = np.percentile(line[good], [0.5, 99.5])
    x = good / (len(line) - 1) * WIDTH
    y = HEIGHT - 2 - np.clip((line[good] - low) / (high - low or 1), -0.05, 1.05) * (HEIGHT - 4)
    pen = np.where(np.diff(good, prepend=-2) > 1, "M", "L")  # lifted over gaps
    return " ".join(f"{move}{a:.1f} {b:.1f}" for move, a, b in zip(pen, x, y, strict=True))
