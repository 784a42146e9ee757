"""Candidates as pages for a paper's appendix: of each its image, spectrum, photometry, grades, facts and where to look further.

The pages hold no script and load nothing; every word from a catalogue or a grader is escaped. What an object has not (an image,
a spectrum, photometry) is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from qsocore import __version__
from qsocore.errors import ConfigError, StoreError
from qsocore.progress import Progress
from qsocore.selection import columns_of, evaluate, parse
from qsocore.store import Store, open_store
from qsocore.store.files import write_text
from qsocore.store.labels import Labels
from qsocore.workflow import html
from qsocore.workflow.candidate_figures import CandidateFigures
from qsocore.workflow.candidate_page import LEFT_OUT, Candidate, badges, name_of, redshift, section
from qsocore.workflow.grades import Graded, graded
from qsocore.workflow.info import citations
from qsocore.workflow.joined import Joined

_MOST = 1000


def candidates(store_path: str | Path, out: str | Path, campaign: str = "", ids: Sequence[str] = (), where: str = "",
               grades: Collection[str] = (), run: str = "", anonymous: bool = False, title: str = "Candidates",
               url: str = "") -> list[str]:
    """Write pages of candidates, the best graded first.

    Parameters
    ----------
    store_path : path
        The store.
    out : path
        ``FILE.html`` for one page of all, else a folder that gets ``index.html`` and a page for each.
    campaign : str
        Grades of this campaign alone.
    ids : sequence of str
        These objects alone.
    where : str
        Those of a selection alone.
    grades : collection of str
        Those whose median grade is one of these. Without `ids`, `where` and `grades`: every object that is graded.
    run : str
        Run whose reconstructions are drawn, and whose columns `where` may use; by default the latest with a decoder.
    anonymous : bool
        Whether graders are called "grader 1" and so on, in an order that does not follow their names.
    title : str
        Heading.
    url : str
        Database of the verdicts, see `qsocore.store.labels.Labels.of`.

    Returns
    -------
    list of str
        Object ids, in the order of the pages.

    Raises
    ------
    ConfigError
        When there are none, or more than a thousand.
    StoreError
        When there is no such store, campaign, run or object.
    """
    store, out = open_store(store_path), Path(out)
    with Labels.of(store.path, url) as labels:
        if campaign:
            labels.campaign(campaign)
        said = graded(labels.verdicts(campaign=campaign or None))
    found = _chosen(store, said, ids, where, grades, run)
    about = _about(store, campaign, where, grades, anonymous, len(found))
    style = "\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("report.css", "candidates.css"))
    sections = _sections(found, store, run, _names(found, anonymous))
    if out.suffix.lower() in (".html", ".htm"):
        write_text(out, html.document(title, style, [_head(title, about), *(text for _, text in sections), _foot(about)]))
        return [one.object_id for one in found]
    pages = {one.object_id: f"{number:04d}.html" for number, one in enumerate(found, start=1)}
    back = f'<p><a href="index.html">{html.escape(title)}</a></p>'
    for one, text in sections:
        write_text(out / pages[one.object_id], html.document(f"{title}: {one.object_id}", style, [back, text]))
    parts = [_head(title, about), _index(found, pages, store), _foot(about)]
    write_text(out / "index.html", html.document(title, style, parts))
    return [one.object_id for one in found]


def _chosen(store: Store, said: list[Graded], ids: Sequence[str], where: str, grades: Collection[str],
            run: str) -> list[Candidate]:
    """The objects that are meant, the best graded first."""
    by_id: dict[str, list[Graded]] = {}
    for one in said:
        by_id.setdefault(one.object_id, []).append(one)
    wanted = list(dict.fromkeys(ids)) if ids else list(by_id)
    if where:
        selected = _selected(store, where, run)
        keep = set(selected)
        wanted = [name for name in wanted if name in keep] if ids or grades else selected
    if grades:
        wanted = [name for name in wanted if any(one.label in grades for one in by_id.get(name, ()))]
    if not wanted:
        raise ConfigError("there are no candidates", store.path,
                          "grade some, or look at --campaign, --ids, --where and --grade")
    if len(wanted) > _MOST:
        raise ConfigError(f"{len(wanted):,} are more candidates than pages can hold", store.path, f"choose at most {_MOST:,}")
    rows = store.index_of(wanted)
    if ids and (rows < 0).any():
        raise StoreError(f"there is no object {wanted[int(np.argmin(rows))]!r}", store.path, "look at the spelling")
    found = [Candidate(name, row, tuple(by_id.get(name, ())))
             for name, row in zip(wanted, rows.tolist(), strict=True) if row >= 0]
    return sorted(found, key=lambda one: -one.grade)


def _selected(store: Store, where: str, run: str) -> list[str]:
    source, rule = Joined(store, store.run(run) if run else None), parse(where)
    source.known(columns_of(rule))
    rows = np.flatnonzero(evaluate(rule, source.values, source.n_rows))
    return store.table(["object_id"], rows).column(0).to_pylist()


def _names(found: list[Candidate], anonymous: bool) -> dict[str, str]:
    """What each grader is called."""
    people = {said.person for one in found for at_desk in one.graded for said in at_desk.verdicts}
    if not anonymous:
        return {person: person for person in people}
    mixed = sorted(people, key=lambda person: hashlib.sha256(person.encode()).hexdigest())
    return {person: f"grader {number}" for number, person in enumerate(mixed, start=1)}


def _sections(found: list[Candidate], store: Store, run: str, names: dict[str, str]) -> Iterator[tuple[Candidate, str]]:
    """Each candidate with its section."""
    figures = CandidateFigures(store, run)
    columns = {name: column for name, column in store.columns.items() if column.role not in LEFT_OUT}
    with Progress(len(found), "candidates") as progress:
        for number, one in enumerate(found, start=1):
            values = store.row(one.row)
            drawn = figures.of(one.row, one.object_id, redshift(one, values))
            yield one, section(number, one, values, columns, drawn, names)
            progress.update(1)


def _index(found: list[Candidate], pages: dict[str, str], store: Store) -> str:
    """The list of all pages."""
    lines = []
    for number, one in enumerate(found, start=1):
        link = f'<a href="{pages[one.object_id]}">{html.escape(name_of(store.row(one.row)))}</a>'
        mean = f"{one.grade:.2f}" if one.grade >= 0 else "–"
        lines.append(f'<tr><td class="number">{number}</td><td>{link}</td><td>{html.escape(one.object_id)}</td>'
                     f'<td>{badges(one)}</td><td class="number">{mean}</td></tr>')
    head = "<tr><th>Number</th><th>Name</th><th>Object</th><th>Grade</th><th>Mean</th></tr>"
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{"".join(lines)}</tbody></table></div>'


def _about(store: Store, campaign: str, where: str, grades: Collection[str], anonymous: bool, n: int) -> dict[str, Any]:
    return {"candidates": n, "store": store.path.name, "catalogue": store.manifest.fingerprint, "campaign": campaign or "all",
            "where": where, "grades": ", ".join(grades), "graders": "anonymous" if anonymous else "by name",
            "mean grade": "A = 3, B = 2, C = 1, X = 0; or the quality, 0 to 4", "written by": f"QSO Atlas {__version__}",
            "on": datetime.now(UTC).isoformat(timespec="seconds"), "cite": citations(store.manifest)}


def _head(title: str, about: dict[str, Any]) -> str:
    said = f"{about['candidates']:,} objects of {about['store']}, the best graded first"
    return f'<header><h1>{html.escape(title)}</h1><p class="said">{html.escape(said)}</p></header>'


def _foot(about: dict[str, Any]) -> str:
    return f'<footer><h2>Provenance</h2>{html.definitions({name: part for name, part in about.items() if part})}</footer>'
