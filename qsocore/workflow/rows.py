"""Rows of spectra or images on their way into a shard: on the store's grid, with their catalogue values under one roof."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import STANDARD, STANDARD_BY_NAME, Column
from qsocore.errors import AtlasError, ReadError
from qsocore.grid import WaveGrid
from qsocore.preprocess.fit_image import fit_image
from qsocore.preprocess.resample import resample
from qsocore.preprocess.snr import median_snr
from qsocore.records import ImageCube, Spectrum
from qsocore.sampling import ImageGrid
from qsocore.surveys.roles import column_of
from qsocore.surveys.tables import CatalogTable

ASIDE = "put images beside the spectra of a store: qso ingest IMAGES --into STORE"
"""What to do with images that are met among spectra."""

_THIN = 0.1  # of the grid; spectra that cover less are noted


class Rows:
    """Objects of one shard in the making.

    Parameters
    ----------
    grid : WaveGrid or ImageGrid
        Sampling of the store.
    """

    def __init__(self, grid: WaveGrid | ImageGrid):
        self.grid = grid
        self._arrays: list[tuple[NDArray, NDArray, NDArray]] = []
        self._values: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._values)

    def add(self, item: Spectrum | ImageCube, source: str) -> tuple[str, ...]:
        """Put an object on the grid and keep it with its catalogue row; returns its notes.

        Raises
        ------
        ReadError
            ``no-coverage`` when it has no good pixel on the grid, ``no-redshift`` when a rest-frame grid needs one,
            ``other-pixels`` for an image of other bands or another pixel scale; ``image`` for images among spectra, and
            ``spectrum`` the other way round.
        """
        if isinstance(item, ImageCube) != isinstance(self.grid, ImageGrid):
            raise self._stranger(item, source)
        arrays, notes = (self._image if isinstance(item, ImageCube) else self._spectrum)(item, source)
        identity = item.object_id
        self._arrays.append(arrays)
        self._values.append(item.row | {
            "object_id": str(identity), "survey": identity.survey, "release": identity.release, "native_id": identity.native,
            "snr_median": _snr(item), "calibrated": _calibrated(item),
            "notes": "; ".join(notes), "source_file": source, "source_row": int(item.row.get("source_row", 0)),
        })
        return notes

    def _spectrum(self, spectrum: Spectrum, source: str) -> tuple[tuple[NDArray, NDArray, NDArray], tuple[str, ...]]:
        try:
            flux, ivar, mask = resample(spectrum, self.grid)
        except AtlasError as error:
            reason = "no-redshift" if self.grid.frame == "rest" else "bad-wavelength"
            raise ReadError(reason, error.what, source, error.remedy) from None
        good = float((mask == 0).mean())
        if good == 0:
            raise ReadError("no-coverage", f"no good pixel of {spectrum.wave[0]:.0f} to {spectrum.wave[-1]:.0f} Angstrom lies "
                            f"on grid {self.grid.name}", source, "choose another --grid")
        return (flux, ivar, mask), spectrum.notes + ((f"covers less than {_THIN:.0%} of the grid",) if good < _THIN else ())

    def _image(self, cube: ImageCube, source: str) -> tuple[tuple[NDArray, NDArray, NDArray], tuple[str, ...]]:
        try:
            flux, ivar, mask, notes = fit_image(cube, self.grid)
        except AtlasError as error:
            raise ReadError("other-pixels", f"{error.where}: {error.what}", source, error.remedy) from None
        if (mask > 0).all():
            raise ReadError("no-coverage", f"{cube.object_id}: no good pixel of it lies in the middle {self.grid.side} x "
                            f"{self.grid.side}", source, "choose a larger --cutout")
        return (flux, ivar, mask), cube.notes + notes

    def _stranger(self, item: Spectrum | ImageCube, source: str) -> ReadError:
        if isinstance(item, ImageCube):
            return ReadError("image", "it holds images, not spectra", source, ASIDE)
        return ReadError("spectrum", "it holds spectra, not images", source, "ingest spectra into a store of their own")

    def clear(self) -> None:
        """Let go of all rows, which have been written."""
        self._arrays.clear()
        self._values.clear()

    def arrays(self) -> tuple[NDArray, NDArray, NDArray]:
        """flux, ivar (n, *grid.shape) float32 and mask (n, *grid.shape) uint8."""
        if not self._arrays:
            empty = np.empty((0, *self.grid.shape), np.float32)
            return empty, empty, empty.astype(np.uint8)
        flux, ivar, mask = zip(*self._arrays, strict=True)
        return np.stack(flux), np.stack(ivar), np.stack(mask)

    def catalog(self) -> tuple[dict[str, NDArray], list[Column]]:
        """Columns of all rows, the standard ones always, and what the others mean."""
        others = {name for row in self._values for name in row} - set(STANDARD_BY_NAME)
        values = {name: column_values([row.get(name) for row in self._values], STANDARD_BY_NAME.get(name))
                  for name in [column.name for column in STANDARD] + sorted(others)}
        return values, [column_of(name, _present(values[name]), beside=values) for name in sorted(others)]


def _snr(item: Spectrum | ImageCube) -> float:
    return float(median_snr(item.flux.ravel(), item.ivar.ravel()))


def _calibrated(item: Spectrum | ImageCube) -> bool:
    """Whether its flux is in physical units."""
    return bool(item.calibrated) if isinstance(item, Spectrum) else isfinite(item.zero_point)


def column_values(values: list[Any], column: Column | None = None) -> NDArray:
    """One column from one value a row, None being missing: text, whole numbers or floats.

    Whole numbers with gaps stay Python integers (an object array with None), so that none goes through a float.
    """
    if not values and column:
        return np.empty(0, dtype=object if column.dtype == "string" else column.dtype)
    kind = "string" if column and column.dtype == "string" else ""
    present = [value for value in values if value is not None]
    if kind == "string" or any(isinstance(value, str) for value in present):
        return np.array(["" if value is None else str(value) for value in values], dtype=object)
    if column is None and present and all(isinstance(value, (int, np.integer)) for value in present):
        return np.array(values, dtype=np.int64 if len(present) == len(values) else object)
    if column and column.dtype.startswith(("int", "bool")):
        return np.array([None if value is None or value != value else int(value) for value in values], dtype=object)
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def _present(values: NDArray) -> NDArray:
    """The values of a column that are there, in their own type."""
    return np.array([value for value in values if value is not None]) if values.dtype.kind == "O" else values


def fill(values: Mapping[str, NDArray], name: str, other: NDArray) -> NDArray:
    """A standard column with its gaps filled from another catalogue's values (None or NaN where that has none)."""
    column = STANDARD_BY_NAME[name]
    mixed = [new if old is None or old == "" or old != old else old for old, new in zip(values[name], other, strict=True)]
    return column_values(mixed, column)


def fill_gaps(values: dict[str, NDArray], more: Mapping[str, NDArray], table: CatalogTable,
              rows: NDArray[np.int64]) -> dict[str, NDArray]:
    """Standard columns with their gaps filled from a joined table: z, class and subclass by its columns, ra and dec together.

    Parameters
    ----------
    values : dict of str to ndarray, shape (n,)
    more : mapping
        The table's columns for the same objects.
    table : CatalogTable
    rows : ndarray of int, shape (n,)
        Row of the table, -1 for none.
    """
    values = dict(values)
    for name in ("z", "class", "subclass"):
        if f"{name}_cat" in more:
            values[name] = fill(values, name, more[f"{name}_cat"])
    positions = table.positions()
    if positions is not None:
        gone = ~np.isfinite(values["ra"] + values["dec"]) & (rows >= 0)
        for name, listed in zip(("ra", "dec"), positions, strict=True):
            values[name] = np.where(gone, listed[rows], values[name])
    return values
