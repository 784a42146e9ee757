"""Latents of a simulated catalogue: made from the true parameters, for no model has seen a spectrum.

They stand in for those of a trained model where only their number counts, as in trying out a map of ten million objects. Like
a model's they are smooth, curved functions of what an object is, scattered the more the noisier its spectrum would be, and
eight numbers of about unit variance.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

N_LATENT = 8
COLUMNS = ("true_class", "true_z", "m_i", "alpha_nu", "ebv", "ai_civ", "ew_civ", "teff", "feh", "d4000n", "ew_ha",
           "snr_median")
"""Catalogue columns that they are made of."""

CLASSES = ("QSO", "STAR", "GALAXY")

_HIDDEN, _SEED = 32, 20_270_131
_SCATTER = 0.05, 0.5  # of a bright object, and what a signal to noise of 1 adds
_APART = 2.0  # how far the classes lie apart, in units of what sets the members of one apart


def latents(catalog: Mapping[str, NDArray], rng: np.random.Generator) -> NDArray[np.float32]:
    """Latents (n, 8) of objects.

    Parameters
    ----------
    catalog : mapping of str to ndarray, each (n,)
        `COLUMNS`, NaN where a class has not the parameter; ``true_class`` as numbers of `CLASSES`.
    rng : numpy.random.Generator
        Source of the scatter.
    """
    out = _curved(_inputs(catalog))
    noise = rng.standard_normal(out.shape, dtype=np.float32)
    least, at_one = _SCATTER
    noise *= (least + at_one / np.maximum(catalog["snr_median"], 1.0)).astype(np.float32)[:, None]
    out += noise
    return out


def _inputs(catalog: Mapping[str, NDArray]) -> NDArray[np.float32]:
    """Class and parameters (n, n_inputs), each about zero with unit spread within its class, zero where it is missing."""
    number = np.asarray(catalog["true_class"])
    quasar, galaxy = number == 0, number == 2
    z = catalog["true_z"]
    columns = [
        *(np.where(number == place, _APART, 0.0) for place in range(len(CLASSES))),
        np.where(quasar, (np.log1p(z) - 0.98) / 0.15, 0.0),  # in the observed frame redshift moves everything
        np.where(galaxy, (z - 0.35) / 0.15, 0.0),
        (catalog["m_i"] + 25) / 1.3, (catalog["alpha_nu"] + 0.1) / 0.2, (np.log(catalog["ebv"] + 0.005) + 3.5) / 0.8,
        np.log10(1 + catalog["ai_civ"] / 100) / 0.7, (np.log10(catalog["ew_civ"]) - 1.76) / 0.17,
        (np.log(catalog["teff"]) - 8.7) / 0.35, (catalog["feh"] + 0.8) / 0.77,
        (catalog["d4000n"] - 1.6) / 0.26, (np.log10(catalog["ew_ha"] + 0.3) - 0.4) / 0.8,
    ]
    return np.nan_to_num(np.stack(columns, axis=1).astype(np.float32), copy=False)


def _curved(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    to_hidden, offset, to_latents, mean = _network(inputs.shape[1])
    hidden = inputs @ to_hidden
    hidden += offset
    out = np.tanh(hidden, out=hidden) @ to_latents
    out -= mean
    return out


@cache
def _network(n_inputs: int) -> tuple[NDArray[np.float32], ...]:
    """Fixed weights from the inputs to the latents, these with mean 0 and variance 1 for inputs as they are expected."""
    rng = np.random.default_rng(_SEED)
    to_hidden = rng.standard_normal((n_inputs, _HIDDEN)) / np.sqrt(6)
    offset = rng.uniform(-0.7, 0.7, _HIDDEN)
    to_latents = rng.standard_normal((_HIDDEN, N_LATENT))
    own = np.zeros((len(CLASSES), n_inputs), bool)
    own[0, [3, 5, 6, 7, 8, 9]] = own[1, [10, 11]] = own[2, [4, 7, 12, 13]] = True  # which inputs a class has
    number = rng.choice(len(CLASSES), 4096, p=[0.55, 0.25, 0.20])
    expected = rng.standard_normal((number.size, n_inputs)) * own[number]
    expected[np.arange(number.size), number] = _APART
    seen = np.tanh(expected @ to_hidden + offset) @ to_latents
    to_latents /= seen.std(axis=0)
    mean = seen.mean(axis=0) / seen.std(axis=0)
    return tuple(values.astype(np.float32) for values in (to_hidden, offset, to_latents, mean))
