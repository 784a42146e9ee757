"""The map of all objects, with the key to its colours and the honest counts beneath.

Every choice takes the cheapest way: another table, colouring or view aggregates; other limits only re-place the aggregate
on its scale; another palette or theme only looks the bytes up anew; selection and focus only move the overlays.
"""

from __future__ import annotations

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.events import RangesUpdate, SelectionGeometry, Tap

from dashboard import actions, derive, palettes, raster, theme, words
from dashboard.colourings import Aggregate
from dashboard.raster import View as Window
from dashboard.session import Session
from dashboard.state import DENSITY
from dashboard.views import View, _legend
from dashboard.views._mapfigure import MapFigure

_LONG_MS = 300


class MapView:
    """The left half of the page."""

    def __init__(self, session: Session):
        self.session, self.map = session, MapFigure()
        self._work, self._marks = session.latest(), session.latest()
        self._aggregate: Aggregate | None = None
        self._view: Window | None = None
        self._marked = False
        self._counts = derive.Counts(0, 0, 0, session.table.n_rows)
        looks = {"stylesheets": [theme.css()], "margin": 0, "sizing_mode": "stretch_width"}
        self.legend = pn.pane.HTML("", height=40, **looks)
        self.counts = pn.pane.HTML("", height=22, **looks)
        self.clear = self._button("Clear selection", actions.clear_selection)
        self.only = self._button("Draw only these", actions.draw_only_selected)
        self.all = self._button("Draw all again", actions.draw_all)
        self._listen()
        self._frame()

    def _button(self, text: str, action) -> pmui.Button:
        return pmui.Button(label=text, variant="text", size="small", visible=False, margin=0, height=22,
                           on_click=lambda _: action(self.session))

    def __panel__(self) -> pn.viewable.Viewable:
        beneath = pn.Row(self.counts, self.clear, self.only, self.all, sizing_mode="stretch_width", height=24, margin=0)
        strip = pn.Column(self.legend, beneath, sizing_mode="stretch_width", height=66, margin=(0, 14, 6, 14))
        return pn.Column(pn.pane.Bokeh(self.map.figure, sizing_mode="stretch_both", margin=(6, 6, 0, 6)), strip,
                         sizing_mode="stretch_both", margin=0, css_classes=["map"])

    def _listen(self) -> None:
        session, plot = self.session, self.map.figure
        plot.on_event(RangesUpdate, lambda event: actions.zoom(session, event.x0, event.x1, event.y0, event.y1))
        plot.on_event(SelectionGeometry, lambda event: actions.select(session, event.geometry) if event.final else None)
        plot.on_event(Tap, lambda event: self._view and actions.tap(session, event.x, event.y, self._view))
        for side in ("inner_width", "inner_height"):
            plot.on_change(side, lambda attr, old, new: self._draw(changed=False))
        session.on(["run", "projection", "x", "y"], self._frame)
        session.on(["colour_by", "only"], self._draw)
        session.on(["window"], lambda: self._draw(changed=False))
        session.on(["limits"], self._place)
        session.on(["selection", "focus"], self._overlay)
        session.on(["palette"], self._paint)
        session.param.watch(lambda _: self._paint(), "dark")

    # ---- stages, the dearest first

    def _frame(self) -> None:
        """Another plane: its axes and extent, then everything after."""
        columns = self.session.table.columns
        x, y = self.session.axes
        self.map.label(words.label(columns[x]), words.label(columns[y]))
        self._draw()

    def _draw(self, changed: bool = True) -> None:
        """Aggregate what is in view; `changed` when more than the view did."""
        session, (width, height) = self.session, self.map.size
        window = session.state.window or session.extent
        shown = self.map.figure.x_range.start, self.map.figure.x_range.end, *(
            self.map.figure.y_range.start, self.map.figure.y_range.end)
        if not np.allclose(shown, window, rtol=1e-5, atol=0):
            self.map.look_at(window, session.extent)
        if width < 2 or height < 2:
            return
        view = Window(*window, width, height)

        def work() -> tuple:
            aggregate = raster.aggregate(session.points, session.colouring.kind, view)
            levels = raster.spread(session.colouring.levels(aggregate, session.scale))
            ground = raster.presence(*session.ground, view) if session.ground else None
            return aggregate, levels, ground, session.n_drawn

        def then(result: tuple) -> None:
            first = self._aggregate is None
            self._aggregate, levels, ground, n_drawn = result
            self._view = view
            self.map.show(self.map.ground, ground, view)
            self.map.show(self.map.image, levels, view)
            self._count(in_view=int(self._aggregate.count.sum()), drawn=n_drawn,
                        ground=len(session.ground[0]) if session.ground else 0)
            if first or changed or session.colouring.kind == "count":
                self._paint()  # the scale of a density is the view's own
            self._overlay() if first or changed else self._mark()

        self._work.submit(work, then)
        session.document.add_timeout_callback(self._mark_busy, _LONG_MS)

    def _place(self) -> None:
        """Other limits: the kept aggregate on another scale."""
        if self._aggregate is not None and not self._work.busy:
            levels = raster.spread(self.session.colouring.levels(self._aggregate, self.session.scale))
            self.map.show(self.map.image, levels, self._view)
            self._paint()

    def _paint(self) -> None:
        """Palette, legend and overlay colours of the theme."""
        session = self.session
        column, name = session.state.colour_by, session.theme
        title = "Objects per pixel" if column == DENSITY else words.label(session.table.columns[column])
        if session.colouring.kind == "classes":
            classes = session.table.classes(column)
            palette = palettes.categorical(classes.names, name)
            counts = derive.class_counts(classes.codes, len(classes.names), session.drawn)
            self.legend.object = _legend.classes(title, classes.names, counts, name)
        else:
            palette = palettes.continuous(session.state.palette, name, density=column == DENSITY)
            scale = session.scale or (session.colouring.scale(self._aggregate) if self._aggregate else None)
            self.legend.object = _legend.bar(title, scale, palette) if scale else ""
        self.map.paint(palette, theme.ink(session.dark))

    def _overlay(self) -> None:
        """Selection and focus."""
        session, row = self.session, self.session.focus_row
        x, y = session.coordinates
        here = [] if row < 0 or not np.isfinite([x[row], y[row]]).all() else [row]
        self.map.focus.data = {"x": x[here], "y": y[here]}
        corners = derive.outline(session.state.selection, *session.axes) or ()
        self.map.outline.data = {"x": [x for x, _ in corners], "y": [y for _, y in corners]}
        self.clear.visible = self.only.visible = bool(session.state.selection)
        self.all.visible = bool(session.state.only)
        self._mark()

    def _mark(self) -> None:
        """Count the selected objects; those selected on another plane are marked one by one."""
        session, view = self.session, self._view
        (x, y), plane = session.coordinates, session.axes

        def work() -> tuple:
            rows = session.selected
            if rows is None or view is None or derive.outline(session.state.selection, *plane):
                return rows, None
            return rows, raster.presence(x[rows], y[rows], view)

        def then(result: tuple) -> None:
            rows, marks = result
            self.map.show(self.map.marked, marks, view)
            self._count(selected=0 if rows is None else len(rows))

        if session.state.selection or self._marked:
            self._marked = bool(session.state.selection)
            self._marks.submit(work, then)

    def _count(self, **changed: int) -> None:
        self._counts = derive.Counts(**(self._counts.__dict__ | changed))
        self._show_counts(busy=False)

    def _mark_busy(self) -> None:
        if self._work.busy:
            self._show_counts(busy=True)

    def _show_counts(self, busy: bool) -> None:
        self.counts.object = (f'<div class="counts{" working" if busy else ""}">'
                              f'{words.html(self._counts)}<span class="busy"></span></div>')


VIEW = View("Map", "map", 0, MapView)
