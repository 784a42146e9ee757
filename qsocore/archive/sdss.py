"""Spectra of SDSS, BOSS and eBOSS by plate, MJD and fibre, from the Science Archive Server.

Layout
------
* ``RELEASE/sdss/spectro/redux/RUN2D/spectra/[lite/]PLATE4/spec-PLATE4-MJD-FIBER4.fits`` for the reductions 26, 103 and 104
  (SDSS-I/II, star clusters, SEGUE-2); ``RELEASE/eboss/spectro/redux/RUN2D/spectra/{lite,full}/...`` for those of BOSS and
  eBOSS, of which a release has one: v5_13_0 in DR16, v5_13_2 in DR17. A plate of BOSS that an earlier release reduced lies
  there under the new one. (SDSS's pages of data access; `astroquery.sdss` builds the same.)
* Plate, MJD and fibre stand in columns (plate, mjd, fiberid) or in the id, as 266-51602-13. Which of the three older reductions
  a plate below 3510 is of stands in a column run2d, in the object id (sdss:26:266-51602-13), or in the setting run2d.
* Sums of every folder are beside it (``*.sha1sum``): fetch those and give them with ``--checksums``.

Citation: Abdurro'uf et al. (2022), ApJS 259, 35 (DR17); Ahumada et al. (2020), ApJS 249, 3 (DR16).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from qsocore.archive import Objects, Request, Source
from qsocore.errors import ReadError

_OLDER = ("26", "103", "104")
_OWN = {"dr16": "v5_13_0", "dr17": "v5_13_2"}  # of BOSS and eBOSS
_FIRST_OF_BOSS = 3510  # plate
_COLUMNS = (("plate", "plateid"), ("mjd",), ("fiberid", "fiber"))


@dataclass(frozen=True)
class Config:
    """What is fetched.

    Parameters
    ----------
    release : str
        Data release.
    kind : str
        Lite files hold the coadded spectrum, full ones the single exposures too.
    run2d : str
        Reduction of rows that do not say theirs; "" for that of the release.
    mirror : str
        Where the archive stands.
    """

    release: Literal["dr16", "dr17"] = "dr17"
    kind: Literal["lite", "full"] = "lite"
    run2d: str = ""
    mirror: str = "https://data.sdss.org/sas"


class Sdss(Source):
    """SDSS's Science Archive Server."""

    name = "sdss"
    title = "SDSS spectra"
    citation = "Abdurro'uf et al. (2022), ApJS 259, 35; Ahumada et al. (2020), ApJS 249, 3"
    Config = Config

    def find(self, objects: Objects, row: int, config: Config, client=None) -> list[Request]:
        """The one file of a spectrum; as `Source.find`."""
        plate, mjd, fibre = _numbers(objects, row)
        run2d = _run2d(objects, row, config, plate)
        half, kind = ("sdss", "lite/" if config.kind == "lite" else "") if run2d in _OLDER else ("eboss", f"{config.kind}/")
        name = f"spec-{plate:04d}-{mjd:05d}-{fibre:04d}.fits"
        url = f"{config.mirror.rstrip('/')}/{config.release}/{half}/spectro/redux/{run2d}/spectra/{kind}{plate:04d}/{name}"
        return [Request(objects.ids[row], url, name)]


def _numbers(objects: Objects, row: int) -> tuple[int, int, int]:
    """Plate, MJD and fibre of a row, by its columns, else by its id."""
    columns = [objects.column(*names) for names in _COLUMNS]
    words = [objects.text(row, column) for column in columns] if all(columns) else objects.native(row).split("-")
    if len(words) != 3 or not all(re.fullmatch(r"\d{1,5}", word) for word in words):
        raise ReadError("no-key", f"{'-'.join(words)!r} is no plate, MJD and fibre", objects.ids[row],
                        "give columns plate, mjd and fiberid, or ids such as 266-51602-13")
    plate, mjd, fibre = map(int, words)
    return plate, mjd, fibre


def _run2d(objects: Objects, row: int, config: Config, plate: int) -> str:
    """The reduction under which the release has a plate."""
    column = objects.column("run2d")
    said = (objects.text(row, column) if column else "") or objects.release(row, "sdss") or config.run2d
    if plate >= _FIRST_OF_BOSS:
        return config.run2d if config.run2d not in ("", *_OLDER) else _OWN[config.release]
    if said in _OLDER:
        return said
    raise ReadError("no-reduction", f"plate {plate} is of 26, 103 or 104, and nothing says which", objects.ids[row],
                    "give a column run2d, or --set run2d=26, which is that of SDSS-I and II")


SOURCE = Sdss()
