"""The composite's Bokeh figures: flux, the difference of two, and how many spectra there are, on one wavelength axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from bokeh.models import BoxZoomTool, ColumnDataSource, HoverTool, PanTool, Range1d, ResetTool, WheelZoomTool
from bokeh.plotting import figure
from numpy.typing import NDArray

from dashboard import theme
from dashboard.compared import Compared
from qsocore.compare.composite import Difference
from qsocore.compare.side_by_side import Member
from qsocore.lines import Line, line_list

_COLUMNS = ("wave", "flux", "low", "high", "model", "number")
_DIFFERENCE = ("wave", "flux", "low", "high")
_HOVER = [("λ", "@wave{0.0} Å"), ("flux", "@flux{0.000} (@low{0.000} to @high{0.000})"), ("model", "@model{0.000}"),
          ("spectra", "@number{0,0}")]
_ROBUST = (0.3, 99.7)
_SEEN, _WELL = 0.01, 0.03  # of the most spectra in a pixel; fewer are not in view at first, and set no limits of flux
_TALL = ":host { flex: 2.2 1 0 !important; }"
_STRIP = 104  # pixels
_LETTER, _STEPS = 0.0155, 5  # width of a letter as part of the axis; rows of names
_KINDS = {"QSO": ("emission",), "STAR": ("absorption", "H"), "GALAXY": ("emission", "absorption")}


@dataclass
class Trace:
    """What is drawn of one set."""

    source: ColumnDataSource
    band: object
    line: object
    model: object
    number: object


class CompositeFigure:
    """Builds the figures and fills them; knows nothing of State."""

    def __init__(self):
        self.wave = Range1d(1000, 9000)
        shared = {"outline_line_color": None, "stylesheets": [theme.PLOT_CSS], "sizing_mode": "stretch_both",
                  "x_range": self.wave, "min_border_left": 54, "min_border_right": 14}
        self.flux = figure(y_range=Range1d(0, 2), toolbar_location="above", min_border_bottom=2, name="composite",
                           tools=[BoxZoomTool(), PanTool(), WheelZoomTool(dimensions="width"), ResetTool()],
                           **shared | {"stylesheets": [theme.PLOT_CSS, _TALL]})
        self.difference = figure(y_range=Range1d(-1, 1), toolbar_location=None, tools="", min_border_top=2,
                                 min_border_bottom=2, name="difference", **shared)
        self.number = figure(y_range=Range1d(0, 1), toolbar_location=None, tools="", min_border_top=2, name="number",
                             **shared | {"sizing_mode": "stretch_width", "height": _STRIP})
        self.flux.toolbar.update(logo=None, stylesheets=[theme.TOOLBAR_CSS])
        self.flux.toolbar.active_scroll = self.flux.select_one(WheelZoomTool)
        self.marks = ColumnDataSource({"wave": [], "name": [], "height": []})
        self.apart = ColumnDataSource({name: [] for name in _DIFFERENCE})
        self._lines = []
        for plot in (self.flux, self.difference, self.number):
            self._frame(plot)
        self.traces = [self._trace() for _ in range(2)]
        self._draw_rest()

    def _frame(self, plot: figure) -> None:
        plot.extra_y_ranges = {"page": Range1d(0, 1)}
        plot.grid.visible = False
        plot.yaxis.minor_tick_line_color = None
        plot.xaxis.visible = plot is self.number
        self._lines.append(plot.segment(x0="wave", x1="wave", y0=0, y1=1, source=self.marks, y_range_name="page",
                                        line_dash=[3, 3], line_alpha=0.4, level="underlay"))

    def _trace(self) -> Trace:
        source = ColumnDataSource({name: [] for name in _COLUMNS})
        return Trace(source, self.flux.varea(x="wave", y1="low", y2="high", source=source, fill_alpha=0.3),
                     self.flux.line("wave", "flux", source=source, line_width=1.3),
                     self.flux.line("wave", "model", source=source, line_width=1.3, line_dash=[5, 3]),
                     self.number.step("wave", "number", source=source, mode="center", line_width=1.2))

    def _draw_rest(self) -> None:
        self.flux.title.update(text="Relative flux density", standoff=4)
        self._names = self.flux.text(x="wave", y="height", text="name", source=self.marks, y_range_name="page", x_offset=3,
                                     text_font_size="11px", text_baseline="top")
        self.flux.add_tools(HoverTool(renderers=[trace.line for trace in self.traces], tooltips=_HOVER, mode="vline",
                                      line_policy="nearest", point_policy="follow_mouse"))
        self._zero = self.difference.hspan(y=0, line_width=1, line_alpha=0.6)
        self._apart_band = self.difference.varea(x="wave", y1="low", y2="high", source=self.apart, fill_alpha=0.3)
        self._apart = self.difference.line("wave", "flux", source=self.apart, line_width=1.2)
        self.difference.yaxis.axis_label, self.number.yaxis.axis_label = "A − B", "spectra"
        for plot, ticks in ((self.difference, 3), (self.number, 2)):
            plot.yaxis.ticker.desired_num_ticks = ticks
        self.number.yaxis.formatter.use_scientific = False

    def show(self, members: dict[str, Member], difference: Difference | None, kind: str, band: bool) -> None:
        """Fill all figures.

        Parameters
        ----------
        members : dict of str to Member
            One or two, from `qsocore.compare.side_by_side`.
        difference : Difference or None
            The first minus the second.
        kind : str
            Class of most of the objects, which says what lines are marked.
        band : bool
            Whether the bootstrap's band is drawn.
        """
        for trace, member in zip(self.traces, [*members.values(), None][:2], strict=True):
            trace.source.data = _columns(member, band)
        self.apart.data = _difference(difference, band)
        first = next(iter(members.values())).data
        most = np.max([member.data.number for member in members.values()], axis=0)
        self._limit(first.wave, most, members, difference)
        moving = first.frame == "rest"
        self.number.xaxis.axis_label = f"{'Rest-frame' if moving else 'Observed'} wavelength in vacuum (Å)"
        lines = lines_of(kind, self.wave.start, self.wave.end) if moving else []
        self.marks.data = {"wave": [line.wave for line in lines], "name": [line.name for line in lines],
                           "height": heights(lines, self.wave.end - self.wave.start)}

    def _limit(self, wave: NDArray, most: NDArray, members: dict[str, Member], difference: Difference | None) -> None:
        known = np.any([np.isfinite(member.data.flux) for member in members.values()], axis=0)
        known = np.flatnonzero(known & (most >= _SEEN * most.max()))
        if not known.size:
            return
        ends = float(wave[known[0]]), float(wave[known[-1]])
        well = most >= _WELL * most.max()
        flux = np.concatenate([member.data.flux[well] for member in members.values()])
        low, high = robust(flux)
        limits = [(self.wave, ends), (self.flux.y_range, (min(low - 0.08 * (high - low), 0), high + 0.3 * (high - low))),
                  (self.number.y_range, (0, 1.15 * float(most.max())))]
        if difference is not None:
            low, high = robust(difference.flux[well])
            room = 0.2 * (high - low) or 1.0
            limits.append((self.difference.y_range, (min(low - room, -room), max(high + room, room))))
        for axis, (start, end) in limits:
            axis.update(start=start, end=end, reset_start=start, reset_end=end)

    def paint(self, sets: list[Compared], ink: dict[str, str]) -> None:
        """Colour the glyphs for the theme."""
        for trace, one in zip(self.traces, sets, strict=False):
            colour = ink[one.ink]
            trace.band.glyph.fill_color = trace.line.glyph.line_color = trace.number.glyph.line_color = colour
            trace.model.glyph.line_color = ink["model"] if len(sets) == 1 else colour
        self._apart.glyph.line_color = self._apart_band.glyph.fill_color = ink["flux"]
        self._zero.glyph.line_color = self._names.glyph.text_color = ink["muted"]
        for lines in self._lines:
            lines.glyph.line_color = ink["muted"]


def _columns(member: Member | None, band: bool) -> dict:
    if member is None:
        return {name: [] for name in _COLUMNS}
    data, nothing = member.data, np.full(len(member.data.wave), np.nan, np.float32)
    return {"wave": data.wave, "flux": data.flux, **_band(data.low, data.high, band),
            "model": member.model.flux if member.model else nothing, "number": data.number}


def _difference(found: Difference | None, band: bool) -> dict:
    if found is None:
        return {name: [] for name in _DIFFERENCE}
    return {"wave": found.wave, "flux": found.flux, **_band(found.low, found.high, band)}


def _band(low: NDArray, high: NDArray, wanted: bool) -> dict[str, NDArray]:
    """Ends of a band, shape (n_pix,); where there is none they meet, for Bokeh would fill the gap between its shores."""
    known = np.isfinite(low) & np.isfinite(high)
    if not wanted or not known.any():
        nothing = np.full(len(low), np.nan, np.float32)
        return {"low": nothing, "high": nothing}
    last = np.maximum.accumulate(np.where(known, np.arange(len(low)), known.argmax()))
    middle = ((low + high) / 2)[last]
    return {"low": np.where(known, low, middle), "high": np.where(known, high, middle)}


def robust(values: NDArray) -> tuple[float, float]:
    """Ends that leave single wild values out; 0 to 1 where there are none."""
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = (float(end) for end in np.percentile(values, _ROBUST))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def lines_of(kind: str, first: float, last: float) -> list[Line]:
    """Major lines between two rest wavelengths that objects of a class show: of stars those of absorption and of hydrogen."""
    shown = _KINDS.get(kind, ("emission",))
    return [line for line in line_list(major_only=True) if first < line.wave < last
            and (line.kind in shown or ("H" in shown and line.name.startswith("H")))]


def heights(lines: list[Line], width: float) -> list[float]:
    """Heights of the lines' names, 0 to 1: one that would run into an earlier one stands below it."""
    letter, ends, chosen = _LETTER * width, [-np.inf] * _STEPS, []
    for line in lines:
        step = next((k for k, end in enumerate(ends) if end < line.wave), int(np.argmin(ends)))
        ends[step] = line.wave + letter * (len(line.name) + 1)
        chosen.append(0.985 - 0.06 * step)
    return chosen
