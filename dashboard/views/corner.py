"""The corner plot of some columns, latents at first: every pair as a density or coloured by a property, all objects counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn
import panel_material_ui as pmui
from bokeh.events import DoubleTap, SelectionGeometry

from dashboard import palettes, selecting, theme, words
from dashboard.columns import grouped, numeric
from dashboard.corner import MOST, Corner, corner, default_names
from dashboard.state import DENSITY
from dashboard.views import View, _legend
from dashboard.views._cornerfigure import CornerFigure
from dashboard.views._pages import NARROW, shown_rule
from qsocore.store.derived import SIGNED

if TYPE_CHECKING:
    from dashboard.colourings import Scale
    from dashboard.session import Session

_HELP = "Drag a box in a panel to select · double-click a panel to see it as the map"


class CornerPane:
    """A tab of the selection's page."""

    def __init__(self, session: Session):
        self.session, self.plot, self._work = session, CornerFigure(), session.latest()
        self._known: tuple[tuple, Corner] | None = None
        self._scale: Scale | None = None
        small = {"size": "small", "margin": (2, 6), "css_classes": ["control"]}
        self.chosen = pmui.MultiChoice(label="Columns", max_items=MOST, searchable=True, chip=False, delete_button=False,
                                       visual_size="small", sizing_mode="stretch_width", margin=(2, 6), css_classes=["control"],
                                       sx=NARROW)
        self.colour = pmui.Select(label="Coloured by", width=170, **small)
        looks = {"margin": 0, "sizing_mode": "stretch_width", "stylesheets": [theme.css()]}
        self.said = pn.pane.HTML("", height=44, styles={"padding": "0 12px"}, **looks | {"stylesheets": [theme.css("export")]})
        self.key = pn.pane.HTML("", height=34, visible=False, styles={"padding": "0 12px"}, **looks)
        self.figure = pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_both", margin=(0, 4))
        self._following = False
        self.chosen.param.watch(lambda _: self._choose(), "value")
        self.colour.param.watch(lambda _: self._choose(), "value")
        self.plot.figure.on_event(SelectionGeometry, lambda event: event.final and self._select(event.geometry))
        self.plot.figure.on_event(DoubleTap, lambda event: self._open(event.x, event.y))
        session.when_shown(VIEW.title, ["selection", "only", "filters", "hidden", "run"], self._draw)
        session.when_shown(VIEW.title, ["focus"], self._ring)
        session.when_shown(VIEW.title, ["palette"], self._paint)
        session.on(["dark"], self._paint)
        self._list()

    def __panel__(self) -> pn.viewable.Viewable:
        controls = pn.Row(self.chosen, self.colour, sizing_mode="stretch_width", margin=(6, 6, 0, 6))
        return pn.Column(controls, self.figure, self.key, self.said, sizing_mode="stretch_both", margin=0)

    def _list(self) -> None:
        """Offer the columns of the table that is there, and keep those chosen that it has."""
        table = self.session.table
        names = numeric(table)
        titles = {title: name for columns in grouped(table, names).values() for title, name in columns.items()}
        self._following = True
        try:
            value = [name for name in self.chosen.value if name in names]
            self.chosen.param.update(options=titles, value=value if len(value) > 1 else list(default_names(table)))
            colour = self.colour.value if self.colour.value in names else DENSITY
            self.colour.param.update(groups={"": {"Density": DENSITY}} | grouped(table, names), value=colour)
        finally:
            self._following = False

    def _choose(self) -> None:
        if not self._following:
            self._draw()

    def _draw(self) -> None:
        session, table = self.session, self.session.table
        if set(self.chosen.value) - set(table.columns):
            self._list()
        names, colour = tuple(self.chosen.value), "" if self.colour.value == DENSITY else self.colour.value
        if len(names) < 2:
            self.said.object = '<div class="about">Choose at least two columns.</div>'
            return
        (rule, what), drawn_rule = shown_rule(session), session.drawn_rule
        behind = (session.state.run, names, drawn_rule) if session.state.selection else None
        known = self._known[1] if self._known and self._known[0] == behind else None

        def work() -> tuple[Corner, Corner | None, Scale | None]:
            rows = session.rows(rule) if rule else None
            rest = known if known or behind is None else corner(table, session.rows(drawn_rule) if drawn_rule else None, names)
            scale = scale_of(session, colour) if colour else None
            return corner(table, rows, names, colour), rest, scale

        def then(result: tuple[Corner, Corner | None, Scale | None]) -> None:
            found, rest, self._scale = result
            self._known = (behind, rest) if behind else None
            self.plot.show(found, rest, self._scale, [words.title(table.columns[name]) for name in found.names])
            grey = f" · {rest.n:,} drawn in grey" if rest else ""
            beyond = f" · {found.n_beyond:,} of them beyond an axis" if found.n_beyond else ""
            said = f"<b>{found.n:,}</b> {what}{beyond}{grey} · no sampling"
            self.said.object = f'<div class="about">{said}</div><div class="about">{_HELP}</div>'
            self._paint()
            self._ring()

        self._work.submit(work, then)

    def _paint(self) -> None:
        session, colour = self.session, self.colour.value
        palette = palettes.continuous(session.state.palette, session.theme, density=self._scale is None)
        self.plot.paint(palette, theme.ink(session.dark))
        self.key.visible = self._scale is not None
        if self._scale is not None:
            self.key.object = _legend.bar(f"Mean {words.label(session.table.columns[colour])}", self._scale, palette)

    def _ring(self) -> None:
        table, row = self.session.table, self.session.focus_row
        names = [name for name in self.chosen.value if name in table.columns]
        fits = row >= 0 and len(names) == len(self.plot.grid.limits)
        self.plot.focus_on([float(table.numbers(name)[row]) for name in names] if fits else None)

    def _select(self, geometry: dict) -> None:
        found = self.plot.grid.box(geometry) if geometry.get("type") == "rect" else None
        if found:
            (up, across), box = found
            selecting.select_geometry(self.session, box, (self.chosen.value[across], self.chosen.value[up]))

    def _open(self, x: float, y: float) -> None:
        """Show a panel as the first map."""
        panel = self.plot.grid.panel_at(x, y)
        if panel:
            state, (up, across) = self.session.state, panel
            state.param.update(maps=(f"{self.chosen.value[across]},{self.chosen.value[up]}", *state.maps[1:]),
                               windows=(None, *state.windows[1:]))


def scale_of(session: Session, name: str) -> Scale:
    """The robust scale of a column, the same as the map's where that is coloured by it."""
    from dashboard.colourings import COLOURINGS

    if session.state.colour_by == name and session.scale is not None:
        return session.scale
    table = session.table
    return session.library.once(("scale", session.state.run, name, "linear"),
                                lambda: COLOURINGS.get("continuous").scale_of(table.numbers(name), signed=name in SIGNED))


VIEW = View("Corner", "selection", 4, CornerPane)
