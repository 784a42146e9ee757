"""Latents of a run, or properties of the catalogue, each against each, as counts or coloured by a property."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import BLUE, GREY, canvas, quiet, ramp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

_MOST = 6
_SIDE = 64  # cells of a panel's side


def _arguments(parser: ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--columns", metavar="NAMES", help="with commas between; by default the latents, or DR16Q's properties")
    parser.add_argument("--colour", metavar="NAME", default="", help="column whose mean colours the cells (default: counts)")


@quiet
def picture(judged: Judged, columns: Sequence[str] | str | None = None, colour: str = "") -> Canvas:
    """Draw a corner plot; every object is counted.

    Parameters
    ----------
    judged : Judged
        Whose.
    columns : sequence of str or str, optional
        Of numbers: the run's or the catalogue's.
    colour : str
        Column of numbers whose mean colours each cell; counts for "".

    Raises
    ------
    ConfigError, StoreError
        When there is no such column of numbers.
    """
    from qsocore.compare.pairs import axis_of
    from qsocore.figures._columns import chosen, label, values

    latents = [f"latent_{k}" for k in range(judged.latents.shape[1])][:_MOST] if judged.has_features else []
    names = chosen(judged, columns or latents, _MOST)
    x = [values(judged, name) for name in names]
    weight = values(judged, colour) if colour else None
    limits = [axis_of(column) for column in x]
    k = len(names)
    figure = canvas(1.75 * k + 1.0, 1.75 * k + 0.6, judged.title)
    panels = figure.subplots(k, k, squeeze=False)
    shown = None
    norm = _scale(weight)
    for up in range(k):
        for across in range(k):
            axes = panels[up, across]
            if across > up:
                axes.axis("off")
            elif across == up:
                seen = x[up][np.isfinite(x[up])]
                axes.hist(seen, np.linspace(*limits[up], _SIDE // 2 + 1), color=BLUE if weight is None else GREY, alpha=0.7)
                axes.set(xlim=limits[up], yticks=[])
            else:
                shown = _panel(axes, x[across], x[up], (*limits[across], *limits[up]), weight, norm) or shown
            axes.set_xlabel(label(judged, names[across]) if up == k - 1 else "")
            axes.set_ylabel(label(judged, names[up]) if across == 0 < up else "")
            axes.tick_params(labelbottom=up == k - 1, labelleft=across == 0 < up, labelsize=6.5, labelrotation=0)
    if shown is not None:
        key = f"mean {label(judged, colour)}" if weight is not None else "objects in a cell"
        figure.colorbar(shown, ax=panels[0, 1:].tolist(), location="top", shrink=0.9, aspect=30, pad=0.02, label=key)
    return figure


def _scale(weight: NDArray | None):
    from matplotlib.colors import Normalize

    from qsocore.figures.style import reach

    return None if weight is None else Normalize(*reach(weight, 96.0, 0.0))


def _panel(axes: Axes, x: NDArray, y: NDArray, limits: tuple[float, float, float, float], weight: NDArray | None, norm):
    """Counts, or means of the weights, in cells; what was drawn, or None where nothing is."""
    from matplotlib.colors import LogNorm

    from qsocore.compare.pairs import pairs, to_bins

    count, mean = pairs(to_bins(x, *limits[:2], _SIDE), to_bins(y, *limits[2:], _SIDE), weight, _SIDE)
    shown = np.where(count > 0, count if mean is None else mean, np.nan)
    axes.set(xlim=limits[:2], ylim=limits[2:])
    if not np.isfinite(shown).any():
        return None
    edges = np.linspace(*limits[:2], _SIDE + 1), np.linspace(*limits[2:], _SIDE + 1)
    how = {"cmap": ramp(), "norm": LogNorm(1, max(count.max(), 10))} if mean is None else {"cmap": "viridis", "norm": norm}
    return axes.pcolormesh(*edges, shown, rasterized=True, **how)


FIGURE = Figure("latents or properties each against each, coloured by any property",
                "qso figure corner demo demo.store --colour z", _arguments, asking(picture))
