"""Arrays of numpy, as Weiss & Hui's InfoVAE of DR16Q and other networks are trained on: ``.npy``, no header, no units.

Product notes
-------------
* One object a file: an array (n_pix, 3 or more) of wavelength (vacuum Angstrom, or log10 of it), flux, error and whatever
  else; about 4,600 x 6 for DR16Q. A name with PLATE-MJD-FIBER gives the object's name.
* Many objects a file: an array (n, 1500) of fluxes on 3625 to 9000 Angstrom, log-spaced (grid ``vae1500``); (n, 433) and
  (n, 443) are taken as those of mqc-nets and QuasarNET. Files are mapped and read row by row, however long they are.
* Errors of many objects lie in a second file of the same shape beside it: ``X.npy`` with ``X_err.npy``, ``X_error.npy``,
  ``X_ivar.npy``, or names that differ by ``flux`` and one of these words. Without one, the inverse variance is estimated from
  the flux's own scatter, noted. Names of objects (text, one each) may lie in ``X_ids.npy``.
* Flux is kept as it is and marked as not calibrated: such files state no unit, and many are scaled to their maximum.
* Pickled arrays are refused: numpy would run whatever code they hold.

Citation: the arrays' author; layouts after Portillo et al. (2020), AJ 160, 45, and the DR16Q InfoVAE of Weiss & Hui.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ReadError
from qsocore.grid import GRIDS
from qsocore.records import ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._npy import mapped, shape_of
from qsocore.surveys._pixels import with_errors
from qsocore.surveys._sdss import native_id
from qsocore.surveys.probe import Probe

WIDTHS = {GRIDS[name].n_pix: GRIDS[name] for name in ("vae1500", "mqc433", "qnet443")}
"""Grid by number of pixels, of arrays of many spectra."""

ERRORS = {"err": "error", "error": "error", "errors": "error", "sigma": "error", "ivar": "ivar"}
"""What a file of errors is called, and what it holds."""

IDS = "ids"
_COLUMNS = range(3, 17)  # of an array of one object
_FEWEST = 100  # pixels of one object
_UNIT = "flux kept as in the file: it states no unit"
_LOG_RANGE = (3.0, 4.8)  # of log10 of optical and near infrared wavelengths in Angstrom


class Arrays(Survey):
    """Spectra in ``.npy`` arrays."""

    name = "weiss-hui"
    title = "Arrays of numpy"
    citation = "the arrays' author; layouts after Portillo et al. (2020), AJ 160, 45"

    def identify(self, probe: Probe) -> bool:
        """An ``.npy`` array of floating-point numbers, (n, 1500), (n, 443), (n, 433), or (n_pix, 3 to 16)."""
        shape = shape_of(probe)
        return len(shape) == 2 and (shape[1] in WIDTHS or (shape[1] in _COLUMNS and shape[0] >= _FEWEST))

    def read(self, probe: Probe) -> Iterator[Spectrum | ReadError]:
        """The spectrum of one object, or one for each row.

        Raises
        ------
        ReadError
            ``companion`` for a file of errors that lies beside its fluxes, ``truncated``, ``bad-wavelength``, ``wrong-shape``.
        """
        array = mapped(probe)
        if array.shape[1] not in WIDTHS:
            yield _one(array, probe)
            return
        if fluxes := _partner(probe.path, to_errors=False):
            raise ReadError("companion", f"it holds the errors of {fluxes.name}, with which it is read", probe.path)
        yield from _many(array, probe)


def _one(array: NDArray, probe: Probe) -> Spectrum:
    """An object's columns: wavelength, flux, error."""
    wave, flux, error = (np.asarray(array[:, k], np.float64) for k in range(3))
    notes = (_UNIT, "wavelengths taken as vacuum Angstrom; the file does not say")
    if wave.size and _LOG_RANGE[0] < np.nanmin(wave) and np.nanmax(wave) < _LOG_RANGE[1]:
        wave, notes = 10.0**wave, (_UNIT, "wavelengths taken as log10 of vacuum Angstrom; the file does not say")
    if not (np.isfinite(wave).all() and 900 < wave.min() < wave.max() < 60_000):
        raise ReadError("bad-wavelength", "its first column is no optical wavelength in Angstrom", probe.path,
                        "the columns must be wavelength, flux, error")
    ivar, mask, more = with_errors(flux, error, "error", probe.path)
    name = _stem(probe.path)
    found = re.search(r"(?<!\d)(\d{3,5})-(\d{5})-(\d{1,4})(?!\d)", name)
    native = native_id(*map(int, found.groups())) if found else name
    identity = ObjectId.make(SURVEY.name, f"{crc32(np.ascontiguousarray(flux)):08x}", native)
    return Spectrum.from_arrays(identity, wave, flux, ivar, mask, where=probe.path, calibrated=False, notes=notes + more,
                                row={"target": native})


def _many(array: NDArray, probe: Probe) -> Iterator[Spectrum | ReadError]:
    """Row by row; memory does not grow with the file."""
    wave, errors, kind = WIDTHS[array.shape[1]].wave, None, ""
    beside = _partner(probe.path, to_errors=True)
    if beside:
        errors, kind = _beside(beside, array.shape), ERRORS[_word(beside)]
    names = _names(probe.path, len(array))
    release = f"{crc32(np.ascontiguousarray(array[:64])):08x}"  # only true copies share a name
    for row in range(len(array)):
        where = f"{probe.path}, row {row}"
        try:
            flux = np.asarray(array[row], np.float64)
            ivar, mask, notes = with_errors(flux, None if errors is None else errors[row], kind, where)
            identity = ObjectId.parse(names[row]) if names is not None else \
                ObjectId.make(SURVEY.name, release, f"{_stem(probe.path)}[{row}]")
            yield Spectrum.from_arrays(identity, wave, flux, ivar, mask, where=where, calibrated=False,
                                       row={"source_row": row}, notes=(_UNIT, *notes))
        except ReadError as error:
            yield error
        except AtlasError as error:  # of the name
            yield ReadError("bad-name", error.what, where, error.remedy)


def _beside(path: Path, shape: tuple[int, ...]) -> NDArray:
    with Probe(path) as probe:
        errors = mapped(probe)
    if errors.shape != shape or errors.dtype.kind != "f":
        raise ReadError("wrong-shape", f"fluxes {shape} and errors {errors.shape} of {errors.dtype} do not fit", path)
    return errors


def _names(path: Path, n: int) -> NDArray | None:
    """Object ids that lie beside the fluxes."""
    file = path.with_name(f"{_stem(path)}_{IDS}.npy")
    if not file.exists():
        return None
    with Probe(file) as probe:
        names = mapped(probe)
    if names.shape != (n,) or names.dtype.kind != "U":
        raise ReadError("wrong-shape", f"{n} fluxes do not go with names {names.shape} of {names.dtype}", file)
    return names


def _stem(path: Path) -> str:
    return re.sub(r"\.npy(\.gz|\.bz2)?$", "", path.name)


def _word(path: Path) -> str:
    """The last word of a name that says what the file holds: one of `ERRORS`, else "" ."""
    words = re.split(r"[_\-.]", _stem(path).lower())
    return next((word for word in reversed(words) if word in ERRORS), "")


def _partner(path: Path, to_errors: bool) -> Path | None:
    """The file of errors beside a file of fluxes, or (not `to_errors`) the fluxes beside a file of errors."""
    stem, word = _stem(path), _word(path)
    if bool(word) == to_errors:
        return None
    if to_errors:
        names = [f"{stem}_{error}" for error in ERRORS]
        names += [re.sub(r"flux(es)?", error, stem, flags=re.IGNORECASE) for error in ERRORS if "flux" in stem.lower()]
    else:
        bare = re.sub(rf"[_\-.]?{word}$", "", stem, flags=re.IGNORECASE)
        names = [bare, *(re.sub(word, flux, stem, flags=re.IGNORECASE) for flux in ("flux", "fluxes"))]
    others = (path.with_name(f"{name}.npy") for name in names if name and name != stem)
    return next((other for other in others if other.exists()), None)


SURVEY = Arrays()
