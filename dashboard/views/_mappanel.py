"""One map: what its figure shows follows from State here.

Every choice takes the cheapest way: another table, colouring or view aggregates what is in view; other limits only re-place
the aggregate on its scale; another palette or theme only looks the bytes up anew; focus only moves a ring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.events import Reset, SelectionGeometry, Tap
from numpy.typing import NDArray

from dashboard import actions, glyphs, hovering, palettes, raster, selecting, theme, words
from dashboard.colourings import Aggregate
from dashboard.raster import View as Window
from dashboard.session import Session
from dashboard.state import DENSITY, MAX_MAPS
from dashboard.views._mapfigure import NO_RARE, MapFigure

_COLUMNS = "Two columns"
_MAPS = {"umap": "UMAP", "pca": "PCA", "sky": "RA, Dec", "map": "Map"}
_QUIET_MS = 120  # after the last picture, before the single objects are drawn
_COARSE = 256  # pixels across the picture that waits behind
_FIRST = 512  # and across the one that comes before the browser has said how large the map is
_SETTLING_MS = 60


@dataclass(frozen=True)
class Picture:
    """What one piece of work has drawn.

    Parameters
    ----------
    view : dashboard.raster.View
        Where.
    aggregate, chosen : Aggregate
        Of everything drawn, and of what is selected of it (None without a selection).
    levels, chosen_levels, ground : ndarray of uint8
        As they are shown.
    n_drawn : int
        Objects that have a place on this map.
    """

    view: Window
    aggregate: Aggregate
    levels: NDArray[np.uint8]
    n_drawn: int
    chosen: Aggregate | None = None
    chosen_levels: NDArray[np.uint8] | None = None
    ground: NDArray[np.uint8] | None = None


class MapPanel:
    """A figure and the strip above it in which its axes are chosen.

    Parameters
    ----------
    session : Session
    number : int
        Which of the maps of State it shows.
    drawn : callable
        Told after each picture.
    """

    def __init__(self, session: Session, number: int, drawn: Callable[[MapPanel], None]):
        self.session, self.number, self._drawn = session, number, drawn
        self.map = MapFigure("map" if number == 0 else f"map {number + 1}", hovering.kind_of(session.library))
        self._work, self._marks, self._rays = session.latest(), session.latest(), session.latest()
        self.picture: Picture | None = None
        self._turn = 0
        self._make_strip()
        self.pane = pn.Column(self.strip, pn.pane.Bokeh(self.map.figure, sizing_mode="stretch_both", margin=(0, 2, 0, 4)),
                              sizing_mode="stretch_both", margin=0, styles={"min-height": "0", "overflow": "hidden"})
        self._listen()
        self._frame()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.pane

    # ---- the strip

    def _make_strip(self) -> None:
        session = self.session
        small = {"label": "", "size": "small", "margin": (2, 2), "min_width": 56, "max_width": 124,
                 "sizing_mode": "stretch_width", "sx": {"& .MuiSelect-select": {"py": "3px"}}}
        self.which = pmui.Select(description="Which map", **small)
        self.x, self.y = (pmui.Select(description=text, searchable=True, **small)
                          for text in ("Column across", "Column upwards"))
        self.which.param.watch(lambda event: self._chosen(event.new), "value")
        for widget in (self.x, self.y):
            widget.param.watch(lambda _: self._chosen(f"{self.x.value},{self.y.value}"), "value")
        self.add = self._icon("add", "Another map beside", lambda: actions.add_map(session))
        self.link = self._icon("link", "Let the other maps follow to the objects in view",
                               lambda: actions.link(session, not session.state.linked))
        self.close = self._icon("close", "Close this map", lambda: actions.close_map(session, self.number))
        self.busy = pn.pane.HTML("", width=14, height=20, margin=(9, 0), stylesheets=[theme.css()])
        self.strip = pn.Row(self.which, self.x, self.y, self.busy, pn.Spacer(sizing_mode="stretch_width"), self.link, self.add,
                            self.close, sizing_mode="stretch_width", height=36, margin=(4, 8, 0, 10))

    def _icon(self, icon: str, text: str, do: Callable[[], None]) -> pmui.IconButton:
        return pmui.IconButton(icon=icon, size="small", icon_size="1.1em", description=text, margin=0,
                               on_click=lambda _: do())

    _following = False

    def _chosen(self, name: str) -> None:
        if self._following or not name:
            return
        if name == _COLUMNS:
            name = ",".join(self.session.axes_of(self.session.state.maps[self.number]))
        actions.choose_map(self.session, self.number, name)

    def _show_strip(self) -> None:
        session, table = self.session, self.session.table
        name, (x, y) = self.name, session.axes_of(self.name)
        numeric = {words.title(column): column.name for column in table.columns.values() if table.is_numeric(column.name)}
        own = name not in table.maps
        self._following = True
        try:
            options = {_MAPS.get(known, known): known for known in table.maps} | {_COLUMNS: _COLUMNS}
            self.which.param.update(options=options, value=_COLUMNS if own else name)
            for widget, column in ((self.x, x), (self.y, y)):
                widget.param.update(options=numeric, value=column, visible=own)
        finally:
            self._following = False
        several = len(session.state.maps) > 1
        self.add.visible = self.number == len(session.state.maps) - 1 < MAX_MAPS - 1
        self.close.visible = several
        self.link.param.update(visible=several and self.number == 0, color="primary" if session.state.linked else "default")

    # ---- events and choices

    def _listen(self) -> None:
        session, plot = self.session, self.map.figure
        self.map.on_move(self._moved_by_user)
        plot.on_event(Reset, lambda event: actions.show_all(session, self.number))
        plot.on_event(SelectionGeometry, self._brushed)
        plot.on_event(Tap, self._tapped)
        for side in ("inner_width", "inner_height"):
            plot.on_change(side, lambda attr, old, new: self._resized())
        self._on(["run", "joined", "maps"], self._frame)
        self._on(["linked"], self._show_strip)
        self._on(["windows"], self._moved)
        self._on(["colour_by", "statistic", "only", "filters", "hidden"], self._redraw)
        self._on(["a", "b"], lambda: self._redraw() if session.classes and session.state.colour_by not in
                 session.table.columns else None)
        self._on(["selection"], self._draw)
        self._on(["limits", "scale"], self._place)
        self._on(["rare", "islands"], self._mark)
        self._on(["spokes"], self._focused)
        self._on(["focus"], self._focused)
        self._on(["palette"], self.paint)
        session.on(["dark"], self.paint)
        session.on(["probe"], self._probed)

    def _on(self, names: list[str], do: Callable[[], None]) -> None:
        self.session.on(names, lambda: do() if self.shown else None)

    @property
    def shown(self) -> bool:
        """Whether State has a map of this number."""
        return self.number < len(self.session.state.maps)

    @property
    def name(self) -> str:
        """Its axes, as State names them."""
        return self.session.state.maps[self.number]

    def _moved_by_user(self, window: tuple[float, float, float, float]) -> None:
        here = self.session.state.window(self.number) or self.session.extent_of(self.name)
        if not np.allclose(here, window, rtol=1e-6, atol=0):
            actions.zoom(self.session, self.number, window)

    def _brushed(self, event: SelectionGeometry) -> None:
        if event.final:
            selecting.select_geometry(self.session, event.geometry, self.session.axes_of(self.name))

    def _tapped(self, event: Tap) -> None:
        if self.picture is None:
            return
        island = glyphs.island_at(self.names_shown, event.x, event.y, self.picture.view)
        if island is not None:
            selecting.choose(self.session, island)
        else:
            actions.tap(self.session, self.number, event.x, event.y, self.picture.view)

    # ---- stages, the dearest first

    _framed: tuple = ()

    def _frame(self) -> None:
        """Another plane: its axes and extent, then everything after."""
        columns, axes = self.session.table.columns, self.session.axes_of(self.name)
        self._show_strip()
        if self._framed == (self.session.table.version, self.name):
            return
        self._framed = self.session.table.version, self.name
        self._focused()
        self.map.label(*(words.label(columns[axis]) for axis in axes))
        self._redraw()

    def _moved(self) -> None:
        window = self.session.state.window(self.number) or self.session.extent_of(self.name)
        if self.picture is None or not np.allclose(self.picture.view.window, window, rtol=1e-6, atol=0):
            self._draw()

    _sizes = 0

    def _resized(self) -> None:
        """Another size, once it stays: a page that builds up passes through several."""
        self._sizes += 1
        size = self._sizes
        self.session.later(lambda: self._draw() if size == self._sizes else None, _SETTLING_MS)

    def _redraw(self) -> None:
        """Other colours or objects: this view, and the coarse picture of everything that waits behind it."""
        self._draw(coarse=True)

    def _draw(self, coarse: bool = False) -> None:
        session, (width, height) = self.session, self.map.size
        if not self.shown:
            return
        home = session.extent_of(self.name)
        window = session.state.window(self.number) or home
        if not np.allclose(self.map.window, window, rtol=1e-5, atol=0):
            self.map.look_at(window, home)
        if width < 2 or height < 2:  # the browser is still to say: a first picture of any size goes with the page
            if self.picture is not None:
                return
            width = height = _FIRST
        self._coarse_due = coarse or self._coarse_due
        view = Window(*window, width, height)
        self._turn += 1
        self._work.submit(lambda: self._made(view), self._arrived)
        session.later(self._mark_busy, _LONG_MS)

    _coarse_due = True

    def _made(self, view: Window) -> Picture:
        """Everything that a view shows, drawn beside the event loop."""
        session, name = self.session, self.name
        plane, ground = session.plane(self.number), session.ground(name)
        bits = session.by_place(plane, session.drawn_rule)
        aggregate = self._aggregate(plane, view, bits)
        picture = {"levels": self._levels(aggregate), "n_drawn": session.n_drawn(plane)}
        if session.state.selection:
            chosen = self._aggregate(plane, view, session.by_place(plane, session.selected_rule))
            picture |= {"chosen": chosen, "chosen_levels": self._levels(chosen)}
        if ground is not None:
            picture["ground"] = raster.presence(ground, view)
        return Picture(view, aggregate, **picture)

    def _aggregate(self, plane, view: Window, bits: NDArray) -> Aggregate:
        session = self.session
        kind = session.colouring.kind
        scale = session.scale
        shift = (scale.low + scale.high) / 2 if scale and kind == "value" else 0.0
        return raster.aggregate(plane, session.state.statistic if kind == "value" else kind, view,
                                session.value_by_place(plane), bits, shift)

    def _levels(self, aggregate: Aggregate) -> NDArray[np.uint8]:
        return raster.spread(self.session.colouring.levels(aggregate, self.session.scale))

    def _arrived(self, picture: Picture) -> None:
        first, self.picture = self.picture is None, picture
        view = picture.view
        self.map.image.show(picture.levels, view, first)
        self.map.chosen.show(picture.chosen_levels, view)
        self.map.ground.show(picture.ground, view)
        self.map.dim(picture.chosen is not None)
        self.busy.object = ""
        if first or self._coarse_due:
            self.paint()
        if first:
            self._focused()
        turn = self._turn
        self.session.later(lambda: self._drawn(self))  # the picture goes first
        self.session.later(lambda: self._mark() if turn == self._turn else None, _QUIET_MS)

    def _place(self) -> None:
        """Other limits: the kept aggregates on another scale."""
        if self.picture is None or self._work.busy:
            self._draw()
            return
        picture = self.picture
        self.map.image.show(self._levels(picture.aggregate), picture.view)
        if picture.chosen is not None:
            self.map.chosen.show(self._levels(picture.chosen), picture.view)
        self._coarse_due = True
        self.paint()
        self._drawn(self)
        self._mark()

    def paint(self) -> None:
        """Palette and overlay colours of the theme."""
        self.map.paint(palette_of(self.session), theme.ink(self.session.dark))

    # ---- single objects: rare ones, islands' names, the focus and its neighbours

    names_shown: tuple = ()

    def _mark(self) -> None:
        """Draw what is drawn one by one, once the view has come to rest; and the coarse picture, if it is out of date."""
        picture, coarse = self.picture, self._coarse_due
        if picture is None or not self.shown:
            return
        session, name, home = self.session, self.name, self.session.extent_of(self.name)

        def work() -> tuple:
            plane = session.plane(self.number)
            behind = None
            if coarse:
                whole = Window(*home, _COARSE, _COARSE)
                behind = whole, self._levels(self._aggregate(plane, whole, session.by_place(plane, session.drawn_rule)))
            return glyphs.rare_points(session, plane, picture.view), glyphs.islands(session, name), behind

        def then(result: tuple) -> None:
            rare, islands, behind = result
            self.map.rare.data = rare or dict(NO_RARE)
            self.names_shown = glyphs.apart(islands, picture.view)
            self.map.show_islands(islands, self.names_shown)
            if behind is not None:
                self._coarse_due = False
                self.map.coarse.show(behind[1], behind[0])

        self._marks.submit(work, then)

    def _focused(self) -> None:
        """A ring around the object in focus, and lines to those that are most like it."""
        self._ring()
        session = self.session
        self._rays.submit(lambda: glyphs.spokes(session, session.plane(self.number)),
                          lambda lines: self.map.spokes.update(data=lines))

    def _probed(self) -> None:
        """A cross at the empty place that was asked about."""
        number, x, y = self.session.probe or (-1, 0.0, 0.0)
        here = number == self.number
        self.map.probe.data = {"x": [x] * here, "y": [y] * here}

    def _ring(self) -> None:
        row, table = self.session.focus_row, self.session.table
        place = [float(table.numbers(axis)[row]) for axis in self.session.axes_of(self.name)] if row >= 0 else [np.nan]
        here = place if np.isfinite(place).all() else []
        self.map.focus.data = {"x": here[:1], "y": here[1:]}

    def _mark_busy(self) -> None:
        self.busy.object = '<span class="busy" title="Drawing"></span>' if self._work.busy else ""


_LONG_MS = 300


def palette_of(session: Session) -> tuple[str, ...]:
    """The colours of the 256 levels in force."""
    if session.is_classes:
        return palettes.categorical(session.classes.names, session.theme)
    return palettes.continuous(session.state.palette, session.theme, density=session.state.colour_by == DENSITY)
