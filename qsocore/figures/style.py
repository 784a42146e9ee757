"""The look of every figure for paper: ink on white, quiet axes, colours that all eyes tell apart, units and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

INK, GREY, FAINT = "#1b2127", "#8b949e", "#8b949e55"
BLUE, RED, GREEN, ORANGE, PINK, SKY = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9"
SERIES = (BLUE, RED, GREEN, PINK, ORANGE, SKY)
"""Okabe & Ito (2008), "Color Universal Design"."""

STYLE = {"font.size": 9, "font.family": "DejaVu Sans", "axes.linewidth": 0.7, "axes.edgecolor": INK, "text.color": INK,
         "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "xtick.direction": "in", "ytick.direction": "in",
         "xtick.top": True, "ytick.right": True, "legend.frameon": False, "legend.fontsize": 8,
         "svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "qso-atlas"}
_QUIET = {"axes.titlesize": 9.5, "axes.titlelocation": "left", "axes.titlepad": 6, "axes.labelsize": 8.5, "xtick.labelsize": 8,
          "ytick.labelsize": 8, "axes.axisbelow": True, "grid.color": GREY, "grid.alpha": 0.22, "grid.linewidth": 0.6,
          "figure.titlesize": 10.5, "legend.fontsize": 7.5}
_DRAWING = Lock()

VELOCITY = r"$\Delta v = c\,\Delta z/(1+z)$ (km s$^{-1}$)"
FLUX = r"Flux density ($10^{-17}$ erg s$^{-1}$ cm$^{-2}$ Å$^{-1}$)"


def styled(draw: Callable) -> Callable:
    """Draw in this style; matplotlib has one style for all threads, so one figure is drawn at a time."""
    @wraps(draw)
    def drawn(*args: Any, **options: Any) -> Any:
        import matplotlib

        with _DRAWING, matplotlib.rc_context(STYLE):
            return draw(*args, **options)

    return drawn


def quiet(draw: Callable) -> Callable:
    """As `styled`, with smaller words, for figures of many panels."""
    @wraps(draw)
    def drawn(*args: Any, **options: Any) -> Any:
        import matplotlib

        with _DRAWING, matplotlib.rc_context(STYLE | _QUIET):
            return draw(*args, **options)

    return drawn


def canvas(width: float, height: float, title: str = "") -> Canvas:
    """An empty figure in inches, its heading at the left."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(plain(title), x=0.01, ha="left")
    return figure


def plain(text: str) -> str:
    """Text in which matplotlib reads no formula; catalogues hold what strangers wrote."""
    return text.replace("\\", "/").replace("$", r"\$")


def note(axes: Axes, lines: Iterable[str], x: float = 0.03, y: float = 0.96) -> None:
    """Small words inside a panel: from the upper left, or with x > 0.5 the upper right."""
    axes.text(x, y, "\n".join(lines), transform=axes.transAxes, va="top", ha="right" if x > 0.5 else "left", fontsize=7.5,
              linespacing=1.45)


def nothing(axes: Axes, why: str) -> None:
    """A panel without data says why."""
    axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=8, wrap=True)
    axes.set(xticks=[], yticks=[])


def reach(values: ArrayLike, inside: float = 99.0, room: float = 0.05) -> tuple[float, float]:
    """Ends of an axis: the middle `inside` per cent of what is finite, and some room; 0 to 1 for nothing."""
    seen = np.asarray(values, float)
    seen = seen[np.isfinite(seen)]
    if not seen.size:
        return 0.0, 1.0
    low, high = np.percentile(seen, [50 - inside / 2, 50 + inside / 2])
    extra = room * (high - low) if high > low else 0.5
    return float(low - extra), float(high + extra)


def ramp() -> Any:
    """Colours of counts: one blue, the fuller the more of it, so that few stay faint on a light page and on a dark one."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    return LinearSegmentedColormap.from_list("counts", [to_rgba(BLUE, 0.16), to_rgba(BLUE, 0.6), to_rgba("#005a94", 1.0)])


def on_ramp(level: float) -> str:
    """Colour of words upon a colour of `ramp`, 0 to 1."""
    return "#ffffff" if level > 0.5 else INK


def density(axes: Axes, x: ArrayLike, y: ArrayLike, limits: tuple[float, float, float, float], bins: int = 60) -> NDArray:
    """Objects in cells as colours by the logarithm of their number, empty cells clear; returns the counts (bins, bins)."""
    from matplotlib.colors import LogNorm

    box = limits[:2], limits[2:]
    count, *edges = np.histogram2d(np.asarray(x, float), np.asarray(y, float), bins=bins, range=box)
    shown = np.where(count > 0, count, np.nan).T
    axes.pcolormesh(*edges, shown, cmap=ramp(), norm=LogNorm(1, max(count.max(), 10)), rasterized=True)
    axes.set(xlim=box[0], ylim=box[1])
    return count.T
