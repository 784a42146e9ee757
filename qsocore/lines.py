"""The line list: rest wavelengths in vacuum Angstrom, each with its source; air values are converted here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from qsocore.units import air_to_vacuum


@dataclass(frozen=True)
class Line:
    """A spectral line.

    Parameters
    ----------
    name : str
        As written beside the mark; a blend says so.
    wave : float
        Rest wavelength, vacuum Angstrom.
    kind : {"emission", "absorption"}
        As what it is usually seen.
    major : bool
        Whether it is shown when only the major lines are.
    source : str
        Where the wavelength comes from.
    """

    name: str
    wave: float
    kind: Literal["emission", "absorption"]
    major: bool
    source: str


_MORTON = "Morton 2003, ApJS 149, 205 (vacuum)"
_NIST = "NIST ASD (air, converted by Ciddor 1996)"
_NIST_VACUUM = "NIST ASD (vacuum)"
_SDSS = "SDSS spectral line table (vacuum)"

# name, wavelength, major, in air, source
_EMISSION = (
    ("Lyβ", 1025.72, False, False, _MORTON),
    ("Lyα", 1215.67, True, False, _MORTON),
    ("N V", 1240.81, False, False, _SDSS),
    ("Si IV", 1393.75, True, False, _MORTON),
    ("Si IV", 1402.77, False, False, _MORTON),
    ("C IV blend", 1549.48, True, False, _SDSS),
    ("He II", 1640.42, False, False, _SDSS),
    ("O III]", 1660.81, False, False, _NIST_VACUUM),
    ("O III]", 1666.15, False, False, _NIST_VACUUM),
    ("Al III", 1854.72, False, False, _MORTON),
    ("Al III", 1862.79, False, False, _MORTON),
    ("Si III]", 1892.03, False, False, _NIST_VACUUM),
    ("C III]", 1908.73, True, False, _SDSS),
    ("Mg II", 2796.354, True, False, _MORTON),
    ("Mg II", 2803.532, False, False, _MORTON),
    ("[Ne V]", 3346.79, False, False, _SDSS),
    ("[Ne V]", 3426.85, False, False, _SDSS),
    ("[O II]", 3726.03, False, True, _NIST),
    ("[O II]", 3728.82, True, True, _NIST),
    ("[Ne III]", 3868.76, False, True, _NIST),
    ("Hδ", 4101.73, False, True, _NIST),
    ("Hγ", 4340.46, True, True, _NIST),
    ("He II", 4685.68, False, True, _NIST),
    ("Hβ", 4861.33, True, True, _NIST),
    ("[O III]", 4958.91, False, True, _NIST),
    ("[O III]", 5006.84, True, True, _NIST),
    ("[N II]", 6548.05, False, True, _NIST),
    ("Hα", 6562.80, True, True, _NIST),
    ("[N II]", 6583.45, False, True, _NIST),
    ("[S II]", 6716.44, True, True, _NIST),
    ("[S II]", 6730.82, False, True, _NIST),
)
_ABSORPTION = (
    ("Si II", 1260.42, False, False, _MORTON),
    ("O I", 1302.17, False, False, _MORTON),
    ("C II", 1334.53, False, False, _MORTON),
    ("Si II", 1526.71, False, False, _MORTON),
    ("C IV", 1548.20, True, False, _MORTON),
    ("C IV", 1550.77, False, False, _MORTON),
    ("Fe II", 1608.45, False, False, _MORTON),
    ("Al II", 1670.79, False, False, _MORTON),
    ("Fe II", 2344.21, False, False, _MORTON),
    ("Fe II", 2374.46, False, False, _MORTON),
    ("Fe II", 2382.76, False, False, _MORTON),
    ("Ca K", 3933.66, True, True, _NIST),
    ("Ca H", 3968.47, True, True, _NIST),
    ("G band", 4307.7, True, True, _NIST),
    ("Mg b", 5175.0, True, True, _NIST),
    ("Na D", 5889.95, True, True, _NIST),
    ("Na D", 5895.92, False, True, _NIST),
)


@cache
def line_list(kind: str | None = None, major_only: bool = False) -> tuple[Line, ...]:
    """The lines in order of wavelength.

    Parameters
    ----------
    kind : {"emission", "absorption"}, optional
        Only these.
    major_only : bool
        Only those worth marking on a crowded plot.
    """
    lines = [
        Line(name, float(air_to_vacuum(wave)) if in_air else wave, tag, major, source)
        for tag, table in (("emission", _EMISSION), ("absorption", _ABSORPTION))
        for name, wave, major, in_air, source in table
        if kind in (None, tag) and (major or not major_only)
    ]
    return tuple(sorted(lines, key=lambda line: line.wave))
