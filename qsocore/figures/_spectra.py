"""Spectra in small panels: smoothed as the eye would, with what a model makes of them and where lines should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures.style import GREY, INK, ORANGE, RED, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qsocore.store import Store

_POINTS = 400  # a panel two inches wide shows no more


def binned(wave: NDArray, flux: NDArray, ivar: NDArray, points: int = _POINTS) -> tuple[NDArray, NDArray]:
    """Means of neighbouring pixels weighted by their inverse variance, (m,) each; NaN where all are masked."""
    each = max(len(wave) // points, 1)
    n = len(wave) // each
    wave, flux, ivar = (part[: n * each].reshape(n, each) for part in (wave, np.nan_to_num(flux), ivar))
    weight = ivar.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return wave.mean(axis=1), np.where(weight > 0, (flux * ivar).sum(axis=1) / weight, np.nan)


def draw_spectrum(axes: Axes, store: Store, row: int, words: str, model: NDArray | None = None, z: float = np.nan,
                  colour: str = INK) -> None:
    """One spectrum of a store.

    Parameters
    ----------
    axes : Axes
        Where.
    store, row
        Which.
    words : str
        Above it.
    model : ndarray, shape (n_pix,), optional
        Reconstruction in units of the flux, drawn over it.
    z : float
        Redshift at which the major emission lines are marked, none for NaN.
    colour : str
        Of the words.
    """
    spectra = store.spectra([row])
    good = (spectra.mask[0] == 0) & (spectra.ivar[0] > 0)
    ivar = np.where(good, spectra.ivar[0], 0.0)
    wave, flux = binned(store.grid.wave, spectra.flux[0], ivar)
    axes.plot(wave, flux, color=INK, lw=0.6)
    if model is not None:
        axes.plot(*binned(store.grid.wave, model, np.isfinite(model).astype(float)), color=RED, lw=1.0, gid="model")
    seen = flux[np.isfinite(flux)]
    low, high = np.percentile(seen, [0.5, 99.7]) if seen.size else (0.0, 1.0)
    room = 0.12 * (high - low) or 1.0
    axes.set(ylim=(min(low - room, 0.0), high + 2 * room), xlim=(store.grid.wave[0], store.grid.wave[-1]))
    axes.axhline(0, color=GREY, lw=0.4, alpha=0.6)
    axes.set_title(plain(words), fontsize=7.2, color=colour, pad=3)
    axes.tick_params(labelsize=6.5, length=2.5)
    mark_lines(axes, z)


def mark_lines(axes: Axes, z: float) -> None:
    """Major emission lines at a redshift, named where there is room."""
    from qsocore.lines import line_list

    if not np.isfinite(z):
        return
    first, last = axes.get_xlim()
    end = -np.inf
    for line in line_list("emission", major_only=True):
        wave = line.wave * (1 + z)
        if not first < wave < last:
            continue
        axes.axvline(wave, color=ORANGE, lw=0.6, alpha=0.8, ls=(0, (2, 2)))
        if wave - end > 0.07 * (last - first):
            axes.annotate(line.name, (wave, 0.98), xycoords=("data", "axes fraction"), rotation=90, fontsize=5, color=ORANGE,
                          ha="right", va="top")
            end = wave


def short_id(object_id: str) -> str:
    """The end of an object id, by which a person tells it from the others."""
    return object_id if len(object_id) <= 26 else "…" + object_id[-25:]


def about(kind: str, z: float, snr: float) -> str:
    """What is known of an object in a few letters."""
    parts = [kind or "class unknown", f"z {round(z, 3) + 0.0:.3f}" if np.isfinite(z) else "",
             f"S/N {snr:.1f}" if np.isfinite(snr) else ""]
    return "  ".join(part for part in parts if part)
