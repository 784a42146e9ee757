"""A few objects with what the run's latents say of them, and the residual in units of the error."""

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

_SIGMA = 5.0  # ends of the residuals' colours
_SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)  # of chi2 per pixel, the best first


@quiet
def picture(judged: Judged) -> Canvas:
    """Six objects from the best to the worst given back: the quantiles of chi2 per pixel among the judged.

    Raises
    ------
    ConfigError
        When the run has no latents, gives nothing back from them, or reads photometry.
    """
    from qsocore.errors import ConfigError

    error = judged.need("chi2_floor", "reconstructions", "name a run of a model that gives objects back (infovae, image_vae)")
    if judged.reads not in _DRAWN:
        raise ConfigError(f"reconstructions of {judged.reads} are not drawn", judged.run.path)
    title = f"{judged.title}: reconstruction by {judged.latents.shape[1]} latents, from well to badly given back"
    return _DRAWN[judged.reads](judged, by_quantile(error), title)


def _spectra(judged: Judged, chosen: NDArray[np.int64], title: str) -> Canvas:
    from qsocore.figures._spectra import about, binned, draw_spectrum

    error, decoded = judged.columns["chi2_floor"], reconstruct(judged, chosen)
    figure = canvas(11.4, 6.6, title)
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


def _images(judged: Judged, chosen: NDArray[np.int64], title: str) -> Canvas:
    """Each image in a line: in colour, as it is given back, and the residual of every band in sigma."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    from qsocore.embed.decoder import Decoder
    from qsocore.figures._images import by_wavelength, coloured, images_of, show

    bands, flux = judged.loaded.grid.bands, images_of(judged, chosen)
    block = judged.prepared.read(judged.rows[chosen])
    model = Decoder(judged.run).reconstructed(block)
    sigma = np.where(block.ivar > 0, (flux - model) * np.sqrt(block.ivar), np.nan)
    figure = canvas(1.2 * (2 + len(bands)) + 2.1, 1.25 * len(chosen) + 0.9, title.replace(": ", "\n", 1))
    panels = figure.subplots(len(chosen), 2 + len(bands), squeeze=False)
    scale = Normalize(-_SIGMA, _SIGMA)
    for number, (line, place) in enumerate(zip(panels, chosen, strict=True)):
        show(line[0], coloured(flux[number], bands), "observed" if number == 0 else "")
        show(line[1], coloured(model[number], bands), "given back" if number == 0 else "")
        for axes, band in zip(line[2:], by_wavelength(bands), strict=True):
            show(axes, sigma[number, band], f"residual {bands[band]}" if number == 0 else "", cmap="RdBu_r", norm=scale)
        chi2 = judged.columns["chi2_floor"][place]
        words = f"{judged.truth.kind[place] or 'class unknown'}\nχ² {chi2:.2f}\n{_SPREAD[number]:.0%}"
        line[0].set_ylabel(words, fontsize=7, rotation=0, ha="right", va="center")
    figure.colorbar(ScalarMappable(scale, "RdBu_r"), ax=panels, label="Residual (σ)", shrink=0.5)
    figure.supxlabel("χ² per pixel (errors floored), and the share of the images that have less", fontsize=7.5)
    return figure


_DRAWN = {"spectra": _spectra, "images": _images}


def by_quantile(error: NDArray) -> NDArray[np.int64]:
    """Places of the objects at the quantiles of their error."""
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


FIGURE = Figure("objects with what a run's latents say of them, from well to badly given back",
                "qso figure reconstructions demo demo.store", arguments, asking(picture))
