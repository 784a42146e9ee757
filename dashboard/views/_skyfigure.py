"""The sky's Bokeh figure: two pictures of bytes on an ellipse, its graticule over them, the object in focus on top."""

from __future__ import annotations

import numpy as np
from bokeh.core.property.descriptors import UnsetValueError
from bokeh.models import (
    BoxSelectTool,
    BoxZoomTool,
    ColumnDataSource,
    LassoSelectTool,
    LinearColorMapper,
    PanTool,
    Range1d,
    ResetTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from dashboard import allsky, theme
from dashboard.raster import View

Window = tuple[float, float, float, float]

_NO_IMAGE = {"image": [], "x": [], "y": [], "dw": [], "dh": []}
_ROOM = 1.12
_NOTHING = ["#00000000"] * (256 - 2 * allsky.HALF)


class SkyFigure:
    """Builds the figure and changes what is in it; knows nothing of State."""

    def __init__(self):
        lasso = LassoSelectTool()
        self.figure = figure(
            x_range=Range1d(-2, 2), y_range=Range1d(-1, 1), sizing_mode="stretch_both", toolbar_location="above",
            tools=[lasso, BoxSelectTool(), PanTool(), BoxZoomTool(match_aspect=True), WheelZoomTool(), ResetTool()],
            outline_line_color=None, stylesheets=[theme.PLOT_CSS], lod_timeout=30, min_border=2, name="sky",
            html_attributes={"role": "figure", "aria-label": "The whole sky: all drawn objects, the selected ones over them"})
        self.figure.toolbar.update(logo=None, stylesheets=[theme.TOOLBAR_CSS])
        self.figure.toolbar.active_scroll = self.figure.select_one(WheelZoomTool)
        self.figure.toolbar.active_drag = lasso
        self.figure.axis.visible = self.figure.grid.visible = False
        self.image = ColumnDataSource(dict(_NO_IMAGE))
        self.lines = ColumnDataSource({"x": [], "y": []})
        self.labels = ColumnDataSource({"x": [], "y": [], "text": [], "align": [], "dx": [], "dy": []})
        self.focus = ColumnDataSource({"x": [], "y": []})
        self._draw()

    def _draw(self) -> None:
        plot, place = self.figure, {name: name for name in _NO_IMAGE}
        self._mapper = LinearColorMapper(palette=["#00000000"] * 256, low=0, high=255)
        x, y = allsky.rim()
        self._ground = plot.patch(x, y, line_color=None)
        plot.image(**place, source=self.image, color_mapper=self._mapper)
        self._lines = plot.line("x", "y", source=self.lines, line_width=1, line_alpha=0.38)
        self._rim = plot.line(x, y, line_width=1)
        self._labels = plot.text("x", "y", text="text", source=self.labels, text_font_size="11px", text_baseline="middle",
                                 background_fill_alpha=0.6, padding=1, border_radius=3,
                                 text_align={"field": "align"}, x_offset={"field": "dx"}, y_offset={"field": "dy"})
        self._halo = plot.scatter("x", "y", source=self.focus, size=17, fill_alpha=0, line_width=5, line_alpha=0.75)
        self._ring = plot.scatter("x", "y", source=self.focus, size=17, fill_alpha=0, line_width=2)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the inner plot in pixels; zero before the browser has laid it out."""
        try:
            return self.figure.inner_width, self.figure.inner_height
        except UnsetValueError:
            return 0, 0

    @property
    def home(self) -> Window:
        """The whole ellipse, as round as it is."""
        width, height = (max(side, 1) for side in self.size)
        unit = _ROOM * max(4 / width, 2 / height) / 2
        return -unit * width, unit * width, -unit * height, unit * height

    def look_at(self, window: Window) -> None:
        """Set the ranges in view, and those to which a reset returns."""
        home = self.home
        for axis, (start, end), (first, last) in ((self.figure.x_range, window[:2], home[:2]),
                                                  (self.figure.y_range, window[2:], home[2:])):
            axis.update(start=start, end=end, reset_start=first, reset_end=last)

    def show(self, levels: NDArray[np.uint8], view: View) -> None:
        """Replace the picture."""
        place = {"x": [view.x0], "y": [view.y0], "dw": [view.x1 - view.x0], "dh": [view.y1 - view.y0]}
        self.image.data = {"image": [levels]} | place

    def rule(self, graticule: allsky.Graticule) -> None:
        """Draw lines and labels."""
        self.lines.data = {"x": allsky.join(graticule.xs), "y": allsky.join(graticule.ys)}
        left = [side == "left" for *_, side in graticule.labels]
        self.labels.data = {
            "x": [x for x, *_ in graticule.labels], "y": [y for _, y, *_ in graticule.labels],
            "text": [text for _, _, text, _ in graticule.labels],
            # beside the ellipse where it ends in view, else just within the window
            "align": ["right" if x > self.figure.x_range.start + 1e-9 else "left" for x, *_ in graticule.labels],
            "dx": [(-5 if x > self.figure.x_range.start + 1e-9 else 4) if beside else -3
                   for (x, *_), beside in zip(graticule.labels, left, strict=True)],
            "dy": [0 if beside else -8 for beside in left]}

    def paint(self, ink: dict[str, str]) -> None:
        """Colour everything for the theme: all objects in grey, the selected ones in the colour of what is chosen."""
        self._mapper.palette = [*ramp(ink["surface"], ink["muted"], 0.4), *ramp(ink["surface"], ink["model"], 0.75), *_NOTHING]
        self._ground.glyph.fill_color, self._ground.glyph.fill_alpha = ink["line"], 0.28
        self._lines.glyph.line_color = self._rim.glyph.line_color = ink["muted"]
        self._labels.glyph.update(text_color=ink["text"], background_fill_color=ink["surface"])
        self._halo.glyph.line_color, self._ring.glyph.line_color = ink["under"], ink["mark"]


def ramp(low: str, high: str, faintest: float) -> list[str]:
    """Half a palette between two colours; what is alone stands out from the low one already.

    Parameters
    ----------
    low, high : str
        Colours as "#rrggbb".
    faintest : float
        How far from `low` the first colour is, 0 to 1.
    """
    ends = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in (low, high)], float)
    share = faintest + (1 - faintest) * np.linspace(0, 1, allsky.HALF)[:, None]
    return ["#" + "".join(f"{round(part):02x}" for part in parts) for parts in ends[0] + share * (ends[1] - ends[0])]
