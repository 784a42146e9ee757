"""A table alone: a store of objects that have neither spectra nor images.

Product notes
-------------
* CSV, FITS, VOTable, Parquet or npz, one row an object; asked for by name (``--survey catalogue``), since a table among spectra
  is meant to be joined onto them. Every column is kept with its role, unit and sentinels.
* Objects are called by ``object_id``, else by the id column in which fewest repeat, else by their row; a name that comes
  again has its row behind it.
* Photometry is kept under fixed names: ``mag_g``, ``magerr_g``, ``flux_g``, ``fluxerr_g`` for ``g_mag``, ``MAG_G`` and their
  like; magnitude 99 is "not detected" and missing in a store. Fluxes that agree with AB magnitudes are microjansky.

Citation: the catalogue's authors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from qsocore.errors import ReadError
from qsocore.records import Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._links import by_position
from qsocore.surveys.probe import Probe


class Catalogue(Survey):
    """Tables of objects."""

    name = "catalogue"
    title = "A table alone"
    citation = "the catalogue's authors"
    general: ClassVar[bool] = True
    holds: ClassVar[str] = "catalogue"

    def identify(self, probe: Probe) -> bool:
        """Never: it is asked for by name."""
        return False

    def read(self, probe: Probe) -> Iterator[Spectrum | ReadError]:
        """Refuses: a table is read as a whole, by `qsocore.surveys.tables.read_table`.

        Raises
        ------
        ReadError
            ``catalogue``.
        """
        raise ReadError("catalogue", "it is a table of objects, without spectra", probe.path,
                        "make a store of it: qso ingest TABLE --survey catalogue --out STORE")

    def links(self, row: dict) -> dict[str, str]:
        """What others have at its position."""
        return by_position(row)


SURVEY = Catalogue()
