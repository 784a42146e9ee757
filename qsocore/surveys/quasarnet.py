"""Tables of 443 pixels as QuasarNET and QuasarNP read them.

Product notes
-------------
* An image (n, 886): 443 fluxes and then their 443 inverse variances, or (n, 443) without them, and a table of as many rows with
  TARGETID (of SDSS its THING_ID) and PLATE, MJD, FIBERID: what QuasarNET's ``parse_data`` writes. Or one table with a column
  of 443 or 886 numbers, and one of 443 called ``ivar`` or ``weights``.
* Pixel k is the bin from log10(3600) + k / 1000 to the next: its centre, used here (grid ``qnet443``), is half a bin (345 km/s)
  redward of the wavelength by which QuasarNET names it. Keywords COEFF0 and COEFF1, where present, say otherwise.
* A bin without weight is masked. Without inverse variances they are estimated from the flux's own scatter, noted.
* Objects are called PLATE-MJD-FIBER where that is known, else by TARGETID, with the row where that comes more than once.
* Files are read in blocks of rows, however long they are. Files that QSO Atlas exports hold OBJECT_ID, RA, DEC, Z, CLASS and
  SUBCLASS besides.

Citation: Busca & Balland (2018), arXiv:1808.09955; Farr et al. (2020), JCAP 11, 015.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ReadError
from qsocore.grid import GRIDS
from qsocore.records import ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._blocks import BinTable
from qsocore.surveys._pixels import with_errors
from qsocore.surveys._sdss import links, native_id
from qsocore.surveys._table1d import roles
from qsocore.surveys.probe import Probe

GRID = GRIDS["qnet443"]
UNIT = "1E-17 erg/cm^2/s/Ang"
"""BUNIT by which exported files say that fluxes are calibrated."""

NAMES = ("TARGETID", "THING_ID", "OBJECT_ID")
"""Columns by one of which a table says whose the spectra are."""

_N = GRID.n_pix
_BLOCK = 1024  # rows in memory
_IVAR = re.compile(r"(.*_)?(ivar|iv|weights?)(_.*)?")
_NO_UNIT = "flux kept as in the file: it states no unit"
_SDSS = ("PLATE", "MJD", "FIBERID")


class QuasarNet(Survey):
    """Data files of QuasarNET."""

    name = "quasarnet"
    title = "443-pixel tables of QuasarNET"
    citation = "Busca & Balland (2018), arXiv:1808.09955; Farr et al. (2020), JCAP 11, 015"

    def identify(self, probe: Probe) -> bool:
        """A FITS file with an image of rows of 443 or 886 numbers and a table of names, or a table with such a column."""
        return probe.kind == "fits" and (_image(probe) is not None or _vectors(probe) is not None)

    def read(self, probe: Probe) -> Iterator[Spectrum | ReadError]:
        """One spectrum for each row.

        Raises
        ------
        ReadError
            ``truncated`` and others when the file is damaged; ``bad-wavelength`` when COEFF0 and COEFF1 make no sense.
        """
        if refusal := probe.refusal():
            raise refusal
        image = _image(probe)
        number, names = image or _vectors(probe)[:2]
        wave, n_rows = _wave(probe, number), probe.keyword("NAXIS2", hdu=number)
        calibrated = probe.keyword("BUNIT", "", number) == UNIT
        known, release = None if names is None else _names(probe.table(names)), ""
        for start in range(0, n_rows, _BLOCK):
            stop = min(start + _BLOCK, n_rows)
            flux, ivar = _pixels(probe, image, start, stop)
            release = release or f"{crc32(np.ascontiguousarray(flux[:64])):08x}"  # only true copies share a name
            for k in range(stop - start):
                identity, row = known[start + k] if known else (f"{self.name}:{release}:{probe.path.stem}[{start + k}]", {})
                yield _spectrum(identity, row | {"source_row": start + k}, wave, flux[k], None if ivar is None else ivar[k],
                                calibrated, f"{probe.path}, row {start + k}")

    def links(self, row: dict) -> dict[str, str]:
        """SDSS's pages for objects that have a plate, and the Legacy Surveys' viewer."""
        return links(row)


def _image(probe: Probe) -> tuple[int, int] | None:
    """HDUs of the image and of the table that names its rows."""
    for number in range(len(probe.hdu_names)):
        shape = [probe.keyword(key, 0, number) for key in ("NAXIS", "NAXIS1", "BITPIX")]
        if shape[0] == 2 and shape[1] in (_N, 2 * _N) and shape[2] in (-32, -64) and not probe.columns(number):
            rows = probe.keyword("NAXIS2", 0, number)
            names = next((n for n in range(len(probe.hdu_names)) if probe.keyword("NAXIS2", -1, n) == rows
                          and {name.upper() for name in probe.columns(n)} & set(NAMES)), None)
            return None if names is None else (number, names)
    return None


def _vectors(probe: Probe) -> tuple[int, int | None, str, str] | None:
    """Of the first table with a column of 443 or 886 numbers: its HDU, again where it names rows, the fluxes, the ivars."""
    for number in range(len(probe.hdu_names)):
        columns = probe.columns(number)
        forms = [str(probe.keyword(f"TFORM{k}", "", number)) for k in range(1, len(columns) + 1)]
        long = {name: form for name, form in zip(columns, forms, strict=True) if re.fullmatch(rf"({_N}|{2 * _N})[DE]", form)}
        ivar = next((name for name in long if _IVAR.fullmatch(name.lower())), "")
        flux = next((name for name in long if name != ivar), "")
        if flux and "wave" not in roles(columns):
            named = {name.upper() for name in columns} & set(NAMES)
            return number, number if named else None, flux, ivar
    return None


def _wave(probe: Probe, number: int) -> NDArray[np.float64]:
    start, step = (probe.keyword(key, None, number) for key in ("COEFF0", "COEFF1"))
    if start is None or step is None:
        return GRID.wave
    if not (isinstance(step, float) and 0 < step < 1 and 2 < start < 6):
        raise ReadError("bad-wavelength", f"COEFF0 {start} and COEFF1 {step} are no log-linear solution in Angstrom",
                        f"{probe.path}, HDU {number}")
    return 10.0 ** (start + step * np.arange(_N))


def _pixels(probe: Probe, image: tuple[int, int] | None, start: int, stop: int) -> tuple[NDArray, NDArray | None]:
    """Flux and inverse variance (None where there is none) of a block of rows, (stop - start, 443) each."""
    if image:
        values, ivar = probe.image_rows(image[0], start, stop), None
    else:
        number, _, flux, weight = _vectors(probe)
        table = probe.table(number, start, stop)
        values, ivar = table[flux], table[weight] if weight else None
    if values.shape[1] == 2 * _N:
        return values[:, :_N], values[:, _N:]
    return values, ivar


def _names(table: BinTable) -> list[tuple[str, dict]]:
    """Object id and catalogue values of every row."""
    def column(name: str, default):
        return table[name].tolist() if name in table else [default] * len(table)

    target = [str(value).strip() for value in (column("TARGETID", "") if "TARGETID" in table else column("THING_ID", ""))]
    full = [str(text) for text in column("OBJECT_ID", "")]
    several = len(set(target)) < len(target)
    plates = list(zip(*(column(name, -1) for name in _SDSS), strict=True))
    release = f"{crc32(' '.join(target[:64] + full[:64]).encode()):08x}"
    rows = [{"ra": float(ra), "dec": float(dec), "z": float(z), "class": str(kind), "subclass": str(sub), "target": name}
            for ra, dec, z, kind, sub, name in zip(column("RA", np.nan), column("DEC", np.nan), column("Z", np.nan),
                                                   column("CLASS", ""), column("SUBCLASS", ""), target, strict=True)]
    out = []
    for k, row in enumerate(rows):
        native = native_id(*plates[k]) if min(plates[k]) >= 0 else f"{target[k]}[{k}]" if several else target[k]
        out.append((full[k] or f"{QuasarNet.name}:{release}:{native}", row))
    return out


def _spectrum(identity: str, row: dict, wave: NDArray, flux: NDArray, ivar: NDArray | None, calibrated: bool,
              where: str) -> Spectrum | ReadError:
    try:
        ivar, mask, notes = with_errors(flux, ivar, "ivar", where)
        return Spectrum.from_arrays(ObjectId.parse(identity), wave, flux, ivar, mask, where=where, calibrated=calibrated,
                                    row=row, notes=notes + (() if calibrated else (_NO_UNIT,)))
    except ReadError as error:
        return error
    except AtlasError as error:  # of the name
        return ReadError("bad-name", error.what, where, error.remedy)


SURVEY = QuasarNet()
