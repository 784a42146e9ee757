"""Photometry under fixed names: ``mag_g``, ``magerr_g`` (AB), ``flux_g``, ``fluxerr_g`` (microjansky where that is known)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from qsocore.surveys._bands import KNOWN

if TYPE_CHECKING:
    from qsocore.surveys.tables import CatalogTable

_KINDS = {"mag": "mag", "magerr": "magerr", "mag_err": "magerr", "magnitude": "mag", "flux": "flux", "fluxerr": "fluxerr",
          "flux_err": "fluxerr"}
_WORDS = "|".join(sorted(_KINDS, key=len, reverse=True))
_FIRST, _LAST = re.compile(rf"(\w+?)_({_WORDS})", re.IGNORECASE), re.compile(rf"({_WORDS})_(\w+)", re.IGNORECASE)
_AGREE = 0.01  # of a flux and the one that its AB magnitude means
_ZERO = 23.9  # AB magnitude of a microjansky


def photometry(names: Iterable[str]) -> dict[str, str]:
    """Fixed names of those columns that are one band's magnitude, flux or error: ``g_mag``, ``MAG_G`` and ``mag_g`` are mag_g.

    A band is known by its letter's case (y and Y differ), unless the whole name is in capitals. Of names that would come twice
    the one that is written so already has it, and the others stay as they are.
    """
    found: dict[str, str] = {}
    for name in names:
        first, last = _FIRST.fullmatch(name), _LAST.fullmatch(name)
        band, kind = (first[1], first[2]) if first else (last[2], last[1]) if last else ("", "")
        if kind and name.isupper() and len(band) == 1 and band != "Y":
            band = band.lower() if band.lower() in KNOWN else band
        if band in KNOWN:
            found[name] = f"{_KINDS[kind.lower()]}_{band}"
    taken = list(found.values())
    return {name: new for name, new in found.items() if taken.count(new) == 1 or name == new}


def in_microjansky(table: CatalogTable) -> set[str]:
    """Columns of fluxes, and their errors, that the same table's AB magnitudes show to be in microjansky."""
    names = {new: name for name, new in photometry(table.columns).items()}
    out: set[str] = set()
    for band in KNOWN:
        if f"mag_{band}" not in names or f"flux_{band}" not in names:
            continue
        magnitude, flux = (table.frame[names[f"{kind}_{band}"]].to_numpy() for kind in ("mag", "flux"))
        if magnitude.dtype.kind != "f" or flux.dtype.kind != "f":
            continue
        good = (magnitude > 0) & (magnitude < 50) & (flux > 0)
        ratio = flux[good] / 10.0 ** (0.4 * (_ZERO - magnitude[good]))
        if good.any() and abs(np.median(ratio) - 1.0) < _AGREE:
            out |= {names[name] for name in (f"flux_{band}", f"fluxerr_{band}") if name in names}
    return out
