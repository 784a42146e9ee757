"""The whole sky on one page: Mollweide's equal-area ellipse, its graticule, and what a pointer encloses on it as a rule.

The ellipse is two units high and four wide. East is to the left, as seen from inside the sphere. The equatorial frame is
centred on RA 180°, so that its rim is where RA returns to zero; the galactic frame on the Galactic centre.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dashboard import raster
from dashboard.colourings import EMPTY, LEVELS, Aggregate
from dashboard.colourings.density import COLOURING as DENSITY
from qsocore import selection

HALF = LEVELS // 2
"""Levels of a picture from here on are those of selected objects."""

MAX_CORNERS = 400
"""A lasso with more says nothing that a screen can show."""

_STEPS = (30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1)
_CHUNK = 1_000_000
_NODES = 20_001
_DIGITS = 4  # of degrees: a third of an arcsecond
_PROBES = 2000
_FEW, _SOME = 1e-3, 1e-2  # of the pixels: so few selected objects would be lost among the others

# From ICRS to Galactic: The Hipparcos and Tycho Catalogues (ESA SP-1200, 1997), vol. 1, eq. 1.5.11
_TO_GALACTIC = np.array([[-0.0548755604, -0.8734370902, -0.4838350155],
                         [+0.4941094279, -0.4448296300, +0.7469822445],
                         [-0.8676661490, -0.1980763734, +0.4559837762]])


@dataclass(frozen=True)
class Frame:
    """Coordinates that the sky is drawn in.

    Parameters
    ----------
    title : str
        For the reader.
    centre : float
        Longitude in the middle, degrees.
    longitude, latitude : str
        What the coordinates are called.
    """

    title: str
    centre: float
    longitude: str
    latitude: str


FRAMES = {"equatorial": Frame("Equatorial", 180.0, "RA", "Dec"), "galactic": Frame("Galactic", 0.0, "l", "b")}


def to_galactic(ra: ArrayLike, dec: ArrayLike, inverse: bool = False) -> tuple[NDArray, NDArray]:
    """Galactic longitude and latitude of ICRS positions, or the other way round, all in degrees; longitudes from 0 to 360."""
    lon, lat = np.radians(np.asarray(ra, np.float64)), np.radians(np.asarray(dec, np.float64))
    matrix = _TO_GALACTIC.T if inverse else _TO_GALACTIC
    x, y, z = matrix @ np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]).reshape(3, -1)
    turned = np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))
    return turned[0].reshape(lon.shape), turned[1].reshape(lon.shape)


@cache
def _nodes() -> tuple[NDArray, NDArray]:
    """Latitudes in degrees and the auxiliary angle of Mollweide's projection there, evenly spaced in the angle."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, _NODES)
    return np.degrees(np.arcsin(np.clip((2 * angle + np.sin(2 * angle)) / np.pi, -1, 1))), angle


def mollweide(lon: ArrayLike, lat: ArrayLike, centre: float) -> tuple[NDArray, NDArray]:
    """Place on the ellipse, x from 2 (east) to -2 and y from -1 to 1, of longitudes and latitudes in degrees."""
    angle = np.interp(lat, *_nodes())
    away = (np.asarray(lon) - centre + 180) % 360 - 180
    return away / -90 * np.cos(angle), np.sin(angle)


def unproject(x: ArrayLike, y: ArrayLike, centre: float) -> tuple[NDArray, NDArray]:
    """Longitude within 180 degrees of the centre, and latitude, of points on the ellipse; points beside it go to its rim."""
    x, y = np.asarray(x, np.float64), np.clip(np.asarray(y, np.float64), -1, 1)
    angle = np.arcsin(y)
    half = 2 * np.cos(angle)
    beside = np.abs(x) >= half
    away = np.where(beside, -180 * np.sign(x), -180 * x / np.where(beside, 1, half))
    return centre + away, np.degrees(np.arcsin(np.clip((2 * angle + np.sin(2 * angle)) / np.pi, -1, 1)))


def project(ra: NDArray, dec: NDArray, frame: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places of many objects on the ellipse of a frame.

    Parameters
    ----------
    ra, dec : ndarray, shape (n,)
        ICRS degrees; NaN has no place.
    frame : str
        One of `FRAMES`.

    Returns
    -------
    x, y : ndarray of float32, shape (n,)
    """
    x, y = np.empty(len(ra), np.float32), np.empty(len(ra), np.float32)
    for start in range(0, len(ra), _CHUNK):
        part = slice(start, start + _CHUNK)
        place = (ra[part], dec[part]) if frame == "equatorial" else to_galactic(ra[part], dec[part])
        x[part], y[part] = mollweide(*place, FRAMES[frame].centre)
    known = np.isfinite(ra) & (np.abs(dec) <= 90)
    x[~known] = y[~known] = np.nan
    return x, y


def picture(everything: NDArray[np.uint32], selected: NDArray[np.uint32] | None = None) -> NDArray[np.uint8]:
    """Levels of the density, from `HALF` on where an object is selected; few selected ones are enlarged over the others.

    Parameters
    ----------
    everything, selected : ndarray of uint32, shape (height, width)
        Objects in each pixel.
    """
    levels = DENSITY.levels(Aggregate(everything)) // 2 + (everything == 0) * (EMPTY - EMPTY // 2)
    if selected is None:
        return raster.spread(levels.astype(np.uint8))
    chosen = np.where(selected > 0, DENSITY.levels(Aggregate(selected)) // 2 + HALF, EMPTY).astype(np.uint8)
    both = raster.spread(np.where(selected > 0, chosen, levels).astype(np.uint8))
    share = np.count_nonzero(selected) / selected.size
    if share < _SOME:
        chosen = raster.spread(chosen) if share < _FEW else _crosses(chosen)
    return np.where(chosen == EMPTY, both, chosen)


def _crosses(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each point with its four neighbours."""
    out = levels.copy()
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:-1], np.s_[1:])):
        np.copyto(out[one], levels[other], where=out[one] == EMPTY)
        np.copyto(out[:, one], levels[:, other], where=out[:, one] == EMPTY)
    return out


# ---- what a pointer encloses


def rule_of(xs: ArrayLike, ys: ArrayLike, frame: str, axes: tuple[str, str] = ("ra", "dec")) -> selection.Rule | None:
    """The rule of what lies in a closed path on the ellipse: polygons on right ascension and declination.

    Parameters
    ----------
    xs, ys : array_like, shape (n,)
        Corners on the ellipse, by the even-odd rule; parts beside the ellipse count as its rim.
    frame : str
        One of `FRAMES`.
    axes : tuple of str
        Names of the columns with right ascension (0 to 360 degrees) and declination.

    Returns
    -------
    dict or None
        None when the path encloses no area.

    Notes
    -----
    The path is followed in small steps, since what is straight on the ellipse is not so in right ascension. Where it crosses
    RA 0 the polygon runs on beyond 360 and is repeated a turn away (where a tangled path is longer than a turn the two overlap,
    and what lies in both lies outside); where it winds around a pole it is closed along
    declination 90. Which of the two sides of a path on a sphere is meant is then asked of points all over it.
    """
    corners = np.column_stack([xs, ys]).astype(np.float64)
    if len(corners) < 3 or np.ptp(corners[:, 0]) == 0 or np.ptp(corners[:, 1]) == 0:
        return None
    ra, dec = _followed(corners, frame)
    outline = _simplified(np.column_stack([ra, dec]), 0.0004 * float(np.ptp(dec)) + 1e-6)
    parts = [{"op": "polygon", "axes": list(axes), "vertices": (outline + [360 * turn, 0]).round(_DIGITS).tolist()}
             for turn in range(-3, 4) if outline[:, 0].min() + 360 * turn < 360 and outline[:, 0].max() + 360 * turn > 0]
    overlap = float(np.ptp(outline[:, 0])) > 360 + 1e-6
    rule = reduce(_either, parts) if overlap or len(parts) == 1 else {"op": "or", "rules": parts}
    return rule if _means(rule, corners, frame, axes) else {"op": "not", "rule": rule}


def _either(one: selection.Rule, other: selection.Rule) -> selection.Rule:
    """The rule that exactly one of two holds, which is what the even-odd rule makes of outlines that overlap."""
    return {"op": "or", "rules": [{"op": "and", "rules": [one, {"op": "not", "rule": other}]},
                                  {"op": "and", "rules": [{"op": "not", "rule": one}, other]}]}


def _followed(corners: NDArray, frame: str) -> tuple[NDArray, NDArray]:
    """A path in small steps as right ascension (running on, not from 0 to 360) and declination, degrees."""
    import shapely

    step = min(0.01, float(np.ptp(corners, axis=0).max()) / 100)
    path = shapely.get_coordinates(shapely.segmentize(shapely.LinearRing(corners), step))
    lon, lat = unproject(*path.T, FRAMES[frame].centre)
    if frame == "equatorial":
        return lon, lat  # the rim is where right ascension returns to zero, so no path on the ellipse crosses it
    ra, dec = to_galactic(lon, lat, inverse=True)
    ra = np.unwrap(ra, period=360)
    if abs(ra[-1] - ra[0]) > 180:
        ra, dec = np.append(ra, [ra[-1], ra[0]]), np.append(dec, [90.0, 90.0])
    return ra, dec


def _simplified(path: NDArray, tolerance: float) -> NDArray[np.float64]:
    """A closed path without the corners that make no difference of more than `tolerance`, and not more than a rule may have."""
    import shapely

    ring = shapely.LinearRing(path)
    while True:
        corners = shapely.get_coordinates(ring.simplify(tolerance, preserve_topology=False))[:-1]
        if len(corners) <= MAX_CORNERS:
            return corners if len(corners) > 2 else path[:: max(1, len(path) // 4)]
        tolerance *= 1.5


def _means(rule: selection.Rule, corners: NDArray, frame: str, axes: tuple[str, str]) -> bool:
    """Whether a rule is the path's inside rather than its outside."""
    k = np.arange(_PROBES) + 0.5
    sky = dict(zip(axes, (k * 180 * (3 - 5**0.5) % 360, np.degrees(np.arcsin(1 - 2 * k / _PROBES))), strict=True))
    wanted = selection.inside(*project(*sky.values(), frame), corners)
    return float(np.mean(selection.evaluate(rule, sky.__getitem__, _PROBES) == wanted)) > 0.5


# ---- what is drawn around it


@dataclass(frozen=True)
class Graticule:
    """Lines of equal longitude and latitude and their labels, on the ellipse.

    Parameters
    ----------
    xs, ys : list of ndarray
        Lines.
    labels : list of (float, float, str, str)
        Place, text, and side of the place on which it stands: "left" of it or "above".
    """

    xs: list[NDArray]
    ys: list[NDArray]
    labels: list[tuple[float, float, str, str]]


def rim() -> tuple[NDArray, NDArray]:
    """The border of the ellipse."""
    angle = np.linspace(0, 2 * np.pi, 361)
    return 2 * np.cos(angle), np.sin(angle)


def graticule(window: tuple[float, float, float, float], frame: str) -> Graticule:
    """Round lines within a window (x0, x1, y0, y1), closer ones the closer one looks."""
    x0, x1, y0, y1 = window
    xs, ys = np.meshgrid(np.linspace(x0, x1, 41), np.linspace(y0, y1, 41))
    on = np.abs(xs) <= 2 * np.sqrt(np.clip(1 - ys**2, 0, 1))
    on &= np.abs(ys) <= 1
    if not on.any():
        return Graticule([], [], [])
    centre = FRAMES[frame].centre
    lon, lat = unproject(xs[on], ys[on], centre)
    step = next((step for step in _STEPS if np.ptp(lat) / step >= 4), _STEPS[-1])
    lons, lats = _round(lon, step, centre - 180, centre + 180), _round(lat, step, -90 + step, 90 - step)
    along, across = np.linspace(lat.min(), lat.max(), 91), np.linspace(lon.min(), lon.max(), 91)
    lines = [_line(np.full(91, value), along, centre) for value in lons]
    lines += [_line(across, np.full(91, value), centre) for value in lats]
    level = min(lats, key=lambda value: abs(value - np.clip(0, lat.min(), lat.max())), default=0.0)
    inner = lons[(lons > centre - 180) & (lons < centre + 180)]
    above = [(*(float(place[0]) for place in _line(np.array([value]), np.array([level]), centre)),
              f"{_degrees(value % 360)}°", "above") for value in inner]
    heights = np.sin(np.interp(lats, *_nodes()))
    left = [(max(-2 * (1 - y * y) ** 0.5, x0), float(y), f"{'+' if value > 0 else '−' if value < 0 else ''}"
             f"{_degrees(abs(value))}°", "left") for value, y in zip(lats, heights, strict=True)]
    labels = [label for label in above + left if x0 <= label[0] <= x1 and y0 <= label[1] <= y1]
    return Graticule([x for x, _ in lines], [y for _, y in lines], labels)


def _round(values: NDArray, step: float, low: float, high: float) -> NDArray[np.float64]:
    """Multiples of a step among values and within limits."""
    first, last = max(values.min(), low), min(values.max(), high)
    return np.arange(np.ceil(first / step - 1e-9), np.floor(last / step + 1e-9) + 1) * step


def _line(lon: NDArray, lat: NDArray, centre: float) -> tuple[NDArray, NDArray]:
    """Like `mollweide`, but longitudes 180 degrees off the centre keep their side."""
    angle = np.interp(lat, *_nodes())
    return (lon - centre) / -90 * np.cos(angle), np.sin(angle)


def _degrees(value: float) -> str:
    return f"{round(value, 3):g}"


def join(parts: Iterable[NDArray]) -> NDArray:
    """Lines one after the other with NaN between, as one line of a figure."""
    pieces = [piece for part in parts for piece in (part, [np.nan])]
    return np.concatenate(pieces) if pieces else np.empty(0)
