"""Classes one by one: how many there are, how many are recognised, and how many of those called so are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import BLUE, GREEN, GREY, INK, RED, canvas, quiet

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
    from qsocore.evaluate.classes import PREVALENCE, Confusion

    predicted, truth = judged.kinds()
    found = Confusion.of(truth, predicted, judged.classes)
    true, called, right = found.counts.sum(axis=1), found.counts.sum(axis=0), found.counts.diagonal()
    figure = canvas(11.5, 4.6, judged.title)
    left, middle, last = figure.subplots(1, 3, sharey=True, width_ratios=(1.15, 1, 1))
    place = np.arange(len(found.names))
    left.barh(place - 0.19, true, 0.36, color=BLUE, label="true")
    left.barh(place + 0.19, called, 0.36, color=RED, label="called")
    for y, a, b in zip(place, true, called, strict=True):
        left.annotate(f"{a:,} / {b:,}", (max(a, b, 1), y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=7)
    left.set(xscale="log", xlim=(0.8, 6 * max(true.max(initial=1), called.max(initial=1))), xlabel="Objects",
             title=f"Population: {found.n:,} objects", yticks=place, yticklabels=found.names)
    left.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
    left.invert_yaxis()
    _shares(middle, right, true, BLUE, f"Recall (macro {found.macro_recall:.3f})")
    middle.axvline(found.macro_recall, color=INK, lw=0.8, ls=(0, (4, 3)))
    _shares(last, right, called, RED, f"Precision ({100 * found.weighted_precision():.1f} % at BOSS's prevalence)")
    at = found.precision_at(PREVALENCE)
    last.plot(at, place, "D", ms=4, mfc="none", mec=GREEN, label="at BOSS's prevalence")
    last.legend(loc="upper right", bbox_to_anchor=(1.0, -0.1), borderaxespad=0.2)
    for axes in (left, middle, last):
        axes.tick_params(axis="y", length=0)
    return figure


def _shares(axes: Axes, part: NDArray, whole: NDArray, colour: str, title: str) -> None:
    """Shares with Wilson's 68 % intervals; classes without objects are left open."""
    from qsocore.shares import wilson

    seen = np.flatnonzero(whole)
    low, high = wilson(part[seen], whole[seen])
    share = part[seen] / whole[seen]
    axes.barh(seen, share, 0.62, color=colour, alpha=0.8)
    axes.errorbar(share, seen, xerr=(share - low, high - share), fmt="none", ecolor=INK, elinewidth=0.8)
    for y, value in zip(seen, share, strict=True):
        axes.text(0.02, y, f"{100 * value:.1f} %", va="center", fontsize=7, color="#ffffff" if value > 0.2 else GREY)
    axes.set(xlim=(0, 1.03), xlabel="Share", title=title)
    axes.grid(axis="x")


FIGURE = Figure("how many objects of each class there are, are recognised, and are rightly called so",
                "qso figure classes classifier demo.store", arguments, asking(picture))
