"""Passive and star-forming galaxies: Schechter functions, sizes of their luminosity and redshift, Sersic profiles."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate import galaxy_light
from qsocore.simulate.bands import BANDS, magnitudes_of
from qsocore.simulate.cosmology import comoving_distance, distance_modulus, volume_per_redshift
from qsocore.simulate.images.scene import Scene

_ARCSEC = np.degrees(1.0) * 3600  # in a radian
_C_ANGSTROM = 2.99792458e18
Z_FROM, _Z_TO = 0.05, 1.6


class Population(NamedTuple):
    """What one kind of galaxies is drawn from.

    Parameters
    ----------
    m_star, alpha : float
        Of the Schechter function at rest 5500 Angstrom, AB, at z = 0.
    evolution : float
        Magnitudes by which it brightens per unit redshift.
    size, size_slope, size_evolution : float
        Half-light semi-major axis (kpc) at `m_star` and z = 0, d log10 R_e / d log10 L, power of 1 + z.
    """

    m_star: float
    alpha: float
    evolution: float
    size: float
    size_slope: float
    size_evolution: float


# Near the luminosity functions of red and blue galaxies of Faber et al. (2007), ApJ 665, 265, and the sizes of early and late
# types of van der Wel et al. (2014), ApJ 788, 28
POPULATIONS = {"PASSIVE": Population(-21.3, -0.5, 0.9, 5.0, 0.6, -1.2),
               "STARFORMING": Population(-20.9, -1.2, 1.1, 6.0, 0.3, -0.6)}
BRIGHT, FAINT = 17.0, 21.5
"""z magnitudes between which they are drawn."""


def light(truth: dict[str, NDArray], m_rest: NDArray) -> NDArray[np.float32]:
    """Band fluxes (n, n_bands), microjansky, of galaxies of absolute AB magnitudes (n,) at rest 5500 Angstrom.

    Parameters
    ----------
    truth : dict of ndarray, first axis n
        As for `qsocore.simulate.galaxy_light.fluxes`.
    m_rest : ndarray, shape (n,)
        Without the dust.
    """
    z = truth["true_z"]
    f_nu = 10 ** (-0.4 * (m_rest + distance_modulus(z) - 2.5 * np.log10(1 + z) + 48.60))
    at = 5500.0 * (1 + z)
    scale = f_nu * _C_ANGSTROM / at**2 * 1e17 * (1 + z)
    return (galaxy_light.fluxes(truth) * scale[:, None]).astype(np.float32)


def kpc_to_arcsec(z: NDArray) -> NDArray[np.float64]:
    """Arcsec per kpc at redshifts (n,)."""
    return _ARCSEC * (1 + z) / (1e3 * comoving_distance(z))


def draw(n: int, rng: np.random.Generator, kind: str, z_from: float = Z_FROM,
         faint: float = FAINT) -> tuple[Scene, dict[str, NDArray]]:
    """Galaxies of a kind of `POPULATIONS`, with one Sersic profile each, beyond a redshift and above a brightness in z."""
    flux, truth = _seen(n, rng, kind, z_from, faint)
    population, z = POPULATIONS[kind], truth["true_z"]
    bright = -0.4 * (truth["true_m_5500"] - population.m_star + population.evolution * z)  # log10 L / L*
    size = population.size * 10 ** (population.size_slope * bright + 0.15 * rng.standard_normal(n))
    r_e = np.clip(size * (1 + z) ** population.size_evolution * kpc_to_arcsec(z), 0.1, 3.0)
    if kind == "PASSIVE":
        index, q = np.clip(4 + 0.9 * rng.standard_normal(n), 1.5, 6.0), rng.uniform(0.45, 1.0, n)
    else:
        cos = rng.random(n)  # of the inclination of a disc of thickness 0.2
        index, q = np.clip(1.1 + 0.35 * rng.standard_normal(n), 0.5, 2.5), np.sqrt(cos**2 + 0.2**2 * (1 - cos**2))
    angle = rng.uniform(0, np.pi, n)
    scene = Scene.make(n, flux, index=index, r_e=r_e, q=q, angle=angle)
    return scene, truth | shape_columns(scene)


def shape_columns(scene: Scene) -> dict[str, NDArray]:
    """The truth about profiles, of scenes of one component an object."""
    return {"true_r_e": scene.r_e, "true_sersic": scene.index, "true_q": scene.q,
            "true_pa": position_angle(scene.angle)}


def position_angle(angle: NDArray) -> NDArray[np.float64]:
    """Degrees from north through east, (n,), of angles (radian) from x, which is west, towards y, which is north."""
    return (np.degrees(angle) - 90) % 180


def _seen(n: int, rng: np.random.Generator, kind: str, z_from: float, faint: float) -> tuple[NDArray, dict[str, NDArray]]:
    """Fluxes and truth of n galaxies bright enough: drawn in a volume, of which some are too faint."""
    parts, have = [], 0
    while have < n:
        m = 2 * (n - have) + 16
        truth, m_rest = _in_volume(m, rng, kind, z_from, faint)
        flux = light(truth, m_rest)
        magnitude = magnitudes_of(flux[:, BANDS.index("z")])
        seen = (magnitude > BRIGHT) & (magnitude < faint)
        kept = {"flux": flux, "true_z": truth["true_z"], "true_m_5500": m_rest, "true_ebv": truth["ebv"]}
        parts.append({name: values[seen] for name, values in kept.items()})
        have += int(seen.sum())
    truth = {name: np.concatenate([part[name] for part in parts])[:n] for name in parts[0]}
    return truth.pop("flux"), truth


def _in_volume(n: int, rng: np.random.Generator, kind: str, z_from: float,
               faint: float) -> tuple[dict[str, NDArray], NDArray]:
    """Redshifts, stars and absolute magnitudes of galaxies that can be bright enough to be seen."""
    population = POPULATIONS[kind]
    z_table, below = _volume(kind, z_from, faint)
    z = np.interp(rng.random(n), below, z_table)
    relative, share = _schechter(kind)
    brighter = np.interp(_faintest(z, population, faint), relative, share)
    m = np.interp(rng.random(n) * brighter, share, relative) + population.m_star - population.evolution * z
    stars = galaxy_light.old_stars if kind == "PASSIVE" else galaxy_light.forming_stars
    return {"true_z": z} | stars(n, rng), m


def _faintest(z: NDArray, population: Population, faint: float) -> NDArray[np.float64]:
    """Magnitude relative to M* below which no galaxy is seen; half a magnitude is for colours bluer than flat."""
    return faint + 0.5 - distance_modulus(z) + 2.5 * np.log10(1 + z) - population.m_star + population.evolution * z


@cache
def _volume(kind: str, z_from: float, faint: float) -> tuple[NDArray, NDArray]:
    """Redshifts and the share below them of all the galaxies that can be seen."""
    z = np.linspace(z_from, _Z_TO, 312)
    m, share = _schechter(kind)
    weight = volume_per_redshift(z) * np.interp(_faintest(z, POPULATIONS[kind], faint), m, share)
    return z, np.cumsum(weight) / weight.sum()


@cache
def _schechter(kind: str) -> tuple[NDArray, NDArray]:
    """Magnitudes relative to M* and the share of galaxies brighter; four magnitudes' worth."""
    m = np.linspace(-2.5, 2.0, 400)
    x = 10 ** (-0.4 * m)
    share = np.cumsum(x ** (POPULATIONS[kind].alpha + 1) * np.exp(-x))
    return m, share / share[-1]
