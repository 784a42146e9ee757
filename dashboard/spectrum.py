"""One object's spectrum made ready to be looked at: errors, gaps, reconstruction, residual in sigma, line marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.lines import Line, line_list
from qsocore.records import Mask

if TYPE_CHECKING:
    from dashboard.table import AtlasTable
    from qsocore.embed.decoder import Decoder

_ROBUST = (0.5, 99.5)
_ROOM = 0.25
_SIGMAS = (5.0, 25.0)


@dataclass(frozen=True)
class SpectrumView:
    """What is drawn of one object; arrays have shape (n_pix,), masked pixels are NaN in all but `wave`.

    Parameters
    ----------
    object_id : str
        Whose.
    wave : ndarray
        Vacuum Angstrom.
    flux, sigma : ndarray
        1e-17 erg/s/cm2/Angstrom, or counts where not `calibrated`.
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

    @property
    def residual_range(self) -> tuple[float, float]:
        """Limits of the residual in sigma, the same both ways: 5 at least, 25 at most."""
        wide = np.nanpercentile(np.abs(self.residual), _ROBUST[1]) if np.isfinite(self.residual).any() else 0.0
        reach = float(np.clip(1.1 * wide, *_SIGMAS))
        return -reach, reach

    def lines(self) -> list[tuple[Line, float]]:
        """Major lines inside the coverage at the catalogue redshift, with their observed wavelengths.

        Of a star those that its photosphere shows: absorption, and the Balmer lines.
        """
        first, last = self.covered
        if not np.isfinite(self.z):
            return []
        moved = ((line, line.wave * (1 + self.z)) for line in line_list(major_only=True))
        star = str(self.row.get("class", "")).upper() == "STAR"
        return [(line, wave) for line, wave in moved if first < wave < last
                and (line.kind == "emission" or star) and (line.kind == "absorption" or not star or line.name.startswith("H"))]


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
    return SpectrumView(table.ids[row].as_py(), grid.wave, shown, sigma, model, (shown - model) / sigma,
                        gaps_of(grid.edges, good, mask), chi2_pix, values)


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
