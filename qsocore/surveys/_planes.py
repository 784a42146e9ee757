"""Image HDUs of a FITS file by their headers: what each is, of which band, and on which scale."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qsocore.surveys._bands import band_named, is_band
from qsocore.surveys._header import number, text
from qsocore.surveys.probe import Probe

if TYPE_CHECKING:
    from astropy.wcs import WCS

SMALLEST = 512
"""Pixels of the shorter side above which an image with world coordinates is taken for a frame."""

_ROLES = (
    ("ivar", {"ivar", "invvar", "wht", "weight", "weights", "iv", "wgt"}),
    ("var", {"var", "variance"}),
    ("error", {"err", "error", "errors", "sigma", "noise", "rms", "unc", "uncert", "std", "stddev"}),
    ("mask", {"mask", "msk", "dq", "bpm", "flags"}),
    ("psf", {"psf", "psfs"}),
    ("", {"sky", "background", "bkg", "exptime", "ctx", "model", "residual", "nexp", "seg", "segmentation"}),
)
_FILTERS = ("FILTER", "BAND", "FILTNAM", "FILTNAM1", "FILTER1", "FILTERS")
_WCS_KEY = re.compile(rb"NAXIS|WCSAXES|C(TYPE|RVAL|RPIX|DELT|UNIT|ROTA)\d|CD\d|PC\d|P[VS]\d|LONPOLE|LATPOLE|RADE[CS]|EQUINOX|"
                      rb"[AB]P?_(\d|ORDER|DMAX)")
_PLAIN = (*(f"{word}{axis}" for word in ("CRVAL", "CRPIX", "CDELT") for axis in (1, 2)),
          *(f"{word}{i}_{j}" for word in ("CD", "PC") for i in (1, 2) for j in (1, 2)), "LONPOLE", "LATPOLE", "EQUINOX")
_UNITS = {"nanomaggy": 22.5, "nanomaggies": 22.5, "nmgy": 22.5, "ujy": 23.9, "microjansky": 23.9, "mjy": 16.4, "njy": 31.4,
          "jy": 8.9, "maggies": 0.0}  # AB magnitude of one


@dataclass(frozen=True)
class Plane:
    """One image HDU.

    Parameters
    ----------
    hdu : int
    role : str
        "flux", "ivar", "var", "error", "mask", "psf", or "" for anything else.
    band : str
        "" where the file does not say.
    shape : tuple of int
        As numpy has it, without axes of one.
    """

    hdu: int
    role: str
    band: str
    shape: tuple[int, ...]


def planes(probe: Probe) -> list[Plane]:
    """Every HDU of a FITS file with an image of two axes or more; looks at headers only."""
    found = []
    for hdu in range(len(probe.hdu_names)):
        prefix = "Z" if probe.keyword("ZIMAGE", 0, hdu) else ""
        if not prefix and hdu and str(probe.keyword("XTENSION", "", hdu)) != "IMAGE":
            continue
        n_axes = probe.keyword(f"{prefix}NAXIS", 0, hdu)
        axes = [probe.keyword(f"{prefix}NAXIS{axis}", 0, hdu) for axis in range(int(n_axes or 0), 0, -1)
                ] if isinstance(n_axes, int) and n_axes < 10 else []
        shape = tuple(length for length in axes if isinstance(length, int) and length != 1)
        if len(shape) >= 2 and min(shape) > 1:
            role, band = _meaning(probe, hdu)
            found.append(Plane(hdu, role, band, shape))
    return found


def _meaning(probe: Probe, hdu: int) -> tuple[str, str]:
    """Role and band by the HDU's name and its header."""
    words = re.findall(r"[A-Za-z0-9]+", str(probe.keyword("EXTNAME", "", hdu) or ""))
    role = next((role for role, names in _ROLES if {word.lower() for word in words} & names), "flux")
    stated = next((value for key in _FILTERS if (value := probe.keyword(key, None, hdu))), "")
    if not stated and hdu and role == "flux":
        stated = next((value for key in _FILTERS if (value := probe.keyword(key, None))), "")
    named = [band for word in words if (band := band_named(word)) and is_band(band)]
    return role, band_named(stated) or (named[-1] if named else "")


def flux_of(probe: Probe) -> Plane | None:
    """The image of a frame: the first HDU of two axes that is no error, mask or sky."""
    return next((plane for plane in planes(probe) if plane.role == "flux" and len(plane.shape) == 2), None)


def is_frame(probe: Probe) -> bool:
    """Whether the image is larger than `SMALLEST` each way and its header names celestial axes."""
    plane = flux_of(probe)
    if plane is None or min(plane.shape) <= SMALLEST:
        return False
    kinds = [str(probe.keyword(f"CTYPE{axis}", "", hdu) or "") for hdu in (plane.hdu, 0) for axis in (1, 2)]
    return any(kind.startswith("RA") for kind in kinds)


class Keywords:
    """Keywords of an HDU, else of the primary one, without the cost of parsing headers; has what `dict.get` has."""

    def __init__(self, probe: Probe, hdu: int):
        self.probe, self.hdu = probe, hdu

    def get(self, key: str, default=None):
        """A keyword's value: number or text; `default` where neither HDU has it."""
        value = self.probe.keyword(key, None, self.hdu)
        return self.probe.keyword(key, default) if value is None and self.hdu else default if value is None else value


def pixels(probe: Probe, plane: Plane) -> NDArray:
    """An HDU's pixels in the machine's byte order, `plane.shape`."""
    data = probe.image(plane.hdu)
    return data.reshape(plane.shape).astype(data.dtype.newbyteorder("="), copy=False)


def wcs_of(probe: Probe, plane: Plane) -> WCS | None:
    """The celestial world coordinates of an HDU's last two axes; None where there are none or they make no sense."""
    keys = Keywords(probe, plane.hdu)
    if not any(str(keys.get(f"CTYPE{axis}", "")).startswith("RA") for axis in (1, 2)):
        return None
    from astropy.io.fits.verify import VerifyError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about dates and units that are mended
            wcs = _plain_wcs(keys) or _full_wcs(probe, plane)
        return wcs if wcs.has_celestial and isfinite(pixel_scale(wcs)) else None
    except (ValueError, TypeError, KeyError, MemoryError, VerifyError):  # wcslib's own errors are of ValueError
        return None


def _plain_wcs(keys: Keywords) -> WCS | None:
    """A projection without distortion, from its few numbers, twenty times faster than from a header; None for any other."""
    names = [str(keys.get(f"CTYPE{axis}", "")) for axis in (1, 2)]
    said = {key: keys.get(key) for key in _PLAIN}
    if not all(name.endswith(("-TAN", "-SIN", "-STG", "-ZEA")) for name in names) or any(
            keys.get(key) is not None for key in ("CROTA1", "CROTA2", "PV1_0", "PV1_1", "PV2_0", "PV2_1", "A_ORDER")):
        return None
    if any(not isinstance(value, (int, float)) for value in said.values() if value is not None) or any(
            keys.get(f"CUNIT{axis}", "deg") not in ("deg", "degree", "degrees", "") for axis in (1, 2)):
        return None
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = names
    wcs.wcs.crval = [said[f"CRVAL{axis}"] or 0.0 for axis in (1, 2)]
    wcs.wcs.crpix = [said[f"CRPIX{axis}"] or 0.0 for axis in (1, 2)]
    if any(said[f"CD{i}_{j}"] is not None for i in (1, 2) for j in (1, 2)):
        wcs.wcs.cd = [[said[f"CD{i}_{j}"] or 0.0 for j in (1, 2)] for i in (1, 2)]
    else:
        wcs.wcs.cdelt = [1.0 if said[f"CDELT{axis}"] is None else said[f"CDELT{axis}"] for axis in (1, 2)]
        wcs.wcs.pc = [[float(i == j) if said[f"PC{i}_{j}"] is None else said[f"PC{i}_{j}"] for j in (1, 2)] for i in (1, 2)]
    for key, name in (("LONPOLE", "lonpole"), ("LATPOLE", "latpole"), ("EQUINOX", "equinox")):
        if said[key] is not None:
            setattr(wcs.wcs, name, said[key])
    wcs.wcs.radesys = str(keys.get("RADESYS", keys.get("RADECSYS", "")))
    wcs.wcs.set()
    return wcs


def _full_wcs(probe: Probe, plane: Plane) -> WCS:
    from astropy.io.fits import Header
    from astropy.wcs import WCS

    header = Header()
    for hdu in dict.fromkeys((0, plane.hdu)):
        header.update(Header.fromstring(_of_wcs(probe.cards(hdu)).decode("latin-1")))
    return WCS(header, naxis=2)


def _of_wcs(cards: bytes) -> bytes:
    """The cards that world coordinates are made of."""
    each = (cards[at:at + 80] for at in range(0, len(cards), 80))
    return b"".join(card for card in each if _WCS_KEY.match(card)) + b"END".ljust(80)


def pixel_scale(wcs: WCS | None) -> float:
    """Arcsec per pixel, the geometric mean of both axes; NaN where there is none."""
    if wcs is None:
        return nan
    area = abs(np.linalg.det(wcs.pixel_scale_matrix))
    return float(3600.0 * np.sqrt(area)) if area > 0 else nan


def zero_point(header: Mapping[str, Any]) -> float:
    """AB magnitude of flux 1: by the unit of the pixels (22.5 for nanomaggies), MAGZERO and its like, or FLUXMAG0; else NaN."""
    unit = text(header, "BUNIT").lower().replace(" ", "")
    if unit in _UNITS:
        return _UNITS[unit]
    for key in ("MAGZERO", "MAGZPT", "MAGZP", "ZEROPT", "ZEROPOINT", "ZP", "PHOTZP"):
        if isfinite(value := number(header, key, (0.0, -1.0, 99.0))):
            return value
    flux = number(header, "FLUXMAG0", (0.0,))
    return float(2.5 * np.log10(flux)) if flux > 0 else nan


def saturation(header: Mapping[str, Any]) -> float:
    """Flux from which pixels are saturated: SATURATE, which is in counts and says nothing of calibrated flux; else infinite."""
    limit = number(header, "SATURATE")
    return limit if limit > 0 and text(header, "BUNIT").lower().replace(" ", "") not in _UNITS else float("inf")


def fwhm_of_header(header: Mapping[str, Any]) -> float:
    """Width of the point-spread function, arcsec: PSF_FWHM, SEEING or FWHM; else NaN."""
    values = (number(header, key, (0.0, -1.0)) for key in ("PSF_FWHM", "PSFFWHM", "SEEING", "FWHM", "PSFSEE"))
    return next((value for value in values if 0.02 < value < 20.0), nan)


def fwhm_of(psf: NDArray) -> float:
    """Full width at half maximum of a picture of a point source, pixels: of the disc of equal area above half its peak.

    The area is counted on a grid five times as fine, between whose points the picture is linear.
    """
    from scipy.ndimage import zoom

    fine = 5
    psf = np.asarray(psf, np.float64)
    if psf.ndim != 2 or not np.isfinite(psf).all() or psf.max() <= 0:
        return nan
    large = zoom(psf, fine, order=1, grid_mode=True, mode="nearest")
    return float(2.0 * np.sqrt((large > psf.max() / 2).sum() / np.pi) / fine)
