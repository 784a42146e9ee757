"""What a file's words for its flux unit mean: a flux density to convert, counts to keep, or something that is no flux."""

from __future__ import annotations

import re
import warnings

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError

_PLAUSIBLE = 1e9  # 1e-17 erg/s/cm2/A; Sirius has 1.2e9 at 5500 A, so a median beyond is no flux density of any target
_COUNTS = re.compile(r"\b(counts?|cts?|adu|du|dn|e-|electrons?|photons?|ph|normali[sz]ed|relative|arbitrary|none|unitless)\b")


def flux_factor(unit: str | None, wave: NDArray, flux: NDArray, where: object) -> tuple[NDArray | float, bool, tuple[str, ...]]:
    """What to multiply a flux with to have 1e-17 erg/s/cm2/Angstrom.

    Parameters
    ----------
    unit : str or None
        As in BUNIT or TUNIT.
    wave : ndarray, shape (n,)
        Vacuum Angstrom, for units per frequency.
    flux : ndarray, shape (n,)
        As in the file; guards against a unit that the values belie.
    where : object
        File for messages.

    Returns
    -------
    factor : ndarray (n,) or float
        1 where the flux is not calibrated.
    calibrated : bool
    notes : tuple of str

    Raises
    ------
    ReadError
        ``wrong-unit`` for a unit that is known and is no flux (seconds, Kelvin, magnitudes).
    """
    text = str(unit or "").strip()
    if not text:
        return 1.0, False, ("flux kept as in the file: it states no unit",)
    if _COUNTS.search(text.lower()):
        return 1.0, False, ()
    from astropy import units as u  # here: astropy is slow to import

    parsed = _parse(text)
    if parsed is None:
        return 1.0, False, (f"flux kept as in the file: its unit {text!r} is not understood",)
    if parsed.physical_type == "dimensionless":
        return 1.0, False, ()
    house = 1e-17 * u.erg / u.s / u.cm**2 / u.AA
    try:
        factor = np.asarray((1.0 * parsed).to_value(house, equivalencies=u.spectral_density(wave * u.AA)))
    except u.UnitConversionError:
        raise ReadError("wrong-unit", f"the flux is in {text!r}, which is no flux density", where,
                        "give a flux density or counts") from None
    if np.nanmedian(np.abs(flux * factor)) > _PLAUSIBLE:
        return 1.0, False, (f"flux kept as in the file: its values are not in {text!r} (normalised?)",)
    return factor, True, ()


def _parse(text: str):
    """An astropy unit from the spellings that surveys use, None when there is none."""
    from astropy import units as u

    scale = 1.0
    match = re.match(r"\s*(?:10(?:\^|\*\*)?\s*\(?(?P<power>[+-]\d+)\)?|(?P<number>\d*\.?\d+[eE][+-]?\d+))\s*\*?\s*(?=\D)", text)
    if match:
        scale = 10.0 ** int(match["power"]) if match["power"] else float(match["number"])
        text = text[match.end():]
    text = re.sub(r"ergs\b", "erg", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(angstroms?|ang|a)\b(?=[\s^*)/-]|$|\d)", "Angstrom", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(secs?|seconds?)\b", "s", text).replace("Å", "Angstrom").replace("microns", "micron")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        parsed = u.Unit(text.strip(), parse_strict="silent")
    return None if isinstance(parsed, u.UnrecognizedUnit) else u.CompositeUnit(scale, [parsed], [1])
