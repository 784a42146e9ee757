"""The selected objects as a table, a page at a time; a click puts one into focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn
from bokeh.models.widgets.tables import NumberFormatter

from dashboard import actions, theme, words
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._empty import empty

if TYPE_CHECKING:
    import numpy as np
    import pandas

_SHOWN = ("object_id", "class", "z", "snr_median", "chi2_pix")
_PAGE = 50


class SelectionTable:
    """A tab under the spectrum."""

    def __init__(self, session: Session):
        self.session, self._work = session, session.latest()
        self.body = pn.Column(sizing_mode="stretch_both", margin=0)
        session.on(["selection", "only", "run", "colour_by"], self._list)
        session.once_shown(self._list)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    def _list(self) -> None:
        session = self.session
        table, colour = session.table, session.state.colour_by
        names = [name for name in dict.fromkeys((*_SHOWN, colour)) if name in table.columns]

        def work() -> tuple[np.ndarray | None, pandas.DataFrame | None]:
            rows = session.selected
            return rows, None if rows is None else table.frame(rows, names)

        self._work.submit(work, lambda result: self._show(*result))

    def _show(self, rows: np.ndarray | None, frame: pandas.DataFrame | None) -> None:
        # a new table each time: one that is in a hidden tab cannot take another selection
        if rows is None:
            self.body[:] = [self._hint("Nothing is selected", "Draw a lasso or a box on the map.")]
        elif not len(rows):
            self.body[:] = [self._hint("No object lies in this selection", "Draw it anew.")]
        else:
            self.body[:] = [self._table(rows, frame)]

    def _hint(self, title: str, text: str) -> pn.pane.HTML:
        return pn.pane.HTML(empty(title, text), margin=0, sizing_mode="stretch_both", stylesheets=[theme.css()])

    def _table(self, rows: np.ndarray, frame: pandas.DataFrame) -> pn.widgets.Tabulator:
        columns = self.session.table.columns
        decimals = {name: NumberFormatter(format=words.pattern(columns[name])) for name in frame
                    if columns[name].dtype.startswith("float")}
        table = pn.widgets.Tabulator(
            frame, pagination="remote", page_size=_PAGE, disabled=True, show_index=False, selectable=False, row_height=24,
            sizing_mode="stretch_both", layout="fit_columns", theme="simple", margin=(0, 8), stylesheets=[theme.css("table")],
            widths={"object_id": 210}, titles={name: words.heading(columns[name]) for name in frame},
            formatters=decimals)
        table.on_click(lambda event: actions.focus(self.session, int(rows[event.row])))
        return table


VIEW = View("Selection", "tab", 1, SelectionTable)
