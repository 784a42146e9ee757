"""Each class against the rest: how many of it are found for how many mistaken, with the corner that matters enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import GREY, SERIES, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.evaluate.roc import Roc
    from qsocore.workflow.judge import Judged

_CORNER = 0.1  # of both axes, enlarged at the right
_DASHES = ("-", (0, (5, 2)), (0, (2, 2)))  # for more classes than colours


@quiet
def picture(judged: Judged) -> Canvas:
    """Draw what is judged: a run that gives probabilities of classes, on a store that knows some.

    Raises
    ------
    ConfigError
        When there is no class that the run gives a probability of and the store both objects of and others.
    """
    from qsocore.errors import ConfigError
    from qsocore.workflow.evaluate_classes import curves

    judged.kinds()
    found = curves(judged)
    if not found:
        raise ConfigError(f"the run {judged.run.name} gives no probability of a class that the store can check",
                          judged.store.path, "name a run of a classifier, or a store with several of its classes")
    mean = np.mean([curve.area for curve in found.values()])
    figure = canvas(10.4, 5.0, f"{judged.title}: mean area under the curves {mean:.4f}")
    whole, corner = figure.subplots(1, 2)
    for axes, reach in ((whole, 1.0), (corner, _CORNER)):
        _curves(axes, found)
        axes.set(xlim=(-0.01 * reach, reach), ylim=(1 - reach, 1 + 0.01 * reach), xlabel="Share of the others mistaken for it",
                 ylabel="Share of the class found", title="All" if reach == 1 else "The corner")
        axes.grid()
    whole.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=(0, (4, 3)))
    whole.legend(loc="lower right")
    return figure


def _curves(axes: Axes, found: dict[str, Roc]) -> None:
    for number, (name, curve) in enumerate(found.items()):
        words = f"{name}: area {curve.area:.4f} ({curve.n_wanted:,} of {curve.n_wanted + curve.n_others:,})"
        axes.plot(*curve.rates(), color=SERIES[number % len(SERIES)], ls=_DASHES[number // len(SERIES) % len(_DASHES)], lw=1.2,
                  label=words, drawstyle="default")


FIGURE = Figure("each class against the rest: receiver operating characteristics with their areas",
                "qso figure roc classifier demo.store", arguments, asking(picture))
