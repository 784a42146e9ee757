"""6dF Galaxy Survey spectra: IRAF images of four rows, and the ASCII-table FITS of the public archive.

Product notes
-------------
* The spliced V+R image holds flux, variance, sky and wavelength in its four rows. Its WCS must not be used: files that went
  through IRAF's ``dopcor`` have a *rest-frame* WCS (keyword DOPCOR01), while the fourth row keeps the observed wavelengths.
* The ASCII table has WAVE and FLUX and no errors; inverse variance is then estimated from the scatter.
* The flux is counts, not calibrated: `calibrated` is False.
* Wavelengths are air (H-alpha of galaxies with known redshift lies at 6562.8 Angstrom) and topocentric; both are mended, the
  second by the header's own pair of redshifts, raw (Z) and heliocentric (Z_HELIO).
* QUALITY 4 and 3 are reliable redshifts, 2 is doubtful, 1 is none, 6 is a star in our Galaxy; `z_warn` is 0 for 3, 4 and 6
  and 1 else. Galaxies have no pipeline class; class is STAR for 6 and else left empty.

Citation: Jones et al. (2009), MNRAS 399, 683.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.preprocess.noise import NO_ERRORS, scatter_ivar
from qsocore.records import ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._header import number, text
from qsocore.surveys.probe import Probe
from qsocore.units import air_to_vacuum

_GOOD_QUALITY, _STAR = (3, 4, 6), 6


class SixDF(Survey):
    """6dFGS, image and ASCII-table layouts."""

    name = "sixdf"
    title = "6dF Galaxy Survey"
    citation = "Jones et al. (2009), MNRAS 399, 683"

    def identify(self, probe: Probe) -> bool:
        """A FITS file whose header has a 6dFGS target, a heliocentric redshift and its quality."""
        return all(probe.keyword(key) is not None for key in ("TARGET", "Z_HELIO", "QUALITY", "OBSRA"))

    def read(self, probe: Probe) -> Iterator[Spectrum]:
        """The one spectrum of the file.

        Raises
        ------
        ReadError
            ``wrong-hdu`` when neither layout is there, and those of `Spectrum.from_arrays`.
        """
        header = probe.headers[0]
        wave, flux, ivar, notes = _image(probe) if probe.hdus()[0].data is not None else _table(probe)
        wave = air_to_vacuum(wave) * _to_heliocentric(header)
        yield Spectrum.from_arrays(ObjectId.make("6dfgs", "dr3", text(header, "TARGET")), wave, flux, ivar, where=probe.path,
                                   calibrated=False, row=_row(header), notes=notes)

    def links(self, row: dict) -> dict[str, str]:
        """The object in the survey's archive at the WFAU."""
        return {"6dFGS": "http://www-wfau.roe.ac.uk/6dFGS/"} if row.get("native_id") else {}


def _image(probe: Probe) -> tuple[NDArray, NDArray, NDArray, tuple[str, ...]]:
    image = np.asarray(probe.hdus()[0].data, dtype=np.float64)
    if image.ndim != 2 or image.shape[0] != 4:
        raise ReadError("wrong-hdu", f"its image has shape {image.shape}, not 4 x N (flux, variance, sky, wavelength)",
                        probe.path, "give the spliced VR spectrum")
    flux, variance, _, wave = image
    ivar = np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)
    return wave, flux, ivar, ()


def _table(probe: Probe) -> tuple[NDArray, NDArray, NDArray, tuple[str, ...]]:
    for number_, names in enumerate(map(probe.columns, range(len(probe.headers)))):
        if {"WAVE", "FLUX"} <= set(names):
            table = probe.hdus()[number_].data
            flux = np.asarray(table["FLUX"], np.float64)
            ivar = scatter_ivar(flux, where=probe.path)
            return np.asarray(table["WAVE"], np.float64), flux, ivar, (NO_ERRORS,)
    raise ReadError("wrong-hdu", "it has neither a four-row image nor a table with WAVE and FLUX", probe.path)


def _to_heliocentric(header) -> float:
    """(1 + Z_HELIO) / (1 + Z), by which topocentric wavelengths become heliocentric; 1 where a redshift is missing."""
    raw, helio = number(header, "Z", (-9.999,)), number(header, "Z_HELIO", (-9.999,))
    factor = (1.0 + helio) / (1.0 + raw)
    return factor if abs(factor - 1.0) < 2e-4 else 1.0  # the Earth's motion is at most 30 km/s: 1e-4


def _row(header) -> dict:
    quality = int(number(header, "QUALITY")) if np.isfinite(number(header, "QUALITY")) else 1
    z = number(header, "Z_HELIO", (-9.999,))
    return {
        "ra": number(header, "OBSRA"), "dec": number(header, "OBSDEC"), "z": z if quality > 1 else np.nan,
        "z_warn": 0 if quality in _GOOD_QUALITY else 1, "class": "STAR" if quality == _STAR else "",
    }


SURVEY = SixDF()
