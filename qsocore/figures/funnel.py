"""What each cut of a selection has left: passed, failed and unknown of all rows, step by step."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from qsocore.figures import Figure
from qsocore.figures.style import BLUE, FAINT, GREY, INK, ORANGE, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.cuts.funnel import Count, Funnel

_NAME_WIDTH = 34  # letters of a line
_TALL = 0.46  # inches a step


@quiet
def picture(funnel: Funnel, title: str = "") -> Canvas:
    """Draw the counts of a selection, the first step on top; a step that was not applicable is hatched."""
    what = title or f"{funnel.recipe or 'selection'}: {funnel.n_out:,} of {funnel.n_in:,} rows"
    figure = canvas(8.6, 1.3 + _TALL * (1 + len(funnel.steps)), what)
    axes = figure.subplots()
    axes.barh(0, funnel.n_in, color=BLUE, height=0.62)
    axes.text(funnel.n_in, 0, f"  {funnel.n_in:,}", va="center", color=INK, fontsize=8)
    for place, step in enumerate(funnel.steps, 1):
        _bar(axes, place, step)
    names = ["all rows", *(fill(step.name, _NAME_WIDTH) for step in funnel.steps)]
    axes.set(yticks=range(len(names)), yticklabels=names, xlabel="Rows", xlim=(0, 1.3 * max(funnel.n_in, 1)))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    for colour, label in ((BLUE, "pass"), (ORANGE, "unknown"), (FAINT, "fail")):
        axes.barh([0], [0], color=colour, label=label)
    axes.legend(loc="lower right")
    return figure


def _bar(axes: Axes, place: int, step: Count) -> None:
    if not step.applied:
        axes.barh(place, step.before, facecolor="none", edgecolor=GREY, hatch="////", height=0.62, lw=0.6)
        axes.annotate(f"not applicable: no column {_few(step.absent)}", (0, place), (6, 0), textcoords="offset points",
                      va="center", fontsize=7.5, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
        return
    start = 0
    for count, colour in ((step.passed, BLUE), (step.unknown, ORANGE), (step.failed, FAINT)):
        axes.barh(place, count, left=start, color=colour, height=0.62)
        start += count
    lost = [f"−{step.failed:,}"] if step.failed else []
    lost += [f"{step.unknown:,} unknown"] if step.unknown else []
    axes.text(step.before, place, f"  {step.passed:,}" + (f"  ({', '.join(lost)})" if lost else ""), va="center", color=INK,
              fontsize=8)


def _few(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _arguments(parser):
    parser.add_argument("file", metavar="FILE", help="what qso select has written: the table or its JSON of counts")
    parser.add_argument("--title", help="words above it (default: the recipe and what is left)")


def _draw(file, title=None):
    from qsocore.workflow.select import funnel_of

    return picture(funnel_of(file), title or "")


FIGURE = Figure("what each cut of a selection has left", "qso figure funnel candidates.parquet --out funnel.png", _arguments,
                _draw)
