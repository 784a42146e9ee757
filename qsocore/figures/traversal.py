"""What each latent does to a spectrum: one is moved through its distribution, the others stay at their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

STEPS = ("1 %", "16 %", "mean", "84 %", "99 %")
_COLOURS = ("#0d3b66", "#3f8fc0", "#8b949e", "#e0843b", "#8f2d00")  # from low, through grey, to high
_ACROSS = 4


@quiet
def picture(judged: Judged) -> Canvas:
    """Draw what is judged: a run with latents; those that change a spectrum most come first.

    Raises
    ------
    ConfigError
        When the run has none.
    """
    moved = traverse(judged)  # (k, 5, n_pix)
    change = np.nanstd(moved[:, -1] - moved[:, 0], axis=1)
    order = np.argsort(-change, kind="stable")
    grid, k = judged.loaded.grid, len(moved)
    across = min(_ACROSS, k)
    down = -(-k // across)
    figure = canvas(3.0 * across + 0.4, 1.75 * down + 0.9, f"{judged.title}: each latent moved, the others at their mean")
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    ends = np.nanpercentile(moved, [0.1, 99.9])
    room = 0.08 * (ends[1] - ends[0]) or 0.5
    for axes, latent in zip(panels.ravel(), order, strict=False):
        for curve, colour, name in zip(moved[latent], _COLOURS, STEPS, strict=True):
            axes.plot(grid.wave, curve, color=colour, lw=0.9, label=name)
        axes.set(title=f"Latent {latent}", xlim=(grid.wave[0], grid.wave[-1]), ylim=(ends[0] - room, ends[1] + room))
    for axes in panels.ravel()[k:]:
        axes.axis("off")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=5)
    figure.supxlabel(f"{'Rest' if grid.frame == 'rest' else 'Observed'} wavelength in vacuum (Å)", fontsize=8)
    figure.supylabel("Normalised flux", fontsize=8)
    return figure


def traverse(judged: Judged) -> NDArray[np.float32]:
    """Decoded spectra (k, 5, n_pix) at the 1st and 16th percentile, the mean, the 84th and 99th of each latent; NaN where the
    run was not trained.
    """
    from qsocore.embed.decoder import Decoder

    latents = judged.latents[np.isfinite(judged.latents).all(axis=1)]
    mean, k = latents.mean(axis=0), latents.shape[1]
    low, below, above, high = np.percentile(latents, [1, 16, 84, 99], axis=0)
    points = np.tile(mean, (k, len(STEPS), 1))  # (k, 5, k)
    for latent in range(k):
        points[latent, :, latent] = low[latent], below[latent], mean[latent], above[latent], high[latent]
    decoder = Decoder(judged.run)
    decoded = decoder.decode(points.reshape(-1, k)).reshape(k, len(STEPS), -1)
    return np.where(decoder.model.seen.cpu().numpy() > 0, decoded, np.nan)


FIGURE = Figure("what each latent does to a spectrum, at 1, 16, 84, 99 % and the mean", "qso figure traversal demo demo.store",
                arguments, asking(picture))
