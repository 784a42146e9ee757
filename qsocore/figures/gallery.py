"""Objects that a run gets right and wrong, of which it is least certain, and that are most unlike all it knows."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import BLUE, GREY, INK, RED, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

_TITLES = {"right": ("Right", BLUE), "wrong": ("Wrong, the surest first", RED), "uncertain": ("Least certain", INK),
           "unlike": ("Most unlike anything in the training", GREY)}


def _arguments(parser: ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--across", type=int, default=4, help="objects of each kind (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="draws those that are right (default %(default)s)")


@quiet
def picture(judged: Judged, across: int = 4, seed: int = 0) -> Canvas:
    """Draw what is judged: a run that predicts classes or redshifts.

    Raises
    ------
    ConfigError, StoreError
        When it predicts neither, or the store knows nothing to compare with.
    """
    from qsocore.figures._images import SHOWN, draw_object
    from qsocore.figures._spectra import about

    chosen = {name: rows for name, rows in choose(judged, across, seed).items() if len(rows)}
    figure = canvas(3.1 * across, 1.75 * len(chosen) + 0.4, judged.title)
    strips = figure.subfigures(len(chosen), 1, squeeze=False)[:, 0]
    truth = judged.truth
    for strip, (name, rows) in zip(strips, chosen.items(), strict=True):
        title, colour = _TITLES[name]
        title += f" ({_count(judged, name):,} objects)" if name in ("right", "wrong") else ""
        strip.suptitle(title, x=0.012, ha="left", fontsize=8.5, color=colour, weight="bold")
        for axes, place in zip(strip.subplots(1, across, squeeze=False)[0], rows, strict=False):
            words = f"{about(str(truth.kind[place]), truth.z[place], truth.snr[place])}\n{said(judged, place)}"
            draw_object(axes, judged, int(place), words, z=_z(judged, place))
        for axes in strip.axes[len(rows):]:
            axes.axis("off")
    marked = "; dashed: lines at the predicted redshift" if "z_pred" in judged.columns else ""
    strips[-1].supxlabel(f"{SHOWN[judged.reads]}{marked}", fontsize=7)
    return figure


def choose(judged: Judged, k: int, seed: int = 0) -> dict[str, NDArray[np.int64]]:
    """Places (at most k) of each kind among the judged objects."""
    right, sure = verdict(judged)
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(right == 1))[:k]
    wrong, known = np.flatnonzero(right == 0), np.flatnonzero(np.isfinite(sure))
    out = {"right": drawn, "wrong": wrong[np.argsort(-sure[wrong], kind="stable")][:k],
           "uncertain": known[np.argsort(sure[known], kind="stable")][:k]}
    if "unlike" in judged.columns:
        unlike = np.nan_to_num(np.asarray(judged.columns["unlike"], float), nan=-np.inf)
        out["unlike"] = np.argsort(-unlike, kind="stable")[:k]
    return out


def verdict(judged: Judged) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Whether each prediction is right (1, 0, NaN where not known), and how sure the run is of it, (n,) each."""
    from qsocore.evaluate.redshift import GOOD_KM_S
    from qsocore.units import velocity

    columns, nothing = judged.columns, np.full(len(judged), np.nan)
    if "class_pred" in columns:
        called, kind = judged.kinds()
        right = np.where((kind == "") | (called == ""), np.nan, called == kind)
        return right, np.asarray(columns.get("class_conf", nothing), float)
    z_pred, z = judged.redshifts()
    right = np.where(np.isfinite(z) & np.isfinite(z_pred) & (judged.truth.quasar != 0),
                     np.abs(velocity(z_pred, z)) < GOOD_KM_S, np.nan)
    sure = np.where(judged.truth.quasar != 0, np.asarray(columns.get("z_conf", nothing), float), np.nan)
    return right, sure


def said(judged: Judged, place: int) -> str:
    """What the run says of an object, in a few words."""
    parts = []
    if "class_pred" in judged.columns:
        parts.append(f"called {judged.columns['class_pred'][place] or 'nothing'} {judged.columns['class_conf'][place]:.2f}")
    if "z_pred" in judged.columns:
        sure = f" ({judged.columns['z_conf'][place]:.2f})" if "z_conf" in judged.columns else ""
        parts.append(f"z {judged.columns['z_pred'][place]:.3f}{sure}")
    if "unlike" in judged.columns:
        parts.append(f"unlike {judged.columns['unlike'][place]:.3f}")
    return "  ".join(parts)


def _z(judged: Judged, place: int) -> float:
    return float(judged.columns["z_pred"][place]) if "z_pred" in judged.columns else float("nan")


def _count(judged: Judged, name: str) -> int:
    return int((verdict(judged)[0] == (name == "right")).sum())


FIGURE = Figure("objects that a run gets right, wrong, is least certain of, and finds most unlike all it knows",
                "qso figure gallery classifier demo.store", _arguments, asking(picture))
