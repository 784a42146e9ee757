"""The selected objects as a table, a page at a time; a click puts one into focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from dashboard import actions, theme, words
from dashboard.session import Session
from dashboard.state import DENSITY
from dashboard.views import View
from dashboard.views._empty import empty

if TYPE_CHECKING:
    import numpy as np
    import pandas

_SHOWN = ("object_id", "class", "z", "snr_median", "chi2_pix")


class SelectionTable:
    """A tab under the spectrum."""

    def __init__(self, session: Session):
        self.session, self._work = session, session.latest()
        self.rows: np.ndarray | None = None
        self.hint = pn.pane.HTML(empty("Nothing is selected", "Draw a lasso or a box on the map."), margin=0,
                                 sizing_mode="stretch_both", stylesheets=[theme.css()])
        self.table = pn.widgets.Tabulator(
            pagination="remote", page_size=12, disabled=True, show_index=False, sizing_mode="stretch_both", selectable=False,
            layout="fit_columns", theme="simple", visible=False, margin=(0, 8, 0, 8), stylesheets=[theme.css()],
            configuration={"columnDefaults": {"headerSort": True}})
        self.table.on_click(lambda event: actions.focus(session, int(self.rows[event.row])))
        session.on(["selection", "only", "run", "colour_by"], self._list)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self.hint, self.table, sizing_mode="stretch_both", margin=0)

    def _list(self) -> None:
        session = self.session
        table, colour = session.table, session.state.colour_by
        names = [name for name in (*_SHOWN, *((colour,) if colour != DENSITY else ())) if name in table.columns]

        def work() -> tuple[np.ndarray | None, pandas.DataFrame | None]:
            rows = session.selected
            return rows, None if rows is None else table.frame(rows, names)

        self._work.submit(work, lambda result: self._show(*result))

    def _show(self, rows: np.ndarray | None, frame: pandas.DataFrame | None) -> None:
        self.rows = rows
        some = rows is not None and len(rows) > 0
        self.hint.visible, self.table.visible = not some, some
        if some:
            columns = self.session.table.columns
            self.table.param.update(value=frame, titles={name: words.label(columns[name]) for name in frame}, page=1)
        elif rows is not None:
            self.hint.object = empty("No object lies in this selection", "Draw it anew.")
        else:
            self.hint.object = empty("Nothing is selected", "Draw a lasso or a box on the map.")


VIEW = View("Selection", "tab", 1, SelectionTable)
