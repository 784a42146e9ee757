"""One verdict by one person at one time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

UNDO = "undo"
"""Label of a verdict that takes back an earlier one of the same person, which stays where it is."""


@dataclass(frozen=True)
class Verdict:
    """What one person said of one object.

    Parameters
    ----------
    object_id : str
        ``survey:release:native``.
    person : str
        Who; from the login where there is one.
    label : str
        What: a quality "0" to "4", a grade "A", "B", "C" or "X", a tag; or `UNDO`.
    z : float or None
        Corrected redshift.
    comment : str
        Free text.
    shown : dict
        What was on the screen: stretch, run, versions of catalogue and code.
    time : str
        UTC, ISO 8601; given by the store when it is appended.
    desk : str
        Where it was said: "spectra", "lenses"; empty for a tag given elsewhere.
    flags : str
        Issues of a spectrum, letters of "R" (redshift), "C" (class) and "S" (spectrum).
    kind : str
        At the spectra desk the corrected class STAR, GALAXY or QSO; at the lens desk what an X is instead of a lens.
    campaign : str
        Name of the campaign it belongs to, empty for none.
    item : int or None
        Number of the campaign's item that was shown: a repeat of an object is another item.
    token : str
        Made by who asks, once for each deed: a second appending of the same token writes nothing.
    undoes : int or None
        Number of the verdict that is taken back by an `UNDO`.
    number : int
        Rising in the order of appending; given by the store.
    """

    object_id: str
    person: str
    label: str
    z: float | None = None
    comment: str = ""
    shown: dict[str, Any] = field(default_factory=dict)
    time: str = ""
    desk: str = ""
    flags: str = ""
    kind: str = ""
    campaign: str = ""
    item: int | None = None
    token: str = ""
    undoes: int | None = None
    number: int = 0
