"""A map's Bokeh figure: an image of bytes with a palette, and what is drawn over it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bokeh.core.property.descriptors import UnsetValueError
from bokeh.models import (
    BoxSelectTool,
    BoxZoomTool,
    ColumnDataSource,
    CustomJS,
    HoverTool,
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
from dashboard.glyphs import Island
from dashboard.raster import View

_NO_IMAGE = {"image": [], "x": [], "y": [], "dw": [], "dh": []}
_NOTHING = {"bytes": [], "shape": [], "place": []}
_BYTES = {"low": 0, "high": 255}
_CLEAR = ["#00000000"] * 256
_DIM = 0.28  # of the context while something is selected
NO_RARE = {"x": [], "y": [], "level": [], "alpha": [], "id": [], "why": [], "facts": [], "picture": []}
_HOVER = """
<div style="font-size:12px;line-height:1.4;display:flex;gap:8px;align-items:flex-start"><style>:host {
  --tooltip-color: var(--mui-palette-background-paper) !important; --tooltip-border: var(--mui-palette-divider) !important;
  --tooltip-text: var(--mui-palette-text-primary) !important; }</style>PICTURE
<div><div style="font-weight:600">@id</div><div>@facts</div><div style="opacity:.7">@why</div></div></div>"""
_IN_TIP = "object-fit:contain;image-rendering:pixelated;border-radius:3px;flex:none"
_PICTURES = {"": "", "images": "height:96px;max-width:120px", "spectra": "width:120px;height:36px"}
"""What is shown of objects that are pointed at, and how large."""

# What is stale when it is unpacked is dropped; and a moved view sends nothing of this back.
_UNPACK = """
const [bytes, shape, place] = [packed.data.bytes[0], packed.data.shape[0], packed.data.place[0]]
const turn = packed.turn = (packed.turn ?? 0) + 1
const show = (image) => {
  if (turn != packed.turn) return
  const [x, y, dw, dh] = (image ? place : []).map((edge) => [edge])
  source.setv({data: image ? {image: [image], x, y, dw, dh} : {image: [], x: [], y: [], dw: [], dh: []}}, {sync: false})
}
if (bytes === undefined) show(null)
else {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))
  new Response(stream).arrayBuffer().then((buffer) => show(new bytes.constructor(buffer, Array.from(shape))))
}
"""


class Layer:
    """An image of bytes that travels packed, a fifth as long, and is unpacked by the browser.

    Parameters
    ----------
    plot : bokeh.plotting.figure
    mapper : LinearColorMapper
        Gives the bytes their colours.
    looks
        Of the renderer.
    """

    def __init__(self, plot: figure, mapper: LinearColorMapper, **looks: Any):
        self.source, self._packed = ColumnDataSource(dict(_NO_IMAGE)), ColumnDataSource(dict(_NOTHING))
        self.renderer = plot.image(**{name: name for name in _NO_IMAGE}, source=self.source, color_mapper=mapper, **looks)
        self._packed.js_on_change("data", CustomJS(args={"packed": self._packed, "source": self.source}, code=_UNPACK))
        plot.tags = [*plot.tags, self._packed]  # so that the browser has it

    def show(self, levels: NDArray[np.uint8] | None, view: View | None, first: bool = False) -> None:
        """Replace the image, or take it away; the first goes as it is, since nothing unpacks what comes with the page."""
        if levels is None:
            if len(self._packed.data["bytes"]):
                self._packed.data = dict(_NOTHING)
            return
        place = [view.x0, view.y0, view.x1 - view.x0, view.y1 - view.y0]
        if first:
            self.source.data = {name: [value] for name, value in zip(_NO_IMAGE, (levels, *place), strict=True)}
            return
        packed = np.frombuffer(zlib.compress(levels.tobytes(), 1), np.uint8)
        self._packed.data = {"bytes": [packed], "shape": [list(levels.shape)], "place": [place]}


class MapFigure:
    """Builds the figure and changes what is in it; knows nothing of State.

    Parameters
    ----------
    name : str
        Of the figure's model, by which tests find it.
    pictures : {"", "images", "spectra"}
        What is shown of objects that are pointed at.
    """

    def __init__(self, name: str = "map", pictures: str = ""):
        lasso = LassoSelectTool()
        self.figure = figure(
            x_range=Range1d(0, 1), y_range=Range1d(0, 1), sizing_mode="stretch_both", toolbar_location="right",
            tools=[lasso, BoxSelectTool(), PanTool(), BoxZoomTool(), WheelZoomTool(), ResetTool()],
            outline_line_color=None, stylesheets=[theme.PLOT_CSS],
            lod_timeout=250, lod_threshold=300, min_border_left=52, min_border_top=6, name=name)
        self.figure.toolbar.update(logo=None, stylesheets=[theme.TOOLBAR_CSS])
        self.figure.toolbar.active_scroll = self.figure.select_one(WheelZoomTool)
        self.figure.toolbar.active_drag = lasso
        self.figure.grid.visible = False
        self.view = ColumnDataSource({"window": []})
        self.focus = ColumnDataSource({"x": [], "y": []})
        self.probe = ColumnDataSource({"x": [], "y": []})
        self.spokes = ColumnDataSource({"x0": [], "y0": [], "x1": [], "y1": []})
        self.rare = ColumnDataSource(dict(NO_RARE))
        self.names = ColumnDataSource({"x": [], "y": [], "name": []})
        self.shores = ColumnDataSource({"xs": [], "ys": []})
        self.mapper = LinearColorMapper(palette=_CLEAR, **_BYTES)
        self._ground_mapper = LinearColorMapper(palette=_CLEAR, **_BYTES)
        self._draw_images()
        self._draw_marks(_PICTURES[pictures])

    def _draw_images(self) -> None:
        plot = self.figure
        self.image, self.chosen = Layer(plot, self.mapper), Layer(plot, self.mapper)
        self.ground = Layer(plot, self._ground_mapper, level="underlay")
        self.coarse = Layer(plot, self.mapper, level="underlay", visible=False)
        known = {"xs": plot.x_range, "ys": plot.y_range, "view": self.view}
        moved = CustomJS(args={"coarse": self.coarse.renderer, "image": self.image.source} | known, code="""
            if (!view.told) {  // both ranges change in turn: say it once, and at once, before anything is painted
                view.told = true
                queueMicrotask(() => {
                    view.told = false
                    view.data = {window: [xs.start, xs.end, ys.start, ys.end]}
                })
            }
            const {x, y, dw, dh} = image.data
            if (x.length == 0) return
            const [start, length] = cb_obj.tags[0] == "x" ? [x[0], dw[0]] : [y[0], dh[0]]
            const room = 1e-6 * length
            coarse.setv({visible: cb_obj.start < start - room || cb_obj.end > start + length + room}, {sync: false})
        """)
        for name, axis in (("x", plot.x_range), ("y", plot.y_range)):
            axis.tags = [name]
            axis.js_on_change("end", moved)
        # the whole map, coarse, is in the browser already: it is seen where a moved view has no picture yet
        there = CustomJS(args={"coarse": self.coarse.renderer}, code="coarse.setv({visible: false}, {sync: false})")
        self.image.source.js_on_change("data", there)

    def _draw_marks(self, size: str) -> None:
        plot = self.figure
        self._spokes = plot.segment("x0", "y0", "x1", "y1", source=self.spokes, line_width=1, line_alpha=0.7,
                                    name="spokes")
        self._rare = plot.scatter("x", "y", source=self.rare, size=5.5, name="rare", line_width=0.8, alpha="alpha",
                                  fill_color={"field": "level", "transform": self.mapper})
        self._shores = plot.multi_line("xs", "ys", source=self.shores, line_width=1, line_alpha=0.45)
        self._names = plot.text("x", "y", "name", source=self.names, text_font_size="11px", text_align="center",
                                text_baseline="middle", padding=2, border_radius=3, background_fill_alpha=0.72,
                                name="islands")
        self._halo = plot.scatter("x", "y", source=self.focus, size=19, fill_alpha=0, line_width=5, line_alpha=0.75)
        self._ring = plot.scatter("x", "y", source=self.focus, size=19, fill_alpha=0, line_width=2, name="focus")
        self._cross = plot.scatter("x", "y", source=self.probe, marker="cross", size=15, line_width=2, name="probe")
        picture = f'<img src="@picture" alt="" style="{size};{_IN_TIP}">' if size else ""
        plot.add_tools(HoverTool(renderers=[self._rare], tooltips=_HOVER.replace("PICTURE", picture), visible=False,
                                 point_policy="follow_mouse"))

    def on_move(self, told: Callable[[tuple[float, float, float, float]], None]) -> None:
        """Tell of each move by the user: x0, x1, y0, y1."""
        self.view.on_change("data", lambda attr, old, new: told(tuple(new["window"])) if len(new["window"]) == 4 else None)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the inner plot in pixels; zero before the browser has laid it out."""
        try:
            return self.figure.inner_width, self.figure.inner_height
        except UnsetValueError:
            return 0, 0

    @property
    def window(self) -> tuple[float, float, float, float]:
        """What the browser shows: x0, x1, y0, y1."""
        x, y = self.figure.x_range, self.figure.y_range
        return x.start, x.end, y.start, y.end

    def show_islands(self, islands: Sequence[Island], named: Sequence[Island]) -> None:
        """Outline islands, and write the names of those that have room for it."""
        self.shores.data = {"xs": [[x for x, _ in island.outline] for island in islands],
                            "ys": [[y for _, y in island.outline] for island in islands]}
        self.names.data = {"x": [island.x for island in named], "y": [island.y for island in named],
                           "name": [island.name for island in named]}

    def dim(self, something_selected: bool) -> None:
        """Let the context step back behind what is selected, or come forward again."""
        self.image.renderer.glyph.global_alpha = _DIM if something_selected else 1.0

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
        colours = [ink["ground"]] * 256
        colours[EMPTY] = _CLEAR[0]
        self._ground_mapper.palette = colours
        self._halo.glyph.line_color = self._names.glyph.background_fill_color = ink["surface"]
        self._cross.glyph.line_color = ink["mark"]
        self._rare.glyph.line_color = self._ring.glyph.line_color = self._spokes.glyph.line_color = \
            self._shores.glyph.line_color = ink["mark"]
        self._names.glyph.text_color = ink["text"]
