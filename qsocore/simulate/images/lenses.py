"""Lensed quasars: an early-type galaxy and two or four images of a quasar behind it, together one object of a catalogue."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from qsocore.simulate import galaxy_light
from qsocore.simulate.bands import BANDS, magnitudes_of
from qsocore.simulate.cosmology import comoving_distance, volume_per_redshift
from qsocore.simulate.images import galaxies, quasars
from qsocore.simulate.images.lens import MOST_IMAGES, Lenses, images
from qsocore.simulate.images.scene import POINT, Scene
from qsocore.units import C_KM_S

_ARCSEC = np.degrees(1.0) * 3600
_SIGMA = 161.0, 2.32, 2.67  # velocity function of early types (Choi, Park & Vogeley 2007, ApJ 658, 884)
_SIGMAS, _Z_LENS = np.linspace(80, 400, 161), np.linspace(0.1, 2.0, 96)
_FEWER = -1.5  # power of 1 + z of their comoving density: about a third at z = 1 (our choice)
_Z_SOURCE = 6.0  # for the cross-sections alone
SMALLEST = 0.25
"""Least Einstein radius, arcsec: below, a ground-based image holds nothing of a lens."""
_SHEAR, _SHEAR_SCATTER = 0.05, 0.2  # median, and dex
_FABER_JACKSON = -21.9  # absolute magnitude at rest 5500 Angstrom of 200 km/s at z = 0; L ~ sigma^4
_CANDIDATES = 16  # source places tried per lens
_BIAS = 1.0  # power of the magnification by which a place is favoured: fainter quasars are the more
_MOST_MU = 100.0


def draw(n: int, rng: np.random.Generator, z_from: float = quasars.Z_RANGE[0]) -> tuple[Scene, dict[str, NDArray]]:
    """Draw lensed quasars beyond a redshift.

    Returns
    -------
    scene : Scene
        The deflector first, then the images; the centre of light in z is the catalogue position.
    truth : dict of ndarray, each (n,)
        ``true_z`` of the quasar, ``true_z_lens``, ``true_theta_e``, ``true_sigma_v``, ``true_q``, ``true_pa``, ``true_shear``,
        ``true_shear_pa``, ``true_magnification``, ``true_n_images``, ``true_separation``, ``true_mag_i_lens`` and others.
    """
    flux, truth = quasars.light(n, rng, z_from)  # of all images together
    z_lens, sigma, theta_e = _deflectors(truth["true_z"], rng)
    lenses, shear = _shapes(theta_e, rng)
    place, mu = _images(lenses, rng)
    galaxy, profile = _galaxy(z_lens, sigma, lenses, rng)
    scene = _together(galaxy, profile, flux, place, np.abs(mu))
    number = np.isfinite(mu).sum(axis=1)
    return scene, truth | {
        "true_z_lens": z_lens, "true_theta_e": theta_e, "true_sigma_v": sigma, "true_q": lenses.q,
        "true_pa": galaxies.position_angle(lenses.angle), "true_shear": shear,
        "true_shear_pa": galaxies.position_angle(np.arctan2(lenses.gamma_2, lenses.gamma_1) / 2),
        "true_magnification": np.nansum(np.abs(mu), axis=1), "true_n_images": number.astype(float),
        "true_separation": _separation(place), "true_mag_i_lens": magnitudes_of(galaxy[:, BANDS.index("i")]),
        "true_r_e": profile["r_e"], "true_sersic": profile["index"],
        "subclass": np.where(number == MOST_IMAGES, "quad", "double").astype(object)}


def _together(galaxy: NDArray, profile: dict[str, NDArray], flux: NDArray, place: NDArray, mu: NDArray) -> Scene:
    """Deflectors, then the images among which the quasars' light is shared, centred on the light in z."""
    n = len(galaxy)
    owner, slot = np.nonzero(np.isfinite(mu))
    share = mu[owner, slot] / np.nansum(mu, axis=1)[owner]
    points = {"index": POINT, "r_e": 0.0, "q": 1.0, "angle": 0.0}
    both = {name: np.concatenate([values, np.full(owner.size, points[name])]) for name, values in profile.items()}
    x, y = (np.concatenate([np.zeros(n), place[owner, slot, axis]]) for axis in (0, 1))
    scene = Scene.make(n, np.concatenate([galaxy, flux[owner] * share[:, None]]).astype(np.float32),
                       np.concatenate([np.arange(n), owner]), x=x, y=y, **both)
    return scene.centred(scene.flux[:, BANDS.index("z")].astype(float))


@cache
def _cross_sections() -> tuple[NDArray, NDArray]:
    """Cells of (velocity dispersion, redshift), and the share of all cross-section to lens up to each, (n_cells,)."""
    sigma, z = np.meshgrid(_SIGMAS, _Z_LENS, indexing="ij")
    x = sigma / _SIGMA[0]
    number = x ** (_SIGMA[1] - 1) * np.exp(-(x ** _SIGMA[2])) * volume_per_redshift(z) * (1 + z) ** _FEWER
    theta = einstein_radius(sigma, z, _Z_SOURCE)
    weight = np.where(theta > SMALLEST, number * theta**2, 0.0).ravel()
    return np.stack([sigma.ravel(), z.ravel()], axis=1), np.cumsum(weight) / weight.sum()


def einstein_radius(sigma: NDArray, z_lens: NDArray, z_source: NDArray | float) -> NDArray[np.float64]:
    """4 pi (sigma / c)^2 D_ls / D_s in arcsec, sigma in km/s."""
    ratio = 1 - comoving_distance(z_lens) / comoving_distance(z_source)  # flat space
    return 4 * np.pi * (np.asarray(sigma) / C_KM_S) ** 2 * ratio * _ARCSEC


def _deflectors(z_source: NDArray, rng: np.random.Generator) -> tuple[NDArray, NDArray, NDArray]:
    """Redshift, velocity dispersion (km/s) and Einstein radius (arcsec) of the galaxies that happen to be in front."""
    cells, share = _cross_sections()
    n = z_source.size
    cell = cells[np.minimum(np.searchsorted(share, rng.random(n)), len(cells) - 1)]
    sigma = cell[:, 0] + (_SIGMAS[1] - _SIGMAS[0]) * rng.uniform(-0.5, 0.5, n)
    z = cell[:, 1] + (_Z_LENS[1] - _Z_LENS[0]) * rng.uniform(-0.5, 0.5, n)
    return z, sigma, np.maximum(einstein_radius(sigma, z, z_source), 0.8 * SMALLEST)


def _shapes(theta_e: NDArray, rng: np.random.Generator) -> tuple[Lenses, NDArray]:
    n = theta_e.size
    q = 1 - np.clip(0.3 + 0.16 * rng.standard_normal(n), 0.02, 0.7)
    shear = np.minimum(_SHEAR * 10 ** (_SHEAR_SCATTER * rng.standard_normal(n)), 0.3)
    turn = rng.uniform(0, np.pi, n)
    return Lenses(theta_e, q, rng.uniform(0, np.pi, n), shear * np.cos(2 * turn), shear * np.sin(2 * turn)), shear


def _images(lenses: Lenses, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Images (n, 4, 2) and magnifications (n, 4) of sources that are seen more than once, the magnified ones the more often."""
    n = lenses.theta_e.size
    reach = 1.2 * lenses.theta_e / np.sqrt(lenses.q)
    radius = reach[:, None] * np.sqrt(rng.random((n, _CANDIDATES)))
    turn = rng.uniform(0, 2 * np.pi, (n, _CANDIDATES))
    tried = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=-1)  # (n, candidates, 2)
    tried[:, -1] *= 0.02 / 1.2  # behind the centre, where there are always several
    each = Lenses(*(np.repeat(values, _CANDIDATES) for values in vars(lenses).values()))
    _, mu = images(each, tried.reshape(-1, 2), angles=48, bisections=6)  # near enough to choose by
    total = np.nansum(np.abs(mu), axis=1).reshape(n, _CANDIDATES)
    several = np.isfinite(mu).sum(axis=1).reshape(n, _CANDIDATES) >= 2
    weight = np.where(several, np.minimum(total, _MOST_MU) ** _BIAS, 0.0)
    weight[:, -1] *= 1e-3  # only where no other will do
    share = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    pick = (share < rng.random((n, 1))).sum(axis=1).clip(max=_CANDIDATES - 1)
    return images(lenses, tried[np.arange(n), pick])


def _galaxy(z: NDArray, sigma: NDArray, lenses: Lenses,
            rng: np.random.Generator) -> tuple[NDArray, dict[str, NDArray]]:
    """Fluxes (n, n_bands) and profiles of the deflectors: luminosities of Faber & Jackson, sizes growing with sigma."""
    n = z.size
    m_rest = _FABER_JACKSON - 10 * np.log10(sigma / 200) - 0.9 * z + 0.4 * rng.standard_normal(n)
    flux = galaxies.light({"true_z": z} | galaxy_light.old_stars(n, rng), m_rest)
    kpc = 5.0 * (sigma / 200) ** 1.5 * 10 ** (0.15 * rng.standard_normal(n)) * (1 + z) ** -0.7
    q = np.clip(lenses.q + 0.08 * rng.standard_normal(n), 0.3, 1.0)
    profile = {"index": np.clip(4 + 0.7 * rng.standard_normal(n), 2.5, 6),
               "r_e": np.clip(kpc * galaxies.kpc_to_arcsec(z), 0.1, 3),
               "q": q, "angle": lenses.angle + 0.1 * rng.standard_normal(n)}
    return flux, profile


def _separation(place: NDArray) -> NDArray[np.float64]:
    """Largest distance (n,) between two of the images (n, 4, 2)."""
    apart = np.linalg.norm(place[:, :, None] - place[:, None], axis=-1)
    return np.nanmax(apart.reshape(len(place), -1), axis=1)
