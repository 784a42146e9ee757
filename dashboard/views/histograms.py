"""Small histograms of some columns: the selection over all that is drawn, or A over B; a box on one selects its range."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from dashboard import compared, selecting, theme, words
from dashboard.columns import grouped
from dashboard.compared import Compared
from dashboard.session import Session
from dashboard.spread import Spread, default_names, offered, spreads
from dashboard.views import View
from dashboard.views._histogram import HistogramFigure
from dashboard.views._switches import one_of, which_sets

MOST = 16
"""Columns at once."""

_NONE = "+"  # chosen in the list of columns while nothing is
_CELL = ":host { flex: 1 1 210px !important; min-width: 0; max-width: 264px; }"


class Cell:
    """One column's place in the grid."""

    def __init__(self, name: str, pane: HistogramsPane):
        self.name, self.spread = name, None
        column = pane.session.table.columns[name]
        self.plot = HistogramFigure(f"histogram {name}", lambda start, end: pane.brush(self, start, end), height=128)
        title = pn.pane.HTML(f'<div class="heading" title="{words.html(column.description or name)}">'
                             f"<b>{words.html(words.label(column))}</b></div>", margin=(2, 0, 0, 10),
                             sizing_mode="stretch_width", stylesheets=[theme.css("compare")])
        away = pmui.IconButton(icon="close", size="small", icon_size="0.8em", margin=0, on_click=lambda _: pane.drop(name),
                               description=f"Take {words.title(column)} away")
        figure = pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_width", margin=0)
        self.pane = pn.Column(pn.Row(title, away, sizing_mode="stretch_width", margin=0, height=24), figure, margin=0,
                              stylesheets=[_CELL])


class HistogramsPane:
    """A tab of the selection's page."""

    def __init__(self, session: Session):
        self.session, self._work = session, session.latest()
        self._sets: list[Compared] = []
        self._known = ""
        self.names: list[str] = []
        self.cells: dict[str, Cell] = {}
        self.prefer = which_sets(self._make)
        self.unit = one_of({"Fractions": "fractions", "Counts": "counts"}, self._draw)
        self.more = pmui.Select(label="Show", size="small", width=180, margin=(4, 4, 0, 0), css_classes=["control"])
        self.more.param.watch(lambda event: self._add(event.new), "value")
        self.said = pn.pane.HTML("", margin=(2, 12), height=20, sizing_mode="stretch_width", stylesheets=[theme.css("compare")])
        self.grid = pn.FlexBox(sizing_mode="stretch_width", margin=(0, 6), gap="2px 6px", align_content="flex-start")
        session.when_shown(VIEW.title, compared.NAMES, self._make)
        session.on(["dark"], self._paint)

    def __panel__(self) -> pn.viewable.Viewable:
        controls = pn.FlexBox(self.more, self.unit, self.prefer, align_items="center", gap="4px 8px", margin=(8, 10, 0, 12),
                              sizing_mode="stretch_width")
        scrolled = pn.Column(self.grid, sizing_mode="stretch_both", margin=0, styles={"overflow-y": "auto"})
        return pn.Column(controls, self.said, scrolled, sizing_mode="stretch_both", margin=0)

    # ---- which columns

    def _list(self) -> None:
        """Offer the columns of the table that is there, and keep those shown that it has."""
        table = self.session.table
        if self._known == table.version and self.names:
            return
        self._known = table.version
        names = offered(table)
        self.names = [name for name in self.names if name in names] or default_names(table) or names[:8]
        self.more.param.update(groups={"": {"another column …": _NONE}} | grouped(table, names), value=_NONE)
        self.cells = {}

    def _lay(self) -> None:
        panes = [self.cells[name].pane for name in self.names if name in self.cells]
        if self.grid.objects != panes:
            self.grid[:] = panes

    def _add(self, name: str) -> None:
        if name != _NONE:
            self.names = [name, *(other for other in self.names if other != name)][:MOST]
            self.more.value = _NONE
            self._make()

    def drop(self, name: str) -> None:
        """Show a column no longer."""
        self.names = [other for other in self.names if other != name]
        self.cells.pop(name, None)
        self._lay()

    # ---- what is in them

    def _make(self) -> None:
        session = self.session
        self._list()
        self.prefer.visible = compared.is_choice(session)
        chosen = compared.sets(session, self.prefer.value)
        sets = chosen if len(chosen) == 2 else [compared.everything(session), *chosen]
        names = list(self.names)
        self._work.submit(lambda: spreads(session, names, sets), lambda found: self._show(sets, found))

    def _show(self, sets: list[Compared], found: list[Spread]) -> None:
        self._sets, known = sets, [spread.name for spread in found]
        for name in set(self.names) - set(known):
            self.session.tell(f"{name} has no histogram: it holds no number, or too many different words", "warning")
        self.names = [name for name in self.names if name in known]
        self.cells = {spread.name: self.cells.get(spread.name) or Cell(spread.name, self) for spread in found}
        for spread in found:
            self.cells[spread.name].spread = spread
        self._draw()
        self._lay()

    def _draw(self) -> None:
        for cell in self.cells.values():
            if cell.spread is not None:
                cell.plot.show(cell.spread, self._sets, self.unit.value == "fractions")
        self._paint()

    def _paint(self) -> None:
        ink = theme.ink(self.session.dark)
        for cell in self.cells.values():
            cell.plot.paint(self._sets, ink)
        self.said.object = said(self.session, self._sets, ink)

    def brush(self, cell: Cell, start: float, end: float) -> None:
        """Select what lies between two places of a histogram's axis."""
        rule = cell.spread and cell.spread.rule(start, end, self.session.table)
        if rule:
            selecting.choose(self.session, rule)


def said(session: Session, sets: list[Compared], ink: dict[str, str]) -> str:
    """What is drawn over what, with the number of objects; HTML."""
    parts = "".join(f'<span class="set"><i style="color:{ink[one.ink]}"></i><span>{words.html(one.title)} '
                    f"<b>{session.count(one.rule) if one.rule else session.table.n_rows:,}</b></span></span>" for one in sets)
    hint = "" if len(sets) > 1 else '<span class="set">drag on a histogram to select its range</span>'
    return f'<div class="sets" title="Every object is counted; none is drawn at random.">{parts}{hint}</div>'


VIEW = View("Histograms", "selection", 3, HistogramsPane)
