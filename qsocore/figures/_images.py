"""Images in small panels: three colours out of all bands, by one stretch; and whatever a run reads, in a panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures.style import INK, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qsocore.workflow.judge import Judged

_IN_ORDER = "uUgGrRiIzZyYJHK"  # bands by wavelength
_SOFTENING, _STRETCH = 8.0, 4.0  # Q, and the linear part in sigma of the sky


def by_wavelength(bands: Sequence[str]) -> list[int]:
    """Numbers of the bands from blue to red; those of unknown names keep their order, last."""
    place = {name: _IN_ORDER.index(name) if name in _IN_ORDER else len(_IN_ORDER) for name in bands}
    return sorted(range(len(bands)), key=lambda number: place[bands[number]])


def coloured(flux: NDArray, bands: Sequence[str]) -> NDArray[np.uint8]:
    """An image in colour: thirds of the bands, by wavelength, as blue, green and red (Lupton et al. 2004, PASP 116, 133).

    Parameters
    ----------
    flux : ndarray, shape (n_bands, H, W)
        NaN is sky.
    bands : sequence of str
        Names in the order of the array; of fewer than three bands the mean is shown in grey.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        Row 0 at the bottom, as in `flux`.
    """
    from astropy.visualization import make_lupton_rgb

    sky = np.nanmedian(flux, axis=(1, 2), keepdims=True)
    flux = np.nan_to_num(flux - np.nan_to_num(sky))[by_wavelength(bands)]
    thirds = np.array_split(flux, 3) if len(flux) >= 3 else [flux] * 3
    blue, green, red = (part.mean(axis=0) for part in thirds)
    scatter = np.median([1.4826 * np.median(np.abs(part)) for part in (blue, green, red)])
    with np.errstate(invalid="ignore"):
        return make_lupton_rgb(red, green, blue, stretch=_STRETCH * float(scatter) or 1.0, Q=_SOFTENING)


def images_of(judged: Judged, places: Sequence[int] | NDArray) -> NDArray[np.float32]:
    """Images (m, n_bands, side, side) of some judged objects as the model sees them, in units of their flux; NaN if masked."""
    block = judged.prepared.read(judged.rows[np.asarray(places, np.int64)])
    return np.where(block.w > 0, block.x * block.scale[:, None, None, None], np.nan)


def need_images(judged: Judged) -> None:
    """Refuse a run that reads something else.

    Raises
    ------
    ConfigError
    """
    from qsocore.errors import ConfigError

    if judged.reads != "images":
        raise ConfigError(f"the run {judged.run.name} reads {judged.reads}, not images", judged.run.path,
                          "name a run of a model of images (contrastive, morphology, image_vae)")


def show(axes: Axes, picture: NDArray, words: str = "", colour: str = INK, **options) -> None:
    """A picture whose row 0 is at the bottom, with words above it and no ticks."""
    axes.imshow(picture, origin="lower", interpolation="nearest", **options)
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_color(colour)
    if words:
        axes.set_title(plain(words), fontsize=6.6, color=colour, pad=3)


def draw_object(axes: Axes, judged: Judged, place: int, words: str, model: NDArray | None = None, z: float = np.nan) -> None:
    """One of the judged objects as what the run reads of it: an image in colour, photometry, or a spectrum with a model."""
    from qsocore.figures._spectra import draw_spectrum

    if judged.reads == "spectra":
        draw_spectrum(axes, judged.store, int(judged.rows[place]), words, model, z)
    elif judged.reads == "images":
        show(axes, coloured(images_of(judged, [place])[0], judged.loaded.grid.bands), words)
    else:
        _draw_photometry(axes, judged, place, words)


def _draw_photometry(axes: Axes, judged: Judged, place: int, words: str) -> None:
    block, bands = judged.prepared.read(judged.rows[[place]]), judged.loaded.grid.bands
    seen = block.ivar[0] > 0
    with np.errstate(divide="ignore"):
        error = np.where(seen, 1 / np.sqrt(block.ivar[0]), np.nan)
    flux = np.where(seen, block.x[0] * block.scale[0], np.nan)
    axes.errorbar(np.arange(len(bands)), flux, error, color=INK, marker="o", ms=2.5, lw=0, elinewidth=0.8)
    axes.set_xticks(range(len(bands)), bands)
    axes.tick_params(labelsize=6.5, length=2.5)
    axes.set_title(plain(words), fontsize=6.6, pad=3)


SHOWN = {"spectra": "Observed wavelength in vacuum (Å); flux in the store's units",
         "images": "Bands from blue to red in three colours, asinh",
         "photometry": "Flux by band in the catalogue's units, with its error"}
"""What panels of objects show, by what the run reads."""
