"""What a reader hands over: ObjectId, mask reasons, Spectrum."""

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
