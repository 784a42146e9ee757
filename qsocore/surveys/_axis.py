"""Wavelength axes of FITS files: what a header says of unit, spacing and medium, turned into vacuum Angstrom.

References
----------
Greisen et al. (2006), A&A 446, 747 (FITS paper III: ``WAVE`` vacuum, ``AWAV`` air, ``-LOG``); Valdes (1993), ASP Conf. 52, 467
(IRAF's ``DC-FLAG`` and multispec axes).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev, legendre
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.units import air_to_vacuum

_TO_ANGSTROM = {"angstrom": 1.0, "ang": 1.0, "a": 1.0, "aa": 1.0, "å": 1.0, "0.1nm": 1.0, "nm": 10.0, "nanometer": 10.0,
                "nanometre": 10.0, "um": 1e4, "µm": 1e4, "micron": 1e4, "micrometer": 1e4, "micrometre": 1e4, "m": 1e10,
                "mm": 1e7, "cm": 1e8, "meter": 1e10, "metre": 1e10}

# Pipelines that put the medium into no keyword: MAKEE (HIRES), XIDL (ESI) and mage_pipe write vacuum, spec2d (DEIMOS) air.
_PIPELINE_MEDIUM = {"hires": "vacuum", "esi:": "vacuum", "mage": "vacuum", "deimos": "air"}


@dataclass(frozen=True)
class Axis:
    """Wavelengths of a file's pixels, before the medium is taken out.

    Parameters
    ----------
    wave : ndarray, shape (n,)
        Angstrom in `medium`.
    medium : {"air", "vacuum"}
        In which the wavelengths are.
    notes : tuple of str
        What had to be assumed.
    """

    wave: NDArray[np.float64]
    medium: str
    notes: tuple[str, ...] = ()

    @property
    def vacuum(self) -> NDArray[np.float64]:
        """Vacuum wavelengths, Angstrom, shape (n,)."""
        return air_to_vacuum(self.wave) if self.medium == "air" else self.wave


def has_wcs(header) -> bool:
    """Whether a header describes a wavelength axis along its first image axis."""
    if "WAT2_001" in header and "multispec" in str(header.get("WAT0_001", "")):
        return True
    stepped = "CRVAL1" in header and ("CDELT1" in header or "CD1_1" in header)
    return stepped and _spectral(header)


def from_wcs(header, n: int, where: object) -> Axis:
    """Wavelengths of n pixels by the header's coordinate system (linear, log-linear or IRAF multispec).

    Raises
    ------
    ReadError
        ``bad-wavelength`` for an axis that cannot be understood, ``wrong-unit`` for one that is no wavelength.
    """
    if "multispec" in str(header.get("WAT0_001", "")):
        wave, unit = _multispec(header, n, where), _iraf_unit(header) or "angstroms"
    else:
        step = header.get("CDELT1") or header.get("CD1_1")
        wave = header["CRVAL1"] + float(step or 0.0) * (np.arange(n) + 1.0 - float(header.get("CRPIX1", 1.0)))
        unit = str(header.get("CUNIT1") or _iraf_unit(header) or "")
        if str(header.get("CTYPE1", "")).upper().endswith("-LOG"):  # FITS paper III: natural logarithm about CRVAL1
            wave = header["CRVAL1"] * np.exp(wave / header["CRVAL1"] - 1.0)
        elif header.get("DC-FLAG") == 1 or _log_words(header):
            unit = f"log10 {unit or 'angstrom'}"
    wave, notes = to_angstrom(wave, unit, where)
    medium, assumed = medium_of(header)
    return Axis(wave, medium, notes + assumed)


def from_column(values: NDArray, name: str, unit: str, header, where: object, says: str = "") -> Axis:
    """Wavelengths of a table column; `says` is what else the header says of that column (UCD, comment)."""
    lower = name.lower()
    if "log" in lower and "log" not in unit.lower():
        unit = f"{'ln' if lower.startswith('ln') else 'log10'} {unit or 'angstrom'}"
    wave, notes = to_angstrom(values, unit, where)
    medium, assumed = medium_of(header, f"{name} {says}")
    return Axis(wave, medium, notes + assumed)


def to_angstrom(values: NDArray, unit: str, where: object) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Values of a stated (or, failing that, plain) wavelength unit in Angstrom, with a note where it was guessed.

    Raises
    ------
    ReadError
        ``wrong-unit`` for a unit that is no length.
    """
    values = np.asarray(values, dtype=np.float64)
    text = re.sub(r"[()\[\]]", " ", str(unit)).strip().lower()
    base = 10.0 if re.match(r"(log10|log)\b", text) else np.e if text.startswith("ln") else None
    text = re.sub(r"^(log10|log|ln)\b", "", text).strip().removeprefix("lambda").strip()
    singular = text[:-1] if text.endswith("s") and text[:-1] in _TO_ANGSTROM else text
    if text and singular not in _TO_ANGSTROM:
        raise ReadError("wrong-unit", f"the wavelength axis is in {unit!r}, which is no length", where,
                        "state Angstrom, nm, um or their logarithm")
    if base is not None:
        with np.errstate(over="ignore"):
            return base**values * _TO_ANGSTROM.get(singular, 1.0), ()
    if text:
        return values * _TO_ANGSTROM[singular], ()
    return _guess_unit(values, where)


def medium_of(header, says: str = "") -> tuple[str, tuple[str, ...]]:
    """In which medium wavelengths are, and a note when no keyword says so.

    Parameters
    ----------
    header : mapping
        FITS header.
    says : str
        Further words about the axis: column name, UCD, comment.
    """
    says, ctype = says.lower(), str(header.get("CTYPE1", "")).upper()
    if "VACUUM" in header:
        return ("vacuum" if header["VACUUM"] in (True, 1, "T", "true", "True") else "air"), ()
    stated = str(header.get("AIRORVAC", header.get("WAVEMED", ""))).lower()
    words = re.split(r"[^a-z.]+", f"{says} {stated}")
    if ctype.startswith("AWAV") or "air" in words or "em.wl;obs.atmos" in says:
        return "air", ()
    standard = ctype.startswith("WAVE") and ctype[4:5] in ("", "-")  # not 2dfdr's "Wavelength"
    if standard or {"vac", "vacuum"} & set(words) or "em.wl" in words:
        return "vacuum", ()
    instrument = str(header.get("INSTRUME", "")).lower()
    for name, medium in _PIPELINE_MEDIUM.items():
        if name in instrument:
            return medium, (f"wavelengths taken as {medium}, as {name.strip(':').upper()}'s pipeline writes them",)
    if "IRAF" in str(header.get("ORIGIN", "")).upper() or "multispec" in str(header.get("WAT0_001", "")):
        return "air", ("wavelengths taken as air, as IRAF's line lists give them; the header does not say",)
    return "vacuum", ("wavelengths taken as vacuum; the header does not say",)


def _spectral(header) -> bool:
    ctype = str(header.get("CTYPE1", "")).upper()
    label = f"{header.get('CUNIT1', '')} {header.get('WAT1_001', '')}".lower()
    if ctype.startswith(("RA", "DEC", "GLON", "GLAT")):
        return False
    if ctype.startswith(("WAVE", "AWAV", "LAMBDA", "LINEAR", "LOG", "MULTISPE")) or "DC-FLAG" in header:
        return True
    return any(word in label for word in ("angstrom", "wavelength", "nm", "micron", "um"))


def _log_words(header) -> bool:
    """Whether a header says "log" in another way than DC-FLAG."""
    said = f"{header.get('CTYPE1', '')} {header.get('CUNIT1', '')} {header.get('WFITTYPE', '')}".upper()
    return "LOG" in said and "DC-FLAG" not in header


def _iraf_unit(header) -> str:
    match = re.search(r"units=\s*\"?(\w+)", "".join(str(header.get(f"WAT1_{i:03d}", "")) for i in range(1, 4)))
    return match.group(1) if match else ""


def _guess_unit(values: NDArray, where: object) -> tuple[NDArray, tuple[str, ...]]:
    """The unit by where optical and infrared spectra lie; lists the assumption as a note."""
    low, high = np.nanmin(values), np.nanmax(values)
    if high < 2.6:
        factor, name = 1e4, "um"
    elif low >= 3.0 and high <= 4.5:
        return 10.0**values, ("wavelengths taken as log10(Angstrom); the file does not say",)
    elif high < 1200:
        factor, name = 10.0, "nm"
    elif high < 1e6:
        factor, name = 1.0, "Angstrom"
    else:
        raise ReadError("bad-wavelength", f"wavelengths from {low:g} to {high:g} without a unit make no sense", where)
    return values * factor, (f"wavelengths taken as {name}; the file does not say",)


def _multispec(header, n: int, where: object) -> NDArray[np.float64]:
    """First spectrum of IRAF's multispec system: dtype 0 linear, 1 log-linear, 2 Chebyshev or Legendre."""
    # IRAF cuts the text into 68-character cards; a card's trailing blanks are part of it.
    cards = [str(header[key]).ljust(68) for key in sorted(k for k in header if re.fullmatch(r"WAT2_\d{3}", k))]
    match = re.search(r'spec1\s*=\s*"([^"]*)"', "".join(cards))
    if match is None:
        raise ReadError("bad-wavelength", "the multispec keywords (WAT2) hold no spectrum", where)
    try:
        words = [float(word) for word in shlex.split(match.group(1))]
        kind, first, step, z = int(words[2]), words[3], words[4], words[6]
        physical = np.arange(n) + 1.0 - float(header.get("LTV1", 0.0))  # pixel of the frame in which the fit was made
        if kind in (0, 1):
            wave = first + step * (physical - 1.0)
            wave = 10.0**wave if kind == 1 else wave
        else:
            wave = _fitted(words[9:], physical)
    except (IndexError, ValueError, KeyError) as error:
        raise ReadError("bad-wavelength", f"the multispec keywords (WAT2) cannot be understood: {error}", where) from None
    return wave / (1.0 + z)


def _fitted(words: list[float], physical: NDArray) -> NDArray[np.float64]:
    """Sum of IRAF's weighted dispersion functions: weight, zero point, type, order, low, high, coefficients."""
    wave = np.zeros(physical.shape)
    while words:
        weight, zero, kind, order, low, high = words[:6]
        coefficients, words = words[6:6 + int(order)], words[6 + int(order):]
        polynomial = {1: chebyshev.chebval, 2: legendre.legval}.get(int(kind))
        if polynomial is None:
            raise ValueError(f"dispersion function {int(kind)} is not supported")
        wave += weight * (zero + polynomial((2 * physical - (high + low)) / (high - low), coefficients))
    return wave
