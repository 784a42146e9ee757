"""Inspection: one verdict by one person at one time; verdicts are appended, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """What one person said of one object.

    Parameters
    ----------
    object_id : str
        ``survey:release:native``.
    person : str
        Who.
    label : str
        What: a quality, a grade, a tag.
    z : float or None
        Corrected redshift.
    comment : str
        Free text.
    shown : dict
        What was on the screen: run, projection, stretch, versions.
    time : str
        UTC, ISO 8601; given by the store when it is appended.
    """

    object_id: str
    person: str
    label: str
    z: float | None = None
    comment: str = ""
    shown: dict[str, Any] = field(default_factory=dict)
    time: str = ""
