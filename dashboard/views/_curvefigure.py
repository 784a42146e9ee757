"""Training curves as a Bokeh figure: of each run the training's and the validation's, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from bokeh.models import ColumnDataSource, DataRange1d, HoverTool
from bokeh.plotting import figure

from dashboard import theme
from dashboard.runs import Curves

_HOVER = [("run", "@run"), ("epoch", "@epoch"), ("training", "@train{0.0000a}"), ("validation", "@valid{0.0000a}")]
_CLEAR = ("background_fill_alpha", "border_fill_alpha", "outline_line_alpha")


class CurveFigure:
    """Builds the figure and fills it; knows nothing of State.

    Parameters
    ----------
    log : bool
        Whether the axis upwards is logarithmic.
    """

    def __init__(self, log: bool):
        self.log = log
        self.train, self.valid = (ColumnDataSource({"xs": [], "ys": [], "colour": []}) for _ in range(2))
        self.points = ColumnDataSource({name: [] for name in ("epoch", "train", "valid", "run", "colour", "size")})
        plot = self.figure = figure(
            x_range=DataRange1d(range_padding=0.03, min_interval=1.0), y_range=DataRange1d(range_padding=0.16),
            y_axis_type="log" if log else "linear", sizing_mode="stretch_both", toolbar_location=None, outline_line_color=None,
            tools=[], stylesheets=[theme.PLOT_CSS], min_border_left=58, min_border_right=14, min_border_top=6,
            name=f"curves {'log' if log else 'linear'}", **dict.fromkeys(_CLEAR, 0))  # made after the page's theme was laid on
        plot.xaxis.axis_label = "Epoch"
        plot.xgrid.visible = False
        plot.xaxis.ticker.update(desired_num_ticks=8, min_interval=1, num_minor_ticks=0)
        plot.yaxis.ticker.desired_num_ticks = 5
        for axis in plot.axis:
            axis.update(minor_tick_line_color=None, major_tick_line_color=None, axis_line_color=None,
                        major_label_text_font_size="11px", axis_label_text_font_size="11.5px")
        plot.multi_line("xs", "ys", line_color="colour", line_width=1.4, line_dash=[4, 3], line_alpha=0.8, source=self.train,
                        name="train")
        plot.multi_line("xs", "ys", line_color="colour", line_width=2, source=self.valid, name="valid")
        spots = plot.scatter("epoch", "valid", size="size", color="colour", source=self.points, name="points")
        plot.add_tools(HoverTool(renderers=[spots], tooltips=_HOVER, mode="vline"))

    def show(self, runs: Sequence[tuple[str, Curves]], term: str, colours: Sequence[str]) -> bool:
        """Draw one term of some runs; whether there is anything of it to be drawn."""
        lines: dict[str, list] = {"train": [], "valid": []}
        points: dict[str, list] = {name: [] for name in self.points.data}
        for (name, curves), colour in zip(runs, colours, strict=False):
            sides = {side: self._drawn(getattr(curves, side).get(term, np.full(len(curves.epochs), np.nan))) for side in lines}
            for side, ys in sides.items():
                lines[side].append((curves.epochs.tolist(), ys, colour))
            n, best = len(curves.epochs), curves.best
            points["epoch"] += curves.epochs.tolist()
            points["train"] += sides["train"]
            # where only the training says something of a term, as of the gradient's norm, its points are those
            points["valid"] += sides["valid"] if term in curves.valid else sides["train"]
            points["run"] += [name] * n
            points["colour"] += [colour] * n
            points["size"] += [9 if k == best else 4 for k in range(n)]
        for source, side in ((self.train, "train"), (self.valid, "valid")):
            xs, ys, colour = zip(*lines[side], strict=True) if lines[side] else ((), (), ())
            source.data = {"xs": list(xs), "ys": list(ys), "colour": list(colour)}
        self.points.data = points
        return bool(np.isfinite(np.array(points["valid"], float)).any())

    def _drawn(self, values: np.ndarray) -> list[float]:
        """What an axis can show: on a logarithmic one nothing that is not positive."""
        return np.where(values > 0, values, np.nan).tolist() if self.log else values.tolist()

    def paint(self, ink: dict[str, str]) -> None:
        """Colour the frame for the theme."""
        self.figure.ygrid.grid_line_color = ink["line"]
        for axis in self.figure.axis:
            axis.update(major_label_text_color=ink["muted"], axis_label_text_color=ink["muted"])
