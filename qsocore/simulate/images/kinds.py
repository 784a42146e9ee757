"""The classes of a simulated image survey: what each is drawn by, mixtures of them, and what a survey has taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, did_you_mean
from qsocore.simulate import population
from qsocore.simulate.images import blends, dwarfs, galaxies, lenses, morphology, quasars
from qsocore.simulate.images.scene import Scene

Draw = Callable[[int, np.random.Generator], tuple[Scene, dict[str, NDArray]]]

KINDS: Mapping[str, Draw] = MappingProxyType({
    "QSO": quasars.draw, "LENS": lenses.draw,
    **{letter: partial(dwarfs.draw, letter=letter) for letter in dwarfs.FIRST},
    **{kind: partial(galaxies.draw, kind=kind) for kind in galaxies.POPULATIONS},
    "BLEND": blends.draw, **{kind: partial(morphology.draw, kind=kind) for kind in morphology.CLASSES}})
"""Every class and what draws n of it."""

NEAR_CUTS = MappingProxyType({"QSO": {"z_from": 5.58}, "LENS": {"z_from": 5.58}} | {
    kind: {"z_from": 0.965, "faint": 20.7} for kind in galaxies.POPULATIONS})
"""What a class is told when only what passes the cuts of "glq" is wanted, so that less is drawn in vain: nothing nearer has
i - z > 1, and no galaxy fainter has z < 21 in the aperture."""

MIXTURES: Mapping[str, Mapping[str, float]] = MappingProxyType({
    "des": MappingProxyType({"QSO": 0.15, "LENS": 0.10, "M": 0.15, "L": 0.10, "T": 0.10, "PASSIVE": 0.15, "STARFORMING": 0.15,
                             "BLEND": 0.10}),
    # In proportion as the crossmatched catalogue of glq_mpia, by its colours: 77 % M dwarfs, 16 % galaxies, 4 % L and T
    "glq": MappingProxyType({"M": 0.765, "PASSIVE": 0.15, "BLEND": 0.035, "L": 0.042, "T": 0.006, "QSO": 0.002}),
    "morphology": MappingProxyType(dict.fromkeys(morphology.CLASSES, 0.2))})
"""Mixtures that have a name."""

SELECTIONS = ("none", "glq")
"""What a survey may have taken: everything drawn, or what glq_mpia looked at; see `qsocore.simulate.images.selection`."""


@dataclass(frozen=True)
class ImageSample:
    """What of each class a survey has taken, and how well its labels are.

    Parameters
    ----------
    selection : str
        One of `SELECTIONS`; galaxies of the morphology set are always taken.
    label_noise : float
        Share of the galaxies of the morphology set whose ``class`` is wrong, hard ones first; ``true_class`` is right.
    """

    selection: str = "none"
    label_noise: float = 0.0

    def __post_init__(self):
        if self.selection not in SELECTIONS:
            raise ConfigError(f"no selection is called {self.selection!r}", "selection",
                              did_you_mean(self.selection, SELECTIONS))
        if not 0 <= self.label_noise < 1:
            raise ConfigError(f"label noise {self.label_noise} is not a share", "label-noise", "0 to 1")


DEFAULT_SAMPLE = ImageSample()


def check_mixture(mixture: Mapping[str, float]) -> dict[str, float]:
    """Fractions of the classes in the order of `KINDS`, which add up to one.

    Raises
    ------
    ConfigError
        For an unknown class, a negative weight, or none above zero.
    """
    for name, weight in mixture.items():
        if name not in KINDS:
            raise ConfigError(f"no class of images is called {name!r}", "mixture", did_you_mean(name, KINDS))
        if not weight >= 0:
            raise ConfigError(f"{name} has the weight {weight}", "mixture", "weights are zero or more")
    total = sum(mixture.values())
    if not total > 0:
        raise ConfigError("all weights are zero", "mixture")
    return {name: mixture[name] / total for name in KINDS if mixture.get(name, 0) > 0}


def parse_mixture(words: Iterable[str]) -> dict[str, float]:
    """A mixture from ``CLASS=WEIGHT`` words, or one of `MIXTURES` by its name; what does not fit is a `ConfigError`."""
    words = list(words)
    if len(words) == 1 and "=" not in words[0]:
        if words[0] not in MIXTURES:
            raise ConfigError(f"no mixture is called {words[0]!r}", "mixture", did_you_mean(words[0], MIXTURES))
        return dict(MIXTURES[words[0]])
    return population.parse_mixture(words)
