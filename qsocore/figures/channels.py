"""What the channels of a network of images look for: made-up images for which each is as active as can be."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

from qsocore.figures import Figure
from qsocore.figures.style import canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

_ACROSS = 8


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run of the store, of your library or of the package, or its folder")
    parser.add_argument("store", metavar="STORE", nargs="?", help="where the run is looked for too")
    parser.add_argument("--layer", metavar="NAME",
                        help="a convolution by name (default: the last); 'numbers' for what the run says")
    parser.add_argument("--most", type=int, default=32, help="channels at most (default %(default)s)")
    parser.add_argument("--steps", type=int, default=128, help="of the optimisation (default %(default)s)")


@quiet
def draw(run: str, store: str | None = None, layer: str | None = None, most: int = 32, steps: int = 128) -> Canvas:
    """Draw the channels of a layer, or the numbers that a run gives.

    Raises
    ------
    ConfigError
        When the run reads no images, or has no such layer.
    """
    from qsocore.errors import ConfigError
    from qsocore.explain import layers, wanted_by_channels, wanted_by_targets
    from qsocore.figures._images import coloured, show
    from qsocore.models.load import Loaded
    from qsocore.store import find_run, open_store

    loaded = Loaded(find_run(run, open_store(store) if store else None))
    if loaded.reads != "images":
        raise ConfigError(f"the run {loaded.run.name} reads {loaded.reads}, not images", loaded.run.path)
    known = layers(loaded.model)
    if layer is None and not known:
        layer = "numbers"
    layer = layer or list(known)[-1]
    found = (wanted_by_targets(loaded.model, steps=steps) if layer == "numbers" else
             wanted_by_channels(loaded.model, layer, range(min(known.get(layer, 1), most)), steps=steps))
    across = min(_ACROSS, len(found.names))
    down = -(-len(found.names) // across)
    figure = canvas(max(1.15 * across + 0.2, 6.0), 1.35 * down + 0.8, f"{loaded.run.name}: what {layer} looks for")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, name, x, before, after in zip(panels, found.names, found.x, found.before, found.after, strict=False):
        show(axes, coloured(x, loaded.grid.bands), f"{name.removeprefix(layer).strip()}: {before:.2g} → {after:.2g}")
    for axes in panels[len(found.names):]:
        axes.axis("off")
    figure.supxlabel("From noise up the gradient; above each, the channel's mean for the noise and for the image", fontsize=7)
    return figure


FIGURE = Figure("what the channels of a network of images look for", "qso figure channels shapes galaxies.store", _arguments,
                draw)
