"""Rows of a simulated survey without their spectra: a thousand times faster, for catalogues of many millions.

What an object is (class, redshift, luminosity, slopes, dust, lines, absorbers, temperature, ages ...) is drawn as for a survey
with spectra. What would be measured on the spectrum is not: magnitudes and signal to noise follow `Relation`s that are learned
from a few thousand spectra of the same simulator and instrument, and the troughs of quasars, which depend on nothing else, are
taken from as many that are drawn and measured once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.records import ObjectId
from qsocore.simulate import bal, population, quasars, stars
from qsocore.simulate.block import Survey
from qsocore.simulate.cosmology import distance_modulus
from qsocore.simulate.dust import LN_PER_MAG, galactic
from qsocore.simulate.instruments import INSTRUMENTS
from qsocore.simulate.observe import Observer
from qsocore.simulate.photometry import BANDS, magnitudes
from qsocore.simulate.relations import Relation

ROWS = 131_072
"""Objects drawn at a time, each such portion from a seed of its own."""

_LEARNED_FROM = {"QSO": 4096, "STAR": 2816, "GALAXY": 2048}  # spectra
_PER_BIN = 128
_TROUGHS = 32_768
_CHUNK = 256  # spectra at a time, to keep to a few MB
_FAINTEST = 0.1  # signal to noise; below, its logarithm says nothing
_LEARNING = 2**32 - 1  # key of the seed that the learning has; portions are numbered from zero
_EXACT = ("true_z", "z_dla")
_KINDS = np.array(sorted(stars.KINDS), object)


@dataclass(frozen=True)
class Learned:
    """What `learn` found: a relation for each class, and troughs of quasars."""

    relations: dict[str, Relation]
    troughs: dict[str, NDArray]


def release_of(survey: Survey) -> str:
    """Release of the object ids: another than that of the survey's spectra, for these are other objects."""
    words = ["catalogue", survey.instrument, survey.grid.hash, list(survey.mixture), __version__]
    return f"{survey.seed}-{hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]}"


def learn(survey: Survey) -> Learned:
    """Simulate a few thousand spectra of each class and learn from them what `draw` needs; takes some seconds."""
    rng = np.random.default_rng(np.random.SeedSequence(survey.seed, spawn_key=(_LEARNING,)))
    observer = Observer(INSTRUMENTS.get(survey.instrument), survey.grid)
    troughs = bal.draw(_TROUGHS, rng)
    troughs = {"bi_civ": troughs["bi_civ"], "ai_civ": troughs["ai_civ"], "broad": quasars.has_broad_troughs(troughs)}
    return Learned({name: _relation(name, observer, rng) for name, _ in survey.mixture}, troughs)


def _relation(name: str, observer: Observer, rng: np.random.Generator) -> Relation:
    source, n, wave = import_module(f"qsocore.simulate.{population.SOURCES[name]}"), _LEARNED_FROM[name], observer.grid.wave
    # The rare classes of stars are learned from as many spectra as the others
    truth = stars.draw_subclass(np.resize(_KINDS, n), rng) if name == "STAR" else source.draw(n, rng)
    ebv = population.draw_galactic(n, rng)
    seen = []
    for first in range(0, n, _CHUNK):
        part = {key: values[first:first + _CHUNK] for key, values in truth.items()}
        flux = source.spectra(part, wave, rng)
        flux *= np.exp(np.multiply.outer(-LN_PER_MAG * ebv[first:first + _CHUNK], galactic(wave))).astype(np.float32)
        colours = magnitudes(flux, wave)
        snr = observer.observe(flux, rng).snr_median
        seen.append(np.column_stack([*(colours[f"mag_{band}"] for band in BANDS), np.log10(np.maximum(snr, _FAINTEST))]))
    x, features, base = _LOOKS[name](truth, ebv)
    outputs = np.concatenate(seen) - np.column_stack([base] * len(BANDS) + [np.zeros(n)])
    outputs = np.where(np.isfinite(outputs), outputs, np.nanmean(outputs, axis=0)) if np.isfinite(outputs).any() else outputs
    return Relation.learn(x, features, outputs, n // _PER_BIN)


def _quasar_looks(truth: dict[str, NDArray], ebv_galactic: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    z = truth["true_z"]
    base = truth["m_i"] + distance_modulus(z)
    return z, np.column_stack([truth["alpha_nu"], truth["ebv"] * (1 + z) ** 1.2, truth["host_fraction"], ebv_galactic,
                               *_brightness(base)]), base


def _star_looks(truth: dict[str, NDArray], ebv_galactic: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    kind = np.searchsorted(_KINDS.astype(str), truth["subclass"].astype(str))
    low, high = np.log([stars.KINDS[name].teff for name in _KINDS])[kind].T
    within = np.clip((np.log(truth["teff"]) - low) / (high - low), 0, 0.999)
    return kind + within, np.column_stack([truth["feh"], ebv_galactic, *_brightness(truth["mag_i"])]), truth["mag_i"]


def _galaxy_looks(truth: dict[str, NDArray], ebv_galactic: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    return truth["true_z"], np.column_stack([truth["young"], truth["ebv"], truth["d4000n"], ebv_galactic,
                                             *_brightness(truth["mag_i"])]), truth["mag_i"]


def _brightness(base: NDArray) -> tuple[NDArray, NDArray]:
    """A magnitude and its square: signal to noise falls the faster the fainter."""
    return base - 19.5, (base - 19.5) ** 2


_LOOKS: dict[str, Callable[..., tuple[NDArray, NDArray, NDArray]]] = {
    "QSO": _quasar_looks, "STAR": _star_looks, "GALAXY": _galaxy_looks}



def draw(survey: Survey, learned: Learned, number: int) -> dict[str, Any]:
    """One portion of `ROWS` objects.

    Parameters
    ----------
    survey : Survey
        What is simulated.
    learned : Learned
        From `learn` for this survey.
    number : int
        Which portion.

    Returns
    -------
    dict of array, each (ROWS,)
        The columns that a survey with spectra has; text as Arrow arrays.
    """
    rng = np.random.default_rng(np.random.SeedSequence(survey.seed, spawn_key=(number,)))
    names, weights = zip(*survey.mixture, strict=True)
    which = rng.choice(len(names), size=ROWS, p=weights)
    out: dict[str, Any] = {"ebv_galactic": population.draw_galactic(ROWS, rng)}
    subclass = np.full(ROWS, "", object)
    for place, name in enumerate(names):
        rows = np.flatnonzero(which == place)
        columns = _members(name, survey, learned, out["ebv_galactic"][rows], rng)
        subclass[rows] = columns.pop("subclass")
        for column, values in columns.items():
            out.setdefault(column, np.full(ROWS, np.nan, np.float64 if column in _EXACT else np.float32))[rows] = values
    classes = np.array(names, object)[which]
    out |= population.pipeline(classes, out["true_z"], rng) | population.positions(ROWS, rng)
    return _identity(survey, number) | out | {
        "class": pa.array(classes), "true_class": pa.array(classes), "subclass": pa.array(subclass, mask=subclass == ""),
        "calibrated": np.ones(ROWS, bool)}


def _members(name: str, survey: Survey, learned: Learned, ebv_galactic: NDArray, rng: np.random.Generator
             ) -> dict[str, NDArray]:
    """Catalogue columns of the objects of one class."""
    source = import_module(f"qsocore.simulate.{population.SOURCES[name]}")
    truth = quasars.draw_bare(ebv_galactic.size, rng, learned.troughs) if name == "QSO" else \
        source.draw(ebv_galactic.size, rng)
    x, features, base = _LOOKS[name](truth, ebv_galactic)
    seen = learned.relations[name].draw(x, features, rng)
    columns = source.catalogue(truth, survey.grid.wave)
    columns |= {f"mag_{band}": base + seen[:, place] for place, band in enumerate(BANDS)}
    return columns | {"snr_median": 10.0 ** seen[:, -1]}


def _identity(survey: Survey, number: int) -> dict[str, Any]:
    name, release = INSTRUMENTS.get(survey.instrument).survey, release_of(survey)
    native = pc.cast(pa.array(np.arange(number * ROWS, (number + 1) * ROWS)), pa.string())
    prefix = str(ObjectId.make(name, release, "-"))[:-1]
    return {"object_id": pc.binary_join_element_wise(prefix, native, ""), "survey": pa.repeat(name, ROWS),
            "release": pa.repeat(release, ROWS), "native_id": native}
