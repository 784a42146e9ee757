"""The catalogue row of the object in focus, with units, descriptions and links out."""

from __future__ import annotations

from urllib.parse import urlsplit

import panel as pn

from dashboard import theme, words
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._empty import empty

_LAST = ("latent", "truth", "provenance")


class RowPane:
    """A tab under the spectrum."""

    def __init__(self, session: Session):
        self.session = session
        self.pane = pn.pane.HTML("", sizing_mode="stretch_both", margin=0, stylesheets=[theme.css()],
                                 styles={"overflow-y": "auto"})
        session.on(["focus", "run"], self._show)
        self._show()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.pane

    def _show(self) -> None:
        table, row = self.session.table, self.session.focus_row
        if row < 0:
            self.pane.object = empty("No object in focus", "Tap one on the map, or click a row of the selection.")
            return
        values = {"object_id": self.session.state.focus} | table.row(row)
        columns = {name: column for name, column in table.columns.items() if values.get(name) not in (None, "")}
        ordered = sorted(columns.values(), key=lambda column: column.role in _LAST and 1 + _LAST.index(column.role))
        lines = "".join(
            f'<tr><td class="name" title="{words.html(column.name)}">{words.html(words.title(column))}</td>'
            f'<td class="value" title="{words.html(values[column.name])}">'
            f"{words.html(words.value(values[column.name], column))}</td>"
            f'<td class="unit">{words.html(words.unit(column))}</td>'
            f'<td class="text" title="{words.html(column.description)}">{words.html(column.description)}</td></tr>'
            for column in ordered)
        self.pane.object = f'<div class="row">{_links(values)}<table>{lines}</table></div>'


def _links(values: dict) -> str:
    """Plain links out, opened only by a click."""
    from qsocore.surveys import SURVEYS

    name = values.get("survey") or ""
    urls = SURVEYS.get(name).links(values) if name in SURVEYS else {}
    safe = {text: url for text, url in urls.items() if urlsplit(url).scheme in ("http", "https")}
    links = "".join(f'<a href="{words.html(url)}" target="_blank" rel="noopener noreferrer">{words.html(text)} ↗</a>'
                    for text, url in safe.items())
    return f'<div class="links">{links}</div>' if links else ""


VIEW = View("Catalogue row", "tab", 0, RowPane)
