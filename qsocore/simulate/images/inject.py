"""Simulated lensed quasars put into a survey's own sky, to measure how many graders find.

The sky is that of real cutouts: what lies at their centre is replaced by noise as there is around it, and the light of a
deflector and its images, through the PSF, with the noise of its photons, is added. Neighbours, defects and depth are the
survey's own.

What it cannot do: the wings of what lay at the centre remain outside the circle (cutouts with the least light there are
taken); the noise within it is correlated as DES's is; the lenses are those of `lenses`, quasars at z = 5.3 to 6.9 behind
early-type galaxies, seen through round Moffat profiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.sampling import ImageGrid
from qsocore.simulate.bands import BANDS
from qsocore.simulate.images import lenses, noise, photometry
from qsocore.simulate.images.observe import Seen, counts_per_microjansky
from qsocore.simulate.images.scene import render

DETECTED = 10.0
"""Least signal to noise of a lens in its best band: what is fainter is in no catalogue."""

_CIRCLE = 2.5  # radius of what is replaced, widths of the PSF
_MOST = 0.6  # of half the side, so that sky remains around it
_TRIES = 4  # cutouts looked at for each that is used
_PATIENCE = 50  # draws in vain
_LEAST_SKY = 16  # good pixels around the centre, in every band


@dataclass(frozen=True)
class Sky:
    """n cutouts whose centre is empty.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Which of those that were given.
    flux, variance : ndarray of float32, shape (n, n_bands, side, side)
        Microjansky, and its variance.
    mask : ndarray of uint8, shape (n, n_bands, side, side)
        As of the cutouts.
    fwhm : ndarray, shape (n, n_bands)
        Of the PSF, arcsec.
    """

    rows: NDArray[np.int64]
    flux: NDArray[np.float32]
    variance: NDArray[np.float32]
    mask: NDArray[np.uint8]
    fwhm: NDArray[np.float64]


def why_not(grid: ImageGrid) -> str:
    """Why nothing can be put into cutouts of this kind; empty if it can."""
    if strange := [band for band in grid.bands if band not in noise.FWHM]:
        return f"the noise of the bands {', '.join(strange)} is not known"
    if not np.isfinite([grid.pixel_scale, grid.zero_point]).all():
        return "pixel scale or zero point of the images is not known"
    return ""


def how_many_skies(n: int) -> int:
    """How many cutouts to offer for n skies, so that those with the least light around the centre can be taken."""
    return _TRIES * n


def emptied(grid: ImageGrid, flux: NDArray, ivar: NDArray, mask: NDArray, fwhm: NDArray, n: int,
            rng: np.random.Generator) -> Sky:
    """The cutouts with the least light around the centre, at most n, and the centre replaced by noise.

    Parameters
    ----------
    grid : ImageGrid
        Of the cutouts.
    flux, ivar, mask : ndarray, shape (m, n_bands, side, side)
        As in a store.
    fwhm : ndarray, shape (m, n_bands)
        Of the PSF, arcsec.
    n : int
        How many are wanted; there are fewer when fewer have good pixels around the centre.
    rng : numpy.random.Generator
        Source of chance.
    """
    unit = counts_per_microjansky(grid.zero_point)
    radius = min(_CIRCLE * fwhm.max() / grid.pixel_scale, _MOST * grid.side / 2)
    centre, wider = (noise.weights(grid.side, np.zeros((1, 2)), size)[0] for size in (radius, radius + 2))
    outside = (mask == 0) & (centre == 0)
    whole = np.flatnonzero(outside.sum(axis=(2, 3)).min(axis=1) >= _LEAST_SKY)
    sky = np.where(outside[whole], flux[whole] / unit, np.nan)  # (m, n_bands, side, side)
    level = _middle(sky)
    sigma = 1.4826 * _middle(np.abs(sky - level))
    near = outside[whole] & (wider > 0)
    mean = np.where(near, sky - level, 0).sum(axis=(2, 3)) / np.maximum(near.sum(axis=(2, 3)), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        light = (np.abs(mean) / sigma[..., 0, 0]).mean(axis=1)  # NaN or infinite where there is no noise
    best = np.argsort(light, kind="stable")
    best = np.sort(best[np.isfinite(light[best])][:n])
    rows, level, sigma = whole[best], level[best], sigma[best]
    patch = level + sigma * noise.correlated((len(rows), *grid.shape), rng)
    own = (centre == 0) & (mask[rows] == 0)
    variance = np.where(own, 1 / np.where(own, ivar[rows] * unit**2, 1), sigma**2)
    return Sky(rows, (flux[rows] / unit * (1 - centre) + patch * centre).astype(np.float32), variance.astype(np.float32),
               mask[rows], fwhm[rows])


def _middle(values: NDArray) -> NDArray:
    """Median (n, n_bands, 1, 1) of what is finite in each band of each cutout."""
    return np.nanmedian(values, axis=(2, 3), keepdims=True)


def put(grid: ImageGrid, sky: Sky, rng: np.random.Generator) -> tuple[Seen, dict[str, NDArray]]:
    """A lensed quasar into each sky; those that would not be detected are drawn anew.

    Returns
    -------
    seen : Seen
        Images, and photometry measured on them.
    truth : dict of ndarray, each (n,)
        As of `lenses.draw`.
    """
    n, columns = len(sky.rows), np.array([BANDS.index(band) for band in grid.bands])
    shift = rng.uniform(-0.5, 0.5, (n, 2))  # a cutout is made of whole pixels
    scene, truth = lenses.draw(n, rng)
    light = render(scene, grid, columns, sky.fwhm, shift)
    total = scene.total()
    for _ in range(_PATIENCE):
        faint = np.flatnonzero(_signal(light, sky) < DETECTED)
        if not faint.size:
            break
        scene, others = lenses.draw(faint.size, rng)
        light[faint], total[faint] = render(scene, grid, columns, sky.fwhm[faint], shift[faint]), scene.total()
        for name, values in others.items():
            truth[name][faint] = values
    photons = noise.add(light, np.zeros((n, len(grid.bands))), grid.bands, rng, grid.pixel_scale)
    image, variance = sky.flux + light, sky.variance + photons
    flux, error = np.full((2, n, len(BANDS)), np.nan)
    flux[:, columns], error[:, columns] = photometry.aperture(image, variance, shift, grid.pixel_scale)
    flux[:, -4:], error[:, -4:] = photometry.infrared(total[:, -4:], rng)
    return Seen(image, variance, sky.fwhm, flux, error, total), truth


def _signal(light: NDArray, sky: Sky) -> NDArray:
    """Signal to noise (n,) of light whose shape is known, in its best band."""
    return np.sqrt(np.where(sky.mask == 0, light**2 / sky.variance, 0).sum(axis=(2, 3))).max(axis=1)
