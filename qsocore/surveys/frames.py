"""Survey frames: large calibrated images with world coordinates, from which cutouts are taken at given positions.

Product notes
-------------
* An image HDU of two axes with celestial coordinates, larger than 512 pixels (any size where positions are given). The band
  stands in FILTER or in the file's name. gzip and bzip2 are inflated, tile-compressed images (``.fz``) read.
* Positions come from ``--positions TABLE``, or are those of the store that the images are put ``--into``. A position is cut
  from the frame of each band on which it lies farthest from the edge.
* Inverse variance: a weight, variance or error plane in the file; of SDSS's ``frame`` files by their sky, calibration and the
  camera's gain; else the scatter of the frame's sky, noted. Flux is per pixel: nanomaggies have zero point 22.5.
* A cutout is the frame's own pixels (object in the middle to half a pixel), turned by quarters until north is up. Other
  bands are resampled on those pixels where they differ by more than a fiftieth of one. Over the edge is masked NO_COVERAGE.

Citation: the survey whose frames they are; of SDSS: Blanton et al. (2011), AJ 142, 31.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from qsocore.errors import ReadError
from qsocore.records import ImageCube, Mask, ObjectId
from qsocore.surveys._bands import band_in_name
from qsocore.surveys._cut import Field, Frame, Part, onto, upright, window
from qsocore.surveys._images import ImageSurvey, Layout, unnamed
from qsocore.surveys._links import by_position
from qsocore.surveys._noise import mark_bad, mark_saturated, sdss_ivar, sky_ivar
from qsocore.surveys._pixels import overlaid, to_ivar
from qsocore.surveys._planes import (
    Keywords,
    flux_of,
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

if TYPE_CHECKING:
    from astropy.wcs import WCS

_TILTED = 2.0  # degrees from north that are noted


@dataclass(frozen=True)
class Target:
    """Where to cut, and whose picture it is."""

    object_id: ObjectId
    ra: float
    dec: float


class Frames(ImageSurvey):
    """Frames with world coordinates."""

    name = "frames"
    title = "Survey frames"
    citation = "the survey whose frames they are; of SDSS: Blanton et al. (2011), AJ 142, 31"

    def identify(self, probe: Probe) -> bool:
        """A FITS file with a large image of two axes on celestial coordinates."""
        return probe.kind == "fits" and is_frame(probe)

    def layout(self, probe: Probe, bands: tuple[str, ...] | None = None) -> Layout:
        """Band and scale by the header, no objects yet; as `ImageSurvey.layout`."""
        plane = flux_of(probe)
        wcs = None if plane is None else wcs_of(probe, plane)
        if wcs is None:
            raise ReadError("no-wcs", "it has no image with celestial coordinates", probe.path,
                            "give frames with a WCS, or cutouts without --positions")
        band, key = band_in_name(probe.path)
        band = plane.band or band or (bands[0] if bands and len(bands) == 1 else "")
        if not band:
            raise unnamed(1, plane.shape, bands, probe.path)
        header = Keywords(probe, plane.hdu)
        width = fwhm_of_header(header)
        return Layout((band,), 0, plane.shape, pixel_scale(wcs), zero_point(header), (width,) if isfinite(width) else (), key)

    def cubes(self, probes: Sequence[Probe], bands: tuple[str, ...] | None = None) -> Iterator[ImageCube | ReadError]:
        """Refuses: frames are cut at positions, by `cut`.

        Raises
        ------
        ReadError
            ``no-positions``.
        """
        raise ReadError("no-positions", "it is a frame, from which images are cut at positions", probes[0].path,
                        "give --positions TABLE with ids, ra and dec, or --into STORE for the positions of its objects")

    def links(self, row: dict) -> dict[str, str]:
        """What others have at its position."""
        return by_position(row)

    def cut(self, probes: Sequence[Probe], targets: Sequence[Target], side: int,
            bands: tuple[str, ...] | None = None) -> Iterator[ImageCube | ReadError]:
        """A cutout in every band around each of some positions.

        Parameters
        ----------
        probes : sequence of Probe
            One frame a band; the first sets the pixels.
        targets : sequence of Target
            What lies on none of the frames is refused ``outside``.
        side : int
            Pixels.
        bands : tuple of str, optional
            Of frames that do not say theirs.
        """
        layouts = [self.layout(probe, bands) for probe in probes]
        fields = [Field(wcs_of(probe, flux_of(probe)), layout.shape) for probe, layout in zip(probes, layouts, strict=True)]
        windows = [window(fields, target.ra, target.dec, side) for target in targets]
        parts: list[list[Part | None]] = [[] for _ in targets]
        notes: tuple[str, ...] = ()
        for probe, layout, field in zip(probes, layouts, fields, strict=True):
            frame, more = load(probe, layout, layouts[0].zero_point)
            notes += more
            for target, wcs, cut in zip(targets, windows, parts, strict=True):
                there = wcs is not None and field.place(target.ra, target.dec) is not None
                cut.append(onto(wcs, (side, side), frame) if there else None)
            probe.forget()
        widths = tuple(layout.psf_fwhm[0] if layout.psf_fwhm else float("nan") for layout in layouts)
        known = {"bands": [layout.bands[0] for layout in layouts], "pixel_scale": layouts[0].pixel_scale,
                 "zero_point": layouts[0].zero_point, "psf_fwhm": widths if any(map(isfinite, widths)) else ()}
        for target, wcs, cut in zip(targets, windows, parts, strict=True):
            try:
                yield _cube(cut, wcs, target, notes, known)
            except ReadError as error:
                yield error


def load(probe: Probe, layout: Layout, zero: float) -> tuple[Frame, tuple[str, ...]]:
    """A frame's pixels on a zero point, with their noise, and notes."""
    plane, others = flux_of(probe), [plane for plane in planes(probe) if plane.role in ("ivar", "var", "error", "mask")]
    header, flux = Keywords(probe, plane.hdu), pixels(probe, plane).astype(np.float32)
    ivar, mask, notes = None, np.zeros(flux.shape, np.uint8), ()
    mask[~np.isfinite(flux)] = Mask.NOT_FINITE
    for other in others:
        if other.shape != plane.shape:
            continue
        if other.role == "mask":
            notes += mark_bad(mask, pixels(probe, other), overlaid(probe, other.hdu))
        else:
            ivar = to_ivar(pixels(probe, other), other.role)
    if ivar is None:
        ivar = sdss_ivar(probe, np.where(np.isfinite(flux), flux, 0.0))
    if ivar is None:
        ivar = np.full(flux.shape, sky_ivar(flux), np.float32)
        notes += (f"noise of {layout.bands[0]} estimated from the frame's sky",)
    mask[flux >= saturation(header)] |= np.uint8(Mask.FLAGGED)
    factor = 10.0 ** (0.4 * (zero - layout.zero_point)) if isfinite(zero - layout.zero_point) else 1.0
    ivar = np.asarray(ivar, np.float32) / np.float32(factor**2)
    mask[(mask == 0) & ~(ivar > 0)] = Mask.NO_IVAR
    ivar[mask > 0], flux[(mask & Mask.NOT_FINITE) > 0] = 0.0, 0.0
    return Frame(layout.bands[0], flux * np.float32(factor), ivar, mask, wcs_of(probe, plane)), notes


def _cube(parts: list[Part | None], wcs: WCS | None, target: Target, notes: tuple[str, ...], known: dict) -> ImageCube:
    where = f"{target.object_id} at {target.ra:.5f} {target.dec:+.5f}"
    if wcs is None:
        raise ReadError("outside", "the position lies on none of the frames", where, "give the frames that cover it")
    side = next(part for part in parts if part is not None)[0].shape
    empty = np.zeros(side), np.zeros(side), np.full(side, Mask.NO_COVERAGE, np.uint8)
    turn, angle = upright(wcs)
    flux, ivar, mask = (turn(np.stack([(part or empty)[index] for part in parts])) for index in range(3))
    if any((part[2] & Mask.NO_COVERAGE).any() for part in parts if part is not None):
        notes += ("the cutout goes over the edge of the frame",)
    notes += mark_saturated(flux, mask)
    notes += (f"up is {angle:.1f} degrees from north",) if abs(angle) > _TILTED else ()
    row = {"ra": target.ra, "dec": target.dec, "north_angle": angle}
    return ImageCube.from_arrays(target.object_id, flux, ivar, mask, where=where, row=row, notes=notes, **known)


SURVEY = Frames()
