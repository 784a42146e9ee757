"""Blocks: the portions in which a simulated survey is made, each from a seed of its own.

Object number i lies in block i // BLOCK whatever the length of the survey and the number of processes, so that a survey of n
objects is the beginning of a longer one of the same seed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.grid import WaveGrid
from qsocore.records import ObjectId
from qsocore.simulate import population
from qsocore.simulate.instruments import INSTRUMENTS
from qsocore.simulate.observe import Observed, Observer

BLOCK = 256
"""Objects of a block: its spectra fit a processor's cache."""


@dataclass(frozen=True)
class Survey:
    """What a simulated survey is; its blocks follow from it.

    Parameters
    ----------
    seed : int
        Seed of everything.
    instrument : str
        A member of `qsocore.simulate.instruments.INSTRUMENTS`.
    grid : WaveGrid
        Observed-frame grid.
    mixture : tuple of (str, float)
        Weights of classes.
    sample : Sample
        What of each class is taken.
    """

    seed: int
    instrument: str
    grid: WaveGrid
    mixture: tuple[tuple[str, float], ...] = field(default=tuple(population.DEMO_MIXTURE.items()))
    sample: population.Sample = population.DEFAULT_SAMPLE

    @property
    def release(self) -> str:
        """Release of its object ids: the seed and a hash of all else that the spectra depend on."""
        words = [self.instrument, self.grid.hash, list(self.mixture), __version__]
        if self.sample != population.DEFAULT_SAMPLE:
            words.append(asdict(self.sample))
        return f"{self.seed}-{hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]}"

    def to_dict(self) -> dict:
        """Plain values for a store's provenance."""
        return asdict(self) | {"grid": self.grid.name, "mixture": dict(self.mixture)}


@cache
def _observer(instrument: str, grid: WaveGrid) -> Observer:
    return Observer(INSTRUMENTS.get(instrument), grid)


def make_block(survey: Survey, number: int) -> tuple[Observed, dict[str, NDArray]]:
    """Simulate one block.

    Parameters
    ----------
    survey : Survey
        What is simulated.
    number : int
        Which block.

    Returns
    -------
    observed : Observed
        Flux, ivar, mask, each (BLOCK, n_pix), and signal to noise.
    catalog : dict of ndarray, each (BLOCK,)
        Columns under the fixed names.

    Raises
    ------
    ConfigError
        For an unknown instrument or class, or a grid the instrument cannot fill.
    """
    observer = _observer(survey.instrument, survey.grid)
    rng = np.random.default_rng(np.random.SeedSequence(survey.seed, spawn_key=(number,)))
    flux, catalog = population.draw(BLOCK, survey.grid.wave, rng, dict(survey.mixture), survey.sample)
    observed = observer.observe(flux, rng)
    name, release = observer.instrument.survey, survey.release
    native = [str(index) for index in range(number * BLOCK, (number + 1) * BLOCK)]
    ids = [str(ObjectId.make(name, release, word)) for word in native]
    return observed, {
        "object_id": np.array(ids, object), "survey": np.full(BLOCK, name, object), "release": np.full(BLOCK, release, object),
        "native_id": np.array(native, object), **catalog, "snr_median": observed.snr_median,
        "calibrated": np.ones(BLOCK, bool),
    }
