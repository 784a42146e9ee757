"""Singular isothermal ellipsoids with external shear: deflection, images, magnification.

The deflection of an isothermal lens depends on the direction alone. So a source has an image in direction phi wherever the
vector (1 - shear)^-1 (source + deflection(phi)) points there: one equation in one unknown, whose roots are bracketed around
the circle and found by bisection; the image's distance is that vector's length. Nothing is searched in the plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_IMAGES = 4


@dataclass(frozen=True)
class Lenses:
    """n lenses at the origin, all values (n,).

    Parameters
    ----------
    theta_e : ndarray
        Einstein radius (arcsec) of the intermediate axis: kappa = theta_e sqrt(q) / (2 sqrt(q^2 x^2 + y^2)).
    q : ndarray
        Axis ratio of the surface density, below one.
    angle : ndarray
        Of its major axis from x towards y, radian.
    gamma_1, gamma_2 : ndarray
        External shear: the potential is gamma_1 (x^2 - y^2) / 2 + gamma_2 x y.
    """

    theta_e: NDArray[np.float64]
    q: NDArray[np.float64]
    angle: NDArray[np.float64]
    gamma_1: NDArray[np.float64]
    gamma_2: NDArray[np.float64]


def deflection(lenses: Lenses, phi: NDArray) -> NDArray[np.float64]:
    """Deflection by the ellipsoids alone, (n, m, 2), in directions (n, m).

    References
    ----------
    Kormann, Schneider & Bartelmann (1994), A&A 284, 285.
    """
    q, turn = lenses.q[:, None], lenses.angle[:, None]
    f = np.sqrt(1 - q**2)
    x, y = np.cos(phi - turn), np.sin(phi - turn)
    psi = np.sqrt(q**2 * x**2 + y**2)
    scale = lenses.theta_e[:, None] * np.sqrt(q) / f
    a_x, a_y = scale * np.arctan(f * x / psi), scale * np.arctanh(f * y / psi)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([a_x * cos - a_y * sin, a_x * sin + a_y * cos], axis=-1)


def magnification(lenses: Lenses, r: NDArray, phi: NDArray) -> NDArray[np.float64]:
    """Signed magnification (n, m) at polar coordinates (n, m).

    The Jacobian is 1 - shear - 2 kappa t t^T with t across the direction, as for any potential proportional to r.
    """
    turn = phi - lenses.angle[:, None]
    psi = r * np.sqrt(lenses.q[:, None] ** 2 * np.cos(turn) ** 2 + np.sin(turn) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa_2 = lenses.theta_e[:, None] * np.sqrt(lenses.q[:, None]) / psi
        g_1, g_2 = lenses.gamma_1[:, None], lenses.gamma_2[:, None]
        a = 1 - g_1 - kappa_2 * np.sin(phi) ** 2
        d = 1 + g_1 - kappa_2 * np.cos(phi) ** 2
        b = -g_2 + kappa_2 * np.sin(phi) * np.cos(phi)
        return 1 / (a * d - b**2)


def _vector(lenses: Lenses, source: NDArray, phi: NDArray) -> tuple[NDArray, NDArray]:
    """Components along and across directions (n, m) of the vector whose direction and length are an image's."""
    total = deflection(lenses, phi) + source[:, None]
    g_1, g_2 = lenses.gamma_1[:, None], lenses.gamma_2[:, None]
    det = 1 - g_1**2 - g_2**2
    x = ((1 + g_1) * total[..., 0] + g_2 * total[..., 1]) / det
    y = (g_2 * total[..., 0] + (1 - g_1) * total[..., 1]) / det
    cos, sin = np.cos(phi), np.sin(phi)
    return x * cos + y * sin, y * cos - x * sin


def images(lenses: Lenses, source: NDArray, angles: int = 256, bisections: int = 40) -> tuple[NDArray, NDArray]:
    """All images of point sources.

    Parameters
    ----------
    lenses : Lenses
        n of them.
    source : ndarray, shape (n, 2)
        True places, arcsec from the lens.
    angles, bisections : int
        Brackets around the circle, and halvings of each: fewer are faster and will miss pairs of images that nearly merge.

    Returns
    -------
    place : ndarray, shape (n, MOST_IMAGES, 2)
        x and y, arcsec; NaN beyond an object's last image.
    magnification : ndarray, shape (n, MOST_IMAGES)
        Signed, NaN likewise.
    """
    n = len(source)
    edges = np.broadcast_to(np.linspace(-np.pi, np.pi, angles + 1), (n, angles + 1))
    _, across = _vector(lenses, source, edges)
    bracket = (across[:, :-1] > 0) != (across[:, 1:] > 0)
    row, cell = np.nonzero(bracket)
    part = Lenses(*(values[row] for values in vars(lenses).values()))
    low, high, at = edges[row, cell][:, None], edges[row, cell + 1][:, None], source[row]
    rising = across[row, cell + 1] > across[row, cell]
    for _ in range(bisections):
        middle = (low + high) / 2
        before = (_vector(part, at, middle)[1] < 0) == rising[:, None]
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    phi = (low + high) / 2
    r, _ = _vector(part, at, phi)
    mu = magnification(part, r, phi)[:, 0]
    r, phi = r[:, 0], phi[:, 0]
    ahead = r > 0
    row, r, phi, mu = row[ahead], r[ahead], phi[ahead], mu[ahead]
    slot = np.arange(row.size) - np.searchsorted(row, row)
    row, r, phi, mu, slot = (values[slot < MOST_IMAGES] for values in (row, r, phi, mu, slot))
    place, magnified = np.full((n, MOST_IMAGES, 2), np.nan), np.full((n, MOST_IMAGES), np.nan)
    place[row, slot] = np.stack([r * np.cos(phi), r * np.sin(phi)], axis=-1)
    magnified[row, slot] = mu
    return place, magnified
