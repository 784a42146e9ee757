"""Galaxies from the ultraviolet to 5 um, for bands: our starlight, carried on into the infrared.

`qsocore.simulate.galaxies` makes the spectra that a spectrograph resolves, of the same `qsocore.simulate.starlight`; this
is for photometry.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate import nebula
from qsocore.simulate.bands import BANDS, STEP, band_fluxes, band_wave
from qsocore.simulate.dust import LN_PER_MAG, calzetti
from qsocore.simulate.profiles import add_gaussians
from qsocore.simulate.star_templates import template_wave
from qsocore.simulate.starlight import AGES, populations

# The H- bump at 1.6 um, then the Vega colours of giants, K - W1 = 0.1 and W1 - W2 = -0.05
INFRARED = np.array([(1.17, 1.0), (1.30, 1.06), (1.60, 1.15), (1.90, 1.02), (2.20, 0.89), (2.70, 0.62), (3.40, 0.41),
                      (4.60, 0.22), (6.0, 0.135)])
"""f_nu of an old population in the infrared relative to 1.17 um: um, ratio."""
_YOUNG_SLOPE = -1.6  # f_nu ~ lambda^slope of hot stars there, near Rayleigh and Jeans
_YOUNG = 2  # populations that are hot stars throughout
_FIRST, _LAST = 900.0, 60000.0  # rest Angstrom
_LOG_Z = np.linspace(0.0, np.log(3.2), 141)  # ln(1 + z) of the table of band fluxes
_EBV = np.array([0.0, 0.1, 0.2, 0.35, 0.6, 1.0])


@cache
def rest_wave() -> NDArray[np.float64]:
    """Rest wavelengths of `components`, Angstrom: a multiple of `qsocore.simulate.bands.STEP` apart, in log10."""
    return 10 ** np.arange(np.log10(_FIRST), np.log10(_LAST), STEP)


@cache
def components() -> NDArray[np.float32]:
    """f_lambda of the populations of `qsocore.simulate.starlight.AGES`, 1 at 5500 Angstrom, and of their gas.

    Returns
    -------
    ndarray, shape (n_ages + 1, n_wave)
        On `rest_wave`. The last are the emission lines of star formation per unit of light of the youngest 0.3 Gyr.
    """
    wave = rest_wave()
    stars = np.stack([_carried_on(light, number < _YOUNG) for number, light in enumerate(populations()[1])])
    return np.concatenate([stars, _gas(wave)[None]]).astype(np.float32)


def _carried_on(light: NDArray, young: bool) -> NDArray[np.float64]:
    """One population (n_template,) on `rest_wave`: a power law below the templates' range, the bump of cool stars above."""
    wave, at = rest_wave(), template_wave()
    step = at.size // 200
    slope = np.log(light[step] / light[0]) / np.log(at[step] / at[0])
    below = light[0] * (wave / at[0]) ** slope * (wave > 912)
    um = wave / 1e4
    f_nu = (um / INFRARED[0, 0]) ** _YOUNG_SLOPE if young else np.exp(np.interp(np.log(um), np.log(INFRARED[:, 0]),
                                                                               np.log(INFRARED[:, 1])))
    end = np.interp(INFRARED[0, 0] * 1e4 - 50, at, light)
    above = end * f_nu * (INFRARED[0, 0] / um) ** 2
    inside = np.interp(wave, at, light)
    return np.where(wave < at[0], below, np.where(um > INFRARED[0, 0], above, inside))


def _gas(wave: NDArray) -> NDArray[np.float64]:
    """Emission lines (n_wave,) behind the young stars' H-alpha of 140 Angstrom, as in `qsocore.simulate.galaxies`."""
    rng = np.random.default_rng(0)
    ratios = nebula.ratios(np.array([-0.5]), np.array([0.1]), np.zeros(1, int), rng)[0]
    flux = np.zeros((1, wave.size), np.float32)
    for centre, ratio in zip(nebula.line_waves(), ratios, strict=True):
        add_gaussians(flux, wave, centre, 2 * centre * STEP, 140.0 * ratio)
    return flux[0]


def spectra(truth: dict[str, NDArray]) -> NDArray[np.float32]:
    """Observed f_lambda (n, n_wave) on `qsocore.simulate.bands.band_wave`, in units of rest f_lambda at 5500 Angstrom.

    Parameters
    ----------
    truth : dict of ndarray, first axis n
        ``true_z``, ``ages`` (n, n_ages) shares of light at 5500 Angstrom, ``ebv`` of the stars (Calzetti et al. 2000).
    """
    ages = truth["ages"]
    young = ages[:, :_YOUNG].sum(axis=1)
    rest = np.concatenate([ages, young[:, None]], axis=1).astype(np.float32) @ components()  # (n, n_wave)
    rest *= reddening(truth["ebv"])
    return redshifted(rest, truth["true_z"])


def fluxes(truth: dict[str, NDArray]) -> NDArray[np.float64]:
    """Band fluxes (n, n_bands), microjansky per unit of the spectra of `spectra`, a hundred times as fast: from a table.

    Parameters
    ----------
    truth : dict of ndarray, first axis n
        As for `spectra`; redshifts to 2.2 and E(B-V) to 1 are tabulated, and the ends hold beyond.
    """
    ages = truth["ages"]
    shares = np.concatenate([ages, ages[:, :_YOUNG].sum(axis=1, keepdims=True)], axis=1)  # (n, n_components)
    low_z, up_z = _between(np.log1p(truth["true_z"]), _LOG_Z)
    low_e, up_e = _between(truth["ebv"], _EBV)
    table = _table()
    light = sum((z * e)[:, None, None] * table[low_z + one, low_e + other]
                for one, z in ((0, 1 - up_z), (1, up_z)) for other, e in ((0, 1 - up_e), (1, up_e)))
    return np.einsum("ncb,nc->nb", np.exp(light), shares)


def _between(values: NDArray, nodes: NDArray) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Node below each value, and how far it is to the next."""
    place = np.interp(values, nodes, np.arange(nodes.size))
    low = np.minimum(place.astype(int), nodes.size - 2)
    return low, place - low


@cache
def _table() -> NDArray[np.float32]:
    """Ln of band fluxes of the components alone, shape (n_z, n_ebv, n_components, n_bands)."""
    z, ebv, which = (axis.ravel() for axis in np.meshgrid(np.expm1(_LOG_Z), _EBV, np.arange(len(AGES) + 1), indexing="ij"))
    rest = components()[which] * reddening(ebv)
    flux = band_fluxes(redshifted(rest, z))
    return np.log(np.maximum(flux, 1e-12)).reshape(_LOG_Z.size, _EBV.size, len(AGES) + 1, len(BANDS))


def reddening(ebv: NDArray) -> NDArray[np.float32]:
    """Transmission (n, n_wave) on `rest_wave` of E(B-V) (n,); Calzetti's curve is held beyond its range."""
    curve = calzetti(np.clip(rest_wave(), 1200, 22000)).astype(np.float32)
    dust = np.multiply.outer((-LN_PER_MAG * ebv).astype(np.float32), curve)
    return np.exp(dust, out=dust)


def redshifted(rest: NDArray, z: NDArray) -> NDArray[np.float32]:
    """Spectra (n, n_wave) on `rest_wave` as seen at redshifts (n,) on `band_wave`: both are logarithmic, so a shift."""
    start = (np.log10(band_wave()[0] / _FIRST) - np.log10(1 + z)) / STEP
    below = np.floor(start).astype(int)
    share = (start - below).astype(np.float32)[:, None]
    index = np.clip(below[:, None] + np.arange(band_wave().size + 1), 0, rest.shape[1] - 1)
    seen = np.take_along_axis(rest, index, axis=1)
    return (seen[:, :-1] * (1 - share) + seen[:, 1:] * share) / (1 + z[:, None]).astype(np.float32)


def old_stars(n: int, rng: np.random.Generator) -> dict[str, NDArray]:
    """Passive galaxies: ``ages`` (n, n_ages) and ``ebv`` (n,)."""
    ages = np.zeros((n, len(AGES)))
    ages[:, 4] = rng.uniform(0.0, 0.45, n)
    ages[:, 3] = 0.05 * rng.random(n)
    ages[:, 0] = 0.004 * rng.exponential(1.0, n).clip(0, 4)
    ages[:, 5] = 1 - ages.sum(axis=1)
    return {"ages": ages, "ebv": 0.03 * rng.exponential(1.0, n)}


def forming_stars(n: int, rng: np.random.Generator) -> dict[str, NDArray]:
    """Star-forming galaxies: ``ages`` (n, n_ages) and ``ebv`` (n,)."""
    young = np.clip(10 ** (-0.6 + 0.28 * rng.standard_normal(n)), 0.02, 0.85)
    middle = (1 - young) * rng.uniform(0.15, 0.55, n)
    oldest = (1 - young - middle) * rng.uniform(0.3, 0.9, n)
    ages = np.stack([0.45 * young, 0.55 * young, 0.4 * middle, 0.6 * middle, 1 - young - middle - oldest, oldest], axis=1)
    return {"ages": ages, "ebv": np.abs(0.16 + 0.10 * rng.standard_normal(n))}
