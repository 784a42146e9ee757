"""The two-colour diagram as a Bokeh figure: the catalogue as an image of bytes, tracks and cuts over it, one object marked."""

from __future__ import annotations

from bokeh.models import ColumnDataSource, LinearColorMapper, Range1d
from bokeh.plotting import figure

from dashboard import palettes, theme
from dashboard.colourings import LEVELS
from dashboard.palettes import NOTHING
from dashboard.twocolours import CUTS, TO_VEGA, Diagram, Spot, Track

_COLUMNS = {"images": ("image", "x", "y", "dw", "dh"), "tracks": ("xs", "ys", "kind", "colour"),
            "marks": ("x", "y", "text", "colour"), "spot": ("x", "y", "x0", "x1", "y0", "y1"),
            "arrows": ("x", "y", "tip_x", "tip_y", "angle")}
_BYTES = {"low": 0, "high": 255}
_FAINTEST = 96  # opacity of a single object, of 255
_ARROW = 0.07  # of an axis
_ANGLE = {(1, 0): -1.5708, (-1, 0): 1.5708, (0, 1): 0.0, (0, -1): 3.14159}  # of a triangle that points up


class ColoursFigure:
    """Builds the figure and fills it; knows nothing of State."""

    def __init__(self):
        self.source = {name: ColumnDataSource({column: [] for column in columns}, name=name)
                       for name, columns in _COLUMNS.items()}
        self._tracks: tuple[Track, ...] = ()
        self._theme = "dark"
        plot = self.figure = figure(
            x_range=Range1d(-1, 2), y_range=Range1d(0, 4), sizing_mode="stretch_both", toolbar_location=None, tools=[],
            outline_line_color=None, stylesheets=[theme.PLOT_CSS], min_border_left=46, min_border_right=14, min_border_top=6,
            name="two colours")
        plot.grid.visible = False
        plot.axis.minor_tick_line_color = None
        plot.xaxis.axis_label, plot.yaxis.axis_label = f"W1 − W2 (AB; Vega = AB + {TO_VEGA:.2f})", "i − z (AB)"
        self._mapper = LinearColorMapper(palette=["#00000000"] * 256, **_BYTES)
        plot.image("image", "x", "y", dw="dw", dh="dh", source=self.source["images"], color_mapper=self._mapper,
                   name="catalogue")
        across, up = CUTS
        self._cuts = [plot.vspan(x=[across], line_dash=[6, 4], line_width=1.2, name="cut W1 - W2"),
                      plot.hspan(y=[up], line_dash=[6, 4], line_width=1.2, name="cut i - z")]
        plot.multi_line("xs", "ys", source=self.source["tracks"], line_color="colour", line_width=2, name="tracks")
        plot.scatter("x", "y", source=self.source["marks"], size=5, color="colour")
        self._words = plot.text("x", "y", "text", source=self.source["marks"], x_offset=7, text_font_size="10.5px",
                                text_color="colour", text_baseline="middle", background_fill_alpha=0.7)
        by = {"source": self.source["spot"]}
        self._errors = [plot.segment("x0", "y", "x1", "y", line_width=1.5, **by),
                        plot.segment("x", "y0", "x", "y1", line_width=1.5, **by)]
        by = {"source": self.source["arrows"]}
        self._arrows = [plot.segment("x", "y", "tip_x", "tip_y", line_width=1.5, name="arrows", **by),
                        plot.scatter("tip_x", "tip_y", marker="triangle", angle="angle", size=8, **by)]
        self._halo, self._ring = (plot.scatter("x", "y", source=self.source["spot"], size=12, fill_alpha=0, line_width=width,
                                               name=name) for width, name in ((4.5, "halo"), (1.8, "spot")))

    def show(self, diagram: Diagram, tracks: tuple[Track, ...]) -> None:
        """Draw a catalogue."""
        view, self._tracks = diagram.view, tracks
        self.figure.x_range.update(start=view.x0, end=view.x1)
        self.figure.y_range.update(start=view.y0, end=view.y1)
        self.source["images"].data = {"image": [diagram.levels], "x": [view.x0], "y": [view.y0], "dw": [view.x1 - view.x0],
                                      "dh": [view.y1 - view.y0]}
        self._draw_tracks()

    def _draw_tracks(self) -> None:
        colours, tracks = palettes.models(self._theme), self._tracks
        self.source["tracks"].data = {
            "xs": [track.x for track in tracks], "ys": [track.y for track in tracks], "kind": [track.kind for track in tracks],
            "colour": [colours[track.kind] for track in tracks]}
        marks = [(x, y, text, colours[track.kind]) for track in tracks for text, x, y in track.marks]
        self.source["marks"].data = {name: [mark[k] for mark in marks] for k, name in enumerate(_COLUMNS["marks"])}

    def focus_on(self, spot: Spot | None) -> None:
        """Mark an object, with its errors or arrows; none for None."""
        if spot is None:
            for name in ("spot", "arrows"):
                self.source[name].data = {column: [] for column in _COLUMNS[name]}
            return
        x, y = spot.x, spot.y
        self.source["spot"].data = {"x": [x], "y": [y], "x0": [x - spot.x_error], "x1": [x + spot.x_error],
                                    "y0": [y - spot.y_error], "y1": [y + spot.y_error]}
        wide, high = (_ARROW * (side.end - side.start) for side in (self.figure.x_range, self.figure.y_range))
        ways = [way for way in ((spot.dx, 0), (0, spot.dy)) if any(way)]
        self.source["arrows"].data = {
            "x": [x] * len(ways), "y": [y] * len(ways), "tip_x": [x + wide * dx for dx, _ in ways],
            "tip_y": [y + high * dy for _, dy in ways], "angle": [_ANGLE[way] for way in ways]}

    def paint(self, theme_name: str) -> None:
        """Colour everything for the theme, "dark" or "light"; the catalogue is grey, the denser the stronger."""
        self._theme, ink = theme_name, theme.ink(theme_name == "dark")
        self._mapper.palette = [f"{ink['flux']}{round(_FAINTEST + (255 - _FAINTEST) * level / (LEVELS - 1)):02x}"
                                for level in range(LEVELS)] + [NOTHING, NOTHING]
        self._words.glyph.background_fill_color = ink["surface"]
        for renderer in self._cuts:
            renderer.glyph.line_color = ink["muted"]
        for renderer in (*self._errors, *self._arrows, self._ring):
            renderer.glyph.line_color = ink["mark"]
        self._arrows[1].glyph.fill_color = ink["mark"]
        self._halo.glyph.line_color = ink["under"]
        self._draw_tracks()
