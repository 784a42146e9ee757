"""One-dimensional images on a wavelength axis, with errors in another image of the file or in a file beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.preprocess.noise import scatter_ratio
from qsocore.surveys._axis import from_wcs, has_wcs
from qsocore.surveys._header import text
from qsocore.surveys._pixels import Pixels, overlaid, to_ivar, with_errors
from qsocore.surveys.probe import Probe

_FEWEST = 10  # pixels of a spectrum
_BESIDE = (("_f", "_e"), ("_F", "_E"), ("_nF", "_nE"), ("_flux", "_err"), ("_flux", "_error"), ("_flux", "_sig"))
_KINDS = {"ivar": "ivar", "invvar": "ivar", "var": "var", "variance": "var", "stat": "var"} | dict.fromkeys(
    ("err", "errs", "error", "sigma", "noise", "uncertainty", "stddev"), "error")
_AGREES = 2.5  # scatter and promised noise within this factor settle what an unnamed image is


def found(probe: Probe) -> bool:
    """Whether some HDU is a one-dimensional image with a wavelength axis; looks at headers only."""
    return _flux_hdu(probe) is not None


def pixels(probe: Probe) -> list[Pixels]:
    """The spectrum of the first such HDU.

    Raises
    ------
    ReadError
        ``companion`` when the file holds the errors of another, and those of the axis and the noise.
    """
    _refuse_companion(probe)
    number = _flux_hdu(probe)
    header = overlaid(probe, number)
    flux = np.asarray(probe.hdus()[number].data, np.float64).ravel()
    axis = from_wcs(header, flux.size, probe.path)
    error, kind, notes = _errors(probe, number, flux)
    ivar, mask, more = with_errors(flux, error, kind, probe.path)
    return [Pixels(axis.vacuum, flux, ivar, mask, text(header, "BUNIT"), header, axis.notes + notes + more)]


def _flux_hdu(probe: Probe) -> int | None:
    for number, header in enumerate(probe.headers):
        axes = [header.get(f"NAXIS{i}", 0) for i in range(1, header.get("NAXIS", 0) + 1)]
        image = number == 0 or header.get("XTENSION", "").strip() == "IMAGE"
        if image and axes and axes[0] >= _FEWEST and all(n == 1 for n in axes[1:]) and has_wcs(header):
            return number
    return None


def _errors(probe: Probe, number: int, flux: NDArray) -> tuple[NDArray | None, str, tuple[str, ...]]:
    """The errors of the flux, of which kind they are, and what was assumed."""
    unnamed = []
    for other, hdu in enumerate(probe.hdus()):
        if other == number or hdu.data is None or getattr(hdu.data, "shape", None) != flux.shape or hdu.data.dtype.names:
            continue
        kind = _KINDS.get(hdu.name.strip().lower())
        if kind:
            return np.asarray(hdu.data, np.float64), kind, ()
        unnamed.append((other, np.asarray(hdu.data, np.float64)))
    for other, values in unnamed:
        if (values < 0).any() or (np.diff(values) > 0).all():  # signed, or a wavelength axis
            continue
        kind = _kind_by_scatter(flux, values)
        if kind:
            return values, kind, (f"HDU {other} has no name and was taken as {kind} by the flux's scatter",)
    beside = _beside(probe.path, errors=True)
    if beside is None:
        return None, "", ()
    error = np.asarray(Probe(beside).hdus()[0].data, np.float64).ravel()
    if error.shape != flux.shape:
        return None, "", (f"{beside.name} has {error.size} pixels instead of {flux.size} and was not used",)
    return error, "error", ()


def _kind_by_scatter(flux: NDArray, values: NDArray) -> str | None:
    """Whether values are ivar, error or variance: that under which the flux scatters as promised; None if none fits."""
    ratios = {kind: scatter_ratio(flux, to_ivar(values, kind)) for kind in ("ivar", "error", "var")}
    off = {kind: abs(np.log(ratio)) for kind, ratio in ratios.items() if ratio > 0}
    best = min(off, key=off.get, default=None)
    return best if best and off[best] < np.log(_AGREES) else None


def _refuse_companion(probe: Probe) -> None:
    beside = _beside(probe.path, errors=False)
    if beside is not None:
        raise ReadError("companion", f"it holds the errors of {beside.name}, with which it is read", probe.path)
    if "(error)" in text(probe.headers[0], "OBJECT").lower():
        raise ReadError("companion", "it holds the errors of a spectrum that is not beside it", probe.path,
                        "put the file with the flux into the same folder")


def _beside(path: Path, errors: bool) -> Path | None:
    """The file of errors that belongs to a flux file, or (errors=False) the flux file that belongs to one of errors."""
    stem, dot, ending = path.name.partition(".fit")
    for flux, error in _BESIDE:
        here, there = (flux, error) if errors else (error, flux)
        other = path.with_name(stem.removesuffix(here) + there + dot + ending)
        if stem.endswith(here) and other.exists():
            return other
    return None
