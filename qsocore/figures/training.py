"""Trainings as curves, from their journals: loss and its terms by epoch, several runs beside each other."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsocore.figures import Figure
from qsocore.figures.style import SERIES, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.store import RunFolder

_APART = ("epoch", "step", "seconds", "event")
_MOST = 7  # panels


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="+", help="runs of the store, of your library, or folders of runs")
    parser.add_argument("--store", metavar="STORE", help="the store in which they were trained, where they are named")


def draw(runs: Sequence[str], store: str | None = None) -> Canvas:
    """Find the runs, trained to the end or not, and draw `picture`.

    Raises
    ------
    StoreError
        When there is no such run, or it keeps no journal.
    """
    from pathlib import Path

    from qsocore.store import RunFolder, find_run, open_store

    opened = open_store(store) if store else None

    def found(name: str) -> RunFolder:
        if (Path(name) / "journal.jsonl").exists():
            return RunFolder(Path(name))
        begun = [run for run in opened.runs() if name in (run.name, run.path.name)] if opened else []
        return begun[-1] if begun else find_run(name, opened)

    return picture([found(name) for name in runs])


def epochs(run: RunFolder) -> list[dict[str, Any]]:
    """The journal's epochs, in order.

    Raises
    ------
    StoreError
        When there is none.
    """
    from qsocore.errors import StoreError
    from qsocore.train.journal import read_journal

    events = [event for event in read_journal(run.journal) if event.get("event") == "epoch"]
    if not events:
        raise StoreError("the run keeps no journal of its training", run.path,
                         "name it with the store in which it was trained: --store STORE")
    return events


@quiet
def picture(runs: Sequence[RunFolder]) -> Canvas:
    """The loss and each of its terms by epoch: training thin, validation thick, the kept epoch marked.

    Raises
    ------
    StoreError
        When a run keeps no journal.
    """
    from matplotlib.ticker import MaxNLocator

    journals = [(run, epochs(run)) for run in runs]
    terms = [name for name in dict.fromkeys(name for _, events in journals for name in events[-1])
             if name not in _APART and not name.startswith("valid_")]
    held = {name.removeprefix("valid_") for _, events in journals for name in events[-1] if name.startswith("valid_")}
    names = ["loss", *(name for name in terms if name not in ("loss", "grad_norm")), *(sorted(held - set(terms)))][:_MOST]
    across = min(len(names), 4)
    down = -(-len(names) // across)
    figure = canvas(3.3 * across + 0.3, 2.7 * down + 0.6, f"Training of {', '.join(run.name for run in runs)}")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, name in zip(panels, names, strict=False):
        for number, (run, events) in enumerate(journals):
            _curve(axes, name, run, events, SERIES[number % len(SERIES)])
        axes.set(xlabel="Epoch", title=name.replace("_", " "))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.grid(axis="y")
        if len(names) == 1 or axes is panels[0]:
            axes.legend(loc="upper right")
    for axes in panels[len(names):]:
        axes.axis("off")
    return figure


def _curve(axes: Axes, name: str, run: RunFolder, events: list[dict[str, Any]], colour: str) -> None:
    x = [event["epoch"] for event in events]
    train, valid = ([event.get(key, np.nan) for event in events] for key in (name, f"valid_{name}"))
    mark = "o" if len(x) == 1 else None
    if np.isfinite(np.asarray(train, float)).any():
        axes.plot(x, train, color=colour, lw=0.8, alpha=0.7, ls=(0, (3, 1.5)), marker=mark, ms=3,
                  label=f"{run.name}, training")
    axes.plot(x, valid, color=colour, lw=1.5, marker=mark, ms=4, label=f"{run.name}, validation")
    seen = np.asarray([*train, *valid], float)
    seen = seen[np.isfinite(seen)]
    if seen.size and seen.min() > 0 and seen.max() > 12 * seen.min():
        axes.set_yscale("log")
    best = run.config.get("best_step") if (run.path / "run.json").exists() else None
    kept = [event for event in events if event.get("step") == best]
    if kept:
        axes.plot(kept[0]["epoch"], kept[0].get(f"valid_{name}", np.nan), "o", ms=6, mfc="none", mec=colour, mew=1.0)


FIGURE = Figure("curves of one or several trainings, from their journals", "qso figure training demo --store demo.store",
                _arguments, draw)
