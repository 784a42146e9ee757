"""AAOmega + 2dF spectra reduced by 2dfdr (2dFLenS, OzDES, WiggleZ ...), one or many fibres a file.

Product notes
-------------
* Primary HDU: flux, (n_pix,) or (n_fibre, n_pix), in counts: `calibrated` is False. HDU VARIANCE has its variance; HDU FIBRES
  names the fibres, with RA and Dec in radians and TYPE: P for an object, others (sky, guide, parked) are refused row by row.
* Wavelengths are those of HDU WAVELENGTH where it is there, else linear by the header. Values under 10 are log10(Angstrom).
* 2dfdr writes air wavelengths; VACUUM = T says otherwise.
* 2dfdr writes topocentric wavelengths. DO_HELIO = T asks for the heliocentric correction, which is applied here from
  UTMJD, the fibre's position and the Anglo-Australian Telescope's; a file that does not ask is taken as it is.
* DO_CMB = T asks for redshifts in the frame of the microwave background. That is a matter of redshifts, not of wavelengths, and
  is not applied; it is noted.
* No redshift and no class are in these files.

Citation: AAO Software Team (2015), 2dfdr, ASCL 1505.015; Sharp et al. (2006), SPIE 6269, 62690G.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.records import ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._axis import from_wcs
from qsocore.surveys._header import number, text
from qsocore.surveys.probe import Probe
from qsocore.units import C_KM_S, air_to_vacuum

_SITE = (149.0661, -31.27704, 1164.0)  # longitude, latitude (deg), height (m) of the AAT, where the header lacks them


class AAOmega(Survey):
    """2dfdr's multi-fibre files."""

    name = "aaomega"
    title = "AAOmega + 2dF (2dfdr)"
    citation = "AAO Software Team (2015), 2dfdr, ASCL 1505.015; Sharp et al. (2006), SPIE 6269, 62690G"

    def identify(self, probe: Probe) -> bool:
        """A FITS file with the HDUs VARIANCE and FIBRES that the Anglo-Australian Observatory wrote."""
        if probe.kind != "fits" or not {"VARIANCE", "FIBRES"} <= set(probe.hdu_names):
            return False
        header = probe.headers[0]
        return "2DF" in f"{header.get('INSTRUME', '')} {header.get('TOPEND', '')}".upper()

    def read(self, probe: Probe) -> Iterator[Spectrum | ReadError]:
        """Every fibre: a spectrum, or why it is none.

        Raises
        ------
        ReadError
            ``wrong-shape`` when flux, variance and fibres do not fit.
        """
        hdus, header = probe.hdus(), probe.headers[0]
        flux, variance = (np.atleast_2d(np.asarray(hdus[name].data, np.float64)) for name in (0, "VARIANCE"))
        fibres = hdus["FIBRES"].data
        if flux.shape != variance.shape or len(fibres) != len(flux):
            raise ReadError("wrong-shape", f"flux {flux.shape}, variance {variance.shape} and {len(fibres)} fibres do not fit",
                            probe.path)
        waves = _wavelengths(probe, flux.shape)
        for row, fibre in enumerate(fibres):
            try:
                yield _fibre(header, fibre, row, waves[row], flux[row], variance[row], f"{probe.path}, fibre {row}")
            except ReadError as error:
                yield error


def _wavelengths(probe: Probe, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Vacuum wavelengths of every fibre, (n_fibre, n_pix), in the file's own rest frame."""
    header = probe.headers[0]
    if "WAVELENGTH" in probe.hdu_names:
        wave = np.broadcast_to(np.asarray(probe.hdus()["WAVELENGTH"].data, np.float64), shape)
        wave = 10.0**wave if np.nanmax(wave) < 10.0 else wave
    else:
        wave = np.broadcast_to(from_wcs(header, shape[1], probe.path).wave, shape)
    return wave if header.get("VACUUM", False) else air_to_vacuum(wave)


def _fibre(header, fibre, row: int, wave: NDArray, flux: NDArray, variance: NDArray, where: str) -> Spectrum:
    kind, name = str(fibre["TYPE"]).strip(), str(fibre["NAME"]).strip()
    if kind != "P":
        raise ReadError("no-object", f"the fibre is of type {kind!r}, not on an object", where)
    ra, dec = np.degrees(float(fibre["RA"])), np.degrees(float(fibre["DEC"]))
    notes = ()
    if header.get("DO_HELIO", False):
        wave = wave * (1.0 + heliocentric(header, ra, dec) / C_KM_S)
    if header.get("DO_CMB", False):
        notes = ("the file asks for redshifts in the CMB frame; wavelengths are heliocentric",)
    ivar = np.divide(1.0, variance, out=np.zeros_like(variance), where=variance > 0)
    night = text(header, "UTDATE").replace(":", "") or "unknown"
    return Spectrum.from_arrays(ObjectId.make("aaomega", night, name), wave, flux, ivar, where=where, calibrated=False,
                                row={"ra": ra, "dec": dec, "source_row": row}, notes=notes)


def heliocentric(header, ra: float, dec: float) -> float:
    """Velocity (km/s) to add to one measured at the telescope, from the header's UTMJD and site; 0 when it has no UTMJD.

    Computed by astropy with its built-in ephemeris, to about 0.01 km/s; nothing is downloaded.
    """
    mjd = number(header, "UTMJD")
    if not np.isfinite(mjd + ra + dec):
        return 0.0
    from astropy import units as u
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time
    from astropy.utils.iers import conf

    longitude, latitude, height = (value if np.isfinite(value) else default for value, default in zip(
        (number(header, key) for key in ("LONG_OBS", "LAT_OBS", "ALT_OBS")), _SITE, strict=True))
    site = EarthLocation.from_geodetic(longitude, latitude, height)
    with conf.set_temp("auto_download", False), conf.set_temp("iers_degraded_accuracy", "ignore"):
        shift = SkyCoord(ra, dec, unit="deg").radial_velocity_correction("heliocentric", Time(mjd, format="mjd"), site)
    return float(shift.to_value(u.km / u.s))


SURVEY = AAOmega()
