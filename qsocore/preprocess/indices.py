"""Spectral indices: equivalent widths between side bands, breaks, band-head and colour ratios, of many spectra at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.errors import ConfigError, did_you_mean
from qsocore.units import air_to_vacuum

Band = tuple[float, float]


@dataclass(frozen=True)
class Width:
    """Equivalent width against the straight line through the means of two side bands, Angstrom, absorption positive.

    Parameters
    ----------
    band, blue, red : (float, float)
        Limits in air Angstrom, as published.
    source : str
        Where the limits come from.
    """

    band: Band
    blue: Band
    red: Band
    source: str

    def measure(self, flux: NDArray, edges: NDArray) -> NDArray[np.float64]:
        """Index of each spectrum, shape (n,); integral of 1 - F / F_continuum (Worthey et al. 1994, eq. 2)."""
        blue, red = _mean(flux, edges, self.blue), _mean(flux, edges, self.red)
        at_blue, at_red = _middle(self.blue), _middle(self.red)
        centres = (edges[1:] + edges[:-1]) / 2
        slope = (centres - at_blue) / (at_red - at_blue)
        weight = _overlap(edges, self.band)
        used = weight > 0
        continuum = blue[:, None] + (red - blue)[:, None] * slope[used]
        with np.errstate(divide="ignore", invalid="ignore"):
            return (1 - flux[:, used] / continuum) @ weight[used] + _outside(edges, self.band)


@dataclass(frozen=True)
class Ratio:
    """Mean flux in one band over that in another.

    Parameters
    ----------
    above, below : (float, float)
        Limits of numerator and denominator in air Angstrom.
    per : {"lambda", "nu"}
        Which flux density is averaged.
    source : str
        Where the limits come from.
    """

    above: Band
    below: Band
    per: str
    source: str

    def means(self, flux: NDArray, edges: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean flux of each spectrum above and below, shape (n,): linear in the flux, as the index is not."""
        if self.per == "nu":
            flux = flux * ((edges[1:] + edges[:-1]) / 2) ** 2
        return _mean(flux, edges, self.above), _mean(flux, edges, self.below)

    def measure(self, flux: NDArray, edges: NDArray) -> NDArray[np.float64]:
        """Index of each spectrum, shape (n,)."""
        above, below = self.means(flux, edges)
        with np.errstate(divide="ignore", invalid="ignore"):
            return above / below


_LICK = "Worthey et al. 1994, ApJS 94, 687"
_HAMMER = "Reid, Hawley & Gizis 1995, AJ 110, 1838"
_OURS = "this work: bands clear of the line's wings at A0"


def _colour(wave: float) -> Ratio:
    return Ratio((wave - 25, wave + 25), (5475, 5525), "lambda", "this work: means over 50 Angstrom")


INDICES = MappingProxyType({
    "ca_k": Width((3925, 3945), (3905, 3921), (3996, 4012), "this work: side bands between the Balmer lines"),
    "h_delta": Width((4083.5, 4122.25), (4041.6, 4081.5), (4128.5, 4161.0), "HdA of Worthey & Ottaviani 1997, ApJS 111, 377"),
    "h_beta": Width((4827, 4897), (4790, 4815), (4905, 4930), _OURS),
    "h_alpha": Width((6535, 6591), (6500, 6525), (6600, 6625), _OURS),
    "g_band": Width((4281.375, 4316.375), (4266.375, 4282.625), (4317.875, 4335.125), "G4300 of " + _LICK),
    "mg_b": Width((5160.125, 5192.625), (5117.7, 5142.7), (5191.375, 5206.375), "Mg b of " + _LICK + ", blue band off C2"),
    "na_d": Width((5876.875, 5909.375), (5860.625, 5875.675), (5922.125, 5948.125), "Na D of " + _LICK),
    "tio5": Ratio((7126, 7135), (7042, 7046), "lambda", _HAMMER),
    "cah2": Ratio((6814, 6846), (7042, 7046), "lambda", _HAMMER),
    "d4000n": Ratio((4000, 4100), (3850, 3950), "nu", "Balogh et al. 1999, ApJ 527, 54"),
    "c2_swan": Ratio((5025, 5160), (5170, 5240), "lambda", "band head at 5165 Angstrom"),
    "na_8190": Ratio((8170, 8205), (8210, 8240), "lambda", "this work: Na I 8183, 8195"),
    "feh": Ratio((9890, 9950), (9840, 9880), "lambda", "Wing-Ford band head, 9896 Angstrom"),
    **{f"f{wave}": _colour(wave) for wave in (3850, 4250, 6500, 7500, 8500, 9500)},
})
"""Name and definition of every index; ``f6500`` and its like are flux ratios to 5500 Angstrom."""


def measure(flux: ArrayLike, wave: ArrayLike, names: Iterable[str] = tuple(INDICES)) -> dict[str, NDArray[np.float64]]:
    """Measure indices of rest-frame spectra.

    Parameters
    ----------
    flux : array_like, shape (n_pix,) or (n, n_pix)
        f_lambda in any unit.
    wave : array_like, shape (n_pix,)
        Rising rest wavelengths in vacuum, Angstrom.
    names : iterable of str
        Keys of `INDICES`.

    Returns
    -------
    dict of ndarray, each (n,)
        An index whose bands are not covered is NaN.

    Raises
    ------
    ConfigError
        For an unknown index.
    """
    flux, edges = np.atleast_2d(np.asarray(flux, np.float64)), edges_of(np.asarray(wave, np.float64))
    out = {}
    for name in names:
        if name not in INDICES:
            raise ConfigError(f"no index is called {name!r}", "indices", did_you_mean(name, INDICES))
        out[name] = INDICES[name].measure(flux, edges)
    return out


def edges_of(wave: NDArray) -> NDArray[np.float64]:
    """Borders (n_pix + 1,) of pixels with these centres, midway between neighbours."""
    return np.concatenate([[1.5 * wave[0] - 0.5 * wave[1]], (wave[1:] + wave[:-1]) / 2, [1.5 * wave[-1] - 0.5 * wave[-2]]])


def _overlap(edges: NDArray, band: Band) -> NDArray[np.float64]:
    """Angstrom that each pixel shares with a band given in air."""
    low, high = air_to_vacuum(band)
    return np.maximum(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0)


def _outside(edges: NDArray, band: Band) -> float:
    """0 for a band within the spectrum, else NaN."""
    low, high = air_to_vacuum(band)
    return 0.0 if edges[0] <= low and high <= edges[-1] else np.nan


def _middle(band: Band) -> float:
    return float(air_to_vacuum(sum(band) / 2))


def _mean(flux: NDArray, edges: NDArray, band: Band) -> NDArray[np.float64]:
    weight = _overlap(edges, band)
    used = weight > 0
    if not used.any():
        return np.full(len(flux), np.nan)
    return flux[:, used] @ weight[used] / weight.sum() + _outside(edges, band)
