"""A campaign's graders: how they agree, what they find of the injected lenses, whether they say the same twice."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures.style import BLUE, FAINT, GREY, RED, canvas, note, nothing, on_ramp, plain, quiet, ramp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.inspection.agreement import CampaignReport, GraderReport

_ACROSS = 4  # confusions in a row


def arguments(parser: ArgumentParser) -> None:
    """STORE, NAME and --labels."""
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("name", metavar="CAMPAIGN", help="name of the campaign")
    parser.add_argument("--labels", metavar="URL", default="",
                        help="database of verdicts that a team shares (default $QSO_ATLAS_LABELS, else the store's own)")


def draw(store: str, name: str, labels: str = "") -> Canvas:
    """Draw a campaign of a store; one that is not there is a `StoreError`."""
    from qsocore.workflow.campaign import status

    return picture(status(store, name, labels))


@quiet
def picture(report: CampaignReport) -> Canvas:
    """Draw a report: kappas of pairs, completeness and purity, repeats, and the confusion of every grader."""
    rows = -(-len(report.graders) // _ACROSS)
    figure = canvas(13.2, 4.4 + 3.6 * rows, f"Campaign {report.name}: {report.grades:,} grades by {len(report.graders)} on "
                    f"{sum(report.graded.values()):,} of {sum(report.items.values()):,} items")
    grid = figure.add_gridspec(1 + rows, 3 * _ACROSS, height_ratios=[4.4, *[3.6] * rows])
    for k, panel in enumerate((_pairs, _found, _repeats)):
        panel(figure.add_subplot(grid[0, k * _ACROSS:(k + 1) * _ACROSS]), report)
    for k, grader in enumerate(report.graders):
        row, column = divmod(k, _ACROSS)
        _confusion(figure.add_subplot(grid[1 + row, 3 * column:3 * column + 3]), grader, report.scale)
    return figure


def _pairs(axes: Axes, report: CampaignReport) -> None:
    names = [grader.name for grader in report.graders]
    axes.set_title("Cohen's kappa of two graders, quadratic weights")
    if not report.pairs:
        nothing(axes, "No two graders have an item in common.")
        return
    place = {name: k for k, name in enumerate(names)}
    level = np.full((len(names), len(names)), np.nan)
    for pair in report.pairs:
        level[place[pair.first], place[pair.second]] = level[place[pair.second], place[pair.first]] = pair.weighted
    _matrix(axes, level, [["" if np.isnan(value) else f"{value:.2f}" for value in row] for row in level], names)
    axes.set_xlabel(f"All together: Fleiss' kappa {_word(report.fleiss)}, Krippendorff's alpha {_word(report.alpha)}")


def _found(axes: Axes, report: CampaignReport) -> None:
    axes.set_title("Injected lenses, by the median grade")
    if not report.found:
        nothing(axes, "Nothing that was injected is graded." if report.items.get("injected") else "Nothing is injected.")
        return
    at = np.arange(len(report.found))
    for grader in report.graders:
        if grader.found:
            axes.plot(at, [row.completeness.value for row in grader.found], color=FAINT, lw=0.8, marker=".", ms=3, gid="grader")
    for name, colour, shift in (("completeness", BLUE, -0.06), ("purity", RED, 0.06)):
        shares = [getattr(row, name) for row in report.found]
        value = np.array([share.value for share in shares])
        low, high = np.array([share.interval for share in shares]).T
        label = "completeness" if name == "completeness" else "purity, at least (every real object taken counts as wrong)"
        axes.errorbar(at + shift, value, np.maximum([value - low, high - value], 0), color=colour, marker="o", ms=4, lw=1.2,
                      elinewidth=0.9, label=label)
        for x, share in zip(at + shift, shares, strict=True):
            axes.annotate(f"{share.part}/{share.whole}", (x, np.nan_to_num(share.value)), xytext=(7 if shift > 0 else -7, 5),
                          textcoords="offset points", ha="left" if shift > 0 else "right", fontsize=7, color=colour)
    axes.plot([], [], color=FAINT, lw=0.8, marker=".", ms=3, label="completeness of each grader")
    axes.set_xticks(at, [row.label if k == 0 else f"{row.label} or better" for k, row in enumerate(report.found)])
    axes.set(ylim=(-0.05, 1.12), xlim=(-0.5, len(at) - 0.5), ylabel="Share, 68 % interval", xlabel="Taken as a lens")
    axes.legend(loc="lower right", fontsize=6.5)
    axes.grid(axis="y")


def _repeats(axes: Axes, report: CampaignReport) -> None:
    axes.set_title("The same object shown twice, blind")
    graders = [grader for grader in report.graders if grader.repeats.whole]
    if not graders:
        nothing(axes, "Nobody has graded a repeat yet." if report.items.get("repeat") else "Nothing is repeated.")
        return
    at = np.arange(len(graders))[::-1]
    value = np.array([grader.repeats.value for grader in graders])
    low, high = np.array([grader.repeats.interval for grader in graders]).T
    axes.errorbar(value, at, xerr=np.maximum([value - low, high - value], 0), color=BLUE, marker="o", ms=4, ls="none",
                  elinewidth=0.9)
    axes.set_yticks(at, [plain(f"{grader.name}  {grader.repeats.part}/{grader.repeats.whole}") for grader in graders])
    axes.set(xlim=(-0.02, 1.04), ylim=(-0.6, len(at) - 0.4), xlabel="Graded alike, share with 68 % interval")
    axes.grid(axis="x")


def _confusion(axes: Axes, grader: GraderReport, scale: tuple[str, ...]) -> None:
    counts = grader.confusion[::-1, ::-1]  # the best first
    top = max(counts.max(initial=0), 1)
    _matrix(axes, np.sqrt(counts / top), [[f"{count:,}" if count else "" for count in row] for row in counts], scale[::-1])
    axes.set(title=plain(f"{grader.name}: quadratic kappa {_word(grader.weighted)}"), xlabel="Said",
             ylabel="Median of the others")
    if not counts.any():
        note(axes, ["no item that two others graded"])


def _matrix(axes: Axes, level: NDArray, words: list[list[str]], names: tuple[str, ...] | list[str]) -> None:
    axes.imshow(np.where(level > 0, level, np.nan), cmap=ramp(), vmin=0, vmax=1, interpolation="nearest", aspect="equal")
    for i, row in enumerate(words):
        for j, word in enumerate(row):
            if word:
                axes.text(j, i, word, ha="center", va="center", fontsize=7, color=on_ramp(level[i, j]))
    axes.set_xticks(range(len(names)), [plain(name) for name in names], rotation=0 if max(map(len, names)) < 4 else 45,
                    ha="center" if max(map(len, names)) < 4 else "right")
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.tick_params(length=0, top=False, right=False)
    for side in axes.spines.values():
        side.set_edgecolor(GREY)


def _word(value: float) -> str:
    return "not known" if np.isnan(value) else f"{value:.2f}"


FIGURE = Figure("a campaign's graders: kappas, completeness and purity on injected lenses, repeats, confusions",
                "qso figure campaign demo.store spring", arguments, draw)
