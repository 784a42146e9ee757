"""The map's Bokeh figure: an image of bytes with a palette, and what is drawn over it."""

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

from dashboard import theme
from dashboard.colourings import EMPTY
from dashboard.raster import View

_NO_IMAGE = {"image": [], "x": [], "y": [], "dw": [], "dh": []}
_BYTES = {"low": 0, "high": 255}


class MapFigure:
    """Builds the figure and changes what is in it; knows nothing of State."""

    def __init__(self):
        lasso = LassoSelectTool()
        self.figure = figure(
            x_range=Range1d(0, 1), y_range=Range1d(0, 1), sizing_mode="stretch_both", toolbar_location="above",
            tools=[lasso, BoxSelectTool(), PanTool(), BoxZoomTool(), WheelZoomTool(), ResetTool()],
            outline_line_color=None, stylesheets=[theme.PLOT_CSS],
            lod_timeout=30, min_border_left=52, min_border_right=14, name="map")
        self.figure.toolbar.update(logo=None, stylesheets=[theme.TOOLBAR_CSS])
        self.figure.toolbar.active_scroll = self.figure.select_one(WheelZoomTool)
        self.figure.toolbar.active_drag = lasso
        self.figure.grid.visible = False
        self.ground = ColumnDataSource(dict(_NO_IMAGE))
        self.image = ColumnDataSource(dict(_NO_IMAGE))
        self.marked = ColumnDataSource(dict(_NO_IMAGE))
        self.outline = ColumnDataSource({"x": [], "y": []})
        self.focus = ColumnDataSource({"x": [], "y": []})
        self.mapper = LinearColorMapper(palette=["#00000000"] * 256, **_BYTES)
        self._mark_mapper = LinearColorMapper(palette=["#00000000"] * 256, **_BYTES)
        self._ground_mapper = LinearColorMapper(palette=["#00000000"] * 256, **_BYTES)
        place = {"x": "x", "y": "y", "dw": "dw", "dh": "dh", "image": "image"}
        self.figure.image(**place, source=self.image, color_mapper=self.mapper)
        self.figure.image(**place, source=self.marked, color_mapper=self._mark_mapper)
        self.figure.image(**place, source=self.ground, color_mapper=self._ground_mapper, level="underlay")
        self._patch = self.figure.patch("x", "y", source=self.outline, fill_alpha=0.06, line_width=1.5)
        self._halo = self.figure.scatter("x", "y", source=self.focus, size=19, fill_alpha=0, line_width=5, line_alpha=0.75)
        self._ring = self.figure.scatter("x", "y", source=self.focus, size=19, fill_alpha=0, line_width=2)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the inner plot in pixels; zero before the browser has laid it out."""
        try:
            return self.figure.inner_width, self.figure.inner_height
        except UnsetValueError:
            return 0, 0

    def show(self, source: ColumnDataSource, levels: NDArray[np.uint8] | None, view: View | None) -> None:
        """Replace an image, or take it away."""
        if levels is None:
            if source.data["image"]:
                source.data = dict(_NO_IMAGE)
            return
        source.data = {"image": [levels], "x": [view.x0], "y": [view.y0], "dw": [view.x1 - view.x0], "dh": [view.y1 - view.y0]}

    def look_at(self, window: tuple[float, float, float, float], home: tuple[float, float, float, float]) -> None:
        """Set the ranges in view, and those to which a reset returns."""
        for axis, (start, end), (first, last) in ((self.figure.x_range, window[:2], home[:2]),
                                                  (self.figure.y_range, window[2:], home[2:])):
            axis.update(start=start, end=end, reset_start=first, reset_end=last)

    def label(self, x: str, y: str) -> None:
        """Name the axes."""
        self.figure.xaxis.axis_label, self.figure.yaxis.axis_label = x, y

    def paint(self, palette: tuple[str, ...], ink: dict[str, str]) -> None:
        """Look the image's bytes up in another palette and colour the overlays for the theme."""
        self.mapper.palette = list(palette)
        for mapper, colour in ((self._mark_mapper, ink["mark"]), (self._ground_mapper, ink["ground"])):
            colours = [colour] * 256
            colours[EMPTY] = "#00000000"
            mapper.palette = colours
        self._patch.glyph.update(line_color=ink["mark"], fill_color=ink["mark"])
        self._halo.glyph.line_color = ink["under"]
        self._ring.glyph.line_color = ink["mark"]
