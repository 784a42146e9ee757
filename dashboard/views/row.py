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
        self.session, self._work = session, session.latest()
        self.pane = pn.pane.HTML("", sizing_mode="stretch_both", margin=0, stylesheets=[theme.css()],
                                 styles={"overflow-y": "auto"})
        session.on(["focus", "run"], self._look)
        self._look()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.pane

    def _look(self) -> None:
        table, row = self.session.table, self.session.focus_row
        if row < 0:
            self._work.cancel()
            self.pane.object = empty("No object in focus", "Tap one on the map, or click a row of the selection.")
            return

        def work() -> tuple[dict, dict[str, str]]:
            values = {"object_id": table.ids[row].as_py()} | table.row(row)
            return values, links_of(values)

        self._work.submit(work, lambda result: self._show(*result))

    def _show(self, values: dict, links: dict[str, str]) -> None:
        columns = {name: column for name, column in self.session.table.columns.items() if values.get(name) not in (None, "")}
        ordered = sorted(columns.values(), key=lambda column: column.role in _LAST and 1 + _LAST.index(column.role))
        lines = "".join(
            f'<tr><td class="name" title="{words.html(column.description or column.name)}">'
            f"{words.html(words.title(column))}</td>"
            f'<td class="value" title="{words.html(values[column.name])}">'
            f"{words.html(words.value(values[column.name], column))}</td>"
            f'<td class="unit">{words.html(words.unit(column))}</td>'
            f'<td class="text" title="{words.html(column.description)}">{words.html(column.description)}</td></tr>'
            for column in ordered)
        self.pane.object = f'<div class="row">{_as_html(links)}<table>{lines}</table></div>'


def links_of(values: dict) -> dict[str, str]:
    """Pages about an object elsewhere, label to address, as its survey knows them."""
    from qsocore.surveys import SURVEYS

    name = values.get("survey") or ""
    member = next((member for member in SURVEYS.names() if name and (member == name or member.startswith(f"{name}-"))), None)
    return SURVEYS.get(member).links(values) if member else {}


def _as_html(links: dict[str, str]) -> str:
    """Plain links, opened only by a click; only addresses of pages."""
    safe = {text: url for text, url in links.items() if urlsplit(url).scheme in ("http", "https")}
    words_of = "".join(f'<a href="{words.html(url)}" target="_blank" rel="noopener noreferrer">{words.html(text)} ↗</a>'
                       for text, url in safe.items())
    return f'<div class="links">{words_of}</div>' if words_of else ""


VIEW = View("Catalogue row", "tab", 0, RowPane)
