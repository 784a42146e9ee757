"""Reconstruction against the number of latents: several runs, by model and by class."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsocore.figures import Figure
from qsocore.figures._judged import split as _split
from qsocore.figures.style import SERIES, canvas, note, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

GROUPS = {"all": "All", "quasars": "Quasars", "galaxies": "Galaxies", "stars": "Stars"}
_MARKS = "osD^vP"
_NOTHING = {key: {"mean": np.nan} for key in ("chi2_floor", "mse")}  # of a group without objects


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="a store of spectra")
    parser.add_argument("runs", metavar="RUN", nargs="+", help="runs with latents, to be compared")
    _split(parser)


def draw(store: str, runs: Sequence[str], split: str = "test") -> Canvas:
    """Ask every run, and draw `picture` of the objects that are on that side of the split for all of them.

    Raises
    ------
    ConfigError
        When a run has no latents, or the runs' splits have no object in common.
    """
    from functools import reduce

    from qsocore.errors import ConfigError
    from qsocore.workflow.judge import judge

    judged = [judge(run, store, split) for run in runs]
    common = reduce(np.intersect1d, [one.rows for one in judged])
    if not len(common):
        raise ConfigError(f"no object is on the {split} side for all of these runs", store, "take --split all")
    return picture([one.among(common) for one in judged])


def measured(judged: Judged) -> dict[str, Any]:
    """Model, run, number of latents, and the fidelity of each of `GROUPS` that has objects."""
    from qsocore.evaluate.latents import summary

    truth, latents = judged.truth, judged.latents
    masks = {"all": np.ones(len(judged), bool), "quasars": truth.quasar == 1,
             "galaxies": (truth.quasar == 0) & np.isin(truth.kind, ("GAL", "GALAXY")),
             "stars": (truth.quasar == 0) & ~np.isin(truth.kind, ("GAL", "GALAXY"))}
    found = {name: summary({key: column[here] for key, column in judged.columns.items()})
             for name, here in masks.items() if here.any()}
    return {"model": judged.run.config["model"], "run": judged.run.name, "n_latent": latents.shape[1], "groups": found}


@quiet
def picture(judged: Sequence[Judged]) -> Canvas:
    """Mean chi2 per pixel (errors floored as in the training) and mean squared error against latents, a line a model."""
    from qsocore.evaluate.latents import MEASURES

    found = [measured(one) for one in judged]
    groups = [name for name in GROUPS if any(name in one["groups"] for one in found)]
    first = judged[0]
    side = "" if first.split == "all" else f", {first.split} split"
    figure = canvas(3.1 * len(groups) + 0.6, 5.6, f"{first.store.path.name}{side} ({len(first):,} objects): reconstruction")
    panels = figure.subplots(2, len(groups), sharex=True, squeeze=False)
    models = list(dict.fromkeys(one["model"] for one in found))
    for column, group in enumerate(groups):
        for row, key in enumerate(("chi2_floor", "mse")):
            axes = panels[row, column]
            for number, model in enumerate(models):
                mine = sorted((one["n_latent"], one["groups"][group][key]["mean"]) for one in found
                              if one["model"] == model and np.isfinite(one["groups"].get(group, _NOTHING)[key]["mean"]))
                if mine:
                    axes.plot(*zip(*mine, strict=True), color=SERIES[number % len(SERIES)], marker=_MARKS[number % len(_MARKS)],
                              ms=4, lw=1.2, label=model)
            axes.set(ylabel=f"{MEASURES[key]}, mean" if column == 0 else "")
            axes.set_ylim(0, 1.08 * max((float(np.max(line.get_ydata())) for line in axes.lines), default=1.0))
            lost = [one["run"] for one in found if np.isinf(one["groups"].get(group, _NOTHING)[key]["mean"])]
            note(axes, [f"not finite: {', '.join(lost)}"] if lost else [], x=0.97, y=0.08)
            axes.grid(axis="y")
        n = max((one["groups"][group]["n"] for one in found if group in one["groups"]), default=0)
        panels[0, column].set_title(f"{GROUPS[group]} ({n:,})")
        panels[1, column].set_xlabel("Latents")
    ticks = sorted({one["n_latent"] for one in found})
    for axes in panels.ravel():
        axes.set_xticks(ticks)
        axes.margins(x=0.08)
    panels[0, 0].legend(loc="lower left")
    return figure


FIGURE = Figure("reconstruction against the number of latents, several runs by class", "qso figure latents demo.store demo",
                _arguments, draw)
