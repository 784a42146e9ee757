"""What the file types of SDSS share: mask bits, names of objects, magnitudes, links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.records import Mask
from qsocore.surveys._links import legacy_viewer

CITATION = ("York et al. (2000), AJ 120, 1579; Dawson et al. (2013), AJ 145, 10; Dawson et al. (2016), AJ 151, 44; "
            "Abdurro'uf et al. (2022), ApJS 259, 35")

SPPIXMASK = {
    18: Mask.FLAGGED,  # FULLREJECT: fully rejected in extraction
    22: Mask.SKY,  # NOSKY: sky level unknown
    23: Mask.SKY,  # BRIGHTSKY: sky over flux + 10 sigma and over 1.25 times its median
    24: Mask.NO_COVERAGE,  # NODATA
    25: Mask.COSMIC,  # COMBINEREJ: rejected when exposures were combined
    26: Mask.FLAGGED,  # BADFLUXFACTOR: flux calibration too low
    27: Mask.SKY,  # BADSKYCHI
    28: Mask.SKY,  # REDMONSTER: run of bad sky residuals
}
"""Pixel bits that make a pixel unusable, from SDSS's sdssMaskbits.par; bits below 16 speak of the whole fibre."""


def reasons(and_mask: NDArray[np.integer]) -> NDArray[np.uint8]:
    """`Mask` reasons of an and-mask, same shape; only bits set in every exposure count."""
    found = np.zeros(and_mask.shape, np.uint8)
    present = int(np.bitwise_or.reduce(and_mask, axis=None)) if and_mask.size else 0
    for bit, reason in SPPIXMASK.items():
        if present >> bit & 1:
            found[(and_mask >> bit) & 1 == 1] |= np.uint8(reason)
    return found


def native_id(plate: int, mjd: int, fiber: int) -> str:
    """``plate-mjd-fiber`` without leading zeros."""
    return f"{int(plate)}-{int(mjd)}-{int(fiber)}"


def pogson(nanomaggies: float) -> float:
    """AB magnitude 22.5 - 2.5 log10 of a flux in nanomaggies; NaN where it is not positive."""
    flux = float(nanomaggies)
    return 22.5 - 2.5 * np.log10(flux) if np.isfinite(flux) and flux > 0 else np.nan


def links(row: Mapping[str, Any]) -> dict[str, str]:
    """SDSS's object and spectrum pages by plate-mjd-fiber, and the Legacy Surveys' viewer by position."""
    parts = str(row.get("native_id", "")).split("-")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return legacy_viewer(row)
    plate, mjd, fiber = parts
    return {
        "SDSS SkyServer": f"https://skyserver.sdss.org/dr18/VisualTools/explore/summary?plate={plate}&mjd={mjd}&fiber={fiber}",
        "SDSS spectrum": f"https://dr18.sdss.org/optical/spectrum/view?plateid={plate}&mjd={mjd}&fiberid={fiber}",
    } | legacy_viewer(row)
