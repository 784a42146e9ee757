"""What is looked at to grade a spectrum: the spectrum with its reconstruction, and what the catalogue says of it. No GUI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboard import spectrum, words
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.desk import Place
    from dashboard.library import Library
    from dashboard.table import AtlasTable

_FACTS = {"class": "", "subclass": "", "z": "z ", "snr_median": "S/N "}


def scene(table: AtlasTable, place: Place, library: Library, run: str) -> dict[str, Any]:
    """What the browser is given of an object, without its id.

    Returns
    -------
    dict
        ``scene`` as `SpectrumView.scene` makes it, None where there is no spectrum; ``facts`` of the catalogue as text;
        ``note``: what is to be said of it.
    """
    if place.row < 0:
        return {"scene": None, "facts": "", "note": "There is no spectrum"}
    note = ""
    try:
        view = spectrum.look_at(table, place.row, library.decoder(run))
    except AtlasError as error:  # a run that cannot reconstruct hides no data
        view, note = spectrum.look_at(table, place.row), f"no reconstruction: {error.what}"
    facts = [short + words.short(view.row[name], table.columns[name]) for name, short in _FACTS.items()
             if view.row.get(name) not in (None, "")]
    return {"scene": view.scene() | {"id": f"place {place.at}"}, "facts": " · ".join(facts), "note": note}
