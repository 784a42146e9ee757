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
from qsocore.surveys._pixels import overlaid
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


def pixels(probe: Probe, plane: Plane) -> NDArray:
    """An HDU's pixels in the machine's byte order, `plane.shape`."""
    data = probe.hdus()[plane.hdu].data
    return np.asarray(data).reshape(plane.shape).astype(np.asarray(data).dtype.newbyteorder("="), copy=False)


def wcs_of(probe: Probe, plane: Plane) -> WCS | None:
    """The celestial world coordinates of an HDU's last two axes; None where there are none or they make no sense."""
    header = overlaid(probe, plane.hdu)
    if not any(str(header.get(f"CTYPE{axis}", "")).startswith("RA") for axis in (1, 2)):
        return None
    from astropy.wcs import WCS, FITSFixedWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            wcs = WCS(header, naxis=2)
        return wcs if wcs.has_celestial and isfinite(pixel_scale(wcs)) else None
    except (ValueError, TypeError, KeyError, MemoryError):  # wcslib's own errors are of ValueError
        return None


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
