"""Scenes: components with fluxes in bands, and their images through the PSF, made in Fourier space.

There a shift is a phase and a convolution is a product, so that every component is exact at any subpixel place: no profile is
sampled before it is blurred. The canvas is wider than the cutout, so that what leaves it on one side stays out of the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import fftfreq, irfft2, next_fast_len, rfftfreq

from qsocore.sampling import ImageGrid
from qsocore.simulate.images import psf, sersic, spirals

POINT = 0.0
"""Sersic index that stands for a point source."""

_AT_ONCE = 32  # objects rendered together, to fit a processor's cache


@dataclass
class Scene:
    """Components of n objects, m in all.

    Parameters
    ----------
    n : int
        Objects.
    owner : ndarray of int, shape (m,)
        Object of each component.
    x, y : ndarray, shape (m,)
        Place, arcsec from the object's catalogue position; x to the right and y up.
    flux : ndarray, shape (m, n_bands)
        Microjansky in `qsocore.simulate.bands.BANDS`.
    index : ndarray, shape (m,)
        Sersic index, or `POINT`.
    r_e : ndarray, shape (m,)
        Half-light semi-major axis, arcsec.
    q : ndarray, shape (m,)
        Axis ratio.
    angle : ndarray, shape (m,)
        Of the major axis from x towards y, radian.
    arms : ndarray, shape (m, 5)
        Of a disc: how many arms, their contrast, pitch angle and phase (radian), and the share of light in a bar; zeros for
        a smooth profile. See `qsocore.simulate.images.spirals`.
    """

    n: int
    owner: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    flux: NDArray[np.float32]
    index: NDArray[np.float64]
    r_e: NDArray[np.float64]
    q: NDArray[np.float64]
    angle: NDArray[np.float64]
    arms: NDArray[np.float64]

    @classmethod
    def make(cls, n: int, flux: NDArray, owner: NDArray | None = None, **values: ArrayLike) -> Scene:
        """A scene of components of fluxes (m, n_bands); points at their objects' places unless stated otherwise."""
        m = len(flux)
        given = {"index": POINT, "x": 0.0, "y": 0.0, "r_e": 0.0, "q": 1.0, "angle": 0.0} | values
        arms = np.broadcast_to(np.asarray(given.pop("arms", 0.0), np.float64), (m, 5))
        full = {name: np.broadcast_to(np.asarray(value, np.float64), (m,)) for name, value in given.items()}
        return cls(n, np.arange(n) if owner is None else np.asarray(owner), flux=flux, arms=arms, **full)

    def take(self, objects: NDArray) -> Scene:
        """The scene of some of the objects, in the order given and numbered anew."""
        order = np.argsort(self.owner, kind="stable")
        first = np.searchsorted(self.owner[order], objects)
        count = np.searchsorted(self.owner[order], objects, side="right") - first
        owner = np.repeat(np.arange(len(objects)), count)
        at = order[np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(count.sum())]
        parts = {field.name: getattr(self, field.name)[at] for field in fields(self) if field.name not in ("n", "owner")}
        return Scene(len(objects), owner, **parts)

    @staticmethod
    def join(scenes: Iterable[tuple[NDArray, Scene]], n: int) -> Scene:
        """One scene of n objects from scenes whose objects are those of given numbers."""
        scenes = list(scenes)
        owner = np.concatenate([rows[scene.owner] for rows, scene in scenes])
        names = [field.name for field in fields(Scene) if field.name not in ("n", "owner")]
        return Scene(n, owner, **{name: np.concatenate([getattr(scene, name) for _, scene in scenes]) for name in names})

    def total(self) -> NDArray[np.float64]:
        """Flux (n, n_bands) of each object's components."""
        out = np.zeros((self.n, self.flux.shape[1]))
        np.add.at(out, self.owner, self.flux)
        return out

    def centred(self, weights: NDArray) -> Scene:
        """The same with each object's centre of light, weighted by components' weights (m,), at its catalogue position."""
        total = np.bincount(self.owner, weights, self.n)
        x, y = (np.bincount(self.owner, weights * place, self.n) / total for place in (self.x, self.y))
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Scene(**values | {"x": self.x - x[self.owner], "y": self.y - y[self.owner]})


def render(scene: Scene, grid: ImageGrid, columns: NDArray, fwhm: NDArray, shift: NDArray) -> NDArray[np.float32]:
    """Noiseless images.

    Parameters
    ----------
    scene : Scene
        n objects.
    grid : ImageGrid
        Size and scale.
    columns : ndarray of int, shape (n_bands,)
        Columns of the scene's fluxes that are the grid's bands.
    fwhm : ndarray, shape (n, n_bands)
        Of the PSF, arcsec.
    shift : ndarray, shape (n, 2)
        Catalogue position less centre of the cutout, x and y, pixels.

    Returns
    -------
    ndarray, shape (n, n_bands, side, side)
        Microjansky per pixel.
    """
    size = next_fast_len(2 * grid.side, real=True)
    kx, ky = np.meshgrid(rfftfreq(size), fftfreq(size))  # cycles per pixel, (size, size // 2 + 1)
    away, each = np.unique(np.round(np.hypot(kx, ky) / grid.pixel_scale, 9), return_inverse=True)  # a PSF is round
    arcsec = kx / grid.pixel_scale, ky / grid.pixel_scale
    middle = (grid.side - 1) / 2
    out = np.empty((scene.n, *grid.shape), np.float32)
    order = np.argsort(scene.owner, kind="stable")
    bounds = np.searchsorted(scene.owner[order], np.arange(scene.n + 1))
    for start in range(0, scene.n, _AT_ONCE):
        stop = min(start + _AT_ONCE, scene.n)
        part = order[bounds[start]:bounds[stop]]
        owner = scene.owner[part] - start
        place = np.stack([scene.x[part], scene.y[part]]) / grid.pixel_scale + shift[scene.owner[part]].T + middle
        light = _phase(kx, ky, place)  # (m, size, size // 2 + 1)
        wound = scene.arms[part, 0] > 0
        smooth = np.flatnonzero((scene.index[part] != POINT) & ~wound)
        if smooth.size:
            at = part[smooth]
            light[smooth] *= sersic.transform(*arcsec, scene.index[at], scene.r_e[at], scene.q[at], scene.angle[at])
        for number in np.flatnonzero(wound):
            at = part[number]
            light[number] *= spirals.transform(scene.index[at], scene.r_e[at], scene.q[at], scene.angle[at], scene.arms[at],
                                               size, grid.pixel_scale)
        spectrum = np.zeros((stop - start, len(columns), *kx.shape), np.complex64)
        for number, image in enumerate(light):
            spectrum[owner[number]] += scene.flux[part[number], columns, None, None] * image
        spectrum *= psf.transform(away, fwhm[start:stop])[:, :, each]
        out[start:stop] = irfft2(spectrum, s=(size, size), axes=(2, 3))[:, :, :grid.side, :grid.side]
    return out


def _phase(kx: NDArray, ky: NDArray, place: NDArray) -> NDArray[np.complex64]:
    """Transforms (m, size, size // 2 + 1) of points at places (2, m), pixels: a product of one factor per axis."""
    along = np.exp(-2j * np.pi * np.outer(place[0], kx[0]))
    up = np.exp(-2j * np.pi * np.outer(place[1], ky[:, 0]))
    return (up[:, :, None] * along[:, None, :]).astype(np.complex64)
