"""The noise of images by the sky's scatter and by SDSS's gain and sky; their bad pixels and saturated cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.records import Mask
from qsocore.surveys.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Mapping

# Electrons a count and dark variance in counts^2 of the imaging camera, by column (1 to 6) and band: SDSS data model of `frame`
_GAIN = {"u": (1.62, 1.595, 1.59, 1.6, 1.47, 2.17), "g": (3.32, 3.855, 3.845, 3.995, 4.05, 4.035),
         "r": (4.71, 4.6, 4.72, 4.76, 4.725, 4.895), "i": (5.165, 6.565, 4.86, 4.885, 4.64, 4.76),
         "z": (4.745, 5.155, 4.885, 4.775, 3.48, 4.69)}
_DARK = {"u": (9.61, 12.6025, 8.7025, 12.6025, 9.3025, 7.0225), "g": (15.6025, 1.44, 1.3225, 1.96, 1.1025, 1.8225),
         "r": (1.8225, 1.0, 1.3225, 1.3225, 0.81, 0.9025), "i": (7.84, 5.76, 4.6225, 6.25, 7.84, 5.0625),
         "z": (0.81, 1.0, 1.0, 9.61, 1.8225, 1.21)}
_GAIN_AFTER_1100 = {("u", 2): 1.825}
_DARK_AFTER_1500 = {("i", 2): 6.25, ("i", 4): 7.5625, ("z", 4): 12.6025, ("z", 5): 2.1025}

_PLATEAU = 4  # pixels of exactly the brightest value that make a plateau
_BRIGHT = 20.0  # scatters of the sky above which a plateau is a saturated core


def sdss_ivar(probe: Probe, flux: NDArray) -> NDArray[np.float32] | None:
    """Inverse variance of an SDSS frame by its calibration vector, its sky and the camera's gain and dark variance.

    ``dn = flux / calib + sky; variance = (dn / gain + dark) calib^2`` (data model of ``frame``, SDSS-III DR8). None for what is
    no such frame.
    """
    run, column, band = (probe.keyword(key) for key in ("RUN", "CAMCOL", "FILTER"))
    hdus = probe.hdus()
    if band not in _GAIN or column not in range(1, 7) or len(hdus) < 3 or getattr(hdus[2], "columns", None) is None \
            or "ALLSKY" not in hdus[2].columns.names or np.shape(hdus[1].data) != flux.shape[1:]:
        return None
    from scipy.ndimage import map_coordinates

    calibration, sky = np.asarray(hdus[1].data, np.float64), hdus[2].data[0]
    y, x = (np.asarray(sky[name], np.float64) for name in ("YINTERP", "XINTERP"))
    coarse = map_coordinates(np.asarray(sky["ALLSKY"], np.float64), np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest")
    gain = _GAIN_AFTER_1100.get((band, column), 0) if run > 1100 else 0
    dark = _DARK_AFTER_1500.get((band, column), 0) if run > 1500 else 0
    counts = np.maximum(flux / calibration + coarse, 0.0)
    variance = counts / (gain or _GAIN[band][column - 1]) + (dark or _DARK[band][column - 1])
    return (1.0 / (variance * calibration**2)).astype(np.float32)


def sky_ivar(flux: NDArray, step: int = 4) -> float:
    """Inverse variance by the scatter of the sky: 1.4826 times the median absolute deviation of every pixel in `step` each way,
    twice rid of what lies more than three scatters from the median; 0 when nothing scatters.
    """
    values = np.asarray(flux)[::step, ::step].ravel()
    values = values[np.isfinite(values)].astype(np.float64)
    scatter = 0.0
    for _ in range(3):
        if not values.size:
            return 0.0
        middle = np.median(values)
        scatter = 1.4826 * float(np.median(np.abs(values - middle)))
        values = values[np.abs(values - middle) <= 3.0 * scatter]
    return 1.0 / scatter**2 if scatter > 0 else 0.0


def saturated(flux: NDArray, limit: float = np.inf) -> NDArray[np.bool_]:
    """Where cores are saturated, shape of `flux` (..., H, W): at or above the header's limit, or on a plateau.

    A plateau is four or more pixels of exactly the brightest value, far above the sky, as no noisy core has them.
    """
    with np.errstate(invalid="ignore"):
        out = flux >= limit
    flat = flux.reshape(-1, *flux.shape[-2:])
    for band, found in zip(flat, out.reshape(flat.shape), strict=True):
        good = band[np.isfinite(band)]
        if good.size < _PLATEAU:
            continue
        top = band == good.max()
        if top.sum() >= _PLATEAU and good.max() > 0:
            middle = np.median(good)
            scatter = 1.4826 * np.median(np.abs(good - middle))
            if scatter > 0 and good.max() > middle + _BRIGHT * scatter:
                found |= top
    return out


def flat_ivar(flux: NDArray, mask: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Inverse variance of every band (n_bands, H, W) by the scatter of its good pixels, the same everywhere."""
    return np.stack([np.full(band.shape, sky_ivar(np.where(bad > 0, np.nan, band), 1))
                     for band, bad in zip(flux, mask, strict=True)])


def mark_bad(mask: NDArray[np.uint8], values: NDArray, header: Mapping | None = None) -> tuple[str, ...]:
    """Mark FLAGGED, in place, what a mask plane calls bad: all but 0; of LSST and HSC, whose headers name bits, the faults.

    Bits without names in more than a third of the pixels mark detections as well as faults: they are left aside, which the note
    that is returned says.
    """
    values = np.asarray(values)
    named = {str(key)[3:]: int(header[key]) for key in header if str(key).startswith("MP_")} if header is not None else {}
    if named:
        bits = sum(1 << bit for name, bit in named.items() if name in ("BAD", "SAT", "CR", "NO_DATA", "EDGE", "SUSPECT"))
        bad = (values.astype(np.int64) & bits) > 0
    else:
        bad = values != 0
        if values.dtype.kind != "b" and np.max(values, initial=0) > 1 and bad.mean() > 1 / 3:
            return ("a mask whose bits have no names was left aside",)
    mask[bad] |= np.uint8(Mask.FLAGGED)
    return ()


def mark_saturated(flux: NDArray, mask: NDArray[np.uint8], limit: float = np.inf) -> tuple[str, ...]:
    """Mask saturated cores FLAGGED, in place; the note for them, if there are any."""
    core = saturated(np.where(mask == 0, flux, np.nan), limit)
    mask[core] |= np.uint8(Mask.FLAGGED)
    return (f"saturated in {int(core.sum())} pixels",) if core.any() else ()
