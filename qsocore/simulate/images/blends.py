"""Blends: two objects that a catalogue takes for one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate.bands import BANDS
from qsocore.simulate.images import dwarfs, galaxies
from qsocore.simulate.images.scene import Scene

_PAIRS = (("M", "M"), ("M", "PASSIVE"), ("M", "STARFORMING"), ("PASSIVE", "PASSIVE"), ("PASSIVE", "STARFORMING"),
          ("L", "PASSIVE"), ("L", "M"))
_SHARES = (0.22, 0.22, 0.14, 0.16, 0.12, 0.08, 0.06)
_CLOSEST, _WIDEST = 0.5, 2.4  # arcsec: closer than the PSF to what a deblender parts


def draw(n: int, rng: np.random.Generator) -> tuple[Scene, dict[str, NDArray]]:
    """Pairs; ``subclass`` names both, ``true_separation`` is in arcsec and ``true_contrast`` in magnitudes of z."""
    which = rng.choice(len(_PAIRS), n, p=_SHARES)
    first, second = (_members([_PAIRS[number][side] for number in which], rng) for side in (0, 1))
    apart, turn = rng.uniform(_CLOSEST, _WIDEST, n), rng.uniform(0, 2 * np.pi, n)
    contrast = dwarfs.counts(n, rng, 0.0, 2.5, 0.15)  # magnitudes by which the second is fainter
    z = BANDS.index("z")
    ratio = 10 ** (-0.4 * contrast) * first.flux[:, z] / second.flux[:, z]
    second.flux = (second.flux * ratio[:, None]).astype(np.float32)
    second.x, second.y = apart * np.cos(turn), apart * np.sin(turn)
    scene = Scene.join([(np.arange(n), first), (np.arange(n), second)], n)
    scene = scene.centred(scene.flux[:, z].astype(float))
    subclass = np.array(["+".join(_PAIRS[number]) for number in which], object)
    return scene, {"subclass": subclass, "true_separation": apart, "true_contrast": contrast}


def _members(kinds: list[str], rng: np.random.Generator) -> Scene:
    """One component per object, of the kinds given."""
    kinds = np.array(kinds)
    parts = []
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        source = dwarfs if kind in dwarfs.FIRST else galaxies
        parts.append((rows, source.draw(rows.size, rng, str(kind))[0]))
    joined = Scene.join(parts, kinds.size)
    return joined.take(np.arange(kinds.size))
