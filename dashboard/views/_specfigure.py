"""The spectrum's two Bokeh figures: flux above, residual in sigma below, one wavelength axis."""

from __future__ import annotations

import numpy as np
from bokeh.models import BoxZoomTool, ColumnDataSource, HoverTool, PanTool, Range1d, ResetTool, WheelZoomTool
from bokeh.plotting import figure

from dashboard import theme, words
from dashboard.spectrum import SpectrumView

_COLUMNS = ("wave", "flux", "low", "high", "sigma", "model", "residual", "rest")
_LETTER, _STEPS = 0.014, 4  # width of a letter as part of a narrow axis; rows of names
_HOVER = [("λ", "@wave{0.0} Å"), ("λ rest", "@rest{0.0} Å"), ("flux", "@flux{0.000} ± @sigma{0.000}"),
          ("model", "@model{0.000}"), ("residual", "@residual{0.0} σ")]


class SpectrumFigure:
    """Builds the figures and fills them; knows nothing of State."""

    def __init__(self):
        self.pixels = ColumnDataSource({name: [] for name in _COLUMNS})
        self.gaps = ColumnDataSource({"x0": [], "x1": []})
        self.marks = ColumnDataSource({"wave": [], "name": [], "height": []})
        self.wave_range = Range1d(3600, 10400)
        shared = {"outline_line_color": None, "stylesheets": [theme.PLOT_CSS], "sizing_mode": "stretch_both",
                  "x_range": self.wave_range, "min_border_left": 58, "min_border_right": 16}
        self.flux = figure(y_range=Range1d(0, 1), toolbar_location="above", min_border_bottom=4, name="spectrum",
                           tools=[BoxZoomTool(), PanTool(), WheelZoomTool(dimensions="width"), ResetTool()], **shared)
        self.residual = figure(y_range=Range1d(-5, 5), toolbar_location=None, tools="", min_border_top=0,
                               name="residual", **shared)
        self.flux.toolbar.update(logo=None, stylesheets=[theme.TOOLBAR_CSS])
        self.flux.toolbar.active_scroll = self.flux.select_one(WheelZoomTool)
        self._draw_flux()
        self._draw_residual()

    def _draw_flux(self) -> None:
        plot, by = self.flux, {"source": self.pixels}
        plot.extra_y_ranges = {"page": Range1d(0, 1)}
        plot.grid.visible = False
        plot.xaxis.visible = False
        plot.title.update(text=words.FLUX_LABEL, standoff=4)
        self._gap_flux = plot.vstrip(x0="x0", x1="x1", source=self.gaps, line_color=None, fill_alpha=0.16)
        self._lines = plot.segment(x0="wave", x1="wave", y0=0, y1=1, source=self.marks, y_range_name="page", line_dash=[3, 3],
                                   line_alpha=0.45)
        self._names = plot.text(x="wave", y="height", text="name", source=self.marks, y_range_name="page", x_offset=3,
                                text_font_size="11px", text_baseline="top")
        self._band = plot.varea(x="wave", y1="low", y2="high", fill_alpha=0.22, **by)
        self._flux = plot.line("wave", "flux", line_width=1, **by)
        self._model = plot.line("wave", "model", line_width=1.6, **by)
        plot.add_tools(HoverTool(renderers=[self._flux], tooltips=_HOVER, mode="vline", line_policy="nearest"))

    def _draw_residual(self) -> None:
        plot, by = self.residual, {"source": self.pixels}
        plot.grid.visible = False
        plot.xaxis.axis_label, plot.yaxis.axis_label = words.WAVE_LABEL, "Residual (σ)"
        plot.yaxis.ticker.desired_num_ticks = 3
        plot.yaxis.minor_tick_line_color = None
        self._gap_residual = plot.vstrip(x0="x0", x1="x1", source=self.gaps, line_color=None, fill_alpha=0.16)
        self._zero = plot.hspan(y=[-1, 0, 1], line_alpha=0.5, line_width=1)
        self._residual = plot.line("wave", "residual", line_width=1, **by)

    def show(self, view: SpectrumView) -> None:
        """Fill both figures with an object and look at all of it."""
        z = view.z if np.isfinite(view.z) else 0.0
        self.pixels.data = {
            "wave": view.wave, "flux": view.flux, "low": view.flux - view.sigma, "high": view.flux + view.sigma,
            "sigma": view.sigma, "model": view.model, "residual": view.residual, "rest": view.wave / (1 + z)}
        self.gaps.data = {"x0": [a for a, _ in view.gaps], "x1": [b for _, b in view.gaps]}
        lines = view.lines()
        self.marks.data = {"wave": [wave for _, wave in lines], "name": [line.name for line, _ in lines],
                           "height": heights([(wave, line.name) for line, wave in lines], view.covered)}
        for axis, (start, end) in ((self.wave_range, view.covered), (self.flux.y_range, view.flux_range),
                                   (self.residual.y_range, view.residual_range)):
            axis.update(start=start, end=end, reset_start=start, reset_end=end)
        calibrated = view.row.get("calibrated")
        self.flux.title.text = words.FLUX_LABEL if calibrated in (None, True, 1) else "Flux, uncalibrated"

    def paint(self, ink: dict[str, str]) -> None:
        """Colour the glyphs for the theme."""
        for glyph in (self._flux.glyph, self._residual.glyph):
            glyph.line_color = ink["flux"]
        self._model.glyph.line_color = ink["model"]
        self._band.glyph.fill_color = ink["flux"]
        self._gap_flux.glyph.fill_color = self._gap_residual.glyph.fill_color = ink["warn"]
        self._lines.glyph.line_color = self._zero.glyph.line_color = ink["muted"]
        self._names.glyph.text_color = ink["muted"]


def heights(names: list[tuple[float, str]], covered: tuple[float, float]) -> list[float]:
    """Heights of the lines' names, 0 to 1: a name that would run into an earlier one stands below it.

    Parameters
    ----------
    names : list of (float, str)
        Wavelength, at which the name begins, and the name; wavelengths rise.
    covered : tuple of float
        Wavelengths at the ends of the axis.
    """
    letter, ends, chosen = _LETTER * (covered[1] - covered[0]), [-np.inf] * _STEPS, []
    for wave, name in names:
        step = next((k for k, end in enumerate(ends) if end < wave), int(np.argmin(ends)))
        ends[step] = wave + letter * (len(name) + 1)
        chosen.append(0.985 - 0.085 * step)
    return chosen
