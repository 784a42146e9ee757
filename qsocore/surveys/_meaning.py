"""What the unit of a catalogue's column says: of which kind it is, and how to have it in degrees or in microjansky."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError

_MAGGIES = re.compile(r"\b(n|nano)?(mgy|magg(y|ies))\b", re.IGNORECASE)
_SYSTEMS = (("AB", re.compile(r"\bAB\b|ABmag|\bmag\(AB\)")), ("Vega", re.compile(r"\bvega\w*\b", re.IGNORECASE)))


@lru_cache(512)
def parsed(unit: str):
    """An astropy unit, None for what astropy does not understand; nanomaggies as surveys spell them."""
    from astropy import units as u

    text = _MAGGIES.sub(lambda match: "nmgy" if match[1] else "mgy", unit.strip()).replace("ABmag", "mag(AB)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        found = u.Unit(text, parse_strict="silent")
    return None if isinstance(found, u.UnrecognizedUnit) else found


@lru_cache(512)
def kind_of(unit: str) -> str:
    """"magnitude", "flux" (a flux density per frequency or wavelength, or maggies), "angle", "time", "other"; "" for none."""
    from astropy import units as u

    found = parsed(unit)
    if found is None or (found.physical_type == "dimensionless" and found != u.mag):
        return ""
    if isinstance(found, u.MagUnit) or found == u.mag:
        return "magnitude"
    if found.physical_type in ("angle", "time"):
        return str(found.physical_type)
    flux = found.is_equivalent(u.mgy) or found.is_equivalent(u.Jy, u.spectral_density(5000 * u.AA))
    return "flux" if flux else "other"


def system_of(unit: str, description: str) -> str:
    """"AB" or "Vega" where a unit such as ``mag(AB)`` or a description says so, "" where neither or both do."""
    found = [system for system, pattern in _SYSTEMS if pattern.search(unit) or pattern.search(description)]
    return found[0] if len(found) == 1 else ""


def microjansky_per(unit: str) -> float | None:
    """What to multiply a flux with to have microjansky; None for a unit that is no flux per frequency.

    A maggy is the flux of AB magnitude 0, 3631 Jy (Oke & Gunn 1983).
    """
    from astropy import units as u

    found = parsed(unit) if unit else None
    if found is None or isinstance(found, u.MagUnit):
        return None
    try:
        return float((1.0 * found).to_value(u.uJy, u.zero_point_flux(3631 * u.Jy)))
    except u.UnitConversionError:
        return None


def angle_in_degrees(values: NDArray, unit: str, name: str, hours: bool) -> NDArray[np.float64]:
    """Angles in degrees, shape as `values`: texts are sexagesimal (hours of a right ascension), missing ones NaN.

    Raises
    ------
    ReadError
        ``not-an-angle`` for a unit or a text that is none.
    """
    from astropy import units as u

    found = parsed(unit) if unit else u.deg
    if values.dtype.kind in "OUT":
        return _from_text(values, name, hours, unit)
    if found is not None and found.is_equivalent(u.hour) and hours:  # "h" is what tables write for hours of right ascension
        found = u.Unit(found.to(u.hour) * u.hourangle)
    if found is None or not found.is_equivalent(u.deg):
        raise ReadError("not-an-angle", f"column {name} is in {unit!r}, which is no angle", None,
                        "give coordinates in degrees, hours or radians")
    return values.astype(np.float64) * float((1.0 * found).to_value(u.deg))


def _from_text(values: NDArray, name: str, hours: bool, unit: str) -> NDArray[np.float64]:
    from astropy import units as u
    from astropy.coordinates import Angle

    text = np.array([str(value) if value is not None else "" for value in values])
    out = np.full(len(text), np.nan)
    known = np.array([bool(word.strip()) and word.strip().lower() != "nan" for word in text], bool)
    plain = all(re.fullmatch(r"\s*[-+]?\d+\.?\d*([eE][-+]?\d+)?\s*", word) for word in text[known])
    try:
        if plain:  # numbers written as text
            out[known] = text[known].astype(float) * (parsed(unit) if unit else u.deg).to(u.deg)
        elif known.any():
            out[known] = Angle(text[known], "hourangle" if hours else "deg").deg
    except (ValueError, AttributeError, u.UnitsError) as error:
        raise ReadError("not-an-angle", f"column {name} holds {' '.join(str(error).split())[:80]!r}, which is no angle", None,
                        "write it as 12:30:00 -30:00:00, or in degrees") from None
    return out
