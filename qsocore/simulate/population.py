"""A population: how many of each class, and what each class is made by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, did_you_mean
from qsocore.simulate import luminosity
from qsocore.simulate.dust import LN_PER_MAG, galactic
from qsocore.simulate.photometry import magnitudes
from qsocore.units import C_KM_S

SOURCES = MappingProxyType({"QSO": "quasars", "STAR": "stars", "GALAXY": "galaxies"})
"""Class and the module that makes it: ``draw(n, rng)``, ``spectra(truth, wave, rng)``, ``catalogue(truth, wave)``."""

PARTS = MappingProxyType({"BAL": ("QSO", {"broad_troughs": True})} | {
    kind: ("STAR", {"kind": kind}) for kind in ("O", "B", "A", "F", "G", "K", "M", "L", "WD", "C", "CV")})
"""Parts of a class that may have a weight of their own in a mixture: their class, and what its ``draw`` is told."""

DEMO_MIXTURE = MappingProxyType({"QSO": 0.55, "STAR": 0.25, "GALAXY": 0.20})

# Scatter (km/s) of a pipeline's redshift: quasars after Lyke et al. (2020), the others after Bolton et al. (2012)
_Z_SCATTER = MappingProxyType({"QSO": 200.0, "STAR": 10.0, "GALAXY": 30.0})
_TAKEN_FOR = MappingProxyType({"O": ("B", "C"), "B": ("A", "O"), "C": ("K", "O")})
"""What mqc-nets' least sure labels are confused with most (its confusion matrix)."""
_GALACTIC_EBV = 0.04  # mean at high latitude


def check_mixture(mixture: Mapping[str, float], parts: bool = True) -> dict[str, float]:
    """Fractions of the classes, in the order of `SOURCES` and then (where `parts` are admitted) `PARTS`, that add up to one.

    Raises
    ------
    ConfigError
        For an unknown class, a negative weight, or none above zero.
    """
    known = (*SOURCES, *PARTS) if parts else tuple(SOURCES)
    for name, weight in mixture.items():
        if name not in known:
            raise ConfigError(f"no class is called {name!r}", "mixture", did_you_mean(name, known))
        if not weight >= 0:
            raise ConfigError(f"{name} has the weight {weight}", "mixture", "weights are zero or more")
    total = sum(mixture.values())
    if not total > 0:
        raise ConfigError("all weights are zero", "mixture")
    return {name: mixture[name] / total for name in known if mixture.get(name, 0) > 0}


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


@dataclass(frozen=True)
class Sample:
    """What of each class a survey has taken, and how well its labels are.

    Parameters
    ----------
    quasars : str
        Selection of quasars, see `qsocore.simulate.luminosity.draw`.
    z_range : (float, float)
        Redshifts of quasars.
    label_noise : float
        Share of O, B and C stars whose ``subclass`` is wrong; ``true_subclass`` is right.
    """

    quasars: str = "dr16q"
    z_range: tuple[float, float] = luminosity.Z_RANGE
    label_noise: float = 0.0

    def __post_init__(self):
        if self.quasars not in (*luminosity.SELECTIONS, luminosity.FLAT):
            raise ConfigError(f"no selection is called {self.quasars!r}", "quasars",
                              did_you_mean(self.quasars, (*luminosity.SELECTIONS, luminosity.FLAT)))
        luminosity.check_redshifts(self.z_range)
        if not 0 <= self.label_noise < 1:
            raise ConfigError(f"label noise {self.label_noise} is not a share", "Sample", "0 to 1")


DEFAULT_SAMPLE = Sample()


def draw(n: int, wave: NDArray, rng: np.random.Generator, mixture: Mapping[str, float] = DEMO_MIXTURE,
         sample: Sample = DEFAULT_SAMPLE) -> tuple[NDArray[np.float32], dict[str, NDArray]]:
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
        Weight of each class, or of parts of classes.
    sample : Sample
        What of them is taken.

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
            kind, told = PARTS.get(name, (name, {}))
            if kind == "QSO":
                told = told | {"selection": sample.quasars, "z_range": sample.z_range}
            source = import_module(f"qsocore.simulate.{SOURCES[kind]}")
            truth = source.draw(rows.size, rng, **told)
            flux[rows] = source.spectra(truth, wave, rng)
            parts.append((kind, rows, source.catalogue(truth, wave)))
    catalog = _join(n, parts)
    if sample.label_noise:
        catalog["true_subclass"] = catalog["subclass"]
        catalog["subclass"] = mislabelled(catalog["subclass"], sample.label_noise, rng)
    catalog["ebv_galactic"] = draw_galactic(n, rng)
    dust = np.multiply.outer(-LN_PER_MAG * catalog["ebv_galactic"], galactic(wave).astype(np.float32))
    flux *= np.exp(dust, out=dust)
    catalog |= magnitudes(flux, wave) | pipeline(catalog["class"], catalog["true_z"], rng) | positions(n, rng)
    return flux, catalog


def mislabelled(subclass: NDArray, share: float, rng: np.random.Generator) -> NDArray:
    """Subclasses (n,) with a share of the O, B and C stars called what they are easily taken for."""
    out = subclass.copy()
    wrong = rng.random(len(out)) < share
    pick = rng.integers(0, 2, len(out))
    for name, others in _TAKEN_FOR.items():
        here = np.flatnonzero(wrong & (subclass == name))
        out[here] = np.array(others, object)[pick[here]]
    return out


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
