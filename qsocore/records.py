"""What a reader hands over: ObjectId, mask reasons, Spectrum, ImageCube."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ReadError


class ObjectId(NamedTuple):
    """``survey:release:native``, the name under which an object travels everywhere; never a row number, never a float."""

    survey: str
    release: str
    native: str

    def __str__(self) -> str:
        return ":".join(self)

    @classmethod
    def make(cls, survey: str, release: str, native: object) -> ObjectId:
        """Build from parts; survey and release lose case and may not hold a colon, native is kept as it is.

        Raises
        ------
        AtlasError
            When a part is empty, is a float (which has lost digits), or survey or release hold a colon.
        """
        if isinstance(native, (float, np.floating)):
            raise AtlasError(f"the native id {native!r} is a floating-point number, which loses digits",
                             remedy="give it as text or integer")
        parts = survey.strip().lower(), release.strip().lower(), str(native).strip()
        if not all(parts) or ":" in parts[0] + parts[1]:
            raise AtlasError(f"{parts!r} makes no object id", remedy="survey:release:native, none empty")
        return cls(*parts)

    @classmethod
    def parse(cls, text: str) -> ObjectId:
        """Read ``survey:release:native`` back; the native part may hold colons."""
        parts = str(text).split(":", 2)
        if len(parts) != 3:
            raise AtlasError(f"{text!r} is no object id", remedy="it reads survey:release:native")
        return cls.make(*parts)


class Mask(IntFlag):
    """Why a pixel says nothing; stored as uint8, 0 is good. A masked pixel has ivar 0."""

    NO_COVERAGE = 1  # outside the spectrograph's range or in a gap
    NO_IVAR = 2  # the survey gives no or zero inverse variance
    FLAGGED = 4  # the survey's own mask says do not use
    SKY = 8  # strong sky residual
    COSMIC = 16  # cosmic ray
    NOT_FINITE = 32  # NaN or infinity in the file


@dataclass
class Spectrum:
    """One observed spectrum.

    Parameters
    ----------
    object_id : ObjectId
        Its name.
    wave : ndarray, shape (n,)
        Vacuum wavelength, Angstrom, strictly rising.
    flux : ndarray, shape (n,)
        Flux density, 1e-17 erg/s/cm2/Angstrom where `calibrated`, else counts as in the file.
    ivar : ndarray, shape (n,)
        Inverse variance of flux; 0 where masked.
    mask : ndarray of uint8, shape (n,)
        `Mask` reasons.
    calibrated : bool
        Whether flux is in physical units.
    row : dict
        Catalogue values under the names of `qsocore.catalog.STANDARD` (``ra``, ``dec``, ``z``, ``class`` ...) and others.
    notes : tuple of str
        What was odd and mended; an ingest report counts objects with notes as flagged.
    """

    object_id: ObjectId
    wave: NDArray[np.float64]
    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.uint8]
    calibrated: bool = True
    row: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def from_arrays(cls, object_id: ObjectId, wave, flux, ivar, mask=None, *, where: object = None, **others) -> Spectrum:
        """Build from whatever a file holds: sorts, masks what is not finite, and refuses what is no spectrum.

        Parameters
        ----------
        wave, flux, ivar : array_like, shape (n,)
            As in the file, wavelengths already vacuum Angstrom.
        mask : array_like of uint8, optional
            `Mask` reasons found by the reader.
        where : object
            File (and row) for messages.

        Raises
        ------
        ReadError
            ``bad-wavelength`` (not positive, not finite, repeated), ``wrong-shape``, ``no-good-pixel``.
        """
        wave = np.asarray(wave, dtype=np.float64)
        flux, ivar = np.array(flux, dtype=np.float64), np.array(ivar, dtype=np.float64)
        mask = np.zeros(wave.shape, np.uint8) if mask is None else np.array(mask, dtype=np.uint8)
        if wave.ndim != 1 or not wave.shape == flux.shape == ivar.shape == mask.shape or wave.size < 2:
            raise ReadError("wrong-shape", f"wave {wave.shape}, flux {flux.shape}, ivar {ivar.shape} do not fit", where)
        if not np.isfinite(wave).all() or not (wave > 0).all():
            raise ReadError("bad-wavelength", "wavelengths are negative, zero or not finite", where)
        notes = tuple(others.pop("notes", ()))
        if not (np.diff(wave) > 0).all():
            order = np.argsort(wave, kind="stable")
            wave, flux, ivar, mask = wave[order], flux[order], ivar[order], mask[order]
            if not (np.diff(wave) > 0).all():
                raise ReadError("bad-wavelength", "wavelengths are repeated", where)
            notes += ("wavelengths were not in rising order and were sorted",)
        finite = np.isfinite(flux) & np.isfinite(ivar)
        mask[~finite] |= np.uint8(Mask.NOT_FINITE)
        mask[finite & ~(ivar > 0)] |= np.uint8(Mask.NO_IVAR)
        bad = mask > 0
        ivar[bad] = 0.0
        flux[~np.isfinite(flux)] = 0.0
        if bad.all():
            raise ReadError("no-good-pixel", "no pixel has finite flux and positive inverse variance", where)
        return cls(object_id, wave, flux.astype(np.float32), ivar.astype(np.float32), mask, notes=notes, **others)


_BORDER = 2  # pixels around a cutout in which its sky is measured


@dataclass
class ImageCube:
    """The cutout of one object in several bands; row 0 is at the bottom.

    Parameters
    ----------
    object_id : ObjectId
        Its name.
    flux, ivar : ndarray of float32, shape (n_bands, H, W)
        In units of the zero point, and its inverse variance, 0 where masked.
    mask : ndarray of uint8, shape (n_bands, H, W)
        `Mask` reasons.
    bands : tuple of str
        Names in the order of the arrays.
    pixel_scale, zero_point : float
        Arcsec, and the AB magnitude of flux 1; NaN when unknown.
    psf_fwhm : tuple of float
        Arcsec per band, empty when unknown.
    row : dict
        Catalogue values, as those of a `Spectrum`.
    notes : tuple of str
        What was odd and mended.
    """

    object_id: ObjectId
    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.uint8]
    bands: tuple[str, ...]
    pixel_scale: float = float("nan")
    zero_point: float = float("nan")
    psf_fwhm: tuple[float, ...] = ()
    row: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def from_arrays(cls, object_id: ObjectId, flux, ivar=None, mask=None, *, bands, where: object = None,
                    **others) -> ImageCube:
        """Build from whatever a file holds: masks what is not finite and bands without light, and refuses what is no image.

        Parameters
        ----------
        flux : array_like, shape (n_bands, H, W) or (H, W)
            As in the file.
        ivar : array_like, optional
            As `flux`; estimated from the scatter of the border, band by band, where it is not given.
        mask : array_like of uint8, optional
            `Mask` reasons found by the reader.
        bands : sequence of str
            Names of the bands.
        where : object
            File (and row) for messages.

        Raises
        ------
        ReadError
            ``wrong-shape``, ``no-bands`` (their names do not fit), ``no-good-pixel``.
        """
        flux, bands = np.array(flux, dtype=np.float64), tuple(map(str, bands))
        flux = flux[None] if flux.ndim == 2 else flux
        mask = np.zeros(flux.shape, np.uint8) if mask is None else np.array(mask, dtype=np.uint8).reshape(flux.shape)
        if flux.ndim != 3 or min(flux.shape) < 1 or min(flux.shape[1:]) < 2:
            raise ReadError("wrong-shape", f"an array of shape {flux.shape} is no image in bands", where)
        if len(bands) != len(flux) or len(set(bands)) != len(bands):
            raise ReadError("no-bands", f"{len(flux)} bands are called {', '.join(bands) or 'nothing'}", where,
                            "name them in order: --bands grizY")
        notes = tuple(others.pop("notes", ()))
        mask[~np.isfinite(flux)] |= np.uint8(Mask.NOT_FINITE)
        empty = ~np.where(np.isfinite(flux), flux, 0).any(axis=(1, 2))  # (n_bands,)
        mask[empty] |= np.uint8(Mask.NO_COVERAGE)
        if empty.any():
            notes += ("no light in band " + ", ".join(name for name, none in zip(bands, empty, strict=True) if none),)
        if ivar is None:
            ivar = _ivar_of_sky(np.where(mask == 0, flux, np.nan))
            notes += ("noise estimated from the border",)
        ivar = np.broadcast_to(np.asarray(ivar, dtype=np.float64), flux.shape).copy()
        mask[(mask == 0) & ~(np.isfinite(ivar) & (ivar > 0))] |= np.uint8(Mask.NO_IVAR)
        bad = mask > 0
        ivar[bad] = 0.0
        flux[~np.isfinite(flux)] = 0.0
        if bad.all():
            raise ReadError("no-good-pixel", "no pixel is finite, lit and with a known error", where)
        return cls(object_id, flux.astype(np.float32), ivar.astype(np.float32), mask, bands, notes=notes, **others)


def _ivar_of_sky(flux: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse variance (n_bands, 1, 1) by the scatter of the pixels along the border of an image (n_bands, H, W).

    The scatter is 1.4826 times the median absolute deviation; masked pixels are NaN, and a border without scatter gives 0.
    """
    inside = np.zeros(flux.shape[1:], bool)
    inside[_BORDER:-_BORDER, _BORDER:-_BORDER] = True
    out = np.zeros((len(flux), 1, 1))
    for number, band in enumerate(flux):
        sky = band[~inside & np.isfinite(band)]
        sky = sky if sky.size else band[np.isfinite(band)]
        scatter = 1.4826 * np.median(np.abs(sky - np.median(sky))) if sky.size else 0.0
        out[number] = 1.0 / scatter**2 if scatter > 0 else 0.0
    return out
