"""A candidate as a section of HTML: name, grades, figures, facts with units, links. Every word is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qsocore.catalog import Column
from qsocore.inspection import Verdict
from qsocore.inspection.vocabulary import scale
from qsocore.surveys import links_of
from qsocore.workflow import html
from qsocore.workflow.grades import Graded

LEFT_OUT = ("latent", "truth", "provenance", "id")
"""Roles of columns that are no facts of an object."""
_SHOWN_FIRST = ("ra", "dec", "z", "z_err", "class", "subclass", "snr_median")


@dataclass(frozen=True)
class Candidate:
    """One object with what was said of it.

    Parameters
    ----------
    object_id : str
        Which.
    row : int
        In the store.
    graded : tuple of Graded
        By desk; none where nobody graded it.
    """

    object_id: str
    row: int
    graded: tuple[Graded, ...]

    @property
    def grade(self) -> float:
        """Best mean grade of the desks, -1 for none."""
        return max((one.grade for one in self.graded if one.grade == one.grade), default=-1.0)


def redshift(one: Candidate, values: Mapping[str, Any]) -> float:
    """What graders gave, else the catalogue's, else NaN."""
    given = [said.z for said in one.graded if said.z == said.z]
    z = given[0] if given else values.get("z")
    return float("nan") if z is None else float(z)


def section(number: int, one: Candidate, values: Mapping[str, Any], columns: Mapping[str, Column],
            figures: Iterable[tuple[str, str]], names: Mapping[str, str]) -> str:
    """A candidate as HTML.

    Parameters
    ----------
    number : int
        Its place, from 1.
    one : Candidate
        Which, with what was said of it.
    values : mapping
        Its catalogue row.
    columns : mapping of str to Column
        Those that are shown.
    figures : iterable of (str, str)
        SVG elements and what they show.
    names : mapping of str to str
        What each grader is called.
    """
    drawn = "".join(f'<figure><div class="drawing" role="img" aria-label="{html.escape(text)}">{svg}</div>'
                    f"<figcaption>{html.escape(text)}</figcaption></figure>" for svg, text in figures)
    return (f'<section class="candidate"><h2><span>{number}</span> {html.escape(name_of(values))} {badges(one)}</h2>'
            f'<p class="said">{html.escape(one.object_id)}</p>{drawn}<div class="cards">{_grades(one, names)}'
            f"<div><h3>Catalogue</h3>{_facts(values, columns)}{_links(values)}</div></div></section>")


def name_of(values: Mapping[str, Any]) -> str:
    """As the IAU wants it, JHHMMSS.ss+DDMMSS.s, cut and not rounded; without a position the survey's own name."""
    ra, dec = values.get("ra"), values.get("dec")
    if ra is None or dec is None:
        return str(values.get("native_id") or values["object_id"])
    hundredths, tenths = int(ra % 360 / 15 * 360_000 + 1e-6), int(abs(dec) * 36_000 + 1e-6)
    (minutes, seconds), (arcminutes, arcseconds) = divmod(hundredths, 6000), divmod(tenths, 600)
    return (f"J{minutes // 60:02d}{minutes % 60:02d}{seconds // 100:02d}.{seconds % 100:02d}"
            f"{'-' if dec < 0 else '+'}{arcminutes // 60:02d}{arcminutes % 60:02d}{arcseconds // 10:02d}.{arcseconds % 10}")


def badges(one: Candidate) -> str:
    """The grade of each desk, the two best of a scale in colour."""
    return "".join(f'<b class="grade {"good" if said.label in scale(said.desk)[-2:] else ""}" '
                   f'title="{html.escape(said.desk)}">{html.escape(said.label)}</b>' for said in one.graded)


def _grades(one: Candidate, names: Mapping[str, str]) -> str:
    """What everybody said, and together."""
    if not one.graded:
        return '<div><h3>Grades</h3><p class="note">Nobody has graded it.</p></div>'
    parts = []
    for said in one.graded:
        votes = ", ".join(f"{n} {label}" for label, n in reversed(said.votes.items()) if n)
        mean = f"mean {said.grade:.2f}; " if said.grade == said.grade else ""
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(word)}</td>' for word in _words(each, names))}</tr>"
                       for each in said.verdicts)
        parts.append(f"<h3>Grades{f', {html.escape(said.desk)}' if said.desk else ''}</h3>"
                     f'<p class="note">{html.escape(mean + votes)}</p>'
                     f'<div class="wide"><table><tbody>{rows}</tbody></table></div>')
    return f"<div>{''.join(parts)}</div>"


def _words(said: Verdict, names: Mapping[str, str]) -> list[str]:
    z = "" if said.z is None else f"z = {said.z:.4f}"
    return [names[said.person], said.label, said.kind, z, said.comment]


def _facts(values: Mapping[str, Any], columns: Mapping[str, Column]) -> str:
    """What the catalogue knows, in its units; an error stands behind what it is of."""
    order = [*(name for name in _SHOWN_FIRST if name in columns), *(name for name in columns if name not in _SHOWN_FIRST)]
    there = [name for name in order if values.get(name) not in (None, "")]
    errors = {name: error for name in there if (error := _error_of(name)) in there}
    items = (f'<div><dt title="{html.escape(columns[name].description)}">{html.escape(name.replace("_", " "))}</dt>'
             f"<dd>{html.escape(_quantity(values[name], columns[name], values.get(errors.get(name, ''))))}</dd></div>"
             for name in there if name not in errors.values())
    return f'<dl class="facts">{"".join(items)}</dl>'


def _error_of(name: str) -> str:
    """What the column of its error is called."""
    stem, _, band = name.partition("_")
    return f"{stem}err_{band}" if band else f"{name}_err"


def _quantity(value: Any, column: Column, error: Any = None) -> str:
    """A value with its error and unit, in the digits that it deserves."""
    if isinstance(value, float):
        digits = ".6f" if column.unit == "deg" else ".5f" if column.role == "redshift" else ".5g"
        value = format(value, digits)
    within = "" if error is None else f" ± {error:.2g}"
    return f"{value}{within} {column.unit}".strip()


def _links(values: Mapping[str, Any]) -> str:
    links = (f'<a href="{html.escape(address)}" rel="noopener noreferrer">{html.escape(text)}</a>'
             for text, address in links_of(values).items())
    return f'<p class="links">{" · ".join(links)}</p>'
