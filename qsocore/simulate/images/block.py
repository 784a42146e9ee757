"""Blocks of simulated images, each from a seed of its own; see `qsocore.simulate.block`, whose objects are spectra."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.errors import ConfigError
from qsocore.records import ObjectId
from qsocore.sampling import ImageGrid
from qsocore.simulate.bands import BANDS, magnitudes_of
from qsocore.simulate.block import BLOCK
from qsocore.simulate.images import morphology, noise, photometry, selection
from qsocore.simulate.images.kinds import DEFAULT_SAMPLE, KINDS, MIXTURES, NEAR_CUTS, ImageSample
from qsocore.simulate.images.observe import Seen, counts_per_microjansky, look
from qsocore.simulate.population import positions

SURVEY = "sim-des"
_LEAST, _MOST = 24, 1024  # objects of a class drawn at a time
_PATIENCE = 60_000  # drawn in vain before a class is given up
_FOOTPRINT = -65.0, 5.0  # declinations, degrees


def des_grid(side: int = 28) -> ImageGrid:
    """Cutouts of DES: grizY, 0.263 arcsec, zero point 30, and the median PSF."""
    return ImageGrid(tuple(noise.FWHM), side, noise.PIXEL_SCALE, noise.ZERO_POINT, tuple(noise.FWHM.values()), "des")


@dataclass(frozen=True)
class ImageSurvey:
    """What a simulated image survey is; its blocks follow from it.

    Parameters
    ----------
    seed : int
        Seed of everything.
    grid : ImageGrid
        Bands, size and scale of the cutouts; see `des_grid`.
    mixture : tuple of (str, float)
        Weights of classes of `qsocore.simulate.images.kinds.KINDS`.
    sample : ImageSample
        What of each class is taken.
    """

    seed: int
    grid: ImageGrid
    mixture: tuple[tuple[str, float], ...] = tuple(MIXTURES["des"].items())
    sample: ImageSample = DEFAULT_SAMPLE

    @property
    def release(self) -> str:
        """Release of its object ids: the seed and a hash of all else that the images depend on."""
        words = [self.grid.hash, list(self.mixture), asdict(self.sample), __version__]
        return f"{self.seed}-{hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]}"

    def to_dict(self) -> dict:
        """Plain values for a store's provenance."""
        return {"seed": self.seed, "instrument": "des", "grid": self.grid.name, "mixture": dict(self.mixture),
                "sample": asdict(self.sample)}


class ObservedImages(NamedTuple):
    """Arrays of a store's block, each (BLOCK, n_bands, side, side)."""

    flux: NDArray[np.float32]
    ivar: NDArray[np.float32]
    mask: NDArray[np.uint8]


def make_image_block(survey: ImageSurvey, number: int) -> tuple[ObservedImages, dict[str, NDArray]]:
    """Simulate one block.

    Parameters
    ----------
    survey : ImageSurvey
        What is simulated.
    number : int
        Which block.

    Returns
    -------
    observed : ObservedImages
        In the unit of the grid's zero point.
    catalog : dict of ndarray, each (BLOCK,)
        Columns under the fixed names.

    Raises
    ------
    ConfigError
        When hardly an object of a class is in the sample.
    """
    rng = np.random.default_rng(np.random.SeedSequence(survey.seed, spawn_key=(number,)))
    names = [name for name, _ in survey.mixture]
    which = rng.choice(len(names), BLOCK, p=[weight for _, weight in survey.mixture])
    parts, truths, rows = [], [], []
    for place in np.unique(which):
        here = np.flatnonzero(which == place)
        seen, truth = _taken(names[place], here.size, survey, rng)
        parts.append(seen)
        truths.append((here, truth))
        rows.append(here)
    order = np.argsort(np.concatenate(rows))
    seen = Seen.join(parts).take(order)
    kind = np.array(names, object)[which]
    catalog = _catalogue(seen, kind, _join(truths), survey, rng)
    return _arrays(seen, survey.grid), _named(survey, number) | catalog


def _taken(name: str, n: int, survey: ImageSurvey, rng: np.random.Generator) -> tuple[Seen, dict[str, NDArray]]:
    """So many objects of a class that are in the sample, and the truth about them: drawn and seen until there are enough."""
    cut = survey.sample.selection == "glq" and name not in morphology.CLASSES
    parts, truths, have, drawn = [], [], 0, 0
    while have < n:
        hope = 1.3 * (n - have) * (drawn + 4) / (have + 1) if cut else n
        m = int(np.clip(hope, _LEAST, _MOST)) if cut else n
        scene, truth = KINDS[name](m, rng, **(NEAR_CUTS.get(name, {}) if cut else {}))
        total = scene.total()
        infrared = photometry.infrared(total[:, -4:], rng)
        keep = np.arange(m)
        if cut:
            keep = np.flatnonzero(selection.hopeful(total) & selection.infrared(*infrared))
        drawn += m
        if keep.size:
            seen = look(scene.take(keep), total[keep], tuple(values[keep] for values in infrared), survey.grid, rng)
            passed = np.flatnonzero(selection.taken(seen.flux, seen.error)) if cut else np.arange(keep.size)
            parts.append(seen.take(passed))
            truths.append({column: values[keep[passed]] for column, values in truth.items()})
            have += passed.size
        if drawn > _PATIENCE and have < n * 0.02:
            raise ConfigError(f"of {drawn:,} objects of the class {name} only {have} are in the sample",
                              f"--selection {survey.sample.selection}", f"leave {name} out of --mixture, or select nothing")
    truth = {column: np.concatenate([part[column] for part in truths])[:n] for column in truths[0]}
    return Seen.join(parts).take(np.arange(n)), truth


def _join(parts: list[tuple[NDArray, dict[str, NDArray]]]) -> dict[str, NDArray]:
    """One column (BLOCK,) per name that any class has, missing where a class has it not."""
    out: dict[str, NDArray] = {}
    for rows, truth in parts:
        for column, values in truth.items():
            text = values.dtype.kind == "O"
            out.setdefault(column, np.full(BLOCK, "", object) if text else np.full(BLOCK, np.nan))[rows] = values
    return out


def _named(survey: ImageSurvey, number: int) -> dict[str, NDArray]:
    native = [str(index) for index in range(number * BLOCK, (number + 1) * BLOCK)]
    ids = [str(ObjectId.make(SURVEY, survey.release, word)) for word in native]
    return {"object_id": np.array(ids, object), "survey": np.full(BLOCK, SURVEY, object),
            "release": np.full(BLOCK, survey.release, object), "native_id": np.array(native, object)}


def _spectroscopic(truth: dict[str, NDArray]) -> dict[str, NDArray]:
    """Redshifts of galaxies of the morphology set: such are classified where a survey of spectra has been."""
    shaped = np.isfinite(truth.get("true_difficulty", np.full(BLOCK, np.nan)))
    return {"z": np.where(shaped, truth["true_z"], np.nan)} if shaped.any() else {}


def _catalogue(seen: Seen, kind: NDArray, truth: dict[str, NDArray], survey: ImageSurvey,
               rng: np.random.Generator) -> dict[str, NDArray]:
    subclass = truth.pop("subclass", np.full(BLOCK, "", object))
    sky = positions(BLOCK, rng)
    low, high = np.sin(np.radians(_FOOTPRINT))
    sky["dec"] = np.degrees(np.arcsin(rng.uniform(low, high, BLOCK)))
    difficulty = np.nan_to_num(truth.get("true_difficulty", np.zeros(BLOCK)))
    label = morphology.mislabelled(kind, difficulty, survey.sample.label_noise, rng)
    magnitude = magnitudes_of(seen.total)
    total = {f"true_mag_{band}": magnitude[:, number] for number, band in enumerate(BANDS)}
    width = {f"psf_fwhm_{band}": seen.fwhm[:, number] for number, band in enumerate(survey.grid.bands)}
    named = {"class": label, "subclass": subclass, "true_class": kind, "true_subclass": subclass}
    return sky | _spectroscopic(truth) | named | truth | total | width | photometry.catalogue(seen.flux, seen.error)


def _arrays(seen: Seen, grid: ImageGrid) -> ObservedImages:
    unit = np.float32(counts_per_microjansky(grid.zero_point))
    ivar = (1 / (unit**2 * seen.variance)).astype(np.float32)
    return ObservedImages(seen.image * unit, ivar, np.zeros(seen.image.shape, np.uint8))
