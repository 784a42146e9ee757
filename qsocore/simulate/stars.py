"""Stars of classes O to L, white dwarfs, carbon stars and cataclysmic variables."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.simulate.photometry import magnitudes
from qsocore.simulate.star_emission import chromosphere
from qsocore.simulate.star_templates import redshifted, template_wave, templates
from qsocore.units import C_KM_S

_ROWS = 256  # stars made at a time, to keep to a few MB
_VELOCITY = 100.0  # km/s, dispersion of radial velocities


@dataclass(frozen=True)
class Kind:
    """One class of star: its share of a survey and what its members are drawn from.

    Parameters
    ----------
    share : float
        Of all stars that a quasar survey observes, whether as calibrators, by programme or by mistake.
    family : str
        Key of `qsocore.simulate.star_templates.templates`.
    teff : (float, float)
        Limits of the temperature, K; drawn uniformly in its logarithm.
    mag_i : (float, float)
        Mean and standard deviation of the i magnitude.
    feh : (float, float)
        Mean and standard deviation of [Fe/H], dex.
    strength : (float, float)
        Median and scatter (ln) of the hydrogen lines' strength.
    """

    share: float
    family: str
    teff: tuple[float, float]
    mag_i: tuple[float, float]
    feh: tuple[float, float] = (0.0, 0.3)
    strength: tuple[float, float] = (1.0, 0.12)


KINDS = MappingProxyType({
    "O": Kind(0.005, "dwarf", (30000, 48000), (18.0, 1.2)),
    "B": Kind(0.02, "dwarf", (10200, 26000), (18.2, 1.0)),
    "A": Kind(0.10, "dwarf", (7500, 10000), (18.4, 1.0), (-1.0, 0.6), (0.85, 0.15)),
    "F": Kind(0.27, "dwarf", (6050, 7500), (18.3, 1.1), (-1.4, 0.6)),
    "G": Kind(0.12, "dwarf", (5350, 6050), (18.4, 1.0), (-1.4, 0.6)),
    "K": Kind(0.14, "dwarf", (3850, 5300), (18.6, 1.0), (-0.9, 0.6)),
    "M": Kind(0.23, "dwarf", (2650, 3800), (19.0, 0.9), (-0.1, 0.25)),
    "L": Kind(0.015, "dwarf", (1400, 2300), (20.3, 0.5), (0.0, 0.2)),
    "WD": Kind(0.06, "DA", (7000, 40000), (19.0, 0.9), strength=(0.9, 0.15)),
    "C": Kind(0.015, "carbon", (2900, 4700), (18.2, 1.2), (-0.5, 0.4)),
    "CV": Kind(0.025, "CV", (9000, 30000), (19.4, 0.9), strength=(1.0, 0.45)),
})
"""Classes as in the pipelines' subclass; the shares are ours: those of a survey of faint blue stars, rare classes raised."""

_WITHOUT_HYDROGEN = 0.35  # of the white dwarfs: DB, and DC where helium is too cool to show
_ACTIVE, _ACTIVE_BELOW = 0.33, 3300.0  # share of dwarfs with H-alpha in emission, and below which temperature (K)
_FEH_POWER = 0.30  # how metal lines on the damping part of the curve of growth follow abundance

COLUMNS = (
    Column("teff", "float32", "truth", "K", "True effective temperature of a star"),
    Column("feh", "float32", "truth", "dex", "True iron abundance [Fe/H] of a star"),
)


def draw(n: int, rng: np.random.Generator, kind: str | None = None) -> dict[str, NDArray]:
    """Draw what n stars are.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        Source of chance.
    kind : str, optional
        Key of `KINDS` that all of them are of; by default each by its share.

    Returns
    -------
    dict of ndarray, first axis n
        ``subclass`` (a key of `KINDS`), ``true_z`` (radial velocity / c), ``teff`` (K), ``feh`` (dex), ``mag_i`` (AB),
        ``family``, ``strength`` (n, 3) of hydrogen, metals and molecules, ``ew_ha`` (Angstrom) of the chromosphere.
    """
    if kind:
        return draw_subclass(np.full(n, kind, object), rng)
    shares = np.array([kind.share for kind in KINDS.values()])
    subclass = rng.choice(np.array(list(KINDS), object), size=n, p=shares / shares.sum())
    return draw_subclass(subclass, rng)


def draw_subclass(subclass: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Draw stars whose classes are given; see `draw`."""
    kinds = [KINDS[name] for name in subclass]
    n = len(kinds)

    def normal(pairs):
        mean, sigma = np.array(pairs, float).reshape(-1, 2).T
        return mean + sigma * rng.standard_normal(n)

    low, high = np.log([kind.teff for kind in kinds]).reshape(-1, 2).T
    teff = np.exp(rng.uniform(low, high))
    feh = np.clip(normal([kind.feh for kind in kinds]), -3.0, 0.5)
    median, scatter = np.array([kind.strength for kind in kinds]).reshape(-1, 2).T
    strength = np.stack([median * np.exp(scatter * rng.standard_normal(n)),
                         10 ** (_FEH_POWER * feh) * np.exp(0.08 * rng.standard_normal(n)),
                         10 ** (_FEH_POWER * feh) * np.exp(0.08 * rng.standard_normal(n))], axis=1)
    family = np.array([kind.family for kind in kinds], object)
    family[(subclass == "WD") & (rng.random(n) < _WITHOUT_HYDROGEN)] = "DB"
    active = (family == "dwarf") & (teff < _ACTIVE_BELOW) & (rng.random(n) < _ACTIVE)
    ew_ha = np.where(active, 4.0 * np.exp(0.5 * rng.standard_normal(n)), 0.0)
    return {"subclass": subclass, "true_z": _VELOCITY / C_KM_S * rng.standard_normal(n), "teff": teff, "feh": feh,
            "mag_i": normal([kind.mag_i for kind in kinds]), "family": family, "strength": strength.astype(np.float32),
            "ew_ha": ew_ha}


def spectra(truth: dict[str, NDArray], wave: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noiseless spectra, normalised to ``mag_i`` in synthetic, photon-counting SDSS i.

    Parameters
    ----------
    truth : dict
        From `draw`.
    wave : ndarray, shape (n_pix,)
        Observed vacuum wavelength, Angstrom, within 1750-11,600.
    rng : numpy.random.Generator
        Unused: all that is drawn of a star is in `truth`.

    Returns
    -------
    ndarray, shape (n, n_pix)
        f_lambda, 1e-17 erg/s/cm2/Angstrom.
    """
    flux = np.empty((len(truth["true_z"]), wave.size), np.float32)
    for family in np.unique(truth["family"].astype(str)):
        of_family = np.flatnonzero(truth["family"] == family)
        for first in range(0, of_family.size, _ROWS):
            rows = of_family[first:first + _ROWS]
            rest = templates(family).spectra(truth["teff"][rows], truth["strength"][rows])
            active = truth["ew_ha"][rows] > 0
            lines = np.multiply.outer(truth["ew_ha"][rows][active], chromosphere(template_wave()))
            rest[active] *= (1 + lines).astype(np.float32)
            seen = magnitudes(rest, template_wave())["mag_i"]
            flux[rows] = redshifted(rest, wave, truth["true_z"][rows])
            flux[rows] *= (10 ** (0.4 * (seen - truth["mag_i"][rows]))).astype(np.float32)[:, None]
    return flux


def catalogue(truth: dict[str, NDArray], wave: NDArray) -> dict[str, NDArray]:
    """The truth as catalogue columns."""
    return {name: truth[name] for name in ("true_z", "subclass", "teff", "feh")}
