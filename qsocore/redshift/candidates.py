"""Redshifts worth trying: what a network says, and what would be right had it taken one line for another."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.units import C_KM_S

LINES = MappingProxyType({"LYA": 1215.67, "CIV": 1549.06, "CIII": 1908.73, "MGII": 2799.1, "HB": 4862.68, "HA": 6564.61})
"""Rest wavelengths (vacuum Angstrom) of a redshift network's lines, by the names of its columns."""

CONFUSED = (("LYA", "CIV"), ("CIV", "LYA"), ("CIV", "CIII"), ("CIII", "CIV"), ("CIV", "MGII"), ("MGII", "CIV"),
            ("CIII", "MGII"), ("MGII", "CIII"), ("LYA", "MGII"), ("MGII", "LYA"), ("MGII", "HB"), ("HB", "MGII"),
            ("MGII", "HA"), ("HA", "MGII"), ("HB", "HA"), ("HA", "HB"))
"""Pairs of lines, of which the first is taken for the second."""

CONFIDENT = 0.2
"""Confidence from which a line's redshift is a candidate."""

_SEEN = (3600.0, 10200.0)  # Angstrom: a line mistaken for another is one that is seen
_SAME = 3000.0  # km/s: a later candidate that is nearer to an earlier one adds nothing
_MOST = 5.7


def candidates_from(columns: Mapping[str, ArrayLike], confident: float = CONFIDENT) -> NDArray[np.float64]:
    """Candidate redshifts (n, k) from a redshift network's columns, NaN where there are fewer.

    Parameters
    ----------
    columns : mapping of array_like, each (n,)
        ``z_pred``; and, where they are, ``z_2nd``, ``z_<LINE>`` and ``c_<LINE>`` of `LINES`.
    confident : float
        Lines below this confidence are left out.

    Returns
    -------
    ndarray
        ``z_pred``, ``z_2nd``, the confident lines, and the redshifts if ``z_pred`` rests on a line taken for another
        (`CONFUSED`); none twice.
    """
    z_pred = np.asarray(columns["z_pred"], np.float64)
    stated = [z_pred]
    if "z_2nd" in columns:
        stated.append(np.asarray(columns["z_2nd"], np.float64))
    own = [*stated]
    for name in LINES:
        if f"z_{name}" in columns and f"c_{name}" in columns:
            sure = np.asarray(columns[f"c_{name}"]) >= confident
            own.append(np.where(sure, np.asarray(columns[f"z_{name}"], np.float64), np.nan))
    return distinct(np.stack([*own, *(mistaken(z_pred).T)], axis=1))


def mistaken(z: ArrayLike) -> NDArray[np.float64]:
    """Redshifts (n, pairs) if a redshift (n,) came from the second line of each of `CONFUSED`, where the first was seen."""
    z = np.asarray(z, np.float64)
    out = np.full((len(z), len(CONFUSED)), np.nan)
    for place, (seen, called) in enumerate(CONFUSED):
        at = LINES[called] * (1 + z)
        out[:, place] = np.where((at > _SEEN[0]) & (at < _SEEN[1]), at / LINES[seen] - 1, np.nan)
    return out


def distinct(z: ArrayLike, apart: float = _SAME) -> NDArray[np.float64]:
    """Redshifts (n, k) less those out of range or within `apart` km/s of an earlier one; NaN last, no column of NaN only."""
    z = np.array(z, np.float64)
    with np.errstate(invalid="ignore"):
        z[~((z > -0.02) & (z < _MOST))] = np.nan
        for place in range(1, z.shape[1]):
            near = np.abs(z[:, :place] - z[:, place:place + 1]) * C_KM_S < apart * (1 + z[:, place:place + 1])
            z[near.any(axis=1), place] = np.nan
    order = np.argsort(np.isnan(z), axis=1, kind="stable")
    z = np.take_along_axis(z, order, axis=1)
    return z[:, :max(int((~np.isnan(z)).sum(axis=1).max(initial=0)), 1)]
