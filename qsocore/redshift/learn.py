"""Templates learned from the simulator: noiseless spectra at rest, weighted where they are observed, principal components.

A spectrum counts in the wavelengths that an instrument sees at its redshift; what lies outside weighs a hundredth, enough to
tie the parts together. Fluxes are relative to the mean spectrum, since noise follows flux more than not; those in the
Lyman-alpha forest are shrunk besides, so that no component is spent on its fluctuations. Quasars with troughs and narrow metal
lines are left out: they are outliers of a fit, not traits to be fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.grid import DEFAULT_GRID
from qsocore.models._components import ComponentsConfig
from qsocore.models.pca import PCA
from qsocore.redshift.templates import TemplateSet
from qsocore.simulate import galaxies, quasars, stars
from qsocore.simulate.instruments import INSTRUMENTS
from qsocore.simulate.observe import convolve, line_spread

_SEEN = (3590.0, 10410.0)  # Angstrom
_UNSEEN = 0.01
_SHRUNK = ((912.0, 0.003), (1217.0, 0.02))  # up to these rest wavelengths, Angstrom: by these factors
_PASSES, _BATCH = 8, 512
_DEEPEST = 0.02  # of the median: a mean spectrum fainter than this is no measure of itself (below the Lyman limit)

Truth = dict[str, NDArray]


@dataclass(frozen=True)
class Kind:
    """What a template set is learned from.

    Parameters
    ----------
    rest : (float, float)
        First and last rest wavelength, Angstrom.
    learned : (float, float)
        Redshifts of the spectra.
    z_range : (float, float)
        Redshifts at which the set is meant, somewhat fewer where sets meet.
    components : int
        How many.
    step : float
        Spacing of the templates, dex.
    n : int
        How many spectra, and
    places : int
        at how many redshifts.
    draw : callable
        ``draw(n, z, rng)`` gives what n objects at one redshift are.
    source : module
        Whose ``spectra(truth, wave, rng)`` makes them.
    """

    rest: tuple[float, float]
    learned: tuple[float, float]
    z_range: tuple[float, float]
    components: int
    step: float
    n: int
    places: int
    draw: Callable[[int, float, np.random.Generator], Truth]
    source: object


def _quasars(n: int, z: float, rng: np.random.Generator) -> Truth:
    low = min(max(z - 0.01, 0.02), 5.58)
    truth = quasars.draw(int(1.3 * n) + 8, rng, "flat", (low, low + 0.02))
    whole = np.flatnonzero(truth["ai_civ"] == 0)[:n]
    truth = {name: values[whole] for name, values in truth.items()}
    clean = {"metal_width": np.zeros_like(truth["metal_width"]), "z_dla": np.full(len(whole), np.nan)}
    return truth | clean | {"true_z": np.full(len(whole), z)}


def _galaxies(n: int, z: float, rng: np.random.Generator) -> Truth:
    truth = galaxies.draw(40 * n, rng)
    near = np.argsort(np.abs(truth["true_z"] - z))[:n]  # whose kinds are those found at that redshift
    return {name: values[near] for name, values in truth.items()} | {"true_z": np.full(n, z)}


def _stars(*kinds: str) -> Callable[[int, float, np.random.Generator], Truth]:
    def draw(n: int, z: float, rng: np.random.Generator) -> Truth:
        return stars.draw_subclass(rng.choice(np.array(kinds, object), n), rng) | {"true_z": np.full(n, z)}
    return draw


_WIDE = DEFAULT_GRID.step  # 155 km/s
_STAR = {"rest": (3480.0, 10700.0), "learned": (0.0, 0.0), "z_range": (-0.0035, 0.0035), "components": 6, "step": _WIDE,
         "n": 2048, "places": 1, "source": stars}
KINDS = MappingProxyType({
    "QSO-HIZ": Kind((545.0, 4480.0), (1.35, 5.6), (1.55, 5.6), 40, _WIDE, 4800, 80, _quasars, quasars),
    "QSO-LOZ": Kind((1190.0, 10450.0), (0.005, 2.0), (0.005, 1.75), 40, _WIDE, 4800, 80, _quasars, quasars),
    "GALAXY": Kind((1760.0, 10520.0), (-0.003, 1.02), (-0.003, 1.02), 12, _WIDE / 2, 3000, 30, _galaxies, galaxies),
    "STAR-OBA": Kind(draw=_stars("O", "B", "A"), **_STAR), "STAR-FG": Kind(draw=_stars("F", "G"), **_STAR),
    "STAR-K": Kind(draw=_stars("K"), **_STAR), "STAR-ML": Kind(draw=_stars("M", "L"), **_STAR),
    "STAR-WD": Kind(draw=_stars("WD"), **_STAR), "STAR-C": Kind(draw=_stars("C"), **_STAR),
    "STAR-CV": Kind(draw=_stars("CV"), **_STAR),
})


def learn(name: str, seed: int = 0, components: int | None = None) -> TemplateSet:
    """Learn one set.

    Parameters
    ----------
    name : str
        Key of `KINDS`.
    seed : int
        Everything follows from it.
    components : int, optional
        How many, instead of the kind's own number.
    """
    kind = KINDS[name]
    n_rest = int(np.log10(kind.rest[1] / kind.rest[0]) / kind.step)
    wave = kind.rest[0] * 10 ** (kind.step * np.arange(n_rest))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(list(KINDS).index(name),)))
    parts = [*_simulate(kind, wave, rng)]
    flux, weight = (np.concatenate([part[i] for part in parts]) for i in (0, 1))  # (n, n_rest)
    shrunk = np.ones(n_rest)
    for end, factor in reversed(_SHRUNK):
        shrunk[wave < end] = factor
    scale, mean = _scales(flux, weight * shrunk**2)
    unit = (mean / shrunk).astype(np.float32)
    x, w = (torch.from_numpy(values.astype(np.float32)) for values in (flux / scale[:, None] / unit, weight))
    model = PCA(n_rest, ComponentsConfig(components or kind.components))
    model.initialise(x[::2], w[::2])
    for _ in range(_PASSES):
        for first in range(0, len(x), _BATCH):
            model.accumulate(x[first:first + _BATCH], w[first:first + _BATCH])
        model.update()
    centre, directions, scatter = _whitened(model, x, w)
    return TemplateSet(name, float(np.log10(wave[0])), kind.step, centre * unit, directions * unit,
                       (scatter / shrunk).astype(np.float32), kind.z_range)


def _simulate(kind: Kind, wave: NDArray, rng: np.random.Generator) -> Iterator[tuple[NDArray, NDArray]]:
    """Spectra at rest as an instrument of BOSS's resolution sees them, and their weights, (n, n_rest) each, by redshift."""
    instrument, low, high = INSTRUMENTS.get("boss"), *kind.learned
    edges = wave[0] * 10 ** (kind.step * (np.arange(wave.size + 1) - 0.5))
    redshifts = [0.0] if kind.places == 1 else low + (high - low) * (np.arange(kind.places) + 0.5) / kind.places
    for z in redshifts:
        truth = kind.draw(kind.n // kind.places, z, rng)
        seen = wave * (1 + z)
        flux = kind.source.spectra(truth, seen, rng)
        inside = np.clip(seen, *_SEEN)
        sigma = instrument.at("lsf", inside) / inside * seen
        flux = convolve(flux, line_spread(seen, edges * (1 + z), sigma))
        weight = np.where((seen >= _SEEN[0]) & (seen <= _SEEN[1]), 1.0, _UNSEEN)
        yield flux, np.broadcast_to(weight, flux.shape)


def _scales(flux: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    """Amplitude of each spectrum (n,), and the mean spectrum (n_rest,) with a floor."""
    scale = (flux * weight).sum(axis=1) / weight.sum(axis=1)
    for _ in range(3):
        mean = (weight * (flux / scale[:, None])).sum(axis=0) / weight.sum(axis=0)
        mean = np.maximum(mean, _DEEPEST * np.median(mean))
        scale = (weight * flux / mean).sum(axis=1) / weight.sum(axis=1)
    return scale, mean


def _whitened(model: PCA, x: torch.Tensor, w: torch.Tensor) -> tuple[NDArray, NDArray, NDArray]:
    """Mean, components times the scatter of their coefficients, and what they leave out, relative to the mean spectrum."""
    with torch.no_grad():
        latents = torch.cat([model.encode(x[i:i + _BATCH], w[i:i + _BATCH]) for i in range(0, len(x), _BATCH)]).double()
        left = sum((w[i:i + _BATCH] * (x[i:i + _BATCH] - model.decode(latents[i:i + _BATCH].float())).square()).sum(dim=0)
                   for i in range(0, len(x), _BATCH)) / w.sum(dim=0)
    centre = latents.mean(dim=0)
    variance, axes = torch.linalg.eigh(torch.cov(latents.T))
    order = torch.argsort(variance, descending=True)
    mixing = (axes * variance.clamp_min(0).sqrt())[:, order].T  # (k, k)
    components = model.components.double()
    mean = model.mean.double() + centre @ components
    return mean.float().numpy(), (mixing @ components).float().numpy(), left.sqrt().numpy()


def made(seed: int) -> dict[str, object]:
    """What templates of that seed were made by."""
    return {"command": "qso templates", "seed": seed, "code_version": __version__,
            "kinds": {name: {"rest": kind.rest, "learned": kind.learned, "z_range": kind.z_range, "n": kind.n,
                             "components": kind.components} for name, kind in KINDS.items()}}
