"""A place in the space of latents made ready to be looked at: its decoded spectrum, who is nearest, whether there is data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard.spectrum import smooth
from qsocore.explore import inverse, path
from qsocore.explore.inverse import Linear, Place
from qsocore.lines import Line, line_list

if TYPE_CHECKING:
    from dashboard.table import AtlasTable
    from qsocore.embed.decoder import Decoder
    from qsocore.explore.neighbours import Neighbours
    from qsocore.preprocess.prepare import Prepared

FRAMES = 11
"""Of a path, ends included."""
_RANGE, _HALF = (0.5, 99.5), (16.0, 84.0)  # percentiles
_SAMPLE = 100_000  # objects that ranges are taken from
_AGREE = 0.03  # scatter of the nearest objects' redshifts, in 1 + z, up to which lines are marked at their median
_SMOOTH = 4.0  # pixels; noise would hide the decoded spectrum
_FACTS = ("class", "subclass", "z")


@dataclass(frozen=True)
class Object:
    """An observed object as it is named on the page: its row, id, a few words, and its distance from the place."""

    row: int
    object_id: str
    text: str
    distance: float


@dataclass(frozen=True)
class Look:
    """What is seen at a place.

    Parameters
    ----------
    place : Place
        Latents, the nearest objects, and r.
    flux : ndarray of float32, shape (n_pix,)
        Decoded, in units of the spectrum's own scale; NaN where the run was not trained.
    observed : ndarray of float32, shape (n_pix,)
        The nearest object's spectrum in the same units, smoothed, NaN where masked.
    objects : list of Object
        The nearest first.
    z : float
        Median redshift of the nearest objects where they agree, else NaN.
    star : bool
        Whether most of them are stars.
    """

    place: Place
    flux: NDArray[np.float32]
    observed: NDArray[np.float32]
    objects: list[Object]
    z: float
    star: bool


class Space:
    """The space of latents of one run; shared by all sessions.

    Parameters
    ----------
    table : AtlasTable
        With latents.
    decoder : Decoder
        Of the run.
    near : Neighbours
        Of the table's latents.
    """

    def __init__(self, table: AtlasTable, decoder: Decoder, near: Neighbours):
        self.table, self.decoder, self.near = table, decoder, near
        self.names = table.latent_names

    @cached_property
    def ranges(self) -> NDArray[np.float32]:
        """Lowest, 16 %, median, 84 % and highest of each latent, robustly, shape (5, n_latent)."""
        step = max(1, self.table.n_rows // _SAMPLE)
        latents = self.table.latents(np.arange(0, self.table.n_rows, step))
        known = latents[np.isfinite(latents).all(axis=1)]
        if not len(known):
            return np.repeat(np.array([[-1], [-1], [0], [1], [1]], np.float32), len(self.names), axis=1)
        low, below, middle, above, high = np.percentile(known, [_RANGE[0], _HALF[0], 50, _HALF[1], _RANGE[1]], axis=0)
        room = 0.1 * np.maximum(high - low, 1e-3)
        return np.stack([low - room, below, middle, above, high + room]).astype(np.float32)

    @cached_property
    def wave(self) -> NDArray[np.float64]:
        """Vacuum Angstrom in the run's frame."""
        return self.decoder.grid.wave

    @cached_property
    def _prepared(self) -> Prepared:
        from qsocore.preprocess.prepare import Prepared

        return Prepared(self.table.store, self.decoder.grid, self.decoder.normalisation)

    @cached_property
    def _seen(self) -> NDArray[np.bool_]:
        return self.decoder.model.seen.cpu().numpy() > 0

    def of(self, row: int) -> NDArray[np.float32] | None:
        """Latents of an object, None when it has none."""
        latents = self.table.latents(np.array([row]))[0] if row >= 0 else np.array([np.nan])
        return latents if np.isfinite(latents).all() else None

    def middle(self, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Latents of the medoid of a group, or of 2,000 of it drawn at random; None when none has latents."""
        latents = self.table.latents(path.drawn(rows))
        member = path.middle(latents)
        return latents[member] if member >= 0 else None

    def at(self, axes: tuple[str, str], at: tuple[float, float]) -> Place | None:
        """What belongs to a place on the map of two columns; None where that has no meaning, such as on the sky."""
        if self.table.columns[axes[0]].unit == "deg" or not self.names:
            return None
        columns = [self.table.numbers(name) for name in axes]
        return inverse.on_map(*columns, at, self.table.latents, self.plane(axes), self._units(axes))

    def plane(self, axes: tuple[str, str]) -> Linear | None:
        """The plane in the space of latents that a map is, None for others."""
        from safetensors.numpy import load_file

        if set(axes) <= set(self.names):
            return Linear.of_latents(*(self.names.index(name) for name in axes), len(self.names))
        name = next((name for name, columns in self.table.maps.items() if columns == tuple(axes)), "")
        file = self.table.run.reference(name) if name and self.table.run else None
        arrays = load_file(file) if file and file.exists() else {}
        return Linear(arrays["mean"], arrays["axes"]) if {"mean", "axes"} <= arrays.keys() else None

    def _units(self, axes: tuple[str, str]) -> tuple[float, float]:
        """A distance of one along each axis: the same for maps and latents, the scatter for columns of different kinds."""
        if {self.table.columns[name].role for name in axes} <= {"latent", "coordinate"}:
            return 1.0, 1.0
        step = max(1, self.table.n_rows // _SAMPLE)
        spread = [np.nanpercentile(self.table.numbers(name)[::step], _HALF) for name in axes]
        return tuple(float(above - below) / 2 or 1.0 for below, above in spread)

    def look(self, latents: NDArray[np.float32]) -> Look:
        """What is seen at a place in the space of latents."""
        place = inverse.in_latents(latents, self.near)
        objects = self.name(place.rows, place.distances)
        flux = np.where(self._seen, self.decoder.decode(latents[None])[0], np.nan).astype(np.float32)
        return Look(place, flux, self._observed(place.rows[:1]), objects, *self._redshift(place.rows))

    def along(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[NDArray[np.float32], list[Object]]:
        """Latents (n, d) of the frames of a path, and the object nearest to each."""
        frames = path.along(a, b, FRAMES, self.near)
        return frames.latents, self.name(frames.rows, frames.distances)

    def name(self, rows: NDArray[np.int64], distances: NDArray[np.float32]) -> list[Object]:
        """Objects as the page names them."""
        facts = [name for name in _FACTS if name in self.table.columns]
        lines = self.table.frame(rows, facts).to_dict("records") if facts else [{} for _ in rows]
        return [Object(int(row), name, in_words(line) or name, float(distance)) for row, name, line, distance
                in zip(rows, self.table.ids_of(rows), lines, distances, strict=True)]

    def _observed(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if not len(rows) or self.table.store is None or self.table.store.grid is None:
            return np.full(len(self.wave), np.nan, np.float32)
        block = self._prepared.read(rows)
        return smooth(np.where(block.w[0] > 0, block.x[0], np.nan), block.w[0], _SMOOTH)[0].astype(np.float32)

    def _redshift(self, rows: NDArray[np.int64]) -> tuple[float, bool]:
        columns = self.table.columns
        frame = self.table.frame(rows, [name for name in ("class", "z") if name in columns])
        star = "class" in frame and bool((frame["class"].astype(str).str.upper() == "STAR").mean() > 0.5)
        if self.decoder.grid.frame == "rest":
            return 0.0, star
        z = frame["z"].to_numpy(float) if "z" in frame else np.empty(0)
        z = z[np.isfinite(z)]
        if len(z) < 3:
            return float("nan"), star
        low, middle, high = np.percentile(z, [_HALF[0], 50, _HALF[1]])
        return (float(middle) if (high - low) / 2 < _AGREE * (1 + middle) else float("nan")), star


def in_words(facts: dict) -> str:
    """An object in a few words: "QSO 2.31", "STAR M".

    Examples
    --------
    >>> in_words({"class": "QSO", "subclass": "BROADLINE", "z": 2.3141}), in_words({"class": "STAR", "subclass": "M", "z": 0.0})
    ('QSO 2.31', 'STAR M')
    """
    kind, more, z = (facts.get(name) for name in _FACTS)
    kind = kind if isinstance(kind, str) else ""
    if kind.upper() == "STAR":
        return f"{kind} {more}".strip() if isinstance(more, str) else kind
    return f"{kind} {z:.2f}".strip() if isinstance(z, float) and z == z else kind


def marks(look: Look, wave: NDArray[np.float64]) -> list[tuple[Line, float]]:
    """Major lines inside the wavelengths at the nearest objects' redshift: of stars those that a photosphere shows."""
    if not np.isfinite(look.z):
        return []
    moved = ((line, line.wave * (1 + look.z)) for line in line_list(major_only=True))
    return [(line, at) for line, at in moved if wave[0] < at < wave[-1] and (
        (line.kind == "absorption" or line.name.startswith("H")) if look.star else line.kind == "emission")]
