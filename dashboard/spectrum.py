"""One object's spectrum made ready to be looked at: errors, gaps, reconstruction, residual in sigma, where it deviates most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qsocore.records import Mask

if TYPE_CHECKING:
    from dashboard.table import AtlasTable
    from qsocore.embed.decoder import Decoder

_ROBUST = (0.5, 99.5)
_ROOM = 0.25
_REACH = 4  # the smoothing kernel ends at so many sigma
_SEARCH_PIX, _LEAST, _MOST = 3.0, 3.0, 12  # stretches of large residual: smoothing, least |sigma|, how many


@dataclass(frozen=True)
class SpectrumView:
    """What is drawn of one object; arrays have shape (n_pix,), masked pixels are NaN in all but `wave` and `ivar`.

    Parameters
    ----------
    object_id : str
        Whose.
    wave : ndarray
        Vacuum Angstrom.
    flux, sigma : ndarray
        1e-17 erg/s/cm2/Angstrom, or counts where not `calibrated`.
    ivar : ndarray
        Inverse variance, 0 where masked.
    model, residual : ndarray
        Reconstruction in the units of flux, and (flux - model) / sigma; all NaN without a run.
    gaps : list of (float, float)
        Stretches of masked pixels inside the coverage, Angstrom.
    chi2_pix : float
        Mean squared residual, NaN without a run.
    row : dict
        The catalogue row.
    """

    object_id: str
    wave: NDArray[np.float64]
    flux: NDArray[np.float32]
    sigma: NDArray[np.float32]
    ivar: NDArray[np.float32]
    model: NDArray[np.float32]
    residual: NDArray[np.float32]
    gaps: list[tuple[float, float]]
    chi2_pix: float
    row: dict

    @property
    def z(self) -> float:
        """Catalogue redshift, NaN when missing."""
        z = self.row.get("z")
        return float(z) if z is not None else float("nan")

    @property
    def covered(self) -> tuple[float, float]:
        """First and last wavelength with a good pixel."""
        good = self.wave[np.isfinite(self.flux)]
        return (float(good[0]), float(good[-1])) if good.size else (float(self.wave[0]), float(self.wave[-1]))

    @property
    def flux_range(self) -> tuple[float, float]:
        """Flux limits that show data and reconstruction but no single wild pixel."""
        both = np.concatenate([self.flux, self.model])
        both = both[np.isfinite(both)]
        if not both.size:
            return 0.0, 1.0
        low, high = (float(end) for end in np.percentile(both, _ROBUST))
        room = _ROOM * (high - low) or 1.0
        return min(low - room, 0.0), high + 1.4 * room  # the line marks' names stand above

    def scene(self) -> dict:
        """What the browser is given of the object, once: plain numbers and float32 arrays of shape (n_pix,)."""
        calibrated = self.row.get("calibrated") in (None, True, 1)
        return {
            "id": self.object_id, "z": self.z if np.isfinite(self.z) else None, "calibrated": calibrated,
            "star": str(self.row.get("class", "")).upper() == "STAR", "gaps": [list(gap) for gap in self.gaps],
            "covered": list(self.covered), "flux_range": list(self.flux_range),
            "wave": self.wave.astype(np.float32), "flux": self.flux, "ivar": self.ivar, "model": self.model,
            "stretches": [[part.wave, part.first, part.last, part.sigma] for part in self.stretches()],
            "predicted": predicted(self.row)}

    def stretches(self) -> list[Stretch]:
        """Where the reconstruction fails most, the worst first."""
        value, error = smooth(self.flux - self.model, self.ivar, _SEARCH_PIX)
        return stretches_of(self.wave, value / error)


@dataclass(frozen=True)
class Stretch:
    """Neighbouring pixels that deviate from the reconstruction one way.

    Parameters
    ----------
    wave, first, last : float
        Where it deviates most, begins and ends, observed Angstrom.
    sigma : float
        How much at most, of the smoothed residual; negative where flux is missing.
    """

    wave: float
    first: float
    last: float
    sigma: float


def smooth(values: NDArray, ivar: NDArray, sigma: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gaussian smoothing weighted by inverse variance; the browser does the same (``smooth`` of ``views/spectrum.js``).

    With weights w = ivar (0 where either array says that there is no value) and kernel k = exp(-d^2 / (2 sigma^2)) cut at
    4 sigma, the mean is sum(k w f) / sum(k w) and its error sqrt(sum(k^2 w)) / sum(k w), pixels being independent.

    Parameters
    ----------
    values, ivar : ndarray, shape (n_pix,)
        What is smoothed (NaN: missing) and its inverse variance (0: missing).
    sigma : float
        Width in pixels; 0 leaves the values.

    Returns
    -------
    mean, error : ndarray, shape (n_pix,)
        NaN where the pixel itself is missing: smoothing invents no data.
    """
    good = np.isfinite(values) & (ivar > 0)
    weight = np.where(good, ivar, 0).astype(float)
    distance = np.arange(-np.ceil(_REACH * sigma), np.ceil(_REACH * sigma) + 1)
    kernel = np.exp(-0.5 * (distance / sigma) ** 2) if sigma > 0 else np.ones(1)

    def summed(array: NDArray, kernel: NDArray) -> NDArray:
        reach = len(kernel) // 2
        return np.convolve(array, kernel)[reach : reach + len(array)]

    with np.errstate(divide="ignore", invalid="ignore"):
        norm = np.where(good, summed(weight, kernel), np.nan)
        return summed(weight * np.where(good, values, 0), kernel) / norm, np.sqrt(summed(weight, kernel**2)) / norm


def stretches_of(wave: NDArray, residual: NDArray) -> list[Stretch]:
    """The stretches of largest |residual|, ranked; each ends where the residual falls to half of its peak.

    Parameters
    ----------
    wave, residual : ndarray, shape (n_pix,)
        Angstrom, and the smoothed residual in sigma (NaN: missing).
    """
    left, found = np.nan_to_num(residual), []
    while len(found) < _MOST and (peak := int(np.argmax(np.abs(left)))) >= 0 and abs(left[peak]) >= _LEAST:
        part = np.flatnonzero(~(left * np.sign(left[peak]) > abs(left[peak]) / 2))
        first = int(part[part < peak].max(initial=-1)) + 1
        last = int(part[part > peak].min(initial=len(left))) - 1
        found.append(Stretch(float(wave[peak]), float(wave[first]), float(wave[last]), float(left[peak])))
        left[max(first - round(2 * _SEARCH_PIX), 0) : last + round(2 * _SEARCH_PIX) + 1] = 0
    return found


def look_at(table: AtlasTable, row: int, decoder: Decoder | None = None) -> SpectrumView:
    """Read one object's spectrum and reconstruct it.

    Parameters
    ----------
    table : AtlasTable
        With a store.
    row : int
        Which object.
    decoder : Decoder, optional
        Makes the reconstruction; its source grid is the store's.
    """
    spectra = table.store.spectra([row])
    values, grid = table.row(row), spectra.grid
    flux, ivar, mask = spectra.flux[0], spectra.ivar[0], spectra.mask[0]
    good = (mask == 0) & (ivar > 0)
    sigma = np.where(good, 1 / np.sqrt(np.where(good, ivar, 1)), np.nan).astype(np.float32)
    model, chi2_pix = np.full(grid.n_pix, np.nan, np.float32), float("nan")
    if decoder is not None:
        model, chi2_pix = decoder.reconstruct(flux, ivar, mask, z=values.get("z"))
    shown = np.where(good, flux, np.nan).astype(np.float32)
    return SpectrumView(values["object_id"], grid.wave, shown, sigma, np.where(good, ivar, 0).astype(np.float32), model,
                        (shown - model) / sigma, gaps_of(grid.edges, good, mask), chi2_pix, values)


def predicted(row: Mapping[str, Any]) -> dict[str, Any]:
    """What models say of an object beside what its catalogue says; without predictions empty, what is not known is None.

    Parameters
    ----------
    row : mapping of str to object
        The object's columns; predictors' columns among them where there are any.

    Returns
    -------
    dict
        ``kind`` and its probability ``kind_conf``; ``agrees``, whether the catalogue has that class (None: it says nothing);
        ``z`` and its probability ``z_conf``, ``dv`` in km/s from the catalogue's redshift; ``unlike``.
    """
    known = {name: row.get(name) for name in ("class_pred", "class_conf", "z_pred", "z_conf", "dv", "unlike")}
    known = {name: None if value in (None, "") or value != value else value for name, value in known.items()}
    if all(known[name] is None for name in ("class_pred", "z_pred", "unlike")):
        return {}
    kind, catalogued = known["class_pred"], str(row.get("class") or "").upper()
    agrees = None if kind is None or catalogued not in _KIND.values() else _KIND.get(kind.upper(), "STAR") == catalogued
    return {"kind": kind, "kind_conf": known["class_conf"], "agrees": agrees, "z": known["z_pred"], "z_conf": known["z_conf"],
            "dv": known["dv"], "unlike": known["unlike"]}


_KIND = {"QSO": "QSO", "BAL": "QSO", "GAL": "GALAXY", "GALAXY": "GALAXY", "STAR": "STAR"}  # letters are those of stars


def gaps_of(edges: NDArray, good: NDArray[np.bool_], mask: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Stretches of pixels that are masked though the spectrograph covered them.

    Parameters
    ----------
    edges : ndarray, shape (n_pix + 1,)
        Pixel borders, Angstrom.
    good, mask : ndarray, shape (n_pix,)
        Usable pixels, and the `Mask` reasons.
    """
    gap = ~good & ((mask & Mask.NO_COVERAGE) == 0)
    step = np.diff(np.concatenate([[False], gap, [False]]).astype(np.int8))
    first, last = np.flatnonzero(step == 1), np.flatnonzero(step == -1)
    return [(float(edges[a]), float(edges[b])) for a, b in zip(first, last, strict=True)]
