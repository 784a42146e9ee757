"""Where the objects are on the sky: all drawn ones in grey, the selected ones over them, brushed like the map.

Nothing of it needs the internet; Aladin Lite beneath is loaded when it is asked for, not before.
"""

from __future__ import annotations

from threading import Lock

import numpy as np
import panel as pn
import panel_material_ui as pmui
from bokeh.events import RangesUpdate, SelectionGeometry, Tap
from numpy.typing import NDArray

from dashboard import actions, allsky, raster, selecting, theme
from dashboard.busy import Busy
from dashboard.plane import Plane
from dashboard.raster import View as Window
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._aladin import Aladin
from dashboard.views._empty import empty
from dashboard.views._skyfigure import SkyFigure

TITLE = "Sky"
_OPEN = "Show in Aladin Lite (loads from the internet)"
_REACH = 12  # pixels from a tap to the object that is meant
_MOST = 2000  # positions that are told to Aladin
_CHOICES = ["selection", "a", "b", "only", "filters", "hidden", "colour_by", "focus", "run", "joined"]


class SkyView:
    """A page of the right half."""

    def __init__(self, session: Session):
        self.session, self.sky, self._work, self._beneath = session, SkyFigure(), session.latest(), session.latest()
        self.window: tuple[float, float, float, float] | None = None  # None for everything
        self._view: Window | None = None
        self.frame = pmui.RadioButtonGroup(options={shown.title: name for name, shown in allsky.FRAMES.items()},
                                           value="equatorial", size="small", margin=0,
                                           sx={"& .MuiButtonBase-root": {"textTransform": "none", "padding": "3px 9px"}})
        self.counts = pn.pane.HTML("", height=22, margin=(0, 10), sizing_mode="stretch_width", stylesheets=[theme.css("sky")])
        self.aladin_button = pmui.Button(label=_OPEN, size="small", variant="outlined", margin=0,
                                         on_click=lambda _: self._turn_aladin())
        self.aladin: Aladin | None = None
        self._busy = Busy(session, self._work, "Counting the objects on the sky")
        self._counted: tuple[tuple, NDArray] = (), np.empty((0, 0))  # of everything drawn, which a selection does not change
        self._told = np.empty(0, np.int64)  # rows of the positions that Aladin has
        self.body = pn.Column(sizing_mode="stretch_both", margin=0)
        self._listen()

    def __panel__(self) -> pn.viewable.Viewable:
        if position_columns(self.session.table) is None:
            hint = empty("No positions on the sky", "This table has no columns ra and dec in degrees, so it has no sky page.")
            return pn.pane.HTML(hint, margin=0, sizing_mode="stretch_both", stylesheets=[theme.css()])
        head = pn.Row(self.frame, self._busy, self.counts, sizing_mode="stretch_width", height=34, margin=(8, 12, 0, 12))
        self.body[:] = [pn.pane.Bokeh(self.sky.figure, sizing_mode="stretch_both", margin=(0, 6, 6, 6))]
        foot = pn.Row(self.aladin_button, sizing_mode="stretch_width", height=34, margin=(0, 12, 10, 12))
        return pn.Column(head, self.body, foot, sizing_mode="stretch_both", margin=0)

    def _listen(self) -> None:
        session, plot = self.session, self.sky.figure
        if position_columns(session.table) is None:
            return
        plot.on_event(RangesUpdate, lambda event: self._zoom((event.x0, event.x1, event.y0, event.y1)))
        plot.on_event(SelectionGeometry, lambda event: self._select(event.geometry) if event.final else None)
        plot.on_event(Tap, lambda event: self._tap(event.x, event.y))
        for side in ("inner_width", "inner_height"):
            plot.on_change(side, lambda attr, old, new: self._draw())
        self.frame.param.watch(lambda _: self._turn(), "value")
        session.on(["dark"], self._paint)
        session.when_shown(TITLE, _CHOICES, self._draw)
        self._paint()

    # ---- what the pointer does

    def _zoom(self, window: tuple[float, float, float, float]) -> None:
        if np.isfinite(window).all() and window[1] > window[0] and window[3] > window[2]:
            self.window = None if np.allclose(window, self.sky.home, atol=1e-3) else window
            self._draw()

    def _turn(self) -> None:
        self.window = None
        self._draw()

    def _select(self, geometry: dict) -> None:
        if geometry["type"] == "rect":
            x0, x1, y0, y1 = (geometry[edge] for edge in ("x0", "x1", "y0", "y1"))
            xs, ys = [x0, x1, x1, x0], [y0, y0, y1, y1]
        elif geometry["type"] == "poly":
            xs, ys = list(geometry["x"]), list(geometry["y"])
        else:
            return
        rule = allsky.rule_of(xs, ys, self.frame.value, position_columns(self.session.table))
        if rule is not None:
            selecting.choose(self.session, rule)

    def _tap(self, x: float, y: float) -> None:
        session, view = self.session, self._view
        if view is None:
            return
        reach = _REACH * (view.x1 - view.x0) / view.width

        def work() -> int:
            plane = plane_of(session, self.frame.value)
            return plane.nearest((x, y), (reach, reach), session.by_place(plane, session.drawn_rule))

        session.latest().submit(work, lambda row: actions.focus(session, row) if row >= 0 else None)

    # ---- what is shown

    def _draw(self) -> None:
        session, (width, height), frame = self.session, self.sky.size, self.frame.value
        if width < 2 or height < 2 or not session.shows(TITLE):
            return
        window = self.window or self.sky.home
        self.sky.look_at(window)
        view = Window(*window, width, height)

        def work() -> tuple:
            plane, row = plane_of(session, frame), session.focus_row
            drawn, chosen = session.by_place(plane, session.drawn_rule), None
            key = session.table.version, frame, view, session.drawn_rule
            kept, counted = self._counted
            if kept != key:
                counted = raster.aggregate(plane, "count", view, bits=drawn).count
            numbers = [_many(plane, drawn)]
            if session.state.selection:
                bits = session.by_place(plane, session.selected_rule)
                chosen = raster.aggregate(plane, "count", view, bits=bits).count
                numbers.append(_many(plane, bits))
            at = allsky.project(*(values[[row]] for values in positions(session)), frame) if row >= 0 else ([], [])
            return allsky.picture(counted, chosen), numbers, at, (key, counted)

        def then(result: tuple) -> None:
            levels, numbers, (x, y), self._counted = result
            self._view = view
            self.sky.show(levels, view)
            self.sky.rule(allsky.graticule(window, frame))
            self.sky.focus.data = {"x": [v for v in x if np.isfinite(v)], "y": [v for v in y if np.isfinite(v)]}
            self._count(*numbers)

        self._work.submit(work, then)
        self._busy.watch()
        self._tell_aladin()

    def _count(self, drawn: int, selected: int | None = None) -> None:
        picked = "lasso or box to select" if selected is None else f"<b>{selected:,} selected</b>"
        self.counts.object = f'<div class="sky-counts">{drawn:,} on the sky · {picked}</div>'

    def _paint(self) -> None:
        ink = theme.ink(self.session.dark)
        self.sky.paint(ink)
        if self.aladin is not None:
            self.aladin.colours = _on_photographs()

    # ---- Aladin

    def _turn_aladin(self) -> None:
        """Load Aladin beneath the density, or take it away; this click is what allows requests to another host."""
        if self.aladin is None:
            self.aladin = Aladin(self._clicked, colours=_on_photographs(), sizing_mode="stretch_both", margin=(0, 12, 12, 12))
            self.body.append(self.aladin)
            self._tell_aladin()
        else:
            self.body.remove(self.aladin)
            self.aladin = None
        self.aladin_button.label = "Close Aladin Lite" if self.aladin else _OPEN

    def _tell_aladin(self) -> None:
        session, aladin = self.session, self.aladin
        if aladin is None:
            return

        def work() -> tuple:
            rows = some(session.selected, _MOST)
            ra, dec = positions(session)
            rows = rows[np.isfinite(ra[rows]) & np.isfinite(dec[rows])]
            row = session.focus_row
            return rows, np.column_stack([ra[rows], dec[rows]]).tolist(), [float(ra[row]), float(dec[row])] if row >= 0 else []

        def then(result: tuple) -> None:
            self._told, places, focus = result
            aladin.param.update(positions=places, focus=focus)

        self._beneath.submit(work, then)

    def _clicked(self, number: int) -> None:
        if 0 <= number < len(self._told):
            actions.focus(self.session, int(self._told[number]))


def position_columns(table) -> tuple[str, str] | None:
    """Names of the columns with right ascension and declination; None when there are none."""
    known = {name.lower(): name for name in table.columns if table.is_numeric(name)}
    return (known["ra"], known["dec"]) if {"ra", "dec"} <= known.keys() else None


def positions(session: Session) -> tuple[NDArray, NDArray]:
    """Right ascension and declination of every object, degrees, with all their digits."""
    ra, dec = position_columns(session.table)
    return session.table.exact(ra), session.table.exact(dec)


def plane_of(session: Session, frame: str) -> Plane:
    """Every object on the ellipse of a frame, indexed: made once, shared by all sessions, on the shelf when it is big."""
    table, key = session.table, (f"sky {frame}", *position_columns(session.table))
    lock, made = table.once(key, lambda: (Lock(), []))

    def build() -> Plane:
        axes = f"{frame} x", f"{frame} y"
        whole: list[Plane] = []

        def part(name: str) -> NDArray:
            whole[:] = whole or [Plane.build(axes, *allsky.project(*positions(session), frame))]
            return np.asarray(getattr(whole[0], name))

        parts = {name: table.shelf.array(f"sky {frame} {name}", lambda name=name: part(name))
                 for name in ("x", "y", "order", "starts", "box")}
        return Plane(axes, **(parts | {"box": tuple(parts["box"].tolist())}), n_rows=table.n_rows)

    with lock:  # not the table's own, which every other session needs
        if not made:
            made.append(build())
    return made[0]


def some(rows: NDArray[np.int64] | None, most: int) -> NDArray[np.int64]:
    """At most so many of some rows, drawn at random by a fixed seed."""
    if rows is None or len(rows) <= most:
        return np.empty(0, np.int64) if rows is None else rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _many(plane: Plane, bits: NDArray[np.uint8]) -> int:
    return int(np.bitwise_count(bits).sum()) if bits.size else plane.n_placed


def _on_photographs() -> list[str]:
    """Colours of the objects and of the focus: photographs of the sky are dark in both themes."""
    ink = theme.ink(dark=True)
    return [ink["b"], ink["mark"]]


VIEW = View(TITLE, "sky", 0, SkyView)
