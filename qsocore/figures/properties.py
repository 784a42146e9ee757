"""Properties of the objects: how they are distributed, and whether the run's error depends on them."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import BLUE, RED, canvas, density, note, quiet, reach

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

_MOST, _ACROSS = 8, 4
_CELLS, _FEWEST = 48, 8
_PEAKED = 20  # times the usual bin: such a histogram is drawn with logarithmic counts


def _arguments(parser: ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--columns", metavar="NAMES",
                        help="columns of numbers with commas between; by default those of DR16Q that are there")


@quiet
def picture(judged: Judged, columns: Sequence[str] | str | None = None) -> Canvas:
    """Histograms of properties and, under each, the run's error against it: density and running median.

    The error is the reconstruction's of a run with latents, and the redshift's of one that predicts redshifts.

    Raises
    ------
    ConfigError, StoreError
        When the run has neither, or there is no such column of numbers.
    """
    from qsocore.figures._columns import chosen, error_of, label, values

    error, title = error_of(judged)
    names = chosen(judged, columns, _MOST)
    across = min(_ACROSS, len(names))
    down = -(-len(names) // across)
    figure = canvas(2.9 * across + 0.4, 3.9 * down + 0.4, judged.title)
    panels = figure.subplots(2 * down, across, height_ratios=[1, 1.6] * down, squeeze=False)
    for number, name in enumerate(names):
        row, column = divmod(number, across)
        _one(panels[2 * row, column], panels[2 * row + 1, column], values(judged, name), error, label(judged, name))
        panels[2 * row + 1, column].set_ylabel(title if column == 0 else "")
        panels[2 * row, column].set_ylabel("Objects" if column == 0 else "")
    for number in range(len(names), down * across):
        row, column = divmod(number, across)
        panels[2 * row, column].axis("off")
        panels[2 * row + 1, column].axis("off")
    return figure


def _one(above: Axes, below: Axes, x: NDArray, error: NDArray, name: str) -> None:
    low, high = reach(x)
    count, edges = np.histogram(x, np.linspace(low, high, _CELLS + 1))
    above.stairs(count, edges, fill=True, color=BLUE, alpha=0.75)
    above.set(xlim=(low, high), xticklabels=[])
    if count.max() > _PEAKED * max(np.median(count[count > 0]) if count.any() else 0, 1):
        above.set(yscale="log", ylim=(0.7, 6.0 * count.max()))
    else:
        above.set_ylim(0, 1.25 * max(count.max(), 1))
    note(above, [f"{np.isfinite(x).sum():,} objects"], x=0.97)
    known = np.isfinite(x) & np.isfinite(error)
    density(below, x[known], error[known], (low, high, *reach(error, 99.6)), _CELLS)
    below.plot(*running_median(x[known], error[known], low, high), color=RED, lw=1.4, label="median")
    below.set_xlabel(name)


def running_median(x: NDArray, y: NDArray, low: float, high: float, bins: int = 16) -> tuple[NDArray, NDArray]:
    """Middles of equal bins and the median in each (bins,), NaN where there are fewer than eight objects."""
    edges = np.linspace(low, high, bins + 1)
    place = np.digitize(x, edges) - 1
    medians = [np.median(y[place == k]) if (place == k).sum() >= _FEWEST else np.nan for k in range(bins)]
    return 0.5 * (edges[1:] + edges[:-1]), np.array(medians)


FIGURE = Figure("histograms of properties, and the run's error against each", "qso figure properties demo demo.store",
                _arguments, asking(picture))
