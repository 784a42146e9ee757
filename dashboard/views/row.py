"""The catalogue row of the object in focus, with units, descriptions and links out."""

from __future__ import annotations

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
        self.pane = pn.pane.HTML("", sizing_mode="stretch_both", margin=0, styles={"overflow-y": "auto"},
                                 stylesheets=[theme.css(), theme.css("object")])
        session.on(["focus", "run", "joined"], self._look)
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
            from qsocore.surveys import links_of

            values = {"object_id": table.ids_of([row])[0]} | table.row(row)
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
        self.pane.object = f'<div class="row">{_as_html(values["object_id"], links)}<table>{lines}</table></div>'


_COPY = "navigator.clipboard?.writeText(this.dataset.id).then(() => { this.textContent = 'Copied' })"


def _as_html(object_id: str, links: dict[str, str]) -> str:
    """Plain links, opened only by a click; before them what copies the id."""
    words_of = "".join(f'<a href="{words.html(url)}" target="_blank" rel="noopener noreferrer">{words.html(text)} ↗</a>'
                       for text, url in links.items())
    name, do = words.html(object_id), words.html(_COPY)
    copy = f'<button type="button" class="copy" data-id="{name}" onclick="{do}">Copy id</button>'
    return f'<div class="links">{copy}{words_of}</div>'


VIEW = View("Catalogue row", "object tab", 0, RowPane)
