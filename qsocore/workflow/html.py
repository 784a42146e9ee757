"""Pieces of an HTML page that needs nothing else: no script, no other host; every word is escaped."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from qsocore.evaluate.tables import Table
from qsocore.figures.style import BLUE, INK, RED, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a page forbids to whatever opens it: scripts, and every other host."""
_DPI = 144  # of what is drawn as pixels inside an SVG
_INCH = 96  # CSS pixels, so that words of all figures that fit the page are of one size
_COLOURS = {"'DejaVu Sans'": "var(--font)", INK: "currentColor", "#000000": "currentColor", BLUE: "var(--blue)",
            RED: "var(--red)"}  # what follows the page's theme


def document(title: str, style: str, parts: Iterable[str]) -> str:
    """A whole page."""
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            f"<title>{escape(title)}</title><style>{style}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n")


def definitions(facts: Mapping[str, Any]) -> str:
    """Names and values; a list's items stand one under the other, a mapping's on one line."""
    items = (f"<dt>{escape(str(name).replace('_', ' '))}</dt><dd>{value(content)}</dd>" for name, content in facts.items())
    return f"<dl>{''.join(items)}</dl>"


def value(content: Any) -> str:
    """A plain value as HTML; a dash for nothing."""
    if content is None or content == "":
        return "–"
    if isinstance(content, Mapping):
        return ", ".join(f"{escape(str(name))} {escape(_short(part))}" for name, part in content.items()) or "–"
    if isinstance(content, (list, tuple)):
        return "<br>".join(escape(_short(part)) for part in content) or "–"
    return escape(_short(content))


def _short(content: Any) -> str:
    if isinstance(content, Mapping):
        return f"({', '.join(f'{name} {_short(part)}' for name, part in content.items())})"
    if isinstance(content, (list, tuple)):
        return f"({', '.join(map(_short, content))})"
    if isinstance(content, bool) or not isinstance(content, (int, float)):
        return str(content)
    return f"{content:,}" if isinstance(content, int) else f"{content:.4g}"


def table(shown: Table) -> str:
    """A table of an evaluation."""
    def line(cells: Iterable[str], tag: str) -> str:
        words = (f"<{tag} class=\"{'number' if k else 'name'}\">{escape(word)}</{tag}>" for k, word in enumerate(cells))
        return f"<tr>{''.join(words)}</tr>"

    body = "".join(line(row, "td") for row in shown.rows)
    note = f'<p class="note">{escape(shown.note)}</p>' if shown.note else ""
    return (f'<h3>{escape(shown.title)}</h3>{note}<div class="wide"><table><thead>{line(shown.head, "th")}</thead>'
            f"<tbody>{body}</tbody></table></div>")


def figure(drawn: Figure, number: int, text: str) -> str:
    """A figure as inline SVG whose ink is that of the page, with its number and what it shows."""
    width = round(drawn.get_figwidth() * _INCH)
    drawing = f'<div class="drawing" style="max-width:{width}px" role="img" aria-label="{escape(text)}">{svg(drawn)}</div>'
    return (f"<figure>{drawing}"
            f"<figcaption><b>Figure {number}.</b> {escape(text)}</figcaption></figure>")


@styled
def svg(drawn: Figure) -> str:
    """A figure as an SVG element: clear, as wide as the page lets it be, its words in the page's font and colour."""
    file = io.BytesIO()
    drawn.savefig(file, format="svg", transparent=True, dpi=_DPI, metadata={"Date": None})
    text = file.getvalue().decode()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # the same names in every figure
    text = re.sub(r'<svg ([^>]*?)height="[\d.]+pt"([^>]*?)width="[\d.]+pt"', r"<svg \1\2", text, count=1)
    text = re.sub(r'<svg ([^>]*?)width="[\d.]+pt"([^>]*?)height="[\d.]+pt"', r"<svg \1\2", text, count=1)
    for drawn_in, shown_in in _COLOURS.items():
        text = text.replace(drawn_in, shown_in)
    return re.sub(r"\n\s*", "\n", text)
