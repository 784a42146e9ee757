"""Galaxies of the five classes of Galaxy Zoo 2 that networks are trained on: round, in between, cigar, edge-on, spiral.

Every galaxy has a difficulty between 0 and 1: how near it is to what it could be mistaken for, how small beside the PSF and
how faint. Cigars and edge-on discs are what real networks confuse.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate import galaxy_light
from qsocore.simulate.bands import BANDS, fluxes_of
from qsocore.simulate.images import galaxies
from qsocore.simulate.images.dwarfs import counts
from qsocore.simulate.images.scene import Scene

CLASSES = ("ROUND", "BETWEEN", "CIGAR", "EDGEON", "SPIRAL")
TAKEN_FOR = MappingProxyType({"ROUND": "BETWEEN", "BETWEEN": "ROUND", "CIGAR": "EDGEON", "EDGEON": "CIGAR",
                              "SPIRAL": "BETWEEN"})
"""What a mistaken label calls a class."""

HARD = 0.7
"""Difficulty from which a galaxy counts as hard."""

_YOUNG = MappingProxyType({"ROUND": 0.2, "BETWEEN": 0.3, "CIGAR": 0.45, "EDGEON": 0.7, "SPIRAL": 0.9})  # share that forms stars
_R_BRIGHT, _R_FAINT = 16.0, 19.5  # r magnitudes


def draw(n: int, rng: np.random.Generator, kind: str) -> tuple[Scene, dict[str, NDArray]]:
    """Galaxies of one of `CLASSES`.

    Returns
    -------
    scene : Scene
        One component an object, two for edge-on discs and spirals, which have bulges.
    truth : dict of ndarray, each (n,)
        ``true_z``, ``true_r_e``, ``true_sersic``, ``true_q``, ``true_pa``, ``true_bulge``, ``true_arms``,
        ``true_arm_contrast``, ``true_difficulty``, ``true_hard``.
    """
    hard = rng.random(n)
    shape = _SHAPES[kind](hard, rng)
    magnitude = np.clip(counts(n, rng, _R_BRIGHT, _R_FAINT, 0.3) + 1.2 * (hard - 0.5), _R_BRIGHT, _R_FAINT + 0.7)
    r_e = np.clip((1.75 - 0.85 * hard) * 10 ** (0.08 * rng.standard_normal(n)), 0.5, 2.4) * shape.pop("larger", 1.0)
    z = np.clip(0.03 + 0.10 * rng.gamma(1.8, 0.55, n), 0.01, 0.35)
    late = rng.random(n) < _YOUNG[kind]
    disc, bulge = _light(z, late, magnitude, rng)
    scene = _with_bulge(shape, r_e, disc, bulge, rng)
    angle = scene.angle[:n]
    return scene, {"true_z": z, "true_r_e": r_e, "true_sersic": shape["index"], "true_q": shape["q"],
                   "true_pa": galaxies.position_angle(angle), "true_bulge": shape["bulge"], "true_arms": shape["arms"][:, 0],
                   "true_arm_contrast": shape["arms"][:, 1], "true_difficulty": hard, "true_hard": (hard > HARD).astype(float)}


def _with_bulge(shape: dict[str, NDArray], r_e: NDArray, disc: NDArray, bulge: NDArray, rng: np.random.Generator) -> Scene:
    """One component an object, and a rounder, smaller one of old stars where a share of the light is in the bulge."""
    n = r_e.size
    share, angle = shape["bulge"], rng.uniform(0, np.pi, n)
    rows = np.flatnonzero(share > 0)
    both = {"index": (shape["index"], np.full(rows.size, 2.5)), "r_e": (r_e, 0.25 * r_e[rows]),
            "q": (shape["q"], np.clip(2.2 * shape["q"][rows], 0.55, 0.9)), "angle": (angle, angle[rows]),
            "arms": (shape["arms"], np.zeros((rows.size, 5)))}
    flux = np.concatenate([disc * (1 - share)[:, None], (bulge * share[:, None])[rows]]).astype(np.float32)
    return Scene.make(n, flux, np.concatenate([np.arange(n), rows]),
                      **{name: np.concatenate(parts) for name, parts in both.items()})


def _light(z: NDArray, late: NDArray, magnitude: NDArray, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Fluxes (n, n_bands) of the galaxy as a whole in young and old light, both of the r magnitudes (n,)."""
    n = z.size
    old = galaxies.light({"true_z": z} | galaxy_light.old_stars(n, rng), np.full(n, -21.0))
    young = galaxies.light({"true_z": z} | galaxy_light.forming_stars(n, rng), np.full(n, -21.0))
    r = BANDS.index("r")
    old, young = (flux * (fluxes_of(magnitude) / flux[:, r])[:, None] for flux in (old, young))
    return np.where(late[:, None], young, old), old


def _smooth(index: NDArray, q: NDArray) -> dict[str, NDArray]:
    return {"index": index, "q": q, "bulge": np.zeros(q.size), "arms": np.zeros((q.size, 5))}


def _round(hard: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    n = hard.size
    return _smooth(rng.uniform(2, 5, n), 0.85 + 0.15 * np.clip(1 - hard + 0.3 * rng.standard_normal(n), 0.02, 1))


def _between(hard: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Axis ratios of 0.5 to 0.85, hard ones near either end."""
    n = hard.size
    away = 0.175 * np.clip(hard + 0.2 * rng.standard_normal(n), 0, 0.98)
    return _smooth(rng.uniform(1.5, 4.5, n), 0.675 + np.where(rng.random(n) < 0.6, away, -away))


def _cigar(hard: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Axis ratios below 0.4: easy ones of about 0.35, hard ones as thin as discs and of their profile."""
    n = hard.size
    q = np.clip(0.39 - 0.16 * hard + 0.03 * rng.standard_normal(n), 0.2, 0.42)
    return _smooth(np.clip(2.6 - 1.4 * hard + 0.3 * rng.standard_normal(n), 1, 3), q) | {"larger": 1.15}


def _edge_on(hard: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Thin discs with bulges; hard ones are thicker and have hardly a bulge."""
    n = hard.size
    q = np.clip(0.11 + 0.14 * hard + 0.02 * rng.standard_normal(n), 0.1, 0.27)
    bulge = np.clip(0.32 - 0.30 * hard + 0.05 * rng.standard_normal(n), 0.0, 0.5)
    return _smooth(np.ones(n), q) | {"bulge": bulge, "larger": 1.45}


def _spiral(hard: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
    """Discs inclined by less than 60 degrees with two to four arms, a bulge, and a bar in three of ten."""
    n = hard.size
    cos = rng.uniform(0.5, 1.0, n)
    contrast = np.clip(0.75 - 0.45 * hard + 0.06 * rng.standard_normal(n), 0.2, 0.8)
    bar = np.where(rng.random(n) < 0.3, rng.uniform(0.06, 0.16, n), 0.0)
    arms = np.stack([rng.choice([2, 3, 4], n, p=(0.6, 0.2, 0.2)), contrast, np.radians(rng.uniform(12, 35, n)),
                     rng.uniform(0, 2 * np.pi, n), bar], axis=1)
    arms[:, 2] *= rng.choice([-1, 1], n)  # winding either way
    return {"index": np.ones(n), "q": np.sqrt(cos**2 + 0.15**2 * (1 - cos**2)), "bulge": rng.uniform(0.02, 0.25, n),
            "arms": arms, "larger": 1.6}


_SHAPES = {"ROUND": _round, "BETWEEN": _between, "CIGAR": _cigar, "EDGEON": _edge_on, "SPIRAL": _spiral}


def mislabelled(kind: NDArray, difficulty: NDArray, share: float, rng: np.random.Generator) -> NDArray:
    """Classes (n,) of which a share, hard ones first, are called what they are `TAKEN_FOR`."""
    wrong = rng.random(kind.size) < np.minimum(2 * share * difficulty, 1)
    return np.where(wrong, np.array([TAKEN_FOR.get(name, name) for name in kind], object), kind)
