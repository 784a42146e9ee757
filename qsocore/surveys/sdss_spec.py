"""SDSS, BOSS and eBOSS spectra, one object a file: ``spec-PLATE-MJD-FIBER.fits``, lite and full.

Product notes
-------------
* HDU 1 (``COADD``) has flux (1e-17 erg/s/cm2/Angstrom), loglam (log10 of vacuum, heliocentric Angstrom), ivar and and_mask,
  one row a pixel, in capitals or not. HDU 2 (``SPECOBJ`` before BOSS, then ``SPALL``; in some copies nameless) is the object's
  row of the catalogue. The single exposures of full files are not read.
* A pixel is masked where ivar is 0 and where and_mask has one of eight bits that make it unusable (`_sdss.SPPIXMASK`); bright
  sky lines are among them.
* Release: RUN2D of the header, else of HDU 2 (26, 103, 104: SDSS-I/II and SEGUE; v5_x: BOSS and eBOSS), else VERS2D.
* Redshift and class are those of the pipeline (idlspec2d). An object without a class has no redshift; Z_ERR below 0 means that
  the fit failed and is missing.
* Magnitudes are PSF magnitudes where HDU 2 has them, else the PSF fluxes by which the spectra were calibrated (CALIBFLUX); not
  corrected for extinction.
* Position: PLUG_RA, PLUG_DEC, where the fibre was.

Citation: York et al. (2000), AJ 120, 1579; Dawson et al. (2013), AJ 145, 10; Dawson et al. (2016), AJ 151, 44; data model:
Abdurro'uf et al. (2022), ApJS 259, 35.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qsocore.errors import ReadError
from qsocore.records import ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._blocks import BinTable
from qsocore.surveys._sdss import CITATION, links, native_id, pogson, reasons
from qsocore.surveys.probe import Probe

_PIXELS = {"flux", "loglam", "ivar", "and_mask"}
_KEYS = (("plate", "PLATEID"), ("mjd", "MJD"), ("fiberid", "FIBERID"))  # in HDU 2 and in the header
_BANDS = {"mag_g": 1, "mag_r": 2, "mag_i": 3}  # of ugriz
_BRIGHTEST, _FAINTEST = 5.0, 35.0  # a magnitude beyond them is a sentinel


class SdssSpec(Survey):
    """SDSS spec files."""

    name = "sdss-spec"
    title = "SDSS, BOSS and eBOSS spec files"
    citation = CITATION

    def identify(self, probe: Probe) -> bool:
        """A FITS file whose HDU 1 is a table with flux, loglam, ivar and and_mask."""
        return _PIXELS.issubset(name.lower() for name in probe.columns(1))

    def read(self, probe: Probe) -> Iterator[Spectrum]:
        """The one spectrum of the file.

        Raises
        ------
        ReadError
            ``no-id`` when neither HDU 2 nor the header says plate, MJD and fibre, ``wrong-unit``, and those of
            `Spectrum.from_arrays`.
        """
        pixels = probe.table(1)
        catalogue = probe.table(2) if "plate" in {name.lower() for name in probe.columns(2)} else None
        _hold_to_unit(probe)
        yield Spectrum.from_arrays(_object_id(probe, catalogue), 10.0 ** pixels["loglam"].astype(np.float64), pixels["flux"],
                                   pixels["ivar"], reasons(pixels["and_mask"]), where=probe.path, row=_row(probe, catalogue))

    def links(self, row: dict) -> dict[str, str]:
        """SDSS's pages and the Legacy Surveys' viewer."""
        return links(row)


def _hold_to_unit(probe: Probe) -> None:
    """Refuse a flux in another unit than the data model's; a header that does not say is believed to follow it."""
    unit = str(probe.keyword("BUNIT", ""))
    if unit and not unit.upper().replace(" ", "").startswith(("1E-17ERG", "10^-17ERG", "10**-17ERG")):
        raise ReadError("wrong-unit", f"its flux is in {unit!r}, not 1e-17 erg/s/cm2/Angstrom", f"{probe.path}, HDU 0",
                        "convert it, or give the file as SDSS distributes it")


def _object_id(probe: Probe, catalogue: BinTable | None) -> ObjectId:
    parts = [catalogue.value(column) if catalogue and column in catalogue else probe.keyword(key) for column, key in _KEYS]
    if None in parts:
        raise ReadError("no-id", "neither HDU 2 nor the header says plate, MJD and fibre", probe.path,
                        "give the file as SDSS distributes it")
    run = [str(probe.keyword("RUN2D", "")), str(catalogue.value("run2d", default="")) if catalogue else "",
           str(probe.keyword("VERS2D", "")), "unknown"]
    return ObjectId.make("sdss", next(filter(None, run)), native_id(*parts))


def _row(probe: Probe, catalogue: BinTable | None) -> dict:
    if catalogue is None:
        return {"ra": float(probe.keyword("PLUG_RA", np.nan)), "dec": float(probe.keyword("PLUG_DEC", np.nan))}
    kind, z_err = str(catalogue.value("class", default="")), float(catalogue.value("z_err", default=np.nan))
    return {
        "ra": float(catalogue.value("plug_ra", default=np.nan)), "dec": float(catalogue.value("plug_dec", default=np.nan)),
        "z": float(catalogue.value("z", default=np.nan)) if kind else np.nan, "z_err": z_err if z_err > 0 else np.nan,
        "z_warn": int(catalogue.value("zwarning", default=0)), "class": kind,
        "subclass": str(catalogue.value("subclass", default="")),
    } | _magnitudes(catalogue)


def _magnitudes(catalogue: BinTable) -> dict[str, float]:
    if "psfmag" in catalogue:
        values = catalogue.value("psfmag")
        found = {name: float(values[band]) for name, band in _BANDS.items()}
    elif "calibflux" in catalogue:
        values = catalogue.value("calibflux")
        found = {name: pogson(values[band]) for name, band in _BANDS.items()}
    else:
        return {}
    return {name: mag if _BRIGHTEST < mag < _FAINTEST else np.nan for name, mag in found.items()}


SURVEY = SdssSpec()
