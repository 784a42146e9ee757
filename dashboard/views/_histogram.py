"""One column's histogram as a Bokeh figure, sets over one another, brushed by a box."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from bokeh.events import SelectionGeometry
from bokeh.models import BasicTicker, BoxSelectTool, ColumnDataSource, FixedTicker, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from dashboard import theme, words
from dashboard.compared import Compared
from dashboard.spread import Spread

_SETS = 3
_CLEAR = ("background_fill_alpha", "border_fill_alpha", "outline_line_alpha")
_MOST_LETTERS = 9  # of a class under its bar


class HistogramFigure:
    """Builds the figure and fills it; knows nothing of State.

    Parameters
    ----------
    name : str
        Of the figure.
    brushed : callable
        Told where a box begins and ends on the axis.
    height : int
        Pixels.
    """

    def __init__(self, name: str, brushed: Callable[[float, float], None], height: int = 132):
        tool = BoxSelectTool(dimensions="width", description="Drag to select a range")
        self.figure = figure(x_range=Range1d(0, 1), y_range=Range1d(0, 1), height=height, sizing_mode="stretch_width",
                             toolbar_location=None, tools=[tool], outline_line_color=None, stylesheets=[theme.PLOT_CSS],
                             min_border_left=44, min_border_right=10, min_border_top=4, name=name,
                             **dict.fromkeys(_CLEAR, 0))  # it is made after the page's theme was laid on
        self.figure.toolbar.active_drag = tool
        self.figure.grid.visible = False
        self.figure.yaxis.ticker.desired_num_ticks = 3
        for axis in self.figure.axis:
            axis.update(minor_tick_line_color=None, major_tick_line_color=None, axis_line_color=None,
                        major_label_text_font_size="10.5px")
        self.sources = [ColumnDataSource({"x": [], "y": []}) for _ in range(_SETS)]
        self._areas = [self.figure.varea(x="x", y1=0, y2="y", source=source) for source in self.sources]
        self._lines = [self.figure.line("x", "y", source=source, line_width=1.4) for source in self.sources]
        self.figure.on_event(SelectionGeometry, lambda event: self._brush(event, brushed))

    def _brush(self, event: SelectionGeometry, brushed: Callable[[float, float], None]) -> None:
        if event.final and event.geometry.get("type") == "rect":
            brushed(event.geometry["x0"], event.geometry["x1"])

    def show(self, spread: Spread, sets: Sequence[Compared], fractions: bool) -> None:
        """Draw a column's histogram for some sets, the last in front."""
        top = 0.0
        for source, one in zip(self.sources, [*sets, *[None] * _SETS], strict=False):
            heights = np.zeros(0) if one is None else spread.heights(one.key, fractions)
            source.data = steps(spread.edges, heights)
            top = max(top, float(heights.max(initial=0)))
        self.figure.x_range.update(start=float(spread.edges[0]), end=float(spread.edges[-1]))
        self.figure.y_range.update(start=0, end=1.08 * top or 1)
        ticks = tick_labels(spread)
        axis = self.figure.xaxis[0]
        axis.ticker = FixedTicker(ticks=list(ticks)) if ticks else BasicTicker(desired_num_ticks=4)
        axis.major_label_overrides = ticks

    def paint(self, sets: Sequence[Compared], ink: dict[str, str]) -> None:
        """Colour for the theme; what is drawn or the rest is the ground on which the others stand."""
        for axis in self.figure.axis:
            axis.major_label_text_color = ink["muted"]
        for area, line, one in zip(self._areas, self._lines, sets, strict=False):
            ground = one.key in ("all", "rest")
            area.glyph.update(fill_color=ink["ground"] if one.key == "all" else ink[one.ink], fill_alpha=1 if ground else 0.22)
            line.glyph.update(line_color=ink[one.ink], line_alpha=0 if one.key == "all" else 1)
            if one.key == "rest":
                area.glyph.update(fill_color=ink["ground"])


def steps(edges: NDArray, heights: NDArray) -> dict[str, NDArray]:
    """A histogram's outline, down to zero at both ends."""
    if not heights.size:
        return {"x": [], "y": []}
    return {"x": np.repeat(edges, 2), "y": np.concatenate([[0], np.repeat(heights, 2), [0]])}


def tick_labels(spread: Spread) -> dict[float, str]:
    """Places and texts of ticks where the axis is not the value itself: classes, decades; else none.

    Examples
    --------
    >>> tick_labels(Spread("x", np.array([-0.2, 1.0, 2.1]), True, (), {}, {}, {}))
    {0: '1', 1: '10', 2: '100'}
    """
    if spread.labels:
        many = max(1, -(-len(spread.labels) // 8))
        return {k: label if len(label) <= _MOST_LETTERS else f"{label[:_MOST_LETTERS - 1]}…"
                for k, label in enumerate(spread.labels) if k % many == 0}
    if not spread.log:
        return {}
    decades = range(int(np.ceil(spread.edges[0])), int(np.floor(spread.edges[-1])) + 1)
    return {k: words.number(10.0**k) for k in decades[:: max(1, -(-len(decades) // 5))]}
