"""What a catalogue's columns mean, guessed from their names and units."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column, Role, column_for

_RA = (r"_?(des_)?(ra|raj2000|ra_?icrs|ra_?deg|alpha_?j2000|alphawin_j2000|target_ra|ra_?obj|ra_?mean|plug_ra|"
       r"right_?ascension|s_ra)_?(des|1|2)?")
_DEC = (r"_?(des_)?(dec|de|dej2000|de_?icrs|dec_?icrs|dec?_?deg|delta_?j2000|deltawin_j2000|target_dec|dec_?obj|dec_?mean|"
        r"plug_dec|declination|s_dec)_?(des|1|2)?")
_ROLES: tuple[tuple[str, Role], ...] = (
    (_RA, "coordinate"), (_DEC, "coordinate"),
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
_MISSING = (-9999.0, -999.0, -99.0)
_NO_MAGNITUDE = (99.0, 99.99, 99.9)


def role_of(name: str, values: NDArray, beside: Iterable[str] = ()) -> Role:
    """The role of a column by its name and those beside it.

    An id is text or integer, never a float, which has lost digits; z between u, g, r, i and a redshift is a magnitude.
    """
    lower, kind = _plain(name), np.asarray(values).dtype.kind
    if lower == "z" and {"g", "r", "i", "redshift"} <= {_plain(other) for other in beside}:
        return "magnitude"
    for pattern, role in _ROLES:
        if re.fullmatch(pattern, lower) and not (role == "id" and kind == "f") and not (
                role in ("magnitude", "flux", "error", "redshift", "quality") and kind in "OUT"):
            return role
    return "label" if kind in "OUT" else "property"


def coordinates(names: list[str]) -> tuple[str, str] | None:
    """The right ascension and declination columns, the first pair of one spelling; None when there is none."""
    right = [name for name in names if re.fullmatch(_RA, _plain(name))]
    down = [name for name in names if re.fullmatch(_DEC, _plain(name))]
    for ra in right:
        for dec in down:
            if re.sub("ra|alpha|right_?ascension", "", _plain(ra)) == re.sub("dec?|delta|declination", "", _plain(dec)):
                return ra, dec
    return (right[0], down[0]) if right and down else None


def column_of(name: str, values: NDArray, unit: str = "", description: str = "", beside: Iterable[str] = ()) -> Column:
    """A column with role, unit and those sentinels that its values hold."""
    guess, role = column_for(f"{name} ", values), role_of(name, values, beside)  # the space: no standard column is meant
    if role == "coordinate" and guess.dtype != "string":
        unit = unit or "deg"
    if role == "magnitude":
        unit = unit or "mag"
    return Column(name, guess.dtype, role, unit, description, _sentinels(np.asarray(values), role, name))


def _sentinels(values: NDArray, role: Role, name: str) -> tuple[float, ...]:
    if values.dtype.kind not in "fiu" or role in ("id", "flag", "coordinate"):
        return ()
    candidates = _MISSING + (_NO_MAGNITUDE if role == "magnitude" or "mag" in name.lower() else ())
    return tuple(value for value in candidates if (values == value).any())


def _plain(name: str) -> str:
    return re.sub(r"\[.*?\]|\(.*?\)", "", name).strip().lower()
