"""Grades as the Strong Lens Database has them (Vernardos et al. 2024, arXiv:2407.15926): one row per object of the lens desk.

Written, the score is the mean grade with A = 3, B = 2, C = 1, X = 0. An object whose median grade is X is a contaminant, any
other a candidate; confirmed is only what an earlier SLED file called so, for grading confirms nothing. Read, a confirmed lens
is an A, a contaminant an X, and a candidate the grade next to its score, halves going up. What SLED says besides (image
configuration, types, number and separation of images, who found it) is kept with the verdict and written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from qsocore.catalog import Column
from qsocore.inspection.vocabulary import SLED_CONTAMINANT, SLED_SCORE
from qsocore.workflow.grades_read import Earlier, column, number, text, truth
from qsocore.workflow.grades_table import made

if TYPE_CHECKING:
    from qsocore.workflow.grades import Catalogue, Graded

COLUMNS = ("name", "ra", "dec", "access", "imagename", "paper_id", "flag_discovery", "z_source", "z_source_secure",
           "flag_zsource", "z_lens", "z_lens_secure", "flag_zlens", "source_type", "lens_type", "n_img", "image_conf",
           "image_sep", "flag_confirmed", "flag_candidate", "score", "original_score", "flag_contaminant", "contaminant_type",
           "info")
"""Of SLED's files, in their order."""

_NUMBERS = ("ra", "dec", "z_source", "z_lens", "n_img", "image_sep", "score")
_FLAGS = ("flag_confirmed", "flag_candidate", "flag_contaminant")
_OLD = {"z_source": ("redshift_source",), "z_source_secure": ("redshift_source_secure",),
        "flag_zsource": ("flag_source_redshift",), "z_lens": ("redshift_lens",), "z_lens_secure": ("redshift_lens_secure",),
        "flag_zlens": ("flag_lens_redshift",), "n_img": ("n_images",), "image_conf": ("image_configuration",),
        "image_sep": ("image_separation",), "score": ("candidate_score",), "info": ("uploader_comment",)}
"""What earlier files call the same."""
_DETAILS = tuple(name for name in COLUMNS if name not in ("name", "ra", "dec", "score", "info", "z_source", *_FLAGS[1:]))
_KINDS = {theirs: ours for ours, theirs in SLED_CONTAMINANT.items() if theirs != "GALAXY"}  # which may be any of several
_GRADES = {score: grade for grade, score in SLED_SCORE.items()}
_MEANT = tuple(Column(name, "float64" if name in _NUMBERS else "bool" if name in _FLAGS else "string",
                      "coordinate" if name in ("ra", "dec") else "id" if name == "name" else "property",
                      "deg" if name in ("ra", "dec") else "arcsec" if name == "image_sep" else "", f"{name} of SLED")
               for name in COLUMNS)


def table(graded: Sequence[Graded], catalogue: Catalogue, each: bool) -> pa.Table:
    """A row per object that was graded at the lens desk, whether `each` is asked for or not."""
    return made([_row(one, catalogue.get(one.object_id, {})) for one in graded if one.desk == "lenses"], _MEANT)


def _row(one: Graded, known: dict[str, Any]) -> dict[str, Any]:
    details = {name: value for said in one.verdicts for name, value in said.shown.get("sled", {}).items()}
    row = dict.fromkeys(COLUMNS) | {name: number(value) if name in _NUMBERS else value for name, value in details.items()}
    confirmed, contaminant = truth(details.get("flag_confirmed")), one.label == "X"
    given = one.z if one.z == one.z else None
    return row | {"name": details.get("name") or one.object_id, "ra": known.get("ra"), "dec": known.get("dec"),
                  "z_source": given,
                  "flag_confirmed": confirmed and not contaminant, "flag_candidate": not (confirmed or contaminant),
                  "flag_contaminant": contaminant, "score": one.grade, "info": one.comment,
                  "contaminant_type": (details.get("contaminant_type") or SLED_CONTAMINANT.get(one.kind)) if contaminant
                  else None}


def earlier(columns: dict[str, Sequence[Any]]) -> Iterable[Earlier]:
    """What the rows of a SLED file say; of one without a flag and a score, nothing."""
    columns = {name: column(columns, name, *_OLD.get(name, ())) for name in COLUMNS}
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        details = {name: text(row[name]) for name in _DETAILS if text(row[name])}
        z = number(row["z_source"])
        kind = _KINDS.get(text(row["contaminant_type"]).upper(), "")
        yield Earlier(text(row["name"]), _label(row), "lenses", number(row["ra"]), number(row["dec"]), text(row["paper_id"]),
                      kind, "", text(row["info"]), z=None if z != z else z,
                      details=details | ({"name": text(row["name"])} if text(row["name"]) else {}))


def _label(row: dict[str, Any]) -> str:
    score = number(row["score"])
    if truth(row["flag_contaminant"]):
        return "X"
    if truth(row["flag_confirmed"]):
        return "A"
    if score == score:
        return _GRADES[min(max(floor(score + 0.5), 0), 3)]
    return ""
