"""M, L and T dwarfs: points whose colours follow their spectral type."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.bands import BANDS, fluxes_of
from qsocore.simulate.images.noise import APERTURE, FWHM
from qsocore.simulate.images.psf import enclosed
from qsocore.simulate.images.scene import Scene

FIRST = MappingProxyType({"M": 0.0, "L": 10.0, "T": 20.0})
"""Number of type 0 of each class; L5 is 15."""

# Spectral type and colours g-r r-i i-z z-Y Y-J J-K K-W1 W1-W2 in AB as a catalogue has them. Optical colours to J-K from L0 on:
# smoothed medians per photometric type of the 284 dwarfs in glq_mpia's y6_mlt_dwarfs.csv; of M dwarfs: those of its bulk, by
# r - i; W1 - W2 (which that sample is cut in) and the run of K - W1: Skrzypek, Warren & Faherty (2015), A&A 574, A78, table 1
_COLOURS = np.array([
    (5.0, 1.60, 1.75, 0.75, 0.14, 0.72, -0.10, -0.72, -0.47),
    (6.0, 1.65, 2.02, 0.88, 0.17, 0.77, -0.08, -0.68, -0.43),
    (7.0, 1.78, 2.30, 1.02, 0.20, 0.83, -0.05, -0.64, -0.40),
    (8.0, 1.85, 2.52, 1.15, 0.25, 0.90, -0.02, -0.60, -0.38),
    (9.0, 1.75, 2.72, 1.33, 0.31, 1.03, 0.07, -0.55, -0.37),
    (10.0, 1.55, 2.62, 1.52, 0.39, 1.17, 0.16, -0.49, -0.37),
    (12.0, 1.60, 2.50, 1.58, 0.45, 1.34, 0.36, -0.34, -0.36),
    (15.0, 1.90, 2.25, 1.75, 0.53, 1.55, 0.68, -0.13, -0.31),
    (18.0, 1.60, 2.35, 2.05, 0.47, 1.63, 0.80, 0.05, -0.16),
    (20.0, 1.20, 2.30, 2.50, 0.55, 1.52, 0.50, 0.00, 0.02),
    (22.0, 1.00, 2.25, 2.88, 0.70, 1.57, -0.05, -0.15, 0.30),
    (24.0, 1.00, 2.00, 3.25, 0.82, 1.80, -0.75, -0.36, 0.78),
    (25.0, 1.00, 2.00, 3.55, 0.95, 1.93, -0.88, -0.42, 1.05),
    (27.0, 1.00, 2.00, 3.45, 1.05, 1.90, -0.85, -0.90, 1.75),
    (28.5, 1.00, 2.00, 3.40, 1.10, 1.85, -0.83, -1.05, 2.10),
])
_SCATTER = np.array([0.25, 0.22, 0.07, 0.06, 0.09, 0.12, 0.10, 0.05])
_EARLIEST, _LATEST = 5.0, 28.5
_FALL = MappingProxyType({"M": 1.6, "L": 1.6, "T": 4.0})  # types after which the counts of a flux limit fall by e
_COUNTS = 0.4  # slope of log10 counts per magnitude: the disc of the Galaxy ends behind them
BRIGHT, FAINT = 17.5, 21.5
"""z magnitudes between which they are drawn."""


def colours(kind: NDArray) -> NDArray[np.float64]:
    """Mean colours (n, 8) of catalogues, from g - r to W1 - W2, at spectral types (n,)."""
    return np.stack([np.interp(kind, _COLOURS[:, 0], column) for column in _COLOURS[:, 1:].T], axis=1)


def _aperture_loss() -> NDArray[np.float64]:
    """Magnitudes (n_bands,) by which the aperture of the optical bands misses the light of a point."""
    return np.array([-2.5 * np.log10(enclosed(APERTURE / 2, FWHM[band])) if band in FWHM else 0.0 for band in BANDS])


def light(kind: NDArray, magnitude: NDArray, scatter: NDArray | float = 0.0) -> NDArray[np.float32]:
    """Total band fluxes (n, n_bands), microjansky.

    Parameters
    ----------
    kind : ndarray, shape (n,)
        Spectral types, M0 being 0, L0 10, T0 20; from M5 to T8.5.
    magnitude : ndarray, shape (n,)
        z magnitudes in the aperture.
    scatter : ndarray, shape (n, 8)
        Added to the mean `colours`.
    """
    colour = colours(kind) + scatter
    steps = np.concatenate([np.zeros((len(colour), 1)), -np.cumsum(colour, axis=1)], axis=1)  # magnitudes less g
    return fluxes_of(magnitude[:, None] + steps - steps[:, [BANDS.index("z")]] - _aperture_loss()).astype(np.float32)


def draw(n: int, rng: np.random.Generator, letter: str) -> tuple[Scene, dict[str, NDArray]]:
    """Dwarfs of a class, "M" (from M5), "L" or "T" (to T8.5): early ones are the more."""
    first = FIRST[letter]
    low, high = max(first, _EARLIEST), min(first + 10.0, _LATEST)
    early = low + rng.exponential(_FALL[letter], n)
    flat = rng.uniform(low, high, n)
    kind = np.where((rng.random(n) < 0.8) & (early < high), early, flat)
    scatter = _SCATTER * rng.standard_normal((n, _SCATTER.size))
    flux = light(kind, counts(n, rng, BRIGHT, FAINT, _COUNTS), scatter)
    tenth = np.floor(2 * (kind - first)) / 2
    subclass = np.array([f"{letter}{value:g}" for value in tenth], object)
    return Scene.make(n, flux), {"subclass": subclass, "true_type": kind}


def counts(n: int, rng: np.random.Generator, bright: float, faint: float, slope: float) -> NDArray[np.float64]:
    """Magnitudes (n,) between two limits, whose counts rise as 10^(slope m)."""
    low, high = 10 ** (slope * bright), 10 ** (slope * faint)
    return np.log10(low + (high - low) * rng.random(n)) / slope
