"""A few spectra with what the run's latents say of them, and the residual in units of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import GREY, INK, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

_SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)  # of chi2 per pixel, the best first


@quiet
def picture(judged: Judged) -> Canvas:
    """Six spectra from the best to the worst given back: the quantiles of chi2 per pixel among the judged.

    Raises
    ------
    ConfigError
        When the run has no latents.
    """
    from qsocore.figures._spectra import about, binned, draw_spectrum

    latents, error = judged.latents, judged.columns["chi2_floor"]
    chosen = by_quantile(error)
    decoded = reconstruct(judged, chosen)
    figure = canvas(11.4, 6.6, f"{judged.title}: reconstruction by {latents.shape[1]} latents, from well to badly given back")
    panels = figure.subplots(4, 3, height_ratios=(3, 1, 3, 1), sharex=True)
    wave = judged.store.grid.wave
    for number, (place, model) in enumerate(zip(chosen, decoded, strict=True)):
        above, below = panels[2 * (number // 3), number % 3], panels[2 * (number // 3) + 1, number % 3]
        row = int(judged.rows[place])
        words = about(str(judged.truth.kind[place]), judged.truth.z[place], judged.truth.snr[place])
        words += f"\nχ² per pixel {error[place]:.2f} (errors floored); {_SPREAD[number]:.0%} have less"
        z = judged.truth.z[place] if judged.truth.quasar[place] == 1 else np.nan
        draw_spectrum(above, judged.store, row, words, model, z)
        spectra = judged.store.spectra([row])
        ivar = np.where((spectra.mask[0] == 0) & np.isfinite(model), spectra.ivar[0], 0.0)
        middle, residual = binned(wave, (spectra.flux[0] - np.nan_to_num(model)) * np.sqrt(ivar), (ivar > 0).astype(float))
        below.plot(middle, residual, color=INK, lw=0.5)
        below.axhline(0, color=GREY, lw=0.6)
        limit = float(np.clip(np.nanpercentile(np.abs(residual), 99), 3, 20)) if np.isfinite(residual).any() else 3.0
        below.set(ylim=(-limit, limit), ylabel="(σ)" if number % 3 == 0 else "")
        below.tick_params(labelsize=6.5, length=2.5)
    figure.supxlabel("Observed wavelength in vacuum (Å); flux in the store's units, reconstruction in colour; below: residual",
                     fontsize=7.5)
    return figure


def by_quantile(error: NDArray) -> NDArray[np.int64]:
    """Places of the spectra at the quantiles of their error."""
    known = np.flatnonzero(np.isfinite(error))
    order = known[np.argsort(error[known], kind="stable")]
    return order[[min(int(q * len(order)), len(order) - 1) for q in _SPREAD]] if len(order) else order


def reconstruct(judged: Judged, places: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """Reconstructions (n_pix of the store,) each, of some of the judged objects, in the units of their flux."""
    from qsocore.embed.decoder import Decoder

    decoder, out = Decoder(judged.run, judged.store.grid), []
    for place in places:
        spectra = judged.store.spectra([judged.rows[place]])
        z = float(judged.truth.z[place])
        out.append(decoder.reconstruct(spectra.flux[0], spectra.ivar[0], spectra.mask[0], z if np.isfinite(z) else None)[0])
    return out


FIGURE = Figure("spectra with what a run's latents say of them, from well to badly given back",
                "qso figure reconstructions demo demo.store", arguments, asking(picture))
