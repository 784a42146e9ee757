"""The oddest spectra by four ideas of an anomaly."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import BLUE, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged


def _arguments(parser: ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--across", type=int, default=5, help="objects of each score (default %(default)s)")


@quiet
def picture(judged: Judged, across: int = 5) -> Canvas:
    """Draw what is judged: a run with latents.

    Raises
    ------
    ConfigError
        When the run has none.
    """
    from qsocore.evaluate import anomaly
    from qsocore.figures._images import SHOWN, draw_object
    from qsocore.figures._spectra import about
    from qsocore.figures.reconstructions import reconstruct

    found = anomaly.scores(judged.space, judged.columns.get("chi2_floor"))
    figure = canvas(2.7 * across, 1.75 * len(found) + 0.4, f"{judged.title}: the oddest by each score")
    strips = figure.subfigures(len(found), 1)
    ids = judged.store.table(["object_id"], judged.rows).column(0)
    for strip, (name, score) in zip(strips, found.items(), strict=True):
        strip.suptitle(anomaly.TITLES[name], x=0.012, ha="left", fontsize=8.5, color=BLUE, weight="bold")
        places = anomaly.top(score, across)
        models = reconstruct(judged, places) if judged.reads == "spectra" else [None] * len(places)
        for axes, place, model in zip(strip.subplots(1, across, squeeze=False)[0], places, models, strict=False):
            words = about(str(judged.truth.kind[place]), judged.truth.z[place], judged.truth.snr[place])
            draw_object(axes, judged, int(place), f"{words}\nscore {score[place]:.3g}", model)
            axes.set_gid(ids[int(place)].as_py())
    strips[-1].supxlabel(SHOWN[judged.reads] + (", reconstruction in colour" if judged.reads == "spectra" else ""), fontsize=7)
    return figure


FIGURE = Figure("the oddest objects by isolation forest, local outlier factor, reconstruction and latent density",
                "qso figure anomalies demo demo.store", _arguments, asking(picture))
