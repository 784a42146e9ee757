"""SDSS, BOSS and eBOSS plates: ``spPlate-PLATE-MJD.fits``, all fibres of one plate.

Product notes
-------------
* Primary HDU: flux (n_fibre, n_pix), 1e-17 erg/s/cm2/Angstrom; HDU 1: inverse variance; HDU 2: and-mask; HDU 5: plug map with
  the fibre's number, position and OBJTYPE. Wavelengths are COEFF0 + COEFF1 i (log10 of vacuum, heliocentric Angstrom).
* A copy that was cut down to the flux is read with an inverse variance estimated from the flux's own scatter, and noted; its
  fibres are numbered from 1 in the order of the rows, as a plate's are.
* Fibres on the sky and unplugged ones are read and noted; those without a good pixel are refused row by row.
* Redshifts are in another file (spZbest); here they are missing.

Citation: York et al. (2000), AJ 120, 1579; Dawson et al. (2013), AJ 145, 10; Dawson et al. (2016), AJ 151, 44; data model:
Abdurro'uf et al. (2022), ApJS 259, 35.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.preprocess.noise import NO_ERRORS, scatter_ivar
from qsocore.records import Mask, ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._blocks import BinTable
from qsocore.surveys._sdss import CITATION, links, native_id, reasons
from qsocore.surveys.probe import Probe

_IVAR, _AND_MASK, _PLUG_MAP = 1, 2, 5
_NO_PLUG_MAP = "the file has no plug map: fibres are numbered by their row, and positions are missing"


class SdssPlate(Survey):
    """SDSS spPlate files."""

    name = "sdss-spplate"
    title = "SDSS, BOSS and eBOSS plates"
    citation = CITATION

    def identify(self, probe: Probe) -> bool:
        """A FITS file with an image of several spectra, a log-linear solution and a plate number in its primary HDU."""
        return (probe.kind == "fits" and probe.keyword("NAXIS") == 2 and probe.keyword("COEFF0") is not None
                and probe.keyword("PLATEID") is not None)

    def read(self, probe: Probe) -> Iterator[Spectrum | ReadError]:
        """Every fibre: a spectrum, or why it is none.

        Raises
        ------
        ReadError
            ``wrong-shape`` when flux, inverse variance and mask do not fit, ``bad-wavelength``.
        """
        flux, ivar, mask = _images(probe)
        start, step = probe.keyword("COEFF0"), probe.keyword("COEFF1")
        if not isinstance(step, float) or not (0 < step < 1 and 2 < start < 6):
            raise ReadError("bad-wavelength", f"COEFF0 {start} and COEFF1 {step} are no log-linear solution in Angstrom",
                            f"{probe.path}, HDU 0")
        wave = 10.0 ** (start + step * np.arange(flux.shape[1]))
        plug_map = probe.table(_PLUG_MAP) if "FIBERID" in (name.upper() for name in probe.columns(_PLUG_MAP)) else None
        for row in range(len(flux)):
            try:
                yield _fibre(probe, plug_map, row, wave, flux[row], None if ivar is None else ivar[row], mask[row])
            except ReadError as error:
                yield error

    def links(self, row: dict) -> dict[str, str]:
        """SDSS's pages and the Legacy Surveys' viewer."""
        return links(row)


def _images(probe: Probe) -> tuple[NDArray, NDArray | None, NDArray[np.uint8]]:
    """Flux (n_fibre, n_pix), inverse variance or None, and mask reasons."""
    hdus = probe.hdus()
    flux = np.asarray(hdus[0].data, np.float64)
    ivar = np.asarray(hdus[_IVAR].data, np.float64) if len(hdus) > _IVAR and hdus[_IVAR].is_image else None
    bits = np.asarray(hdus[_AND_MASK].data) if len(hdus) > _AND_MASK and hdus[_AND_MASK].is_image else None
    for name, image in (("inverse variance", ivar), ("and-mask", bits)):
        if image is not None and image.shape != flux.shape:
            raise ReadError("wrong-shape", f"flux {flux.shape} and {name} {image.shape} do not fit", probe.path)
    return flux, ivar, np.zeros(flux.shape, np.uint8) if bits is None else reasons(bits.astype(np.int64))


def _fibre(probe: Probe, plug_map: BinTable | None, row: int, wave: NDArray, flux: NDArray, ivar: NDArray | None,
           mask: NDArray) -> Spectrum:
    fiber = row + 1 if plug_map is None else int(plug_map["FIBERID"][row])
    where, notes = f"{probe.path}, fibre {fiber}", ()
    if ivar is None:
        mask = mask | np.where(flux == 0, Mask.NO_COVERAGE, 0).astype(np.uint8)  # padding
        ivar, notes = scatter_ivar(flux, mask == 0, where=where), (NO_ERRORS,)
    position = {"ra": np.nan, "dec": np.nan}
    if plug_map is None:
        notes += (_NO_PLUG_MAP,)
    else:
        position = {"ra": float(plug_map.value("RA", row, np.nan)), "dec": float(plug_map.value("DEC", row, np.nan))}
        target = str(plug_map.value("OBJTYPE", row, "")).upper()
        notes += ("sky fibre",) if target == "SKY" else ()
    release = str(probe.keyword("RUN2D", "") or probe.keyword("VERS2D", "") or "unknown")
    name = ObjectId.make("sdss", release, native_id(probe.keyword("PLATEID"), probe.keyword("MJD", 0), fiber))
    return Spectrum.from_arrays(name, wave, flux, ivar, mask, where=where, row=position | {"source_row": row}, notes=notes)


SURVEY = SdssPlate()
