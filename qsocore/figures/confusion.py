"""Classes called against true classes: the counts, and the same by row (recall) and by column (precision)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import canvas, on_ramp, quiet, ramp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged


@quiet
def picture(judged: Judged) -> Canvas:
    """Draw what is judged: a run that predicts classes, on a store that knows some.

    Raises
    ------
    ConfigError, StoreError
        When one of them does not.
    """
    from qsocore.evaluate.classes import Confusion

    predicted, truth = judged.kinds()
    found = Confusion.of(truth, predicted, judged.classes)
    figure = canvas(15.6, 5.6, f"{judged.title}: accuracy {100 * found.accuracy:.1f} %, macro recall {found.macro_recall:.3f}")
    panels = figure.subplots(1, 3)
    with np.errstate(divide="ignore"):
        logarithm = np.log1p(found.counts) / max(np.log1p(found.counts.max(initial=1)), 1e-9)
    _matrix(panels[0], found, logarithm, _counts(found.counts), f"Counts ({found.n:,} objects)")
    for axes, shares, title in ((panels[1], found.by_row(), "By row, %: of each true class (diagonal: recall)"),
                                (panels[2], found.by_column(), "By column, %: of those called so (diagonal: precision)")):
        _matrix(axes, found, np.sqrt(np.nan_to_num(shares)), _percents(shares), title)
    return figure


def _matrix(axes: Axes, found, level: NDArray, words: list[list[str]], title: str) -> None:
    from matplotlib.patches import Rectangle

    k = len(found.names)
    axes.imshow(np.where(level > 0, level, np.nan), cmap=ramp(), vmin=0, vmax=1, interpolation="nearest", aspect="equal")
    for i in range(k):
        for j in range(k):
            if words[i][j]:
                axes.text(j, i, words[i][j], ha="center", va="center", color=on_ramp(level[i, j]),
                          fontsize=7 if len(words[i][j]) < 6 else 5.8)
    for i in range(k):
        axes.add_patch(Rectangle((i - 0.5, i - 0.5), 1, 1, fill=False, ec="#8b949e", lw=0.8))
    axes.set_xticks(range(k), found.names)
    axes.set_yticks(range(k), found.names)
    axes.tick_params(length=0, top=False, right=False)
    axes.set(xlabel="Called", ylabel="True", title=title)
    axes.set_xticks(np.arange(-0.5, k), minor=True)
    axes.set_yticks(np.arange(-0.5, k), minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", alpha=0.18)


def _counts(counts: NDArray) -> list[list[str]]:
    return [[f"{count:,}" if count else "" for count in row] for row in counts]


def _percents(shares: NDArray) -> list[list[str]]:
    """In per cent; what rounds to nothing, but is there, is a point."""
    def word(share: float) -> str:
        return "" if not share > 0 else "·" if share < 5e-4 else f"{100 * share:.1f}" if share < 0.9995 else "100"

    return [[word(share) for share in row] for row in shares]


FIGURE = Figure("classes called against true classes: counts, by row, by column", "qso figure confusion classifier demo.store",
                arguments, asking(picture))
