"""Cutouts in numpy and HDF5 files: one cube, or thousands of objects in one array.

Product notes
-------------
* ``.npz`` and HDF5 hold named arrays: the images (``images``, ``image``, ``cutouts``, ``flux``, ``data`` ..., else the one
  array of three or four axes), and beside them ``ivar`` or ``weights``, ``variance``, ``mask``, ``psfs``, ``filters`` or
  ``bands``, ``ids``, ``ra``, ``dec``, ``z`` and further columns of one value an object. ``.npy`` holds the images alone; ids in
  ``ids.npy``, ``ids.npz`` or ``NAME_ids.npy`` beside it, of as many rows, are taken, and noted.
* Images are (N, H, W, bands) or (N, bands, H, W), one object's (bands, H, W) or (H, W, bands), one band's (N, H, W): by where
  the number of named bands stands. Bands are named in the file (HDF5: or in an attribute), or by ``--bands``; order is never
  guessed.
* ``pixel_scale``, ``zero_point`` and ``psf_fwhm`` are numbers or attributes. Row 0 is taken to be at the bottom.
* Ids are text or whole numbers; floating-point ids that have lost digits are refused, as is every pickle.

Citation: the survey whose images they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite, nan
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ReadError
from qsocore.records import ImageCube
from qsocore.surveys._arrays import Arrays, open_arrays
from qsocore.surveys._bands import band_in_name, stem_of
from qsocore.surveys._ids import named
from qsocore.surveys._images import ImageSurvey, Layout, identity, native_of, unnamed
from qsocore.surveys._links import by_position
from qsocore.surveys._noise import mark_bad, mark_saturated
from qsocore.surveys._npy import declared
from qsocore.surveys._pixels import to_ivar
from qsocore.surveys._planes import fwhm_of
from qsocore.surveys.probe import Probe

_IMAGES = ("images", "image", "cutouts", "cutout", "stamps", "cubes", "cube", "flux", "fluxes", "data", "x", "arr_0")
_ERRORS = {"ivar": "ivar", "invvar": "ivar", "weights": "ivar", "weight": "ivar", "variance": "var", "var": "var",
           "error": "error", "errors": "error", "sigma": "error", "noise": "error"}
_BANDS, _PSFS = ("bands", "filters", "channels", "bandnames"), ("psfs", "psf")
_IDS = ("object_id", "object_ids", "ids", "id", "objid", "targetid", "coadd_object_id", "source_id", "names", "name")
_BESIDE = ("{}_ids.npy", "{}_ids.npz", "ids.npy", "ids.npz")
_KINDS = ("npz", "npy", "hdf5")


class CutoutsArrays(ImageSurvey):
    """Cutouts in numpy and HDF5 files."""

    name = "cutouts-arrays"
    title = "numpy and HDF5 cutouts"
    citation = "the survey whose images they are"

    def identify(self, probe: Probe) -> bool:
        """A file of arrays with one of three or four axes of numbers."""
        if probe.kind == "npy":  # also one that breaks off: `read` says so
            found = declared(probe.file)
            return found is not None and len(found[0]) in (3, 4) and found[2].kind in "fiu"
        if probe.kind not in _KINDS:
            return False
        try:
            with open_arrays(probe) as arrays:
                return _images(arrays) is not None
        except ReadError:
            return False

    def layout(self, probe: Probe, bands: tuple[str, ...] | None = None) -> Layout:
        """Bands, objects and scale by the arrays' headers; as `ImageSurvey.layout`."""
        with open_arrays(probe) as arrays:
            return _Contents(arrays, probe, bands).layout

    def cubes(self, probes: Sequence[Probe], bands: tuple[str, ...] | None = None) -> Iterator[ImageCube | ReadError]:
        """One cube for each row of the array; as `ImageSurvey.cubes`.

        Files of one key (one band each) must hold the same ids.
        """
        opened = [open_arrays(probe) for probe in probes]
        try:
            parts = [_Contents(arrays, probe, bands) for arrays, probe in zip(opened, probes, strict=True)]
            yield from _cubes(parts)
        finally:
            for arrays in opened:
                arrays.close()

    def links(self, row: dict) -> dict[str, str]:
        """What others have at its position."""
        return by_position(row)


def _images(arrays: Arrays) -> str | None:
    """Name of the array that holds the images: one of the usual names, else the one that is left with three or four axes."""
    lower = {name.lower(): name for name in reversed(list(arrays))}
    fitting = [name for name in arrays if len(arrays.shape(name)) in (3, 4) and arrays.dtype(name).kind in "fiu"]
    usual = next((lower[name] for name in _IMAGES if lower.get(name) in fitting), None)
    others = [name for name in fitting if name.lower() not in (*_ERRORS, *_PSFS, "mask", "masks")]
    return usual or (others[0] if len(others) == 1 else None)


class _Contents:
    """The arrays of a file, sorted."""

    def __init__(self, arrays: Arrays, probe: Probe, bands: tuple[str, ...] | None):
        self.arrays, self.probe = arrays, probe
        self.lower = {name.lower(): name for name in reversed(list(arrays))}
        self.images = _images(arrays)
        if self.images is None:
            raise ReadError("no-flux", "none of its arrays is one of images", probe.path, "call the images 'images'")
        self.shape = arrays.shape(self.images)
        if min(self.shape) < 1:
            raise ReadError("empty", f"its {self.images} {self.shape} hold nothing", probe.path)
        self.named_after, self.key = band_in_name(probe.path)
        self.names, self.axis, self.many = self._axes(bands)
        self.whole = bool({"object_id", "object_ids"} & set(self.lower))  # ids with survey and release
        self.errors = next(((lower, name) for lower, name in self.lower.items() if lower in _ERRORS
                            and arrays.shape(name) == self.shape), None)
        self.mask = next((self.lower[name] for name in ("mask", "masks") if name in self.lower
                          and arrays.shape(self.lower[name]) == self.shape), None)
        self.layout = self._layout()

    def _axes(self, asked: tuple[str, ...] | None) -> tuple[tuple[str, ...], int | None, bool]:
        """Names of the bands, their axis (None for one band without an axis), and whether axis 0 counts objects."""
        stated = self._stated()
        for names in (stated, (self.named_after,) if self.named_after else (), asked or ()):
            n = len(names)
            if not n:
                continue
            if len(self.shape) == 4 and n in (self.shape[3], self.shape[1]):
                return names, 3 if self.shape[3] == n else 1, True
            if len(self.shape) == 3 and n > 1 and n in (self.shape[0], self.shape[2]):
                return names, 0 if self.shape[0] == n else 2, False
            if len(self.shape) == 3 and n == 1:
                return names, None, True
        count = min(self.shape[-1], self.shape[-3])
        raise unnamed(count, self.shape, stated or asked, self.probe.path)

    def _stated(self) -> tuple[str, ...]:
        """Bands by an array or an attribute of the file."""
        found = next((self.arrays[self.lower[name]] for name in _BANDS if name in self.lower), None)
        if found is None:
            found = self.arrays.said(self.images, _BANDS)
        if found is None:
            return ()
        words = [word.decode() if isinstance(word, bytes) else str(word) for word in np.ravel(found).tolist()]
        return tuple(words[0].split() if len(words) == 1 and " " in words[0] else words[0] if len(words) == 1 else words)

    def _number(self, *names: str) -> float:
        """A number of that name, as an array of one value or as an attribute; NaN for none."""
        value = next((self.arrays[self.lower[name]] for name in names if name in self.lower), None)
        value = self.arrays.said(self.images, names) if value is None else value
        try:
            return float(np.ravel(value)[0]) if value is not None else nan
        except (TypeError, ValueError, IndexError):
            return nan

    def _layout(self) -> Layout:
        pixels = tuple(length for axis, length in enumerate(self.shape) if axis != self.axis and not (self.many and axis == 0))
        scale = self._number("pixel_scale", "pixscale")
        return Layout(self.names, self.shape[0] if self.many else 1, pixels, scale, self._number("zero_point", "magzero", "zp"),
                      self._widths(scale), self.key)

    def _widths(self, scale: float) -> tuple[float, ...]:
        """Width of the point-spread function in every band, by numbers or by pictures of it."""
        stated = self.lower.get("psf_fwhm")
        value = self.arrays[stated] if stated else self.arrays.said(self.images, ("psf_fwhm",))
        if value is not None:
            widths = tuple(float(width) for width in np.ravel(value))
            return widths * len(self.names) if len(widths) == 1 else widths if len(widths) == len(self.names) else ()
        name = next((self.lower[name] for name in _PSFS if name in self.lower), None)
        if name is None or not isfinite(scale) or self.arrays.shape(name)[0] != len(self.names):
            return ()
        return tuple(scale * fwhm_of(psf) for psf in self.arrays[name])

    def of(self, name: str, row: int) -> NDArray:
        """An object's part of an array, (n_bands, H, W)."""
        values = self.arrays[name]
        values = values[row] if self.many else values
        if self.axis is None:
            return np.asarray(values)[None]
        return np.moveaxis(np.asarray(values), self.axis - self.many, 0)

    def ids(self) -> tuple[list[str | None], tuple[str, ...]]:
        """What every object is called, None where nothing says so, and notes.

        Raises
        ------
        ReadError
            ``wrong-shape`` when there are more or fewer ids than images, ``bad-name`` for ids that have lost digits.
        """
        n = self.layout.n_objects
        values, notes = next((self.arrays[self.lower[name]] for name in _IDS if name in self.lower), None), ()
        if values is None and self.many:
            values, notes = _ids_beside(self.probe, n)
        if values is None:
            return [None] * n, notes
        values = np.ravel(values)
        if len(values) != n:
            raise ReadError("wrong-shape", f"{len(values):,} ids for {n:,} images", self.probe.path, "give one id an image")
        try:
            return [named(value) for value in values], notes
        except ValueError as error:
            raise ReadError("bad-name", f"of its ids {error}", self.probe.path, "save ids as text or integers") from None

    def columns(self) -> dict[str, NDArray]:
        """Other arrays of one value an object, under lower-case names."""
        apart = {self.images, *_BANDS, *_IDS, "pixel_scale", "zero_point", "psf_fwhm"}
        return {lower: self.arrays[name] for lower, name in self.lower.items() if self.many and lower not in apart
                and self.arrays.shape(name) == (self.layout.n_objects,) and self.arrays.dtype(name).kind in "fiubUSO"}


def _cubes(parts: list[_Contents]) -> Iterator[ImageCube | ReadError]:
    first = parts[0]
    (ids, notes), n = first.ids(), first.layout.n_objects
    for part in parts[1:]:
        theirs = part.ids()[0]
        if part.layout.n_objects != n or part.layout.shape != first.layout.shape or theirs != ids:
            raise ReadError("wrong-shape", f"its images are not of the objects of {first.probe.path.name}", part.probe.path,
                            "give the bands of the same objects, with the same ids in the same order")
    columns = first.columns()
    release = f"{crc32(np.ascontiguousarray(first.of(first.images, 0))):08x}"
    if n > 1 and ids[0] is not None:
        release = f"{crc32(' '.join(str(name) for name in ids[:64]).encode()):08x}"
    for row in range(n):
        where = f"{first.probe.path}, image {row}" if first.many else str(first.probe.path)
        try:
            native = ids[row] or native_of(first.key, row if first.many else None)
            yield _cube(parts, row, identity(CutoutsArrays.name, release, native, first.whole), where, notes,
                        {name: values[row] for name, values in columns.items()})
        except ReadError as error:
            yield error
        except AtlasError as error:  # of the name
            yield ReadError("bad-name", error.what, where, error.remedy)


def _cube(parts: list[_Contents], row: int, object_id, where: str, notes: tuple[str, ...], values: dict) -> ImageCube:
    flux, first = np.concatenate([part.of(part.images, row) for part in parts]).astype(np.float64), parts[0]
    mask, ivar = np.zeros(flux.shape, np.uint8), None
    if all(part.mask for part in parts):
        notes += mark_bad(mask, np.concatenate([part.of(part.mask, row) for part in parts]))
    if all(part.errors for part in parts):
        ivar = np.concatenate([to_ivar(part.of(part.errors[1], row), _ERRORS[part.errors[0]]) for part in parts])
    notes += mark_saturated(flux, mask)
    widths = tuple(width for part in parts for width in part.layout.psf_fwhm or (nan,) * len(part.names))
    return ImageCube.from_arrays(
        object_id, flux, ivar, mask, bands=[band for part in parts for band in part.names], where=where,
        pixel_scale=first.layout.pixel_scale, zero_point=first.layout.zero_point,
        psf_fwhm=widths if any(map(isfinite, widths)) else (), row=_plain(values) | {"source_row": row}, notes=notes)


def _plain(values: dict) -> dict:
    """Python values of a row: text as text, numbers as numbers."""
    return {name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value.item() if hasattr(value, "item")
            else value for name, value in values.items()}


def _ids_beside(probe: Probe, n: int) -> tuple[NDArray | None, tuple[str, ...]]:
    """Ids in a file of its own beside the images, of as many rows."""
    for pattern in _BESIDE:
        path = probe.path.with_name(pattern.format(stem_of(probe.path)))
        if not path.exists() or path == probe.path:
            continue
        with Probe(path) as other, open_arrays(other) as arrays:
            fitting = [name for name in arrays if arrays.shape(name) == (n,) and arrays.dtype(name).kind in "iuUSO"]
            if len(fitting) == 1:
                return np.array(arrays[fitting[0]]), (f"ids from {path.name}, row by row",)
    return None, ()


SURVEY = CutoutsArrays()
