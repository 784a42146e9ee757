"""FITS cutouts: a file per band, cubes of bands, stacks of objects, multi-extension files.

Product notes
-------------
* Image HDUs of two axes are bands; of three, the bands of an object, or the objects of one band where the file is named after
  a band or its header says FILTER; of four, (objects, bands, rows, columns). EXTNAME tells inverse variances (IVAR, WHT),
  variances, errors and masks from fluxes.
* A band's name stands in FILTER, BAND, EXTNAME or (last piece that is a band) in the name of the file or its folder:
  ``cut/17_g.fits``, ``g/17.fits``. A cube says BANDS = 'grizY' or BAND1, BAND2 ...; what names no bands needs ``--bands``.
  Files alike but for the band are read together, as bands of the same objects.
* With celestial coordinates an image is turned by quarters, and mirrored, until north is up and east to the left; its centre
  is its position. Bands on other pixels are resampled on those of the first.
* Objects of a stack are called as the ids in a table of as many rows in the file, else by file and number.
* Point-spread functions (``psf_X.fits`` beside ``X.fits``, an HDU called PSF) give their widths and are no objects.

Citation: the survey whose images they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ReadError
from qsocore.records import ImageCube
from qsocore.surveys._bands import band_in_name, parse_bands, stem_of
from qsocore.surveys._cut import Frame, onto, upright
from qsocore.surveys._header import degrees, number, text
from qsocore.surveys._ids import named
from qsocore.surveys._images import ImageSurvey, Layout, identity, native_of, unnamed
from qsocore.surveys._links import by_position
from qsocore.surveys._noise import flat_ivar, mark_bad, mark_saturated
from qsocore.surveys._pixels import overlaid, to_ivar
from qsocore.surveys._planes import (
    Keywords,
    Plane,
    fwhm_of,
    fwhm_of_header,
    is_frame,
    pixel_scale,
    pixels,
    planes,
    saturation,
    wcs_of,
    zero_point,
)
from qsocore.surveys.probe import Probe
from qsocore.surveys.roles import coordinates, role_of

_TILTED = 2.0  # degrees from north that are noted


class CutoutsFits(ImageSurvey):
    """Cutouts in FITS."""

    name = "cutouts-fits"
    title = "FITS cutouts"
    citation = "the survey whose images they are"

    def identify(self, probe: Probe) -> bool:
        """A FITS file with an image of two to four axes that is no frame."""
        return probe.kind == "fits" and any(len(plane.shape) <= 4 for plane in planes(probe)) and not is_frame(probe)

    def layout(self, probe: Probe, bands: tuple[str, ...] | None = None) -> Layout:
        """Bands, objects and scale by the headers; as `ImageSurvey.layout`."""
        return _Contents(probe, bands).layout

    def cubes(self, probes: Sequence[Probe], bands: tuple[str, ...] | None = None) -> Iterator[ImageCube | ReadError]:
        """One cube for each object of files of one key; as `ImageSurvey.cubes`."""
        parts = [_Contents(probe, bands) for probe in probes]
        first = parts[0]
        for part in parts[1:]:
            if part.layout.n_objects != first.layout.n_objects:
                raise ReadError("wrong-shape", f"it holds {part.layout.n_objects} objects where {first.probe.path.name} holds "
                                f"{first.layout.n_objects}", part.probe.path, "give bands of the same objects")
        names, release = first.names(), f"{crc32(np.ascontiguousarray(first.stack(0)[0])):08x}"
        for row in range(first.layout.n_objects):
            where = first.probe.path if first.layout.n_objects == 1 else f"{first.probe.path}, image {row}"
            try:
                yield _cube(parts, row, release, names[row], where)
            except ReadError as error:
                yield error
            except AtlasError as error:  # of the name
                yield ReadError("bad-name", error.what, where, error.remedy)

    def links(self, row: dict) -> dict[str, str]:
        """What others have at its position."""
        return by_position(row)


@dataclass
class _Contents:
    """A file's planes, sorted."""

    probe: Probe
    bands: tuple[str, ...] | None

    def __post_init__(self):
        found = planes(self.probe)
        self.flux = [plane for plane in found if plane.role == "flux"]
        self.others = [plane for plane in found if plane.role in ("ivar", "var", "error", "mask")]
        self.psf = [plane for plane in found if plane.role == "psf"]
        if not self.flux or _of_psf(self.probe):
            raise ReadError("psf" if self.psf or _of_psf(self.probe) else "no-flux", "it holds point-spread functions, no image"
                            if self.psf or _of_psf(self.probe) else "none of its images is one of fluxes", self.probe.path,
                            "psf_X.fits beside X.fits gives the image's width")
        self.header = Keywords(self.probe, self.flux[0].hdu)
        self.wcs = wcs_of(self.probe, self.flux[0])
        self.named_after, self.key = band_in_name(self.probe.path)
        if len(self.flux[0].shape) > 2:
            self.flux = self.flux[:1]
        self.layout = self._layout()

    def _layout(self) -> Layout:
        bands, n_objects = self._sorted()
        shape = self.flux[0].shape[-2:]
        odd = next((plane for plane in self.flux if plane.shape[-2:] != shape), None)
        if odd:
            raise ReadError("wrong-shape", f"bands of {shape} and {odd.shape[-2:]} pixels in one file", self.probe.path,
                            "give bands on the same pixels")
        scale = pixel_scale(self.wcs)
        if not isfinite(scale):
            scale = number(self.header, "PIXSCALE", (0.0,))
        if len(bands) == 1 and self.named_after != bands[0] and text(self.header, "OBJECT"):
            self.key = f"{self.probe.path.parent}/{text(self.header, 'OBJECT')}_*"
        return Layout(bands, n_objects, shape, scale, zero_point(self.header), self._widths(len(bands), scale), self.key)

    def _sorted(self) -> tuple[tuple[str, ...], int]:
        """Names of the bands, and the number of objects."""
        shape = self.flux[0].shape
        stated = _bands_of(self.header)
        if len(shape) == 2:
            bands = tuple(plane.band for plane in self.flux)
            if len(bands) == 1 and not bands[0]:
                bands = (self.named_after,)
            if not all(bands) or len(set(bands)) < len(bands):
                bands = self._asked(len(bands))
            return bands, 1
        count = shape[0] if len(shape) == 3 else shape[1]
        if stated and len(stated) == count:
            bands = stated
        elif len(shape) == 3 and (one := self.flux[0].band or self.named_after):
            return (one,), shape[0]
        elif len(shape) == 3 and self.bands and len(self.bands) == 1:
            return self.bands, shape[0]
        else:
            bands = self._asked(count)
        return bands, 1 if len(shape) == 3 else shape[0]

    def _asked(self, count: int) -> tuple[str, ...]:
        """What the user calls so many bands."""
        if self.bands and len(self.bands) == count:
            return self.bands
        raise unnamed(count, self.flux[0].shape, self.bands, self.probe.path)

    def _widths(self, n_bands: int, scale: float) -> tuple[float, ...]:
        """Width of the point-spread function in every band: by the header, by a plane of the file or the file beside it."""
        width = fwhm_of_header(self.header)
        if isfinite(width):
            return (width,) * n_bands
        try:
            stack = self._psfs()
        except (ReadError, ValueError, TypeError):
            return ()
        if stack is None or len(stack) not in (1, n_bands) or not isfinite(scale):
            return ()
        widths = tuple(scale * fwhm_of(psf) for psf in stack)
        return widths * n_bands if len(widths) == 1 else widths

    def _psfs(self) -> NDArray | None:
        if self.psf:
            found = pixels(self.probe, self.psf[0])
            return found.reshape(-1, *found.shape[-2:])
        for name in (f"psf_{self.probe.path.name}", f"PSF_{self.probe.path.name}"):
            beside = self.probe.path.with_name(name)
            if beside.exists():
                with Probe(beside) as probe:
                    found = pixels(probe, planes(probe)[0])
                return found.reshape(-1, *found.shape[-2:])
        return None

    def names(self) -> list[str]:
        """What the objects are called: as the ids of a table of so many rows, else by file and number."""
        n_objects = self.layout.n_objects
        if n_objects == 1:
            return [native_of(self.key)]
        listed = self.listed.get("id")
        if listed is not None:
            return [listed[row] or native_of(self.key, row) for row in range(n_objects)]
        return [native_of(self.key, row) for row in range(n_objects)]

    @cached_property
    def listed(self) -> dict[str, list]:
        """Ids (``whole`` for a column OBJECT_ID), right ascension and declination, of a table of so many rows as objects."""
        for hdu in range(1, len(self.probe.hdu_names)):
            columns = self.probe.columns(hdu)
            if not columns or self.probe.keyword("NAXIS2", 0, hdu) != self.layout.n_objects:
                continue
            table, out = self.probe.table(hdu), {}
            for name in columns:
                if role_of(name, table[name]) == "id":
                    out["id"], out["whole"] = [named(value) for value in table[name]], name.upper() == "OBJECT_ID"
                    break
            if found := coordinates(columns):
                out["ra"], out["dec"] = (np.asarray(table[name], np.float64).tolist() for name in found)
            return out
        return {}

    def stack(self, row: int) -> tuple[NDArray, NDArray | None, NDArray[np.uint8], tuple[str, ...]]:
        """Flux, inverse variance (None for none) and mask (n_bands, H, W) of an object, and notes."""
        flux = np.concatenate([self._of(plane, row) for plane in self.flux])
        mask, notes = np.zeros(flux.shape, np.uint8), ()
        ivar, known = np.zeros(flux.shape), np.zeros(len(flux), bool)
        for plane in self.others:
            place = self._place(plane)
            if place is None:
                continue
            values = self._of(plane, row)
            if plane.role == "mask":
                notes += mark_bad(mask[place], values, overlaid(self.probe, plane.hdu))
            else:
                ivar[place], known[place] = to_ivar(values, plane.role), True
        notes += mark_saturated(flux, mask, saturation(self.header))
        if known.any() and not known.all():
            ivar[~known] = flat_ivar(flux[~known], mask[~known])
            notes += ("noise of some bands estimated from the sky",)
        return flux, ivar if known.any() else None, mask, notes

    def _of(self, plane: Plane, row: int) -> NDArray:
        """An object's part of a plane, (n_bands of the plane, H, W)."""
        values = pixels(self.probe, plane)
        if self.layout.n_objects > 1:
            values = values[row]
        return np.asarray(values).reshape(-1, *values.shape[-2:])

    def _place(self, plane: Plane) -> slice | None:
        """Which bands a plane of errors or masks is of."""
        if len(self.flux) == 1:
            return slice(None) if plane.shape == self.flux[0].shape else None
        of = [number for number, flux in enumerate(self.flux) if flux.band == plane.band and flux.shape == plane.shape]
        return slice(of[0], of[0] + 1) if len(of) == 1 else None


def _cube(parts: list[_Contents], row: int, release: str, native: str, where: object) -> ImageCube:
    """The bands of one object, put together on the pixels of the first."""
    first, wcs = parts[0], parts[0].wcs
    stacks = [part.stack(row) for part in parts]
    notes = tuple(dict.fromkeys(note for stack in stacks for note in stack[3]))
    estimate = all(stack[1] is None for stack in stacks)
    parts_of = _together(parts, stacks) if len(parts) > 1 else [stack[:3] for stack in stacks]
    flux, ivar, mask = (None if estimate and index == 1 else np.concatenate([part[index] for part in parts_of])
                        for index in range(3))
    listed = first.listed if first.layout.n_objects > 1 else {}
    ra, dec = (listed["ra"][row], listed["dec"][row]) if "ra" in listed else _position(first, wcs)
    values = {"ra": ra, "dec": dec, "target": text(first.header, "OBJECT") if first.layout.n_objects == 1 else "",
              "source_row": row}
    if wcs is not None:
        turn, angle = upright(wcs)
        flux, mask, ivar = turn(flux), turn(mask), None if ivar is None else turn(ivar)
        values["north_angle"] = angle
        notes += (f"up is {angle:.1f} degrees from north",) if abs(angle) > _TILTED else ()
    bands = [band for part in parts for band in part.layout.bands]
    object_id = identity(CutoutsFits.name, release, native, bool(listed.get("whole")))
    return ImageCube.from_arrays(object_id, flux, ivar, mask, bands=bands, where=where,
                                 pixel_scale=first.layout.pixel_scale, zero_point=first.layout.zero_point,
                                 psf_fwhm=_widths(parts), row=values, notes=notes)


def _together(parts: list[_Contents], stacks: list[tuple]) -> list[tuple[NDArray, NDArray, NDArray]]:
    """Flux, inverse variance and mask of all parts on the zero point and the pixels of the first."""
    first, out = parts[0], []
    for part, (flux, ivar, mask, _) in zip(parts, stacks, strict=True):
        ivar = flat_ivar(flux, mask) if ivar is None else ivar
        shift = part.layout.zero_point - first.layout.zero_point
        factor = 10.0 ** (-0.4 * shift) if isfinite(shift) else 1.0
        flux, ivar = flux * factor, ivar / factor**2
        if part is not first and first.wcs is not None and part.wcs is not None:
            moved = [onto(first.wcs, first.layout.shape, Frame(name, *planes_, part.wcs))
                     for name, *planes_ in zip(part.layout.bands, flux, ivar, mask, strict=True)]
            flux, ivar, mask = (np.stack([band[index] for band in moved]) for index in range(3))
        elif part.layout.shape != first.layout.shape:
            raise ReadError("wrong-shape", f"{part.probe.path.name} has {part.layout.shape} pixels, {first.probe.path.name} "
                            f"{first.layout.shape}", part.probe.path, "give bands on the same pixels, or with a WCS")
        out.append((flux, ivar, mask))
    return out


def _widths(parts: list[_Contents]) -> tuple[float, ...]:
    widths = [part.layout.psf_fwhm or (nan,) * len(part.layout.bands) for part in parts]
    flat = tuple(width for part in widths for width in part)
    return flat if any(map(isfinite, flat)) else ()


def _position(contents: _Contents, wcs) -> tuple[float, float]:
    """Of the centre of the image, else of the header."""
    if wcs is None:
        return degrees(overlaid(contents.probe, contents.flux[0].hdu))  # comments say whose position it is
    height, width = contents.layout.shape
    ra, dec = wcs.all_pix2world((width - 1) / 2, (height - 1) / 2, 0)
    return float(ra), float(dec)


def _bands_of(header) -> tuple[str, ...]:
    """Bands that a header lists for a cube."""
    words = text(header, "BANDS") or text(header, "FILTERS")
    if words:
        try:
            return parse_bands(words)
        except AtlasError:
            return ()
    listed = []
    while word := text(header, f"BAND{len(listed) + 1}") or text(header, f"BAND{len(listed)}") * (not listed):
        listed.append(word)
    return tuple(listed)


def _of_psf(probe: Probe) -> bool:
    """Whether a file is called after point-spread functions."""
    return "psf" in re.findall(r"[a-z]+", stem_of(probe.path).lower())


SURVEY = CutoutsFits()
