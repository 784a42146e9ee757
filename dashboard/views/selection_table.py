"""The selected objects as a table of which only the page in view is read; a click puts an object into focus."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import panel as pn

from dashboard import ordering, words
from dashboard.columns import cells, grouped
from dashboard.ordering import Order
from dashboard.views import View
from dashboard.views._pages import Paged

if TYPE_CHECKING:
    import numpy as np

    from dashboard.session import Session
    from dashboard.table import AtlasTable

_FIRST = ("object_id", "class", "z", "snr_median", "chi2_pix", "anomaly")


class SelectionTable(Paged):
    """A tab of the selection's page; it keeps columns and order whatever is selected."""

    def __init__(self, session: Session):
        self._chosen: list[str] | None = None
        super().__init__(session, VIEW.title, "table", also=("colour_by",))

    def __panel__(self) -> pn.viewable.Viewable:
        return self.pages

    @property
    def names(self) -> list[str]:
        """Columns that are shown: those chosen, else the customary ones and the map's colour."""
        columns, colour = self.session.table.columns, self.session.state.colour_by
        wanted = dict.fromkeys((*_FIRST, colour)) if self._chosen is None else self._chosen
        return [name for name in wanted if name in columns]

    def restart(self) -> None:
        """Show the first page, in the table that is now there."""
        table = self.session.table
        if self.order.by and not ordering.can_order(table, self.order.by):
            self.order = Order()
        self.pages.choices = {"groups": _described(table), "chosen": self.names}
        super().restart()

    def read(self, table: AtlasTable, rows: np.ndarray) -> dict[str, Any]:
        """Cells of these rows as the user reads them."""
        names, order = self.names, self.order
        values = cells(table, rows, names)
        columns = [table.columns[name] for name in names]
        texts = [[words.value(value, column) for value in values[column.name]] for column in columns]
        heads = [{"name": column.name, "title": words.heading(column), "tip": column.description or column.name,
                  "number": column.dtype not in ("string", "bool"),
                  "sortable": column.name == "object_id" or ordering.can_order(table, column.name),
                  "sorted": _direction(order, column.name)} for column in columns]
        return {"columns": heads, "rows": [list(row) for row in zip(*texts, strict=True)]}

    def _hear(self, message: dict[str, Any]) -> None:
        table = self.session.table
        if message.get("sort") in self.names:
            by = ordering.CATALOGUE if message["sort"] == "object_id" else message["sort"]
            if by == ordering.CATALOGUE or ordering.can_order(table, by):
                same = self.order.by == by
                self.order = replace(self.order, descending=not self.order.descending) if same else Order(by)
                self.restart()
        elif isinstance(message.get("columns"), list):
            # those that stay keep their place, new ones follow
            wanted = [name for name in message["columns"] if name in table.columns]
            kept = [name for name in self.names if name in wanted]
            self._chosen = kept + [name for name in wanted if name not in kept] or ["object_id"]
            self.fill()
        else:
            super()._hear(message)


def _direction(order: Order, name: str) -> str:
    by = ordering.CATALOGUE if name == "object_id" else name
    return "" if order.by != by else "down" if order.descending else "up"


def _described(table: AtlasTable) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Every column under the title of its group: name, title, tip."""
    return [(group, [(name, title, table.columns[name].description or name) for title, name in columns.items()])
            for group, columns in grouped(table).items()]


VIEW = View("Table", "selection", 0, SelectionTable)
