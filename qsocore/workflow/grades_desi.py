"""Grades as DESI's visual inspection writes them: one row per verdict at the spectra desk, comments of at most 100 characters.

``TARGETID`` is the survey's own id, where it is a number; what the catalogue does not know (``EXPID``, ``NIGHT`` ...) stays
empty. See Lan et al. (2023), ApJ 943, 68, and the tool prospect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qsocore.catalog import Column
from qsocore.inspection.vocabulary import COMMENT_LENGTH, VI_COLUMNS
from qsocore.workflow.grades_read import Earlier, column, number, text
from qsocore.workflow.grades_table import made

if TYPE_CHECKING:
    from qsocore.inspection import Verdict
    from qsocore.workflow.grades import Catalogue, Graded

_NUMBERS = ("Redrock_z", "Redrock_deltachi2", "VI_z")
_ROLES = {"TARGETID": "id", "Redrock_z": "redshift", "VI_z": "redshift", "VI_quality": "label", "VI_spectype": "label"}
_MEANT = tuple(Column(name, "float64" if name in _NUMBERS else "string", _ROLES.get(name, "provenance"), "",
                      f"{name} of DESI's visual inspection") for name in VI_COLUMNS)


def table(graded: Sequence[Graded], catalogue: Catalogue, each: bool) -> pa.Table:
    """A row per verdict at the spectra desk, whether `each` is asked for or not."""
    rows = [_row(said, catalogue.get(one.object_id, {}))
            for one in graded if one.desk == "spectra" for said in one.verdicts]
    return made(rows, _MEANT)


def _row(said: Verdict, known: dict[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(VI_COLUMNS) | {
        "TARGETID": _target(said.object_id, text(known.get("native_id"))), "EXPID": text(known.get("expid")),
        "NIGHT": text(known.get("night")), "TILEID": text(known.get("tileid")), "Spec_version": text(known.get("release")),
        "Redrock_spectype": text(known.get("class")), "Redrock_z": known.get("z"), "Redrock_deltachi2": known.get("deltachi2"),
        "VI_scanner": said.person, "VI_quality": said.label, "VI_issue": said.flags, "VI_z": said.z, "VI_spectype": said.kind,
        "VI_comment": said.comment[:COMMENT_LENGTH]}


def _target(object_id: str, native: str) -> str:
    """The survey's own id; of one exposure of DESI without the exposure and the fibre that follow it."""
    return (native.partition("-")[0] if object_id.startswith("desi:") else native) or object_id


def earlier(columns: dict[str, Sequence[Any]]) -> Iterable[Earlier]:
    """What the rows of a file of visual inspection say."""
    names = ("TARGETID", "VI_scanner", "VI_quality", "VI_issue", "VI_spectype", "VI_comment")
    places = column(columns, "TARGET_RA", "RA", "ra"), column(columns, "TARGET_DEC", "DEC", "dec")
    for target, who, quality, issue, kind, comment, z, ra, dec in zip(
            *(column(columns, name) for name in names), column(columns, "VI_z"), *places, strict=True):
        z = number(z)
        issues = "".join(letter for letter in "RCS" if letter in text(issue).upper())
        yield Earlier(text(target), text(quality), "spectra", number(ra), number(dec), text(who), text(kind).upper(), issues,
                      text(comment), z=None if z != z else z)
