"""Galaxies from passive to bursting: starlight of six ages, gas where the BPT diagram has it, Calzetti dust."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.preprocess.indices import INDICES, edges_of
from qsocore.simulate import nebula
from qsocore.simulate.dust import LN_PER_MAG, calzetti
from qsocore.simulate.photometry import magnitudes
from qsocore.simulate.profiles import add_gaussians
from qsocore.simulate.star_templates import redshifted, template_wave
from qsocore.simulate.starlight import populations, starlight
from qsocore.units import C_KM_S

_ROWS = 256  # galaxies made at a time, to keep to a few MB
_NEBULAR = 0.44  # E(B-V) of the stars over that of the gas (Calzetti et al. 2000)

TYPES = ("passive", "star-forming", "composite", "seyfert", "liner")
_SHARES = {"main": (0.36, 0.48, 0.06, 0.04, 0.06), "luminous red": (0.95, 0.0, 0.01, 0.01, 0.03)}  # ours, near SDSS's
_LUMINOUS_RED = 0.35  # of all galaxies

COLUMNS = (
    Column("d4000n", "float32", "truth", "", "D4000n of the noiseless rest-frame starlight (Balogh et al. 1999)"),
    Column("ew_ha", "float32", "truth", "Angstrom", "True rest equivalent width of H-alpha in emission"),
    Column("young", "float32", "truth", "", "True share of stars younger than 0.3 Gyr in the light at 5500 Angstrom"),
    Column("sigma_v", "float32", "truth", "km s-1", "True velocity dispersion of the stars"),
)


def draw(n: int, rng: np.random.Generator) -> dict[str, NDArray]:
    """Draw what n galaxies are: the flux-limited main sample of SDSS and luminous red galaxies.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    dict of ndarray, first axis n
        ``true_z``, ``type`` (number in `TYPES`), ``subclass`` (as the SDSS pipeline would call it), ``young``, ``ew_ha``
        (Angstrom), ``log_nii``, ``log_oiii``, ``lines`` (n, n_lines) over H-alpha before dust, ``ages`` (n, n_ages) shares of
        light at 5500 Angstrom, ``ebv`` of the stars, ``sigma_v`` and ``sigma_gas`` (km/s), ``d4000n``, ``mag_i`` (AB, in the
        fibre).
    """
    red = rng.random(n) < _LUMINOUS_RED
    kind = np.where(red, rng.choice(len(TYPES), n, p=_SHARES["luminous red"]), rng.choice(len(TYPES), n, p=_SHARES["main"]))
    truth = {"type": kind} | _place(red, rng) | _stars(kind, rng)
    truth |= _gas(kind, truth["young"], rng)
    truth["subclass"] = _subclass(truth)
    truth["d4000n"] = _d4000n(truth["ages"])
    return truth


def _place(red: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Redshift and fibre magnitude: r < 17.77 (Strauss et al. 2002) and red galaxies as in Prakash et al. (2016)."""
    n = red.size
    z_main = 0.02 + 0.10 * rng.gamma(1.8, 0.55, n)
    z_red = np.clip(0.52 + 0.16 * rng.standard_normal(n), 0.15, 0.98)
    z = np.where(red, z_red, np.minimum(z_main, 0.5))
    mag_main = np.maximum(18.1 - rng.exponential(1 / (0.6 * np.log(10)), n), 14.5)  # counts rise as 10^(0.6 m)
    mag_red = 20.5 + 4.5 * np.log10(z_red / 0.55) + 0.4 * rng.standard_normal(n)
    return {"true_z": z, "mag_i": np.where(red, mag_red, mag_main),
            "sigma_v": np.clip(np.where(red, 240, 170) + 40 * rng.standard_normal(n), 60, 400)}


def _stars(kind: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Share of young light, of every age, and dust."""
    n = kind.size
    passive, forming = kind == 0, kind == 1
    young = 10 ** np.where(forming, -0.68 + 0.28 * rng.standard_normal(n), -1.4 + 0.3 * rng.standard_normal(n))
    young = np.clip(np.where(passive, 0.004 * rng.exponential(1.0, n), young), 0, 0.85)
    middle = (1 - young) * np.where(passive, 0.06, np.where(forming, 0.32, 0.18)) * rng.uniform(0.3, 1.7, n)
    oldest = (1 - young - middle) * np.where(forming, rng.uniform(0.4, 0.9, n), rng.uniform(0.6, 1.0, n))
    ages = np.stack([0.45 * young, 0.55 * young, 0.4 * middle, 0.6 * middle, 1 - young - middle - oldest, oldest], axis=1)
    ebv = np.where(passive, 0.02 * rng.exponential(1.0, n), np.abs(0.13 + 0.08 * rng.standard_normal(n)))
    return {"young": young, "ages": ages, "ebv": ebv}


def _gas(kind: NDArray, young: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Strength, width and ratios of the emission lines."""
    n = kind.size
    log_nii, log_oiii = _bpt(kind, young, rng)
    ew_ha = np.choose(kind, [0.15 * rng.exponential(1.0, n), 140 * young, 40 * young + 4, np.full(n, 12.0), np.full(n, 3.0)])
    ew_ha = ew_ha * 10 ** (0.2 * (kind > 0) * rng.standard_normal(n))
    sigma = np.array([170.0, 75.0, 110.0, 160.0, 180.0])[kind] * np.exp(0.2 * rng.standard_normal(n))
    return {"ew_ha": ew_ha, "sigma_gas": sigma, "log_nii": log_nii, "log_oiii": log_oiii,
            "lines": nebula.ratios(log_nii, log_oiii, np.maximum(kind - 2, 0), rng)}


def _bpt(kind: NDArray, young: NDArray, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Place in the BPT diagram, log [N II]/H-alpha and log [O III]/H-beta: the younger the stars the poorer in metals the gas.

    Composites lie between the lines of Kauffmann et al. (2003) and Kewley et al. (2001), Seyferts and LINERs above the latter.
    """
    n = kind.size
    log_nii = np.clip(-0.30 - 0.85 * young + 0.13 * rng.standard_normal(n), -1.7, -0.25)
    ridge = nebula.star_forming(log_nii, rng)
    nuclear = np.array([0.0, 0.0, -0.22, -0.05, 0.10])[kind] + 0.10 * rng.standard_normal(n)
    log_nii = np.choose(kind, [log_nii, log_nii, np.minimum(nuclear, -0.08), *[np.clip(nuclear, -0.5, 0.35)] * 2])
    least, most = np.maximum(nebula.kauffmann(log_nii), -1.5), nebula.kewley(log_nii)
    between = least + (most - least) * rng.uniform(0.1, 0.9, n)
    above = np.abs(rng.standard_normal(n))
    seyfert, liner = np.maximum(most + 0.03, 0.65) + 0.2 * above, np.maximum(most + 0.03, 0.20) + 0.1 * above
    return log_nii, np.choose(kind, [ridge, ridge, between, seyfert, liner])


def _subclass(truth: dict[str, NDArray]) -> NDArray:
    """The SDSS pipeline's names: AGN above its line in the BPT diagram, else STARBURST where H-alpha exceeds 50 Angstrom."""
    agn = truth["log_oiii"] > 0.7 - 1.2 * (truth["log_nii"] + 0.4)
    names = np.where(agn, "AGN", np.where(truth["ew_ha"] > 50, "STARBURST", "STARFORMING")).astype(object)
    names[truth["type"] == 0] = ""
    return names


def _d4000n(ages: NDArray) -> NDArray[np.float32]:
    above, below = _break()
    return ((ages @ above) / (ages @ below)).astype(np.float32)


@cache
def _break() -> tuple[NDArray, NDArray]:
    """Mean flux of each population (n_ages,) above and below the break, of which a galaxy's are the sums."""
    return INDICES["d4000n"].means(populations()[1].astype(np.float64), edges_of(template_wave()))


def spectra(truth: dict[str, NDArray], wave: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noiseless observed-frame spectra, normalised to ``mag_i`` in synthetic, photon-counting SDSS i.

    Parameters
    ----------
    truth : dict
        From `draw`.
    wave : ndarray, shape (n_pix,)
        Observed vacuum wavelength, Angstrom.
    rng : numpy.random.Generator
        Unused: all that is drawn of a galaxy is in `truth`.

    Returns
    -------
    ndarray, shape (n, n_pix)
        f_lambda, 1e-17 erg/s/cm2/Angstrom.
    """
    n = len(truth["true_z"])
    flux = np.empty((n, wave.size), np.float32)
    i_band = np.linspace(6700.0, 8600.0, 400)
    for first in range(0, n, _ROWS):
        rows = slice(first, first + _ROWS)
        part = {name: values[rows] for name, values in truth.items()}
        rest = starlight(part["ages"], part["sigma_v"])  # (m, n_wave)
        dust = np.multiply.outer(-LN_PER_MAG * part["ebv"], calzetti(template_wave())).astype(np.float32)
        rest *= np.exp(dust, out=dust)
        seen = magnitudes(_observe(rest, part, i_band), i_band)["mag_i"]
        flux[rows] = _observe(rest, part, wave)
        flux[rows] *= (10 ** (0.4 * (seen - part["mag_i"]))).astype(np.float32)[:, None]
    return flux


def line_fluxes(truth: dict[str, NDArray]) -> NDArray[np.float64]:
    """Line fluxes over H-alpha as they are seen, behind the dust of the gas, shape (n, n_lines), as `nebula.LINES`."""
    relative = calzetti(nebula.line_waves()) - calzetti(nebula.wave_of("h_alpha"))
    return truth["lines"] * np.exp(-LN_PER_MAG / _NEBULAR * np.multiply.outer(truth["ebv"], relative))


def _observe(rest: NDArray, truth: dict[str, NDArray], wave: NDArray) -> NDArray[np.float32]:
    """Starlight (n, n_wave) at its redshift with the gas in front, shape (n, n_pix), not yet scaled."""
    flux = redshifted(rest, wave, truth["true_z"])
    beside = np.abs(template_wave() - nebula.wave_of("h_alpha")) < 60
    h_alpha = truth["ew_ha"] * rest[:, beside].mean(axis=1)
    area = line_fluxes(truth) * h_alpha[:, None]
    stretch, pixel = 1 + truth["true_z"], np.gradient(wave)
    for centre, line in zip(nebula.line_waves(), area.T, strict=True):
        at = centre * stretch
        sigma = np.maximum(at * truth["sigma_gas"] / C_KM_S, 0.5 * np.interp(at, wave, pixel))  # else sampling loses flux
        add_gaussians(flux, wave, at, sigma, line * stretch)
    return flux


def catalogue(truth: dict[str, NDArray], wave: NDArray) -> dict[str, NDArray]:
    """The truth as catalogue columns."""
    return {name: truth[name] for name in ("true_z", "subclass", "ebv", *(column.name for column in COLUMNS))}
