"""Pages about a position or an object that several surveys point to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np

_RADIUS = 5.0  # arcsec, of a search at a position


def _position(row: Mapping[str, Any]) -> tuple[float, float] | None:
    """Right ascension and declination of a row in degrees, None for a row without them."""
    try:
        ra, dec = float(row["ra"]), float(row["dec"])
    except (KeyError, TypeError, ValueError):
        return None
    return (ra, dec) if np.isfinite(ra) and np.isfinite(dec) else None


def legacy_viewer(row: Mapping[str, Any]) -> dict[str, str]:
    """The DESI Legacy Imaging Surveys' viewer at the row's position; nothing for a row without one."""
    position = _position(row)
    if position is None:
        return {}
    ra, dec = position
    place = f"ra={ra:.6f}&dec={dec:.6f}&layer=ls-dr10&zoom=16&mark={ra:.6f},{dec:.6f}"
    return {"Legacy Surveys": f"https://www.legacysurvey.org/viewer?{place}"}


def by_position(row: Mapping[str, Any]) -> dict[str, str]:
    """What SDSS, the Legacy Surveys, SIMBAD and NED have at the row's position, whatever its survey."""
    position = _position(row)
    if position is None:
        return {}
    ra, dec = position
    return {
        "SDSS": f"https://skyserver.sdss.org/dr18/VisualTools/explore/summary?ra={ra:.6f}&dec={dec:.6f}",
        **legacy_viewer(row),
        "SIMBAD": "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord=" + quote(f"{ra:.6f} {dec:+.6f}")
                  + f"&CooFrame=ICRS&Radius={_RADIUS:g}&Radius.unit=arcsec",
        "NED": "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&in_csys=Equatorial"
               "&in_equinox=J2000&coordinates=" + quote(f"{ra:.6f}d {dec:+.6f}d") + f"&radius={_RADIUS / 60:.4f}",
    }
