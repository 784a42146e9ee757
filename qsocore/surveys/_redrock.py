"""Redshifts that DESI keeps in a file beside the spectra: redrock-*.fits, before 2022 zbest-*.fits."""

from __future__ import annotations

from pathlib import Path

from qsocore.errors import ReadError
from qsocore.surveys._blocks import BinTable
from qsocore.surveys.probe import Probe

_SPECTRA, _REDSHIFTS = ("coadd-", "spectra-"), ("redrock-", "zbest-")


class Redshifts:
    """Best-fit redshifts by TARGETID (redrock: Bailey et al., in preparation; data model of DESI EDR: DESI Collaboration 2024,
    AJ 168, 58).

    Parameters
    ----------
    table : BinTable or None
        HDU REDSHIFTS; None when there is no such file.
    note : str
        What was wrong with the file, "" for nothing.
    """

    def __init__(self, table: BinTable | None = None, note: str = ""):
        self.note, self._table = note, table
        self._row = {} if table is None else {int(target): row for row, target in reversed(list(enumerate(table["TARGETID"])))}

    @classmethod
    def beside(cls, path: Path) -> Redshifts:
        """Those of the file of the same suffix in the same folder, with its compression or without; none when there is none."""
        found = next((other for other in _candidates(path) if other.exists()), None)
        if found is None:
            return cls()
        try:
            with Probe(found) as probe:
                return cls(probe.table("REDSHIFTS" if "REDSHIFTS" in probe.hdu_names else "ZBEST"))
        except ReadError as error:
            return cls(note=f"the redshifts in {found.name} could not be read: {error.what}")

    def get(self, target: int) -> dict:
        """Catalogue values of a target; empty where redrock has none."""
        if target not in self._row:
            return {}
        row, table = self._row[target], self._table
        kind = str(table.value("SPECTYPE", row, ""))
        z_err = float(table.value("ZERR", row, float("nan")))
        return {"z": float(table.value("Z", row, float("nan"))) if kind else float("nan"),
                "z_err": z_err if z_err > 0 else float("nan"), "z_warn": int(table.value("ZWARN", row, 0)), "class": kind,
                "subclass": str(table.value("SUBTYPE", row, "")),
                "delta_chi2": float(table.value("DELTACHI2", row, float("nan")))}


def _candidates(path: Path) -> list[Path]:
    """Names under which redshifts may lie beside a file; a copy marked by ``__anything`` also looks for the unmarked one."""
    stem, dot, _ = path.name.partition(".fits")
    prefix = next((prefix for prefix in _SPECTRA if stem.startswith(prefix)), None)
    if prefix is None or not dot:
        return []
    rest = stem.removeprefix(prefix)
    stems = dict.fromkeys((rest, rest.partition("__")[0]))
    return [path.with_name(f"{kind}{name}{ending}") for name in stems for kind in _REDSHIFTS
            for ending in (".fits", ".fits.gz")]
