"""Magnitudes of an object by band, as its catalogue has them; 99 and nothing at all mean that it was not detected."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

NOT_DETECTED = "not detected"
_FAINTEST = 90.0  # what is fainter is a sign, not a magnitude


def magnitudes(row: Mapping[str, Any]) -> dict[str, str]:
    """What is said of each band for which a catalogue row has a column ``mag_BAND``, in the columns' order.

    Examples
    --------
    >>> magnitudes({"mag_g": 99.0, "mag_r": 21.337, "magerr_r": 0.0512, "mag_J": None})
    {'g': 'not detected', 'r': '21.34 ± 0.05', 'J': 'not detected'}
    """
    bands = [name.removeprefix("mag_") for name in row if name.startswith("mag_")]
    return {band: _said(row[f"mag_{band}"], row.get(f"magerr_{band}")) for band in bands}


def _said(value: Any, error: Any) -> str:
    if not _is_magnitude(value):
        return NOT_DETECTED
    return f"{value:.2f}" + (f" ± {error:.2f}" if _is_magnitude(error) else "")


def _is_magnitude(value: Any) -> bool:
    return value is not None and value == value and value < _FAINTEST


def others(said: Mapping[str, str], bands: Collection[str]) -> dict[str, str]:
    """Those of bands in which there is no image."""
    return {band: text for band, text in said.items() if band not in bands}
