"""Cones on the sky: what lies within a radius of a place, by great circles, right at the poles and across 0 h."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNITS = {"deg": 1, "arcmin": 60, "arcsec": 3600}
"""How many of each make a degree."""

_SLACK = 1e-9  # degrees by which the band of declinations is wider than the cone, far more than rounding


def separation(ra: ArrayLike, dec: ArrayLike, ra0: float, dec0: float) -> NDArray[np.float64]:
    """Great-circle distance of places from one place, all in degrees.

    Notes
    -----
    Vincenty's formula, which loses no digits at small distances nor at antipodes (T. Vincenty 1975, Survey Review 23, 88).
    """
    turn, lat, lat0 = (np.radians(np.asarray(angle, np.float64)) for angle in (np.asarray(ra, np.float64) - ra0, dec, dec0))
    across = np.hypot(np.cos(lat) * np.sin(turn),
                      np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(turn))
    along = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(turn)
    return np.degrees(np.arctan2(across, along))


def within(ra: ArrayLike, dec: ArrayLike, ra0: float, dec0: float, radius: float) -> NDArray[np.bool_]:
    """Which places lie in a cone, its border included.

    Parameters
    ----------
    ra, dec : array_like, shape (n,)
        Places, degrees; those that are not finite are outside.
    ra0, dec0, radius : float
        Centre and radius, degrees.
    """
    ra, dec = np.asarray(ra), np.asarray(dec)
    band = np.flatnonzero((dec >= dec0 - radius - _SLACK) & (dec <= dec0 + radius + _SLACK) & np.isfinite(ra))
    out = np.zeros(ra.shape, bool)
    out[band] = separation(ra[band], dec[band], ra0, dec0) <= radius
    return out


def radius_text(radius: float) -> str:
    """A radius in the largest unit of which there is at least one, written so that `to_degrees` gives it back to the bit."""
    for unit, many in UNITS.items():
        text = f"{radius * many:.12g}"
        if radius * many >= 1 and to_degrees(float(text), unit) == radius:
            return f"{text} {unit}"
    return f"{radius!r} deg"


def to_degrees(size: float, unit: str) -> float:
    """An angle in degrees."""
    return float(size) / UNITS[unit]
