"""Line and band opacities of stellar atmospheres: functions of wavelength whose strength is an equivalent width or a depth."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

STARK, LORENTZ = 1.25, 1.0
"""Exponents of the wings: tau ~ d^-5/2 in the electric fields of a plasma (Holtsmark), tau ~ d^-2 of a damped line."""


@cache
def _width_per_scale(depth: float, power: float) -> float:
    """Equivalent width over scale of a line with optical depth ``depth (1 + (d / scale)^2)^-power``."""
    x = np.sinh(np.linspace(-9, 9, 20001))
    return float(np.trapezoid(-np.expm1(-depth * (1 + x * x) ** -power), x))


def wing_line(wave: NDArray, centre: float, width: float, depth: float, power: float = STARK) -> NDArray[np.float64]:
    """Optical depth of a line with wings, of a given equivalent width.

    Parameters
    ----------
    wave : ndarray, shape (n_pix,)
        Wavelength, Angstrom.
    centre, width : float
        Centre and equivalent width, Angstrom; a width of 0 gives no line.
    depth : float
        Optical depth at the centre; with the width it fixes how broad the line is.
    power : float
        `STARK` or `LORENTZ`.
    """
    if width <= 0:
        return np.zeros_like(wave)
    scale = width / _width_per_scale(depth, power)
    return depth * (1 + ((wave - centre) / scale) ** 2) ** -power


def gauss_lines(wave: NDArray, centre: NDArray, width: NDArray, sigma: NDArray) -> NDArray[np.float64]:
    """Optical depth of weak, unresolved lines, each a Gaussian whose area is its equivalent width where it is thin.

    Parameters
    ----------
    wave : ndarray, shape (n_pix,)
        Rising wavelengths, Angstrom.
    centre, width, sigma : ndarray, shape (n_lines,)
        Centre, equivalent width and standard deviation of each line, Angstrom.
    """
    tau = np.zeros_like(wave)
    for at, area, spread in zip(centre, width, sigma, strict=True):
        near = slice(*np.searchsorted(wave, (at - 6 * spread, at + 6 * spread)))
        tau[near] += area / (spread * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((wave[near] - at) / spread) ** 2)
    return tau


def band(wave: NDArray, head: float, reach: float, edge: float = 3.0) -> NDArray[np.float64]:
    """Shape of a molecular band: a sharp head, then an exponential fall.

    Parameters
    ----------
    wave : ndarray, shape (n_pix,)
        Wavelength, Angstrom.
    head : float
        Wavelength of the band head.
    reach : float
        e-folding length in Angstrom; negative when the band is degraded to the blue.
    edge : float
        Half-width of the head, Angstrom.
    """
    away = (wave - head) * np.sign(reach)
    with np.errstate(over="ignore"):
        return np.exp(-np.clip(away, 0, None) / abs(reach)) / (1 + np.exp(-np.clip(away / edge, -60, 60)))
