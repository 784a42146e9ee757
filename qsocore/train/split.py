"""Train, validation and test sets by a hash of the sky object, never by order.

Spectra within 1.5 arcsec of each other, directly or through others, are epochs of one object and fall on one side. The
side depends on where the object is (or on its id where it has no position), not on its row nor on what else the store
holds, so that an object keeps its side from one release of a store to the next.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from qsocore.errors import ConfigError

LINK_ARCSEC = 1.5
"""Separation up to which two spectra are of one object; between a fibre's centring error and its radius."""

_CELL = 3e-4  # side of the cells hashed, radian (about 1 arcmin): epochs in two stores share theirs but for few at borders
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Split:
    """Rows of each side, rising."""

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64]


def split_by_object(object_id: ArrayLike, ra: ArrayLike, dec: ArrayLike, valid: float = 0.1, test: float = 0.1,
                    seed: int = 0) -> Split:
    """Split rows so that all spectra of one sky object are on one side.

    Parameters
    ----------
    object_id : array_like of str, shape (n,)
        Ids, hashed where a position is missing.
    ra, dec : array_like, shape (n,)
        ICRS degrees, NaN where missing.
    valid, test : float
        Fractions of objects; the rest is for training.
    seed : int
        Another seed is another split.

    Returns
    -------
    Split
    """
    if min(valid, test) < 0 or valid + test >= 1:
        raise ConfigError(f"fractions {valid} and {test} leave nothing to train on", "split")
    u = _uniform(object_keys(object_id, ra, dec), seed)  # (n,)
    rows = np.arange(len(u))
    return Split(rows[u >= valid + test], rows[u < valid], rows[(u >= valid) & (u < valid + test)])


def object_keys(object_id: ArrayLike, ra: ArrayLike, dec: ArrayLike) -> NDArray[np.uint64]:
    """A key per spectrum (n,), the same for all spectra of one sky object."""
    ids, ra, dec = np.asarray(object_id), np.asarray(ra, np.float64), np.asarray(dec, np.float64)
    placed = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    keys = np.empty(len(ids), np.uint64)
    position = _unit_vectors(ra[placed], dec[placed])
    groups = _friends_of_friends(position)
    order = np.lexsort((*position.T, groups))  # first of each group: its first position, whatever the order of rows
    first = order[np.unique(groups[order], return_index=True)[1]]
    cell = np.rint(position[first] / _CELL).astype(np.int64).astype(np.uint64)  # (n_groups, 3)
    keys[placed] = _mix(_mix(_mix(cell[:, 0]) ^ cell[:, 1]) ^ cell[:, 2])[groups]
    unplaced = np.setdiff1d(np.arange(len(ids)), placed)
    keys[unplaced] = [int.from_bytes(hashlib.blake2b(str(ids[i]).encode(), digest_size=8).digest(), "little") for i in unplaced]
    return keys


def _unit_vectors(ra: NDArray, dec: NDArray) -> NDArray:
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)  # (n, 3)


def _friends_of_friends(position: NDArray) -> NDArray:
    n = len(position)
    if not n:
        return np.zeros(0, np.int64)
    chord = 2.0 * np.sin(np.radians(LINK_ARCSEC / 3600.0) / 2.0)
    pairs = cKDTree(position).query_pairs(chord, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1]


def _mix(key: NDArray) -> NDArray:
    """Splitmix64's finaliser (Steele, Lea & Flood 2014): every bit of the key moves half the bits of the result."""
    z = key + _GOLDEN  # unsigned arithmetic wraps, as it should
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _uniform(keys: NDArray, seed: int) -> NDArray:
    salt = _mix(np.array([seed], np.int64).astype(np.uint64))
    return (_mix(keys ^ salt) >> np.uint64(11)) * 2.0**-53
