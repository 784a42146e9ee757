"""What is shown of one candidate: its image by band and in colour, its spectrum, its photometry with models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures._images import by_wavelength, coloured, show
from qsocore.figures._spectra import draw_spectrum
from qsocore.figures.style import FLUX, INK, SERIES, canvas, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.sampling import ImageGrid
    from qsocore.sed.bandfluxes import BandFluxes
    from qsocore.sed.fit import Fit
    from qsocore.store import Store

_WIDTH = 7.2  # inches: what a page of a journal holds
_WHITE = 99.7  # percentile
_SOFT = 2.0  # sigma of the sky at which asinh turns from linear to logarithmic
_BAR = (30, 20, 10, 5, 2, 1, 0.5)  # arcsec
_TICKS = (0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7, 10)  # micrometres


@quiet
def strip_figure(flux: NDArray, grid: ImageGrid) -> Canvas:
    """An image band by band from blue to red, each by its own asinh scale, and in colour; north up, east left.

    Parameters
    ----------
    flux : ndarray, shape (n_bands, side, side)
        NaN where nothing was measured; row 0 is at the bottom.
    grid : ImageGrid
        Bands and pixel scale.
    """
    order = by_wavelength(grid.bands)
    figure = canvas(_WIDTH, _WIDTH / (len(order) + 1) + 0.25)
    panels = figure.subplots(1, len(order) + 1, squeeze=False)[0]
    for axes, number in zip(panels, order, strict=False):
        show(axes, _asinh(flux[number]), grid.bands[number], cmap="gray", vmin=0, vmax=1)
    show(panels[-1], coloured(flux, grid.bands), "colour")
    if np.isfinite(grid.pixel_scale):
        _scale_bar(panels[0], flux.shape[-1], grid.pixel_scale)
    return figure


def _asinh(flux: NDArray) -> NDArray[np.float64]:
    """0 for the sky and less, 1 for the brightest; NaN is sky."""
    if np.isnan(flux).all():
        return np.zeros(flux.shape)
    sky = np.nanmedian(flux)
    sigma = 1.4826 * np.nanmedian(np.abs(flux - sky)) or 1.0
    shown = np.arcsinh((np.nan_to_num(flux, nan=sky) - sky) / (_SOFT * sigma) + 0.5)
    return np.clip(shown / max(np.percentile(shown, _WHITE), 1e-6), 0, 1)


def _scale_bar(axes, side: int, pixel_scale: float) -> None:
    length = next((bar for bar in _BAR if bar < 0.4 * side * pixel_scale), _BAR[-1])
    x, y = 0.06 * side, 0.08 * side
    axes.plot([x, x + length / pixel_scale], [y, y], color="white", lw=1.4, solid_capstyle="butt")
    axes.text(x, y + 0.03 * side, f"{length:g}″", color="white", fontsize=6, va="bottom")


@quiet
def spectrum_figure(store: Store, row: int, model: NDArray | None, z: float) -> Canvas:
    """A spectrum, its reconstruction if there is one, and the major emission lines at a redshift."""
    figure = canvas(_WIDTH, 2.3)
    axes = figure.subplots()
    draw_spectrum(axes, store, row, "", model, z)
    axes.set(xlabel="Observed wavelength in vacuum (Å)", ylabel=FLUX)
    axes.yaxis.label.set_size(6.5)
    return figure


@quiet
def sed_figure(fluxes: BandFluxes, fits: Sequence[Fit]) -> Canvas:
    """Photometry of one object with limits, and the best of every kind of model, the preferred first.

    Parameters
    ----------
    fluxes : BandFluxes
        Of one object.
    fits : sequence of Fit
        As `qsocore.sed.fit.fits_of` gives them.
    """
    from qsocore.sed.curves import curve_of
    from qsocore.simulate.bands import band_wave, responses

    response = responses(fluxes.bands)
    wave = band_wave() @ response / response.sum(axis=0)
    used, seen = fluxes.used[0], fluxes.seen[0] & fluxes.used[0]
    figure = canvas(_WIDTH, 2.5)
    axes = figure.subplots()
    low, high = 0.75 * wave[used].min(), 1.3 * wave[used].max()
    for fit, colour in zip(fits, SERIES, strict=False):
        curve = curve_of(fit)
        inside = (curve.wave > low) & (curve.wave < high) & (curve.flux > 0)
        axes.plot(curve.wave[inside] / 1e4, curve.flux[inside], color=colour, lw=0.9 if fit is fits[0] else 0.5,
                  alpha=1.0 if fit is fits[0] else 0.7, label=f"{fit.kind}, ΔBIC {fit.bic - fits[0].bic:.1f}", zorder=1)
    axes.errorbar(wave[seen] / 1e4, fluxes.flux[0][seen], fluxes.error[0][seen], fmt="o", ms=3.2, color=INK, elinewidth=0.8,
                  zorder=3)
    limits = used & ~seen
    axes.plot(wave[limits] / 1e4, 3 * fluxes.error[0][limits], lw=0, marker="v", ms=4, color=INK, mfc="none", zorder=3)
    shown = np.concatenate([fluxes.flux[0][seen], 3 * fluxes.error[0][limits]])
    shown = shown[shown > 0]
    axes.set(xscale="log", yscale="log", xlim=(low / 1e4, high / 1e4), xlabel="Wavelength (µm)", ylabel="Flux density (µJy)")
    if shown.size:
        axes.set_ylim(shown.min() / 4, shown.max() * 3)
    axes.set_xticks([tick for tick in _TICKS if low / 1e4 < tick < high / 1e4], minor=False)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.legend(fontsize=6.5, loc="best")
    return figure
