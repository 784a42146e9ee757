"""Quasars as fits know them: one mean spectrum, reddened by dust like the SMC's and seen through the intergalactic medium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.sed.forests import FORESTS
from qsocore.simulate import emission, quasar_light
from qsocore.simulate.bands import band_wave
from qsocore.simulate.continuum import PIVOT
from qsocore.simulate.cosmology import distance_modulus
from qsocore.simulate.dust import LN_PER_MAG, smc
from qsocore.simulate.luminosity import I_FROM_1450

MAGNITUDE = 20.0
"""Apparent AB magnitude at rest 1450 Angstrom of `spectra`; it also says how luminous a quasar the lines are of."""

_BALMER = 0.28  # height of the Balmer continuum, the median of `emission.draw_lines`
_BLOCK = 256  # spectra made at once


def unobscured(z: NDArray, tilt: NDArray) -> NDArray[np.float32]:
    """Spectra (n, n_wave) of mean quasars on `band_wave`, f_lambda in 1e-17 erg/s/cm2/Angstrom, without dust and forest.

    Continuum and hot dust of Temple, Hewett & Banerji (2021) with our lines at their medians, as
    `qsocore.simulate.quasar_light` has them; equivalent widths are those of the luminosity at `MAGNITUDE`, and `tilt` (n,) is
    added to the slopes.
    """
    z = np.asarray(z, np.float64)
    line = {name: np.array([getattr(one, name) for one in emission.LINES]) for name in ("ew", "baldwin", "sigma", "shift")}
    m_1450 = MAGNITUDE - distance_modulus(z) + 2.5 * np.log10(1 + z)
    fainter = np.clip(m_1450[:, None] + I_FROM_1450 + 25, -4, 4)
    shape = (z.size, len(emission.LINES))
    return quasar_light.emitted({
        "true_z": z, "m_1450": m_1450, "tilt": np.asarray(tilt), "ebv": np.zeros(z.size), "balmer": np.full(z.size, _BALMER),
        "line_ew": (line["ew"] * 10 ** (line["baldwin"] * fainter)).astype(np.float32),
        "line_sigma": np.broadcast_to(line["sigma"], shape), "line_shift": np.broadcast_to(line["shift"], shape)})


def reddening(z: NDArray, ebv: NDArray) -> NDArray[np.float32]:
    """Transmission (n, n_wave) of dust at the quasar relative to rest 1450 Angstrom, so that m_1450 is as observed."""
    curve = smc(band_wave() / (1 + np.asarray(z, np.float64)[:, None])) - smc(PIVOT)
    return np.exp(-LN_PER_MAG * np.asarray(ebv)[:, None] * curve).astype(np.float32)


def spectra(z: NDArray, tilt: NDArray, ebv: NDArray, opacity: NDArray, forest: str = "bosman") -> NDArray[np.float32]:
    """Observed f_lambda (n, n_wave) on `band_wave`, 1e-17 erg/s/cm2/Angstrom, of quasars of `MAGNITUDE`.

    Parameters
    ----------
    z, tilt, ebv, opacity : ndarray, shape (n,)
        Redshift, what is added to the slopes, E(B-V), factor on the optical depth of the sight line.
    forest : str
        Key of `qsocore.sed.forests.FORESTS`.
    """
    return unobscured(z, tilt) * reddening(z, ebv) * FORESTS[forest](band_wave(), np.asarray(z), opacity)


def band_table(z: NDArray, tilt: NDArray, ebv: NDArray, opacity: NDArray, forest: str,
               response: NDArray) -> NDArray[np.float64]:
    """Band fluxes, microjansky, at every combination of the axes, shape (n_z, n_tilt, n_ebv, n_opacity, n_bands).

    Parameters
    ----------
    z, tilt, ebv, opacity : ndarray
        Axes.
    forest : str
        Key of `qsocore.sed.forests.FORESTS`.
    response : ndarray, shape (n_wave, n_bands)
        `qsocore.simulate.bands.responses`.
    """
    out = np.empty((z.size, tilt.size, ebv.size, opacity.size, response.shape[1]))
    for start in range(0, z.size, _BLOCK):
        part = z[start:start + _BLOCK]
        whole = np.full(part.size, 1.0)
        through = [FORESTS[forest](band_wave(), part, factor * whole) for factor in opacity]
        dust = [reddening(part, value * whole) for value in ebv]
        for t, slope in enumerate(tilt):
            light = unobscured(part, slope * whole)
            for e, extinction in enumerate(dust):
                reddened = light * extinction
                for o, transmission in enumerate(through):
                    out[start:start + _BLOCK, t, e, o] = (reddened * transmission) @ response
    return out
