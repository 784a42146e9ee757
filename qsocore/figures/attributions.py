"""Which pixels of which bands speak for what a run says of an image, beside the image."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

_BRIGHT = 99.5  # percentile of a line's contributions where its colours end


def _arguments(parser: ArgumentParser) -> None:
    arguments(parser)
    parser.add_argument("--target", metavar="NAME", help="what is explained: 'class SPIRAL', 'likeness', 'latent 0' ... "
                                                         "(default: the class that each is called, else the first there is)")
    parser.add_argument("--method", choices=("gradients", "occlusion"), default="gradients",
                        help="integrated gradients, or what is lost when a square is hidden (default %(default)s)")
    parser.add_argument("--down", type=int, default=6, help="images (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="draws them (default %(default)s)")


@quiet
def picture(judged: Judged, target: str | None = None, method: str = "gradients", down: int = 6, seed: int = 0) -> Canvas:
    """Draw what is judged: a run that reads images.

    Raises
    ------
    ConfigError
        When the run reads no images or explains no such number, or captum is not installed.
    """
    from qsocore.explain import Explainer
    from qsocore.figures._images import by_wavelength, coloured, images_of, need_images, show

    need_images(judged)
    explainer, bands = Explainer(judged.run), judged.loaded.grid.bands
    places = np.sort(np.random.default_rng(seed).permutation(len(judged))[:down])
    flux = images_of(judged, places)
    figure = canvas(1.25 * (1 + len(bands)) + 1.6, 1.3 * len(places) + 0.9, f"{judged.title}\n{_METHODS[method]}")
    panels = figure.subplots(len(places), 1 + len(bands), squeeze=False)
    for number, (line, place) in enumerate(zip(panels, places, strict=True)):
        asked = target or _own_target(judged, int(place), list(explainer.targets))
        made = explainer.explain_block(judged.prepared.read(judged.rows[[place]]), asked, method)
        show(line[0], coloured(flux[number], bands), f"{asked} {made.value:.2f}")
        end = _reach(made.pixels)
        for axes, band in zip(line[1:], by_wavelength(bands), strict=True):
            show(axes, made.pixels[band], f"{bands[band]}: {made.pixels[band].sum():+.2f}", cmap="RdBu_r", vmin=-end, vmax=end)
        line[0].set_ylabel(str(judged.truth.kind[place]), fontsize=7, rotation=0, ha="right", va="center")
    figure.supxlabel("Red speaks for it, blue against it, against a blank sky; above each band its sum", fontsize=7)
    return figure


_METHODS = {"gradients": "integrated gradients", "occlusion": "occlusion of squares, band by band"}


def _own_target(judged: Judged, place: int, known: list[str]) -> str:
    called = f"class {judged.columns['class_pred'][place]}" if "class_pred" in judged.columns else ""
    return called if called in known else known[0]


def _reach(pixels: NDArray) -> float:
    return float(np.percentile(np.abs(pixels), _BRIGHT)) or 1.0


FIGURE = Figure("which pixels of which bands speak for what a run says of an image",
                "qso figure attributions shapes galaxies.store", _arguments, asking(picture))
