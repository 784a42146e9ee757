"""Whether probabilities mean what they say: how often it came true against what was said, with the number of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import BLUE, GREY, canvas, note, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.evaluate.calibration import Calibration
    from qsocore.workflow.judge import Judged


@quiet
def picture(judged: Judged) -> Canvas:
    """Draw what is judged: a run that gives probabilities, on a store that knows what came true.

    Raises
    ------
    ConfigError
        When the run gives none that can be checked.
    """
    from qsocore.errors import ConfigError
    from qsocore.evaluate.calibration import Calibration
    from qsocore.evaluate.tables import PROBABILITIES
    from qsocore.workflow.evaluate import probabilities

    found = {name: Calibration.of(*parts) for name, parts in probabilities(judged).items()}
    found = {name: calibration for name, calibration in found.items() if calibration.n.any()}
    if not found:
        raise ConfigError(f"the run {judged.run.name} gives no probability that the store can check", judged.store.path,
                          "name a run of a classifier or a redshift model")
    figure = canvas(max(3.5 * len(found), 5.2), 4.8, judged.title)
    panels = figure.subplots(2, len(found), height_ratios=(3, 1), sharex=True, squeeze=False)
    for (name, calibration), (above, below) in zip(found.items(), panels.T, strict=True):
        _curve(above, calibration, PROBABILITIES.get(name, name))
        below.stairs(calibration.n, np.linspace(0, 1, len(calibration.n) + 1), fill=True, color=BLUE, alpha=0.55)
        below.set(yscale="log", ylim=(0.8, None), xlim=(0, 1), xlabel="Probability said", ylabel="Objects")
    return figure


def _curve(axes: Axes, found: Calibration, title: str) -> None:
    seen = found.n > 0
    low, high = found.interval()
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=(0, (4, 3)))
    said, came = found.said[seen], found.came_true[seen]
    axes.errorbar(said, came, np.maximum((came - low[seen], high[seen] - came), 0.0), color=BLUE, marker="o", ms=3.5, lw=1.2,
                  elinewidth=0.8)
    name, _, meant = title.partition(": ")
    axes.set(ylim=(-0.02, 1.02), ylabel="Share that came true", title=name)
    note(axes, [*([meant] if meant else []), f"{found.n.sum():,} objects", f"expected calibration error {found.error:.4f}",
                f"Brier score {found.brier:.4f}"], x=0.97, y=0.3)
    axes.grid()


FIGURE = Figure("how often what was said with a probability came true", "qso figure calibration classifier demo.store",
                arguments, asking(picture))
