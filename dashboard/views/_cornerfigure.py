"""The corner plot as one Bokeh figure: every panel is an image of bytes, all in one data source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import BoxSelectTool, ColumnDataSource, LinearColorMapper, Range1d
from bokeh.plotting import figure

from dashboard import theme, words
from dashboard.colourings import EMPTY, Scale
from dashboard.corner import Corner, levels

_GAP = 0.08
_LEFT, _RIGHT, _BELOW = 0.42, 0.02, 0.2  # what numbers and names take beside the panels
_LEFT_SMALL, _RIGHT_SMALL = 0.75, 0.18
_HIGHEST = 0.78  # of a panel that a histogram fills
_BYTES = {"low": 0, "high": 255}
_EMPTY = {"images": {"image": [], "x": [], "y": []}, "bars": {"xs": [], "ys": []}, "frames": {"x": [], "y": []},
          "names": {"x": [], "y": [], "text": []}, "ticks": {"x": [], "y": [], "text": [], "align": [], "baseline": []},
          "focus": {"x": [], "y": []}, "marks": {"x": [], "y0": [], "y1": []}}


@dataclass(frozen=True)
class Grid:
    """Where panels stand: panel (up, across) of k columns has sides 1, its lower left corner at `corner`."""

    limits: tuple[tuple[float, float], ...]

    def corner(self, up: int, across: int) -> tuple[float, float]:
        """Lower left corner of a panel in the figure."""
        return across * (1 + _GAP), (len(self.limits) - 1 - up) * (1 + _GAP)

    def panel_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The panel (up, across) below the diagonal in which a point of the figure lies, None beside them."""
        across, up = int(np.floor(x / (1 + _GAP))), len(self.limits) - 1 - int(np.floor(y / (1 + _GAP)))
        inside = 0 <= across < up < len(self.limits) and x - across * (1 + _GAP) <= 1
        return (up, across) if inside and y % (1 + _GAP) <= 1 else None

    def box(self, geometry: dict) -> tuple[tuple[int, int], dict] | None:
        """The panel in which a box was drawn, and the box in that panel's data units, cut off at its borders."""
        panel = self.panel_at((geometry["x0"] + geometry["x1"]) / 2, (geometry["y0"] + geometry["y1"]) / 2)
        if panel is None:
            return None
        sides, limits = {}, (self.limits[panel[1]], self.limits[panel[0]])
        for axis, start, (low, high) in zip("xy", self.corner(*panel), limits, strict=True):
            for edge in "01":
                sides[axis + edge] = low + (high - low) * float(np.clip(geometry[axis + edge] - start, 0, 1))
        return panel, {"type": "rect"} | sides

    def place(self, values: list[float]) -> tuple[list[float], list[float]]:
        """Where an object with these values stands in each panel below the diagonal; nowhere where it is outside."""
        xs, ys = [], []
        parts = [(value - low) / (high - low) for value, (low, high) in zip(values, self.limits, strict=True)]
        for up in range(len(parts)):
            for across in range(up):
                if 0 <= parts[across] <= 1 and 0 <= parts[up] <= 1:
                    x, y = self.corner(up, across)
                    xs.append(x + parts[across])
                    ys.append(y + parts[up])
        return xs, ys


class CornerFigure:
    """Builds the figure and fills it; knows nothing of State.

    Parameters
    ----------
    name : str
        By which it is found on the page.
    small : bool
        Whether panels may be so small that one number fills an axis; then no boxes are drawn in them.
    """

    def __init__(self, name: str = "corner", small: bool = False):
        self._most_ticks, self._left, self._right = ((1, 2), _LEFT_SMALL, _RIGHT_SMALL) if small else ((3, 3), _LEFT, _RIGHT)
        self.figure = figure(
            x_range=Range1d(0, 1), y_range=Range1d(0, 1), sizing_mode="stretch_both", toolbar_location=None,
            tools=[] if small else [BoxSelectTool()], outline_line_color=None, stylesheets=[theme.PLOT_CSS], min_border=4,
            name=name)
        self.figure.axis.visible = self.figure.grid.visible = False
        self.grid = Grid(((0.0, 1.0),))
        source = {name: ColumnDataSource({key: [] for key in columns}) for name, columns in _EMPTY.items()}
        self.source = source | {"rest": ColumnDataSource(_EMPTY["images"]), "rest bars": ColumnDataSource(_EMPTY["bars"])}
        self._mapper, self._rest_mapper = (LinearColorMapper(palette=["#00000000"] * 256, **_BYTES) for _ in range(2))
        self._frames = self.figure.rect("x", "y", width=1, height=1, source=self.source["frames"], fill_alpha=0, line_width=1)
        for name, mapper in (("rest", self._rest_mapper), ("images", self._mapper)):
            self.figure.image("image", "x", "y", dw=1, dh=1, source=self.source[name], color_mapper=mapper)
        self._rest_bars = self.figure.patches("xs", "ys", source=self.source["rest bars"], line_color=None, fill_alpha=0.9)
        self._bars = self.figure.patches("xs", "ys", source=self.source["bars"], fill_alpha=0.35, line_width=1.2)
        self._marks = self.figure.segment("x", "y0", "x", "y1", source=self.source["marks"], line_width=1.2, line_dash=[3, 3],
                                          name="marks")
        self._names = self.figure.text("x", "y", "text", source=self.source["names"], y_offset=1 if small else 3,
                                       text_font_size="11px" if small else "12px", text_baseline="top", text_align="center")
        self._ticks = self.figure.text("x", "y", "text", source=self.source["ticks"],
                                       text_font_size="10.5px", text_align={"field": "align"},
                                       text_baseline={"field": "baseline"})
        self._halo, self._ring = (self.figure.scatter("x", "y", source=self.source["focus"], size=11, fill_alpha=0,
                                                      line_width=width) for width in (4, 1.6))

    def show(self, corner: Corner, rest: Corner | None, scale: Scale | None, titles: Sequence[str]) -> None:
        """Fill the panels: `corner` in colours on a scale (density without one), `rest` behind it in grey.

        `titles` are what its columns are called.
        """
        k = len(corner.names)
        self.grid = Grid(corner.limits)
        self.figure.x_range.update(start=-self._left, end=k + (k - 1) * _GAP + self._right)
        self.figure.y_range.update(start=-_BELOW, end=k + (k - 1) * _GAP + 0.02)
        self.source["images"].data = self._images({key: levels(panel, scale) for key, panel in corner.panels.items()})
        self.source["rest"].data = self._images(
            {key: np.where(panel.count > 0, 0, EMPTY).astype(np.uint8) for key, panel in (rest.panels if rest else {}).items()})
        self.source["bars"].data = self._steps(corner)
        self.source["rest bars"].data = self._steps(rest) if rest else dict(_EMPTY["bars"])
        cells = [self.grid.corner(up, across) for up in range(k) for across in range(up + 1)]
        self.source["frames"].data = {"x": [x + 0.5 for x, _ in cells], "y": [y + 0.5 for _, y in cells]}
        corners = [self.grid.corner(number, number) for number in range(k)]
        self.source["names"].data = {"x": [x + 0.5 for x, _ in corners], "y": [y + 1 for _, y in corners],
                                     "text": list(titles)}
        self.source["ticks"].data = self._tick_labels(corner.limits)

    def _images(self, panels: dict[tuple[int, int], np.ndarray]) -> dict:
        places = [self.grid.corner(*key) for key in panels]
        return {"image": list(panels.values()), "x": [x for x, _ in places], "y": [y for _, y in places]}

    def _steps(self, corner: Corner) -> dict:
        """Outlines of the histograms, under the names."""
        xs, ys = [], []
        for number, histogram in enumerate(corner.histograms):
            x, y = self.grid.corner(number, number)
            pairs = histogram.reshape(-1, 2).sum(axis=1)
            edges = np.repeat(np.linspace(0, 1, pairs.size + 1), 2)
            heights = _HIGHEST * np.repeat(pairs, 2) / max(int(pairs.max(initial=0)), 1)
            xs.append(x + edges)
            ys.append(y + np.concatenate([[0], heights, [0]]))
        return {"xs": xs, "ys": ys}

    def _tick_labels(self, limits: tuple[tuple[float, float], ...]) -> dict:
        labels, k = [], len(limits)
        for number, (low, high) in enumerate(limits):
            x, y = self.grid.corner(k - 1, number)
            labels += [(x + (value - low) / (high - low), y - 0.03, value, "center", "top")
                       for value in round_values(low, high, self._most_ticks[0])]
            if number:
                x, y = self.grid.corner(number, 0)
                labels += [(x - 0.03, y + (value - low) / (high - low), value, "right", "middle")
                           for value in round_values(low, high, self._most_ticks[1])]
        columns = zip(*labels, strict=True) if labels else ([] for _ in range(5))
        x, y, values, align, baseline = (list(column) for column in columns)
        return {"x": x, "y": y, "text": [words.number(value).replace("-", "−") for value in values], "align": align,
                "baseline": baseline}

    def focus_on(self, values: list[float] | None) -> None:
        """Ring an object in every panel, none for None."""
        xs, ys = self.grid.place(values) if values else ([], [])
        self.source["focus"].data = {"x": xs, "y": ys}

    def mark(self, values: Sequence[Sequence[float]]) -> None:
        """Draw lines at some values of each column through its histogram."""
        lines = []
        for number, (some, (low, high)) in enumerate(zip(values, self.grid.limits, strict=True)):
            x, y = self.grid.corner(number, number)
            lines += [(x + (value - low) / (high - low), y, y + _HIGHEST) for value in some if low <= value <= high]
        self.source["marks"].data = {name: [line[k] for line in lines] for k, name in enumerate(("x", "y0", "y1"))}

    def paint(self, palette: tuple[str, ...], ink: dict[str, str]) -> None:
        """Look the panels' bytes up in another palette and colour the rest for the theme."""
        self._mapper.palette = list(palette)
        grey = [ink["ground"]] * 256
        grey[EMPTY] = "#00000000"
        self._rest_mapper.palette = grey
        self._rest_bars.glyph.fill_color = ink["ground"]
        self._bars.glyph.update(fill_color=ink["accent"], line_color=ink["accent"])
        self._frames.glyph.line_color = ink["line"]
        self._marks.glyph.line_color = ink["mark"]
        self._names.glyph.text_color, self._ticks.glyph.text_color = ink["text"], ink["muted"]
        self._halo.glyph.line_color, self._ring.glyph.line_color = ink["under"], ink["mark"]


def round_values(low: float, high: float, most: int = 3) -> list[float]:
    """Two or three round values inside an interval, away from its ends; of more than `most` the outer two, or the middle one.

    Examples
    --------
    >>> round_values(0.0, 10.0), round_values(-3.4, 3.2)
    ([2.0, 6.0], [-2.0, 0.0, 2.0])
    """
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(power * min((1, 2, 5, 10), key=lambda factor: abs(factor * power - rough)))
    room = 0.1 * (high - low)
    first, last = np.ceil((low + room) / step), np.floor((high - room) / step)
    values = [float(k * step) + 0.0 for k in np.arange(first, last + 1)]
    values = values if len(values) < 4 else values[::2]
    if len(values) <= most:
        return values
    return [values[0], values[-1]] if most > 1 else [values[len(values) // 2]]
