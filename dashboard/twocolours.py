"""The diagram of i - z against W1 - W2: a catalogue's objects, where quasars and dwarfs lie in it, and where a search cuts.

Colours are in AB, as the catalogue's magnitudes are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.plane import Plane, extent
from dashboard.raster import View, aggregate, spread
from dashboard.sed import columns_of
from qsocore.simulate import galaxy_light, quasar_light
from qsocore.simulate.bands import BANDS, band_fluxes, magnitudes_of
from qsocore.simulate.images import dwarfs

if TYPE_CHECKING:
    from dashboard.colourings import Scale
    from dashboard.sed import Sed
    from dashboard.table import AtlasTable

ACROSS, UP = ("W1", "W2"), ("i", "z")
"""Bands of the two colours, the first less the second."""

TO_VEGA = 0.640
"""W1 - W2 in Vega less that in AB: the AB magnitudes of Vega are 2.699 and 3.339 (Jarrett et al. 2011, ApJ 735, 112)."""

CUTS = (-0.14, 1.0)
"""What a search for quasars at z = 6 demands of W1 - W2 and i - z at least, AB: 0.5 Vega and 1 (Andika et al. 2023)."""

_FAINTEST = 90.0  # what is fainter is a sign, not a magnitude
_ROUND_TYPES = {"M5": 5.0, "L0": 10.0, "L5": 15.0, "T0": 20.0, "T5": 25.0, "T8": 28.0}
_Z_QUASAR, _Z_GALAXY, _Z_STEP = (2.0, 6.7), (0.0, 1.2), 0.1
_SIGHTS, _M_1450 = 24, -26.5  # quasars whose median colour is the track's, and their absolute magnitude


@dataclass(frozen=True)
class Track:
    """Where a kind of object lies as one of its properties grows.

    Parameters
    ----------
    kind : str
        "quasar", "galaxy" or "star".
    x, y : ndarray, shape (n,)
        W1 - W2 and i - z.
    marks : tuple of (str, float, float)
        Words at places on it.
    """

    kind: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    marks: tuple[tuple[str, float, float], ...]


@cache
def tracks() -> tuple[Track, ...]:
    """Of quasars and of old galaxies with redshift, and of dwarfs with spectral type, by `qsocore.simulate`."""
    return _quasars(), _galaxies(), _dwarfs()


def _quasars() -> Track:
    z = np.arange(_Z_QUASAR[0], _Z_QUASAR[1] + _Z_STEP / 2, _Z_STEP)
    some = quasar_light.draw(np.zeros(_SIGHTS), np.full(_SIGHTS, _M_1450), np.random.default_rng(0))
    truth = {name: np.tile(values, (z.size,) + (1,) * (values.ndim - 1)) for name, values in some.items()}  # seen at every z
    colours = _colours(band_fluxes(quasar_light.spectra(truth | {"true_z": np.repeat(z, _SIGHTS)}), ACROSS + UP))
    x, y = np.nanmedian(colours.reshape(2, z.size, _SIGHTS), axis=2)
    return Track("quasar", x, y, _marked(z, x, y, (5, 5.5, 6, 6.5)))


def _galaxies() -> Track:
    z = np.arange(_Z_GALAXY[0], _Z_GALAXY[1] + _Z_STEP / 2, _Z_STEP)
    ages = np.zeros((z.size, galaxy_light.components().shape[0] - 1))
    ages[:, -1] = 1.0
    flux = galaxy_light.spectra({"true_z": z, "ages": ages, "ebv": np.zeros(z.size)})
    x, y = _colours(band_fluxes(flux, ACROSS + UP))
    return Track("galaxy", x, y, _marked(z, x, y, (0, 1)))


def _dwarfs() -> Track:
    kinds = np.arange(5.0, 28.51, 0.25)
    x, y = (dwarfs.colours(kinds)[:, BANDS.index(pair[0])] for pair in (ACROSS, UP))
    marks = tuple((name, *(float(np.interp(kind, kinds, values)) for values in (x, y))) for name, kind in _ROUND_TYPES.items())
    return Track("star", x, y, marks)


def _colours(flux: NDArray) -> NDArray[np.float64]:
    """W1 - W2 and i - z, shape (2, n), of fluxes (n, 4) in their four bands."""
    magnitude = magnitudes_of(flux)
    return np.stack([magnitude[:, 0] - magnitude[:, 1], magnitude[:, 2] - magnitude[:, 3]])


def _marked(z: NDArray, x: NDArray, y: NDArray, at: tuple[float, ...]) -> tuple[tuple[str, float, float], ...]:
    return tuple((f"z = {value:g}", float(np.interp(value, z, x)), float(np.interp(value, z, y))) for value in at)


# ---- the catalogue


def lacking(table: AtlasTable) -> list[str]:
    """Bands of the diagram in which a catalogue has neither magnitudes nor fluxes."""
    known = columns_of(table)
    return [name for name in UP + ACROSS if not {f"mag_{name}", f"flux_{name}"} & known.keys()]


def magnitude(table: AtlasTable, name: str) -> NDArray[np.float32]:
    """AB magnitudes of a band, shape (n_rows,), NaN where an object was not detected in it."""
    known = columns_of(table)
    if f"mag_{name}" in known:
        values = table.numbers(known[f"mag_{name}"])
        return np.where(values < _FAINTEST, values, np.float32(np.nan))
    return magnitudes_of(table.numbers(known[f"flux_{name}"])).astype(np.float32)


def plane(table: AtlasTable) -> Plane:
    """The objects of a catalogue that are detected in all four bands, indexed."""
    x, y = (magnitude(table, one) - magnitude(table, other) for one, other in (ACROSS, UP))
    both = np.isfinite(x) & np.isfinite(y)
    return Plane.build((" - ".join(ACROSS), " - ".join(UP)), np.where(both, x, np.nan), np.where(both, y, np.nan))


@dataclass(frozen=True)
class Diagram:
    """The catalogue as a picture.

    Parameters
    ----------
    levels : ndarray of uint8, shape (height, width)
        How many objects, by `dashboard.colourings.density`.
    scale : Scale
        Of the levels.
    view : View
        Its borders.
    n, n_rows : int
        Objects that have both colours, and objects of the catalogue.
    """

    levels: NDArray[np.uint8]
    scale: Scale
    view: View
    n: int
    n_rows: int


def diagram(points: Plane, width: int, height: int) -> Diagram:
    """Draw all objects of a plane in so many pixels; the view holds nearly all of them, the tracks and the cuts."""
    from dashboard.colourings.density import COLOURING

    sides = []
    for values, along in ((points.x, "x"), (points.y, "y")):
        low, high = extent(values)
        ends = np.concatenate([getattr(track, along) for track in tracks()])
        sides += [min(low, float(ends.min()) - 0.15), max(high, float(ends.max()) + 0.25)]
    view = View(*sides, width, height)
    counts = aggregate(points, "count", view)
    scale = COLOURING.scale(counts)
    return Diagram(spread(COLOURING.levels(counts, scale)), scale, view, points.n_placed, points.n_rows)


# ---- the object in focus


@dataclass(frozen=True)
class Spot:
    """Where an object lies; where it was not detected, a limit stands for its flux.

    Parameters
    ----------
    x, y : float
        W1 - W2 and i - z.
    dx, dy : {-1, 0, 1}
        Whether the colour is at most this (-1), this, or at least this (1).
    x_error, y_error : float
        Magnitudes; 0 for a limit.
    """

    x: float
    y: float
    dx: int = 0
    dy: int = 0
    x_error: float = 0.0
    y_error: float = 0.0


def spot(sed: Sed) -> Spot | None:
    """The place of an object, None where one of its colours is not even limited: a band is missing, or both are limits."""
    sides = [_side(sed, *pair) for pair in (ACROSS, UP)]
    if None in sides:
        return None
    (x, dx, x_error), (y, dy, y_error) = sides
    return Spot(x, y, dx, dy, x_error, y_error)


def _side(sed: Sed, one: str, other: str) -> tuple[float, int, float] | None:
    """A colour, the way in which it is a limit, and its error."""
    names = [band.name for band in sed.bands]
    if one not in names or other not in names:
        return None
    first, second = names.index(one), names.index(other)
    if not sed.seen[first] and not sed.seen[second]:
        return None
    colour = float(2.5 * np.log10(sed.height[second] / sed.height[first]))
    if sed.seen[first] and sed.seen[second]:
        relative = np.hypot(sed.error[first] / sed.flux[first], sed.error[second] / sed.flux[second])
        return colour, 0, float(2.5 / np.log(10) * relative)
    return colour, -1 if sed.seen[first] else 1, 0.0
