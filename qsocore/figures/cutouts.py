"""Images by the class that they are called, from what the run is surest of to what it is least sure of."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import INK, RED, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

_MARGIN = 0.9  # inches for the names of the classes


def _arguments(parser: ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--across", type=int, default=10, help="images of each class (default %(default)s)")


@quiet
def picture(judged: Judged, across: int = 10) -> Canvas:
    """Draw what is judged: a run that predicts classes of images. What is known to be wrong is red, with what it is.

    Raises
    ------
    ConfigError
        When the run reads no images or predicts no classes.
    """
    from qsocore.figures._images import SHOWN, coloured, images_of, need_images, show

    need_images(judged)
    called, truth = judged.kinds()
    sure, bands = np.asarray(judged.columns["class_conf"], float), judged.loaded.grid.bands
    chosen = {name: places for name in judged.classes if len(places := by_confidence(called == name, sure, across))}
    figure = canvas(max(0.95 * across + _MARGIN, 7.0), 1.2 * len(chosen) + 0.5, judged.title)
    panels = figure.subplots(len(chosen), across, squeeze=False)
    for line, (name, places) in zip(panels, chosen.items(), strict=True):
        for axes, place, flux in zip(line, places, images_of(judged, places), strict=False):
            wrong = truth[place] not in ("", name)
            words = f"{sure[place]:.2f}" + (f" is {truth[place]}" if wrong else "")
            show(axes, coloured(flux, bands), words, RED if wrong else INK)
        for axes in line[len(places):]:
            axes.axis("off")
        line[0].set_ylabel(f"{name}\n{int((called == name).sum()):,}", fontsize=7.5, rotation=0, ha="right", va="center")
    figure.supxlabel(f"Called so with this probability; red: it is another. {SHOWN['images']}", fontsize=7)
    return figure


def by_confidence(here: NDArray[np.bool_], sure: NDArray, k: int) -> NDArray[np.int64]:
    """At most k places evenly among those that are here, the surest first and the least sure last."""
    places = np.flatnonzero(here & np.isfinite(sure))
    places = places[np.argsort(-sure[places], kind="stable")]
    return places[np.unique(np.linspace(0, len(places) - 1, min(k, len(places))).round().astype(int))]


FIGURE = Figure("images by the class they are called, the surest first", "qso figure cutouts shapes galaxies.store", _arguments,
                asking(picture))
