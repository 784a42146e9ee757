"""The spectrum of a fit, to be drawn through its bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.sed import galaxies, physical, quasars
from qsocore.sed.fit import BOTH, Fit
from qsocore.sed.stars import Stars, own_stars
from qsocore.simulate.bands import band_wave, per_f_lambda


@dataclass(frozen=True)
class Curve:
    """A spectrum as observed.

    Parameters
    ----------
    wave : ndarray, shape (n_wave,)
        Vacuum Angstrom.
    flux : ndarray, shape (n_wave,)
        Microjansky.
    parts : dict of str to ndarray
        Its components ("quasar", "galaxy") where there are two, (n_wave,) each.
    """

    wave: NDArray[np.float64]
    flux: NDArray[np.float64]
    parts: dict[str, NDArray[np.float64]]


def curve_of(fit: Fit, stars: Stars | None = None) -> Curve:
    """The spectrum of a fit.

    Parameters
    ----------
    fit : Fit
        Of `qsocore.sed.fit`, `qsocore.sed.optimum` or `qsocore.sed.sample`.
    stars : Stars, optional
        The library that it was fitted with, our own by default.

    Raises
    ------
    ConfigError
        When the library has not the fit's star.
    """
    if fit.kind == "star":
        return Curve(band_wave(), fit.parameters["amplitude"] * _f_nu((stars or own_stars()).spectrum(fit.template)), {})
    forest, _, history = fit.template.partition(" + ") if fit.kind == BOTH else (fit.template, "", fit.template)
    parts = {}
    if fit.kind != "galaxy":
        parts["quasar"] = _f_nu(_quasar(fit, forest))
    if fit.kind != "quasar":
        parts["galaxy"] = _f_nu(_galaxy(fit, history))
    return Curve(band_wave(), np.sum(list(parts.values()), axis=0), parts if fit.kind == BOTH else {})


def _f_nu(light: NDArray) -> NDArray[np.float64]:
    return light * per_f_lambda()


def _quasar(fit: Fit, forest: str) -> NDArray[np.float64]:
    one = fit.parameters
    light = quasars.spectra(*(np.array([value]) for value in (fit.z, one["tilt"], one["ebv"], one["opacity"])), forest)[0]
    return light * 10 ** (0.4 * (quasars.MAGNITUDE - one["m_1450"]))


def _galaxy(fit: Fit, history: str) -> NDArray[np.float64]:
    one = fit.parameters
    z, ebv = np.array([one["z_galaxy"]]), np.array([one["ebv_galaxy"]])
    shares, amplitude = (physical.light_of(one) if history == physical.CONSTANT
                         else (galaxies.TEMPLATES[history], one["amplitude"]))
    return amplitude * galaxies.spectra(np.array([shares]), z, ebv)[0]
