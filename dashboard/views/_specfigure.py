"""The spectrum's Bokeh figures: flux, residual in sigma below, where asked for the attribution above; one wavelength axis.

The server builds and colours them; what is drawn in them is filled in by the browser (``spectrum.js``), which is given each
object once and answers smoothing, redshift, marks and frame by itself.
"""

from __future__ import annotations

from bokeh.events import MouseLeave, MouseMove
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    CrosshairTool,
    CustomJS,
    PanTool,
    Range1d,
    ResetTool,
    Span,
    WheelZoomTool,
)
from bokeh.plotting import figure

from dashboard import theme, words

_COLUMNS = ("wave", "flux", "low", "high", "sigma", "model", "residual", "observed", "rest")
_READ = 'window.dispatchEvent(new CustomEvent("atlas-spectrum-at", {detail: AT}))'


class SpectrumFigure:
    """Builds the figures; knows nothing of State.

    Parameters
    ----------
    suffix : str
        Of the names by which the browser finds them, where a page has a second spectrum.
    """

    def __init__(self, suffix: str = ""):
        self.pixels = ColumnDataSource({name: [] for name in _COLUMNS}, name="pixels" + suffix)
        self.gaps = ColumnDataSource({"x0": [], "x1": []}, name="gaps" + suffix)
        self.marks = ColumnDataSource({"wave": [], "name": [], "height": []}, name="marks" + suffix)
        self.stretch = ColumnDataSource({"x0": [], "x1": [], "wave": [], "text": []}, name="stretch" + suffix)
        self.shares = ColumnDataSource({"wave": [], "up": [], "down": []}, name="shares" + suffix)
        self.wave_range, self._cross = Range1d(3600, 10400), Span(dimension="height", line_width=1, line_alpha=0.55)
        shared = {"outline_line_color": None, "stylesheets": [theme.PLOT_CSS], "sizing_mode": "stretch_both",
                  "x_range": self.wave_range, "min_border_left": 58, "min_border_right": 16}
        self.flux = figure(y_range=Range1d(0, 1), toolbar_location="above", min_border_bottom=4, name="spectrum" + suffix,
                           tools=[BoxZoomTool(), PanTool(), WheelZoomTool(dimensions="width"), ResetTool()], **shared)
        self.residual = figure(y_range=Range1d(-5, 5), toolbar_location=None, tools="", min_border_top=0,
                               name="residual" + suffix, **shared)
        self.attribution = figure(y_range=Range1d(-1, 1), toolbar_location=None, tools="", min_border_top=0,
                                  min_border_bottom=0, name="attribution" + suffix, **shared)
        self.flux.toolbar.update(logo=None, stylesheets=[theme.TOOLBAR_CSS])
        self.flux.toolbar.active_scroll = self.flux.select_one(WheelZoomTool)
        self._draw_flux()
        self._draw_residual()
        self._draw_attribution()

    def _frame(self, plot: figure) -> None:
        """What all have behind the data: masked stretches, the stretch of large residual that was jumped to."""
        plot.extra_y_ranges = {"page": Range1d(0, 1)}
        plot.grid.visible = False
        for name, source, alpha in (("gaps", self.gaps, 0.22), ("stretch", self.stretch, 0.14)):
            plot.vstrip(x0="x0", x1="x1", source=source, line_color=None, fill_alpha=alpha, name=f"{name} strip")
        plot.add_tools(CrosshairTool(overlay=self._cross, visible=False))
        plot.js_on_event(MouseMove, CustomJS(code=_READ.replace("AT", "cb_obj.x")))
        plot.js_on_event(MouseLeave, CustomJS(code=_READ.replace("AT", "null")))

    def _draw_flux(self) -> None:
        plot, by = self.flux, {"source": self.pixels}
        self._frame(plot)
        plot.xaxis.visible = False
        plot.yaxis.ticker.desired_num_ticks = 4
        plot.title.update(text=words.FLUX_LABEL, standoff=4, text_font_size="11.5px")
        self._band = plot.varea(x="wave", y1="low", y2="high", fill_alpha=0.22, **by)
        self._flux = plot.line("wave", "flux", line_width=1, **by)
        self._model = plot.line("wave", "model", line_width=1.6, name="model", **by)
        self._lines = plot.segment(x0="wave", x1="wave", y0=0, y1=1, source=self.marks, y_range_name="page", line_dash=[3, 3],
                                   line_alpha=0.45, level="underlay")
        self._names = plot.text(x="wave", y="height", text="name", source=self.marks, y_range_name="page", x_offset=3,
                                text_font_size="11px", text_baseline="top")

    def _draw_residual(self) -> None:
        plot, by = self.residual, {"source": self.pixels}
        self._frame(plot)
        plot.xaxis.axis_label, plot.yaxis.axis_label = words.WAVE_LABEL, "Residual (σ)"
        plot.yaxis.ticker.desired_num_ticks = 3
        plot.yaxis.minor_tick_line_color = None
        self._zero = plot.hspan(y=[-1, 0, 1], line_alpha=0.5, line_width=1)
        self._residual = plot.line("wave", "residual", line_width=1, **by)
        self._said = plot.text(x="wave", y=1, text="text", source=self.stretch, y_range_name="page", y_offset=3,
                               text_font_size="11px", text_baseline="top", text_align="center")

    def _draw_attribution(self) -> None:
        plot, by = self.attribution, {"source": self.shares}
        self._frame(plot)
        plot.xaxis.visible = plot.yaxis.visible = False
        self._level = plot.hspan(y=[0], line_alpha=0.5, line_width=1)
        self._up, self._down = (plot.varea(x="wave", y1=0, y2=side, fill_alpha=0.85, name=side, **by)
                                for side in ("up", "down"))

    def paint(self, ink: dict[str, str]) -> None:
        """Colour the glyphs for the theme."""
        for glyph in (self._flux.glyph, self._residual.glyph):
            glyph.line_color = ink["flux"]
        self._model.glyph.line_color = ink["model"]
        self._band.glyph.fill_color = ink["flux"]
        self._up.glyph.fill_color, self._down.glyph.fill_color = ink["b"], ink["a"]
        for plot in (self.flux, self.residual, self.attribution):
            for name, colour in (("gaps strip", "warn"), ("stretch strip", "accent")):
                plot.select_one({"name": name}).glyph.fill_color = ink[colour]
        for glyph in (self._lines.glyph, self._zero.glyph, self._level.glyph, self._cross):
            glyph.line_color = ink["muted"]
        self._names.glyph.text_color = ink["muted"]
        self._said.glyph.text_color = ink["accent"]
