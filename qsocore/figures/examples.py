"""Images beside the training examples that a run finds most like them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

import numpy as np

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import BLUE, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged


def _arguments(parser: ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--down", type=int, default=6, help="images (default %(default)s)")
    parser.add_argument("--across", type=int, default=8, help="examples of each (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="draws the images (default %(default)s)")


@quiet
def picture(judged: Judged, down: int = 6, across: int = 8, seed: int = 0) -> Canvas:
    """Draw what is judged: a run that reads images, on the store that it was trained on.

    Raises
    ------
    ConfigError
        When the run reads no images, or was trained on another store.
    """
    from qsocore.explain import Examples
    from qsocore.figures._images import coloured, images_of, need_images, show
    from qsocore.workflow.judge import training_rows

    need_images(judged)
    held = Examples(judged.loaded.model, judged.prepared, training_rows(judged))
    places = np.sort(np.random.default_rng(seed).permutation(len(judged))[:down])
    rows, distance = held.nearest(judged.prepared.read(judged.rows[places]), across)
    bands, store = judged.loaded.grid.bands, judged.store
    kinds = store.column("class").astype(str) if "class" in store.columns else np.full(store.n_rows, "")
    flux = images_of(judged, places)
    figure = canvas(1.1 * (across + 1) + 0.9, 1.3 * len(places) + 0.6, f"{judged.title}: the training examples most like each")
    panels = figure.subplots(len(places), across + 1, squeeze=False)
    for number, (line, place) in enumerate(zip(panels, places, strict=True)):
        show(line[0], coloured(flux[number], bands), str(judged.truth.kind[place]), BLUE)
        block = judged.prepared.read(rows[number])
        for axes, x, scale, row, apart in zip(line[1:], block.x, block.scale, rows[number], distance[number], strict=False):
            show(axes, coloured(x * scale, bands), f"{kinds[row]} {apart:.2f}")
        for axes in line[1 + len(rows[number]):]:
            axes.axis("off")
    figure.supxlabel("Left an image with its class; then examples with their labels and their distance in features", fontsize=7)
    return figure


FIGURE = Figure("images beside the training examples that a run finds most like them",
                "qso figure examples shapes galaxies.store", _arguments, asking(picture))
