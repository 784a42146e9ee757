"""What a catalogue's columns mean: by their UCD where it is stated, then by their unit, at last guessed from their names.

UCDs are the words of the Virtual Observatory for what a column holds (Unified Content Descriptors 1+, IVOA Recommendation
1.5, 2023), such as ``pos.eq.ra;meta.main``; VizieR's older ones, such as ``POS_EQ_RA_MAIN``, are understood too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column, Role, column_for
from qsocore.surveys._meaning import angle_in_degrees, kind_of, system_of

_RA = (r"_?(des_)?(ra|raj2000|ra_?icrs|ra_?deg|alpha_?j2000|alphawin_j2000|target_ra|ra_?obj|ra_?mean|plug_ra|"
       r"right_?ascension|s_ra)_?(des|1|2)?")
_DEC = (r"_?(des_)?(dec|de|dej2000|de_?icrs|dec_?icrs|dec?_?deg|delta_?j2000|deltawin_j2000|target_dec|dec_?obj|dec_?mean|"
        r"plug_dec|declination|s_dec)_?(des|1|2)?")
_ROLES: tuple[tuple[str, Role], ...] = (
    (_RA, "coordinate"), (_DEC, "coordinate"),
    (r"(mag|flux)_?lim(it)?(_.*)?|.*_(mag|flux)?_?lim(it)?|(upper|lower)_?limit(_.*)?", "limit"),
    (r".*(_?err(or)?|_?unc|sigma|_ivar)|(e|err)_.*|.*magerr.*|.*fluxerr.*", "error"),
    (r".*mag(_.*)?|[ugriyjhk]|w[1-4]|m_i", "magnitude"),
    (r".*flux(_.*)?", "flux"),
    (r"(obj(ect)?_?)?id|.*_(obj)?id|obsid|objid|thing_?id|targetid|spec_?obj_?id|source_?id|designation|name|.*_name|na_desig|"
     r"allwise|id_?str|ids", "id"),
    (r"z|zbest|redshift|z_.*|zspec|z_?source|zlens", "redshift"),
    (r"class|subclass|type|obj_?type|spectype|.*_type|.*_class", "label"),
    (r".*(flag|warn|mask|zwarning).*", "flag"),
    (r"s_?n.*|snr.*|.*_?snr?", "quality"),
)
_UCD_RA, _UCD_DEC = r"pos[._]eq[._]ra([._;].*)?", r"pos[._]eq[._]dec([._;].*)?"
_UCDS: tuple[tuple[str, Role], ...] = (
    (_UCD_RA, "coordinate"), (_UCD_DEC, "coordinate"), (r"meta\.id(;.*)?|id_(main|alternative|number)", "id"),
    (r"src\.redshift(\..*|;.*)?|redshift_hc", "redshift"), (r"(stat\.error|error)(;.*)?", "error"),
    (r"stat\.(max|min);phot\..*|phot\.(mag|flux).*;stat\.(max|min)(;.*)?", "limit"),
    (r"phot\.mag(;.*)?|phot_mag.*", "magnitude"),
    (r"phot\.flux(\.density.*)?(;.*)?|phot_flux.*", "flux"), (r"src\.class.*|meta\.code\.class.*|class_.*", "label"),
    (r"meta\.code.*|code_.*", "flag"), (r"stat\.snr.*", "quality"),
)
_NUMERIC = ("magnitude", "flux", "error", "limit", "redshift", "quality")
_UNITS_OF: dict[Role, tuple[str, ...]] = {"coordinate": ("angle", "time"), "magnitude": ("magnitude",), "flux": ("flux",),
                                          "redshift": ()}
_MISSING = (-9999.0, -999.0, -99.0)
_NO_MAGNITUDE = (99.0, 99.99, 99.9)


def role_of(name: str, values: NDArray, beside: Iterable[str] = (), unit: str = "", ucd: str = "") -> Role:
    """The role of a column by its UCD, its unit, its name and those beside it.

    An id is text or integer, never a float, which has lost digits; z between u, g, r, i and a redshift is a magnitude. A unit
    overrules a name: what is in magnitudes is no redshift, and what is in kiloparsec is neither.
    """
    kind = np.asarray(values).dtype.kind
    stated = _of(ucd.strip().lower(), kind, _UCDS) if ucd else None
    if stated:
        return stated
    lower = _plain(name)
    ugriz = lower == "z" and {"g", "r", "i", "redshift"} <= {_plain(other) for other in beside}
    guess = "magnitude" if ugriz else _of(lower, kind, _ROLES)
    measured = kind_of(unit) if unit and kind not in "OUT" else ""
    if measured in ("magnitude", "flux") and guess not in ("error", "limit", "flag", "quality"):
        return measured
    if measured and measured not in _UNITS_OF.get(guess, (measured,)):
        return "property"
    return guess or ("label" if kind in "OUT" else "property")


def _of(text: str, kind: str, table: Iterable[tuple[str, Role]]) -> Role | None:
    """The first role whose pattern fits and which values of that kind can have."""
    for pattern, role in table:
        if re.fullmatch(pattern, text) and not (role == "id" and kind == "f") and not (role in _NUMERIC and kind in "OUT"):
            return role
    return None


def coordinates(names: Iterable[str], ucds: Mapping[str, str] | None = None) -> tuple[str, str] | None:
    """The right ascension and declination columns; None when there is none.

    By UCD where a pair has one, the main one first; else the first pair of one spelling.
    """
    names, ucds = list(names), {name: ucd.strip().lower() for name, ucd in (ucds or {}).items()}
    for wanted in ("main", ""):
        pair = tuple(next((name for name in names if re.fullmatch(pattern, ucds.get(name, "")) and wanted in ucds[name]), None)
                     for pattern in (_UCD_RA, _UCD_DEC))
        if None not in pair:
            return pair
    right = [name for name in names if re.fullmatch(_RA, _plain(name))]
    down = [name for name in names if re.fullmatch(_DEC, _plain(name))]
    for ra in right:
        for dec in down:
            if re.sub("ra|alpha|right_?ascension", "", _plain(ra)) == re.sub("dec?|delta|declination", "", _plain(dec)):
                return ra, dec
    return (right[0], down[0]) if right and down else None


def positions(columns: Mapping[str, Column],
              values: Mapping[str, NDArray]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Right ascension and declination of a table's rows, degrees, (n,) each; None when it has none.

    Parameters
    ----------
    columns : mapping of str to Column
        Their UCDs and units are heeded: degrees, hours, radians; what has no unit is in degrees.
    values : mapping of str to ndarray, shape (n,)
        Sexagesimal texts are hours and degrees.

    Raises
    ------
    ReadError
        ``not-an-angle`` for a unit or a text that is none.
    """
    names = coordinates(columns, {name: column.ucd for name, column in columns.items()})
    if names is None:
        return None
    return tuple(angle_in_degrees(np.asarray(values[name]), columns[name].unit, name, hours)
                 for name, hours in zip(names, (True, False), strict=True))


def column_of(name: str, values: NDArray, unit: str = "", description: str = "", beside: Iterable[str] = (),
              ucd: str = "") -> Column:
    """A column with role, unit, magnitude system and those sentinels that its values hold."""
    values = np.asarray(values)
    guess = column_for(f"{name} ", values)  # the space: no standard column is meant
    role = role_of(name, values, beside, unit, ucd)
    if role == "coordinate" and guess.dtype != "string":
        unit = unit or "deg"
    if role == "magnitude":
        unit = unit or "mag"
    system = system_of(unit, description) if role in ("magnitude", "error", "limit") else ""
    held = tuple(value for value in sentinels(role, name) if values.dtype.kind in "fiu" and (values == value).any())
    return Column(name, guess.dtype, role, unit, description, held, ucd, system)


def sentinels(role: Role, name: str) -> tuple[float, ...]:
    """Numbers that mean "missing" in a column of that role: 99 in magnitudes and their errors, -9999 in most others."""
    if role in ("id", "flag", "coordinate"):
        return ()
    return _MISSING + (_NO_MAGNITUDE if role == "magnitude" or "mag" in name.lower() else ())


def _plain(name: str) -> str:
    return re.sub(r"\[.*?\]|\(.*?\)", "", name).strip().lower()
