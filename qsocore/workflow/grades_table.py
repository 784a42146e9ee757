"""Grades as a table of our own: one row per object and desk, or one per verdict, which a store takes back without loss."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from qsocore.catalog import Column
from qsocore.inspection.vocabulary import SCALES
from qsocore.store.columns import to_table
from qsocore.workflow.grades_read import Earlier, column, number, text

if TYPE_CHECKING:
    from qsocore.workflow.grades import Catalogue, Graded

_PLACE = (Column("object_id", "string", "id", "", "survey:release:native"),
          Column("ra", "float64", "coordinate", "deg", "Right ascension, ICRS"),
          Column("dec", "float64", "coordinate", "deg", "Declination, ICRS"),
          Column("desk", "string", "label", "", "Where it was graded"))
_LABEL, _KIND = ("label", "string", "label", ""), ("kind", "string", "label", "")
_COMMENT = ("comment", "string", "provenance", "")
_OBJECT = (*_PLACE, Column("grade", "float64", "property", "", "Mean grade: A=3, B=2, C=1, X=0; or the quality, 0 to 4"),
           Column(*_LABEL, "Median grade, of two in the middle the worse"),
           Column("n_grades", "int64", "property", "", "Verdicts that hold"))
_OBJECT_END = (Column(*_KIND, "What it is, as most said"),
               Column("z_graded", "float64", "redshift", "", "Median redshift given"), Column(*_COMMENT, "Comments"))
_EACH = (*_PLACE, Column(*_LABEL, "Grade or quality"), Column(*_KIND, "What it is"),
         Column("flags", "string", "flag", "", "Issues: R redshift, C class, S spectrum"),
         Column("z_graded", "float64", "redshift", "", "Redshift given"), Column(*_COMMENT, "Comment"),
         Column("person", "string", "provenance", "", "Who"), Column("time", "string", "provenance", "", "When, UTC"),
         Column("campaign", "string", "provenance", "", "Campaign"), Column("item", "int64", "provenance", "", "Its item"),
         Column("number", "int64", "provenance", "", "Number of the verdict"),
         Column("token", "string", "id", "", "By which a store knows the verdict again"),
         Column("shown", "string", "provenance", "", "What was on the screen, JSON"))


def table(graded: Sequence[Graded], catalogue: Catalogue, each: bool) -> pa.Table:
    """Grades of objects, or all verdicts that hold."""
    return _of_verdicts(graded, catalogue) if each else _of_objects(graded, catalogue)


def _of_objects(graded: Sequence[Graded], catalogue: Catalogue) -> pa.Table:
    labels = [label for desk in dict.fromkeys(one.desk for one in graded) for label in SCALES.get(desk, ())]
    votes = [Column(f"n_{label}", "int64", "property", "", f"Verdicts {label}") for label in labels]
    rows = [_place(one, catalogue) | {"grade": one.grade, "label": one.label, "n_grades": len(one.verdicts), "kind": one.kind,
                                      "z_graded": one.z, "comment": one.comment}
            | {f"n_{label}": one.votes.get(label, 0) for label in labels} for one in graded]
    return made(rows, [*_OBJECT, *votes, *_OBJECT_END])


def _of_verdicts(graded: Sequence[Graded], catalogue: Catalogue) -> pa.Table:
    rows = [_place(one, catalogue) | {
        "label": said.label, "kind": said.kind, "flags": said.flags, "z_graded": np.nan if said.z is None else said.z,
        "comment": said.comment, "person": said.person, "time": said.time, "campaign": said.campaign, "item": said.item,
        "number": said.number, "token": said.token, "shown": json.dumps(said.shown, sort_keys=True)}
        for one in graded for said in one.verdicts]
    return made(rows, list(_EACH))


def _place(one: Graded, catalogue: Catalogue) -> dict[str, Any]:
    known = catalogue.get(one.object_id, {})
    place = {axis: np.nan if known.get(axis) is None else known[axis] for axis in ("ra", "dec")}
    return {"object_id": one.object_id, "desk": one.desk} | place


def made(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> pa.Table:
    """Rows as a table, in the columns' order, with what they mean."""
    values = {meant.name: pa.array([_given(row[meant.name]) for row in rows], _ARROW[meant.dtype]) for meant in columns}
    return to_table(values, columns).select([meant.name for meant in columns])


_ARROW = {"string": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}


def _given(value: Any) -> Any:
    return None if value is None or value == "" or value != value else value


def earlier(columns: dict[str, Sequence[Any]]) -> Iterable[Earlier]:
    """What the rows of either table say."""
    shown = (json.loads(text(value) or "{}") for value in column(columns, "shown"))
    names = ("object_id", "ra", "dec", "desk", "label", "kind", "flags", "comment", "person", "time", "token", "z_graded")
    cells = zip(*(column(columns, name) for name in names), shown, strict=True)
    for object_id, ra, dec, desk, label, kind, flags, comment, person, time, token, z, details in cells:
        z = number(z)
        yield Earlier(text(object_id), text(label), text(desk), number(ra), number(dec), text(person), text(kind), text(flags),
                      text(comment), text(time), text(token), None if z != z else z, details)
