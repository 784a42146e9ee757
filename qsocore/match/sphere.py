"""Neighbours on the sphere: a tree of unit vectors in space, which knows neither poles nor an origin of right ascension.

Within a radius theta lie the vectors within a chord of 2 sin(theta / 2). The tree is scipy's, which astropy's matching uses as
well; separations are by Vincenty's formula, which loses no digits at any distance.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

NEIGHBOURS = 16
"""Sources of B besides a match whose distance says how dense it is there."""

_SAMPLE = 50_000  # places at which a density is asked for the number of matches by chance
_CROWD = 8  # sources within the radius beyond which these tell the density well enough
_BLOCK = 131_072  # rows of A whose neighbours are looked for at once
_SLACK = 1e-9  # by which a chord is longer, so that rounding loses no pair on the border


def vectors(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.float64]:
    """Unit vectors (n, 3) of places (n,) in degrees."""
    lon, lat = np.radians(np.asarray(ra, np.float64)), np.radians(np.asarray(dec, np.float64))
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def separations(ra: ArrayLike, dec: ArrayLike, ra2: ArrayLike, dec2: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distances of places (n,) from others (n,), all in degrees.

    Notes
    -----
    T. Vincenty 1975, Survey Review 23, 88, on a sphere.
    """
    turn, lat, lat2 = (np.radians(angle) for angle in (np.asarray(ra2, np.float64) - np.asarray(ra, np.float64),
                                                       np.asarray(dec, np.float64), np.asarray(dec2, np.float64)))
    across = np.hypot(np.cos(lat2) * np.sin(turn), np.cos(lat) * np.sin(lat2) - np.sin(lat) * np.cos(lat2) * np.cos(turn))
    return np.degrees(np.arctan2(across, np.sin(lat) * np.sin(lat2) + np.cos(lat) * np.cos(lat2) * np.cos(turn)))


def cap(radius: ArrayLike) -> NDArray[np.float64]:
    """Solid angle (square degrees) within a radius (degrees)."""
    return 4 * np.pi * np.degrees(1.0) ** 2 * np.sin(np.radians(np.asarray(radius, np.float64)) / 2) ** 2


def chance(density: ArrayLike, separation: ArrayLike) -> NDArray[np.float64]:
    """Probability of at least one unrelated source within a distance.

    Parameters
    ----------
    density : array_like
        Sources in a square degree.
    separation : array_like
        Degrees.

    Returns
    -------
    ndarray
        1 - exp(-density * cap(separation)): sources fall independently (Downes et al. 1986, MNRAS 218, 31).
    """
    return -np.expm1(-np.asarray(density) * cap(separation))


class Sky:
    """Places on the sphere that can be searched.

    Parameters
    ----------
    ra, dec : array_like, shape (n,)
        Degrees; those that are not finite are found by nobody.
    """

    def __init__(self, ra: ArrayLike, dec: ArrayLike):
        from scipy.spatial import cKDTree

        self.ra, self.dec = np.asarray(ra, np.float64), np.asarray(dec, np.float64)
        self.placed = np.flatnonzero(np.isfinite(self.ra) & np.isfinite(self.dec))
        self.tree = cKDTree(vectors(self.ra[self.placed], self.dec[self.placed]))

    def pairs(self, other: Sky, radius: float) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
        """Every pair of a place of this and one of the other within a radius (degrees), in blocks.

        Yields
        ------
        mine, theirs : ndarray of int64, shape (n_pairs,)
            Their rows. All pairs of one of mine come in one block.
        separation : ndarray of float64, shape (n_pairs,)
            Degrees, at most the radius.
        """
        from scipy.spatial import cKDTree

        reach = 2 * np.sin(np.radians(min(radius, 180.0)) / 2) * (1 + _SLACK) + _SLACK**2
        order = self.tree.indices  # neighbours of the tree are neighbours on the sky, so that each block is a patch of it
        for start in range(0, len(order), _BLOCK):
            block = order[start:start + _BLOCK]
            found = cKDTree(self.tree.data[block]).sparse_distance_matrix(other.tree, reach, output_type="ndarray")
            mine, theirs = self.placed[block[found["i"]]], other.placed[found["j"]]
            apart = separations(self.ra[mine], self.dec[mine], other.ra[theirs], other.dec[theirs])
            near = apart <= radius
            yield mine[near], theirs[near], apart[near]

    def density(self, ra: ArrayLike, dec: ArrayLike, radius: float) -> NDArray[np.float64]:
        """Sources in a square degree around places, apart from what lies within a radius of them: matches are no chance.

        Parameters
        ----------
        ra, dec : array_like, shape (n,)
            Degrees.
        radius : float
            Degrees.

        Returns
        -------
        ndarray, shape (n,)
            (k - 1) sources in the ring from the radius out to the k-th one beyond it, the unbiased estimate (Casertano & Hut
            1985, ApJ 298, 80); the outer border is the `NEIGHBOURS` + 1st source of all, or the last that there is, and below
            two the mean of the whole sphere is taken. Where more lie within the radius than a match accounts for (`_CROWD`),
            those. Towards the border of a survey it is too low by up to a half.
        """
        ra, dec = np.asarray(ra, np.float64), np.asarray(dec, np.float64)
        out = np.full(ra.size, self.tree.n / cap(180.0))
        if self.tree.n < 2:
            return out
        within = 2 * np.sin(np.radians(min(radius, 180.0)) / 2)
        for start in range(0, ra.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            places = vectors(ra[block], dec[block])
            chords = self.tree.query(places, k=min(NEIGHBOURS + 1, self.tree.n), workers=-1)[0]
            inside = (chords <= within).sum(axis=1)
            seen = chords.shape[1] - inside
            ring = cap(2 * np.degrees(np.arcsin(np.clip(chords[:, -1] / 2, 0, 1)))) - cap(radius)
            known = (seen > 1) & (ring > 0)
            out[block][known] = (seen[known] - 1) / ring[known]
            crowded = inside > _CROWD
            all_inside = self.tree.query_ball_point(places[crowded], within, workers=-1, return_length=True)
            out[block][crowded] = np.asarray(all_inside, np.float64) / cap(radius)
        return out


def expected(one: Sky, other: Sky, radius: float) -> float:
    """How many places of one would have one of the other within a radius (degrees) by chance.

    From the density of the other at a regular sample of the places of one.
    """
    if not one.tree.n:
        return 0.0
    sample = one.placed[::max(1, one.tree.n // _SAMPLE)]
    return float(chance(other.density(one.ra[sample], one.dec[sample], radius), radius).mean() * one.tree.n)


def shifted(ra: ArrayLike, dec: ArrayLike, by: float, towards: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places moved by a distance along great circles that leave at a position angle; all in degrees."""
    lat, turn, step = np.radians(np.asarray(dec, np.float64)), np.radians(towards), np.radians(by)
    sine = np.sin(lat) * np.cos(step) + np.cos(lat) * np.sin(step) * np.cos(turn)
    east = np.arctan2(np.sin(turn) * np.sin(step) * np.cos(lat), np.cos(step) - np.sin(lat) * sine)
    return (np.asarray(ra, np.float64) + np.degrees(east)) % 360.0, np.degrees(np.arcsin(np.clip(sine, -1, 1)))
