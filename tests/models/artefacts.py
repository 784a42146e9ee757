"""What spectrographs and pipelines write that is no spectrum of anything, made from known spectra for tests.

Each function takes flux and inverse variance, (n, n_pix) each, and a generator, and gives both of the artefacts.
"""

import numpy as np


def sky_fibre(flux, ivar, rng):
    """No object: noise of the size that the errors say."""
    sigma = np.where(ivar > 0, 1 / np.sqrt(np.where(ivar > 0, ivar, 1)), 0)
    return sigma * rng.normal(size=flux.shape), ivar


def dead_fibre(flux, ivar, rng):
    """Zero everywhere."""
    return np.zeros_like(flux), ivar


def constant(flux, ivar, rng):
    """One value everywhere, with little noise."""
    level = np.abs(np.median(flux, axis=1, keepdims=True)) + 1e-3
    return level * np.ones_like(flux) * (1 + 1e-3 * rng.normal(size=flux.shape)), ivar


def step(flux, ivar, rng):
    """From some pixel on the flux is a multiple of what it should be."""
    n, n_pix = flux.shape
    at = rng.integers(n_pix // 4, 3 * n_pix // 4, (n, 1))
    factor = np.where(rng.random((n, 1)) < 0.5, 6.0, -3.0)
    return np.where(np.arange(n_pix) >= at, factor * flux, flux), ivar


def spikes(flux, ivar, rng):
    """Saturated pixels in a hundred, hundreds of times as bright as the spectrum."""
    hit = rng.random(flux.shape) < 0.01
    hit[np.arange(len(flux)), rng.integers(0, flux.shape[1], len(flux))] = True  # one at least
    top = 300 * np.abs(flux).mean(axis=1, keepdims=True)
    return np.where(hit, top * (0.5 + rng.random(flux.shape)), flux), ivar


def swapped_arms(flux, ivar, rng):
    """The red arm's half stands before the blue one's."""
    half = flux.shape[1] // 2
    return np.roll(flux, half, axis=1), np.roll(ivar, half, axis=1)


def mirrored(flux, ivar, rng):
    """The wavelengths run the other way."""
    return flux[:, ::-1].copy(), ivar[:, ::-1].copy()


def garbage_lines(flux, ivar, rng):
    """Strong narrow lines at random places and nothing else."""
    n, n_pix = flux.shape
    lines = np.zeros_like(flux)
    pixel = np.arange(n_pix)
    sigma = np.where(ivar > 0, 1 / np.sqrt(np.where(ivar > 0, ivar, 1)), 0)
    for _ in range(25):
        centre, width = rng.uniform(0, n_pix, (n, 1)), n_pix * rng.uniform(0.0008, 0.003, (n, 1))
        lines += rng.exponential(size=(n, 1)) * np.exp(-0.5 * ((pixel - centre) / width) ** 2)
    scale = 30 * np.median(sigma, axis=1, keepdims=True)
    return scale * lines + sigma * rng.normal(size=flux.shape), ivar


def fringes(flux, ivar, rng):
    """Interference in the detector: waves over the whole spectrum."""
    n, n_pix = flux.shape
    waves, phase = rng.uniform(8, 40, (n, 1)), rng.uniform(0, 2 * np.pi, (n, 1))
    return flux * (1 + 0.9 * np.sin(2 * np.pi * waves * np.arange(n_pix) / n_pix + phase)), ivar


def wandering(flux, ivar, rng):
    """A background that wanders at random, much brighter than the noise."""
    steps = rng.normal(size=flux.shape).cumsum(axis=1)
    sigma = np.where(ivar > 0, 1 / np.sqrt(np.where(ivar > 0, ivar, 1)), 0)
    steps = (steps - steps.mean(axis=1, keepdims=True)) / steps.std(axis=1, keepdims=True)
    return 20 * np.median(sigma, axis=1, keepdims=True) * steps + sigma * rng.normal(size=flux.shape), ivar


ARTEFACTS = (sky_fibre, dead_fibre, constant, step, spikes, swapped_arms, mirrored, garbage_lines, fringes, wandering)


def auroc(known, strange):
    """Chance that a strange spectrum's score is above a known one's, ties counting half."""
    known, strange = np.sort(known), np.asarray(strange)
    below, up_to = np.searchsorted(known, strange, "left"), np.searchsorted(known, strange, "right")
    return float((below + up_to).mean() / (2 * len(known)))
