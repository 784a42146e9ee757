"""Spectra of DESI by target: the coadds of healpixels in a public release, with their redshifts beside.

Layout
------
* ``RELEASE/spectro/redux/PRODUCTION/healpix/SURVEY/PROGRAM/GROUP/HEALPIX/coadd-SURVEY-PROGRAM-HEALPIX.fits``, GROUP being
  HEALPIX // 100; the production is fuji in EDR and iron in DR1. ``redrock-*.fits`` in the same folder holds redshifts and
  classes, which ``qso ingest`` reads from beside the coadd. (DESI's data model, DESI_SPECTRO_REDUX/SPECPROD/healpix.)
* A file holds every target of a healpixel, so that several objects of a table may need one; it is fetched once.
* Columns needed: survey (main, sv1, sv3 ...), program (dark, bright, backup, other) and healpix (nested, nside 64), as every
  catalogue of redshifts of DESI (zall-pix-*.fits, zpix-*.fits) has them beside TARGETID. A setting stands in for a column that
  is the same in all rows: ``--set survey=main --set program=dark``.
* Sums of every folder are beside it (``*.sha256sum``): fetch those and give them with ``--checksums``.

Citation: DESI Collaboration (2025), arXiv:2503.14745 (DR1); DESI Collaboration (2024), AJ 168, 58 (EDR).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from qsocore.archive import Objects, Request, Source
from qsocore.errors import ConfigError, ReadError

_PRODUCTIONS = {"edr": "fuji", "dr1": "iron"}
_NEEDED = ("survey", "program", "healpix")


@dataclass(frozen=True)
class Config:
    """What is fetched.

    Parameters
    ----------
    release : str
        Public release.
    survey, program, healpix : str
        For tables without such a column.
    redshifts : bool
        Fetch the redshifts of a healpixel too.
    mirror : str
        Where the archive stands.
    """

    release: Literal["edr", "dr1"] = "dr1"
    survey: str = ""
    program: str = ""
    healpix: str = ""
    redshifts: bool = True
    mirror: str = "https://data.desi.lbl.gov/public"


class Desi(Source):
    """DESI's public releases."""

    name = "desi"
    title = "DESI spectra"
    citation = "DESI Collaboration (2025), arXiv:2503.14745; DESI Collaboration (2024), AJ 168, 58"
    Config = Config

    def check(self, objects: Objects, config: Config) -> None:
        """Columns or settings must say survey, program and healpix."""
        lacking = [name for name in _NEEDED if not getattr(config, name) and objects.column(name) is None]
        if lacking:
            raise ConfigError(f"nothing says the {', '.join(lacking)} of its targets", objects.where,
                              f"join them from DESI's zall-pix catalogue by TARGETID, or --set {lacking[0]}=... for all")

    def find(self, objects: Objects, row: int, config: Config, client=None) -> list[Request]:
        """The coadd of the target's healpixel, and its redshifts; as `Source.find`."""
        survey, program, healpix = (_word(objects, row, config, name) for name in _NEEDED)
        folder = (f"{config.mirror.rstrip('/')}/{config.release}/spectro/redux/{_PRODUCTIONS[config.release]}/healpix/"
                  f"{survey}/{program}/{int(healpix) // 100}/{int(healpix)}")
        names = [f"{kind}-{survey}-{program}-{int(healpix)}.fits" for kind in ("coadd", "redrock")[:1 + config.redshifts]]
        return [Request(objects.ids[row], f"{folder}/{name}", name) for name in names]


def _word(objects: Objects, row: int, config: Config, name: str) -> str:
    column = objects.column(name)
    word = (objects.text(row, column) if column else "") or getattr(config, name)
    if not re.fullmatch(r"\d{1,5}" if name == "healpix" else r"[a-z0-9]+", word.lower()):
        raise ReadError("no-key", f"{word!r} is no {name}", objects.ids[row], f"correct its column {name}, or --set {name}=...")
    return word.lower()


SOURCE = Desi()
