"""A selection as one HTML file that needs nothing else: rule, counts, figures, spectra, table, provenance.

It holds no script, loads nothing, and forbids both to whatever opens it; every word from a catalogue is escaped.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard import paper, theme, words
from dashboard.strips import HEIGHT, Strips, strips

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dashboard.table import AtlasTable
    from qsocore.embed.decoder import Decoder

N_STRIPS, N_ROWS = 48, 200
"""Spectra drawn and rows listed; the report says how many there are."""

_STRIP_BINS = 160
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Report:
    """What a report is about.

    Parameters
    ----------
    title : str
        Heading.
    rule : str
        The rule as text, as `qsocore.selection.to_text` writes it.
    rule_json : str
        The same as JSON, which ``qso export --selection`` replays.
    about : dict
        Provenance: names and plain values, lists of citations among them.
    command : str
        A command line that gives the same rows.
    figures : sequence of (Figure, str)
        Figures and what is written under them.
    columns : sequence of str
        Of the table.
    """

    title: str
    rule: str
    rule_json: str
    about: dict[str, Any]
    command: str
    figures: Sequence[tuple[Figure, str]] = field(default_factory=tuple)
    columns: Sequence[str] = ()


def report(made_of: Report, table: AtlasTable, rows: NDArray[np.int64], decoder: Decoder | None = None) -> str:
    """Write a report.

    Parameters
    ----------
    made_of : Report
        What it says.
    table : AtlasTable
        Whose.
    rows : ndarray of int64, shape (n,)
        The selected rows, in the order in which the first are shown.
    decoder : Decoder, optional
        Reconstructs the spectra that are shown.

    Returns
    -------
    str
        A whole HTML document.
    """
    parts = [f"<h1>{words.html(made_of.title)}</h1>",
             f'<p class="said">{len(rows):,} of {table.n_rows:,} objects of {words.html(table.name)}</p>',
             "<h2>Selection</h2>", _defined({"rule": made_of.rule} | _counted(table, rows)),
             f"<p>As JSON, for <code>qso export --selection</code>:</p><pre>{words.html(made_of.rule_json)}</pre>"]
    parts += [f"<p>The same rows again:</p><pre>{words.html(made_of.command)}</pre>"] if made_of.command else []
    parts += ["<h2>Figures</h2>"] if made_of.figures else []
    parts += [_figure(figure, text, made_of.about) for figure, text in made_of.figures]
    if table.store is not None and table.store.grid is not None and len(rows):
        parts += _spectra(table, rows, decoder)
    parts += _table(table, rows, made_of.columns)
    parts += ["<h2>Provenance</h2>", _defined(made_of.about)]
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            f"<title>{words.html(made_of.title)}</title><style>{theme.css('report')}</style></head>\n<body>\n"
            + "\n".join(parts) + "\n</body></html>\n")


def _counted(table: AtlasTable, rows: NDArray[np.int64]) -> dict[str, str]:
    """How many of each class and survey."""
    counted = {"objects": f"{len(rows):,} of {table.n_rows:,}"}
    for name in ("class", "survey"):
        if name in table.columns and not table.is_numeric(name):
            classes = table.classes(name)
            counts = np.bincount(classes.codes[rows], minlength=len(classes.names))
            counted[words.title(table.columns[name]).lower()] = ", ".join(
                f"{known} {count:,}" for known, count in zip(classes.names, counts, strict=False) if count)
    return counted


def _defined(facts: dict[str, Any]) -> str:
    """Names and values as a list of definitions; a list's items stand one under the other."""
    def said(value: Any) -> str:
        if isinstance(value, (list, tuple)):
            return "<br>".join(words.html(part) for part in value) or "—"
        return words.html(json.dumps(value) if isinstance(value, dict) else "—" if value in (None, "") else value)

    items = (f"<dt>{words.html(str(name).replace('_', ' '))}</dt><dd>{said(value)}</dd>" for name, value in facts.items())
    return f"<dl>{''.join(items)}</dl>"


def _figure(figure: Figure, text: str, about: dict[str, Any]) -> str:
    with tempfile.TemporaryDirectory(prefix="qso-atlas-") as folder:
        paper.save(figure, path := Path(folder) / "figure.png", about)
        data = base64.b64encode(path.read_bytes()).decode()
    return (f'<figure><img alt="{words.html(text)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{words.html(text)}</figcaption></figure>")


def _spectra(table: AtlasTable, rows: NDArray[np.int64], decoder: Decoder | None) -> list[str]:
    shown = rows[:N_STRIPS]
    found = strips(table, shown, decoder, _STRIP_BINS)
    names = [name for name in ("class", "z", "snr_median") if name in table.columns]
    frame, modelled = table.frame(shown, names), " The reconstruction is drawn over the flux." if decoder else ""
    cells = [_strip(found, number, object_id, [(name, frame[name].tolist()[number]) for name in names], table)
             for number, object_id in enumerate(table.ids_of(shown))]
    return ["<h2>Spectra</h2>", f'<p class="said">The first {len(shown):,} of {len(rows):,}, each in units of its own scale, '
            f"{found.wave[0]:.0f} to {found.wave[-1]:.0f} Å.{modelled}</p>", f'<div class="strips">{"".join(cells)}</div>']


def _strip(found: Strips, number: int, object_id: str, facts: list[tuple[str, Any]], table: AtlasTable) -> str:
    flux, model = found.paths(number)
    said = " · ".join(f"{'z ' if name == 'z' else 'S/N ' if name == 'snr_median' else ''}"
                      f"{words.short(value, table.columns[name])}" for name, value in facts)
    return (f'<div class="strip"><b title="{words.html(object_id)}">{words.html(object_id)}</b>'
            f'<svg viewBox="0 0 {len(found.wave)} {HEIGHT}" preserveAspectRatio="none" role="img" '
            f'aria-label="Spectrum of {words.html(object_id)}">'
            f'<path class="flux" d="{flux}"/><path class="model" d="{model}"/></svg>'
            f"{words.html(said)}</div>")


def _table(table: AtlasTable, rows: NDArray[np.int64], columns: Sequence[str]) -> list[str]:
    names = [name for name in dict.fromkeys(columns) if name in table.columns]
    shown = rows[:N_ROWS]
    frame, meant = table.frame(shown, names), [table.columns[name] for name in names]
    kinds = ["text" if column.dtype in ("string", "bool") else "number" for column in meant]
    head = "".join(f'<th class="{kind}" title="{words.html(column.description)}">{words.html(words.label(column))}</th>'
                   for column, kind in zip(meant, kinds, strict=True))
    cells = [[words.html(words.value(value, column)) for value in frame[column.name].tolist()] for column in meant]
    lines = ("".join(f'<td class="{kind}">{text}</td>' for kind, text in zip(kinds, line, strict=True))
             for line in zip(*cells, strict=True))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return ["<h2>Objects</h2>", f'<p class="said">The first {len(shown):,} of {len(rows):,}; all of them come with the command '
            f'above.</p><div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>']
