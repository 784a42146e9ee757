"""Instruments: what a spectrograph does to a spectrum, one file each; a member's constant is INSTRUMENT.

Tables are nodes (wavelength, value) between which values are interpolated in wavelength.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.registry import Family
from qsocore.simulate import sky

Nodes = tuple[tuple[float, float], ...]

INSTRUMENTS = Family("instrument", "qsocore.simulate.instruments", "INSTRUMENT", "qso_atlas.instruments")


@dataclass(frozen=True)
class Instrument:
    """A spectrograph and its sky.

    Parameters
    ----------
    survey : str
        Name of the simulated survey, first part of object ids.
    citation : str
        Where its numbers come from.
    coverage : (float, float)
        First and last wavelength, vacuum Angstrom.
    pixel_width : Nodes
        Width of its own pixels, Angstrom.
    lsf : Nodes
        Standard deviation of the line spread function, Angstrom.
    sky_variance : Nodes
        Variance per own pixel between sky lines, (1e-17 erg/s/cm2/Angstrom)^2: sky continuum and detector.
    source_variance : Nodes
        Variance per own pixel and unit flux density (of the source and of sky lines).
    fibre : float
        Light of the sky in a fibre relative to one of 2 arcsec.
    residual : float
        Left of sky lines after subtraction, as a fraction of them, standard deviation in a median fibre.
    excess : float
        True noise over the one the pipeline states.
    exposure_scatter : float
        Scatter of the variance between exposures, dex.
    mask_rate : float
        Share of pixels lost to cosmic rays and bad columns.
    """

    survey: str
    citation: str
    coverage: tuple[float, float]
    pixel_width: Nodes
    lsf: Nodes
    sky_variance: Nodes
    source_variance: Nodes
    fibre: float = 1.0
    residual: float = 0.025
    excess: float = 1.0
    exposure_scatter: float = 0.05
    mask_rate: float = 0.001

    def at(self, table: str, wave: NDArray) -> NDArray[np.float64]:
        """One of the tables (by name) at vacuum wavelengths in Angstrom; variances are interpolated in their logarithm."""
        nodes, values = np.transpose(getattr(self, table))
        if table.endswith("variance"):
            return np.exp(np.interp(wave, nodes, np.log(values)))
        return np.interp(wave, nodes, values)

    def sky_lines(self, wave: NDArray) -> NDArray[np.float64]:
        """Flux density of sky lines in a fibre, 1e-17 erg/s/cm2/Angstrom."""
        return self.fibre * sky.line_flux(wave, self.at("lsf", wave))

    def variance(self, wave: NDArray, flux: NDArray | float = 0.0) -> NDArray[np.float64]:
        """Variance per own pixel, (1e-17 erg/s/cm2/Angstrom)^2, of a source of that flux density; a median exposure."""
        return self.at("sky_variance", wave) + self.at("source_variance", wave) * (self.sky_lines(wave) + np.maximum(flux, 0))
