"""An SED as Bokeh figures: photometry, limits and what models make of them; the residual in sigma below."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from bokeh.events import DoubleTap
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    CustomJSTickFormatter,
    FixedTicker,
    HoverTool,
    LogAxis,
    LogTicker,
    Range1d,
)
from bokeh.plotting import figure

from dashboard import palettes, theme
from dashboard.sed import Sed
from qsocore.sed.fit import LIMIT
from qsocore.simulate.bands import AB_MICROJANSKY, fluxes_of, magnitudes_of

_COLUMNS = {"points": ("at", "flux", "low", "high", "left", "right", "name", "said"),
            "limits": ("at", "flux", "tip", "left", "right", "name", "said"),
            "curves": ("xs", "ys", "kind", "colour", "width", "alpha"), "parts": ("xs", "ys", "kind", "colour", "alpha"),
            "models": ("at", "flux", "kind", "colour", "size", "alpha"),
            "residuals": ("at", "sigma", "kind", "colour", "fill", "size", "marker", "alpha"),
            "names": ("at", "name")}
_HOVER = """<div class="atlas-tip"><b>@name</b> @said</div>"""
_WAVES = [0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 4, 5]
_WAVES_FEW = [0.5, 1, 2, 4]
_MICRON = "const text = String(Number(tick.toPrecision(3))); return tick == 1 ? text + ' µm' : text"
_FLUX = "return String(Number(tick.toPrecision(3)))"
_AB = f"return ({AB_MICROJANSKY} - 2.5 * Math.log10(tick)).toFixed(0)"
_MOST_TICKS = 5
_MARGIN = 1.09  # factor of wavelength beside the bands
_ARROW = 0.085  # of the axis upwards
_LEAST = 4.0  # sigma that the residual's axis reaches in any case


class SedFigure:
    """Builds the figures and fills them; knows nothing of State.

    Parameters
    ----------
    compact : bool
        For a small place beside something else: no zoom, no axis of magnitudes, no residual.

    Attributes
    ----------
    flux, residual : figure
        To be put on the page; the second stays empty where `compact`.
    """

    def __init__(self, compact: bool = False):
        self.compact, self._sed, self._hidden, self._theme = compact, None, frozenset(), "dark"
        self.source = {name: ColumnDataSource({column: [] for column in columns}, name=name)
                       for name, columns in _COLUMNS.items()}
        self.wave_range = Range1d(0.35, 5.5)
        shared = {"outline_line_color": None, "stylesheets": [theme.PLOT_CSS], "sizing_mode": "stretch_both",
                  "x_range": self.wave_range, "x_axis_type": "log", "toolbar_location": None, "min_border_top": 4,
                  "min_border_bottom": 4, "min_border_left": 44 if compact else 52, "min_border_right": 8 if compact else 44}
        self.flux = figure(y_range=Range1d(0.1, 100), y_axis_type="log", tools=[] if compact else [BoxZoomTool()],
                           name="sed small" if compact else "sed", **shared)
        self.residual = figure(y_range=Range1d(-_LEAST, _LEAST), tools="", name="sed residual", **shared)
        for plot in (self.flux, self.residual):
            plot.grid.visible = False
            plot.axis.minor_tick_line_color = None
            plot.xaxis.update(ticker=FixedTicker(ticks=_WAVES_FEW if compact else _WAVES, minor_ticks=[]),
                              formatter=CustomJSTickFormatter(code=_MICRON))
        if not compact:
            self.flux.on_event(DoubleTap, lambda _: self._whole())
        self._draw_flux()
        self._draw_residual()

    def _draw_flux(self) -> None:
        plot, source = self.flux, self.source
        plot.extra_y_ranges = {"page": Range1d(0, 1)}
        plot.yaxis.update(ticker=LogTicker(desired_num_ticks=3, mantissas=[1]), axis_label="µJy",
                          formatter=CustomJSTickFormatter(code=_FLUX))
        plot.xaxis.visible = self.compact
        self._magnitudes = FixedTicker(ticks=[], minor_ticks=[])
        if not self.compact:
            plot.add_layout(LogAxis(ticker=self._magnitudes, formatter=CustomJSTickFormatter(code=_AB), axis_label="AB mag",
                                    minor_tick_line_color=None), "right")
        self._names = plot.text("at", 0.985, "name", source=source["names"], y_range_name="page", text_align="center",
                                text_baseline="top", y_offset=2, name="names",
                                text_font_size="10.5px" if self.compact else "11.5px")
        plot.multi_line("xs", "ys", source=source["parts"], line_color="colour", line_alpha="alpha", line_width=1.4,
                        line_dash=[5, 3], name="parts")
        plot.multi_line("xs", "ys", source=source["curves"], line_color="colour", line_alpha="alpha", line_width="width",
                        name="curves")
        plot.scatter("at", "flux", source=source["models"], marker="square", size="size", line_color="colour",
                     line_alpha="alpha", line_width=1.5, fill_alpha=0, name="models")
        self._limit = [plot.segment("left", "flux", "right", "flux", source=source["limits"], line_width=1.6, name="limits"),
                       plot.segment("at", "flux", "at", "tip", source=source["limits"], line_width=1.4),
                       plot.scatter("at", "tip", source=source["limits"], marker="inverted_triangle", size=7)]
        self._bars = [plot.segment("left", "flux", "right", "flux", source=source["points"], line_width=1.6, line_alpha=0.75),
                      plot.segment("at", "low", "at", "high", source=source["points"], line_width=1.6)]
        self._points = plot.scatter("at", "flux", source=source["points"], size=6 if self.compact else 7.5, line_width=1.5,
                                    name="points")
        plot.add_tools(HoverTool(renderers=[self._points, *self._limit[2:]], tooltips=_HOVER))

    def _draw_residual(self) -> None:
        plot = self.residual
        plot.yaxis.axis_label = "σ"
        plot.yaxis.ticker.desired_num_ticks = 3
        self._zero = plot.hspan(y=[-1, 0, 1], line_alpha=0.5, line_width=1, line_dash=[2, 3])
        plot.scatter("at", "sigma", source=self.source["residuals"], marker="marker", size="size", line_color="colour",
                     fill_color="colour", fill_alpha="fill", line_alpha="alpha", name="residuals")

    # ---- what is shown

    def show(self, sed: Sed | None, hidden: Collection[str] = ()) -> None:
        """Draw an object, without the models of some kinds; nothing for None."""
        self._sed, self._hidden = sed, frozenset(hidden)
        self._fill()

    def paint(self, theme_name: str) -> None:
        """Colour everything for the theme, "dark" or "light"."""
        self._theme, ink = theme_name, theme.ink(theme_name == "dark")
        for renderer in (*self._bars, *self._limit):
            renderer.glyph.line_color = ink["text"]
        self._limit[2].glyph.fill_color = ink["text"]
        self._points.glyph.update(line_color=ink["surface"], fill_color=ink["text"])
        self._names.glyph.text_color = self._zero.glyph.line_color = ink["muted"]
        self._fill()

    def _fill(self) -> None:
        sed = self._sed
        if sed is None or not sed.bands:
            for name, columns in _COLUMNS.items():
                self.source[name].data = {column: [] for column in columns}
            return
        self._whole()
        self._fill_data(sed, *sed.extent)
        # the preferred one last, so that it is drawn over the others
        kinds = [fit.kind for fit in reversed(sed.fits) if fit.kind not in self._hidden]
        self._fill_models(sed, kinds)
        self._fill_residuals(sed, kinds)

    def _whole(self) -> None:
        """Show all of the object again."""
        if self._sed is None or not self._sed.bands:
            return
        low, high = self._sed.extent
        self.flux.y_range.update(start=low, end=high)
        bands = self._sed.bands
        self.wave_range.update(start=min(band.low for band in bands) / _MARGIN, end=max(band.high for band in bands) * _MARGIN)
        bright, faint = (float(magnitudes_of(np.array(end))) for end in (high, low))
        step = next(step for step in (1, 2, 5, 10) if (faint - bright) / step <= _MOST_TICKS or step == 10)
        self._magnitudes.ticks = [float(fluxes_of(m)) for m in np.arange(np.ceil(bright / step) * step, faint, step)]

    def _fill_data(self, sed: Sed, low: float, high: float) -> None:
        at, left, right = (np.array([getattr(band, side) for band in sed.bands]) for side in ("at", "low", "high"))
        names, said = np.array([band.name for band in sed.bands]), np.array(sed.said())
        seen, limit = sed.seen, sed.limit
        fallen = limit * (low / high) ** _ARROW
        self.source["names"].data = {"at": at, "name": names}
        self.source["points"].data = {
            "at": at[seen], "flux": sed.flux[seen], "low": np.maximum(sed.flux - sed.error, low / 10)[seen],
            "high": (sed.flux + sed.error)[seen], "left": left[seen], "right": right[seen], "name": names[seen],
            "said": said[seen]}
        self.source["limits"].data = {
            "at": at[~seen], "flux": limit[~seen], "tip": fallen[~seen], "left": left[~seen], "right": right[~seen],
            "name": names[~seen], "said": said[~seen]}

    def _fill_models(self, sed: Sed, kinds: list[str]) -> None:
        colours, first = palettes.models(self._theme), sed.preferred
        drawn = [(kind, sed.curves[kind]) for kind in kinds]
        self.source["curves"].data = {
            "xs": [self._micron(curve.wave) for _, curve in drawn], "ys": [_positive(curve.flux) for _, curve in drawn],
            "kind": kinds, "colour": [colours[kind] for kind in kinds],
            "width": [2.2 if kind == first else 1.2 for kind in kinds],
            "alpha": [0.95 if kind == first else 0.5 for kind in kinds]}
        parts = [(kind, name, curve.wave, flux) for kind, curve in drawn for name, flux in curve.parts.items()
                 if len(curve.parts) > 1]
        self.source["parts"].data = {
            "xs": [self._micron(wave) for *_, wave, _ in parts], "ys": [_positive(flux) for *_, flux in parts],
            "kind": [name for _, name, *_ in parts], "colour": [colours.get(name, colours[kind]) for kind, name, *_ in parts],
            "alpha": [0.9 if kind == first else 0.5 for kind, *_ in parts]}
        n = len(sed.bands)
        self.source["models"].data = {
            "at": [band.at for band in sed.bands] * len(kinds),
            "flux": _joined([_positive(sed.models[kind]) for kind in kinds]),
            "kind": [kind for kind in kinds for _ in range(n)], "colour": [colours[kind] for kind in kinds for _ in range(n)],
            "size": [self._size(kind == first) for kind in kinds for _ in range(n)],
            "alpha": [0.95 if kind == first else 0.5 for kind in kinds for _ in range(n)]}

    def _size(self, preferred: bool) -> int:
        return (8 if self.compact else 11) if preferred else 6

    def _micron(self, wave: np.ndarray) -> np.ndarray:
        return np.asarray(wave, np.float64) * 1e-4

    def _fill_residuals(self, sed: Sed, kinds: list[str]) -> None:
        """Those of the preferred model set the axis; what lies beyond it points there from its end."""
        colours, first = palettes.models(self._theme), sed.preferred
        most = _LEAST
        if first in kinds:
            most = max(_LEAST, 1.2 * float(np.abs(sed.residual(first)).max(initial=0)))
        self.residual.y_range.update(start=-most, end=most)
        n, values = len(sed.bands), _joined([sed.residual(kind) for kind in kinds])
        inside = np.abs(values) <= most
        end = 0.9 * most * np.sign(values)
        marker = np.where(inside, "circle", np.where(values > 0, "triangle", "inverted_triangle"))
        each = [kind for kind in kinds for _ in range(n)]
        self.source["residuals"].data = {
            "at": [band.at for band in sed.bands] * len(kinds), "sigma": np.where(inside, values, end), "kind": each,
            "colour": [colours[kind] for kind in each], "fill": [1.0 if kind == first else 0.0 for kind in each],
            "size": [7 if kind == first else 5 for kind in each], "alpha": [1.0 if kind == first else 0.55 for kind in each],
            "marker": marker.tolist()}


def _positive(flux: np.ndarray) -> np.ndarray:
    """What a logarithmic axis can show."""
    return np.where(np.asarray(flux) > 0, flux, np.nan)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0)


def limit_words() -> str:
    """What an arrow says."""
    return f"arrows: {LIMIT:g}σ limits"
