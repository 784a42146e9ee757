"""LAMOST low-resolution spectra (LRS), one object a file, in both layouts.

Product notes
-------------
* Until DR7 the primary HDU is a 5 x N image: flux, inverse variance, wavelength, and-mask, or-mask (data model "ff", DR1-DR7).
  Pilot and DR1 files have the *continuum-subtracted flux* in the third row instead of the wavelength; wavelengths are therefore
  taken from COEFF0 + COEFF1 i (log10 of vacuum, heliocentric Angstrom), which every file has.
* From DR8 on there is a one-row table ``COADD`` with FLUX, IVAR, WAVELENGTH, ANDMASK, ORMASK, NORMALIZATION.
* The flux is calibrated relatively only ("flux density given in relative unit"): `calibrated` is False.
* The or-mask marks pixels that were bad in at least one exposure and good in others; they are kept. The and-mask masks.
* Inverse variances of bright objects promise less noise than the pixels show; spectra where the two differ by more than
  2.5 times are noted. Negative inverse variances are masked and noted.
* Object id: OBSID; pilot files, which lack it, are named LMJD-PLANID-spSS-FFF.

Citation: Cui et al. (2012), RAA 12, 1197; Luo et al. (2015), RAA 15, 1095.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.preprocess.noise import scatter_ratio
from qsocore.records import Mask, ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._header import number, text
from qsocore.surveys.probe import Probe

_HONEST = (0.4, 2.5)  # scatter over promised noise; the middle 90 % of DR5-DR10 lies between 0.7 and 2.3


class Lamost(Survey):
    """LAMOST LRS, both layouts."""

    name = "lamost"
    title = "LAMOST low-resolution survey"
    citation = "Cui et al. (2012), RAA 12, 1197; Luo et al. (2015), RAA 15, 1095"

    def identify(self, probe: Probe) -> bool:
        """A FITS file of telescope LAMOST with a log-linear solution."""
        return "LAMOST" in str(probe.keyword("TELESCOP", "")).upper() and probe.keyword("COEFF0") is not None

    def read(self, probe: Probe) -> Iterator[Spectrum]:
        """The one spectrum of the file.

        Raises
        ------
        ReadError
            ``wrong-hdu`` when neither layout is there, ``no-flux`` when it is blank, and those of `Spectrum.from_arrays`.
        """
        header = probe.headers[0]
        flux, ivar, and_mask = _arrays(probe)
        wave = 10.0 ** (header["COEFF0"] + header["COEFF1"] * np.arange(flux.size))
        notes = _doubts(flux, ivar)
        mask = np.where(and_mask > 0, Mask.FLAGGED, 0).astype(np.uint8)
        if not header.get("VACUUM", True):
            raise ReadError("bad-wavelength", "VACUUM is not true, which LAMOST's data model excludes", probe.path)
        yield Spectrum.from_arrays(_object_id(header, probe), wave, flux, ivar, mask, where=probe.path, calibrated=False,
                                   row=_row(header), notes=notes)

    def links(self, row: dict) -> dict[str, str]:
        """The object's page at LAMOST, for spectra that have an OBSID."""
        release, native = str(row.get("release", "")), str(row.get("native_id", ""))
        if not native.isdigit() or not release.startswith("dr"):
            return {}
        return {"LAMOST": f"https://www.lamost.org/{release.split()[0]}/v2.0/spectrum/view?obsid={native}"}


def _arrays(probe: Probe) -> tuple[NDArray, NDArray, NDArray]:
    """Flux, ivar and and-mask, each (n,)."""
    hdus = probe.hdus()
    if "COADD" in probe.hdu_names:
        table = hdus["COADD"].data
        return tuple(np.ravel(table[name]).astype(np.float64) for name in ("FLUX", "IVAR", "ANDMASK"))
    image = hdus[0].data
    if image is None or image.ndim != 2 or image.shape[0] != 5:
        raise ReadError("wrong-hdu", "it has neither a COADD table nor a primary image of five rows", probe.path,
                        "give a LAMOST LRS spectrum")
    image = image.astype(np.float64)
    return image[0], image[1], image[3]


def _object_id(header, probe: Probe) -> ObjectId:
    release = text(header, "DATA_V").lower().removeprefix("lamost").strip() or text(header, "VERSPIPE") or "unknown"
    if "OBSID" in header:
        return ObjectId.make("lamost", release, int(header["OBSID"]))
    plate = [header.get(key) for key in ("LMJD", "PLANID", "SPID", "FIBERID")]
    if None in plate:
        return ObjectId.make("lamost", release, probe.path.name.split(".fits")[0])
    return ObjectId.make("lamost", release, f"{plate[0]}-{plate[1]}-sp{int(plate[2]):02d}-{int(plate[3]):03d}")


def _row(header) -> dict:
    kind = text(header, "CLASS").upper()
    unknown = kind in ("", "UNKNOWN")
    return {
        "ra": number(header, "RA", missing=(-9999.0,)), "dec": number(header, "DEC", missing=(-9999.0,)),
        "z": np.nan if unknown else number(header, "Z", missing=(-9999.0, -1000.0)),
        "z_err": number(header, "Z_ERR", missing=(-9999.0, -1.0, -1000.0)),
        "class": "" if unknown else kind,
        "subclass": "" if text(header, "SUBCLASS").lower() in ("non", "null", "-") else text(header, "SUBCLASS"),
        "mag_g": number(header, "MAG_PS_G", missing=(-999.0, 99.0, -9999.0)),
        "mag_r": number(header, "MAG_PS_R", missing=(-999.0, 99.0, -9999.0)),
        "mag_i": number(header, "MAG_PS_I", missing=(-999.0, 99.0, -9999.0)),
    }


def _doubts(flux: NDArray, ivar: NDArray) -> tuple[str, ...]:
    notes = ()
    negative = int((ivar < 0).sum())
    if negative:
        notes += (f"{negative} pixels have a negative inverse variance and are masked",)
    ratio = scatter_ratio(flux, ivar)
    if ratio > _HONEST[1] or ratio < _HONEST[0]:
        notes += (f"inverse variance disagrees with the scatter between pixels (scatter / promised noise = {ratio:.1f})",)
    return notes


SURVEY = Lamost()
