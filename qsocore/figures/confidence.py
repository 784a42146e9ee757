"""How sure a run is and how often it is right, against magnitude, redshift, and what makes a simulated object hard."""

from __future__ import annotations

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

_CELLS = 40


@quiet
def picture(judged: Judged) -> Canvas:
    """Draw what is judged: a run that predicts classes, on a store that knows some, and a magnitude or redshifts.

    Raises
    ------
    ConfigError
        When the run predicts no classes, or the store has nothing to hold its confidence against.
    """
    from qsocore.errors import ConfigError
    from qsocore.figures._columns import label
    from qsocore.workflow.evaluate_classes import quantities, verdict

    right, sure = verdict(judged), np.asarray(judged.columns["class_conf"], float)
    found = {name: value for name, value in quantities(judged).items() if np.isfinite(value).any()}
    if not found:
        raise ConfigError("the catalogue has neither a magnitude nor redshifts to hold confidence against", judged.store.path)
    figure = canvas(max(4.2 * len(found), 5.2), 4.4, judged.title)
    for axes, (name, value) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        _one(axes, value, right, sure)
        axes.set(xlabel=label(judged, name), ylabel="Probability of the class said; share that is right")
    return figure


def _one(axes: Axes, value: NDArray, right: NDArray, sure: NDArray) -> None:
    from qsocore.evaluate.binned import against
    from qsocore.shares import wilson

    density(axes, value, sure, (*reach(value), 0.0, 1.02), _CELLS)
    bins = against(value, right, sure)
    if not bins:
        return
    low, high, n, count, said = (np.array([part[key] for part in bins], float)
                                 for key in ("low", "high", "n", "right", "confidence"))
    middle, share = (low + high) / 2, count / n
    ends = wilson(count, n)
    axes.errorbar(middle, share, np.maximum((share - ends[0], ends[1] - share), 0), color=RED, marker="o", ms=3.5, lw=1.2,
                  elinewidth=0.8, label="share that is right")
    axes.plot(middle, said, color=BLUE, marker="s", ms=3, lw=1.0, ls=(0, (4, 2)), label="confidence, mean")
    axes.legend(loc="lower left")
    note(axes, [f"{int(n.sum()):,} objects"], x=0.97, y=0.2)


FIGURE = Figure("confidence and the share that is right against magnitude, redshift and difficulty",
                "qso figure confidence classifier demo.store", arguments, asking(picture))
