"""Values of FITS headers and tables as the catalogue wants them: missing is NaN or "", never a sentinel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def number(header: Mapping[str, Any], key: str, missing: Iterable[float] = ()) -> float:
    """A number, or NaN where the key is absent, is no number, is not finite, or is one of the `missing` sentinels."""
    try:
        value = float(header.get(key))
    except (TypeError, ValueError):
        return float("nan")
    return value if np.isfinite(value) and value not in tuple(missing) else float("nan")


def text(header: Mapping[str, Any], key: str) -> str:
    """A stripped string, "" where the key is absent."""
    value = header.get(key)
    return "" if value is None else str(value).strip()


def degrees(header: Mapping[str, Any]) -> tuple[float, float]:
    """Right ascension and declination in degrees from RA/DEC, in degrees or sexagesimal hours and degrees; NaN if absent."""
    for ra_key, dec_key in (("RA_OBJ", "DEC_OBJ"), ("RA_TARG", "DEC_TARG"), ("OBSRA", "OBSDEC"), ("RA", "DEC")):
        ra, dec = header.get(ra_key), header.get(dec_key)
        if ra is None or dec is None or "boresight" in _comment(header, ra_key):  # the telescope's, not the object's
            continue
        right, declination = _angle(ra), _angle(dec)
        if np.isfinite(right + declination):
            return (right * 15.0 if _sexagesimal(ra) else right), declination
    return float("nan"), float("nan")


def _comment(header: Mapping[str, Any], key: str) -> str:
    return str(header.comments[key]).lower() if hasattr(header, "comments") else ""


def _sexagesimal(value: object) -> bool:
    return isinstance(value, str) and len(value.replace(":", " ").split()) == 3


def _angle(value: object) -> float:
    """Degrees (or hours) of a number or of ``d m s``."""
    try:
        if not _sexagesimal(value):
            return float(value)
        words = str(value).replace(":", " ").split()
        first, minutes, seconds = (abs(float(word)) for word in words)
    except (TypeError, ValueError):
        return float("nan")
    sign = -1.0 if words[0].startswith("-") else 1.0
    return sign * (first + minutes / 60.0 + seconds / 3600.0)
