"""Any one-dimensional FITS spectrum: an image with a wavelength axis, or a table with wavelength and flux columns.

Product notes
-------------
* Images: linear or log-linear axis (``DC-FLAG``, ``CTYPE1`` of FITS paper III), IRAF multispec with Chebyshev or Legendre
  dispersion; errors in a further image of the file or in a companion file (``X_f`` and ``X_e``, ``X_nF`` and ``X_nE``).
* Tables: columns by name (wave, lambda, loglam ...; flux, flam, spec ...; err, sigma, ivar, var), units by TUNIT; one row
  with vectors or one row a pixel. DEEP2's arms (``Bxspf-B``, ``Bxspf-R``) are joined with the gap masked.
* Air or vacuum as the header says; where it is silent, as the instrument's pipeline is known to write, else assumed; noted.
* A file without errors gets an inverse variance from its own scatter, noted. An unnamed second image is held against that
  scatter to tell inverse variance, error and variance apart.
* Flux densities are converted; counts, normalised and unknown units are kept and marked as not calibrated; units that are
  no flux (seconds) are refused.

Citation: the observer's; formats after Newman et al. (2013), ApJS 208, 5 (DEEP2) and Lopez et al. (2016), A&A 594, A91
(XQ-100).
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

import numpy as np

from qsocore.errors import ReadError
from qsocore.records import ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys import _image1d as image
from qsocore.surveys import _table1d as table
from qsocore.surveys._fluxunit import flux_factor
from qsocore.surveys._header import degrees, number, text
from qsocore.surveys._pixels import Pixels
from qsocore.surveys.probe import Probe


class Generic1D(Survey):
    """One-dimensional FITS spectra of any instrument; asked last."""

    name = "generic1d"
    title = "One-dimensional FITS"
    citation = "the observer's"
    general = True  # whatever a survey of its own recognises is not for this one

    def identify(self, probe: Probe) -> bool:
        """A FITS file with a one-dimensional image on a wavelength axis, or a table with wavelength and flux columns."""
        return probe.kind == "fits" and bool(image.found(probe) or table.found(probe))

    def read(self, probe: Probe) -> Iterator[Spectrum | ReadError]:
        """The spectrum of the file, or one for each row of a table of spectra.

        Raises
        ------
        ReadError
            ``companion`` for a file of errors that lies beside its spectrum, ``wrong-unit``, ``bad-wavelength``, ``no-noise``
            and those of `Spectrum.from_arrays`.
        """
        for pixels in image.pixels(probe) if image.found(probe) else table.pixels(probe):
            try:
                yield _spectrum(pixels, probe)
            except ReadError as error:
                yield error


def _spectrum(pixels: Pixels, probe: Probe) -> Spectrum:
    where = probe.path if pixels.row is None else f"{probe.path}, row {pixels.row}"
    factor, calibrated, notes = flux_factor(pixels.unit, pixels.wave, pixels.flux, where)
    return Spectrum.from_arrays(_object_id(pixels, probe), pixels.wave, pixels.flux * factor, pixels.ivar / factor**2,
                                pixels.mask, where=where, calibrated=calibrated, row=_row(pixels),
                                notes=pixels.notes + notes)


def _object_id(pixels: Pixels, probe: Probe) -> ObjectId:
    """``instrument:date:file``; a file without a date gets a checksum of its flux, so that only true copies share a name."""
    header = pixels.header
    instrument = text(header, "INSTRUME").split(":")[0] or text(header, "TELESCOP") or "generic1d"
    date = (text(header, "DATE-OBS") or text(header, "UTDATE"))[:10].replace(":", "-").replace("/", "-")
    name = probe.path.name
    for ending in (".gz", ".bz2", ".fits", ".fit"):
        name = name.removesuffix(ending)
    row = "" if pixels.row is None else f"[{pixels.row}]"
    release = date or f"{crc32(np.ascontiguousarray(pixels.flux)):08x}"
    return ObjectId.make(instrument.replace(" ", "").replace(":", "-"), release, name + row)


def _row(pixels: Pixels) -> dict:
    ra, dec = degrees(pixels.header)
    return {"ra": ra, "dec": dec, "z": number(pixels.header, "REDSHIFT", (-9999.0, 0.0)),
            "target": text(pixels.header, "OBJECT")} | ({} if pixels.row is None else {"source_row": pixels.row})


SURVEY = Generic1D()
