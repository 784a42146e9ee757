"""What a typed text means: a rule such as ``z > 2 & class == "QSO"``, object ids, or a place on the sky with a radius.

Nothing that is typed is evaluated: rules go through `qsocore.selection.parse`, places through astropy's angles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from dashboard import words
from qsocore.errors import ConfigError, did_you_mean
from qsocore.selection import Rule, columns_of, from_json, parse

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

NEAR = 30 / 3600
"""Degrees around a place that is typed without a radius."""

_UNITS = {"deg": 1, "d": 1, "°": 1, "arcmin": 60, "m": 60, "'": 60, "′": 60, "arcsec": 3600, "s": 3600, '"': 3600, "″": 3600}
_RULE = re.compile(r"[<>=&|~]|^\{|^\s*(not|ids|all|polygon|cone)\b|\b(in|is)\b\s")
_ANGLE = r"[-+−]?\d+(?:\.\d*)?(?:[:hd°][\d:.hmsd°′″'\"]*)?"
_SPACED = r"[-+−]?\d+ \d+ \d+(?:\.\d*)?"
_GAP = r"(?:\s*[,;]\s*|\s+)"
_RADIUS = rf"(?:r\s*=?\s*)?(?P<size>\d+\.?\d*|\.\d+)\s*(?P<unit>{'|'.join(map(re.escape, _UNITS))})?"
_PLACES = [re.compile(rf"(?:cone\s*\(\s*)?(?P<ra>{angle}){_GAP}(?P<dec>{angle})(?:{_GAP}{_RADIUS})?\s*\)?")
           for angle in (_SPACED, _ANGLE)]
_NAMED = 3  # ids that an error names


@dataclass(frozen=True)
class Meaning:
    """What a text says.

    Parameters
    ----------
    rule : dict
        What it selects.
    remark : str
        What the user should know about it; "" for nothing.
    focus : str
        The object id when the text names a single object, else "".
    """

    rule: Rule
    remark: str = ""
    focus: str = ""


def understand(text: str, table: AtlasTable) -> Meaning:
    """Read a text as a place, a rule (as JSON, too) or ids, in this order.

    Raises
    ------
    ConfigError
        When it is none of these; of a rule that is not understood `place` tells where.
    """
    text = text.strip()
    return _place(text, table) or (_rule(text, table) if _RULE.search(text) and table.row_of(text) < 0 else _ids(text, table))


def _rule(text: str, table: AtlasTable) -> Meaning:
    rule = from_json(text) if text.startswith("{") else parse(text)
    for name in columns_of(rule):
        if name != "object_id" and name not in table.columns:
            raise ConfigError(f"there is no column {name!r}", None, did_you_mean(name, table.columns))
    return Meaning(rule)


# ---- places on the sky

def _place(text: str, table: AtlasTable) -> Meaning | None:
    match = next((found for pattern in _PLACES if (found := pattern.fullmatch(text))), None)
    if match is None or not _is_place(text, match):
        return None
    if not {"ra", "dec"} <= table.columns.keys():
        raise ConfigError("this catalogue has no columns ra and dec", None, "search by an id or a column instead")
    size, unit = match["size"], match["unit"]
    if size and not unit and not text.startswith("cone"):
        raise ConfigError(f"the radius {size} has no unit", None, f"write {size}s for arcseconds, {size}' or {size}d")
    radius = float(size) / _UNITS[unit or "deg"] if size else NEAR
    rule = {"op": "cone", "ra": _angle(match["ra"], hours=True), "dec": _angle(match["dec"], hours=False), "radius": radius}
    if abs(rule["dec"]) > 90 or not 0 < radius <= 180:
        raise ConfigError("declinations go from -90 to 90 degrees and radii to 180", None, "write it like  150.1 +2.2 r=30s")
    return Meaning(rule, "" if size else f"within {NEAR * 3600:.0f}″ of the place")


def _is_place(text: str, match: re.Match) -> bool:
    """Two plain whole numbers are rather ids."""
    return bool(text.startswith("cone") or match["unit"] or re.search(r"[.:h+°]|[-−]\d|r\s*=", text))


def _angle(text: str, hours: bool) -> float:
    """Degrees of decimal degrees or of a sexagesimal angle; a right ascension with colons or spaces is in hours."""
    from astropy import units
    from astropy.coordinates import Angle

    text = text.replace("−", "-")
    try:
        if re.fullmatch(r"[-+]?[\d.]+", text):
            return float(text) % 360 if hours else float(text)
        return float(Angle(text.replace("′", "m").replace("″", "s"),
                           units.hourangle if hours and not re.search("[d°]", text) else units.deg).deg)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no angle ({error})", None, "write it like  150.1 +2.2 r=30s") from None


# ---- object ids

def _ids(text: str, table: AtlasTable) -> Meaning:
    asked = [word.strip().strip("\"'") for word in re.split(r"[,;\n\r\t]+", text)]
    asked = list(dict.fromkeys(filter(None, asked)))
    if not asked:
        raise ConfigError("nothing is written", None, 'write a rule like  z > 2 & class == "QSO", an id, or a place')
    found = _known(asked, table)
    if not found and len(split := text.split()) > 1:
        asked = list(dict.fromkeys(split))
        found = _known(asked, table)
    if len(asked) == 1:
        name = found.get(asked[0]) or _part_of_one(asked[0], table)
        return Meaning({"op": "ids", "ids": [name]}, focus=name)
    gone = [word for word in asked if word not in found]
    if not found:
        raise ConfigError(f"none of these {len(asked):,} ids is in the catalogue, {gone[0]!r} for instance", None,
                          "object ids are written survey:release:native")
    remark = f"{len(gone):,} of {len(asked):,} ids are not in the catalogue: {_some(gone)}" if gone else ""
    return Meaning({"op": "ids", "ids": list(dict.fromkeys(found.values()))}, remark)


def _known(asked: list[str], table: AtlasTable) -> dict[str, str]:
    """Object id by what was asked for: object ids, or a survey's own; the ids are gone through but once."""
    stems = _stems(table) if any(":" not in word for word in asked) else []
    pairs = [(word, word) for word in asked] + [(word, f"{stem}:{word}") for stem in stems for word in asked if ":" not in word]
    there = table.rows_of([name for _, name in pairs]) >= 0
    found = {word: name for (word, name), known in zip(reversed(pairs), reversed(there), strict=True) if known}
    return {word: found[word] for word in asked if word in found}


def _stems(table: AtlasTable) -> list[str]:
    """Every survey:release of the catalogue."""
    if not {"survey", "release"} <= table.columns.keys():
        return []
    survey, release = (table.coded(name) for name in ("survey", "release"))
    if survey is None or release is None:
        return []
    both = np.bincount(survey.codes.astype(np.int64) * len(release.labels) + release.codes)
    return [f"{survey.labels[pair // len(release.labels)]}:{release.labels[pair % len(release.labels)]}"
            for pair in np.flatnonzero(both)]


def _part_of_one(word: str, table: AtlasTable) -> str:
    if word in table.columns:
        raise ConfigError(f"{word} is a column", None, f"go on like  {word} > 2")
    rows = np.flatnonzero(pc.match_substring(table.ids, word, ignore_case=True).to_numpy())
    if rows.size == 1:
        return table.ids_of(rows)[0]
    if rows.size:
        raise ConfigError(f"{rows.size:,} objects have {word!r} in their id: {_some(table.ids_of(rows[:_NAMED + 1]))}", None,
                          "write more of it")
    raise ConfigError(f"there is no object {word!r}, no column, and it is no rule", None,
                      'write a rule like  z > 2 & class == "QSO", an id, or a place like  150.1 +2.2 r=30s')


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")


# ---- completion

_NAME = r"(?P<name>`[^`]+`|[A-Za-z_][\w.]*)"
_VALUES = re.compile(rf"""{_NAME}\s*(?:==?|!=|\b(?:not\s+)?in\s*[\[(](?:[^\])]*,)?)\s*(?P<typed>"?[^"&|()\[\],]*)$""")
_LIST = re.compile(rf"{_NAME}\s+(?:not\s+)?in\s+(?P<typed>)$")
_SIGNS = re.compile(rf"{_NAME}\s+(?P<typed>[<>=!]?|[a-z ]*)$")
_JOINS = re.compile(r"""(?:[\d.]|"|\]|\)|\bmissing)\s+(?P<typed>[a-z]*)$""")
_COLUMNS = re.compile(r"(?:^|[&|(~]|\b(?:and|or|not)\s|<=?)\s*(?P<typed>`?[A-Za-z_]?[\w.]*)$")
_WORDS = {"and", "or", "not", "in", "is", "missing", "all"}
MOST = 12
"""Suggestions that are shown."""


def complete(text: str, cursor: int, table: AtlasTable) -> tuple[int, list[tuple[str, str]]]:
    """What may stand at the cursor.

    Parameters
    ----------
    text : str
    cursor : int
        Place in it.
    table : AtlasTable
        Gives columns and classes.

    Returns
    -------
    start : int
        Where the unfinished word begins, which an insertion replaces.
    suggestions : list of (str, str)
        What is inserted, and what it is; at most `MOST`.
    """
    left = text[:cursor]
    for pattern, suggest in ((_VALUES, _values), (_LIST, _brackets), (_SIGNS, _signs), (_JOINS, _joins), (_COLUMNS, _columns)):
        match = pattern.search(left)
        if match and (found := suggest(match, table)) is not None:
            return match.start("typed"), found[:MOST]
    return cursor, []


def _column_of(match: re.Match, table: AtlasTable) -> str | None:
    name = match["name"].strip("`")
    return name if name in table.columns else None


def _values(match: re.Match, table: AtlasTable) -> list[tuple[str, str]] | None:
    """Classes of a column, the most frequent first."""
    name, typed = _column_of(match, table), match["typed"].strip('" ').lower()
    if name is None:
        return None
    coded = None if table.is_numeric(name) else table.coded(name)
    if coded is None:
        return []
    classes = table.classes(name)
    counts = {label: f"{n:,} objects" for label, n in zip(classes.names, classes.counts, strict=True) if label in coded.labels}
    labels = [label for label in (*counts, *sorted(set(coded.labels) - set(counts) - {""})) if typed in label.lower()]
    return [(_quoted(label), counts.get(label, "")) for label in labels[:MOST]]


def _brackets(match: re.Match, table: AtlasTable) -> list[tuple[str, str]] | None:
    return [("[", "a list of values")] if _column_of(match, table) else None


def _signs(match: re.Match, table: AtlasTable) -> list[tuple[str, str]] | None:
    name, typed = _column_of(match, table), match["typed"]
    if name is None:
        return None
    signs = {"==": "is", "!=": "is not", "in [": "is one of"}
    if table.is_numeric(name):
        signs = {">": "more than", "<": "less than", ">=": "at least", "<=": "at most"} | signs
    signs |= {"is missing": "has no value", "is not missing": "has a value"}
    fit = [(f"{sign} " if sign[-1] in "=<>" else sign, says) for sign, says in signs.items() if sign.startswith(typed)]
    return fit or None


def _joins(match: re.Match, table: AtlasTable) -> list[tuple[str, str]]:
    joins = {"& ": "both hold", "| ": "at least one holds"}
    return [(sign, says) for sign, says in joins.items() if {"& ": "and", "| ": "or"}[sign].startswith(match["typed"])]


def _columns(match: re.Match, table: AtlasTable) -> list[tuple[str, str]]:
    """Columns whose name begins with what is typed, then those that have it in name, title or description."""
    typed = match["typed"].strip("`").lower()

    def rank(name: str) -> int:
        column = table.columns[name]
        if not typed:
            return int(column.role in ("id", "provenance"))
        texts = (name.lower(), words.title(column).lower(), column.description.lower())
        return 0 if texts[0].startswith(typed) else 1 if texts[1].startswith(typed) else 2 if typed in texts[0] else \
            3 if len(typed) > 2 and (typed in texts[1] or typed in texts[2]) else 4

    ranked = sorted((rank(name), place, name) for place, name in enumerate(table.columns))
    return [(_written(name), _about(table, name)) for place, _, name in ranked if place < 4]


def _about(table: AtlasTable, name: str) -> str:
    column = table.columns[name]
    return " · ".join(dict.fromkeys(filter(None, (words.label(column) if words.title(column) != name else words.unit(column),
                                                  column.description))))


def _written(name: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][\w.]*", name) and name.lower() not in _WORDS
    return name if plain else f"`{name}`"


def _quoted(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
