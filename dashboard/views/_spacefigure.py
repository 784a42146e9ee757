"""The Bokeh figure of a decoded spectrum, the nearest observed one behind it."""

from __future__ import annotations

import numpy as np
from bokeh.models import BoxZoomTool, ColumnDataSource, HoverTool, PanTool, Range1d, ResetTool, WheelZoomTool
from bokeh.plotting import figure
from numpy.typing import NDArray

from dashboard import theme, words
from dashboard.space import Look, marks

_STEPS, _LETTER = 4, 0.015  # rows of the lines' names; width of a letter as part of a narrow axis
_ROBUST = (0.5, 99.5)
_HOVER = [("λ", "@wave{0.0} Å"), ("decoded", "@flux{0.000}"), ("nearest object", "@observed{0.000}")]


class SpaceFigure:
    """Builds the figure and fills it; knows nothing of State."""

    def __init__(self):
        self.pixels = ColumnDataSource({name: [] for name in ("wave", "flux", "observed")})
        self.marks = ColumnDataSource({"wave": [], "name": [], "height": []})
        self._shown = (0.0, 0.0)
        plot = self.figure = figure(
            x_range=Range1d(3600, 10400), y_range=Range1d(0, 1), sizing_mode="stretch_both", toolbar_location="above",
            tools=[BoxZoomTool(), PanTool(), WheelZoomTool(dimensions="width"), ResetTool()], outline_line_color=None,
            stylesheets=[theme.PLOT_CSS], min_border_left=50, min_border_right=14, name="decoded")
        plot.toolbar.update(logo=None, stylesheets=[theme.TOOLBAR_CSS])
        plot.toolbar.active_scroll = plot.select_one(WheelZoomTool)
        plot.extra_y_ranges = {"page": Range1d(0, 1)}
        plot.grid.visible = False
        plot.title.update(text="Flux, in units of the spectrum's own scale", standoff=4)
        self._lines = plot.segment(x0="wave", x1="wave", y0=0, y1=1, source=self.marks, y_range_name="page", line_dash=[3, 3],
                                   line_alpha=0.45)
        self._names = plot.text(x="wave", y="height", text="name", source=self.marks, y_range_name="page", x_offset=3,
                                text_font_size="11px", text_baseline="top")
        self._observed = plot.line("wave", "observed", source=self.pixels, line_width=1, line_alpha=0.45)
        self._flux = plot.line("wave", "flux", source=self.pixels, line_width=1.8)
        plot.add_tools(HoverTool(renderers=[self._flux], tooltips=_HOVER, mode="vline", line_policy="nearest"))

    def frame(self, wave: NDArray[np.float64], rest: bool) -> None:
        """Another run: its wavelengths."""
        ends = float(wave[0]), float(wave[-1])
        self.figure.x_range.update(start=ends[0], end=ends[1], reset_start=ends[0], reset_end=ends[1])
        self.figure.xaxis.axis_label = words.WAVE_LABEL.replace("Observed", "Rest") if rest else words.WAVE_LABEL
        self._shown = (0.0, 0.0)

    def show(self, look: Look, wave: NDArray[np.float64]) -> None:
        """Another place; the axis upwards stays while the spectrum fits it, so that a dragged one moves and not its frame."""
        self.pixels.data = {"wave": wave, "flux": look.flux, "observed": look.observed}
        lines = marks(look, wave)
        self.marks.data = {"wave": [at for _, at in lines], "name": [line.name for line, _ in lines],
                           "height": _heights([(at, line.name) for line, at in lines], float(wave[-1] - wave[0]))}
        wanted = _range(look)
        low, high = self._shown
        if low > wanted[0] or high < wanted[1] or high - low > 2 * (wanted[1] - wanted[0]):
            self._shown = low, high = wanted[0] - 0.1 * (wanted[1] - wanted[0]), wanted[1] + 0.15 * (wanted[1] - wanted[0])
            self.figure.y_range.update(start=low, end=high, reset_start=low, reset_end=high)

    def paint(self, ink: dict[str, str]) -> None:
        """Colour the glyphs for the theme."""
        self._flux.glyph.line_color, self._observed.glyph.line_color = ink["model"], ink["flux"]
        self._lines.glyph.line_color = self._names.glyph.text_color = ink["muted"]


def _range(look: Look) -> tuple[float, float]:
    """Flux limits that show all of the decoded spectrum and no wild pixel of the observed one."""
    flux = look.flux[np.isfinite(look.flux)]
    if not flux.size:
        return 0.0, 1.0
    low, high = min(float(flux.min()), 0.0), float(flux.max())
    seen = look.observed[np.isfinite(look.observed)]
    if seen.size:
        below, above = (float(end) for end in np.percentile(seen, _ROBUST))
        low, high = min(low, max(below, low - 0.5 * (high - low))), max(high, min(above, high + 0.5 * (high - low)))
    return low, high if high > low else low + 1.0


def _heights(names: list[tuple[float, str]], width: float) -> list[float]:
    """Heights of the lines' names, 0 to 1: a name that would run into an earlier one stands below it."""
    ends, chosen = [-np.inf] * _STEPS, []
    for wave, name in names:
        step = next((k for k, end in enumerate(ends) if end < wave), int(np.argmin(ends)))
        ends[step] = wave + _LETTER * width * (len(name) + 1)
        chosen.append(0.985 - 0.085 * step)
    return chosen
