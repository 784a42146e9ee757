"""A population: how many of each class, and what each class is made by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, did_you_mean
from qsocore.simulate.dust import LN_PER_MAG, galactic
from qsocore.simulate.photometry import magnitudes
from qsocore.units import C_KM_S

SOURCES = MappingProxyType({"QSO": "quasars", "STAR": "stars", "GALAXY": "galaxies"})
"""Class and the module that makes it: ``draw(n, rng)``, ``spectra(truth, wave, rng)``, ``catalogue(truth, wave)``."""

DEMO_MIXTURE = MappingProxyType({"QSO": 0.55, "STAR": 0.25, "GALAXY": 0.20})

# Scatter (km/s) of a pipeline's redshift: quasars after Lyke et al. (2020), the others after Bolton et al. (2012)
_Z_SCATTER = MappingProxyType({"QSO": 200.0, "STAR": 10.0, "GALAXY": 30.0})
_GALACTIC_EBV = 0.04  # mean at high latitude


def check_mixture(mixture: Mapping[str, float]) -> dict[str, float]:
    """Fractions of the classes, in the order of `SOURCES`, made to add up to one.

    Raises
    ------
    ConfigError
        For an unknown class, a negative weight, or none above zero.
    """
    for name, weight in mixture.items():
        if name not in SOURCES:
            raise ConfigError(f"no class is called {name!r}", "mixture", did_you_mean(name, SOURCES))
        if not weight >= 0:
            raise ConfigError(f"{name} has the weight {weight}", "mixture", "weights are zero or more")
    total = sum(mixture.values())
    if not total > 0:
        raise ConfigError("all weights are zero", "mixture")
    return {name: mixture[name] / total for name in SOURCES if mixture.get(name, 0) > 0}


def parse_mixture(words: Iterable[str]) -> dict[str, float]:
    """A mixture from ``CLASS=WEIGHT`` words; what does not fit is a `ConfigError`."""
    mixture = {}
    for word in words:
        name, _, weight = word.partition("=")
        try:
            mixture[name] = float(weight)
        except ValueError:
            raise ConfigError(f"{word!r} is not of the form CLASS=WEIGHT", "mixture", "as in QSO=0.6 STAR=0.4") from None
    return mixture


def draw(n: int, wave: NDArray, rng: np.random.Generator, mixture: Mapping[str, float] = DEMO_MIXTURE
         ) -> tuple[NDArray[np.float32], dict[str, NDArray]]:
    """Draw n objects and make their noiseless spectra.

    Parameters
    ----------
    n : int
        How many.
    wave : ndarray, shape (n_pix,)
        Observed vacuum wavelength, Angstrom.
    rng : numpy.random.Generator
        Source of chance.
    mixture : mapping
        Weight of each class.

    Returns
    -------
    flux : ndarray, shape (n, n_pix)
        f_lambda behind the dust of the Galaxy, 1e-17 erg/s/cm2/Angstrom.
    catalog : dict of ndarray, each (n,)
        Truth, and class, subclass, z, z_err, z_warn, ra, dec as a survey would have them.
    """
    mixture = check_mixture(mixture)
    names = list(mixture)
    number = rng.choice(len(names), size=n, p=list(mixture.values()))
    flux = np.empty((n, wave.size), np.float32)
    parts = []
    for place, name in enumerate(names):
        rows = np.flatnonzero(number == place)
        if rows.size:
            source = import_module(f"qsocore.simulate.{SOURCES[name]}")
            truth = source.draw(rows.size, rng)
            flux[rows] = source.spectra(truth, wave, rng)
            parts.append((name, rows, source.catalogue(truth, wave)))
    catalog = _join(n, parts)
    catalog["ebv_galactic"] = draw_galactic(n, rng)
    dust = np.multiply.outer(-LN_PER_MAG * catalog["ebv_galactic"], galactic(wave).astype(np.float32))
    flux *= np.exp(dust, out=dust)
    catalog |= magnitudes(flux, wave) | pipeline(catalog["class"], catalog["true_z"], rng) | positions(n, rng)
    return flux, catalog


def draw_galactic(n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """E(B-V) of the Galaxy in front of n objects."""
    return rng.exponential(_GALACTIC_EBV, n).astype(np.float32)


def _join(n: int, parts: list[tuple[str, NDArray, dict[str, NDArray]]]) -> dict[str, NDArray]:
    """One column per name that any class has, missing where a class has it not."""
    out: dict[str, Any] = {"class": np.full(n, "", object)}
    for name, rows, columns in parts:
        out["class"][rows] = name
        for column, values in columns.items():
            text = np.asarray(values).dtype.kind in "OUT"
            out.setdefault(column, np.full(n, "", object) if text else np.full(n, np.nan))[rows] = values
    return out | {"true_class": out["class"].copy()}


def pipeline(names: NDArray, z: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Redshifts as a pipeline gives them: the true one with Gaussian scatter, never catastrophically wrong.

    Parameters
    ----------
    names, z : ndarray, shape (n,)
        True class and redshift.
    """
    kind, number = np.unique(names.astype(str), return_inverse=True)
    scatter = np.array([_Z_SCATTER[name] for name in kind])[number] / C_KM_S * (1 + z)
    return {"z": z + scatter * rng.standard_normal(z.size), "z_err": scatter.astype(np.float32),
            "z_warn": np.zeros(z.size, np.int64)}


def positions(n: int, rng: np.random.Generator) -> dict[str, NDArray]:
    """Uniform on the sphere."""
    return {"ra": rng.uniform(0, 360, n), "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, n)))}
