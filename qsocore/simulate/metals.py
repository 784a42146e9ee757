"""Narrow metal absorption lines in front of quasars: Mg II and C IV systems, and the metals of damped systems."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.profiles import add_gaussians
from qsocore.units import C_KM_S


class System(NamedTuple):
    """A kind of absorber: its rate, its typical strength, and its lines with their strengths relative to the first."""

    per_redshift: float
    mean_width: float  # rest equivalent width of the first line above `LEAST`, Angstrom; exponential
    z_range: tuple[float, float]
    lines: tuple[tuple[float, float], ...]


LEAST = 0.2  # rest Angstrom
# Rates and the exponential distribution after Nestor et al. (2005) for Mg II and Cooksey et al. (2013) for C IV;
# vacuum wavelengths of Morton (2003)
SYSTEMS = (
    System(0.55, 0.60, (0.30, 2.6), ((2796.354, 1.0), (2803.532, 0.75), (2852.963, 0.2), (2600.173, 0.5), (2586.650, 0.35),
                                     (2382.764, 0.5), (2374.461, 0.3), (2344.213, 0.4))),
    System(0.80, 0.40, (1.40, 4.3), ((1548.204, 1.0), (1550.781, 0.65), (1393.760, 0.4), (1402.773, 0.25))),
)
_DAMPED_LINES = ((1260.422, 1.0), (1302.168, 0.9), (1334.532, 1.0), (1526.707, 0.8), (1608.451, 0.6), (1670.789, 0.9),
                 (1548.204, 0.6), (1550.781, 0.4), (2344.213, 1.0), (2382.764, 1.2), (2600.173, 1.2), (2796.354, 1.7),
                 (2803.532, 1.5))
_DAMPED_WIDTH, _PLACES, _LEAST_SIGMA = 0.6, 4, 80.0  # Angstrom; per kind; km/s, half a pixel of the default grid


def draw(z: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """``metal_z`` and ``metal_width`` (rest Angstrom), shape (n, n_systems, 4); the width is 0 where there is no absorber."""
    place_z = np.zeros((z.size, len(SYSTEMS), _PLACES))
    width = np.zeros_like(place_z)
    for number, system in enumerate(SYSTEMS):
        low, high = system.z_range
        path = np.maximum(np.minimum(z, high) - low, 0)
        count = rng.poisson(system.per_redshift * path)
        place_z[:, number] = low + path[:, None] * rng.random((z.size, _PLACES))
        drawn = LEAST + rng.exponential(system.mean_width, (z.size, _PLACES))
        width[:, number] = np.where(np.arange(_PLACES) < count[:, None], drawn, 0)
    return {"metal_z": place_z, "metal_width": width}


def absorb(flux: NDArray, wave: NDArray, metals: dict[str, NDArray], z_damped: NDArray) -> None:
    """Cut metal lines into observed-frame spectra, in place.

    Parameters
    ----------
    flux : ndarray, shape (n, n_pix)
        Spectra.
    wave : ndarray, shape (n_pix,)
        Observed wavelength, Angstrom.
    metals : dict
        From `draw`.
    z_damped : ndarray, shape (n,)
        Redshift of the strongest damped system, NaN where there is none.
    """
    tau = np.zeros(flux.shape, np.float32)
    for number, system in enumerate(SYSTEMS):
        for place in range(_PLACES):
            _add_lines(tau, wave, system.lines, metals["metal_z"][:, number, place], metals["metal_width"][:, number, place])
    has = np.isfinite(z_damped)
    _add_lines(tau, wave, _DAMPED_LINES, np.where(has, z_damped, 0), np.where(has, _DAMPED_WIDTH, 0))
    np.negative(tau, out=tau)
    flux *= np.exp(tau, out=tau)


def _add_lines(tau, wave, lines, z, width):
    rows = np.flatnonzero(width > 0)
    if not rows.size:
        return
    part = np.zeros((rows.size, wave.size), np.float32)
    for rest, relative in lines:
        strength = relative * width[rows]
        # Clouds add velocity rather than depth: the central optical depth grows to one and stays there
        sigma = np.maximum(_LEAST_SIGMA, 0.55 * C_KM_S * strength / rest)
        x = C_KM_S * strength / rest / (np.sqrt(2 * np.pi) * sigma)
        saturation = 1 + 0.354 * x + 0.154 * x**2 + 0.07 * x**3  # tau / x, from 1 - exp(-tau) of a Gaussian integrated over it
        centre = rest * (1 + z[rows])
        add_gaussians(part, wave, centre, centre * sigma / C_KM_S, saturation * strength * (1 + z[rows]))
    tau[rows] += part
